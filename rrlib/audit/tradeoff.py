"""Claim F1: what each model of a family offers, and which eps a person's preferences choose."""

import numpy as np

from rrlib.audit.evidence import Finding, effects_of, name_case
from rrlib.data import datasets
from rrlib.models.attacks import adversarial_accuracy, pgd_accuracy
from rrlib.study.metrics import validity_by_budget

ATTACK = 0.1
"""Radius of the attack against which accuracy counts, l_inf, in scaled features."""

BUDGET = 2.0
"""The largest l2 cost of a recourse that counts, in scaled features."""

WEIGHTS = (0.1, 0.9)
"""Weights on robustness: of a person who cares for recourse, and of one for robustness."""

COMPROMISE = 0.5
"""The weight whose choice everybody gets where nobody is asked."""


def robustness(one, rows, *, attack=ATTACK):
    """Return the adversarial accuracy of each model of a slice on some test rows, shape (E,).

    Exact for logistic regression, by projected gradient descent for a network.

    Parameters
    ----------
    one : Slice
    rows : slice
        Of the test rows.
    attack : float, scaled features
    """
    y = datasets.load(one.dataset, seed=one.seed).y_test[rows]
    rule = adversarial_accuracy if one.kind == "logistic" else pgd_accuracy
    return rule(one.model, one.X[rows], y, attack)


def share_yes(one, rows, *, budget=BUDGET):
    """Return the share of people to whom each model says yes, at once or after a recourse.

    The denied count by the validity of growing spheres at the budget; whoever is accepted needs no
    recourse, and counts.

    Parameters
    ----------
    one : Slice, with the recourses of growing spheres
    rows : slice
        Of the test rows.
    budget : float, l2 cost in scaled features

    Returns
    -------
    array of shape (E,)
    """
    denied = one.logits[:, rows] < 0
    helped = validity_by_budget(_on(one, rows), [budget], denied)[:, 0]
    left_out = denied.mean(1) * (1 - helped)
    return np.where(denied.any(1), 1 - left_out, 1.0)


def share_flip(one, rows, *, budget=BUDGET):
    """Return the share of people with a change within the budget that turns each model's answer.

    It counts all people, accepted or denied. Parameters and shape as for `share_yes`.
    """
    return validity_by_budget(_on(one, rows), [budget])[:, 0]


RECOURSE = {"yes": share_yes, "flip": share_flip}
"""The two readings of what a model offers to people."""


def choose(robust, recourse, weight):
    """Return the position of the largest weight * robust + (1 - weight) * recourse.

    Of equals it is the first one.

    Raises
    ------
    ValueError
        If the weight is not between 0 and 1.
    """
    if not 0 <= weight <= 1:
        ends = "0 (recourse alone) and 1 (robustness alone)"
        raise ValueError(f"weight must lie between {ends}, not {weight}")
    worth = weight * np.asarray(robust) + (1 - weight) * np.asarray(recourse)
    return int(np.argmax(worth))


OFFERS = "the offers differ"


def name_gain(weight):
    """Return the name of the gain at a weight."""
    return f"gain at weight {weight:g}"


def traded(seen, judged):
    """Return what the heavier of two weights buys and what it is worth, for one seed.

    Each choice is made on the offers `seen` and judged on the offers `judged`, pairs (robust,
    recourse) of arrays of shape (E,).

    Returns
    -------
    dict of three shares
        `the offers differ` is the lesser of the robustness gained and of the recourse given up from
        the first weight to the second, and the other two are the gains of each weight's own choice
        over that of the compromise, in weighted shares.
    """
    robust, recourse = judged
    light, heavy = (choose(*seen, weight) for weight in WEIGHTS)
    compromise = choose(*seen, COMPROMISE)
    gained = robust[heavy] - robust[light]
    given_up = recourse[light] - recourse[heavy]
    found = {OFFERS: min(gained, given_up)}
    for weight, own in zip(WEIGHTS, (light, heavy)):
        worth = weight * robust + (1 - weight) * recourse
        found[name_gain(weight)] = worth[own] - worth[compromise]
    return found


GAIN = f"gain of the own choice over that of weight {COMPROMISE:g}, in weighted shares"
MEASURES = dict.fromkeys(map(name_gain, WEIGHTS), GAIN)
MEASURES[OFFERS] = (
    "lesser of robustness gained and recourse given up, from weight 0.1 to 0.9, in shares"
)


def tradeoff(evidence):
    """F1: people with other preferences are offered something else, and gain from it.

    They are better off than with a compromise for all. Each choice is made on one half of the test
    rows and judged on the other, in both readings of what is offered to people.
    """
    readings = {}
    for one in evidence.slices:
        half = len(one.X) // 2
        halves = slice(None, half), slice(half, None)
        robust = [robustness(one, rows) for rows in halves]
        for reading, rule in RECOURSE.items():
            seen, judged = ((share, rule(one, rows)) for share, rows in zip(robust, halves))
            for what, value in traded(seen, judged).items():
                cases = readings.setdefault((reading, what), {})
                cases.setdefault(name_case(one.kind, one.dataset), []).append(value)
    return [
        Finding(f"{reading}, {what}", MEASURES[what], effects_of(cases))
        for (reading, what), cases in readings.items()
    ]


def _on(one, rows):
    """Return the recourses of growing spheres on some test rows."""
    found = one.recourse["growing_spheres"]
    return found._replace(valid=found.valid[:, rows], cost=found.cost[:, rows])

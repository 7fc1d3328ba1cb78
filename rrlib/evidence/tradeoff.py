"""Claim F1: what each model of a family offers, and the eps that a person's own preferences choose."""

import numpy as np

from rrlib import datasets
from rrlib.attacks import adversarial_accuracy, pgd_accuracy
from rrlib.evidence.common import Finding, effect, name_case
from rrlib.metrics import validity_by_budget

ATTACK = 0.1
"""Radius of the attack against which accuracy counts, l_inf, in scaled features."""

BUDGET = 2.0
"""The largest l2 cost of a recourse that counts, in scaled features."""

WEIGHTS = (0.1, 0.9)
"""Weights on robustness of one person who cares for recourse and of one who cares for robustness."""

COMPROMISE = 0.5
"""The weight whose choice everybody gets where nobody is asked."""


def robustness(one, rows, *, attack=ATTACK):
    """Return the adversarial accuracy of each model of a slice on some of its test rows, shape (E,).

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
    """Return the share of people to whom each model says yes, at once or after a recourse within the budget, shape (E,).

    The denied count by the validity of growing spheres at the budget; whoever is accepted needs no recourse, and counts.

    Parameters
    ----------
    one : Slice, with the recourses of growing spheres
    rows : slice
        Of the test rows.
    budget : float, l2 cost in scaled features
    """
    denied = one.logits[:, rows] < 0
    helped = validity_by_budget(_on(one, rows), [budget], denied)[:, 0]
    return np.where(denied.any(1), 1 - denied.mean(1) * (1 - helped), 1.0)


def share_flip(one, rows, *, budget=BUDGET):
    """Return the share of people, accepted or denied, with a change within the budget that turns each model's answer, shape (E,).

    Parameters as for `share_yes`.
    """
    return validity_by_budget(_on(one, rows), [budget])[:, 0]


RECOURSE = {"yes": share_yes, "flip": share_flip}
"""The two readings of what a model offers to people."""


def choose(robust, recourse, weight):
    """Return the position of the largest weight * robust + (1 - weight) * recourse, the first one of equals.

    Raises
    ------
    ValueError
        If the weight is not between 0 and 1.
    """
    if not 0 <= weight <= 1:
        raise ValueError(f"weight must lie between 0 (recourse alone) and 1 (robustness alone), not {weight}")
    return int(np.argmax(weight * np.asarray(robust) + (1 - weight) * np.asarray(recourse)))


def traded(seen, judged):
    """Return what the heavier of two weights buys and what it is worth, for one seed: a dict of three shares.

    Each choice is made on the offers `seen` and judged on the offers `judged`, pairs (robust, recourse) of arrays of shape (E,).
    `the offers differ` is the lesser of the robustness gained and of the recourse given up from the first weight to the second, and
    the other two are the gains of each weight's own choice over that of the compromise, in weighted shares.
    """
    picks = {weight: choose(*seen, weight) for weight in (*WEIGHTS, COMPROMISE)}
    light, heavy = (picks[weight] for weight in WEIGHTS)
    robust, recourse = judged
    found = {"the offers differ": min(robust[heavy] - robust[light], recourse[light] - recourse[heavy])}
    for weight in WEIGHTS:
        worth = weight * robust + (1 - weight) * recourse
        found[f"gain at weight {weight:g}"] = worth[picks[weight]] - worth[picks[COMPROMISE]]
    return found


MEASURES = {
    "the offers differ": "lesser of robustness gained and recourse given up, from weight 0.1 to 0.9, in shares",
    **{f"gain at weight {weight:g}": f"gain of the own choice over that of weight {COMPROMISE:g}, in weighted shares" for weight in WEIGHTS},
}


def tradeoff(evidence):
    """F1: people with other preferences are offered something else, and are better off than with a compromise for all.

    Each choice is made on one half of the test rows and judged on the other, in both readings of what is offered to people.
    """
    found = {}
    for one in evidence.slices:
        halves = slice(None, len(one.X) // 2), slice(len(one.X) // 2, None)
        robust = [robustness(one, rows) for rows in halves]
        for reading, rule in RECOURSE.items():
            seen, judged = ((share, rule(one, rows)) for share, rows in zip(robust, halves))
            for what, value in traded(seen, judged).items():
                found.setdefault((reading, what), {}).setdefault(name_case(one.kind, one.dataset), []).append(value)
    return [Finding(f"{reading}, {what}", MEASURES[what], [effect(*case) for case in cases.items()]) for (reading, what), cases in found.items()]


def _on(one, rows):
    """Return the recourses of growing spheres on some test rows."""
    found = one.recourse["growing_spheres"]
    return found._replace(valid=found.valid[:, rows], cost=found.cost[:, rows])

"""Claim F1: which eps a person's preferences choose, and what that is worth."""

import numpy as np

from rrlib.audit.evidence import Finding, cases_of, name_case
from rrlib.audit.experiments import by_training, name_reading, setting_of, tables_by_scaling
from rrlib.audit.smallest import SHARE
from rrlib.study.offers import RECOURSE

WEIGHTS = (0.1, 0.9)
"""Weights on robustness: of a person who cares for recourse, and of one for robustness."""

COMPROMISE = 0.5
"""The weight whose choice everybody gets where nobody is asked."""


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
    found = []
    for prefix, table in tables_by_scaling(evidence, "offers").items():
        for kind, rows in by_training(table).items():
            for (reading, what), cases in _by_reading(rows).items():
                own = (reading, what) == ("yes", OFFERS)
                setting = setting_of(prefix, kind) if own else ""
                name = name_reading(prefix, kind, f"{reading}, {what}")
                each = cases_of(cases, SHARE)
                found.append(Finding(name, MEASURES[what], each, setting=setting))
    return found


def _by_reading(rows):
    """Return the values of each case by reading and by what is measured."""
    found = {}
    for (kind, dataset, seed), part in rows.groupby(["kind", "dataset", "seed"], sort=False):
        halves = [half for _, half in part.groupby("half")]
        for reading in RECOURSE:
            seen, judged = (half[["robust", reading]].to_numpy().T for half in halves)
            for what, value in traded(seen, judged).items():
                cases = found.setdefault((reading, what), {})
                cases.setdefault(name_case(kind, dataset), {})[seed] = value
    return found

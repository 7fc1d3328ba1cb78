"""Claim F1: what each model of a family offers, and the eps that a person's own preferences choose."""

import numpy as np

from rrlib import datasets
from rrlib.attacks import adversarial_accuracy, pgd_accuracy
from rrlib.evidence.common import Finding, effect
from rrlib.metrics import validity_by_budget
from rrlib.models import EPS_GRID

ATTACK = 0.1
"""Radius of the attack against which accuracy counts, l_inf, in scaled features."""

BUDGET = 2.0
"""The largest l2 cost of a recourse that counts, in scaled features."""


def offers(one, rows, *, attack=ATTACK, budget=BUDGET):
    """Return what the models of a slice offer on some of its test rows, two arrays of shape (E,).

    Parameters
    ----------
    one : Slice, with the recourses of growing spheres
    rows : slice
        Of the test rows.
    attack, budget : float, scaled features

    Returns
    -------
    robust : array of shape (E,)
        Adversarial accuracy: exact for logistic regression, by projected gradient descent for a network.
    recourse : array of shape (E,)
        Share of the rows with a recourse of at most the budget, towards the opposite of each model's own prediction.
    """
    y = datasets.load(one.dataset, seed=one.seed).y_test[rows]
    rule = adversarial_accuracy if one.kind == "logistic" else pgd_accuracy
    found = one.recourse["growing_spheres"]
    part = found._replace(valid=found.valid[:, rows], cost=found.cost[:, rows])
    return rule(one.model, one.X[rows], y, attack), validity_by_budget(part, [budget])[:, 0]


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


def tradeoff(evidence):
    """F1: people with other preferences choose another eps, and are better off than with one eps for all.

    Each choice is made on one half of the test rows and judged on the other.
    """
    apart, gains = {}, {0.1: {}, 0.9: {}}
    for one in evidence.slices:
        case, picks = f"{one.kind}, {one.dataset}", {}
        half = len(one.X) // 2
        seen, judged = offers(one, slice(None, half)), offers(one, slice(half, None))
        for weight, fixed in ((0.1, len(EPS_GRID) - 1), (0.9, 0)):
            picks[weight] = choose(*seen, weight)
            worth = weight * judged[0] + (1 - weight) * judged[1]
            gains[weight].setdefault(case, []).append(worth[picks[weight]] - worth[fixed])
        apart.setdefault(case, []).append(EPS_GRID[picks[0.9]] - EPS_GRID[picks[0.1]])
    rows = [("the choices differ", "eps chosen for robustness less eps chosen for recourse", apart),
            ("worth of choosing for recourse", "gain over eps = 0.3 in weighted shares", gains[0.1]),
            ("worth of choosing for robustness", "gain over eps = 0 in weighted shares", gains[0.9])]
    return [Finding(reading, measure, [effect(*case) for case in cases.items()]) for reading, measure, cases in rows]

"""What each model of a family offers: robustness, and people with a yes within a budget."""

import numpy as np
import pandas as pd

from rrlib.models.attacks import adversarial_accuracy, pgd_accuracy
from rrlib.models.family import EPS_GRID
from rrlib.study.common import MAX_COST, cap, named
from rrlib.study.metrics import validity_by_budget

ATTACK = 0.1
"""Radius of the attack against which accuracy counts, l_inf, in scaled features."""

BUDGET = 2.0
"""The largest l2 cost of a recourse that counts, in standard deviations."""


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
    rule = adversarial_accuracy if one.kind == "logistic" else pgd_accuracy
    return rule(one.model, one.X[rows], one.y[rows], attack)


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


def offers(slices):
    """Return what the models offer to the first and to the second half of the test rows.

    With min-max scaling the budget is smaller, as the cap on the cost is.

    Returns
    -------
    DataFrame
        `dataset`, `kind`, `seed`, `eps`, `half` (0 or 1), `robust` (adversarial accuracy), and the
        shares of RECOURSE.
    """
    parts = []
    for one in slices:
        middle = len(one.X) // 2
        budget = BUDGET * cap(one) / MAX_COST
        for half, rows in enumerate((slice(None, middle), slice(middle, None))):
            part = pd.DataFrame({"eps": EPS_GRID, "half": half, "robust": robustness(one, rows)})
            for reading, rule in RECOURSE.items():
                part[reading] = rule(one, rows, budget=budget)
            parts.append(named(part, one))
    return pd.concat(parts, ignore_index=True)


def _on(one, rows):
    """Return the recourses of growing spheres on some test rows."""
    found = one.recourse["growing_spheres"]
    return found._replace(valid=found.valid[:, rows], cost=found.cost[:, rows])

"""The accuracy of the models of a slice under attacks on the test rows."""

import numpy as np
import pandas as pd

from rrlib.models.attacks import adversarial_accuracy, certified_accuracy, pgd_accuracy
from rrlib.models.family import EPS_GRID, select
from rrlib.study.common import named

ATTACKS = (0.1, 0.3)
"""Radii of the attacks of claim R1, l_inf, scaled features."""


def attacked(slices):
    """Return the accuracy of each model under attacks of fixed radii, and of its own radius.

    Returns
    -------
    DataFrame
        `dataset`, `kind`, `seed`, `eps`, `attack`, `accuracy` (exact for logistic regression; by
        projected gradient descent, an upper bound, for networks), and `certified`, the lower bound.
    """
    parts = []
    for one in slices:
        rows = one.X, one.y
        rule = adversarial_accuracy if one.kind == "logistic" else pgd_accuracy
        bound = adversarial_accuracy if one.kind == "logistic" else certified_accuracy
        for radius in ATTACKS:
            shares = [judge(one.model, *rows, radius) for judge in (rule, bound)]
            parts.append(named(_part(name_attack(radius), *shares), one))
        own = []
        for e, eps in enumerate(EPS_GRID):
            model = select(one.model, e)
            own.append([judge(model, *rows, eps)[0] for judge in (rule, bound)])
        parts.append(named(_part("the model's own radius", *np.transpose(own)), one))
    return pd.concat(parts, ignore_index=True)


def name_attack(radius):
    """Return the name of the attacks of one radius on all models."""
    return f"radius {radius:g}"


def _part(attack, accuracy, certified):
    return pd.DataFrame(
        {"eps": EPS_GRID, "attack": attack, "accuracy": accuracy, "certified": certified}
    )

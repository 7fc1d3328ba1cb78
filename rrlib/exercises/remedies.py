"""Checks of the chapter on remedies."""

import numpy as np
import torch

from rrlib.exercises.checks import check, compare

SLOPE, BIAS = 2.0, -2.0
"""The model of the exercise by hand, along its one feature that counts."""

CHANGE = 0.1
"""The change of the model that recourse survives, relative to its size."""


@check
def margins(answer):
    """The three costs and that change, as four numbers."""
    alpha = 0.25 * SLOPE
    noise, change = 0.5 - BIAS / SLOPE, (alpha - BIAS) / (SLOPE - alpha)
    return compare(answer, [-BIAS / SLOPE, noise, change, 1.0])


@check
def covered(answer, family):
    """A list of pairs of radii, finder before judge."""
    radii = family.eps.tolist()
    far = changes(family)
    pairs = {(i, j): far[a, b] for a, i in enumerate(radii) for b, j in enumerate(radii) if i != j}
    given = [(float(i), float(j)) for i, j in answer]
    for pair in given:
        if pair not in pairs:
            return f"the pairs are of two different radii out of {radii}."
        if pairs[pair] > CHANGE:
            return f"from {pair[0]:g} to {pair[1]:g} the model changes by {pairs[pair]:.2f}."
    if {pair for pair in pairs if pairs[pair] <= CHANGE} - set(given):
        return "there are more, perhaps with finder and judge exchanged."
    return None


def changes(family):
    """Return how far each linear model changes to become another, at the scale that is nearest.

    Parameters
    ----------
    family : LogisticRegression, E models

    Returns
    -------
    array of shape (E, E)
        min_t ||t (w_j, b_j) - (w_i, b_i)||_inf / ||(w_i, b_i)||_inf, up to the grid of t > 0.
    """
    theta = torch.cat([family.w, family.b[:, None]], 1).numpy()
    scales = np.exp(np.linspace(-3, 3, 1201))[:, None, None, None]
    far = np.abs(scales * theta - theta[:, None]).max(-1).min(0)
    return far / np.abs(theta).max(1, keepdims=True)

"""Checks of the chapter on whom robustness protects."""

import numpy as np

from rrlib.exercises.checks import check, compare
from rrlib.theory.signed import fit_signed, mean_and_delta

PAIRS = [(0, 0.2), (0.2, 0), (-0.3, 0.5)]
HIDDEN = [(0.02, 0.18), (0.2, 0.0), (-0.05, 0.25)]
"""Radii that an auditor has to recover, all with a mean of 0.1 or about it."""


@check
def three_pairs(answer):
    """The least costs under the three models, as three numbers."""
    _, delta = mean_and_delta(PAIRS)
    return compare(answer, (1 - 3 * delta) / 3, rtol=2e-3)


@check
def dearer(answer, data):
    """The share of those whom both deny that pays more, a number between 0 and 1."""
    models = fit_signed(data.X_train, data.y_train, [(0.2, 0), (0, 0)]).model
    w, b = models.w.numpy(), models.b.numpy()
    far = -(data.X_test @ w.T + b) / np.abs(w).sum(axis=1)
    both = (far > 0).all(axis=1)
    return compare(answer, (far[:, 0] > far[:, 1])[both].mean(), rtol=2e-3)


@check
def auditor(answer, data):
    """A function of w, b, the training rows X and their labels y that returns two radii."""
    rows = data.X_train, data.y_train
    given = fit_signed(*rows, HIDDEN).model
    for pair, w, b in zip(HIDDEN, given.w.numpy(), given.b.numpy()):
        found = np.asarray(answer(w, b, *rows), dtype=float)
        if found.shape != (2,):
            return "two radii are expected."
        if np.abs(found - pair).max() > 1e-3:
            mean = abs(found.mean() - np.mean(pair)) <= 1e-3
            return "the mean is right, the two radii are not." if mean else "the mean is off."
    return None

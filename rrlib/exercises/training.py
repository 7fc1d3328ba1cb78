"""Checks of the chapter on training robust models."""

import numpy as np

from rrlib.exercises.checks import check, compare
from rrlib.models.attacks import adversarial_accuracy, pgd_accuracy
from rrlib.models.family import predict
from rrlib.models.logistic import fit_logistic

RADIUS = 0.3
"""At which models are attacked, in scaled features."""


@check
def never_falls(answer, data):
    """A model, as in `fit_logistic(...).model`."""
    X, y = data.X_test, data.y_test
    kept = [adversarial_accuracy(answer, X, y, radius).min() for radius in (0.0, RADIUS, 100.0)]
    if np.ptp(kept) > 0:
        return f"from radius 0 to {RADIUS if kept[1] < kept[0] else 100} its accuracy falls."
    if kept[0] < max(np.mean(y), 1 - np.mean(y)):
        return "there is a more accurate one that does not fall, either."
    return None


@check
def two_norms(answer, data):
    """Four accuracies, a row for each training."""
    rows, test = (data.X_train, data.y_train), (data.X_test, data.y_test)
    norms = (2, np.inf)
    trained = [fit_logistic(*rows, [0.2], p=p).model for p in norms]
    right = [[adversarial_accuracy(one, *test, 0.2, p=p).item() for p in norms] for one in trained]
    return compare(answer, right, rtol=2e-3)


@check
def looks_robust(answer, data):
    """A network, changed from the non-robust one."""
    X, y = data.X_test, data.y_test
    plain = predict(answer, X)[0].numpy() == y
    if plain.mean() < 0.6:
        return "without an attack it should be right for 60 % of the rows, as the usual one is."
    for steps in (1, 20, 100):
        if pgd_accuracy(answer, X, y, RADIUS, steps=steps)[0] < plain.mean() - 0.01:
            return f"PGD with steps={steps} does lower its accuracy."
    corners = np.random.default_rng(0).choice([-RADIUS, RADIUS], size=(50, X.shape[1]))
    right = [predict(answer, X + corner)[0].numpy() == y for corner in corners]
    if np.all([plain, *right], axis=0).mean() > plain.mean() - 0.2:
        return "it is robust: random corners of the ball do not turn its answers, either."
    return None

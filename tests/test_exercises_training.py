"""Checks of the exercises on training robust models: right, wrong with a hint, not judged."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rrlib.exercises import training
from rrlib.models import LogisticRegression, Network, adversarial_accuracy, fit_logistic

RIGHT = "Right.\n"


@pytest.fixture(scope="module")
def data():
    """Two classes that lie 0.4 apart in one of two features, two thirds favourable."""
    rng = np.random.default_rng(0)
    y = np.arange(300) % 3 > 0
    X = rng.normal(size=(300, 2)) + 0.4 * y[:, None] * [1, 0]
    return SimpleNamespace(X_train=X, y_train=y.astype(int), X_test=X, y_test=y.astype(int))


def linear(w, b):
    return LogisticRegression(*(torch.tensor(part).double() for part in ([w], [b], [0.0])))


def steps(slope):
    """A network of two units that says yes where the one feature is above 0."""
    W1, b1, w2 = [[[slope], [slope]]], [[0.0, 0.0]], [[1.0, 1.0]]
    return Network(*map(torch.tensor, (W1, b1, w2, [-1.0], [0.0])))


def test_never_falls(says, data):
    assert says(training.never_falls, linear([0.0, 0.0], 1.0), data) == RIGHT
    assert "to 0.3 its" in says(training.never_falls, linear([1.0, 0.0], 0.5), data)
    assert "to 100 its" in says(training.never_falls, linear([1e-3, 0.0], 0.01), data)
    assert "more accurate" in says(training.never_falls, linear([0.0, 0.0], -1.0), data)
    assert "cannot be judged" in says(training.never_falls, 0.7, data)


def test_two_norms(says, data):
    rows, norms = (data.X_train, data.y_train), (2, np.inf)
    fits = [fit_logistic(*rows, [0.2], p=p).model for p in norms]
    right = np.array([[adversarial_accuracy(f, *rows, 0.2, p=p)[0] for p in norms] for f in fits])
    assert says(training.two_norms, right, data) == RIGHT
    assert "number 1 is too small" in says(training.two_norms, right - 0.01, data)
    assert "4 numbers are expected" in says(training.two_norms, right[0], data)
    assert "cannot be judged" in says(training.two_norms, "the larger ball", data)


def test_looks_robust(says):
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    near = SimpleNamespace(X_test=(2 * y - 1)[:, None] * rng.uniform(0.1, 0.5, (400, 1)), y_test=y)
    far = SimpleNamespace(X_test=10 * near.X_test, y_test=y)
    assert says(training.looks_robust, steps(1e6), near) == RIGHT
    assert "steps=1 does lower" in says(training.looks_robust, steps(1.0), near)
    assert "it is robust" in says(training.looks_robust, steps(1.0), far)
    assert "60 %" in says(training.looks_robust, steps(-1.0), near)
    assert "cannot be judged" in says(training.looks_robust, 1e6, near)

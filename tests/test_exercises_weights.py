"""Checks of the chapter on Lemma 1: right answers, wrong ones, and answers of another kind."""

from types import SimpleNamespace

import numpy as np
import pytest

from rrlib.exercises import weights as check
from rrlib.models import fit_logistic

RIGHT = "Right.\n"


def people(seed=0, n=60):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n, 2)), np.arange(n) % 2
    X[:, 0] += y - 0.5
    return SimpleNamespace(X_train=X[:40], y_train=y[:40], X_test=X[40:], y_test=y[40:])


def test_printed_too_large(capsys):
    check.printed_too_large(6**0.5)
    assert capsys.readouterr().out == RIGHT
    check.printed_too_large(6)
    assert "too large" in capsys.readouterr().out
    check.printed_too_large("the root")
    assert "cannot be judged" in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer, verdict",
    [
        ((0, 1, 1), RIGHT),
        ((0, 1, -1), "the step is true"),
        ((0, 1, 0), "the step is true"),
        ((0, -1, -1), "b has to be positive"),
        ((0, np.nan, 1), "b has to be positive"),
        ((np.nan, 1, 1), "the step is true"),
        ((0, 1), "cannot be judged"),
        (1.0, "cannot be judged"),
    ],
)
def test_step_breaks(capsys, answer, verdict):
    check.step_breaks(answer)
    assert verdict in capsys.readouterr().out


def test_first_order_in_the_radius(capsys):
    data, small = people(), 1e-5
    model = fit_logistic(data.X_train, data.y_train, [0.0, small]).model
    theta = np.column_stack([model.w.numpy(), model.b.numpy()])
    derivative = (theta[1] - theta[0]) / small
    check.first_order_in_the_radius(derivative, data)
    assert capsys.readouterr().out == RIGHT
    check.first_order_in_the_radius(-derivative, data)
    assert "opposite direction" in capsys.readouterr().out
    check.first_order_in_the_radius(2 * derivative, data)
    assert "number 1 is too small" in capsys.readouterr().out
    check.first_order_in_the_radius(derivative[:2], data)
    assert "3 numbers are expected" in capsys.readouterr().out
    check.first_order_in_the_radius("downwards", data)
    assert "cannot be judged" in capsys.readouterr().out


def test_settled_by_the_models_of_the_region(capsys, monkeypatch):
    data = people()
    found = np.concatenate([np.full(20, 0.5), np.full(20, 0.5)])
    found[:3] = -0.5  # unfavourable for sure
    found[20 + 5 : 20 + 7] = -0.5  # favourable for sure
    asked = []

    def support(X, y, standard, directions, radius):
        asked.append((standard, directions, radius))
        return found

    monkeypatch.setattr(check, "robust_region_support", support)
    check.settled(5 / 20, data)
    assert capsys.readouterr().out == RIGHT
    standard, directions, radius = asked[0]
    assert radius == 0.1 and standard.shape == (3,)
    np.testing.assert_array_equal(directions[:20, :2], data.X_test)
    np.testing.assert_array_equal(directions[20:], -directions[:20])
    check.settled(3 / 20, data)
    assert "too small" in capsys.readouterr().out
    check.settled([1, 2], data)
    assert "one number is expected" in capsys.readouterr().out
    check.settled("most", data)
    assert "cannot be judged" in capsys.readouterr().out


def test_whose_logit_is_far_from_zero_is_settled(capsys):
    data = people()
    data.X_test = np.array([[100.0, 0.0], [-100.0, 0.0]])
    check.settled(1.0, data)
    assert capsys.readouterr().out == RIGHT

"""Checks of the chapter on Theorem 3: right answers, wrong ones, and answers of another kind."""

import numpy as np
import pytest
import torch

from rrlib.exercises import validity as check
from rrlib.models import EPS_GRID, LogisticRegression

RIGHT = "Right.\n"
TWENTY, QUARTER = EPS_GRID.index(0.2), EPS_GRID.index(0.25)


def models_of_norm(norms):
    """A model without a bias for each radius, along the first of two features."""
    size = torch.ones(len(EPS_GRID), dtype=torch.float64)
    for place, norm in norms.items():
        size[place] = norm
    w = torch.stack([size, torch.zeros_like(size)], dim=1)
    return LogisticRegression(w, torch.zeros_like(size), torch.tensor(EPS_GRID))


def said(capsys):
    return capsys.readouterr().out


def test_half_valid(capsys):
    model = models_of_norm({0: 3.0, TWENTY: 0.5})
    X = np.array([[1.0, 9.0], [-2.0, 9.0], [5.0, 0.0]])  # |h| = norm * (1, 2, 5)
    check.half_valid([3 / 2, 0.5 / 2], model, X)
    assert said(capsys) == RIGHT
    check.half_valid([3 / 2, 3 / 2], model, X)
    assert "number 2 is too large" in said(capsys)
    check.half_valid(1.5, model, X)
    assert "2 numbers are expected" in said(capsys)
    check.half_valid("half", model, X)
    assert "cannot be judged" in said(capsys)


def test_single_changes(capsys):
    model = models_of_norm({0: 0.4, QUARTER: 0.1})
    model.b[QUARTER] = -0.1  # a boundary at 1, not at 0; budgets 4 and 1
    X = np.array([[-6.0, 0.0], [-2.0, 0.0], [0.5, 0.0], [4.5, 0.0]])
    check.single_changes([3 / 4, 1 / 4], model, X)
    assert said(capsys) == RIGHT
    check.single_changes([1 / 4, 3 / 4], model, X)
    assert "each answers the other one's argument" in said(capsys)
    check.single_changes([1 / 2, 1 / 4], model, X)
    assert "number 1 is too small" in said(capsys)
    check.single_changes(["all", "few"], model, X)
    assert "cannot be judged" in said(capsys)


@pytest.mark.parametrize(
    "answer, verdict",
    [
        (lambda norm, c: norm / c, RIGHT),
        (lambda norm, c: c / norm, "a model of norm 3 gets the budget 18 in place of 0.5"),
        (lambda norm, c: norm**2 / c, "a model of norm 3 gets the budget 0.167 in place of 0.5"),
        (lambda norm: norm, "cannot be judged"),
        (1.0, "cannot be judged"),
    ],
)
def test_one_budget(capsys, answer, verdict):
    check.one_budget(answer)
    assert verdict in said(capsys)


@pytest.mark.parametrize(
    "answer, verdict",
    [
        (lambda slope, lam: slope / lam, RIGHT),
        (lambda slope, lam: slope, "costs more than the answer"),
        (lambda slope, lam: 1.2 * slope / lam, "is not valid"),
        (lambda slope, lam: 1 / slope, "Not yet"),
        (lambda slope: slope, "cannot be judged"),
        (0.6, "cannot be judged"),
    ],
)
def test_curved_budget(capsys, answer, verdict):
    check.curved_budget(answer)
    assert verdict in said(capsys)

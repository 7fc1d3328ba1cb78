"""Checks of the chapter on Theorem 1: right answers, wrong ones, and answers of another kind."""

import numpy as np
import pytest
import torch

from rrlib.exercises import scfe_cost as check
from rrlib.models import LogisticRegression

RIGHT = "Right.\n"


def said(capsys):
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "answer, verdict",
    [
        (0.3532, RIGHT),
        (0.36, "too large"),
        (0.3, "too small"),
        ("a third", "cannot be judged"),
    ],
)
def test_largest_lambda(capsys, answer, verdict):
    check.largest_lambda(answer)
    assert verdict in said(capsys)


def test_the_printed_lower_bound_turns_at_that_lambda(capsys):
    near = 1 - 1e-7
    edge = 0.35320996
    for lam, holds in ((edge - 1e-4, True), (edge + 1e-4, False)):
        distance = abs(1 / (lam + 1) - near / (lam + near**2))
        assert (lam * abs(1 - 1 / near) <= distance) == holds
    check.largest_lambda(edge)
    assert said(capsys) == RIGHT


@pytest.mark.parametrize(
    "answer, verdict",
    [
        ((1e-6, 1, 2), RIGHT),
        ((1e-9, 2, 1), RIGHT),
        ((1e-6, 1, 1), "the step is true"),
        ((1e-3, 1, 2), "less than a million times larger"),
        ((1e-6, -1, 2), "positive"),
        ((0, 1, 2), "positive"),
        ((1e-6, 1), "cannot be judged"),
        ((np.nan, 1, 2), "cannot be judged"),
        (1.0, "cannot be judged"),
    ],
)
def test_step_goes_wrong(capsys, answer, verdict):
    check.step_goes_wrong(answer)
    assert verdict in said(capsys)


def test_own_targets(capsys):
    w = torch.tensor([[10.0], [10.0], [1.0]], dtype=torch.float64)
    model = LogisticRegression(w, torch.zeros(3).double(), torch.tensor([0.0, 0.1, 0.2]))
    X = np.array([[-1.0], [0.2], [-0.05], [3.0]])
    # printed upper bound 0.00999 + 0.0099 for the second model; the recourses go to the level 1
    # or -1, that is 0.1 and 1 from 0 and nearly 0.9 apart
    check.own_targets([0, 1], model, X)
    assert said(capsys) == RIGHT
    check.own_targets([0, 0.75], model, X)
    assert "number 2 is too small" in said(capsys)
    check.own_targets([1], model, X)
    assert "2 numbers are expected" in said(capsys)
    check.own_targets("all", model, X)
    assert "cannot be judged" in said(capsys)


def exact(a_nr, a_r, size, C):
    return (a_nr**2 + a_r**2 - 2 * a_nr * a_r * (1 - (C / size) ** 2) ** 0.5) ** 0.5


@pytest.mark.parametrize(
    "answer, verdict",
    [
        (exact, RIGHT),
        (lambda a, b, size, C: a + b, "the bound is 2 where at most 0.518 is possible."),
        (lambda a, b, size, C: abs(a - b), "can be 0.518 apart where the bound is 0."),
        (lambda a, b, size, C: np.nan, "can be 0.518 apart"),
        (lambda a: a, "cannot be judged"),
        (2.0, "cannot be judged"),
    ],
)
def test_without_the_angle(capsys, answer, verdict):
    check.without_the_angle(answer)
    assert verdict in said(capsys)

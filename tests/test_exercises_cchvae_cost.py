"""Checks of the chapter on Theorem 2: right answers, wrong ones, and answers of another kind."""

from types import SimpleNamespace

import numpy as np
import pytest

from rrlib.exercises import cchvae_cost as check

RIGHT = "Right.\n"


def said(capsys):
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "answer, verdict",
    [
        (((1, 0), (0, 3)), RIGHT),
        (((-1, 0), (0, -3)), RIGHT),
        (((2, 0), (0, 3)), "the standard model's move is not of length 1"),
        (((1, 0), (0, 2)), "another length than the radius"),
        (((1, 0), (3, 0)), "the two costs differ"),
        (((0, 1), (0, 3)), "the two costs differ"),
        ((1, 3), "cannot be judged"),
        ("equal", "cannot be judged"),
    ],
)
def test_equal_costs(capsys, answer, verdict):
    check.equal_costs(answer)
    assert verdict in said(capsys)


@pytest.mark.parametrize(
    "answer, verdict",
    [
        (((1, 1), (-1, -1)), RIGHT),
        (((1, 0), (-1, 0)), "no further apart"),
        (((1, 1), (1, 1)), "no further apart"),
        (((np.nan, 1), (1, 1)), "no further apart"),
        ((1, 1), "cannot be judged"),
    ],
)
def test_box_breaks(capsys, answer, verdict):
    check.box_breaks(answer)
    assert verdict in said(capsys)


@pytest.mark.parametrize(
    "answer, verdict",
    [
        (lambda L, r, q, apart: L * (r + q + apart), RIGHT),
        (lambda L, r, q, apart: L * (r + q), "recourses can be 7 apart where the bound is 2."),
        (lambda L, r, q, apart: L * (r + q) + apart, "recourses can be 10 apart"),
        (lambda L, r, q, apart: 2 * L * (r + q + apart), "no recourses are more than 7 apart"),
        (lambda L, r, q, apart: np.nan, "recourses can be 7 apart"),
        (lambda L, r: L, "cannot be judged"),
        (7, "cannot be judged"),
    ],
)
def test_sampled_codes(capsys, answer, verdict):
    check.sampled_codes(answer)
    assert verdict in said(capsys)


def case(value, **lowers):
    distance = np.array(value)
    bounds = {label: np.array(bound) for label, bound in lowers.items()}
    return SimpleNamespace(distance=lambda: distance), SimpleNamespace(lowers=bounds), None


def test_largest_gain(capsys):
    # ratios 0.5, 0.25, 0.5 and 0, 0.75, 0; the row that has not moved does not count
    first = case([2.0, 4.0, 2.0, 0.0], a=[1.0, 1.0, 1.0, 0.0], b=[0.0, 3.0, 0.0, 0.0])
    # ratios 0.5, 0, 0.1 and 0, 0.5, 0.2: medians 0.1 and 0.2, of the larger 0.5
    second = case([1.0, 1.0, 1.0], a=[0.5, 0.0, 0.1], b=[0.0, 0.5, 0.2])
    check.largest_gain(0.3, [first, second])
    assert said(capsys) == RIGHT
    check.largest_gain(0.2, [first, second])
    assert "too small" in said(capsys)
    check.largest_gain(0.0, [first])
    assert said(capsys) == RIGHT
    check.largest_gain("little", [first])
    assert "cannot be judged" in said(capsys)

"""Checks of the exercises on certified networks: right, wrong with a hint, not judged."""

import pandas as pd

from rrlib.exercises import certified

RIGHT = "Right.\n"
INDEX = pd.MultiIndex.from_product([["min-max"], ["adult", "german"], [0.0, 0.1]])


def test_by_hand(says):
    assert says(certified.by_hand, [0.5, -0.5, 0.5]) == RIGHT
    assert "number 2 is too large" in says(certified.by_hand, [0.5, 0.5, 0.5])
    assert "3 numbers are expected" in says(certified.by_hand, 0.5)
    assert "cannot be judged" in says(certified.by_hand, "a half")


def test_round_ball(says):
    same = [[3.0, 4.0], [6.0, 8.0]]
    assert says(certified.round_ball, (same, [0, 1], [1, 2])) == RIGHT
    opposed = [[3.0, 4.0], [-6.0, -8.0]]
    assert says(certified.round_ball, (opposed, [0, 1], [1, -2])) == RIGHT
    assert "nearer" in says(certified.round_ball, (same, [0, 1], [1, -2]))
    crossed = [[3.0, 4.0], [4.0, 3.0]]
    assert "nearer" in says(certified.round_ball, (crossed, [0, 1], [1, 2]))
    small = [[3e-4, 4e-4], [4e-4, 3e-4]]
    assert "nearer" in says(certified.round_ball, (small, [0, 1], [1, 2])), "relative to the logits"
    assert "count" in says(certified.round_ball, (same, [0, 1], [1, 0]))
    axes = [[1.0, 0.0], [0.0, 1.0]]
    assert "count" in says(certified.round_ball, (axes, [0, 1], [1, 2]))
    assert "two units" in says(certified.round_ball, ([[3.0, 4.0]], [0], [1]))
    assert "cannot be judged" in says(certified.round_ball, 2)


def test_fitted_only(says):
    fitted, held = pd.Series([3.0, 2, 1, 4], INDEX), pd.Series([1.0, -1, -1, 2], INDEX)
    given = fitted, held
    assert says(certified.fitted_only, ("min-max", "adult", 0.1), *given) == RIGHT
    assert "not negative" in says(certified.fitted_only, ("min-max", "german", 0.1), *given)
    assert "another case" in says(certified.fitted_only, ("min-max", "german", 0.0), *given)
    assert "no such case" in says(certified.fitted_only, ("min-max", "compas", 0.0), *given)
    assert "cannot be judged" in says(certified.fitted_only, 0.1, *given)

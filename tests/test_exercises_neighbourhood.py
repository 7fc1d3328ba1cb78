"""Checks of exercises on neighbourhoods: right, wrong with its hint, and not judged."""

import numpy as np

from rrlib.exercises import neighbourhood as check
from rrlib.study.splits import Interval

RIGHT = "Right.\n"


def test_a_neighbourhood_fills_where_the_interval_lies_above_zero(says):
    def changes(seeds, told_no, k):
        assert told_no and k == 1
        low, radii = seeds
        return np.array(radii), Interval(np.array(low) + 1, np.array(low), np.array(low) + 2)

    results = {
        ("logistic", "compas"): ([0, -1, 0.01], [0, 0.05, 0.1]),
        ("network", "compas"): ([0, 1, -0.2], [0, 0.05, 0.1]),
        ("network", "german"): ([0], [0]),
    }
    assert says(check.fills, ("logistic", "compas"), results, changes) == RIGHT
    assert "starts at -0.200" in says(check.fills, ("network", "compas"), results, changes)
    assert "too few" in says(check.fills, ("network", "german"), results, changes)
    assert "no such case" in says(check.fills, ("compas", "logistic"), results, changes)
    assert "cannot be judged" in says(check.fills, 1, results, changes)


def test_balls_empty_with_the_number_of_features(says):
    assert says(check.features_to_empty, 92) == RIGHT
    assert "too small" in says(check.features_to_empty, 91)
    assert "too large" in says(check.features_to_empty, 93)
    assert "cannot be judged" in says(check.features_to_empty, "many")


def test_draws_are_one_over_the_median_share(says):
    share = np.zeros((2, 4, 3))
    share[0, :, 2] = 0.1, 0.25, 0.5, 1
    share[1, :, 2] = 0.1, 0.05, 0.01, 1
    denied = np.array([[True, True, True, False, True], [True, True, True, False, True]])
    results = {("network", "adult"): [(share, denied, None)]}
    assert says(check.draws, (4, 20), results) == RIGHT
    assert "number 2 is too small" in says(check.draws, (4, 4), results)
    assert "cannot be judged" in says(check.draws, "four", results)


def test_a_margin_protects_a_radius(says):
    def right(w, eps):
        return eps * np.abs(w).sum() / np.linalg.norm(w)

    def ball_of_training(w, eps):
        return eps

    assert says(check.protected_radius, right) == RIGHT
    assert "number 2 is too small" in says(check.protected_radius, ball_of_training)
    assert "cannot be judged" in says(check.protected_radius, 0.1)

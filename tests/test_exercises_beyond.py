"""Checks of exercises in the chapters beyond the paper: right, wrong with its hint, not judged."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from rrlib.exercises import collapse, equal, protects, remedies, speed, tradeoff
from rrlib.exercises.checks import check, compare
from rrlib.models import EPS_GRID, LogisticRegression
from rrlib.theory.collapse import collapse_threshold

RIGHT = "Right.\n"


@check
def third(answer):
    """A third."""
    return compare(answer, 1 / 3)


def test_a_check_judges_answers_of_all_kinds(says):
    assert says(third, 0.3333) == RIGHT
    assert says(third, ...) == "Not answered yet. Expected: a third.\n"
    assert says(third, None) == "Not yet: the number is not a number.\n"
    assert says(third, "a third") == "Not yet: this cannot be judged. Expected: a third.\n"
    assert says(third, [1, 2]) == "Not yet: one number is expected, not 2.\n"


def test_compare_names_the_first_number_that_is_off():
    assert compare([1, 2, 3], [1, 2, 3]) is None
    assert compare([1, 2.1, 2], [1, 2, 3]) == "number 2 is too large."
    assert compare(0.99, 1) == "the number is too small."
    assert compare(0.9991, 1) is None and compare(0.998, 1) is not None


def test_collapse(says):
    assert says(collapse.four_people, [3.5, 2.5, 2]) == RIGHT
    assert "number 1 is too large" in says(collapse.four_people, [7, 5, 4])
    assert says(collapse.equal_means, ([0, 0, -1, 1], [0, 0, 1, 1])) == RIGHT
    assert "some radius" in says(collapse.equal_means, ([0, 0, 1, 1], [0, 0, 1, 1]))
    assert "alike" in says(collapse.equal_means, ([0, 1, 0, 1], [0, 0, 1, 1]))
    assert "both labels" in says(collapse.equal_means, ([0, 1], [1, 1]))
    assert "cannot be judged" in says(collapse.equal_means, 3)


def test_collapse_on_data(says):
    X = np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [1.0, 3.0]])
    y = np.array([0, 0, 0, 1])
    data = SimpleNamespace(X_train=X, y_train=y, feature_names=["age", "hours"])
    assert says(collapse.favourable_counted, 4, data) == RIGHT
    assert "too small" in says(collapse.favourable_counted, 3, data)
    assert says(collapse.last_feature, "hours", data) == RIGHT
    assert "further apart" in says(collapse.last_feature, "age", data)
    assert "no feature" in says(collapse.last_feature, "sex", data)


def test_remedies(says):
    """Three models along one direction, of which two differ by their scale alone."""
    assert says(remedies.margins, [1, 1.5, 5 / 3, 1]) == RIGHT
    assert "number 3 is too small" in says(remedies.margins, [1, 1.5, 1.5, 1])
    w = torch.tensor([[1.0, 0.0], [4.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    b = torch.tensor([-1.0, -4.0, -1.0], dtype=torch.float64)
    family = LogisticRegression(w, b, torch.tensor([0.0, 0.1, 0.2], dtype=torch.float64))
    far = remedies.changes(family)
    np.testing.assert_allclose(far[:2, :2], 0, atol=1e-2)
    np.testing.assert_allclose(far[0, 2], 0.5, atol=1e-2)
    assert says(remedies.covered, [(0, 0.1), (0.1, 0)], family) == RIGHT
    assert "there are more" in says(remedies.covered, [(0, 0.1)], family)
    assert "0 to 0.2 the model changes by 0.50" in says(remedies.covered, [(0, 0.2)], family)
    assert "two different radii" in says(remedies.covered, [(0, 0)], family)
    assert "cannot be judged" in says(remedies.covered, 2, family)


def test_equal(says):
    assert says(equal.four_people, [1 / 3, -2 / 3, 1, 0]) == RIGHT
    assert "number 2 is too large" in says(equal.four_people, [1 / 3, 2 / 3, 1, 0])
    parts = ["geometry, robust", "geometry, standard", "threshold, standard"]
    detail = pd.DataFrame({"part": parts, "mean": [0.1, -0.2, -0.3]})
    detail = detail.assign(dataset="adult", kind="logistic", eps=0.2)
    assert says(equal.order, "geometry, standard", detail) == RIGHT
    assert "dearer" in says(equal.order, "geometry, robust", detail)
    assert "about geometry" in says(equal.order, "threshold, standard", detail)
    assert "columns are" in says(equal.order, "total", detail)


def test_the_largest_weight(says):
    keys = [("logistic", name) for name in ("adult", "compas", "german")]
    index = pd.MultiIndex.from_tuples(keys)
    choices = pd.DataFrame({1.0: [0.1, max(EPS_GRID), 0.1]}, index=index)
    means = [np.array([0.5, 0.7, 0.6]), np.array([0.5, 0.6, 0.7]), np.array([0.5, 0.7, 0.7])]
    robust = {key: SimpleNamespace(mean=mean) for key, mean in zip(keys, means)}
    assert says(tradeoff.largest_weight, keys[0], choices, robust) == RIGHT
    assert "does choose" in says(tradeoff.largest_weight, keys[1], choices, robust)
    assert "equally good" in says(tradeoff.largest_weight, keys[2], choices, robust)
    assert "no such row" in says(tradeoff.largest_weight, ("svm", "adult"), choices, robust)


@pytest.mark.parametrize(
    ("offers", "hint"),
    [
        ([(1, 0), (0, 1), (0.4, 0.4)], "Right."),
        ([(1, 0), (0.4, 0.4), (0, 1)], "Right."),
        ([(1, 0), (0, 1), (0.5, 0.5)], "each of them"),
        ([(1, 0), (0, 1), (0.6, 0.6)], "each of them"),
        ([(1, 0), (0, 1), (0.4, 0.0)], "is beaten"),
        ([(1, 0), (0, 1)], "three pairs"),
        ([(1, 0), (0, 1), (0.4, 1.4)], "between 0 and 1"),
    ],
)
def test_an_offer_that_no_weight_chooses(says, offers, hint):
    assert hint in says(tradeoff.never_chosen, offers)


def test_protects(says):
    assert says(protects.three_pairs, [1.3 / 3, 0.7 / 3, 2.2 / 3]) == RIGHT
    assert says(protects.three_pairs, [0.433, 0.233, 0.733]) == RIGHT, "three digits"
    assert "number 2 is too small" in says(protects.three_pairs, [0.433, 0.23, 0.733])
    assert "number 1 is too small" in says(protects.three_pairs, [0.7 / 3, 1.3 / 3, 2.2 / 3])


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [60, 40])
    X = rng.normal(size=(100, 2)) + y[:, None] * [0.8, 1.2]
    assert collapse_threshold(X, y) > 0.2, "the check's models are no constants"
    return SimpleNamespace(X_train=X, y_train=y, X_test=X)


def test_who_pays_more(says, people):
    assert "too large" in says(protects.dearer, 1.01, people)
    assert "too small" in says(protects.dearer, -0.01, people)


def test_an_auditor_is_asked_three_times(says, people):
    pairs = iter(protects.HIDDEN)
    assert says(protects.auditor, lambda w, b, X, y: next(pairs), people) == RIGHT
    assert "the mean is right" in says(protects.auditor, lambda w, b, X, y: (0.1, 0.1), people)
    assert "the mean is off" in says(protects.auditor, lambda w, b, X, y: (0.2, 0.2), people)
    assert "two radii" in says(protects.auditor, lambda w, b, X, y: 0.1, people)


def test_speed(says, monkeypatch):
    assert says(speed.spread, "shared") == RIGHT
    assert "same direction" in says(speed.spread, "independent")
    assert says(speed.two_threads, 1) == RIGHT
    counts = {500: 300, 1000: 500}

    def search(network, rows, *, samples, **options):
        return SimpleNamespace(n_evals=torch.tensor([counts[samples]]))

    monkeypatch.setattr(speed, "growing_spheres", search)
    assert says(speed.fewer_samples, 0.6, None, None) == RIGHT
    assert "too large" in says(speed.fewer_samples, 0.65, None, None)

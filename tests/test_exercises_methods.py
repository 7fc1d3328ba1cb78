"""Checks of the exercises on three ways to find recourse: right, wrong with a hint, not judged."""

import numpy as np
import pytest
import torch

from rrlib.exercises import methods
from rrlib.models import LogisticRegression
from rrlib.recourse import growing_spheres

RIGHT = "Right.\n"


def times(w, held):
    free = np.delete(w, held)
    return np.linalg.norm(w) / np.linalg.norm(free) if free.any() else np.inf


def without_limit(w, held):
    return min(times(w, held), 1e6)


def in_l1(w, held):
    return np.abs(w).sum() / np.abs(np.delete(w, held)).sum()


def test_excess(says):
    def most(gamma, d):
        return gamma * (d - 1)

    def every_feature(gamma, d):
        return gamma * d

    def constant(gamma, d):
        return 0.5

    assert says(methods.excess, most) == RIGHT
    assert "number 2 is too large" in says(methods.excess, every_feature)
    assert "with gamma = 0" in says(methods.excess, constant)
    assert "cannot be judged" in says(methods.excess, 0.5)


def test_factor(says):
    assert says(methods.factor, times) == RIGHT
    assert "infinite" in says(methods.factor, without_limit)
    assert "held = [0] the number is too" in says(methods.factor, in_l1)
    assert "cannot be judged" in says(methods.factor, 2.0)


def test_price_is_that_of_the_free_weights():
    assert methods.price(np.array([3.0, 4.0]), [0]) == pytest.approx(5 / 4)


def test_few_samples(says):
    w, b = torch.tensor([[1.0, 0.0], [0.5, 0.0]]).double(), torch.tensor([-1.0, -1.0]).double()
    pair, people = LogisticRegression(w, b, torch.zeros(2).double()), np.zeros((20, 2))
    options = {"target": 1.0, "samples": 10, "sparse": False, "seed": 0}
    cost = growing_spheres(pair, people, **options).cost
    right = (cost[1] - cost[0]).mean().item()
    assert right == pytest.approx(1, abs=0.3), "the exact costs are 1 and 2"
    assert says(methods.few_samples, right, pair, people) == RIGHT
    assert "too large" in says(methods.few_samples, 1.1 * right, pair, people)
    assert "cannot be judged" in says(methods.few_samples, "more", pair, people)

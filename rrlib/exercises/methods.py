"""Checks of the chapter on three ways to find recourse."""

import numpy as np
import torch

from rrlib.exercises.checks import check, compare
from rrlib.models.family import LogisticRegression
from rrlib.recourse.growing_spheres import growing_spheres
from rrlib.recourse.linear import minimal_recourse

HELD = [[0], [1, 2], [0, 1, 3]]
"""Immutable features of three made-up models of four features."""


@check
def excess(answer):
    """A function (gamma, d) -> largest excess."""
    cases = [(0.0, 6), (0.1, 6), (0.1, 7), (1.0, 2), (0.3, 1)]
    found = [answer(*case) for case in cases]
    if abs(found[0]) > 1e-9:
        return "with gamma = 0 the nearest hit is the best one."
    return compare(found, [gamma * (d - 1) for gamma, d in cases])


@check
def factor(answer):
    """A function (w, held) -> factor."""
    rng = np.random.default_rng(0)
    for held in HELD:
        w = rng.normal(size=4)
        off = compare(answer(w, held), price(w, held))
        if off is not None:
            return f"for w = {np.round(w, 2).tolist()} and held = {held} {off}"
    with np.errstate(divide="ignore"):
        stuck = answer(np.array([0.0, 2.0]), [1])
    if stuck != np.inf:
        return "where no recourse is left, the factor is infinite."
    return None


def price(w, held):
    """How many times as much the least recourse costs a person, by projection."""
    b = -1 - np.abs(w).sum()
    parts = map(torch.as_tensor, (w[None], np.array([b]), np.zeros(1)))
    model, x = LogisticRegression(*parts), np.ones((1, len(w)))
    low, high = np.full_like(x, -np.inf), np.full_like(x, np.inf)
    low[:, held] = high[:, held] = x[:, held]
    bound = minimal_recourse(model, x, target=1.0, lower=low, upper=high)
    return (bound.cost / minimal_recourse(model, x, target=1.0).cost).item()


@check
def few_samples(answer, pair, people):
    """A number, robust less standard."""
    options = {"target": 1.0, "samples": 10, "max_evals": 5_000_000, "sparse": False}
    cost = growing_spheres(pair, people, seed=0, **options).cost
    return compare(answer, (cost[1] - cost[0]).mean().item(), rtol=0.05)

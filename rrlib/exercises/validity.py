"""Checks of the chapter on Theorem 3."""

import numpy as np

from rrlib.exercises.checks import check, compare
from rrlib.models.family import EPS_GRID
from rrlib.models.network import init_network
from rrlib.recourse.linear import boundary_distance
from rrlib.recourse.scfe import scfe
from rrlib.theory.validity import scfe_budget

LAM = 0.1
"""The lambda of the report and of the colleague; their eps is 0.25."""


def norms(model):
    """The norm of the weights at each radius, (E,)."""
    return np.linalg.norm(model.w, axis=1)


@check
def half_valid(answer, model, X):
    """Two numbers, lambda for the standard model and for eps = 0.2."""
    at = [0, EPS_GRID.index(0.2)]
    middle = np.median(np.abs(model(X).numpy()[at]), axis=1)
    return compare(answer, norms(model)[at] ** 2 / middle)


@check
def single_changes(answer, model, X):
    """Two numbers, what refutes the report and what refutes the colleague."""
    at = [0, EPS_GRID.index(0.25)]
    distance = boundary_distance(model, X).numpy()[at]
    budget = scfe_budget(norms(model)[at], 1.0, LAM)
    robust_at_old = np.mean(distance[1] <= budget[0])
    standard_at_new = np.mean(distance[0] <= budget[1])
    right = [robust_at_old, standard_at_new]
    off = compare(answer, right)
    if off and compare(answer, right[::-1]) is None:
        return "each answers the other one's argument."
    return off


@check
def one_budget(answer):
    """A function of the norm of the weights and the budget c; it gives lambda for s = 1."""
    for norm, c in ((1.0, 1.0), (3.0, 0.5), (0.2, 2.0)):
        budget = scfe_budget(norm, 1.0, answer(norm, c))
        if not np.isclose(budget, c):
            return f"a model of norm {norm:g} gets the budget {budget:.3g} in place of {c:g}."
    return None


@check
def curved_budget(answer):
    """A function of the gradient's norm at the recourse and lambda; the largest valid cost."""
    X = np.random.default_rng(5).normal(size=(300, 4))
    network = init_network(4, [0.0], 1, hidden=8)
    network = network._replace(w2=12 * network.w2)
    network = network._replace(b2=network.b2 - network(X).median())
    for lam in (0.6, 1.2):
        found = scfe(network, X, lam=lam, tol=1e-9)
        slope = network.gradient(found.x_cf).norm(dim=-1).numpy()
        within, valid = found.cost.numpy() <= answer(slope, lam), found.valid.numpy()
        if (within & ~valid).any():
            return "some recourse that is within the answer is not valid."
        if (valid & ~within).any():
            return "some valid recourse costs more than the answer."
    return None

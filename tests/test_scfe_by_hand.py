"""SCFE step by step: what is held, tried and counted, and where a search ends, by hand."""

import importlib
import math
from typing import NamedTuple

import numpy as np
import pytest
import torch

from rrlib.models import LogisticRegression
from rrlib.recourse import scfe, scfe_adam
from rrlib.recourse.common import Box

SCFE = importlib.import_module("rrlib.recourse.scfe")


def about(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


def doubles(values):
    return torch.tensor(values, dtype=torch.float64)


def line(*bounds, slope=1.0):
    """Models on one feature, the logit slope (x - bound)."""
    parts = [[slope]] * len(bounds), [-slope * bound for bound in bounds], [0.0] * len(bounds)
    return LogisticRegression(*map(doubles, parts))


def test_an_objective():
    """(7 - 4)^2 + 0.5 (3^2 + 4^2)."""
    one = SCFE._Objective(None, doubles([[1, 1]]), doubles([[4]]), 0.5)
    assert one.value(doubles([[[4, 5]]]), doubles([[7]])).tolist() == [[9 + 12.5]]


def test_what_points_out_of_the_bounds():
    """At 0 and 1 in [0, 1], and at 0.5, of which a step of 0.7 goes beyond."""
    x, limits = doubles([[[0, 1, 0.5, 0.5]]]), Box(doubles([[0] * 4]), doubles([[1] * 4]))
    gradient = doubles([[[2, -2, 0.7, -0.2]]])
    assert SCFE._inward(x, gradient, limits).flatten().tolist() == about([0, 0, 0.5, -0.2])
    assert SCFE._inward(x, -gradient, limits).flatten().tolist() == about([-1, 1, -0.5, 0.2])
    assert SCFE._inward(x, gradient, None) is gradient


def test_what_is_held():
    """Within 1/2048 of a bound that the gradient pushes at; within `size` where that is less."""
    near, far = 1 / 2048, 1 / 512
    x = doubles([[[near, near, 1 - near, 1 - near, far, 1 - far, 0, 1]]])
    gradient = doubles([[[0.5, -0.5, -0.5, 0.5, 1, -1, 0, 0]]])
    limits = Box(doubles([[0] * 8]), doubles([[1] * 8]))
    for size, first in ((9.0, True), (near, True), (near / 2, False)):
        held = SCFE._held(x, gradient, limits, doubles([[[size]]])).flatten().tolist()
        assert held == [first, False, first, False, False, False, False, False]
    edge = Box(doubles([[0, 0]]), doubles([[1, 1]]))
    thousandth = doubles([[[1e-3, 1.1e-3]]])
    held = SCFE._held(thousandth, torch.ones(1, 1, 2), edge, doubles([[[9.0]]]))
    assert held.tolist() == [[[True, False]]]
    assert not SCFE._held(x, gradient, None, doubles([[[9.0]]])).any()


class Square:
    """The objective x^2 on one feature, which counts how often it is asked."""

    def model(self, x):
        return x[..., 0]

    def value(self, x, h):
        return h**2


def tried(steps, gradients, now=(1.0, 1.0), open_=(True, True), limits=None):
    """Points and tries of two rows at 1."""
    x, gradient = doubles([[[1], [1]]]), doubles(gradients).reshape(1, 2, 1)
    step, now, open_ = doubles(steps).reshape(1, 2, 1), doubles([now]), torch.tensor([open_])
    points, tries = SCFE._backtrack(Square(), x, step, gradient, now, open_, limits)
    return points.flatten().tolist(), tries.flatten().tolist()


def test_steps_are_halved():
    """From 1 by -8 it would be at -7, -3, -1, where nothing is won, and 0; by -1 it is there."""
    assert tried([-8, -1], [2, 2]) == ([0, 0], [4, 1])
    assert tried([-8, 0], [2, 2], open_=(True, False)) == ([0, 1], [4, 0])
    assert tried([8, -1], [2, 2]) == ([1 + 8 / 2**29, 0], [30, 1]), "30 tries, and it is over"
    bounds = Box(doubles([[0.25], [0.25]]), doubles([[9], [9]]))
    assert tried([-8, -1], [2, 2], limits=bounds) == ([0.25, 0.25], [1, 1])


def test_the_line_that_a_step_must_reach():
    """By -1/2 the objective is 1/4: a ten-thousandth of the descent, 1/2, must be won, or 0."""
    for more, tries in ((1e-7, 1), (-1e-7, 30)):
        downhill = tried([-0.5, -1], [1, 2], now=(0.25 + 0.5e-4 + more, 1.0))
        assert downhill[1] == [tries, 1]
        uphill = tried([-0.5, -1], [-1, 2], now=(0.25 - 0.5e-4 + more, 1.0))
        assert uphill[1] == [30, 1]
    for lost, at_once in ((8e-16, True), (1.6e-15, False)):
        tries = tried([-2, -1], [0, 2], now=(1 - lost, 1.0))[1]
        assert (tries[0] == 1) == at_once, "a loss by rounding alone is none"


def test_newton_solves_a_linear_model_at_once():
    """2 m / (lam + 4) = 0.4. Evaluated at the row, at the trial, and at the point: solved.

    The second row, at 1/2, is a minimum of the first model; the second model is 1 below.
    """
    model = line(0.0, 0.5, slope=2.0)
    found = scfe(model, [[0.0], [0.5]], target=1.0, lam=1.0)
    assert found.x_cf.flatten().tolist() == about([0.4, 0.5, 0.8, 0.9])
    assert found.n_evals.tolist() == [[3, 1], [3, 3]]
    assert found.valid.tolist() == [[True, True], [True, True]]
    one = scfe(model, [[0.0], [0.5]], target=1.0, lam=1.0, max_steps=1)
    assert torch.equal(one.x_cf, found.x_cf) and torch.equal(one.n_evals, found.n_evals)
    none = scfe(model, [[0.0], [0.5]], target=1.0, lam=1.0, max_steps=0)
    assert none.x_cf.flatten().tolist() == [0, 0.5, 0, 0.5] and not none.n_evals.any()
    far = scfe(model, [[0.0]], target=-1.0, s=3.0, lam=1.0)
    assert far.x_cf.flatten().tolist() == about([-1.2, -0.8])


def test_a_row_at_its_bound_is_solved():
    """The minimiser 0.4 is not allowed: at 0.3 the gradient points out."""
    found = scfe(line(0.0, slope=2.0), [[0.0]], target=1.0, lam=1.0, upper=[0.3])
    assert found.x_cf.item() == about(0.3) and found.n_evals.item() == 3
    stays = scfe(line(0.0, slope=2.0), [[0.0]], target=1.0, lam=1.0, upper=[0.0])
    assert stays.x_cf.item() == 0 and stays.n_evals.item() == 1


def test_a_row_is_solved_at_the_tolerance():
    """At 0 the gradient is -2 * 2: of at most 4, it is solved."""
    for tol, n_evals in ((4.0, 1), (3.99, 3)):
        found = scfe(line(0.0, slope=2.0), [[0.0]], target=1.0, lam=1.0, tol=tol)
        assert found.n_evals.item() == n_evals


class Root(NamedTuple):
    """h(x) = x^2 on one feature."""

    b: torch.Tensor
    eps: torch.Tensor

    def __call__(self, X):
        return X[..., 0].square().expand(1, -1)

    def derivatives(self, x):
        return x[..., 0].square(), 2 * x, torch.full_like(x, 2.0).unsqueeze(-1)


def test_newton_steps_on_a_bent_model():
    """(x^2 - s)^2 + lam (x - 1)^2 from x = 1 with s = 4, lam = 1/2: H = 2 (4 - 3 * 2) + 1 = -3.

    The gradient is 2 (-3) 2 = -12, so the step is 12 / 3.
    """
    model = Root(doubles([[0.0]]), doubles([0.0]))
    found = scfe(model, [[1.0]], target=1.0, s=4.0, lam=0.5, max_steps=1)
    first = 5.0
    while (first**2 - 4) ** 2 + 0.5 * (first - 1) ** 2 > 9 - 1e-4 * 12 * (first - 1):
        first = (first + 1) / 2
    assert found.x_cf.item() == about(first)
    ended = scfe(model, [[1.0]], target=1.0, s=4.0, lam=0.5).x_cf.item()
    assert 4 * ended * (ended**2 - 4) + (ended - 1) == pytest.approx(0, abs=1e-8)


def adam(x, aim, steps, lam, rate, slope, ends=lambda h: False, low=-np.inf):
    """Adam on (slope x - aim)^2 + lam (x - start)^2, in plain numbers, until `ends`."""
    start, mean, square, taken = x, 0.0, 0.0, 0
    for t in range(1, steps + 1):
        if ends(slope * x):
            break
        taken = t
        gradient = 2 * ((slope * x - aim) * slope + lam * (x - start))
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        step = rate * mean / (1 - 0.9**t) / (math.sqrt(square / (1 - 0.999**t)) + 1e-8)
        x = max(x - step, low)
    return x, 1 + taken


@pytest.mark.parametrize("steps", [1, 2, 5, 40])
def test_adam_by_hand(steps):
    model, how = line(0.0, slope=2.0), {"rate": 0.25, "lam": 0.5, "max_steps": steps}
    found = scfe_adam(model, [[-1.0], [1.5]], s=3.0, reach=np.inf, **how)
    for i, (x, aim) in enumerate(((-1.0, 3.0), (1.5, -3.0))):
        by_hand, n_evals = adam(x, aim, steps, 0.5, 0.25, 2.0)
        assert found.x_cf[0, i].item() == about(by_hand) and found.n_evals[0, i] == n_evals
    bounded = scfe_adam(model, [[1.5]], s=3.0, reach=np.inf, lower=[-0.2], **how)
    assert bounded.x_cf.item() == about(adam(1.5, -3.0, steps, 0.5, 0.25, 2.0, low=-0.2)[0])


def test_where_adam_stops():
    """At the label, or beyond it; one model goes on when the other is through."""
    model, X = line(0.0, -0.6, slope=2.0), [[-1.0], [-0.9]]
    for reach in (0.0, 0.7):
        found = scfe_adam(model, X, rate=0.25, reach=reach)
        for e, bound in enumerate((0.0, -0.6)):
            for i, (x,) in enumerate(X):
                # as a function of x less the bound
                by_hand, n_evals = adam(
                    x - bound, 1.0, 1000, 0.01, 0.25, 2.0, lambda h, reach=reach: h >= reach
                )
                assert found.x_cf[e, i].item() == about(by_hand + bound)
                assert found.n_evals[e, i] == n_evals
        assert found.valid.all()


def test_who_does_not_move_at_all():
    """At the boundary one is favourable already; at 1/2 one lies 1/2 beyond, which is enough."""
    for x, target, reach, n_evals in (
        (0.0, 1.0, 0.0, 1),
        (0.0, -1.0, 0.0, 2),
        (0.5, 1.0, 0.5, 1),
        (0.5, 1.0, 0.51, 2),
        (-0.5, -1.0, 0.5, 1),
        (-0.5, -1.0, 0.51, 2),
    ):
        found = scfe_adam(line(0.0), [[x]], target=target, reach=reach, max_steps=1)
        assert found.n_evals.item() == n_evals
    none = scfe_adam(line(0.0), [[-1.0]], max_steps=0)
    assert none.n_evals.item() == 0 and none.x_cf.item() == -1
    flat = line(0.0, slope=0.0)
    found = scfe_adam(flat, [[1.0]], target=-1.0)
    assert found.n_evals.item() == 1001 and found.x_cf.item() == 1

"""SCFE and the minimal recourse: exact answers, batches against loops, bounds, bad input."""

import re
from functools import partial
from importlib import import_module
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog, lsq_linear, minimize

from arrays import backwards, read_only
from rrlib.models import LogisticRegression, init_network, predict, select, to
from rrlib.models.vae import fit_pca
from rrlib.recourse import (
    boundary_distance,
    cchvae,
    common,
    flip_target,
    growing_spheres,
    minimal_recourse,
    scfe,
    scfe_adam,
    scfe_linear,
)
from rrlib.recourse.common import judge


def family(seed, E=3, d=4, size=1.0):
    rng = np.random.default_rng(seed)
    w, b = size * rng.normal(size=(E, d)), rng.normal(size=E)
    return linear(w, b, np.linspace(0, 0.3, E))


def linear(w, b, eps):
    """A linear family of these numbers, in float64."""
    return LogisticRegression(*(torch.tensor(v, dtype=torch.float64) for v in (w, b, eps)))


def network(seed, d=4, eps=(0.0, 0.1, 0.2)):
    model = init_network(d, eps, seed)
    shrink = torch.linspace(1, 0.5, len(eps))[:, None, None]
    return model._replace(w2=4 * model.w2, W1=3 * model.W1 * shrink)


def boxes(seed, X):
    """Bounds of all kinds around X: open, one-sided, narrow, and immutable."""
    rng = np.random.default_rng(seed)
    below, above = (
        np.where(rng.random(X.shape) < 0.3, np.inf, rng.choice([0.0, 0.2, 2.0], X.shape))
        for _ in range(2)
    )
    return X - below, X + above


class Bump(NamedTuple):
    """A small non-linear family: h(x) = tanh(w.x) + b."""

    w: torch.Tensor
    b: torch.Tensor

    def __call__(self, X):
        return self.tanh(X) + self.b[:, None]

    def tanh(self, X):
        X = torch.as_tensor(X, dtype=torch.float64)
        return torch.tanh((X @ self.w.unsqueeze(-1)).squeeze(-1))

    def derivatives(self, X):
        t = self.tanh(X)[..., None]
        slope = 1 - t**2
        outer = self.w.unsqueeze(-1) * self.w.unsqueeze(-2)
        return self(X), slope * self.w[:, None], (-2 * t * slope)[..., None] * outer[:, None]


@given(st.integers(0, 10**6), st.floats(1e-3, 10), st.floats(0, 3), st.floats(0.01, 20))
def test_search_finds_the_closed_form(seed, lam, s, size):
    model, X = family(seed, size=size), np.random.default_rng(seed).normal(size=(5, 4))
    searched = scfe(model, X, s=s, lam=lam)
    exact = scfe_linear(model, X, s=s, lam=lam)
    assert torch.allclose(searched.x_cf, exact.x_cf, rtol=0, atol=1e-6)
    flipped = predict(model, searched.x_cf) != predict(model, X)
    assert torch.equal(searched.valid, flipped), "valid is the model's own answer"
    cost = (searched.x_cf - torch.as_tensor(X)).norm(dim=-1)
    assert torch.allclose(searched.cost, cost, rtol=0, atol=1e-12)


def test_by_hand():
    """x = b = 0, w = 2, s = 1: the minimiser is 2 m / (lam + 4) with m = 1."""
    model = linear([[2.0]], [0.0], [0.0])
    for lam, zeta in ((1.0, 2 / 5), (2.0, 1 / 3), (0.1, 20 / 41)):
        for method in (scfe, scfe_linear):
            found = method(model, [[0.0]], target=1.0, s=1.0, lam=lam)
            assert found.x_cf.item() == pytest.approx(zeta, abs=1e-9)


def test_stationary_points_of_a_nonlinear_model():
    rng = np.random.default_rng(0)
    w, b = torch.as_tensor(rng.normal(size=(2, 3))), torch.tensor([-0.2, 0.1], dtype=torch.float64)
    model, X = Bump(w, b), rng.normal(size=(50, 3))
    found = scfe(model, X, s=0.5, lam=0.1)
    h, slope, _ = model.derivatives(found.x_cf)
    goal = 0.5 * flip_target(model, X)
    gradient = 2 * ((h - goal)[..., None] * slope + 0.1 * (found.x_cf - torch.as_tensor(X)))
    assert gradient.norm(dim=-1).max() < 1e-8
    before = (model(X) - goal) ** 2
    after = (h - goal) ** 2 + 0.1 * found.cost**2
    assert torch.all(after <= before + 1e-12), "no recourse is worse than doing nothing"


@pytest.mark.parametrize(
    "method, model",
    [
        (scfe, family(1)),
        (scfe, network(1)),
        (partial(scfe_adam, max_steps=200), family(1)),
        (partial(scfe_adam, max_steps=200), network(1)),
        (scfe_linear, family(1)),
        (minimal_recourse, family(1)),
    ],
)
def test_a_batch_is_the_loop_over_its_rows_and_models(method, model):
    X = np.random.default_rng(2).normal(size=(9, 4))
    lower, upper = boxes(3, X)
    bounded = method is not scfe_linear
    bounds = {"lower": lower, "upper": upper} if bounded else {}
    batch = method(model, X, **bounds)
    for e in range(3):
        for i in range(9):
            bounds = {"lower": lower[i : i + 1], "upper": upper[i]} if bounded else {}
            alone = method(select(model, e), X[i : i + 1], **bounds)
            assert torch.allclose(alone.x_cf[0, 0], batch.x_cf[e, i], rtol=0, atol=1e-7)
            assert alone.valid[0, 0] == batch.valid[e, i]
            assert alone.n_evals[0, 0] == batch.n_evals[e, i]


@given(st.integers(0, 10**6), st.floats(0.01, 3), st.floats(0.1, 5))
def test_bounded_search_finds_the_bounded_least_squares(seed, lam, size):
    """For a linear model it is least squares, ||A x' - c||^2 with A = (w, sqrt(lam) I)."""
    model, X = family(seed, E=2, size=size), np.random.default_rng(seed).normal(size=(3, 4))
    lower, upper = boxes(seed, X)
    found, target = scfe(model, X, lam=lam, lower=lower, upper=upper), flip_target(model, X)
    for e in range(2):
        A = np.vstack([model.w[e].numpy(), np.sqrt(lam) * np.eye(4)])
        for i in range(3):
            free = lower[i] < upper[i]
            fixed = np.where(free, 0.0, X[i])
            c = np.append(target[e, i].item() - model.b[e].item(), np.sqrt(lam) * X[i]) - A @ fixed
            if free.any():
                limits = lower[i, free], upper[i, free]
                fixed[free] = lsq_linear(A[:, free], c, limits, method="bvls", tol=1e-14).x
            assert np.allclose(found.x_cf[e, i], fixed, rtol=0, atol=1e-6)


@given(st.integers(0, 10**6))
def test_bounded_minimum_of_a_network_is_stationary_and_inside(seed):
    model, X = network(seed), np.random.default_rng(seed).normal(size=(20, 4))
    lower, upper = boxes(seed, X)
    found = scfe(model, X, s=0.5, lam=0.1, lower=lower, upper=upper)
    h, slope, _ = model.derivatives(found.x_cf)
    goal = 0.5 * flip_target(model, X)
    miss = h - goal
    gradient = 2 * (miss[..., None] * slope + 0.1 * (found.x_cf - torch.as_tensor(X)))
    low, high = torch.as_tensor(lower), torch.as_tensor(upper)
    assert (found.x_cf >= low).all() and (found.x_cf <= high).all()
    inward = found.x_cf - (found.x_cf - gradient).clamp(low, high)
    assert inward.norm(dim=-1).max() < 1e-8
    assert torch.all(miss**2 + 0.1 * found.cost**2 <= (model(X) - goal) ** 2 + 1e-12)


def test_a_float32_family_is_searched_in_float64():
    model, X = network(5), np.random.default_rng(5).normal(size=(30, 4))
    half = to(model, torch.float32)
    found, same = scfe(half, X), scfe(to(half, torch.float64), X)
    assert found.x_cf.dtype == torch.float64 and torch.equal(found.x_cf, same.x_cf)
    assert torch.equal(found.valid, predict(half, found.x_cf) != predict(half, X))


def test_adam_stops_at_the_label_and_without_its_rule_converges():
    model, X = family(6), np.random.default_rng(6).normal(size=(40, 4))
    stopped = scfe_adam(model, X)
    assert stopped.valid.all() and stopped.n_evals.max() <= 1001
    step = 0.02 * model.w.abs().sum(-1, keepdim=True)  # about 0.01 in each feature, twice
    assert (model(stopped.x_cf).abs() <= step).all(), "one step beyond the boundary"
    ended = scfe_adam(model, X, lam=1.0, reach=np.inf, max_steps=3000)
    exact = scfe_linear(model, X, lam=1.0)
    off = (ended.x_cf - exact.x_cf).abs().max()
    assert off <= 0.01, "to within a step, as its rate is constant"
    short = scfe_adam(model, X, max_steps=2)
    assert not short.valid.all(), "a budget of two steps flags what it does not solve"
    assert (short.n_evals <= 3).all()


@given(st.integers(0, 10**6), st.sampled_from([1, 2, np.inf]))
def test_minimal_recourse_costs_the_distance_to_the_boundary(seed, p):
    model, X = family(seed), np.random.default_rng(seed).normal(size=(20, 4))
    found = minimal_recourse(model, X, p=p)
    cost = torch.linalg.vector_norm(found.x_cf - torch.as_tensor(X), ord=p, dim=-1)
    assert found.valid.all()
    assert torch.equal(found.valid, predict(model, found.x_cf) != predict(model, X))
    assert torch.allclose(cost, boundary_distance(model, X, p=p), rtol=1e-9, atol=1e-9)


def least_costs(push, room, need):
    """The least l1, l2 and l_inf norms of amounts a with push.a >= need and 0 <= a <= room, solved.

    l1 and l_inf by a linear program, the latter in (a, t) with every a_j <= t; l2 by SLSQP.
    """
    d = len(push)
    limits = [(0, r if np.isfinite(r) else None) for r in room]
    l1 = linprog(np.ones(d), A_ub=-push[None], b_ub=[-need], bounds=limits)

    below_t = np.hstack([np.eye(d), -np.ones((d, 1))])
    rows = np.vstack([below_t, np.append(-push, 0)])
    right = np.append(np.zeros(d), -need)
    l_inf = linprog(np.eye(d + 1)[d], A_ub=rows, b_ub=right, bounds=[*limits, (0, None)])

    across = {"type": "ineq", "fun": lambda a: push @ a - need, "jac": lambda a: push}
    l2 = minimize(
        lambda a: a @ a,
        np.minimum(room, 1.0),
        jac=lambda a: 2 * a,
        bounds=limits,
        method="SLSQP",
        options={"ftol": 1e-14},
        constraints=across,
    )
    return {1: l1.fun, 2: np.sqrt(l2.fun), np.inf: l_inf.fun}


@given(st.integers(0, 10**6))
def test_minimal_recourse_within_bounds_is_what_a_solver_finds(seed):
    """Infeasible rows are flagged and stay where they are."""
    model, X = family(seed, E=1, d=5), np.random.default_rng(seed).normal(size=(4, 5))
    lower, upper = boxes(seed, X)
    w, h, target = (v[0].numpy() for v in (model.w, model(X), flip_target(model, X)))
    found = {p: minimal_recourse(model, X, p=p, lower=lower, upper=upper) for p in (1, 2, np.inf)}
    for i in range(4):
        push = np.abs(w)
        room = np.where(target[i] * w > 0, upper[i] - X[i], X[i] - lower[i])
        points = {p: found[p].x_cf[0, i].numpy() for p in found}
        norms = {p: np.linalg.norm(points[p] - X[i], ord=p) for p in found}
        feasible = (push * np.minimum(room, 1e3)).sum() >= abs(h[i])
        assert all(bool(found[p].valid[0, i]) == feasible for p in found)
        if not feasible:
            assert not any(norms.values())
            continue
        least = least_costs(push, room, abs(h[i]))
        assert norms[1] == pytest.approx(least[1], abs=1e-7)
        assert norms[np.inf] == pytest.approx(least[np.inf], abs=1e-7)
        assert norms[2] == pytest.approx(least[2], abs=1e-5)
        assert all(np.all(x >= lower[i]) and np.all(x <= upper[i]) for x in points.values())


def test_minimal_recourse_lands_at_the_margin_and_leaves_who_is_there():
    model, X = family(9), np.random.default_rng(9).normal(size=(30, 4))
    there = predict(model, X)
    found = minimal_recourse(model, X, target=1.0, margin=0.7)
    assert found.valid.all() and not found.cost[there].any()
    landed = model(found.x_cf)[~there]
    assert torch.allclose(landed, torch.full_like(landed, 0.7), rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", [scfe, scfe_adam, minimal_recourse])
def test_nothing_may_change(method):
    model, X = family(10), np.random.default_rng(10).normal(size=(6, 4))
    found = method(model, X, lower=X, upper=X)
    assert not found.valid.any() and not found.cost.any()
    assert torch.equal(found.x_cf, torch.as_tensor(X).expand(3, -1, -1))


@pytest.mark.parametrize("method", [scfe, scfe_adam, minimal_recourse])
@pytest.mark.parametrize(
    "options, message",
    [
        ({"lower": np.ones(4)}, r"X\[0, 0\] = 0.0 lies outside its own bounds \[1.0, inf\]"),
        ({"upper": np.ones(3)}, "upper must have shape"),
        ({"lower": [np.nan] * 4}, "hold no NaN"),
        ({"target": [0, 1]}, "not labels 0 and 1"),
        ({"target": np.ones(3)}, "must broadcast"),
        ({"X": [[np.nan] * 4]}, "must be finite"),
    ],
)
def test_bad_bounds_targets_and_rows_are_named(method, options, message):
    with pytest.raises(ValueError, match=message):
        method(family(8), **{"X": np.zeros((2, 4))} | options)


def test_score_zero_is_never_valid_towards_the_favourable_side():
    model, X = family(3), np.random.default_rng(3).normal(size=(200, 4))
    denied = ~predict(model, X)
    assert not (scfe_linear(model, X, s=0.0).valid & denied).any()
    assert (scfe_linear(model, X, s=1.0, lam=1e-6).valid & denied).any()


def test_validity_is_a_budget_proportional_to_the_norm():
    """Theorem 3': on the denied, SCFE is valid exactly where |h| / ||w|| <= s ||w|| / lam."""
    model, X = family(4), 3 * np.random.default_rng(4).normal(size=(500, 4))
    valid = scfe_linear(model, X, s=1.0, lam=2.0).valid
    budget = model.w.norm(dim=-1, keepdim=True) / 2.0
    denied = ~predict(model, X)
    assert torch.equal(valid[denied], (boundary_distance(model, X) <= budget)[denied])
    assert 0 < valid[denied].double().mean() < 1


@pytest.mark.parametrize("p", [1, 2, np.inf])
def test_boundary_distance_is_a_lower_bound_on_any_flip(p):
    model, X = family(5), np.random.default_rng(5).normal(size=(20, 4))
    distance = boundary_distance(model, X, p=p).numpy()
    moves = np.random.default_rng(6).normal(size=(3000, 4))
    moves /= np.linalg.norm(moves, ord=p, axis=1, keepdims=True)
    for i, x in enumerate(X):
        for e in range(3):
            inside = model(torch.as_tensor(x + 0.999 * distance[e, i] * moves)).numpy()[e]
            assert np.all((inside >= 0) == (model(x[None]).numpy()[e, 0] >= 0))


def test_a_constant_model_gives_a_flagged_recourse():
    model = linear([[0.0, 0.0]], [-1.0], [0.5])
    for method in (scfe, scfe_adam, minimal_recourse):
        found = method(model, np.ones((3, 2)))
        assert not found.valid.any()
        assert torch.equal(found.x_cf, torch.ones(1, 3, 2, dtype=torch.float64))
    assert torch.isinf(boundary_distance(model, np.ones((3, 2)))).all()


def test_no_rows_and_no_budget():
    model = family(7)
    for method in (scfe, scfe_adam, scfe_linear, minimal_recourse):
        assert method(model, np.empty((0, 4))).x_cf.shape == (3, 0, 4)
    idle = scfe(model, np.ones((2, 4)), max_steps=0)
    assert not idle.valid.any() and not idle.cost.any() and not idle.n_evals.any()


@pytest.mark.parametrize(
    "method, options, message",
    [
        (scfe, {"lam": 0.0}, "lam must be finite and positive, not 0.0: at 0 the minimiser"),
        (scfe, {"s": -1.0}, "s must be .*, not -1.0: choose the direction with target"),
        (scfe, {"tol": 0.0}, "tol must be finite and positive, not 0.0"),
        (scfe, {"X": np.ones(4)}, "single row"),
        (scfe_adam, {"rate": 0.0}, "rate must be finite and positive, not 0.0"),
        (minimal_recourse, {"p": 3}, "p must be 1, 2 or numpy.inf, not 3"),
        (minimal_recourse, {"margin": -1.0}, "margin must be finite and at least 0, not -1.0"),
    ],
)
def test_bad_options_are_named(method, options, message):
    with pytest.raises(ValueError, match=message):
        method(family(8), **{"X": np.ones((1, 4))} | options)


NEVER = (np.nan, -np.inf, "0.5", None, [0.5], np.ones(2))
"""Values that no numeric option takes."""

OPTIONS = [
    (scfe, "s", (-1.0, np.inf), "finite and at least 0"),
    (scfe, "lam", (0.0, -1.0, np.inf), "finite and positive"),
    (scfe, "tol", (0.0, -1e-8, np.inf), "finite and positive"),
    (scfe, "max_steps", (-1, 2.5, np.inf, True), "a whole number of at least 0"),
    (scfe_adam, "s", (-1.0, np.inf), "finite and at least 0"),
    (scfe_adam, "lam", (0.0, -1.0, np.inf), "finite and positive"),
    (scfe_adam, "rate", (0.0, -0.01, np.inf), "finite and positive"),
    (scfe_adam, "max_steps", (-1, 2.5, np.inf, True), "a whole number of at least 0"),
    (scfe_adam, "reach", (-0.5,), "finite and at least 0"),
    (scfe_linear, "s", (np.inf,), "finite"),
    (scfe_linear, "lam", (0.0, -1.0, np.inf), "finite and positive"),
    (minimal_recourse, "margin", (-1.0, np.inf), "finite and at least 0"),
]


@pytest.mark.parametrize("method, name, values, expected", OPTIONS)
def test_every_numeric_option_is_checked(method, name, values, expected):
    for value in (*NEVER, *values):
        message = re.escape(f"{name} must be {expected}, not {value!r}")
        with pytest.raises(ValueError, match=message):
            method(family(8), np.ones((2, 4)), **{name: value})


@pytest.mark.parametrize("method", [scfe, scfe_adam, scfe_linear, minimal_recourse])
@pytest.mark.parametrize("target", [0.5, np.nan, "up", None, {"up": 1}])
def test_every_target_is_checked(method, target):
    bad = [1.0, target]
    with pytest.raises(ValueError, match="target must hold"):
        method(family(8), np.ones((2, 4)), target=bad)


def test_numbers_of_numpy_and_torch_are_numbers():
    model, X = family(8), np.ones((2, 4))
    plain = scfe(model, X, lam=0.5, max_steps=20)
    for lam in (np.float64(0.5), np.float32(0.5), torch.tensor(0.5)):
        found = scfe(model, X, lam=lam, max_steps=np.int64(20))
        assert torch.allclose(found.x_cf, plain.x_cf, rtol=0, atol=1e-9)


def test_the_closed_form_takes_any_finite_score():
    """Towards the favourable side with s = -1 is away from it with s = 1."""
    model, X = family(8), np.random.default_rng(8).normal(size=(5, 4))
    below = scfe_linear(model, X, target=1.0, s=-1.0)
    assert torch.equal(below.x_cf, scfe_linear(model, X, target=-1.0, s=1.0).x_cf)


def test_a_point_that_is_not_finite_is_never_valid():
    """The middle row's minimiser overflows: 1e300 / 1e-300. The row itself stands in for it."""
    flat = linear([[1e-150]], [0.0], [0.0])
    huge = scfe_linear(flat, [[0.5], [0.0]], target=1.0, s=1e300, lam=1e-320)
    barely = minimal_recourse(linear([[1e-300]], [-1e10], [0.0]), [[0.5], [0.0]])
    for found in (huge, barely):
        assert not found.valid.any() and not found.cost.any() and not found.radius.any()
        assert torch.equal(found.x_cf[0], torch.tensor([[0.5], [0.0]], dtype=torch.float64))


def test_judging_leaves_points_that_are_not_finite_unjudged():
    asked = []

    class Watched(LogisticRegression):
        def __call__(self, X):
            asked.append(X)
            return super().__call__(X)

    model = Watched(*linear([[1.0, 0.0]], [0.0], [0.0]))
    start = torch.tensor([[-1.0, 3.0]] * 5, dtype=torch.float64)
    x_cf = start.clone()[None]
    x_cf[0, :, 0] = torch.as_tensor(np.array([1.0, np.nan, np.inf, -np.inf, 1e100]))
    for kind in (torch.float64, torch.float32):
        judged = judge(to(model, kind), start, x_cf, torch.ones(1, 5), torch.ones(1, 5))
        fits = kind == torch.float64  # 1e100 is beyond float32
        assert judged.valid.tolist() == [[True, False, False, False, fits]]
        assert torch.equal(judged.x_cf[0, 1:4], start[1:4])
        assert torch.equal(judged.x_cf[0, 4], x_cf[0, 4] if fits else start[4])
        assert judged.cost[0, :4].tolist() == [2.0, 0.0, 0.0, 0.0]
    assert asked and all(X.isfinite().all() for X in asked)


def test_rows_that_the_models_type_cannot_hold_are_named():
    model = to(family(8), torch.float32)
    with pytest.raises(ValueError, match="X holds values beyond the range of the model's"):
        scfe_adam(model, np.full((1, 4), 1e39), target=1.0)


KINDS_OF_ARRAY = [pd.DataFrame, read_only, backwards]
"""A table; an array that cannot be written, as tables hand them out; one with reversed rows."""


@pytest.mark.parametrize("kind", KINDS_OF_ARRAY, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("method", [scfe, scfe_adam, scfe_linear, minimal_recourse])
@pytest.mark.usefixtures("every_warning")
def test_arrays_of_every_kind_are_taken(method, kind):
    model, X = family(1), np.random.default_rng(2).normal(size=(9, 4))
    target = np.where(np.random.default_rng(3).random((3, 9)) < 0.5, 1.0, -1.0)
    lower, upper = boxes(4, X)
    arrays = {"target": target}
    if method is not scfe_linear:
        arrays |= {"lower": lower, "upper": upper}
    found = method(model, kind(X), **{name: kind(value) for name, value in arrays.items()})
    assert all(torch.equal(a, b) for a, b in zip(found, method(model, X, **arrays)))


@pytest.mark.parametrize("kind", KINDS_OF_ARRAY, ids=lambda kind: kind.__name__)
@pytest.mark.usefixtures("every_warning")
def test_distances_and_targets_take_arrays_of_every_kind(kind):
    model, X = family(1), np.random.default_rng(2).normal(size=(9, 4))
    assert torch.equal(boundary_distance(model, kind(X)), boundary_distance(model, X))
    assert torch.equal(flip_target(model, kind(X)), flip_target(model, X))


@pytest.mark.parametrize("method", [scfe, scfe_adam, minimal_recourse])
def test_bounds_that_are_not_numbers_are_named(method):
    with pytest.raises(ValueError, match="upper must hold numbers, not"):
        method(family(8), np.ones((1, 4)), upper=["high"] * 4)


COMPONENTS = fit_pca(np.random.default_rng(16).normal(size=(50, 4)), latent=2)

BLOCKED = {
    "scfe": lambda X: scfe(network(15), X),
    "scfe, bounds": lambda X: scfe(network(15), X, lower=X - 1, upper=X + 1),
    "scfe_adam": lambda X: scfe_adam(network(15), X, max_steps=50),
    "scfe_linear": lambda X: scfe_linear(family(15), X),
    "minimal_recourse": lambda X: minimal_recourse(family(15), X, lower=X - 1, upper=X + 1),
    "growing_spheres": lambda X: growing_spheres(network(15), X, seed=0),
    "cchvae": lambda X: cchvae(network(15), X, COMPONENTS, seed=0),
}
"""Every method, on rows X."""


@pytest.mark.parametrize("method", BLOCKED.values(), ids=BLOCKED.keys())
def test_blocks_change_nothing(method, monkeypatch):
    X = np.random.default_rng(15).normal(size=(20, 4))
    whole = method(X)
    monkeypatch.setattr(common, "ROWS", 7)
    monkeypatch.setattr(import_module("rrlib.recourse.scfe"), "BLOCK", 7)
    pieces = method(X)
    assert type(pieces) is type(whole)
    for piece, one in zip(pieces, whole):
        assert torch.allclose(piece.double(), one.double(), rtol=0, atol=1e-9)
    assert method(X[:0]).x_cf.shape == (*whole.x_cf.shape[:1], 0, X.shape[1])

"""SCFE and the minimal recourse against exact answers, batches against loops, bounds, budgets, bad input."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog, lsq_linear, minimize

from rrlib.models import LogisticRegression, init_network, predict, select, to
from rrlib.recourse import boundary_distance, flip_target, minimal_recourse, scfe, scfe_adam, scfe_linear


def family(seed, E=3, d=4, size=1.0):
    rng = np.random.default_rng(seed)
    return LogisticRegression(*map(torch.as_tensor, (size * rng.normal(size=(E, d)), rng.normal(size=E), np.linspace(0, 0.3, E))))


def network(seed, d=4, eps=(0.0, 0.1, 0.2)):
    model = init_network(d, eps, seed)
    return model._replace(w2=4 * model.w2, W1=3 * model.W1 * torch.linspace(1, 0.5, len(eps))[:, None, None])


def boxes(seed, X):
    """Bounds of all kinds around X: open, one-sided, narrow, and immutable."""
    rng = np.random.default_rng(seed)
    sides = [np.where(rng.random(X.shape) < 0.3, np.inf, rng.choice([0.0, 0.2, 2.0], X.shape)) for _ in range(2)]
    return X - sides[0], X + sides[1]


class Bump(NamedTuple):
    """A small non-linear family: h(x) = tanh(w.x) + b."""

    w: torch.Tensor
    b: torch.Tensor

    def __call__(self, X):
        return torch.tanh((torch.as_tensor(X, dtype=torch.float64) @ self.w.unsqueeze(-1)).squeeze(-1)) + self.b[:, None]

    def derivatives(self, X):
        t = torch.tanh((X @ self.w.unsqueeze(-1)).squeeze(-1))[..., None]
        outer = self.w.unsqueeze(-1) * self.w.unsqueeze(-2)
        return self(X), (1 - t**2) * self.w[:, None], (-2 * t * (1 - t**2))[..., None] * outer[:, None]


@given(st.integers(0, 10**6), st.floats(1e-3, 10), st.floats(0, 3), st.floats(0.01, 20))
def test_search_finds_the_closed_form(seed, lam, s, size):
    model, X = family(seed, size=size), np.random.default_rng(seed).normal(size=(5, 4))
    searched, exact = scfe(model, X, s=s, lam=lam), scfe_linear(model, X, s=s, lam=lam)
    assert torch.allclose(searched.x_cf, exact.x_cf, rtol=0, atol=1e-6)
    assert torch.equal(searched.valid, predict(model, searched.x_cf) != predict(model, X)), "valid is the model's own answer"
    assert torch.allclose(searched.cost, (searched.x_cf - torch.as_tensor(X)).norm(dim=-1), rtol=0, atol=1e-12)


def test_by_hand():
    """x = b = 0, w = 2, s = 1: the minimiser is 2 m / (lam + 4) with m = 1."""
    model = LogisticRegression(*(torch.tensor(v, dtype=torch.float64) for v in ([[2.0]], [0.0], [0.0])))
    for lam, zeta in ((1.0, 2 / 5), (2.0, 1 / 3), (0.1, 20 / 41)):
        for method in (scfe, scfe_linear):
            assert method(model, [[0.0]], target=1.0, s=1.0, lam=lam).x_cf.item() == pytest.approx(zeta, abs=1e-9)


def test_stationary_points_of_a_nonlinear_model():
    rng = np.random.default_rng(0)
    model, X = Bump(torch.as_tensor(rng.normal(size=(2, 3))), torch.tensor([-0.2, 0.1], dtype=torch.float64)), rng.normal(size=(50, 3))
    found = scfe(model, X, s=0.5, lam=0.1)
    h, slope, _ = model.derivatives(found.x_cf)
    gradient = 2 * ((h - 0.5 * flip_target(model, X))[..., None] * slope + 0.1 * (found.x_cf - torch.as_tensor(X)))
    assert gradient.norm(dim=-1).max() < 1e-8
    before = (model(X) - 0.5 * flip_target(model, X)) ** 2
    after = (h - 0.5 * flip_target(model, X)) ** 2 + 0.1 * found.cost**2
    assert torch.all(after <= before + 1e-12), "no recourse is worse than doing nothing"


@pytest.mark.parametrize("method, model", [
    (scfe, family(1)), (scfe, network(1)), (scfe_adam, family(1)), (scfe_adam, network(1)), (scfe_linear, family(1)), (minimal_recourse, family(1)),
])
def test_a_batch_is_the_loop_over_its_rows_and_models(method, model):
    X = np.random.default_rng(2).normal(size=(9, 4))
    lower, upper = boxes(3, X)
    batch = method(model, X) if method is scfe_linear else method(model, X, lower=lower, upper=upper)
    for e in range(3):
        for i in range(9):
            rows = {} if method is scfe_linear else {"lower": lower[i : i + 1], "upper": upper[i]}
            alone = method(select(model, e), X[i : i + 1], **rows)
            assert torch.allclose(alone.x_cf[0, 0], batch.x_cf[e, i], rtol=0, atol=1e-7)
            assert alone.valid[0, 0] == batch.valid[e, i] and alone.n_evals[0, 0] == batch.n_evals[e, i]


@given(st.integers(0, 10**6), st.floats(0.01, 3), st.floats(0.1, 5))
def test_bounded_search_finds_the_bounded_least_squares(seed, lam, size):
    """For a linear model SCFE is ||A x' - c||^2 with the rows (w, sqrt(lam) I), which lsq_linear solves within bounds."""
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
                fixed[free] = lsq_linear(A[:, free], c, (lower[i, free], upper[i, free]), method="bvls", tol=1e-14).x
            assert np.allclose(found.x_cf[e, i], fixed, rtol=0, atol=1e-6)


@given(st.integers(0, 10**6))
def test_bounded_minimum_of_a_network_is_stationary_and_inside(seed):
    model, X = network(seed), np.random.default_rng(seed).normal(size=(20, 4))
    lower, upper = boxes(seed, X)
    found = scfe(model, X, s=0.5, lam=0.1, lower=lower, upper=upper)
    h, slope, _ = model.derivatives(found.x_cf)
    miss = h - 0.5 * flip_target(model, X)
    gradient = 2 * (miss[..., None] * slope + 0.1 * (found.x_cf - torch.as_tensor(X)))
    low, high = torch.as_tensor(lower), torch.as_tensor(upper)
    assert (found.x_cf >= low).all() and (found.x_cf <= high).all()
    assert (found.x_cf - (found.x_cf - gradient).clamp(low, high)).norm(dim=-1).max() < 1e-8
    assert torch.all(miss**2 + 0.1 * found.cost**2 <= (model(X) - 0.5 * flip_target(model, X)) ** 2 + 1e-12)


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
    assert (model(stopped.x_cf).abs() <= 0.02 * model.w.abs().sum(-1, keepdim=True)).all(), "one step of about 0.01 a feature beyond the boundary"
    ended, exact = scfe_adam(model, X, lam=1.0, reach=np.inf, max_steps=3000), scfe_linear(model, X, lam=1.0)
    assert torch.allclose(ended.x_cf, exact.x_cf, rtol=0, atol=0.01), "to within a step, as its rate is constant"
    short = scfe_adam(model, X, max_steps=2)
    assert not short.valid.all() and (short.n_evals <= 3).all(), "a budget of two steps flags what it does not solve"


@given(st.integers(0, 10**6), st.sampled_from([1, 2, np.inf]))
def test_minimal_recourse_costs_the_distance_to_the_boundary(seed, p):
    model, X = family(seed), np.random.default_rng(seed).normal(size=(20, 4))
    found = minimal_recourse(model, X, p=p)
    cost = torch.linalg.vector_norm(found.x_cf - torch.as_tensor(X), ord=p, dim=-1)
    assert found.valid.all() and torch.equal(found.valid, predict(model, found.x_cf) != predict(model, X))
    assert torch.allclose(cost, boundary_distance(model, X, p=p), rtol=1e-9, atol=1e-9)


@given(st.integers(0, 10**6))
def test_minimal_recourse_within_bounds_is_what_a_solver_finds(seed):
    """l1 and l_inf against a linear program in (a, t), l2 against SLSQP; infeasible rows are flagged."""
    model, X = family(seed, E=1, d=5), np.random.default_rng(seed).normal(size=(4, 5))
    lower, upper = boxes(seed, X)
    w, h, target = model.w[0].numpy(), model(X)[0].numpy(), flip_target(model, X)[0].numpy()
    found = {p: minimal_recourse(model, X, p=p, lower=lower, upper=upper) for p in (1, 2, np.inf)}
    for i in range(4):
        push = target[i] * w * np.where(target[i] * w > 0, 1, -1)
        room = np.where(target[i] * w > 0, upper[i] - X[i], X[i] - lower[i])
        norms = {p: np.linalg.norm(found[p].x_cf[0, i].numpy() - X[i], ord=p) for p in found}
        feasible = (push * np.minimum(room, 1e3)).sum() >= abs(h[i])
        assert all(bool(found[p].valid[0, i]) == feasible for p in found)
        if not feasible:
            assert not any(norms.values())
            continue
        limits = [(0, r if np.isfinite(r) else None) for r in room]
        l1 = linprog(np.ones(5), A_ub=-push[None], b_ub=[-abs(h[i])], bounds=limits)
        rows = np.hstack([np.vstack([np.eye(5), -push]), np.append(-np.ones(5), 0)[:, None]])
        l_inf = linprog(np.eye(6)[5], A_ub=rows, b_ub=np.append(np.zeros(5), -abs(h[i])), bounds=[*limits, (0, None)])
        l2 = minimize(lambda a: a @ a, np.minimum(room, 1.0), jac=lambda a: 2 * a, bounds=limits, method="SLSQP", options={"ftol": 1e-14},
                      constraints={"type": "ineq", "fun": lambda a: push @ a - abs(h[i]), "jac": lambda a: push})
        assert norms[1] == pytest.approx(l1.fun, abs=1e-7) and norms[np.inf] == pytest.approx(l_inf.fun, abs=1e-7)
        assert norms[2] == pytest.approx(np.sqrt(l2.fun), abs=1e-5)
        assert all(np.all(x >= lower[i]) and np.all(x <= upper[i]) for x in (f.x_cf[0, i].numpy() for f in found.values()))


def test_minimal_recourse_lands_at_the_margin_and_leaves_who_is_there():
    model, X = family(9), np.random.default_rng(9).normal(size=(30, 4))
    there = predict(model, X)
    found = minimal_recourse(model, X, target=1.0, margin=0.7)
    assert found.valid.all() and not found.cost[there].any()
    assert torch.allclose(model(found.x_cf)[~there], torch.tensor(0.7, dtype=torch.float64), rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", [scfe, scfe_adam, minimal_recourse])
def test_nothing_may_change(method):
    model, X = family(10), np.random.default_rng(10).normal(size=(6, 4))
    found = method(model, X, lower=X, upper=X)
    assert not found.valid.any() and torch.equal(found.x_cf, torch.as_tensor(X).expand(3, -1, -1)) and not found.cost.any()


@pytest.mark.parametrize("method", [scfe, scfe_adam, minimal_recourse])
@pytest.mark.parametrize("options, message", [
    ({"lower": np.ones(4)}, r"X\[0, 0\] = 0.0 lies outside its own bounds \[1.0, inf\]"),
    ({"upper": np.ones(3)}, "upper must have shape"),
    ({"lower": [np.nan] * 4}, "hold no NaN"),
    ({"target": [0, 1]}, "not labels 0 and 1"),
    ({"target": np.ones(3)}, "must broadcast"),
    ({"X": [[np.nan] * 4]}, "must be finite"),
])
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
    model = LogisticRegression(torch.zeros(1, 2, dtype=torch.float64), torch.tensor([-1.0], dtype=torch.float64), torch.tensor([0.5]))
    for method in (scfe, scfe_adam, minimal_recourse):
        found = method(model, np.ones((3, 2)))
        assert not found.valid.any() and torch.equal(found.x_cf, torch.ones(1, 3, 2, dtype=torch.float64))
    assert torch.isinf(boundary_distance(model, np.ones((3, 2)))).all()


def test_no_rows_and_no_budget():
    model = family(7)
    for method in (scfe, scfe_adam, scfe_linear, minimal_recourse):
        assert method(model, np.empty((0, 4))).x_cf.shape == (3, 0, 4)
    idle = scfe(model, np.ones((2, 4)), max_steps=0)
    assert not idle.valid.any() and not idle.cost.any() and not idle.n_evals.any()


@pytest.mark.parametrize("method, options, message", [
    (scfe, {"lam": 0.0}, "lam must be positive"),
    (scfe, {"s": -1.0}, "choose the direction with target"),
    (scfe, {"tol": 0.0}, "tol must be positive"),
    (scfe, {"X": np.ones(4)}, "single row"),
    (scfe_adam, {"rate": 0.0}, "rate must be positive"),
    (minimal_recourse, {"p": 3}, "p must be 1, 2 or numpy.inf"),
    (minimal_recourse, {"margin": -1.0}, "margin must be a finite number of logits"),
])
def test_bad_options_are_named(method, options, message):
    with pytest.raises(ValueError, match=message):
        method(family(8), **{"X": np.ones((1, 4))} | options)

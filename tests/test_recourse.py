"""SCFE against its closed form, batches against loops, and what a recourse must satisfy."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rrlib.models import LogisticRegression, predict, select
from rrlib.recourse import boundary_distance, flip_target, scfe, scfe_linear


def family(seed, E=3, d=4, size=1.0):
    rng = np.random.default_rng(seed)
    return LogisticRegression(*map(torch.as_tensor, (size * rng.normal(size=(E, d)), rng.normal(size=E), np.linspace(0, 0.3, E))))


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


@pytest.mark.parametrize("method", [scfe, scfe_linear])
def test_a_batch_is_the_loop_over_its_rows_and_models(method):
    model, X = family(1), np.random.default_rng(2).normal(size=(9, 4))
    batch = method(model, X)
    for e in range(3):
        for i in range(9):
            alone = method(select(model, e), X[i : i + 1])
            assert torch.allclose(alone.x_cf[0, 0], batch.x_cf[e, i], rtol=0, atol=1e-9)
            assert alone.valid[0, 0] == batch.valid[e, i]


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
    found = scfe(model, np.ones((3, 2)))
    assert not found.valid.any() and torch.equal(found.x_cf, torch.ones(1, 3, 2, dtype=torch.float64))
    assert torch.isinf(boundary_distance(model, np.ones((3, 2)))).all()


def test_no_rows_and_no_budget():
    model = family(7)
    assert scfe(model, np.empty((0, 4))).x_cf.shape == (3, 0, 4)
    idle = scfe(model, np.ones((2, 4)), max_steps=0)
    assert not idle.valid.any() and not idle.cost.any() and not idle.n_evals.any()


@pytest.mark.parametrize("options, message", [
    ({"lam": 0.0}, "lam must be positive"),
    ({"s": -1.0}, "choose the direction with target"),
    ({"tol": 0.0}, "tol must be positive"),
    ({"X": [[np.inf] * 4]}, "must be finite"),
    ({"X": np.ones(4)}, "single row"),
])
def test_bad_input_is_named(options, message):
    X = options.pop("X", np.ones((1, 4)))
    with pytest.raises(ValueError, match=message):
        scfe(family(8), X, **options)

"""Growing spheres: exact distance, batches against loops, sparsity, budgets, bounds, bad input."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from arrays import read_only
from rrlib.data import datasets
from rrlib.models import (
    EPS_GRID,
    LogisticRegression,
    fit_logistic,
    init_network,
    lipschitz,
    predict,
    select,
    to,
)
from rrlib.models.certificate import certified_radius
from rrlib.recourse import boundary_distance, flip_target, growing_spheres
from rrlib.recourse.layers import draw_layer


def linear(seed, E=3, d=4):
    rng = np.random.default_rng(seed)
    return family(rng.normal(size=(E, d)), rng.normal(size=E), np.linspace(0, 0.3, E))


def family(w, b, eps, dtype=torch.float64):
    """A linear family of these numbers."""
    return LogisticRegression(*(torch.tensor(v, dtype=dtype) for v in (w, b, eps)))


def network(seed, d=4):
    model = init_network(d, (0.0, 0.1), seed)
    shrink = torch.tensor([1.0, 0.7])[:, None, None]
    return model._replace(W1=3 * model.W1 * shrink, w2=4 * model.w2)


def rows(seed, n=12, d=4):
    return np.random.default_rng(seed).normal(size=(n, d))


def density(found, X):
    return (found.x_cf != torch.as_tensor(X).to(found.x_cf)).sum(-1)


def revert_one_by_one(model, x, x_cf, want):
    """Revert a point's coordinates one after the other, as Algorithm 2 of Laugel et al. does."""
    for j in np.argsort(np.abs(x_cf - x), kind="stable"):
        trial = x_cf.copy()
        trial[j] = x[j]
        if predict(model, trial[None])[0, 0].item() != want:
            break
        x_cf = trial
    return x_cf


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, 7), st.booleans())
def test_never_below_the_exact_distance_and_valid_is_the_models_own_answer(seed, d, sparse):
    model, X = linear(seed, d=d), rows(seed, d=d)
    found = growing_spheres(model, X, samples=200, sparse=sparse, seed=seed)
    distance = boundary_distance(model, X)
    assert torch.equal(found.valid, predict(model, found.x_cf) != predict(model, X))
    assert (found.cost >= distance * (1 - 1e-12))[found.valid].all()
    assert (found.cost <= found.radius * (1 + 1e-12))[found.valid].all() and found.cost.max() <= 10
    assert torch.equal(found.valid, found.radius > 0) and not found.cost[~found.valid].any()


@pytest.mark.parametrize("d", [1, 2, 4, 6])
def test_close_to_the_exact_distance_before_sparsification(d):
    model, X = linear(d, E=8, d=d), rows(d, n=200, d=d)
    found = growing_spheres(model, X, sparse=False, seed=0)
    ratio = (found.cost / boundary_distance(model, X))[found.valid]
    assert found.valid.double().mean() > 0.9 and 1 <= ratio.mean() < 1.15


@pytest.mark.filterwarnings("ignore::rrlib.data.datasets.TwinWarning")
def test_close_to_the_exact_distance_on_adult():
    data = datasets.load("adult", seed=0)
    model = fit_logistic(data.X_train[:5000], data.y_train[:5000], EPS_GRID).model
    X = data.X_test[:300]
    found, distance = growing_spheres(model, X, sparse=False, seed=0), boundary_distance(model, X)
    assert found.valid[distance <= 8].all() and not found.valid[distance > 10].any()
    ratio = torch.where(found.valid, found.cost / distance, torch.nan).nanmean(1)
    assert found.valid.any(1).all() and (ratio < 1.15).all()


@pytest.mark.parametrize("model", [linear(1), network(1)], ids=["linear", "network"])
def test_a_batch_is_the_loop_over_its_rows_and_models(model):
    X = rows(2)
    batch = growing_spheres(model, X, seed=3)
    for e in range(len(model.eps)):
        for i in range(len(X)):
            alone = growing_spheres(select(model, e), X[i : i + 1], seed=3)
            assert torch.allclose(alone.x_cf[0, 0], batch.x_cf[e, i], rtol=0, atol=1e-12)
            for name in ("valid", "n_evals", "radius"):
                assert getattr(alone, name)[0, 0] == getattr(batch, name)[e, i]


def test_same_seed_same_bits_and_another_seed_another_search():
    for model in (network(4), to(network(4), torch.float32)):
        X = rows(4)
        first, again, other = (growing_spheres(model, X, seed=seed) for seed in (0, 0, 1))
        assert all(torch.equal(a, b) for a, b in zip(first, again))
        assert not torch.equal(first.x_cf, other.x_cf)


def test_a_recourse_can_be_learnt_from():
    found = growing_spheres(network(5), rows(5), seed=0)
    point = found.x_cf.requires_grad_()
    point.square().sum().backward()
    assert torch.equal(point.grad, 2 * point.detach())
    assert not any(field.is_inference() for field in found)


def test_the_number_of_threads_does_not_matter():
    model, X, threads = to(network(5), torch.float32), rows(5, n=40), torch.get_num_threads()
    results = []
    for count in (1, 2):
        torch.set_num_threads(count)
        results.append(growing_spheres(model, X, seed=0))
    torch.set_num_threads(threads)
    assert torch.equal(results[0].valid, results[1].valid)
    assert torch.allclose(results[0].x_cf, results[1].x_cf, rtol=0, atol=1e-6)


@given(st.integers(0, 10**6), st.integers(0, 40), st.integers(1, 6))
def test_layers_hold_their_radii(seed, k, d):
    radii = draw_layer(seed, k, 400, torch.empty(0, d, dtype=torch.float64)).norm(dim=1)
    assert radii.min() >= k * (1 - 1e-12) and radii.max() <= (k + 1) * (1 + 1e-12)


def test_samples_are_uniform_in_the_layer():
    """The share within radius r is the share of the volume; the mean of x x^T / |x|^2 is I / d."""
    points = draw_layer(0, 2, 200_000, torch.empty(0, 3, dtype=torch.float64))
    radii = points.norm(dim=1)
    share = (2.5**3 - 8) / (27 - 8)
    assert (radii <= 2.5).double().mean().item() == pytest.approx(share, abs=0.005)
    directions = points / radii[:, None]
    spread = directions.T @ directions / len(points)
    assert torch.allclose(spread, torch.eye(3, dtype=torch.float64) / 3, atol=0.005)


def test_one_feature_by_hand():
    """h = x - 1 at x = 0.5: a ball of radius 1 holds flips, one of 0.5 none; then a layer does."""
    found = growing_spheres(family([[1.0]], [-1.0], [0.0]), [[0.5]], step=1.0, seed=0)
    assert found.radius.item() == 1.0 and 0.5 <= found.cost.item() < 0.51
    balls_and_layer, reversals = 3000, found.n_evals.item() - 3000
    assert found.n_evals.item() > balls_and_layer, "two balls and one layer"
    assert reversals <= 10, "one for each of ten hits"


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_sparsification_follows_the_published_order_and_never_costs(seed):
    model, X = network(seed), rows(seed, n=6)
    dense = growing_spheres(model, X, sparse=False, seed=seed)
    sparse = growing_spheres(model, X, gamma=0.0, closest=1, seed=seed)
    assert torch.equal(dense.valid, sparse.valid)
    assert (sparse.cost <= dense.cost).all() and (density(sparse, X) <= density(dense, X)).all()
    want = ~predict(model, X)
    for e, i in torch.nonzero(dense.valid).tolist():
        hit, label = dense.x_cf[e, i].numpy(), want[e, i].item()
        expected = revert_one_by_one(select(model, e), X[i], hit, label)
        assert np.array_equal(sparse.x_cf[e, i].numpy(), expected)


def test_gamma_trades_cost_for_sparsity():
    model, X = linear(6), rows(6, n=60)
    cheap, between, few = (
        growing_spheres(model, X, gamma=gamma, seed=0) for gamma in (0.0, 0.1, 100.0)
    )
    for low, high in ((cheap, between), (between, few)):
        assert (low.cost <= high.cost + 1e-12).all() and (density(low, X) >= density(high, X)).all()
    assert (cheap.cost < few.cost).any() and (density(cheap, X) > density(few, X)).any()


@pytest.mark.parametrize("model", [linear(7), network(7)], ids=["linear", "network"])
def test_skipped_layers_change_nothing(model):
    """Where no ball is certified every layer is evaluated, and the same must be found."""

    class Cautious(type(model)):
        def lipschitz(self):
            return super().lipschitz() * 1e6

        def least_margin(self, X, sign, radius, *, q, chord=False):
            return torch.full_like(sign * radius, -1.0)

    X = rows(7)
    quick = growing_spheres(model, X, seed=0)
    thorough = growing_spheres(Cautious(*model), X, seed=0)
    found = quick.valid
    assert torch.equal(found, thorough.valid) and found.any()
    assert torch.equal(quick.x_cf, thorough.x_cf)
    assert torch.equal(quick.n_evals[found], thorough.n_evals[found])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", [linear, network])
def test_judging_up_to_rounding_first_changes_nothing(kind, dtype):
    """Without bounds samples are judged twice; within endless ones the model judges them all."""
    model, X, endless = to(kind(14), dtype), rows(14, n=60), np.full(4, np.inf)
    quick = growing_spheres(model, X, seed=0)
    thorough = growing_spheres(model, X, lower=-endless, upper=endless, seed=0)
    assert quick.valid.any() and all(torch.equal(a, b) for a, b in zip(quick, thorough))


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.booleans())
def test_no_label_turns_within_a_certified_radius(seed, straight):
    model, X = (linear if straight else network)(seed), torch.as_tensor(rows(seed))
    radius = certified_radius(model, X, most=10.0)
    known = 0.999 * model(X).abs() / lipschitz(model).unsqueeze(-1)
    assert (radius >= known).all() and torch.equal(radius, known) == straight
    moves = torch.as_tensor(np.random.default_rng(seed).normal(size=(300, 4)))
    for move in moves / moves.norm(dim=-1, keepdim=True):
        points = X + radius.unsqueeze(-1) * move
        assert torch.equal(predict(model, points), predict(model, X))


def test_budgets_flag_what_they_do_not_pay_for():
    model, X = linear(8), rows(8)
    start = torch.as_tensor(X).expand(3, -1, -1)
    for budget in ({"max_evals": 0}, {"max_cost": 0.0}, {"max_cost": 1e-9}, {"max_evals": 999}):
        found = growing_spheres(model, X, seed=0, **budget)
        assert not found.valid.any() and torch.equal(found.x_cf, start) and not found.radius.any()
    distance = boundary_distance(model, X)
    capped = growing_spheres(model, X, max_cost=0.5, seed=0)
    assert not capped.valid[distance > 0.5].any()
    assert capped.valid.any() and capped.cost.max() <= 0.5
    costly = distance > 0.51
    assert not capped.n_evals[costly].any(), "rows that provably cost too much are not searched"
    short = growing_spheres(model, X, max_evals=5000, seed=0)
    assert short.n_evals.max() <= 5000 and 0 < short.valid.double().mean() < 1


def test_a_row_on_the_boundary_ends():
    model = family([[1.0, 1.0]], [-1e-30], [0.0], torch.float32)
    X = np.array([[0.0, 0.0], [1.0, -1.0]])
    for max_evals in (0, 5000, 150_000):
        found = growing_spheres(model, X, max_evals=max_evals, seed=0)
        assert torch.isfinite(found.x_cf).all() and found.n_evals.max() <= max_evals
        assert torch.equal(found.valid, predict(model, found.x_cf) != predict(model, X))


def test_no_recourse_no_rows_and_nothing_to_do():
    model = family([[0.0, 0.0]], [-1.0], [0.0])
    constant = growing_spheres(model, np.ones((3, 2)), seed=0)
    assert not constant.valid.any() and not constant.cost.any() and not constant.n_evals.any()
    assert growing_spheres(linear(9), np.empty((0, 4)), seed=0).x_cf.shape == (3, 0, 4)
    X, there = rows(9), predict(linear(9), rows(9))
    found = growing_spheres(linear(9), X, target=1.0, seed=0)
    assert found.valid[there].all()
    assert not found.cost[there].any() and not found.n_evals[there].any()


def room(seed, X):
    """How far each feature may move: not at all, a little, or any distance."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(X.shape) < 0.3, np.inf, rng.choice([0.0, 0.5, 2.0], X.shape))


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_bounds_hold(seed):
    model, X = to(network(seed), torch.float32), rows(seed)
    below, above = room(seed, X), room(seed + 1, X)
    lower, upper = X - below, X + above
    found = growing_spheres(model, X, lower=lower, upper=upper, samples=200, seed=seed)
    low, high = torch.as_tensor(lower).float(), torch.as_tensor(upper).float()
    assert (found.x_cf >= low).all() and (found.x_cf <= high).all()
    assert torch.equal(found.valid, predict(model, found.x_cf) != predict(model, X))
    assert torch.isfinite(found.x_cf).all() and (found.cost <= found.radius + 1e-5).all()


def test_immutable_features():
    model, X = linear(10), rows(10)
    frozen = np.array([False, True, True, False])
    lower, upper = np.where(frozen, X, -np.inf), np.where(frozen, X, np.inf)
    found = growing_spheres(model, X, lower=lower, upper=upper, seed=0)
    start = torch.as_tensor(X).expand(3, -1, -1)
    assert found.valid.any() and torch.equal(found.x_cf[..., 1:3], start[..., 1:3])
    least = model(X).abs() / model.w[:, [0, 3]].norm(dim=-1, keepdim=True)
    assert (found.cost >= least * (1 - 1e-12))[found.valid].all()
    nothing = growing_spheres(model, X, lower=X, upper=X, seed=0)
    assert not nothing.valid.any() and not nothing.n_evals.any()
    assert torch.equal(nothing.x_cf, start)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"samples": 0}, "samples must be a whole number"),
        ({"samples": 10.5}, "samples must be a whole number"),
        ({"closest": 0}, "closest must be a whole number"),
        ({"step": 0.0}, "step must be finite and positive"),
        ({"step": np.nan}, "step must be finite and positive"),
        ({"gamma": -1.0}, "gamma must be finite and at least 0"),
        ({"max_cost": np.inf}, "max_cost must be finite"),
        ({"max_evals": -1}, "max_evals must be finite and at least 0"),
        ({"X": [[np.nan] * 4]}, "must be finite"),
        ({"X": np.ones(4)}, "single row"),
        ({"target": 0}, "not labels 0 and 1"),
        ({"lower": 2 * np.ones(4)}, "lies outside its own bounds"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        growing_spheres(linear(11), **{"X": np.ones((2, 4)), "seed": 0} | options)


def test_the_default_target_is_the_other_label():
    model, X = linear(12), rows(12)
    omitted = growing_spheres(model, X, seed=0)
    named = growing_spheres(model, X, target=flip_target(model, X), seed=0)
    assert all(torch.equal(a, b) for a, b in zip(omitted, named))


NEVER = (np.nan, np.inf, -np.inf, -1, "0.5", None, [0.5])
"""Values that no numeric option takes."""

OPTIONS = [
    ("samples", (0, 2.5), "a whole number of at least 1"),
    ("closest", (0, 2.5), "a whole number of at least 1"),
    ("step", (0.0,), "finite and positive"),
    ("gamma", (), "finite and at least 0"),
    ("max_cost", (), "finite and at least 0"),
    ("max_evals", (), "finite and at least 0"),
    ("seed", (0.5,), "a whole number of at least 0"),
]


@pytest.mark.parametrize("name, values, expected", OPTIONS)
def test_every_numeric_option_is_checked(name, values, expected):
    for value in (*NEVER, *values):
        message = re.escape(f"{name} must be {expected}, not {value!r}")
        with pytest.raises(ValueError, match=message):
            growing_spheres(linear(11), np.ones((2, 4)), **{"seed": 0, name: value})


@pytest.mark.parametrize("kind", [pd.DataFrame, read_only], ids=["table", "read-only"])
@pytest.mark.usefixtures("every_warning")
def test_tables_and_read_only_arrays_are_taken(kind):
    model, X = linear(13), rows(13)
    target = np.where(np.random.default_rng(13).random((3, len(X))) < 0.5, 1.0, -1.0)
    arrays = {"target": target, "lower": X - room(0, X), "upper": X + room(1, X)}
    options = {"samples": 100, "seed": 0}
    plain = growing_spheres(model, X, **arrays, **options)
    others = {name: kind(value) for name, value in arrays.items()}
    found = growing_spheres(model, kind(X), **others, **options)
    assert all(torch.equal(a, b) for a, b in zip(found, plain))

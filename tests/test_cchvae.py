"""C-CHVAE: what its points must satisfy, exact answers for linear decoders, repaired Theorem 2."""

import importlib
import re

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from arrays import read_only
from rrlib.models import LogisticRegression, init_network, lipschitz, predict, select, to
from rrlib.models.decoder import Residual, lipschitz_local, lipschitz_upper
from rrlib.models.vae import VAE, decode, encode, fit_pca, fit_vae, reconstruction_error
from rrlib.recourse import boundary_distance, cchvae, flip_target

MODULE = importlib.import_module("rrlib.recourse.cchvae")
FAST = settings(max_examples=25)


def rows(seed, n=40, d=4):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ (np.eye(d) + 0.4 * rng.normal(size=(d, d)))


def linear(seed, E=3, d=4):
    rng = np.random.default_rng(seed)
    return family(rng.normal(size=(E, d)), rng.normal(size=E), np.linspace(0, 0.3, E))


def family(w, b, eps):
    """A linear family of these numbers, in float64."""
    return LogisticRegression(*(torch.tensor(v, dtype=torch.float64) for v in (w, b, eps)))


def network(seed, E=3, d=4):
    """Networks of random weights, of which no two are alike, with both labels among the rows."""
    model, rng = init_network(d, np.linspace(0, 0.3, E), seed), np.random.default_rng(seed)
    moved = [p + torch.as_tensor(1.5 * rng.normal(size=p.shape)) for p in model[:3]]
    return type(model)(*moved, -0.5 * moved[2].sum(-1), model.eps)


def curved(seed, d=4, k=3, H=6):
    """An autoencoder of random weights: principal components, bent."""
    rng, flat = np.random.default_rng(seed), fit_pca(rows(seed, n=400, d=d), latent=k)
    hidden = [torch.as_tensor(rng.normal(size=shape)) for shape in ((H, k), (H,), (d, H))]
    return flat._replace(decoder=Residual(*flat.decoder[:2], *hidden))


def affine(A, c):
    """A map y = A x + c without hidden units, in float64."""
    A, c = (torch.as_tensor(v, dtype=torch.float64) for v in (A, c))
    out, inputs = A.shape
    return Residual(A, c, A.new_zeros(0, inputs), A.new_zeros(0), A.new_zeros(out, 0))


def point_decoder(G, latent):
    """A given linear decoder whose encoder sends every row to one latent point."""
    d, k = np.shape(G)
    encoder = affine(np.zeros((2 * k, d)), [*latent, *latent])
    return VAE(encoder, affine(G, np.zeros(d)))


def latents(found, vae, X, *, seed, samples, step):
    """Return z_cf, shape (E, n, k), by drawing the successful shells again."""
    z, valid = encode(vae, X), found.valid
    z_cf = torch.zeros(*valid.shape, z.shape[1], dtype=torch.float64)
    for e, i in valid.nonzero().tolist():
        shell = round(found.radius[e, i].item() / step) - 1
        candidates = z[i] + MODULE._draw(seed, shell, samples, step, z)[1]
        off = (decode(vae, candidates) - found.x_cf[e, i]).norm(dim=-1)
        z_cf[e, i] = candidates[off.argmin()]
    decoded, points = decode(vae, z_cf)[valid], found.x_cf[valid].double()
    assert torch.allclose(decoded, points, rtol=0, atol=1e-9)
    return z_cf


@FAST
@given(st.integers(0, 10**6), st.sampled_from([linear, network]))
def test_what_it_says_is_so(seed, kind):
    model, vae, X = kind(seed), curved(seed), rows(seed)
    found = cchvae(model, X, vae, samples=30, step=0.2, seed=seed)
    flipped = predict(model, found.x_cf) != predict(model, X)
    assert torch.equal(found.valid, flipped), "valid is the model's own answer"
    start = torch.as_tensor(X).expand_as(found.x_cf)
    assert torch.allclose(found.cost, (found.x_cf - start).norm(dim=-1), rtol=0, atol=1e-12)
    assert (found.cost <= 10.0).all() and (found.n_evals <= 30_000).all()
    shells = (found.radius / 0.2).round().long()
    assert torch.equal(found.n_evals, shells * 30), "every shell up to the last is counted"
    distance, valid = found.latent_distance, found.valid
    assert (distance < found.radius + 1e-12)[valid].all()
    assert (distance >= found.radius - 0.2 - 1e-12)[valid].all()
    assert torch.equal(found.x_cf[~valid], start[~valid]) and not distance[~valid].any()
    assert torch.allclose(found.reconstruction_error, reconstruction_error(vae, X))
    assert all(torch.isfinite(field).all() for field in found)


@FAST
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_cost_is_never_below_the_distance_to_the_boundary(seed, k):
    model, X = linear(seed), rows(seed)
    found = cchvae(model, X, curved(seed, k=k), samples=50, seed=seed)
    assert torch.all((found.cost >= boundary_distance(model, X) * (1 - 1e-12))[found.valid])


@pytest.mark.parametrize("kind", [linear, network])
def test_a_batch_is_the_loop_over_its_rows_and_models(kind):
    model, vae, X = kind(1), curved(1), rows(1, n=30)
    batch = cchvae(model, X, vae, samples=40, seed=5)
    assert batch.valid.double().mean() > 0
    for e in range(3):
        for i in range(0, 30, 3):
            alone = cchvae(select(model, e), X[i : i + 1], vae, samples=40, seed=5)
            for name in ("x_cf", "valid", "cost", "n_evals", "radius", "latent_distance"):
                one, same = getattr(alone, name)[0, 0], getattr(batch, name)[e, i]
                assert torch.allclose(one.double(), same.double(), rtol=0, atol=1e-12), name
    order = np.random.default_rng(0).permutation(30)[:11]
    subset = cchvae(select(model, [2, 0]), X[order], vae, samples=40, seed=5)
    assert torch.allclose(subset.x_cf, batch.x_cf[[2, 0]][:, order], rtol=0, atol=1e-12)
    assert torch.equal(subset.n_evals, batch.n_evals[[2, 0]][:, order])


def test_chunks_do_not_show(monkeypatch):
    model, vae, X = network(2), curved(2), rows(2)
    whole = cchvae(model, X, vae, samples=40, seed=0)
    monkeypatch.setattr(MODULE, "CHUNK", 7)
    pieces = cchvae(model, X, vae, samples=40, seed=0)
    assert torch.allclose(pieces.x_cf, whole.x_cf, rtol=0, atol=1e-12)


def test_same_seed_same_bits_and_another_seed_another_search():
    model, vae, X = linear(3), curved(3), rows(3)
    first, again, other = (cchvae(model, X, vae, samples=40, seed=seed) for seed in (7, 7, 8))
    assert all(torch.equal(a, b) for a, b in zip(first, again))
    assert not torch.equal(first.x_cf, other.x_cf)


def test_shells_hold_uniform_lengths_and_directions():
    lengths, shifts = MODULE._draw(0, 4, 20_000, 0.1, torch.zeros(1, 3, dtype=torch.float64))
    assert torch.allclose(shifts.norm(dim=-1), lengths, rtol=1e-12)
    assert lengths.min() >= 0.4 and lengths.max() < 0.5
    assert abs(lengths.mean().item() - 0.45) < 4 * 0.1 / np.sqrt(12 * 20_000)
    directions = shifts / lengths[:, None]
    assert directions.mean(0).abs().max() < 4 / np.sqrt(3 * 20_000)
    assert (directions.mT @ directions / 20_000 - torch.eye(3) / 3).abs().max() < 0.01
    other = MODULE._draw(0, 5, 20_000, 0.1, torch.zeros(1, 3, dtype=torch.float64))[1]
    others = other / other.norm(dim=-1, keepdim=True)
    assert not torch.allclose(directions, others), "each shell has its own directions"


@pytest.mark.parametrize("kind", [linear, network])
def test_no_shortcut_changes_a_result(kind, monkeypatch):
    """What the Lipschitz constants pass or flag holds nothing: at 1e6 everything is searched."""
    model, vae, X = kind(4), curved(4), 2 * rows(4)
    options = {"samples": 40, "max_cost": 2.0, "seed": 0}
    short = cchvae(model, X, vae, **options)
    flagged = short.n_evals == 0
    monkeypatch.setattr(MODULE, "lipschitz_upper", lambda decoder: 1e6)
    decoded = cchvae(model, X, vae, **options)
    assert all(torch.equal(a, b) for a, b in zip(short, decoded))
    monkeypatch.setattr(MODULE, "lipschitz", lambda model: torch.full_like(model.eps, 1e6))
    searched = cchvae(model, X, vae, **options)
    assert (searched.n_evals > 0).all()
    assert torch.equal(searched.valid, short.valid) and torch.equal(searched.x_cf, short.x_cf)
    assert flagged.any() == (kind is linear) and not searched.valid[flagged].any()


def test_fine_shells_approach_the_smallest_latent_distance():
    """For G(z) = A z + c and a linear model the boundary is |h(G(z))| / ||A^T w|| away from z."""
    model, X = linear(5), rows(5)
    vae = fit_pca(rows(5, n=400), latent=2)
    h = model(decode(vae, encode(vae, X)))
    away = h.abs() / (model.w @ vae.decoder.A).norm(dim=-1, keepdim=True)
    exact = torch.where((h >= 0) == (flip_target(model, X) > 0), 0.0, away)
    errors, budgets = [], {"max_cost": 30.0, "max_evals": 10**7}
    for step, samples in ((0.4, 30), (0.05, 300), (0.01, 3000)):
        found = cchvae(model, X, vae, samples=samples, step=step, seed=0, **budgets)
        near = exact < 5
        assert found.valid[near].all() and torch.all((found.latent_distance >= exact - 1e-12)[near])
        errors.append((found.latent_distance - exact)[near].max().item())
    assert errors[2] < 0.02 and errors[0] > errors[1] > errors[2]


def test_the_radius_does_not_bound_the_cost():
    """E = 0, G = id, x = 10, f = 1{x' <= 1}: the first shell succeeds, at radius 0.1.

    The cost is 9.9 or more, not L r = 0.1.
    """
    model = family([[-1.0]], [1.0], [0.0])
    found = cchvae(model, [[10.0]], point_decoder([[1.0]], [0.0]), max_cost=20.0, seed=0)
    assert found.valid.item() and found.radius.item() == pytest.approx(0.1)
    assert found.cost.item() >= 9.9
    error = found.reconstruction_error.item()
    assert found.cost.item() <= 0.1 + error, "the reconstruction error is what is missing"


@FAST
@given(st.integers(0, 10**6), st.sampled_from([linear, network]), st.booleans())
def test_repaired_theorem_2(seed, kind, flat):
    step, samples, slack = 0.2, 40, 1e-9
    model, X = kind(seed), rows(seed, n=20)
    vae = fit_pca(rows(seed, n=400), latent=3) if flat else curved(seed)
    found = cchvae(model, X, vae, samples=samples, step=step, seed=seed)
    z, z_cf = encode(vae, X), latents(found, vae, X, seed=seed, samples=samples, step=step)
    moved = (z_cf - z).norm(dim=-1)[found.valid]
    assert torch.allclose(moved, found.latent_distance[found.valid], rtol=0, atol=1e-9)

    both = found.valid[0] & found.valid[2]
    r_nr, r_r = found.radius[[0, 2]]
    displacement = (found.x_cf[2] - found.x_cf[0]).norm(dim=-1)
    apart = (z_cf[2] - z_cf[0]).norm(dim=-1)
    assert torch.all((apart <= r_r + r_nr)[both])
    error, cost = found.reconstruction_error, found.cost[2]
    local, mu = lipschitz_local(vae.decoder, z, torch.maximum(r_nr, r_r))
    for upper in (torch.full_like(local, lipschitz_upper(vae.decoder)), local):
        assert torch.all((displacement <= upper * apart + slack)[both])
        assert torch.all((cost <= upper * r_r + error + slack)[both])
    between = ((r_r - r_nr).abs() - step).clamp_min(0)
    assert torch.all((displacement >= mu * between - slack)[both])
    assert torch.all((cost >= mu * (r_r - step) - error - slack)[both])


def test_the_printed_lower_bound_breaks():
    """L (r_R - r_NR) <= ||x_R - x_NR|| fails for a good part of the rows.

    The upper constant times the radii is no lower bound.
    """
    broken = []
    for seed in range(5):
        model, vae, X = linear(seed), curved(seed), rows(seed)
        found = cchvae(model, X, vae, samples=100, seed=seed)
        larger = found.valid[0] & found.valid[2] & (found.radius[2] > found.radius[0])
        displacement = (found.x_cf[2] - found.x_cf[0]).norm(dim=-1)
        printed = lipschitz_upper(vae.decoder) * (found.radius[2] - found.radius[0])
        broken.append((displacement < printed)[larger])
    assert torch.cat(broken).double().mean() > 0.3


def test_bounds_hold_and_keep_the_upper_constant():
    model, vae, X = linear(6), curved(6), rows(6)
    lower, upper = np.full_like(X, -np.inf), np.full_like(X, np.inf)
    lower[:, 0] = upper[:, 0] = X[:, 0]
    lower[:, 1] = X[:, 1]
    found = cchvae(model, X, vae, lower=lower, upper=upper, seed=0)
    free = cchvae(model, X, vae, seed=0)
    start = torch.as_tensor(X)
    immutable = start[:, 0].expand(3, -1)
    assert torch.equal(found.x_cf[..., 0], immutable), "an immutable feature stays, to the bit"
    assert torch.all(found.x_cf[..., 1] >= start[:, 1]) and (free.x_cf[..., 1] < start[:, 1]).any()
    assert 0 < found.valid.double().mean() <= free.valid.double().mean()
    both = found.valid[0] & found.valid[2]
    displacement = (found.x_cf[2] - found.x_cf[0]).norm(dim=-1)
    most = lipschitz_upper(vae.decoder) * (found.radius[2] + found.radius[0])
    assert torch.all((displacement <= most)[both])
    ranges = cchvae(model, X, vae, lower=X.min(0), upper=X.max(0), seed=0)
    points = ranges.x_cf.numpy()
    assert np.all(points >= X.min(0)) and np.all(points <= X.max(0)) and ranges.valid.any()


def test_nothing_to_change_is_flagged_without_a_search():
    model, vae, X = linear(7), curved(7), rows(7)
    found = cchvae(model, X, vae, lower=X, upper=X, seed=0)
    assert not found.valid.any() and not found.n_evals.any() and not found.cost.any()
    assert torch.equal(found.x_cf, torch.as_tensor(X).expand_as(found.x_cf))


def test_a_constant_model_is_flagged_without_a_search():
    model = linear(8)
    model.w[1], X = 0.0, rows(8)
    found = cchvae(model, X, curved(8), seed=0)
    assert not found.valid[1].any() and not found.n_evals[1].any() and not found.radius[1].any()
    assert found.valid[[0, 2]].any(), "the others are searched all the same"
    assert all(torch.isfinite(field).all() for field in found)
    on_the_boundary = family([[0.0] * 4], [0.0], [0.15])
    assert not cchvae(on_the_boundary, X, curved(8), seed=0).n_evals.any()


def test_rows_beyond_the_budget_of_cost_are_flagged_and_none_costs_more():
    model, X = linear(9), 2 * rows(9)
    vae = fit_pca(X, latent=3)
    found = cchvae(model, X, vae, max_cost=1.0, seed=0)
    distance = boundary_distance(model, X)
    beyond, within = distance > 1.01, distance < 1
    assert beyond.any() and not found.n_evals[beyond].any() and (found.n_evals > 0)[within].all()
    assert found.valid.any() and (found.cost <= 1.0).all()
    ended = found.n_evals < 30_000
    assert ended.all(), "a search ends once every point of a shell costs too much"


def test_budgets_of_evaluations():
    model, vae, X = linear(10), curved(10), rows(10)
    idle = cchvae(model, X, vae, max_evals=0, seed=0)
    for field in (idle.valid, idle.n_evals, idle.radius, idle.cost):
        assert not field.any()
    little, much = (cchvae(model, X, vae, max_evals=budget, seed=0) for budget in (1799, 30_000))
    assert little.n_evals.max() == 1500, "a shell that the budget does not cover is not entered"
    assert torch.equal(little.x_cf[little.valid], much.x_cf[little.valid])
    assert (much.valid & ~little.valid).any()
    reached = little.radius[~little.valid & (little.n_evals > 0)]
    assert torch.allclose(reached, torch.full_like(reached, 0.5))


def test_a_target_may_be_given():
    model, vae, X = linear(11), curved(11), rows(11)
    up = cchvae(model, X, vae, target=1.0, seed=0)
    denied = ~predict(model, X)
    assert predict(model, up.x_cf)[up.valid].all()
    for e, mine in enumerate(denied):
        one, own = select(model, e), X[mine.numpy()]
        given = cchvae(one, own, vae, target=1.0, seed=0)
        assert torch.equal(given.x_cf, cchvae(one, own, vae, seed=0).x_cf)
        assert torch.allclose(given.x_cf[0], up.x_cf[e, mine], rtol=0, atol=1e-12)


def test_a_target_that_is_met_costs_nothing():
    model, vae, X = linear(11), curved(11), rows(11)
    target = torch.where(predict(model, X), 1.0, -1.0)
    found = cchvae(model, X, vae, target=target, seed=0)
    assert found.valid.all() and torch.equal(found.x_cf, torch.as_tensor(X).expand(3, -1, -1))
    for field in (found.cost, found.n_evals, found.radius, found.latent_distance):
        assert not field.any()


@pytest.mark.parametrize("part", ["encoder", "decoder"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_vae_that_is_not_finite_is_refused(part, value):
    model, vae, X = linear(12), curved(12), rows(12)
    broken = getattr(vae, part)
    broken = broken._replace(c=broken.c + value)
    with pytest.raises(ValueError, match="the VAE has a parameter that is not finite: scale X"):
        cchvae(model, X, vae._replace(**{part: broken}), seed=0)


def test_a_trained_autoencoder_and_a_float32_network():
    model, X = to(network(12), torch.float32), rows(12, n=300)
    vae = fit_vae(X, latent=3, steps=200, seed=0)
    found = cchvae(model, X, vae, seed=0)
    assert found.x_cf.dtype == torch.float32 and found.valid.double().mean() > 0.3
    assert torch.equal(found.valid, predict(model, found.x_cf) != predict(model, X))
    least = 0.999 * model(X).abs() / lipschitz(model)[:, None]
    assert torch.all((found.cost >= least)[found.valid])


def test_the_first_shell_with_a_hit_gives_its_closest_hit():
    """Against all shells decoded and judged one by one, in float64."""
    model, vae, X = linear(13, E=1), curved(13), rows(13, n=10)
    found, z = cchvae(model, X, vae, samples=60, step=0.3, seed=2), encode(vae, X)
    for i, x in enumerate(torch.as_tensor(X)):
        for shell in range(500):
            points = decode(vae, z[i] + MODULE._draw(2, shell, 60, 0.3, z)[1])
            cost = (points - x).norm(dim=-1)
            hits = cost[predict(model, points)[0] != predict(model, x[None])[0]]
            if len(hits) or cost.min() > 10:
                break
        assert found.radius[0, i].item() == pytest.approx(0.3 * (shell + 1))
        assert found.valid[0, i] == bool((hits <= 10).any())
        if found.valid[0, i]:
            assert found.cost[0, i] == pytest.approx(hits.min().item())
    assert found.valid.double().mean() > 0.5


def test_float32_never_has_the_last_word():
    """Near 10,000 float32 cannot tell x from the boundary, 4e-4 away.

    So its first shell seems to hit; float64 says no.
    """
    model = family([[1.0]], [-10_000.0004], [0.0])
    assert not predict(model, [[10_000.0]]) and predict(to(model, torch.float32), [[10_000.0]])
    found = cchvae(model, [[10_000.0]], point_decoder([[1.0]], [10_000.0]), step=1e-4, seed=0)
    assert found.valid.item() and 4e-4 <= found.latent_distance.item() < 6e-4


def test_no_rows():
    found = cchvae(linear(0), np.empty((0, 4)), curved(0), seed=0)
    assert found.x_cf.shape == (3, 0, 4)
    assert found.radius.shape == (3, 0)
    assert found.reconstruction_error.shape == (0,)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"samples": 0}, "samples must be a whole number of at least 1, not 0"),
        ({"samples": 2.5}, "samples must be a whole number"),
        ({"step": 0.0}, "step must be finite and positive, not 0.0"),
        ({"step": np.nan}, "step must be finite and positive, not nan"),
        ({"max_cost": -1.0}, "max_cost is a budget"),
        ({"max_evals": np.inf}, "max_evals is a budget"),
        ({"X": [[np.nan] * 4]}, r"X\[0, 0\] is nan"),
        ({"X": np.ones(4)}, "single row"),
        ({"vae": curved(0, d=5)}, "vae decodes to 5 features, but X has 4"),
        ({"target": 0.0}, "target must hold"),
        ({"lower": np.ones(4), "upper": np.zeros(4)}, "lies outside its own bounds"),
        ({"lower": np.zeros(3)}, "lower must have shape"),
        ({"upper": np.full(4, np.nan)}, "upper must have shape"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        cchvae(linear(8), **({"X": np.ones((1, 4)), "vae": curved(0), "seed": 0} | options))


NEVER = (np.nan, np.inf, -np.inf, -1, "0.5", None, [0.5])
"""Values that no numeric option takes."""

OPTIONS = [
    ("samples", (0, 2.5), "a whole number of at least 1"),
    ("step", (0.0,), "finite and positive"),
    ("max_cost", (), "finite and at least 0"),
    ("max_evals", (), "finite and at least 0"),
    ("seed", (0.5,), "a whole number of at least 0"),
]


@pytest.mark.parametrize("name, values, expected", OPTIONS)
def test_every_numeric_option_is_checked(name, values, expected):
    for value in (*NEVER, *values):
        message = re.escape(f"{name} must be {expected}, not {value!r}")
        with pytest.raises(ValueError, match=message):
            cchvae(linear(8), np.ones((2, 4)), curved(0), **{"seed": 0, name: value})


@pytest.mark.parametrize("kind", [pd.DataFrame, read_only], ids=["table", "read-only"])
@pytest.mark.usefixtures("every_warning")
def test_tables_and_read_only_arrays_are_taken(kind):
    model, vae, X = linear(14), curved(14), rows(14)
    target = np.where(np.random.default_rng(14).random((3, len(X))) < 0.5, 1.0, -1.0)
    arrays = {"target": target, "lower": X - 2.0, "upper": X + 2.0}
    plain = cchvae(model, X, vae, **arrays, samples=40, seed=0)
    others = {name: kind(value) for name, value in arrays.items()}
    found = cchvae(model, kind(X), vae, **others, samples=40, seed=0)
    assert plain.valid.any() and all(torch.equal(a, b) for a, b in zip(found, plain))

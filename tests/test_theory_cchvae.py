"""Theorem 2 repaired on random, adversarial and searched recourses.

The printed one against its counterexamples; negative controls.
"""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rrlib import theory
from rrlib.models import LogisticRegression, init_network, lipschitz, predict
from rrlib.models.decoder import Residual, lipschitz_local, lipschitz_upper
from rrlib.models.vae import VAE, decode, encode, fit_pca
from rrlib.recourse import cchvae

BATCH = 200
"""Random instances in each of Hypothesis's 100 examples: 20,000 for each statement."""

seeds = st.integers(0, 2**32 - 1)
norms = st.sampled_from([1, 2, np.inf])
poses = st.sampled_from(["free", "one ray", "opposite rays", "extreme directions"])


def size(a, p=2):
    return np.linalg.norm(a, ord=p, axis=-1)


def shifts(rng, k, p, pose, weak=0, steep=-1):
    """z_nr - z and z_r - z, shape (2, BATCH, k), and their lengths, shape (2, BATCH).

    Free, on one ray, on opposite rays, or along two given axes.
    """
    directions = rng.normal(size=(2, BATCH, k))
    if pose in ("one ray", "opposite rays"):
        directions[1] = directions[0] if pose == "one ray" else -directions[0]
    elif pose == "extreme directions":
        directions = np.zeros((2, BATCH, k))
        directions[0, :, steep] = directions[1, :, weak] = 1
    length = 10 ** rng.uniform(-2, 1, (2, BATCH))
    return directions * (length / size(directions, p))[..., None], length


def holds(value, bounds, scale):
    slack = 1e-10 * (1 + scale)
    return np.all(bounds.lower <= value + slack) and np.all(value <= bounds.upper + slack)


@given(seeds, st.integers(1, 4), norms, poses, st.sampled_from([0.0, 0.1, 2.0]))
def test_theorem2_repaired_in_every_norm(seed, k, p, pose, step):
    """Diagonal decoders, whose constants are exact in every l_p norm; x is anywhere."""
    rng = np.random.default_rng(seed)
    stretch = 10 ** rng.uniform(-1, 1, (BATCH, k))
    L, mu = stretch.max(1), stretch.min(1)
    shift, length = shifts(rng, k, p, pose)
    residual = rng.normal(size=(BATCH, k)) * 10 ** rng.uniform(-3, 1, (BATCH, 1))
    moved = stretch * shift
    value, error = size(moved[1] - moved[0], p), size(residual, p)
    cost = size(moved + residual, p)
    radius = length + step * rng.random((2, BATCH))
    scale = L * radius.sum(0) + error
    assert holds(value, theory.theorem2(*length, L, mu), scale)
    assert holds(value, theory.theorem2(*radius, L, mu, step=step), scale)
    assert holds(cost, theory.cchvae_cost(radius, error, L, mu, step=step), scale)
    assert holds(cost[1] - cost[0], theory.cchvae_cost_gap(*radius, error, L, mu, step=step), scale)


@given(seeds, st.integers(1, 4), poses)
def test_theorem2_repaired_for_linear_decoders(seed, k, pose):
    """Singular values are the constants; the pseudo-inverse, as an encoder, has 1 / mu."""
    rng = np.random.default_rng(seed)
    U, s, Vt = np.linalg.svd(rng.normal(size=(BATCH, 5, k)), full_matrices=False)
    shift, length = shifts(rng, k, 2, pose)
    shift = np.einsum("nji,bnj->bni", Vt, shift)  # the axes become singular directions
    moved = np.einsum("nij,nj,njk,bnk->bni", U, s, Vt, shift)
    value = size(moved[1] - moved[0])
    bounds = theory.theorem2(*length, s[:, 0], s[:, -1])
    assert holds(value, bounds, bounds.upper)
    again = size(np.einsum("njk,nj,nij,bni->bnk", Vt, 1 / s, U, moved))
    assert np.allclose(again, length, rtol=1e-6), "the encoder undoes the decoder"


def test_theorem2_is_attained_at_both_ends():
    for z_nr, z_r, stretch, side in ((1.0, 3.0, 0.5, "lower"), (-1.0, 3.0, 2.0, "upper")):
        bounds = theory.theorem2(abs(z_nr), abs(z_r), 2.0, 0.5)
        assert abs(stretch * z_r - stretch * z_nr) == getattr(bounds, side)
    gap = theory.cchvae_cost_gap(1.0, 3.0, 0.0, 3.0, 1.0)
    assert gap.lower == 0.0, "diag(3, 1): (1, 0) and (0, 3) cost the same"
    gap = theory.cchvae_cost_gap(1.0, 3.0, 0.5, 3.0, 1.0, step=0.1)
    assert gap.lower == pytest.approx(2.9 - 3.0 - 1.0)


@given(seeds, st.integers(1, 3), poses, st.floats(0.05, 1.5))
def test_theorem2_repaired_for_curved_decoders(seed, k, pose, bend):
    """Constants from `lipschitz_local` on each instance's own ball.

    The bounds are positive where the decoder bends little.
    """
    rng = np.random.default_rng(seed)
    decoder = curved(rng, k, bend)
    shift, length = shifts(rng, k, 2, pose)
    z = rng.normal(size=(BATCH, k))
    L, mu = (part.numpy() for part in lipschitz_local(decoder, z, torch.as_tensor(length.max(0))))
    at_z, at_nr, at_r = (decoder(torch.as_tensor(z + move)).numpy() for move in (0, *shift))
    value, residual = size(at_r - at_nr), rng.normal(size=(BATCH, 4))
    cost = np.stack([size(point - at_z + residual) for point in (at_nr, at_r)])
    scale = L * length.sum(0) + size(residual)
    assert holds(value, theory.theorem2(*length, L, mu), scale)
    assert holds(cost, theory.cchvae_cost(length, size(residual), L, mu), scale)
    assert holds(cost[1] - cost[0], theory.cchvae_cost_gap(*length, size(residual), L, mu), scale)


@given(seeds, st.integers(1, 3), st.floats(0.1, 3))
def test_encoder_bound(seed, k, bend):
    """The encoder's constant, taken on a ball around x that holds both recourses.

    It bounds their distance from below.
    """
    rng = np.random.default_rng(seed)
    encoder = curved(rng, 4, bend, out=k)
    X = rng.normal(size=(BATCH, 4))
    x_nr, x_r = 10 ** rng.uniform(-2, 1, (2, BATCH, 1)) * rng.normal(size=(2, BATCH, 4))
    reach = np.maximum(size(x_nr), size(x_r))
    slope = lipschitz_local(encoder, X, torch.as_tensor(reach))[0].numpy()
    z = encoder(torch.as_tensor(X)).numpy()
    again = [encoder(torch.as_tensor(X + move)).numpy() for move in (x_nr, x_r)]
    rho = [size(point - z) for point in again]
    assert np.all(np.abs(rho[1] - rho[0]) / slope <= size(x_r - x_nr) + 1e-10)


@given(seeds, st.booleans())
def test_decoder_free_bound(seed, linear):
    """Any two points of which the other model likes one only.

    Along its gradient the bound is attained if the model is linear.
    """
    rng = np.random.default_rng(seed)
    model = init_network(4, [0.0], seed)
    if linear:
        w, b = rng.normal(size=(1, 4)), rng.normal(size=1)
        model = LogisticRegression(*map(torch.as_tensor, (w, b, np.zeros(1))))
    x_nr, x_r = rng.normal(size=(2, BATCH, 4)) * 10 ** rng.uniform(-2, 1, (2, BATCH, 1))
    h, wanted = model(x_nr)[0].numpy(), predict(model, x_r)[0].numpy()
    slope = lipschitz(model).item()
    bound = theory.decoder_free(h, (h >= 0) == wanted, slope)
    assert np.all(bound <= size(x_r - x_nr) + 1e-10) and np.all(bound >= 0)
    if linear:
        step = np.where(h >= 0, -1, 1)[:, None] * model.w.numpy() / slope
        reach = theory.decoder_free(h, np.zeros(BATCH, bool), slope)
        nearest = x_nr + reach[:, None] * step
        assert np.abs(model(nearest)[0].numpy()).max() < 1e-9, "it lies on the boundary"


@given(seeds)
def test_theorem2_on_the_search_itself(seed):
    """C-CHVAE on random decoders and pairs of linear classifiers.

    All repaired statements and the printed upper bound.
    """
    value, printed, *checks = searched(seed)
    for measured, bounds, scale in checks:
        assert holds(measured, bounds, scale)
    assert np.all(value <= printed.upper + 1e-9)


def test_the_search_breaks_the_printed_lower_bound():
    broken = []
    for seed in range(20):
        value, printed, *_ = searched(seed)
        broken.append(printed.lower > value + 1e-9)
    assert np.concatenate(broken).mean() > 0.1


def test_negative_controls():
    """Each hypothesis of Theorem 2, weakened: the check fails for many of 20,000 instances."""

    def below(x, bounds):
        return np.sum(bounds.lower > x + 1e-9)

    rng = np.random.default_rng(0)
    counts = Counter()
    for _ in range(100):
        stretch = 10 ** rng.uniform(-1, 1, (BATCH, 3))
        L, mu = stretch.max(1), stretch.min(1)
        shift, length = shifts(rng, 3, 2, "free")
        residual = rng.normal(size=(BATCH, 3))
        moved, error, radius = stretch * shift, size(residual), length + rng.random((2, BATCH))
        value, cost = size(moved[1] - moved[0]), size(moved + residual)
        counts["L for mu"] += below(value, theory.theorem2(*length, L, L))
        counts["no width"] += below(value, theory.theorem2(*radius, L, mu))
        exact = theory.cchvae_cost(radius, 0.0, L, mu, step=1.0)
        counts["no reconstruction error"] += below(cost, exact)
        gap = theory.cchvae_cost_gap(*length, error, mu, mu)
        counts["gap without condition number"] += below(cost[1] - cost[0], gap)
        decoder = curved(rng, 3, 5.0)
        z = np.zeros((BATCH, 3))
        _, mu = (part.numpy() for part in lipschitz_local(decoder, z, 1e-3))
        at = [decoder(torch.as_tensor(move)).numpy() for move in shift]
        counts["ball too small"] += below(size(at[1] - at[0]), theory.theorem2(*length, 0.0, mu))
    assert len(counts) == 5 and min(counts.values()) > 50, counts


def test_encoder_and_decoder_free_controls():
    """Both bounds break: with half the encoder's constant, and where the other model accepts.

    The recourse is then one that the other model accepts already.
    """
    encoder = torch.diag(torch.tensor([2.0, 1.0]))
    x_nr, x_r = torch.tensor([1.0, 0.0]), torch.tensor([3.0, 0.0])
    rho = [(encoder @ point).norm().item() for point in (x_nr, x_r)]
    distance = (x_r - x_nr).norm().item()
    assert abs(rho[1] - rho[0]) / 2 == distance and abs(rho[1] - rho[0]) / 1 > distance
    overlooked, noticed = (theory.decoder_free(5.0, reached, 1.0) for reached in (False, True))
    assert noticed == 0 < overlooked, "the other model may give the same recourse, at distance 0"


@pytest.mark.parametrize(
    "name, L, z, x, radius",
    [
        ("C1", 1.0, (1.0, 2.0), (0.5, 1.0), (1.0, 2.0)),
        ("C4", 1.0, (0.99, 1.01), (0.99, 1.01), (1.0, 2.0)),
    ],
)
def test_counterexamples_still_break_theorem2_as_printed(name, L, z, x, radius):
    value, printed = abs(x[1] - x[0]), theory.theorem2_printed(*radius, L)
    assert value < printed.lower, name
    assert value < printed.upper, "the upper bound is true"
    mu = abs(x[0] / z[0])
    assert holds(value, theory.theorem2(*z, L, mu), 1.0)
    assert holds(value, theory.theorem2(*radius, L, mu, step=1.0), 1.0)


def test_a_pointwise_constant_keeps_nothing_apart():
    """C5: the circle has speed 1 everywhere, and decodes 0 and 2 pi alike.

    So mu = 1 on the whole line would be wrong.
    """

    def circle(z):
        return np.array([np.cos(z), np.sin(z)])

    assert theory.theorem2(0.0, 2 * np.pi, 1.0, 1.0).lower > 6
    assert np.linalg.norm(circle(2 * np.pi) - circle(0.0)) < 1e-15


def curved(rng, k, bend, *, out=4, hidden=5):
    """A random linear map plus a hidden layer of weight `bend`."""

    def draw(*shape):
        return torch.as_tensor(rng.normal(size=shape))

    linear, offset = draw(out, k), draw(out)
    inner, shift = draw(hidden, k), draw(hidden)
    return Residual(linear, offset, inner, shift, bend * draw(out, hidden) / hidden)


def searched(seed, n=110):
    """Run C-CHVAE for two random linear classifiers.

    Return the pairs' distances, the printed bounds, and all that must hold.
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4)) * [3, 1, 1, 0.3]
    vae = fit_pca(X, latent=2)
    if seed % 2:
        vae = VAE(vae.encoder, curved(rng, 2, 0.3))
    w, b, eps = rng.normal(size=(2, 4)), rng.normal(size=2), np.array([0.0, 0.1])
    model = LogisticRegression(*map(torch.as_tensor, (w, b, eps)))
    found = cchvae(model, X, vae, samples=40, step=0.3, max_evals=1200, seed=seed)
    rows = found.valid.all(0)
    fields = found.x_cf, found.radius, found.latent_distance, found.cost
    x_cf, radius, latent, cost = (field[:, rows].numpy() for field in fields)
    z, error = encode(vae, X)[rows], found.reconstruction_error[rows].numpy()
    reached, searched_to = torch.as_tensor(latent.max(0)), torch.as_tensor(radius.max(0))
    L, mu = (part.numpy() for part in lipschitz_local(vae.decoder, z, reached))
    wide = [part.numpy() for part in lipschitz_local(vae.decoder, z, searched_to)]
    value, scale = size(x_cf[1] - x_cf[0]), 1 + L * radius.sum(0) + error
    assert np.allclose(size(decode(vae, z).numpy() - X[rows.numpy()]), error)
    h = model(x_cf[0])[1].numpy()
    accepted = (h >= 0) == ~predict(model, X)[1, rows].numpy()
    apart = theory.decoder_free(h, accepted, lipschitz(model)[1].item())
    free = theory.Bounds(apart, np.full_like(value, np.inf))
    checks = [
        (value, theory.theorem2(*latent, L, mu), scale),
        (value, free, scale),
        (value, theory.theorem2(*radius, *wide, step=0.3), scale),
        (cost, theory.cchvae_cost(radius, error, *wide, step=0.3), scale),
        (cost[1] - cost[0], theory.cchvae_cost_gap(*radius, error, *wide, step=0.3), scale),
    ]
    return value, theory.theorem2_printed(*radius, lipschitz_upper(vae.decoder)), *checks

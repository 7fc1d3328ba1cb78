"""Autoencoders: principal components exactly, what training gains over them, Lipschitz bounds."""

import os

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rrlib import study
from rrlib.data import datasets
from rrlib.models.decoder import (
    Residual,
    decode_around,
    lipschitz_local,
    lipschitz_product,
    lipschitz_upper,
)
from rrlib.models.vae import (
    active_latents,
    decode,
    encode,
    fit_pca,
    fit_vae,
    reconstruction_error,
    rescale,
)


def decoder(seed, k=3, H=6, d=4, size=1.0):
    """A random decoder whose hidden layer bends near the origin."""
    rng = np.random.default_rng(seed)
    A, c = rng.normal(size=(d, k)), rng.normal(size=d)
    W1, b1 = size * rng.normal(size=(H, k)), rng.normal(size=H)
    W2 = size * rng.normal(size=(d, H))
    return Residual(*map(torch.as_tensor, (A, c, W1, b1, W2)))


def scalar(a, w1, w2, b1=0.3):
    """The decoder G(z) = a z + w2 sigmoid(w1 z + b1)."""
    parts = [[a]], [0.0], [[w1]], [b1], [[w2]]
    return Residual(*(torch.tensor(part, dtype=torch.float64) for part in parts))


def jacobians(G, Z):
    return torch.func.vmap(torch.func.jacrev(G))(Z)


def curve(seed, n=400):
    """Points near a parabola, which no line follows."""
    rng = np.random.default_rng(seed)
    t = rng.normal(size=n)
    return np.column_stack([t, 0.5 * t**2, 0.5 * t]) + 0.05 * rng.normal(size=(n, 3))


def rmse(vae, X):
    return reconstruction_error(vae, X).square().div(X.shape[1]).mean().sqrt().item()


def test_principal_components_are_the_projection():
    X = np.random.default_rng(0).normal(size=(200, 5)) @ np.diag([3, 2, 1, 0.5, 0.1]) + 7
    pca = fit_pca(X, latent=2)
    centred = X - X.mean(0)
    _, s, V = np.linalg.svd(centred, full_matrices=False)
    projected = X.mean(0) + centred @ V[:2].T @ V[:2]
    z = encode(pca, X)
    assert np.allclose(decode(pca, z), projected, rtol=0, atol=1e-10)
    error = np.linalg.norm(projected - X, axis=1)
    assert np.allclose(reconstruction_error(pca, X), error, rtol=0, atol=1e-10)
    assert np.allclose(np.cov(z.mT), np.eye(2), rtol=0, atol=1e-10), "the latents are white"
    assert active_latents(pca, X) == 2
    scale = s[:2] / np.sqrt(199)
    constant = lipschitz_upper(pca.decoder)
    assert constant == lipschitz_product(pca.decoder)
    assert constant == pytest.approx(scale[0], rel=1e-10), "exact for a linear decoder"
    upper, lower = lipschitz_local(pca.decoder, z, 5.0)
    assert np.allclose(upper, scale[0])
    assert np.allclose(lower, scale[1]), "so is the lower constant, on any ball"


@pytest.mark.parametrize("name", datasets.NAMES)
def test_reconstruction_beats_principal_components_and_nothing_collapses(name, monkeypatch):
    monkeypatch.setenv("RRLIB_DATA", os.environ.get("RRLIB_DATA", "twin"))
    data = datasets.load(name, seed=0)
    vae = study.vae_of(name, 0)
    pca = fit_pca(data.X_train, latent=4)
    assert rmse(vae, data.X_test) <= rmse(pca, data.X_test), "on rows that neither has seen"
    assert active_latents(vae, data.X_test) == 4


def test_training_gains_what_a_line_cannot():
    vae = fit_vae(curve(0), latent=1, steps=600, seed=0)
    assert rmse(vae, curve(1)) < 0.5 * rmse(fit_pca(curve(0), latent=1), curve(1))


def test_a_collapsed_autoencoder_is_noticed():
    """A KL term that outweighs the data leaves a constant decoder.

    Its Lipschitz constant is small, and proves nothing.
    """
    options = {"latent": 2, "steps": 600, "seed": 0}
    collapsed = fit_vae(curve(0), beta=50.0, **options)
    assert active_latents(collapsed, curve(1)) == 0
    assert active_latents(fit_vae(curve(0), **options), curve(1)) > 0


def test_decay_keeps_the_constant_small():
    options = {"latent": 1, "steps": 300, "seed": 0}
    loose = fit_vae(curve(0), decay=0.0, **options)
    tight = fit_vae(curve(0), decay=0.01, **options)
    assert lipschitz_upper(tight.decoder) < lipschitz_upper(loose.decoder)


def test_same_seed_same_bits():
    first, again, other = (fit_vae(curve(0), latent=2, steps=50, seed=seed) for seed in (3, 3, 4))
    assert all(torch.equal(a, b) for a, b in zip(first.decoder, again.decoder))
    assert not torch.equal(first.decoder.W1, other.decoder.W1)
    assert all(p.dtype == torch.float64 and not p.requires_grad for part in first for p in part)


def test_latents_are_means_and_nothing_is_sampled():
    vae = fit_vae(curve(0), latent=2, steps=50, seed=0)
    assert torch.equal(encode(vae, curve(1)), encode(vae, curve(1)))
    assert encode(vae, curve(1)).shape == (400, 2)
    assert vae.encoder(torch.zeros(1, 3, dtype=torch.float64)).shape == (1, 4)


@given(st.integers(0, 10**6), st.integers(0, 6))
def test_shifted_latents_are_decoded_as_if_one_by_one(seed, H):
    G, rng = decoder(seed, H=H), np.random.default_rng(seed)
    Z, shifts = torch.as_tensor(rng.normal(size=(5, 3))), torch.as_tensor(rng.normal(size=(7, 3)))
    expected = G(Z[:, None] + shifts).movedim(-1, 0)
    assert torch.allclose(decode_around(G, Z, shifts), expected, rtol=0, atol=1e-12)


def test_upper_constant_by_hand():
    """G(z) = a z + w2 sigmoid(w1 z + b1) has slopes from a to a + w1 w2 / 4."""
    by_hand = [
        (1.0, 2.0, 2.0, 2.0),
        (1.0, 4.0, -1.0, 1.0),
        (0.0, 2.0, 6.0, 3.0),
        (1.0, -12.0, 1.0, 2.0),
    ]
    for a, w1, w2, exact in by_hand:
        assert lipschitz_upper(scalar(a, w1, w2)) == pytest.approx(exact, rel=1e-12)
    assert lipschitz_product(scalar(1.0, 4.0, -1.0)) == 2.0, (
        "the product bound does not see that the hidden layer works against A"
    )


@given(st.integers(0, 10**6), st.floats(0.1, 4))
def test_upper_constant_bounds_every_jacobian_and_every_pair(seed, size):
    G, rng = decoder(seed, size=size), np.random.default_rng(seed)
    L = lipschitz_upper(G)
    Z = torch.as_tensor(rng.normal(size=(500, 3)) * 10 ** rng.uniform(-1, 1, (500, 1)))
    largest = torch.linalg.matrix_norm(jacobians(G, Z), 2).max().item()
    assert largest <= L <= lipschitz_product(G)
    u, v = Z, Z.roll(1, 0)
    assert torch.all((G(u) - G(v)).norm(dim=-1) <= L * (u - v).norm(dim=-1) * (1 + 1e-12))


def test_the_pairs_would_expose_a_constant_that_is_too_small():
    """Pairs a small step apart along the steepest direction violate a slightly smaller constant.

    That constant is 0.99 of the largest sampled Jacobian norm.
    """
    for seed in range(10):
        G, Z = decoder(seed), torch.as_tensor(np.random.default_rng(seed).normal(size=(500, 3)))
        J = jacobians(G, Z)
        _, largest, directions = torch.linalg.svd(J)
        moved = (G(Z + 1e-4 * directions[:, 0]) - G(Z)).norm(dim=-1) / 1e-4
        assert moved.max() > 0.99 * largest.max()


def test_scaling_tightens_the_bound():
    for seed in range(10):
        G = decoder(seed, H=20, size=2.0)
        assert lipschitz_upper(G) < lipschitz_upper(G, steps=1) < lipschitz_product(G)


@given(st.integers(0, 10**6), st.floats(0.01, 2), st.floats(0.05, 1.5))
def test_local_constants_bound_every_pair_in_the_ball(seed, radius, size):
    G, rng = decoder(seed, size=size), np.random.default_rng(seed)
    Z = torch.as_tensor(rng.normal(size=(20, 3)))
    upper, lower = lipschitz_local(G, Z, radius)
    ball = rng.normal(size=(2, 20, 50, 3))
    length = radius * rng.random((2, 20, 50, 1)) ** (1 / 3)
    ball *= length / np.linalg.norm(ball, axis=-1, keepdims=True)
    u, v = Z[:, None] + torch.as_tensor(ball)
    v = torch.where(torch.as_tensor(rng.random((20, 50, 1)) < 0.5), v, u + 1e-3 * (v - u))
    ratio = (G(u) - G(v)).norm(dim=-1) / (u - v).norm(dim=-1)
    assert torch.all(ratio <= upper[:, None] * (1 + 1e-9))
    assert torch.all(ratio >= lower[:, None] * (1 - 1e-9))
    assert torch.all(upper <= lipschitz_upper(G))


def test_local_constants_close_on_the_jacobian():
    G, Z = decoder(0), torch.as_tensor(np.random.default_rng(0).normal(size=(30, 3)))
    exact = torch.linalg.svdvals(jacobians(G, Z))
    upper, lower = lipschitz_local(G, Z, 0.0)
    assert torch.allclose(lower, exact[:, -1], rtol=1e-9)
    assert torch.allclose(upper, exact[:, 0].clamp_max(lipschitz_upper(G)), rtol=1e-9)
    each = lipschitz_local(G, Z, torch.linspace(0, 1, 30))
    alone = lipschitz_local(G, Z[7:8], 7 / 29)
    assert torch.allclose(each[1][7], alone[1][0], rtol=1e-6), "each row has its own radius"


def test_a_radius_keeps_all_its_digits():
    """A third in float32 is a little more than a third: 1e-8 in the constants."""
    G, Z = decoder(0), torch.as_tensor(np.random.default_rng(0).normal(size=(5, 3)))
    number = lipschitz_local(G, Z, 1 / 3)
    tensor = lipschitz_local(G, Z, torch.full((5,), 1 / 3, dtype=torch.float64))
    assert torch.equal(number[0], tensor[0]) and torch.equal(number[1], tensor[1])


def test_an_upper_constant_without_a_search_is_the_product_bound_or_less():
    G = decoder(0)
    assert lipschitz_upper(G) <= lipschitz_upper(G, steps=0) <= lipschitz_product(G)


def test_a_jacobian_bounded_below_bounds_no_pair():
    """A decoder that bends back: steep where its derivative is taken, yet far points meet."""
    fold = scalar(1.0, 1.0, -8.0, b1=0.0)
    Z = torch.tensor([[3.7]], dtype=torch.float64)
    slope = jacobians(fold, Z).abs().item()
    moves = torch.linspace(-4, 4, 801, dtype=torch.float64)[:, None]
    moves = moves[moves.abs().squeeze() > 0.01]
    ratio = (fold(Z) - fold(Z + moves)).norm(dim=-1) / moves.norm(dim=-1)
    assert slope > 0.5 and ratio.min() < 0.1 * slope
    assert lipschitz_local(fold, Z, 4.0)[1].item() == 0.0
    assert lipschitz_local(fold, Z, 0.5)[1].item() > 0.0


def test_more_latents_than_features_have_no_lower_constant():
    assert not lipschitz_local(decoder(0, k=5, d=2), torch.zeros(3, 5), 0.0)[1].any()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: fit_pca(np.ones((5, 3)), latent=1), "from 1 to 0"),
        (lambda: fit_pca(curve(0), latent=4), "from 1 to 3"),
        (lambda: fit_pca(curve(0), latent=1.5), "not 1.5"),
        (lambda: fit_pca(np.ones((1, 3)), latent=1), "of the 1 centred rows"),
        (lambda: fit_vae(np.empty((0, 3)), seed=0), "of the 0 centred rows"),
        (lambda: fit_vae(np.full((4, 3), np.nan), seed=0), r"X\[0, 0\] is nan"),
        (
            lambda: fit_vae(curve(0), latent=1, seed=0, beta=0),
            "beta must be finite and positive, not 0",
        ),
        (
            lambda: fit_vae(curve(0), latent=1, seed=0, steps=-1),
            "steps must be finite and positive, not -1",
        ),
        (
            lambda: fit_vae(curve(0), latent=1, seed=0, decay=-1),
            "decay must be finite and at least 0, not -1",
        ),
        (lambda: lipschitz_local(decoder(0), curve(0)[:1], -1.0), "radius must be finite and >= 0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_rescaled_vae_does_the_same_in_other_units():
    rng = np.random.default_rng(0)
    X, factor, shift = rng.normal(size=(200, 5)), rng.uniform(0.1, 3, 5), rng.normal(size=5)
    one = fit_vae(X, latent=3, seed=0, steps=20)
    other = rescale(one, factor, shift)
    U = factor * X + shift
    assert torch.allclose(encode(other, U), encode(one, X), atol=1e-10)
    Z = rng.normal(size=(7, 3))
    expected = torch.as_tensor(factor) * decode(one, Z) + torch.as_tensor(shift)
    assert torch.allclose(decode(other, Z), expected, atol=1e-10)


@pytest.mark.parametrize("scales, options", [([1, 1e4, 1], {}), ([1, 1, 1], {"rate": 1e30})])
def test_a_training_that_diverges_says_so(scales, options):
    X = np.random.default_rng(0).normal(size=(500, 3)) * scales
    with pytest.raises(ValueError, match="diverged: scale X"):
        fit_vae(X, latent=1, seed=0, steps=50, **options)

"""Autoencoders: principal components exactly, what training gains over them, and Lipschitz bounds that are never violated."""

import os

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rrlib import datasets
from rrlib.vae import (
    Residual, active_latents, decode, decode_around, encode, fit_pca, fit_vae, lipschitz_local, lipschitz_product, lipschitz_upper,
    reconstruction_error, rescale,
)


def decoder(seed, k=3, H=6, d=4, size=1.0):
    """A random decoder whose hidden layer bends near the origin."""
    rng = np.random.default_rng(seed)
    return Residual(*map(torch.as_tensor, (rng.normal(size=(d, k)), rng.normal(size=d), size * rng.normal(size=(H, k)), rng.normal(size=H),
                                           size * rng.normal(size=(d, H)))))


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
    assert np.allclose(reconstruction_error(pca, X), np.linalg.norm(projected - X, axis=1), rtol=0, atol=1e-10)
    assert np.allclose(np.cov(z.mT), np.eye(2), rtol=0, atol=1e-10), "the latents are white"
    assert active_latents(pca, X) == 2
    scale = s[:2] / np.sqrt(199)
    assert lipschitz_upper(pca.decoder) == lipschitz_product(pca.decoder) == pytest.approx(scale[0], rel=1e-10), "exact for a linear decoder"
    upper, lower = lipschitz_local(pca.decoder, z, 5.0)
    assert np.allclose(upper, scale[0]) and np.allclose(lower, scale[1]), "so is the lower constant, on any ball"


@pytest.mark.parametrize("name", datasets.NAMES)
def test_reconstruction_is_no_worse_than_principal_components_and_nothing_collapses(name, monkeypatch):
    monkeypatch.setenv("RRLIB_DATA", os.environ.get("RRLIB_DATA", "twin"))
    data = datasets.load(name, seed=0)
    vae = fit_vae(data.X_train, seed=0)
    assert rmse(vae, data.X_test) <= rmse(fit_pca(data.X_train, latent=4), data.X_test), "on rows that neither has seen"
    assert active_latents(vae, data.X_test) == 4


def test_training_gains_what_a_line_cannot():
    vae = fit_vae(curve(0), latent=1, steps=600, seed=0)
    assert rmse(vae, curve(1)) < 0.5 * rmse(fit_pca(curve(0), latent=1), curve(1))


def test_a_collapsed_autoencoder_is_noticed():
    """A KL term that outweighs the data leaves a constant decoder: its Lipschitz constant is small, and proves nothing."""
    collapsed = fit_vae(curve(0), latent=2, beta=50.0, steps=600, seed=0)
    assert active_latents(collapsed, curve(1)) == 0 < active_latents(fit_vae(curve(0), latent=2, steps=600, seed=0), curve(1))


def test_decay_keeps_the_constant_small():
    loose, tight = (fit_vae(curve(0), latent=1, steps=300, seed=0, decay=decay) for decay in (0.0, 0.01))
    assert lipschitz_upper(tight.decoder) < lipschitz_upper(loose.decoder)


def test_same_seed_same_bits():
    first, again, other = (fit_vae(curve(0), latent=2, steps=50, seed=seed) for seed in (3, 3, 4))
    assert all(torch.equal(a, b) for a, b in zip(first.decoder, again.decoder))
    assert not torch.equal(first.decoder.W1, other.decoder.W1)
    assert all(p.dtype == torch.float64 and not p.requires_grad for part in first for p in part)


def test_latents_are_means_and_nothing_is_sampled():
    vae = fit_vae(curve(0), latent=2, steps=50, seed=0)
    assert torch.equal(encode(vae, curve(1)), encode(vae, curve(1)))
    assert encode(vae, curve(1)).shape == (400, 2) and vae.encoder(torch.zeros(1, 3, dtype=torch.float64)).shape == (1, 4)


@given(st.integers(0, 10**6), st.integers(0, 6))
def test_shifted_latents_are_decoded_as_if_one_by_one(seed, H):
    G, rng = decoder(seed, H=H), np.random.default_rng(seed)
    Z, shifts = torch.as_tensor(rng.normal(size=(5, 3))), torch.as_tensor(rng.normal(size=(7, 3)))
    expected = G(Z[:, None] + shifts).movedim(-1, 0)
    assert torch.allclose(decode_around(G, Z, shifts), expected, rtol=0, atol=1e-12)


def test_upper_constant_by_hand():
    """G(z) = a z + w2 sigmoid(w1 z) has slopes from a to a + w1 w2 / 4."""
    scalar = lambda a, w1, w2: Residual(*(torch.tensor(v, dtype=torch.float64) for v in ([[a]], [0.0], [[w1]], [0.3], [[w2]])))
    for a, w1, w2, exact in ((1.0, 2.0, 2.0, 2.0), (1.0, 4.0, -1.0, 1.0), (0.0, 2.0, 6.0, 3.0), (1.0, -12.0, 1.0, 2.0)):
        assert lipschitz_upper(scalar(a, w1, w2)) == pytest.approx(exact, rel=1e-12)
    assert lipschitz_product(scalar(1.0, 4.0, -1.0)) == 2.0, "the product bound does not see that the hidden layer works against A"


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
    """Pairs a small step apart, along the steepest direction: they violate 0.99 of the largest sampled Jacobian norm."""
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
    ball *= radius * rng.random((2, 20, 50, 1)) ** (1 / 3) / np.linalg.norm(ball, axis=-1, keepdims=True)
    u, v = Z[:, None] + torch.as_tensor(ball)
    v = torch.where(torch.as_tensor(rng.random((20, 50, 1)) < 0.5), v, u + 1e-3 * (v - u))
    ratio = (G(u) - G(v)).norm(dim=-1) / (u - v).norm(dim=-1)
    assert torch.all(ratio <= upper[:, None] * (1 + 1e-9)) and torch.all(ratio >= lower[:, None] * (1 - 1e-9))
    assert torch.all(upper <= lipschitz_upper(G))


def test_local_constants_close_on_the_jacobian():
    G, Z = decoder(0), torch.as_tensor(np.random.default_rng(0).normal(size=(30, 3)))
    exact = torch.linalg.svdvals(jacobians(G, Z))
    upper, lower = lipschitz_local(G, Z, 0.0)
    assert torch.allclose(lower, exact[:, -1], rtol=1e-9) and torch.allclose(upper, exact[:, 0].clamp_max(lipschitz_upper(G)), rtol=1e-9)
    each = lipschitz_local(G, Z, torch.linspace(0, 1, 30))
    assert torch.allclose(each[1][7], lipschitz_local(G, Z[7:8], 7 / 29)[1][0], rtol=1e-6), "each row has its own radius"


def test_a_jacobian_bounded_below_bounds_no_pair():
    """A decoder that bends back: its derivative is never near 0 where it is taken, and two far points decode to one."""
    fold = Residual(*(torch.tensor(v, dtype=torch.float64) for v in ([[1.0]], [0.0], [[1.0]], [0.0], [[-8.0]])))
    Z = torch.tensor([[3.7]], dtype=torch.float64)
    slope = jacobians(fold, Z).abs().item()
    pairs = torch.linspace(-4, 4, 801, dtype=torch.float64)[:, None]
    ratio = (fold(Z) - fold(Z + pairs)).norm(dim=-1)[pairs.abs().squeeze() > 0.01] / pairs.norm(dim=-1)[pairs.abs().squeeze() > 0.01]
    assert slope > 0.5 and ratio.min() < 0.1 * slope
    assert lipschitz_local(fold, Z, 4.0)[1].item() == 0.0 < lipschitz_local(fold, Z, 0.5)[1].item()


def test_more_latents_than_features_have_no_lower_constant():
    assert not lipschitz_local(decoder(0, k=5, d=2), torch.zeros(3, 5), 0.0)[1].any()


@pytest.mark.parametrize("call, message", [
    (lambda: fit_pca(np.ones((5, 3)), latent=1), "from 1 to 0"),
    (lambda: fit_pca(curve(0), latent=4), "from 1 to 3"),
    (lambda: fit_pca(curve(0), latent=1.5), "not 1.5"),
    (lambda: fit_pca(np.ones((1, 3)), latent=1), "of the 1 centred rows"),
    (lambda: fit_vae(np.empty((0, 3)), seed=0), "of the 0 centred rows"),
    (lambda: fit_vae(np.full((4, 3), np.nan), seed=0), r"X\[0, 0\] is nan"),
    (lambda: fit_vae(curve(0), latent=1, seed=0, beta=0), "beta must be positive, not 0"),
    (lambda: fit_vae(curve(0), latent=1, seed=0, steps=-1), "steps must be positive, not -1"),
    (lambda: fit_vae(curve(0), latent=1, seed=0, decay=-1), "decay must be at least 0, not -1"),
    (lambda: lipschitz_local(decoder(0), torch.zeros(1, 3), -1.0), "radius must be finite and >= 0"),
])
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
    assert torch.allclose(decode(other, Z), torch.as_tensor(factor) * decode(one, Z) + torch.as_tensor(shift), atol=1e-10)

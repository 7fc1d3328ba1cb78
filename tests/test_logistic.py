"""Robust logistic regression: the inner maximum, the exact minimisers and their gaps, gradient descent."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from rrlib import theory
from rrlib.attacks import adversarial_accuracy, dual_exponent, dual_vector, worst_case
from rrlib.models import EPS_GRID, LogisticRegression, select
from rrlib.logistic import _dual_bound, fit_logistic, gradient_descent, robust_loss


def problem(seed, n=300, d=3, shift=0.8, share=0.5):
    """Two overlapping Gaussian classes."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < share).astype(int)
    y[:2] = 0, 1
    return rng.normal(size=(n, d)) + shift * y[:, None] * rng.normal(size=d), y


def family(seed, E=3, d=4):
    rng = np.random.default_rng(seed)
    return LogisticRegression(*map(torch.as_tensor, (rng.normal(size=(E, d)), rng.normal(size=E), np.linspace(0, 0.3, E))))


def test_a_family_is_its_members():
    model, X = family(0), np.random.default_rng(1).normal(size=(7, 4))
    alone = torch.cat([select(model, e)(X) for e in range(3)])
    assert torch.allclose(model(X), alone, rtol=0, atol=1e-12)
    assert np.allclose(model(X).numpy(), model.w.numpy() @ X.T + model.b.numpy()[:, None], rtol=0, atol=1e-12)


@given(st.integers(0, 10**6), st.sampled_from([1, 2, np.inf]))
def test_dual_vector_attains_the_dual_norm(seed, p):
    w = np.random.default_rng(seed).normal(size=(5, 4))
    u = dual_vector(w, p)
    assert np.all(np.linalg.norm(u, ord=p, axis=1) <= 1 + 1e-12)
    assert np.allclose((u * w).sum(1), np.linalg.norm(w, ord=dual_exponent(p), axis=1), rtol=1e-12)


@given(st.integers(0, 10**6), st.floats(0.01, 2), st.sampled_from([1, 2, np.inf]))
def test_no_perturbation_in_the_ball_beats_the_worst_case(seed, radius, p):
    rng = np.random.default_rng(seed)
    model, X, y = family(seed), rng.normal(size=(6, 4)), rng.integers(0, 2, 6)
    delta = worst_case(model, y, radius, p=p)
    assert np.all(np.linalg.norm(delta, ord=p, axis=-1) <= radius * (1 + 1e-12)), "the perturbation stays in its ball"
    sign = 2 * y - 1
    margin = sign * model(torch.as_tensor(X + delta)).numpy()
    exact = sign * model(X).numpy() - radius * np.linalg.norm(model.w, ord=dual_exponent(p), axis=1)[:, None]
    assert np.allclose(margin, exact, rtol=0, atol=1e-10), "it attains the smallest margin"
    other = rng.normal(size=(200, 6, 4))
    other *= radius / np.linalg.norm(other, ord=p, axis=-1, keepdims=True)
    reached = sign * ((X + other) @ model.w.numpy().T + model.b.numpy()).swapaxes(1, 2)
    assert np.all(reached >= margin - 1e-10), "random perturbations do no more harm"
    assert np.all(margin <= sign * model(X).numpy()), "an attack never lowers the loss"


def test_worst_case_is_the_best_corner_of_the_cube():
    model, x, y = family(2), np.array([[0.3, -1.0, 0.5, 2.0]]), np.array([1])
    corners = np.array(list(itertools.product([-0.2, 0.2], repeat=4)))
    smallest = model(x + corners).numpy().min(1)
    found = model(torch.as_tensor(x + worst_case(model, y, 0.2))).numpy()[:, 0]
    assert np.allclose(found, smallest, rtol=0, atol=1e-12)


def test_adversarial_accuracy_counts_what_the_attack_leaves():
    model, (X, y) = family(3, d=3), problem(3)
    for p in (2, np.inf):
        attacked = model(torch.as_tensor(X + worst_case(model, y, 0.1, p=p))).numpy() >= 0
        assert np.allclose(adversarial_accuracy(model, X, y, 0.1, p=p), (attacked == y).mean(1), rtol=0, atol=1e-12)
    falling = [adversarial_accuracy(model, X, y, r) for r in (0, 0.1, 0.3, 1.0)]
    assert np.all(np.diff(falling, axis=0) <= 0)


@pytest.mark.parametrize("p", [2, np.inf])
@pytest.mark.parametrize("seed", range(5))
def test_minimisers_carry_a_certificate(seed, p):
    X, y = problem(seed, share=0.3 + 0.1 * seed)
    fit = fit_logistic(X, y, EPS_GRID, p=p)
    assert np.all(fit.gap <= 1e-12) and np.all(fit.gap >= -1e-14), "primal and dual values meet"
    rng = np.random.default_rng(seed)
    for e, eps in enumerate(EPS_GRID):
        w, b = fit.model.w[e].numpy(), fit.model.b[e].item()
        for _ in range(20):
            step = rng.normal(size=4) * 10 ** rng.uniform(-4, 0)
            assert robust_loss(w + step[:3], b + step[3], X, 2 * y - 1, eps, p) >= fit.loss[e] - 1e-14


def test_the_gap_exposes_a_point_that_is_no_minimiser():
    X, y = problem(0)
    fit, sign = fit_logistic(X, y, [0.1]), 2.0 * y - 1
    off = np.append(fit.model.w[0].numpy() * 1.1, fit.model.b[0].item())
    gap = robust_loss(off[:-1], off[-1], X, sign, 0.1, np.inf) - _dual_bound(off, X, sign, 0.1, np.inf)
    assert gap >= robust_loss(off[:-1], off[-1], X, sign, 0.1, np.inf) - fit.loss[0] > 1e-4


def test_standard_model_agrees_with_another_solver():
    X, y = problem(4)
    sign = 2 * y - 1
    other = minimize(lambda t: robust_loss(t[:3], t[3], X, sign, 0.0, 2), np.zeros(4), method="BFGS", options={"gtol": 1e-9}).x
    fit = fit_logistic(X, y, [0.0])
    assert np.allclose(np.append(fit.model.w[0], fit.model.b[0]), other, rtol=0, atol=1e-5)


@pytest.mark.parametrize("p", [2, np.inf])
def test_models_are_constant_exactly_from_the_collapse_threshold(p):
    for seed in range(8):
        X, y = problem(seed, share=0.4)
        threshold = theory.collapse_threshold(X, y, p=p)
        w = fit_logistic(X, y, [0.98 * threshold, 1.02 * threshold], p=p).model.w.numpy()
        assert w[0].any() and not w[1].any()


def test_gradient_descent_reaches_the_minimiser_below_the_threshold():
    X, y = problem(1)
    eps = [0.0, 0.05]
    path = gradient_descent(X, y, eps, rate=0.5, steps=4000)
    fit = fit_logistic(X, y, eps)
    assert path.w.shape == (4001, 2, 3) and path.b.shape == (4001, 2)
    assert np.allclose(path.w[-1], fit.model.w, rtol=0, atol=1e-6)
    losses = [robust_loss(w[0], b[0], X, 2 * y - 1, 0.0, 2) for w, b in zip(path.w[:100], path.b[:100])]
    assert np.all(np.diff(losses) < 0), "a small step lowers the smooth loss"


def test_gradient_descent_step_by_hand():
    """One instance x = 1, y = +1, w0 = -1, rate = eps = 1/2: the first step of the standard and of the robust model."""
    X, y = np.array([[1.0], [-1.0]]), np.array([1, 0])           # two mirror images act as one instance without bias
    path = gradient_descent(X, y, [0.0, 0.5], rate=0.5, steps=1, bias=False, w0=[-1.0])
    sigmoid = lambda z: 1 / (1 + np.exp(-z))
    by_hand = [-1 + 0.5 * sigmoid(1.0) * 1.0, -1 + 0.5 * sigmoid(1.5) * 1.5]      # margins -1 and -1.5, pulls 1 and 1 + eps
    assert np.allclose(path.w[1, :, 0], by_hand, rtol=0, atol=1e-12)
    assert not path.b.any()


@pytest.mark.parametrize("change, message", [
    ({"X": np.full((4, 2), np.nan)}, r"X\[0, 0\] is nan"),
    ({"X": np.zeros(4)}, r"shape \(n, d\)"),
    ({"y": np.array([0, 1, 2, 1])}, "labels 0 and 1"),
    ({"y": np.array([0, 1])}, r"shape \(4,\)"),
    ({"y": np.ones(4, int)}, "both classes"),
    ({"eps": [-0.1]}, "radii >= 0"),
    ({"eps": []}, "non-empty"),
    ({"p": 3}, "p must be"),
    ({"X": np.array([[0.0], [0.0], [5.0], [5.0]])}, "separates the classes"),
])
def test_bad_input_is_named(change, message):
    good = {"X": np.array([[0.0], [1.0], [0.5], [2.0]]), "y": np.array([0, 0, 1, 1]), "eps": [0.1], "p": np.inf} | change
    with pytest.raises(ValueError, match=message):
        fit_logistic(good["X"], good["y"], good["eps"], p=good["p"])

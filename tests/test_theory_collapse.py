"""The collapse threshold: the slope at the constant, and the theorem on both sides of it.

Also its variants, and negative controls.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from rrlib import theory
from rrlib.models import dual_exponent, dual_vector, fit_logistic, gradient_descent, robust_loss
from rrlib.recourse import boundary_distance

SETS = 100
"""Random data sets in each of Hypothesis's 100 examples: 10,000 for each statement."""

seeds = st.integers(0, 2**32 - 1)
norms = st.sampled_from([1, 2, np.inf])


def draws(seed, n=12, d=3, share=0.4):
    """Random data sets of both classes: X (SETS, n, d), labels (SETS, n).

    Some with ties, some with far outliers.
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(SETS, n, d)) * 10 ** rng.uniform(-1, 1, (SETS, 1, d))
    X[::3] = X[::3].round()
    X[1::3, 0] *= 30
    y = (rng.random((SETS, n)) < share).astype(int)
    y[:, :2] = 0, 1
    return rng, X, y


def losses(w, b, X, sign, eps, q):
    """Robust logistic loss of each data set at its own (w, b)."""
    logit = np.einsum("snd,sd->sn", X, w) + b[:, None]
    attack = eps * np.linalg.norm(w, ord=q, axis=-1)
    margin = sign * logit - attack[:, None]
    return np.logaddexp(0, -margin).mean(1)


def separation(X, y, p):
    """Difference of the class means and the threshold of each data set."""
    up, down = (np.einsum("snd,sn->sd", X, y == k) / (y == k).sum(1)[:, None] for k in (1, 0))
    return up - down, np.linalg.norm(up - down, ord=p, axis=-1) / 2


@given(seeds, norms, st.floats(1.0, 3.0))
def test_above_the_threshold_nothing_beats_the_constant(seed, p, excess):
    rng, X, y = draws(seed)
    means, threshold = separation(X, y, p)
    sign, b = 2 * y - 1, np.log(y.mean(1) / (1 - y.mean(1)))
    best = losses(0 * means, b, X, sign, threshold, dual_exponent(p))
    for direction in (dual_vector(means, dual_exponent(p)), rng.normal(size=means.shape)):
        w = direction * 10 ** rng.uniform(-6, 1, (SETS, 1))
        shift = rng.normal(size=SETS) * np.linalg.norm(w, axis=1)
        value = losses(w, b + shift, X, sign, excess * threshold, dual_exponent(p))
        assert np.all(value >= best - 1e-13)


@given(seeds, norms, st.floats(0.0, 0.99))
def test_below_the_threshold_a_small_step_beats_the_constant(seed, p, fraction):
    _, X, y = draws(seed)
    means, threshold = separation(X, y, p)
    sign, b, q = 2 * y - 1, np.log(y.mean(1) / (1 - y.mean(1))), dual_exponent(p)
    toward = dual_vector(means, q)  # ||toward||_q = 1 and toward.means = ||means||_p
    slope = y.mean(1) * (1 - y.mean(1)) * 2 * (fraction - 1) * threshold
    reach = (np.abs(X).sum(-1).max(1) + threshold) ** 2 + 1e-12
    t = -slope / reach  # the loss curves by at most reach / 4 along the ray
    value = losses(t[:, None] * toward, b, X, sign, fraction * threshold, q)
    best = losses(0 * means, b, X, sign, threshold, q)
    gain = -slope * t / 2
    assert np.all(value <= best - gain + 1e-15)
    assert np.array_equal(gain > 0, threshold > 0)


@given(seeds, norms)
@settings(max_examples=50)
def test_slope_against_differences(seed, p):
    _, sets, labels = draws(seed)
    rng = np.random.default_rng(seed)
    for X, y in zip(sets[:4], labels[:4]):
        u, bias, eps = rng.normal(size=3), rng.normal(), rng.uniform(0, 2)
        b = np.log(y.mean() / (1 - y.mean()))
        scale = np.abs(X).max() + eps + 1
        t = 1e-4 / scale
        steps = (0, t, 2 * t)
        loss = [robust_loss(k * u, b + k * bias, X, 2 * y - 1, eps, p) for k in steps]
        numeric = (-3 * loss[0] + 4 * loss[1] - loss[2]) / (2 * t)
        slope = float(theory.collapse_slope(X, y, u, eps, p=p))
        assert numeric == pytest.approx(slope, abs=1e-5 * scale)


@pytest.mark.parametrize("p", [2, np.inf])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_the_solver_agrees_on_both_sides(p, share):
    rng = np.random.default_rng(int(100 * share))
    y = (rng.random(400) < share).astype(int)
    X = rng.normal(size=(400, 4)) + y[:, None] * np.array([0.6, 0.2, -0.3, 0.0])
    threshold = theory.collapse_threshold(X, y, p=p)
    model = fit_logistic(X, y, [0.99 * threshold, 1.01 * threshold], p=p).model
    assert model.w[0].any() and not model.w[1].any()
    assert model.b[1].item() == pytest.approx(np.log(y.mean() / (1 - y.mean())), rel=1e-6)


def test_without_a_bias_the_threshold_is_another():
    """Every row favourable-looking: means 1 and 3 on the same side of the origin."""
    X, y = np.array([[1.0], [1.0], [3.0], [3.0]]), np.array([0, 1, 1, 1])
    assert theory.collapse_threshold(X, y) == pytest.approx((7 / 3 - 1) / 2)
    free = theory.collapse_threshold(X, y, bias=False)
    assert free == 1.5
    path = gradient_descent(X, y, [0.98 * free, 1.02 * free], rate=0.02, steps=4000, bias=False)
    assert path.w[-1, 0, 0] > 0.01 and abs(path.w[-1, 1, 0]) < 0.04

    def slope(eps):
        step = np.array([1e-6])
        return (robust_loss(step, 0.0, X, 2 * y - 1, eps, np.inf) - np.log(2)) / 1e-6

    assert slope(0.98 * free) < 0 < slope(1.02 * free)


def test_half_the_threshold_is_not_enough():
    """Negative control: a formula without the factor 1/2 misses the solver's answer.

    So does one with another norm.
    """
    rng = np.random.default_rng(1)
    y = np.repeat([0, 1], 200)
    X = rng.normal(size=(400, 4)) + y[:, None] * np.array([0.5, 0.5, 0.5, 0.5])
    threshold = theory.collapse_threshold(X, y)
    model = fit_logistic(X, y, [1.2 * threshold]).model
    assert not model.w.any()
    others = [theory.collapse_threshold(X, y, p=p) for p in (1, 2)]
    assert 1.2 * threshold < min(2 * threshold, *others)


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_dichotomy(share):
    """Just below the threshold the minority's side is empty, or infinitely far away."""
    rng = np.random.default_rng(5)
    y = np.repeat([0, 1], [round(1000 * (1 - share)), round(1000 * share)])
    X = rng.normal(size=(1000, 2)) + y[:, None] * np.array([1.0, 0.5])
    threshold = theory.collapse_threshold(X, y)
    model = fit_logistic(X, y, threshold * np.array([0.9, 0.99, 0.999])).model
    accepted = (model(X).numpy() >= 0).mean(1)
    distance = boundary_distance(model, X).median(1).values
    assert accepted[-1] == (share > 0.5)
    assert torch.all(distance[1:] > 5 * distance[:-1])


def test_threshold_ignores_the_base_rate():
    rng = np.random.default_rng(6)
    X, y = rng.normal(size=(60, 3)), np.repeat([0, 1], 30)
    more_X = np.concatenate([X, X[y == 1], X[y == 1]])
    more_y = np.concatenate([y, np.ones(60, dtype=int)])
    for p in (1, 2, np.inf):
        threshold = theory.collapse_threshold(X, y, p=p)
        more = theory.collapse_threshold(more_X, more_y, p=p)
        assert more == pytest.approx(threshold, rel=1e-12)


def hinge_weight(X, y, eps):
    """The weight of the best robust classifier of one feature under the hinge loss, exactly.

    A linear programme in w = up - down, b and the loss of each row.
    """
    n, sign = len(y), 2 * y - 1
    price = [0, 0, 0, *[1 / n] * n]
    margins = np.column_stack([sign * X - eps, -sign * X - eps, sign, np.eye(n)])
    bounds = [(0, None), (0, None), (None, None), *[(0, None)] * n]
    up, down = linprog(price, A_ub=-margins, b_ub=-np.ones(n), bounds=bounds).x[:2]
    return up - down


def test_the_hinge_has_a_threshold_of_its_own():
    """Its best constant sits at its kink: at 1/3 the hinge collapses, long before the means meet.

    Of the 85 favourable rows only 15 count, as many as there are others.
    """
    X, y = np.repeat([1.0, -1.0], [85, 15]), np.repeat([1, 0, 1, 0], [80, 5, 5, 10])
    threshold = theory.collapse_threshold(X[:, None], y)
    assert threshold == pytest.approx(31 / 51)
    assert hinge_weight(X, y, 0.99 / 3) > 0.1
    for eps in (1.01 / 3, 0.99 * threshold):
        assert hinge_weight(X, y, eps) == pytest.approx(0, abs=1e-9)
    assert fit_logistic(X[:, None], y, [0.99 * threshold]).model.w.any()


def test_separated_classes_leave_many_minimisers_at_the_threshold():
    X = y = np.repeat([-1.0, 1.0], 100)
    assert theory.collapse_threshold(X[:, None], (y + 1) / 2) == 1
    loss = [robust_loss(np.array([w]), 0.0, X[:, None], y, 1.0, np.inf) for w in (0.0, 1.0, 5.0)]
    assert loss == pytest.approx([np.log(2)] * 3, abs=1e-15)


def test_at_equal_shares_the_boundary_stays():
    """80 of 100 are favourable at x = 1, 20 of 100 at x = -1: nobody gets farther away."""
    X, y = np.repeat([1.0, -1.0], 100)[:, None], np.repeat([1, 0, 1, 0], [80, 20, 20, 80])
    threshold = theory.collapse_threshold(X, y)
    assert threshold == pytest.approx(0.6)
    model = fit_logistic(X, y, threshold * np.array([0.0, 0.5, 0.9, 0.99, 0.999])).model
    assert model.w[:, 0].min() > 0
    distance = boundary_distance(model, X).numpy()
    np.testing.assert_allclose(distance, 1, atol=1e-3)

"""A radius for each label: the identity, its minimisers, and where it ends.

Also negative controls: the wrong sign of delta, no free bias, radii of a negative mean.
"""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from rrlib import figures, theory
from rrlib.models import (
    Network,
    dual_exponent,
    dual_vector,
    fit_network,
    init_network,
    robust_loss,
)
from rrlib.models.signed import attack_signed, fit_signed_network
from rrlib.recourse import boundary_distance
from rrlib.study import Interval

matplotlib.use("Agg")

seeds = st.integers(0, 2**32 - 1)
norms = st.sampled_from([1, 2, np.inf])
radius = st.floats(-2, 2)
PAIRS = np.array([[0.3, 0.0], [0.0, 0.3], [0.15, 0.15], [-0.1, 0.4], [0.2, -0.2]])


def people(seed=0, n=200, d=3, share=0.3):
    """Rows, labels and signs of two classes that overlap."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < share).astype(int)
    X = rng.normal(size=(n, d)) + y[:, None] * np.array([1.0, -0.5, 0.2])[:d]
    return X, y, 2 * y - 1


def minimise_as_it_is(X, sign, radii, p, bias=True):
    """The least loss over (w, b) by L-BFGS-B, without the theorem: its value and where it is.

    For p = inf and a positive mean with w = up - down, up and down >= 0, in which every margin is
    linear; at mean 0, where nothing keeps up and down small, in w.
    """
    d, radius = X.shape[1], np.where(sign > 0, *radii)
    split = p == np.inf and sum(radii) > 0

    def loss(theta):
        if split:
            w, length, push = theta[:d] - theta[d:-1], theta[:-1].sum(), 1.0
        else:
            w = theta[:d]
            length, push = np.linalg.norm(w, ord=dual_exponent(p)), dual_vector(w, p)
        margin = sign * (X @ w + theta[-1]) - radius * length
        slope = -1 / (1 + np.exp(margin)) / len(X)
        along, held = (slope * sign) @ X, (slope @ radius) * push
        parts = [along - held, -along - held] if split else [along - held]
        gradient = np.concatenate([*parts, [slope @ sign]])
        return np.logaddexp(0, -margin).mean(), gradient

    free = (None, None) if bias else (0, 0)
    bounds = [(0, None)] * (2 * d) if split else [(None, None)] * d
    apart = X[sign > 0].mean(0) - X[sign < 0].mean(0)
    start = np.concatenate([apart, -apart, [0.0]]).clip(0) if split else np.append(apart, 0.0)
    options = {"ftol": 0, "gtol": 1e-10, "maxiter": 2000}
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[*bounds, free], options=options
    )
    w = found.x[:d] - found.x[d:-1] if split else found.x[:d]
    return found.fun, w, found.x[-1]


@given(seeds, norms, radius, radius)
def test_the_identity_holds_for_all_real_radii(seed, p, plus, minus):
    X, _, sign = people(seed % 1000, n=20)
    rng = np.random.default_rng(seed)
    w, b = rng.normal(size=3), rng.normal()
    mean, delta = theory.mean_and_delta((plus, minus))
    moved = b - delta * np.linalg.norm(w, ord=dual_exponent(p))
    signed = theory.signed_loss(w, b, X, sign, (plus, minus), p=p)
    assert signed == pytest.approx(robust_loss(w, moved, X, sign, mean, p), rel=1e-12)


def test_the_wrong_sign_of_delta_breaks_the_identity():
    X, _, sign = people()
    w, b, radii = np.ones(3), 0.2, (0.3, 0.0)
    mean, delta = theory.mean_and_delta(radii)
    signed = theory.signed_loss(w, b, X, sign, radii)
    right, wrong = (robust_loss(w, b - s * delta * 3, X, sign, mean, np.inf) for s in (1, -1))
    assert signed == pytest.approx(right, rel=1e-14)
    assert abs(signed - wrong) > 0.01


@pytest.mark.parametrize("p", [2, np.inf])
@pytest.mark.parametrize("radii", PAIRS.tolist())
def test_a_solver_that_does_not_know_the_theorem_agrees(p, radii):
    X, y, sign = people()
    fit = theory.fit_signed(X, y, [radii], p=p)
    loss, w, b = minimise_as_it_is(X, sign, radii, p)
    assert fit.loss[0] == pytest.approx(loss, abs=1e-10)
    np.testing.assert_allclose(fit.model.w[0], w, atol=1e-4)
    assert fit.model.b.item() == pytest.approx(b, abs=1e-4)


@pytest.mark.parametrize("p", [2, np.inf])
def test_the_moved_minimiser_is_one(p):
    X, y, sign = people()
    fit = theory.fit_signed(X, y, PAIRS, p=p)
    rng = np.random.default_rng(1)
    wrong = theory.move_boundary(fit.model, -2 * theory.mean_and_delta(PAIRS)[1], p=p)
    for k, radii in enumerate(PAIRS):
        w, b = fit.model.w[k].numpy(), fit.model.b[k].item()
        loss = theory.signed_loss(w, b, X, sign, radii, p=p)
        assert loss == pytest.approx(fit.loss[k], abs=1e-14)
        assert theory.signed_slope(w, b, X, sign, radii, p=p) < 1e-12 and fit.gap[k] < 1e-12
        for size in (1e-3, 1e-2, 1e-1):
            for step in size * rng.normal(size=(50, 4)):
                near = theory.signed_loss(w + step[:3], b + step[3], X, sign, radii, p=p)
                assert near >= loss - 1e-15
        if radii[0] != radii[1]:
            other = theory.signed_slope(w, wrong.b[k].item(), X, sign, radii, p=p)
            assert other > 1e-3, "with the wrong sign of delta it is none"


def test_slope_against_differences():
    X, _, sign = people(3)
    w, b, radii = np.array([0.7, -0.4, 0.3]), 0.1, (-0.2, 0.5)
    for p in (2, np.inf):
        rates = []
        for step in 1e-6 * np.eye(4):
            ends = [
                theory.signed_loss(w + s * step[:3], b + s * step[3], X, sign, radii, p=p)
                for s in (1, -1)
            ]
            rates.append((ends[0] - ends[1]) / 2e-6)
        slope = theory.signed_slope(w, b, X, sign, radii, p=p)
        assert slope == pytest.approx(np.abs(rates).max(), abs=1e-8)


def test_a_weight_at_zero_counts_with_what_exceeds_the_attack():
    X, y, sign = people()
    threshold = theory.collapse_threshold(X, y)
    b = np.log(y.mean() / (1 - y.mean()))
    above, below = (
        theory.signed_slope(np.zeros(3), b, X, sign, (side * threshold, side * threshold))
        for side in (1.01, 0.9)
    )
    expected = y.mean() * (1 - y.mean()) * 0.2 * threshold
    assert above < 1e-15 and below == pytest.approx(expected)


def test_a_weight_that_the_attack_alone_pushes_is_no_minimum():
    """At w = 1 and rows of zeros all margins are -1, and the attack holds sigmoid(1) against w."""
    slope = theory.signed_slope(np.ones(1), 0.0, np.zeros((2, 1)), np.array([1, -1]), (1, 1))
    assert slope == pytest.approx(1 / (1 + np.exp(-1)))


@pytest.mark.parametrize("p", [1, 2, np.inf])
def test_every_cost_falls_by_delta(p):
    X, y, _ = people()
    model = theory.fit_signed(X, y, [[0.1, 0.1]], p=2).model
    q = dual_exponent(p)
    for delta in (0.2, -0.2):
        moved = theory.move_boundary(model, delta, p=p)
        length, l2 = (np.linalg.norm(model.w[0].numpy(), ord=k) for k in (q, 2))
        for norm, fall in ((p, delta), (2, delta * length / l2)):
            before, after = (
                torch.where(m(X) < 0, boundary_distance(m, X, p=norm), 0) for m in (model, moved)
            )
            denied = (model(X) < 0) & (moved(X) < 0)
            assert denied.sum() > 20
            difference = (before - after)[denied].numpy()
            np.testing.assert_allclose(difference, fall, atol=1e-12)


def test_protecting_either_side_gives_one_weight():
    X, y, _ = people()
    w = theory.fit_signed(X, y, [[0.3, 0.0], [0.0, 0.3], [0.15, 0.15]]).model.w
    assert torch.equal(w[0], w[1]) and torch.equal(w[0], w[2])


def test_without_a_free_bias_it_breaks():
    X, y, sign = people()
    found = [minimise_as_it_is(X, sign, radii, np.inf, bias=False)[1] for radii in PAIRS[:3]]
    apart = [np.abs(w - found[2]).max() for w in found[:2]]
    assert min(apart) > 0.01


@pytest.mark.parametrize("p", [2, np.inf])
@pytest.mark.parametrize("share", [-0.2, 0.0, 0.3, 1.0])
def test_collapse_at_the_sum(p, share):
    X, y, _ = people()
    whole = 2 * theory.collapse_threshold(X, y, p=p)
    radii = [[side * share * whole, side * (1 - share) * whole] for side in (0.99, 1.01)]
    w = theory.fit_signed(X, y, radii, p=p).model.w
    assert w[0].any() and not w[1].any()
    control = [[0.99 * whole * share, 0.99 * whole * (1 - share) + 0.03 * whole]]
    assert not theory.fit_signed(X, y, control, p=p).model.w.any(), "the sum alone counts"


def test_a_negative_radius_is_not_convex_in_the_bias():
    """Everybody in one place: two models are best, and the one between them is not."""
    X, sign = np.zeros((10, 1)), np.repeat([1, -1], 5)
    ends = [theory.signed_loss(np.array([w]), -1.0, X, sign, (-1, 1)) for w in (1.0, -1.0)]
    between = theory.signed_loss(np.array([0.0]), -1.0, X, sign, (-1, 1))
    assert ends == pytest.approx([np.log(2)] * 2)
    assert between > np.log(2) + 0.1


def test_bad_radii_are_refused():
    X, y, _ = people()
    with pytest.raises(ValueError, match=r"\[-0.3, 0.1\] have a negative mean"):
        theory.fit_signed(X, y, [[0.1, 0.1], [-0.3, 0.1]])
    for radii in ([0.1, 0.2], [[0.1, 0.2, 0.3]]):
        with pytest.raises(ValueError, match=r"shape \(E, 2\)"):
            theory.fit_signed(X, y, radii)
    with pytest.raises(ValueError, match="mean >= 0"):
        fit_signed_network(X, y, [[-0.2, 0.1]], seed=0)
    with pytest.raises(ValueError, match="p must be"):
        fit_signed_network(X, y, [[0.2, 0.1]], p=1, seed=0)
    with pytest.raises(ValueError, match="diverged"):
        fit_signed_network(1e39 * X, y, [[0.2, 0.1]], seed=0)


def network(seed=0, d=3):
    """A random network, steeper than a fresh one, for one radius."""
    model = init_network(d, [0.0], seed)
    return Network(3 * model.W1, model.b1, 4 * model.w2, model.b2, model.eps)


@given(st.integers(0, 1000))
def test_curvature_is_not_exceeded(seed):
    model = network(seed)
    X = torch.as_tensor(np.random.default_rng(seed).normal(size=(1, 200, 3)))
    hessians = model.derivatives(X)[2]
    largest = torch.linalg.matrix_norm(hessians, ord=2).max().item()
    assert largest <= theory.curvature(model).item() + 1e-12


def test_curvature_of_one_unit_is_reached():
    model = Network(
        *(torch.tensor(part).double()[None] for part in ([[2.0]], [0.0], [3.0], 0.0, 0))
    )
    peak = np.log(2 + np.sqrt(3)) / 2  # where |sigmoid''| is largest, at z = 2x
    hessian = model.derivatives(torch.tensor([[[peak]]]).double())[2].abs().item()
    assert theory.curvature(model).item() == pytest.approx(hessian, rel=1e-12)


@pytest.mark.parametrize("p", [2, np.inf])
@pytest.mark.parametrize("radii", [(0.3, 0.0), (-0.1, 0.3), (0.2, 0.2)])
def test_departure_bounds_what_an_attack_finds(p, radii):
    X, y, sign = people()
    given_radii = torch.tensor([radii]).double()
    mean, delta = theory.mean_and_delta(given_radii.numpy())
    rows, signs = torch.as_tensor(X), torch.as_tensor(sign).double()
    measured = []
    for seed in range(20):
        model = network(seed)
        first, second, length = theory.signed_departure(model, X, y, given_radii, p=p)
        moved = model._replace(b2=model.b2 + torch.as_tensor(delta * length))
        losses = []
        for one, pair in ((moved, given_radii), (model, torch.as_tensor([[*mean, *mean]]))):
            found = attack_signed(one, rows, signs, pair, p=p, steps=40)
            margin = signs * one(rows + found)
            losses.append(torch.nn.functional.softplus(-margin).mean().item())
        measured.append(abs(losses[0] - losses[1]))
        assert measured[-1] <= first[0] + second[0]
    assert max(measured) > 1e-4 or radii[0] == radii[1]


@pytest.mark.parametrize("p, slope, widest", [(2, 5, 1), (np.inf, 7, 2)])
def test_departure_by_hand(p, slope, widest):
    """One unit of weights (3, -4) and 4: its slope is (3, -4) at 0, and none where it is flat.

    A quarter of four people is favourable, and one of four stands where it is not flat.
    """
    parts = [[[3.0, -4.0]]], [[0.0]], [[4.0]], [0.0], [0.0]
    model = Network(*(torch.tensor(part).double() for part in parts))
    X, y = np.array([[0.0, 0.0]] + [[99.0, 0.0]] * 3), np.array([1, 0, 0, 0])
    radii = np.float32([[0.3, 0.1]])
    plus, minus = radii[0].astype(float)
    first, second, length = theory.signed_departure(model, X, y, radii, p=p)
    assert length.item() == pytest.approx(slope / 4)
    assert first.item() == pytest.approx((plus - minus) / 2 * (3 / 4 + 3 * 1 / 4) / 4 * slope)
    squares = plus**2 / 4 + minus**2 * 3 / 4 + ((plus + minus) / 2) ** 2
    bend = 4 * 5**2 / (6 * np.sqrt(3))
    assert second.item() == pytest.approx(bend / 2 * widest * squares, rel=1e-12)


def test_departure_is_zero_for_equal_radii_to_first_order():
    X, y, _ = people()
    first, second, _ = theory.signed_departure(network(), X, y, [[0.2, 0.2]], p=2)
    assert first.item() == 0
    assert second.item() == pytest.approx(theory.curvature(network()).item() / 2 * 2 * 0.04)


def test_a_negative_radius_attacks_in_favour_of_the_label():
    X, _, sign = people()
    rows, signs, model = torch.as_tensor(X), torch.as_tensor(sign).double(), network()
    radii = torch.tensor([[-0.2, 0.3]]).double()
    delta = attack_signed(model, rows, signs, radii)
    change = (signs * (model(rows + delta[0]) - model(rows)))[0]
    assert (change[sign > 0] > 0).all() and (change[sign < 0] < 0).all()
    reach = delta[0].abs().amax(1).numpy()
    np.testing.assert_allclose(reach, np.where(sign > 0, 0.2, 0.3), atol=1e-12)


def test_equal_radii_train_the_usual_network():
    X, y, _ = people()
    usual = fit_network(X, y, [0.0, 0.2], seed=3, epochs=5)
    signed = fit_signed_network(X, y, [[0.0, 0.0], [0.2, 0.2]], seed=3, epochs=5)
    for one, other in zip(usual, signed):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    unequal = fit_signed_network(X, y, [[0.0, 0.0], [0.4, 0.0]], seed=3, epochs=5)
    apart = [(one - other)[1].abs().max() for one, other in zip(unequal[:-1], usual)]
    assert max(apart) > 0.01


def test_figures_draw_what_they_are_given():
    curve = Interval(*(np.array([0.2, 0.5]) + shift for shift in (0.0, -0.1, 0.1)))
    others = list(figures.protects.GAP_STYLES)
    panels = {"adult": dict.fromkeys(others, curve)}
    pairs = [(0.1, 0.2), (-0.1, 0.2)]
    panels["german"] = panels["adult"]
    left, _ = figures.network_gaps(pairs, panels, "gap", "real").axes
    drawn = [container.lines[0].get_xdata() for container in left.containers]
    np.testing.assert_array_equal(drawn, [curve.mean] * 3)
    ends = {side: np.array([[0.0, 1.0], [1.0, 0.0]]) for side in figures.protects.SIDES}
    goals = {side: np.array([1.0, 1.0]) for side in ends}
    shares = np.array([0.0, 1.0]), dict.fromkeys(ends, curve)
    ball = (np.zeros(2), 0.5, 0.5)
    plane = ends, ball, np.zeros(2), goals, ((0, 1), (0, 2)), "ab"
    fig = figures.three_boundaries(*plane, shares, "twin")
    assert len(fig.axes[0].lines) == 10 and len(fig.axes[1].lines) == 3
    assert "synthetic twin" in fig.texts[0].get_text()
    plt.close("all")

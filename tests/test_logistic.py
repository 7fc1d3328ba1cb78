"""Robust logistic regression: the inner maximum, exact minimisers and gaps, gradient descent."""

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from rrlib import theory
from rrlib.models import (
    EPS_GRID,
    LogisticRegression,
    adversarial_accuracy,
    dual_exponent,
    dual_vector,
    fit_logistic,
    gradient_descent,
    robust_loss,
    select,
    worst_case,
)
from rrlib.models.duality import dual_weights, lower_bound, separating_direction
from rrlib.models.minimiser import Problem


def problem(seed, n=300, d=3, shift=0.8, share=0.5):
    """Two overlapping Gaussian classes."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < share).astype(int)
    y[:2] = 0, 1
    return rng.normal(size=(n, d)) + shift * y[:, None] * rng.normal(size=d), y


def family(seed, E=3, d=4):
    rng = np.random.default_rng(seed)
    return LogisticRegression(
        *map(torch.as_tensor, (rng.normal(size=(E, d)), rng.normal(size=E), np.linspace(0, 0.3, E)))
    )


def test_a_family_is_its_members():
    model, X = family(0), np.random.default_rng(1).normal(size=(7, 4))
    alone = torch.cat([select(model, e)(X) for e in range(3)])
    assert torch.allclose(model(X), alone, rtol=0, atol=1e-12)
    assert np.allclose(
        model(X).numpy(), model.w.numpy() @ X.T + model.b.numpy()[:, None], rtol=0, atol=1e-12
    )


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
    assert np.all(np.linalg.norm(delta, ord=p, axis=-1) <= radius * (1 + 1e-12)), (
        "the perturbation stays in its ball"
    )
    sign = 2 * y - 1
    margin = sign * model(torch.as_tensor(X + delta)).numpy()
    exact = (
        sign * model(X).numpy()
        - radius * np.linalg.norm(model.w, ord=dual_exponent(p), axis=1)[:, None]
    )
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
        assert np.allclose(
            adversarial_accuracy(model, X, y, 0.1, p=p), (attacked == y).mean(1), rtol=0, atol=1e-12
        )
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
            assert (
                robust_loss(w + step[:3], b + step[3], X, 2 * y - 1, eps, p) >= fit.loss[e] - 1e-14
            )


def test_the_gap_exposes_a_point_that_is_no_minimiser():
    X, y = problem(0)
    fit, sign = fit_logistic(X, y, [0.1]), 2.0 * y - 1
    off = np.append(fit.model.w[0].numpy() * 1.1, fit.model.b[0].item())
    loss = robust_loss(off[:-1], off[-1], X, sign, 0.1, np.inf)
    gap = loss - lower_bound(Problem(X, sign, np.full(3, 0.1), np.inf), off)
    assert gap >= loss - fit.loss[0] > 1e-4


@pytest.mark.parametrize("p", [2, np.inf])
@pytest.mark.parametrize("mirror", [1, -1])
def test_dual_weights_meet_both_sides_of_their_constraints(p, mirror):
    """At theta = 0 each weight is 1/2 and their moment 1.25, or mirrored -1.25; 0.2 is allowed."""
    Z = mirror * np.array([[2.0], [1.0], [-1.0], [0.5]])
    sign = np.array([1.0, -1.0, -1.0, 1.0])
    a = dual_weights(Problem(Z, sign, np.array([0.1]), p), np.zeros(2))
    assert np.all((a >= 0) & (a <= 1))
    by_hand = [0.248, 0.836, 0.164, 0.752]  # the least change with sum 2 and the moment 0.2
    assert np.allclose(a, by_hand, rtol=0, atol=1e-12)


def test_no_bound_is_given_where_the_dual_weights_are_not_feasible(monkeypatch):
    X, y = problem(0)
    good = Problem(X, 2.0 * y - 1, np.full(3, 0.1), np.inf)
    assert np.isfinite(lower_bound(good, np.zeros(4)))
    monkeypatch.setattr("rrlib.models.duality.FEASIBLE", 0.0)
    assert lower_bound(good, np.ones(4)) == -np.inf


CLOUD = np.random.default_rng(0).normal(size=(80, 3))
NOISY = (CLOUD @ [1, 2, 3] + 2 * np.random.default_rng(1).normal(size=80) > 0).astype(int)


@pytest.mark.parametrize("p", [2, np.inf])
@pytest.mark.parametrize(
    "offset", [np.array([0, 1e7, 0]), np.full(3, 1e4), np.array([-1e5, 0, 1e6])]
)
def test_offsets_of_the_features_change_no_minimum(p, offset):
    plain = fit_logistic(CLOUD, NOISY, [0, 0.05], p=p)
    moved = fit_logistic(CLOUD + offset, NOISY, [0, 0.05], p=p)
    rounding = 1e-16 * np.abs(offset).max()
    assert np.allclose(moved.loss, plain.loss, rtol=0, atol=10 * rounding)
    assert np.all(np.abs(moved.gap) < 10 * rounding)
    assert np.allclose(moved.model.w, plain.model.w, rtol=0, atol=100 * rounding)


@pytest.mark.parametrize("p", [2, np.inf])
@pytest.mark.parametrize("unit", [1e-8, 1e5])
def test_units_of_the_features_change_no_minimum_if_the_ball_has_the_same(p, unit):
    eps = np.array([0, 0.05, 0.3])
    plain = fit_logistic(CLOUD, NOISY, eps, p=p)
    other = fit_logistic(unit * CLOUD, NOISY, unit * eps, p=p)
    assert np.allclose(other.loss, plain.loss, rtol=0, atol=1e-14)
    assert np.all(np.abs(other.gap) < 1e-14)
    assert np.allclose(unit * other.model.w, plain.model.w, rtol=0, atol=1e-7)


@pytest.mark.parametrize("p", [2, np.inf])
def test_one_unit_a_feature_leaves_the_ball_as_it_is(p):
    """The features have units 1, 100 and 0.01, and the ball of radius eps is a ball in these."""
    X = CLOUD * [1, 100, 0.01]
    fit = fit_logistic(X, NOISY, [0.004], p=p)
    w, b = fit.model.w[0].numpy(), fit.model.b[0].item()
    assert abs(fit.gap[0]) < 1e-14 and w.all()
    rng = np.random.default_rng(2)
    for _ in range(200):
        step = rng.normal(size=4) / [1, 100, 0.01, 1] * 10 ** rng.uniform(-4, 0)
        loss = robust_loss(w + step[:3], b + step[3], X, 2 * NOISY - 1, 0.004, p)
        assert loss >= fit.loss[0] - 1e-14


@pytest.mark.parametrize("seed", range(12))
def test_correlated_features_have_exact_minimisers_on_every_grid(seed):
    """Weights come back from 0 and change sides: the support is not that of the last radius."""
    rng = np.random.default_rng(seed)
    X = 0.3 * rng.normal(size=(300, 3)) + rng.normal(size=(300, 1))
    if seed % 3 == 0:
        X[:, 2] = X[:, 0] + 0.01 * rng.normal(size=300)
    y = (X @ rng.normal(size=3) + rng.logistic(size=300) > 0).astype(int)
    fit = fit_logistic(X, y, EPS_GRID)
    assert np.all(np.abs(fit.gap) < 1e-12)
    alone = [fit_logistic(X, y, [eps]).loss[0] for eps in EPS_GRID]
    assert np.allclose(fit.loss, alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("p", [2, np.inf])
@pytest.mark.parametrize("far", [1e3, 1e8, 1e13])
def test_one_far_cell_spoils_nothing(p, far):
    """A favourable row is put at the far end of a feature, where its loss is 0 at any weight."""
    X = CLOUD.copy()
    X[np.flatnonzero(NOISY)[0], 2] = far
    fit, nearer = (fit_logistic(part, NOISY, [0, 0.05], p=p) for part in (X, np.minimum(X, 1e3)))
    assert np.all(np.abs(fit.gap) < 1e-12)
    assert np.allclose(fit.loss, nearer.loss, rtol=0, atol=1e-12)


def test_a_copy_in_single_precision_separates_nothing():
    copied = np.column_stack([CLOUD, CLOUD[:, 0].astype(np.float32)])
    fit = fit_logistic(copied, NOISY, [0, 0.05])
    assert np.allclose(fit.loss, fit_logistic(CLOUD, NOISY, [0, 0.05]).loss, rtol=0, atol=1e-5)
    assert np.all(fit.gap >= -1e-14), "where the bound is lost the gap is infinite"


DUMMY = np.column_stack([CLOUD, np.arange(80) >= 75])
ACCEPTED = np.where(np.arange(80) >= 75, 1, NOISY)


@pytest.mark.parametrize("p", [2, np.inf])
@pytest.mark.parametrize(
    "X, y, column",
    [
        ([[-1.0], [0.0], [0.0], [1.0]], [0, 0, 1, 1], "0"),
        (DUMMY, ACCEPTED, "3"),
        (-1e3 * DUMMY + 5, ACCEPTED, "3"),
        (pd.DataFrame(DUMMY, columns=["a", "b", "c", "flag"]), ACCEPTED, "'flag'"),
        ([[0.0], [1.0], [5.0], [6.0]], [0, 0, 1, 1], "0"),
    ],
    ids=["quasi", "dummy", "dummy in other units", "named", "complete"],
)
def test_where_some_rows_are_separated_no_minimiser_is_returned(p, X, y, column):
    with pytest.raises(ValueError, match=f"no minimiser.*on column {column}[:,]"):
        fit_logistic(X, y, [0.0], p=p)


@pytest.mark.parametrize("p", [2, np.inf])
def test_an_attack_can_overlap_what_a_dummy_separates(p):
    """Five favourable rows alone have the flag; an attack of half its step moves it away."""
    fit = fit_logistic(DUMMY, ACCEPTED, [0.05, 0.5], p=p)
    assert np.all(np.abs(fit.gap) < 1e-12)


def test_rows_on_two_hyperplanes_have_minimisers_though_not_one():
    """x = y = +-1 against eps = 1: the loss is log 2 at every w >= 0, here at the constant."""
    X, y = np.array([[1.0], [-1.0]] * 100), np.array([1, 0] * 100)
    fit = fit_logistic(X, y, [1.0])
    assert fit.loss[0] == pytest.approx(np.log(2), abs=1e-15) and abs(fit.gap[0]) < 1e-15
    farther = robust_loss(np.array([5.0]), 0.0, X, 2 * y - 1, 1.0, np.inf)
    assert farther == pytest.approx(np.log(2), abs=1e-15)


def test_the_linear_program_finds_what_the_solver_did_not_follow():
    """From w = 0 nothing is known, and rows that touch at 0 are told from rows that overlap."""
    sign = np.array([-1.0, -1.0, 1.0, 1.0])
    touch = Problem(np.array([[-1.0], [0.0], [0.0], [1.0]]), sign, np.zeros(1), np.inf)
    direction = separating_direction(touch, np.array([40.0, 0.0]))
    assert direction[0] > 0.9 and touch.margins(direction).min() > -1e-7
    overlap = touch._replace(Z=np.array([[-1.0], [1e-3], [0.0], [1.0]]))
    assert separating_direction(overlap, np.array([1e5, 0.0])) is None


def test_standard_model_agrees_with_another_solver():
    X, y = problem(4)
    sign = 2 * y - 1
    other = minimize(
        lambda t: robust_loss(t[:3], t[3], X, sign, 0.0, 2),
        np.zeros(4),
        method="BFGS",
        options={"gtol": 1e-9},
    ).x
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
    losses = [
        robust_loss(w[0], b[0], X, 2 * y - 1, 0.0, 2) for w, b in zip(path.w[:100], path.b[:100])
    ]
    assert np.all(np.diff(losses) < 0), "a small step lowers the smooth loss"


def test_gradient_descent_step_by_hand():
    """One step from w0 = -1 for x = 1, y = +1, rate = eps = 1/2, and for its mirror image."""
    X, y = np.array([[1.0], [-1.0]]), np.array([1, 0])
    path = gradient_descent(X, y, [0.0, 0.5], rate=0.5, steps=1, bias=False, w0=[-1.0])
    standard = -1 + 0.5 * expit(1.0) * 1.0  # margin -1, pull 1
    robust = -1 + 0.5 * expit(1.5) * 1.5  # margin -1.5, pull 1 + eps
    assert np.allclose(path.w[1, :, 0], [standard, robust], rtol=0, atol=1e-12)
    assert not path.b.any()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"X": np.full((4, 2), np.nan)}, r"X\[0, 0\] is nan"),
        ({"X": np.zeros(4)}, r"shape \(n, d\)"),
        ({"y": np.array([0, 1, 2, 1])}, "labels 0 and 1"),
        ({"y": np.array([0, 1])}, r"shape \(4,\)"),
        ({"y": np.ones(4, int)}, "both classes"),
        ({"eps": [-0.1]}, "radii >= 0"),
        ({"eps": []}, "non-empty"),
        ({"p": 3}, "p must be"),
        ({"X": np.array([[0.0], [0.0], [5.0], [5.0]])}, "separates the classes"),
    ],
)
def test_bad_input_is_named(change, message):
    good = {
        "X": np.array([[0.0], [1.0], [0.5], [2.0]]),
        "y": np.array([0, 0, 1, 1]),
        "eps": [0.1],
        "p": np.inf,
    } | change
    with pytest.raises(ValueError, match=message):
        fit_logistic(good["X"], good["y"], good["eps"], p=good["p"])

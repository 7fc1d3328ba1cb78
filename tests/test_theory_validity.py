"""Theorem 3 repaired on random instances, the printed one against its counterexamples.

And what weakens each hypothesis.
"""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from rrlib import theory
from rrlib.models import (
    LogisticRegression,
    adversarial_accuracy,
    dual_exponent,
    dual_vector,
    fit_logistic,
    gradient_descent,
    init_network,
)
from rrlib.recourse import boundary_distance, scfe, scfe_linear

BATCH = 200
"""Random instances in each of Hypothesis's 100 examples: 20,000 for each statement."""

seeds = st.integers(0, 2**32 - 1)
dimensions = st.sampled_from([1, 2, 5, 20])
spreads = st.sampled_from([0.0, 1.0, 3.0])


def pairs(seed, d, spread):
    """Two random linear scores and a point for each of BATCH instances.

    The weights spread over several orders of magnitude.
    """
    rng = np.random.default_rng(seed)
    w_nr, w_r = rng.normal(size=(2, BATCH, d)) * 10 ** rng.uniform(-spread, spread, (2, BATCH, 1))
    points = rng.normal(size=(2, BATCH, d)) * 10 ** rng.uniform(-1, 1, (2, BATCH, 1))
    return rng, w_nr, w_r, points


def denied(seed, spread):
    """(h, ||w||) of two models, h negative, a target s > 0 and lam.

    All over several orders of magnitude.
    """
    rng = np.random.default_rng(seed)
    values = 10 ** rng.uniform(-1 - spread, 1 + spread, (3, 2, BATCH))
    (h_nr, w_nr), (h_r, w_r), (s, lam) = values
    return (-h_nr, w_nr), (-h_r, w_r), s, lam


def dot(a, b):
    return (a * b).sum(-1)


@given(seeds, dimensions, spreads, st.booleans())
def test_theorem3_repaired(seed, d, spread, aligned):
    """Wherever the condition speaks it is right, for the worst robust weights in the ball too."""
    rng, w_nr, w_r, (x_nr, x_r) = pairs(seed, d, spread)
    radius, size = 10 ** rng.uniform(-2, 2, BATCH), np.linalg.norm(x_r, axis=-1)
    step = x_r * rng.choice([-1, 1], (BATCH, 1)) if aligned else w_r
    w_r = w_nr + (radius / np.linalg.norm(step, axis=-1))[:, None] * step
    decision = theory.theorem3(dot(w_nr, x_nr - x_r), radius, size)
    excess = dot(w_nr, x_nr) - dot(w_r, x_r)
    sizes = np.linalg.norm(x_nr, axis=-1) + size
    slack = 1e-12 * (np.linalg.norm(w_nr, axis=-1) * sizes + radius * size)
    assert np.all(excess[decision.holds] >= -slack[decision.holds])
    assert np.all(excess[decision.fails] < slack[decision.fails])
    assert not np.any(decision.holds & decision.fails)


@given(seeds, dimensions)
def test_theorem3_is_minimax_tight(seed, d):
    """Where the condition is silent, two robust weights at distance C give opposite answers."""
    rng, w_nr, _, (x_nr, x_r) = pairs(seed, d, 1.0)
    gain, size = dot(w_nr, x_nr - x_r), np.linalg.norm(x_r, axis=-1)
    radius = np.abs(gain) / size * rng.uniform(1.01, 3, BATCH)
    decision = theory.theorem3(gain, radius, size)
    assert not np.any(decision.holds | decision.fails)
    worst, best = (w_nr + sign * (radius / size)[:, None] * x_r for sign in (1, -1))
    assert np.all(dot(w_nr, x_nr) < dot(worst, x_r)) and np.all(dot(w_nr, x_nr) > dot(best, x_r))


@given(seeds, dimensions)
def test_theorem3_fails_when_the_radius_is_too_small(seed, d):
    """Negative control: the weights are twice as far apart as the condition is told, along x_r."""
    rng, w_nr, _, (_, x_r) = pairs(seed, d, 0.0)
    radius, size = rng.uniform(0.1, 1, BATCH), np.linalg.norm(x_r, axis=-1)
    x_nr = x_r + (1.5 * radius * size / dot(w_nr, w_nr))[:, None] * w_nr
    w_r = w_nr + (2 * radius / size)[:, None] * x_r
    assert theory.theorem3(dot(w_nr, x_nr - x_r), radius, size).holds.all()
    assert np.all(dot(w_nr, x_nr) < dot(w_r, x_r))


@given(seeds, spreads)
def test_scfe_score_order_and_budget(seed, spread):
    (h_nr, w_nr), (h_r, w_r), s, lam = denied(seed, spread)
    score_nr, score_r = theory.scfe_score(h_nr, w_nr, s, lam), theory.scfe_score(h_r, w_r, s, lam)
    scale = s - h_nr - h_r
    clear = np.abs(score_nr - score_r) > 1e-9 * scale
    order = theory.scfe_order(h_nr, w_nr, h_r, w_r, s, lam)
    assert np.array_equal(order[clear], (score_nr > score_r)[clear])
    clear = np.abs(score_nr) > 1e-9 * scale
    within = -h_nr / w_nr <= theory.scfe_budget(w_nr, s, lam)
    assert np.array_equal(within[clear], (score_nr >= 0)[clear])
    reached = -h_nr / w_nr <= theory.scfe_budget(w_nr, 0.0, lam)
    assert not np.any(reached), "a target at the threshold is never reached"


@given(seeds, spreads, st.floats(-2, 2))
def test_budget_for_any_threshold(seed, spread, tau):
    (h, size), _, s, lam = denied(seed, spread)
    h, s = tau + h, tau + s
    score = theory.scfe_score(h, size, s, lam)
    clear = np.abs(score - tau) > 1e-9 * (s - h)
    within = (tau - h) / size <= theory.scfe_budget(size, s, lam, tau=tau)
    assert np.array_equal(within[clear], (score >= tau)[clear])


@given(seeds, st.integers(1, 6))
def test_budget_against_the_models_own_answers(seed, d):
    rng = np.random.default_rng(seed)
    w, b = rng.normal(size=(3, d)), rng.normal(size=3)
    model = LogisticRegression(*map(torch.as_tensor, (w, b, np.zeros(3))))
    X, lam = rng.normal(size=(BATCH // 2, d)) * 3, 10 ** rng.uniform(-1, 1.5)
    h, size = model(X).numpy(), np.linalg.norm(model.w, axis=1)[:, None]
    valid = scfe_linear(model, X, s=0.7, lam=lam).valid.numpy()
    clear = np.abs(theory.scfe_score(-np.abs(h), size, 0.7, lam)) > 1e-9
    within = boundary_distance(model, X).numpy() <= theory.scfe_budget(size, 0.7, lam)
    assert np.array_equal(valid[clear], within[clear])


@given(seeds, spreads)
def test_no_valid_robust_recourse_without_a_valid_standard_one(seed, spread):
    """Alpha: if |h_r| / |h_nr| >= (||w_r|| / ||w_nr||)^2, what is valid under R is so under NR."""
    (h_nr, w_nr), (h_r, w_r), s, lam = denied(seed, spread)
    h_r = np.minimum(h_r, h_nr * (w_r / w_nr) ** 2 * 1.000001)
    valid = [-h / w <= theory.scfe_budget(w, s, lam) for h, w in ((h_nr, w_nr), (h_r, w_r))]
    assert np.all(valid[0] | ~valid[1])


def test_alpha_fails_without_its_condition():
    counts = 0
    for seed in range(20):
        (h_nr, w_nr), (h_r, w_r), s, lam = denied(seed, 1.0)
        valid = [-h / w <= theory.scfe_budget(w, s, lam) for h, w in ((h_nr, w_nr), (h_r, w_r))]
        counts += np.sum(valid[1] & ~valid[0])
    assert counts > 100


@given(seeds, spreads)
def test_shrinking_lowers_scores_and_validity_of_the_same_classifier(seed, spread):
    (h, size), _, s, lam = denied(seed, spread)
    t = np.random.default_rng(seed + 1).uniform(0, 1, BATCH)
    order = theory.scfe_order(h, size, t * h, t * size, s, lam)
    left, right = s * size**2 * (1 + t), -h * (lam - t * size**2)
    clear = np.abs(left - right) > 1e-9 * (left + np.abs(right))
    assert np.array_equal(order[clear], (left > right)[clear])
    assert order[t * size**2 >= lam].all()
    assert np.all(theory.scfe_budget(t * size, s, lam) <= theory.scfe_budget(size, s, lam))


@given(seeds, st.sampled_from([1, 2, np.inf]), st.integers(1, 5))
def test_unsquared_distance(seed, p, d):
    """No point beats the closed form, and validity does not depend on the instance."""

    def value(z):
        return (m - dot(w, z)) ** 2 + lam * np.linalg.norm(z, ord=p, axis=-1)

    rng = np.random.default_rng(seed)
    w, m = rng.normal(size=(BATCH, d)), 10 ** rng.uniform(-1, 1, BATCH)
    lam, q = 10 ** rng.uniform(-2, 1, BATCH), dual_exponent(p)
    size = np.linalg.norm(w, ord=q, axis=1)
    score = theory.scfe_score_unsquared(1 - m, size, 1.0, lam)
    zeta = ((score - (1 - m)) / size)[:, None] * dual_vector(w, p)
    other = zeta + rng.normal(size=(20, BATCH, d)) * 10 ** rng.uniform(-4, 1, (20, BATCH, 1))
    assert np.all(value(zeta) <= value(other) + 1e-9 * m**2)
    assert np.all(value(zeta) <= m**2 * (1 + 1e-9)), "doing nothing is no better"
    people = m > 1
    clear = people & (np.abs(size - lam / 2) > 1e-9 * size)
    assert np.array_equal((score >= 0)[clear], (size >= lam / 2)[clear])


@given(seeds, st.sampled_from([1, 2, np.inf]), st.floats(0.01, 2))
def test_budgeted_recourse_is_the_adversarial_margin(seed, p, radius):
    rng = np.random.default_rng(seed)
    w, b = rng.normal(size=(3, 4)), rng.normal(size=3) - 1
    model = LogisticRegression(*map(torch.as_tensor, (w, b, np.zeros(3))))
    X = rng.normal(size=(BATCH, 4))
    h, size = model(X).numpy(), np.linalg.norm(model.w.numpy(), ord=dual_exponent(p), axis=1)
    reachable = (h < 0) & (boundary_distance(model, X, p=p).numpy() <= radius)
    y = np.zeros(BATCH, dtype=int)
    clean = adversarial_accuracy(model, X, y, 0.0, p=p)
    lost = clean - adversarial_accuracy(model, X, y, radius, p=p)
    assert np.allclose(reachable.mean(1), lost, rtol=0, atol=1e-12)
    accepted = (h >= 0).mean(1)
    bound = theory.recourse_certificate(h, size, radius)
    assert np.all(accepted + reachable.mean(1) <= bound + 1e-12)


def test_certificate_needs_the_robust_loss():
    """With the plain loss in its place the bound breaks: a small move turns confident denials."""
    h, size = np.full((1, 10), -3.0), np.array([10.0])
    assert theory.recourse_certificate(h, size, 0.3) >= 1
    assert theory.recourse_certificate(h, size, 0.0) < 0.5


@pytest.mark.parametrize(
    "w_nr, w_r, x_nr, x_r, condition, conclusion",
    [(1.0, 2.0, 1.0, 1.0, True, False), (1.0, 1.0, 100.0, 0.0, False, True)],
)
def test_printed_condition_is_neither_sufficient_nor_necessary(
    w_nr, w_r, x_nr, x_r, condition, conclusion
):
    gain = w_nr * (x_nr - x_r)
    printed = theory.theorem3_printed(gain, 1, 1.0, abs(x_r), 1, eps=0.1, rate=1.0, steps=1)
    assert printed == condition
    assert (expit(w_nr * x_nr) >= expit(w_r * x_r)) == conclusion


def test_one_step_of_gradient_descent_refutes_theorem3():
    """x = 1, y = 1; without a bias the row (-1, 0) is the same instance again.

    Training wants both labels.
    """
    X, y = [[1.0], [-1.0]], [1, 0]
    path = gradient_descent(X, y, [0.0, 0.5], rate=0.5, steps=1, bias=False, w0=[-1.0])
    w = path.w[-1, :, 0]
    assert w == pytest.approx([-1 + 0.5 * expit(1.0), -1 + 0.75 * expit(1.5)], rel=1e-12)
    s = 0.1  # above the threshold: a target at it or below makes no recourse valid
    zeta = theory.scfe_recourse(s - w, path.w[-1], 1.0)[:, 0]
    gain = w[0] * (zeta[0] - zeta[1])
    assert theory.theorem3_printed(gain, 1, 1.0, abs(1 + zeta[1]), 1, eps=0.5, rate=0.5, steps=1)
    scores = theory.scfe_score(w, np.abs(w), s, 1.0)
    assert scores == pytest.approx(w * (1 + zeta))
    assert scores == pytest.approx([-0.4237, -0.3235], abs=5e-5)
    assert np.all(w < 0) and expit(scores[0]) < expit(scores[1])


def test_converged_training_puts_validity_the_wrong_way_round():
    X, y = np.repeat([[1.0], [-1.0]], 100, axis=0), np.repeat([1, 0, 0, 1], [99, 1, 99, 1])
    model = fit_logistic(X, y, [0.0, 0.1]).model
    assert model.w[0, 0].item() == pytest.approx(np.log(99), rel=1e-9)
    assert model.w[1, 0].item() == pytest.approx(4.87419, abs=1e-5)
    found = scfe_linear(model, np.array([[-1.0]]), s=1.0, lam=4.7)
    assert found.valid[:, 0].tolist() == [False, True]
    x_cf = found.x_cf[:, 0, 0].numpy()
    gain = np.log(99) * (x_cf[0] - x_cf[1])
    assert theory.theorem3_printed(gain, 1, 1.0, abs(x_cf[1]), 1, eps=0.1, rate=1.0, steps=3000)


@pytest.mark.parametrize("positive_majority", [True, False])
def test_base_rate_decides_whether_recourse_becomes_dearer(positive_majority):
    X, y = np.repeat([[1.0], [-1.0]], [85, 15], axis=0), np.repeat([1, 0, 1, 0], [80, 5, 5, 10])
    if not positive_majority:
        X, y = -X, 1 - y
    model = fit_logistic(X, y, [0.0, 0.1, 0.2, 0.25]).model
    distance = boundary_distance(model, [[-1.0]]).numpy()[:, 0]
    assert np.all(model([[-1.0]]).numpy() < 0)
    assert np.all(np.diff(distance) < 0) if positive_majority else np.all(np.diff(distance) > 0)


def test_a_favourable_majority_may_lose_acceptances_before_the_collapse():
    """20 of 38 are favourable: 25 are accepted, then 9, and all of them near the threshold."""
    X = np.repeat([[0.0], [1.0], [10.0]], [13, 16, 9], axis=0)
    y = np.repeat([1, 0, 1, 0, 1], [1, 12, 10, 6, 9])
    share = np.array([0.0, 0.1, 0.3, 0.99])
    fit = fit_logistic(X, y, share * theory.collapse_threshold(X, y))
    assert np.abs(fit.gap).max() < 1e-12
    assert (fit.model(X) >= 0).sum(1).tolist() == [25, 9, 9, 38]


def test_training_lowers_the_loss_of_all_and_may_raise_that_of_the_unfavourable():
    """The bound on their recourse by their own part of the loss rises, that by the whole falls."""
    X, y = np.repeat([[1.0], [-1.0]], [85, 15], axis=0), np.repeat([1, 0, 1, 0], [80, 5, 5, 10])
    eps = 0.1
    fit = fit_logistic(X, y, [0.0, eps])
    h, size = fit.model(X).numpy(), fit.model.w.abs().sum(1).numpy()
    part = theory.recourse_certificate(h[:, y == 0], size, eps)
    loss = np.logaddexp(0, eps * size[:, None] - (2 * y - 1) * h).mean(1)
    assert loss[1] == pytest.approx(fit.loss[1], rel=1e-12)
    assert loss[1] < loss[0] and part[1] > part[0]
    assert np.all(part <= loss / (1 - y.mean()) / np.log(2))


def test_network_recourse_is_valid_within_its_gradient_budget():
    """For a smooth model a stationary recourse is valid iff its cost is within a budget.

    The budget is (s / lam) ||grad h(x')||.
    """
    model, X = init_network(4, [0.0], 3, hidden=6), np.random.default_rng(0).normal(size=(300, 4))
    model = model._replace(w2=10 * model.w2)
    for lam in (0.1, 0.5, 2.0):
        found = scfe(model, X, lam=lam, tol=1e-10)
        slope = torch.linalg.vector_norm(model.gradient(found.x_cf), dim=-1)
        short = (found.cost * lam / slope).numpy()
        target = torch.where(model(X) >= 0, -1, 1)
        missing = (1 - model(found.x_cf) * target).numpy()
        assert short == pytest.approx(missing, abs=1e-6)
        clear = np.abs(short - 1) > 1e-6
        assert np.array_equal(found.valid.numpy()[clear], (short <= 1)[clear])

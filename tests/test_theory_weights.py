"""Lemma 1: every repaired bound on random and on hunted instances.

The printed one against its counterexamples, and the controls.
"""

from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, lambertw
from threadpoolctl import threadpool_limits

from rrlib import theory
from rrlib.models import dual_vector, fit_logistic, gradient_descent
from rrlib.theory import weights_region

seeds, norms = st.integers(0, 10**6), st.sampled_from([1, 2, np.inf])
BATCH = 2000


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Many small matrix products: several threads would wait for each other."""
    with threadpool_limits(1):
        yield


def problems(rng, d, n=5):
    """BATCH training sets with features, radius and start of widely different sizes."""
    width, eps, far = 10 ** rng.uniform(-1, 1, (3, BATCH))
    X = rng.normal(size=(BATCH, n, d)) * width[:, None, None]
    y = rng.integers(0, 2, (BATCH, n))
    start = rng.normal(size=(BATCH, d)) * far[:, None]
    return X, y, eps, start


def train(X, y, eps, start, *, rate, steps, p, decay=0.0, bias=False, weaken=None):
    """Standard and robust descent of a batch of problems, two paths of shape (T + 1, B, D).

    `weaken` scales each attack.
    """
    sign, factor = 2.0 * y - 1, 1.0 if weaken is None else weaken
    paths = [[start], [start]]
    for _ in range(steps):
        for path, radius in zip(paths, (0 * eps, eps)):
            theta = path[-1]
            unit = dual_vector(theta[:, :-1] if bias else theta, p)
            unit = np.pad(unit, ((0, 0), (0, 1))) if bias else unit
            attacked = X - (sign * factor * radius[:, None])[..., None] * unit[:, None, :]
            pull = expit(-sign * (attacked @ theta[..., None])[..., 0]) * sign
            ascent = (pull[:, None, :] @ attacked)[:, 0] / X.shape[1] - decay * theta
            path.append(theta + rate[:, None] * ascent)
    return np.array(paths)


@settings(max_examples=12)
@given(
    seeds,
    norms,
    st.sampled_from([1, 2, 4]),
    st.sampled_from([0.0, 0.2]),
    st.sampled_from([0.1, 0.5, 1.0]),
    st.booleans(),
    st.booleans(),
)
def test_stability_and_triangle_bounds_hold_at_every_step(seed, p, d, decay, fraction, bias, exact):
    """12 x 2,000 trainings, some with attacks weaker than the worst one.

    The rate goes up to the theorem's limit.
    """
    rng = np.random.default_rng(seed)
    X, y, eps, start = problems(rng, d)
    if bias:
        X, start = theory.add_bias(X), np.pad(start, ((0, 0), (0, 1)))
    rate = fraction * 2 / (theory.smoothness(X) + 2 * decay)
    weaken = None if exact else rng.uniform(0, 1, y.shape)
    u, v = train(X, y, eps, start, rate=rate, steps=8, p=p, decay=decay, bias=bias, weaken=weaken)
    distance = np.linalg.norm(u - v, axis=-1)
    bound = theory.lemma1_stability(X, y, v, eps, rate=rate, p=p, decay=decay, bias=bias)
    assert np.isfinite(bound).all() and np.all(distance <= bound * (1 + 1e-9) + 1e-12)
    if decay == 0:
        trivial = theory.lemma1_trivial(X, eps, rate=rate, steps=8, p=p, bias=bias)
        assert np.all(distance[-1] <= trivial * (1 + 1e-9))


@pytest.mark.parametrize("p", [2, np.inf])
def test_a_hunt_comes_close_to_the_stability_bound_and_never_past_it(p):
    """Twenty rounds of selection and mutation push the ratio of distance to bound towards 1."""
    rng = np.random.default_rng(0)
    X, y, eps, start = problems(rng, 2)
    for _ in range(20):
        rate = 2 / theory.smoothness(X)
        u, v = train(X, y, eps, start, rate=rate, steps=4, p=p)
        bound = theory.lemma1_stability(X, y, v, eps, rate=rate, p=p, bias=False)[-1]
        ratio = np.linalg.norm(u[-1] - v[-1], axis=-1) / bound
        assert ratio.max() <= 1 + 1e-9
        fittest = np.repeat(np.argsort(ratio)[-BATCH // 20 :], 20)
        shake = np.geomspace(1e-3, 0.3, BATCH)[rng.permutation(BATCH)]
        X = X[fittest] * (1 + shake[:, None, None] * rng.normal(size=X.shape))
        start = start[fittest] * (1 + shake[:, None] * rng.normal(size=start.shape))
        y, eps = y[fittest], eps[fittest] * np.exp(shake * rng.normal(size=BATCH))
    assert ratio.max() > 0.9, "the hunt finds instances on which the bound is nearly attained"


def test_of_a_minibatch_the_stability_bound_takes_its_own_misfit():
    """One step on the row x = 0, of misfit sigma(1), out of a set whose other rows are all right.

    With the misfit of the whole set in its place the bound would fail.
    """
    eps, start = np.array([1.0]), np.array([[1.0]])
    batch, label = np.zeros((1, 1, 1)), np.ones((1, 1), dtype=int)
    u, v = train(batch, label, eps, start, rate=np.array([1.0]), steps=1, p=2)
    distance = np.linalg.norm(u[-1] - v[-1], axis=-1)
    own = theory.stability_sum(batch, label, v, eps, rate=1.0, p=2, bias=False)[-1]
    assert distance == pytest.approx(expit(1.0))
    assert own == pytest.approx(expit(1.0)), "which the batch's own misfit gives"
    whole = np.array([[[0.0], [20.0], [20.0]]])
    misfit = expit(1.0 - whole[..., 0]).mean(-1)
    assert distance > eps * misfit, "S is 0 on the batch, so the misfit is all there is"


def test_above_the_rate_limit_the_stability_bound_fails_and_says_so():
    """x = 1 with both labels: curvature 1/4, so the limit is 8.

    At 12 the two trainings drift apart faster than the sum allows.
    """
    X, y = np.ones((1, 2, 1)), np.array([[0, 1]])
    eps, start = np.array([1e-6]), np.array([[1e-6]])
    for rate, holds in ((8.0, True), (12.0, False)):
        u, v = train(X, y, eps, start, rate=np.array([rate]), steps=15, p=np.inf)
        total = theory.stability_sum(X, y, v, eps, rate=rate, bias=False)
        assert np.all(np.abs(u - v)[..., 0] <= total * (1 + 1e-9)) == holds
        bound = theory.lemma1_stability(X, y, v, eps, rate=rate, bias=False)
        assert np.isfinite(bound).all() == holds


def test_different_minibatches_break_the_stability_bound():
    """At eps = 0 the bound is 0, and two trainings that see different rows first differ at once."""
    X, y = np.array([[[1.0]], [[2.0]]]), np.array([[1], [1]])
    eps, start = np.zeros(2), np.zeros((2, 1))
    path = train(X, y, eps, start, rate=np.ones(2), steps=1, p=np.inf)[0]
    assert theory.lemma1_stability(X[:1], y[:1], path[:, :1], 0.0, rate=1.0, bias=False).max() == 0
    assert abs(path[1, 0, 0] - path[1, 1, 0]) == 0.5


def minimisers(X, y, eps, decay):
    """Minimisers of the robust loss plus decay, by bisection of the derivative.

    One feature without a bias; X of shape (B, n).
    """
    signed = (2.0 * y - 1) * X
    low, high = (np.full(len(X), side) for side in (-1e4, 1e4))
    for _ in range(120):
        w = (low + high) / 2
        q = expit(eps[:, None] * np.abs(w)[:, None] - signed * w[:, None])
        rising = (q * (eps[:, None] * np.sign(w)[:, None] - signed)).mean(1) + decay * w > 0
        low, high = np.where(rising, low, w), np.where(rising, w, high)
    return (low + high) / 2


@settings(max_examples=8)
@given(seeds)
def test_decay_bound_and_its_control(seed):
    """8 x 2,000 pairs of exact minimisers; half the bound must fail somewhere."""
    rng = np.random.default_rng(seed)
    X, y, eps, _ = problems(rng, 1)
    decay = 10 ** rng.uniform(-2, 2, BATCH)
    w_nr, w_r = (minimisers(X[..., 0], y, radius, decay) for radius in (0 * eps, eps))
    bound = theory.lemma1_decay(X, w_r[:, None], eps, decay=decay)
    assert np.all(np.abs(w_r - w_nr) <= bound * (1 + 1e-9) + 1e-12)
    assert np.any(np.abs(w_r - w_nr) > bound / 2)


def test_decay_bound_in_three_dimensions():
    rng = np.random.default_rng(3)
    X, y, eps, start = problems(rng, 3)
    decay = theory.smoothness(X) + 0.1
    schedule = {"rate": 0.5 / decay, "steps": 400, "decay": decay[:, None]}
    u, v = train(X, y, 0.3 * eps, 0 * start, p=2, **schedule)[:, -1]
    inner = np.linalg.norm(v, axis=1) > 0.05  # away from the kink at 0, descent has converged
    distance = np.linalg.norm(u - v, axis=1)
    bound = theory.lemma1_decay(X, v, 0.3 * eps, decay=decay, p=2)
    assert inner.sum() > 500
    assert np.all(distance[inner] <= bound[inner] * (1 + 1e-6))


def pairs(seed, n=8, D=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(BATCH, n, D)) * 10 ** rng.uniform(-1, 1, (BATCH, 1, D))
    direction = rng.normal(size=(2, BATCH, D))
    length = 10 ** rng.uniform(-1.5, 0.7, (2, BATCH, 1))
    return X, direction * length / np.abs(X).max(1)


@settings(max_examples=8)
@given(seeds)
def test_metric_bounds_and_the_mean_hessian(seed):
    """8 x 2,000 pairs of weight vectors, any at all.

    The identity g = H Delta, and the three bounds in their order.
    """
    X, (theta_nr, theta_r) = pairs(seed)
    delta, metric = theta_r - theta_nr, theory.lemma1_metric(X, theta_nr, theta_r)
    size = np.sqrt((delta[:, None, :] @ metric.hessian @ delta[..., None])[:, 0, 0])
    length, slack = np.linalg.norm(delta, axis=1), 1 + 1e-6
    assert np.all(size <= metric.pull * slack) and np.all(length <= metric.euclidean * slack)
    assert np.all(metric.euclidean <= metric.plain * slack)
    g = ((expit(X @ theta_r[..., None]) - expit(X @ theta_nr[..., None])) * X).mean(1)
    exact = (theory.mean_hessian(X, theta_nr, theta_r) @ delta[..., None])[..., 0]
    assert np.all(np.linalg.norm(exact - g, axis=1) <= 1e-9 * np.linalg.norm(X, axis=2).mean(1))


def test_a_hessian_taken_at_one_end_breaks_the_metric_bound():
    X, (theta_nr, theta_r) = pairs(0)
    delta, metric = theta_r - theta_nr, theory.lemma1_metric(X, theta_nr, theta_r)
    one_end = theory.mean_hessian(X, theta_nr, theta_nr)
    g = (theory.mean_hessian(X, theta_nr, theta_r) @ delta[..., None])[..., 0]
    size = (delta[:, None, :] @ one_end @ delta[..., None])[:, 0, 0]
    pull = (g[:, None, :] @ np.linalg.solve(one_end, g[..., None]))[:, 0, 0]
    assert np.mean(size > pull * (1 + 1e-6)) > 0.05
    excess = np.linalg.eigvalsh(one_end - metric.hessian)[:, 0]
    assert np.all(excess >= -1e-9 * np.linalg.eigvalsh(one_end)[:, -1])


@settings(max_examples=8)
@given(seeds, norms)
def test_descent_on_the_robust_risk_stays_in_the_region(seed, p):
    """8 x 2,000 models whose robust risk is below that of a reference: the standard one is too."""
    rng = np.random.default_rng(seed)
    X, y, eps, reference = problems(rng, 3)
    X, reference = theory.add_bias(X), np.pad(reference, ((0, 0), (0, 1)))
    path = train(X, y, eps, reference, rate=0.5 / theory.smoothness(X), steps=10, p=p, bias=True)[1]
    level = theory.robust_risk(X, y, reference, eps, p=p)
    lower = theory.robust_risk(X, y, path, eps, p=p) <= level
    assert lower[1:].sum() > BATCH
    standard = theory.robust_risk(X, y, path, 0.0, p=p)
    assert np.all(standard[lower] <= np.broadcast_to(level, lower.shape)[lower] + 1e-12)


def overlapping(seed, n=200, d=3):
    """Correlated standardised features, labels drawn from a logistic model of them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) @ rng.normal(size=(d, d))
    X = (X - X.mean(0)) / X.std(0)
    return X, (rng.random(n) < expit(X @ rng.normal(size=d) + 0.5)).astype(int)


def minimisers_of(X, y, eps, p=np.inf):
    """X with a bias column, and the exact minimiser theta = (w, b) of each radius, shape (E, D)."""
    model = fit_logistic(X, y, eps, p=p).model
    return theory.add_bias(X), np.column_stack([model.w.numpy(), model.b.numpy()])


@pytest.mark.parametrize("p", [2, np.inf])
def test_region_box_and_reach(p):
    """5 data sets: minimisers lie in their boxes, and reaches end on the edge.

    10,000 members of the regions lie below the support.
    """
    eps, members = np.array([0.02, 0.1, 0.2, 0.4]), 0
    for seed in range(5):
        X, y = overlapping(seed)
        X, theta = minimisers_of(X, y, [0.0, *eps], p)
        box = theory.robust_region_box(X, y, theta[0], eps, p=p)
        bounds = theory.lemma1_region(theta[0], box)
        distance = np.linalg.norm(theta[1:] - theta[0], axis=1)
        assert np.isfinite(box.upper).all() and np.isfinite(box.lower).all()
        assert np.all((box.lower <= theta[1:] + 1e-9) & (theta[1:] <= box.upper + 1e-9))
        assert np.all(bounds.lower <= distance + 1e-9) and np.all(distance <= bounds.upper + 1e-9)
        shrunk = theory.shrunk_models(X, y, theta[0], eps, p=p)
        level = theory.robust_risk(X, y, shrunk, eps, p=p)
        assert np.all(level <= theory.robust_risk(X, y, theta[0], eps, p=p) + 1e-12)
        rng = np.random.default_rng(seed)
        for e in range(len(eps)):
            toward = theta[e + 1] + rng.normal(size=(100, 4)) * 10 ** rng.uniform(-4, 0, (100, 1))
            inside = theory.robust_risk(X, y, toward, eps[e], p=p) <= level[e]
            directions = rng.normal(size=(20, 4))
            support = theory.robust_region_support(X, y, theta[0], directions, eps[e], p=p)
            assert np.all(toward[inside] @ directions.T <= support + 1e-9)
            members += inside.sum() * 20
        for radius in (0 * eps, eps):
            t = theory.robust_region_reach(X, y, theta[0], theta[1:], level, radius=radius, p=p)
            for factor, side in ((1 - 1e-4, -1), (1 + 1e-4, 1)):
                point = theta[0] + (factor * t)[:, None] * (theta[1:] - theta[0])
                excess = theory.robust_risk(X, y, point, radius, p=p) - level
                assert np.all((side * excess > 0) | (factor * t < 1))
    assert members >= 10_000


def test_a_search_that_fails_gives_no_bound_and_no_wrong_one(monkeypatch):
    """With too few widths Newton's method diverges in some directions.

    Those are infinite, the others still hold.
    """
    monkeypatch.setattr(weights_region, "SMOOTHING", (2.0, 0.06))
    X, y = overlapping(2, n=60, d=4)
    X, theta = minimisers_of(X, y, [0.0, 0.05, 0.3])
    box = theory.robust_region_box(X, y, theta[0], [0.05, 0.3])
    assert np.isinf(box.upper).any()
    assert np.all((box.lower <= theta[1:] + 1e-9) & (theta[1:] <= box.upper + 1e-9))


@pytest.mark.parametrize("few", [3, 40])
def test_few_rows_show_the_way_and_all_rows_give_the_bound(monkeypatch, few):
    """Where the few lead astray, all rows are followed from the start."""
    X, y = overlapping(1)
    X, theta = minimisers_of(X, y, [0.0])
    eps = [0.05, 0.3]
    box = theory.robust_region_box(X, y, theta[0], eps)
    monkeypatch.setattr(weights_region, "FEW", few)
    found = theory.robust_region_box(X, y, theta[0], eps)
    assert np.isfinite(box).all()
    np.testing.assert_allclose(found, box, rtol=1e-7)


def test_a_box_is_the_same_where_the_shrunk_models_are_given():
    X, y = overlapping(3)
    X, theta = minimisers_of(X, y, [0.0])
    eps = np.array([0.05, 0.3])
    box = theory.robust_region_box(X, y, theta[0], eps)
    shrunk = theory.shrunk_models(X, y, theta[0], eps)
    given = theory.robust_region_box(X, y, theta[0], eps, shrunk=shrunk)
    np.testing.assert_array_equal(given, box)
    other = theory.robust_region_box(X, y, theta[0], eps, shrunk=0.5 * shrunk)
    assert np.all(other.upper > box.upper), "another threshold gives another box"


@pytest.mark.parametrize("p", [1, 2, np.inf])
def test_robust_descent_is_the_descent_of_the_models(p):
    X, y = overlapping(4)
    eps, options = [0.0, 0.1, 0.5], {"rate": 0.7, "steps": 40, "p": p}
    w, b = gradient_descent(X, y, eps, **options)
    path = theory.robust_descent(theory.add_bias(X), y, eps, **options)
    np.testing.assert_allclose(path, np.concatenate([w, b[..., None]], -1), atol=1e-12)
    assert np.abs(path[-1, 1:] - path[-1, :1]).max(1).min() > 0.01, "the radius makes a difference"


def test_a_model_trained_against_a_larger_radius_leaves_the_region():
    X, y = overlapping(0)
    X, theta = minimisers_of(X, y, [0.0, 0.02, 0.3])
    box = theory.robust_region_box(X, y, theta[0], [0.02])
    outside = np.any((theta < box.lower[0]) | (theta > box.upper[0]), axis=1)
    assert outside[2] and not outside[1]
    level = theory.robust_risk(X, y, theta[0], 0.02)
    assert theory.robust_region_reach(X, y, theta[0], theta[1:], np.full(2, level)).tolist()[1] == 0


def odds(z):
    return z / (1 + z)


def move(rows, factor_w, factor_eps, eps):
    """How far the first moves of standard and robust descent are apart, exactly.

    One feature, from w0 = log(factor_w), at rate 1; factor_eps = exp(eps w0).
    """
    standard = robust = Q(0)
    for x, y in rows:
        misfit = Q(factor_w) ** (-y * x)
        standard += odds(misfit) * y * x / len(rows)
        robust += odds(misfit * factor_eps) * (y * x - eps) / len(rows)
    return abs(standard - robust)


@pytest.mark.parametrize(
    "rows, x, y, exact",
    [
        ([(1, -1)], 1, -1, Q(8, 15)),
        ([(1, -1)], 1, 0, Q(8, 15)),
        ([(0, 1)] + 9 * [(1, -1)], 0, 1, Q(77, 150)),
    ],
    ids=["negative label", "labels 0 and 1", "given instance"],
)
def test_counterexamples_break_lemma1_as_printed(rows, x, y, exact):
    assert move(rows, 4, 2, Q(1, 2)) == exact
    assert theory.lemma1_printed(np.array([float(x)]), y, 0.5, rate=1.0, steps=1) < exact
    features, signs = np.array(rows).T
    X, labels = features[None, :, None].astype(float), (signs[None] + 1) // 2
    eps, start = np.array([0.5]), np.log([[4.0]])
    u, v = train(X, labels, eps, start, rate=np.ones(1), steps=1, p=np.inf)[:, -1, 0, 0]
    assert abs(u - v) == pytest.approx(float(exact), rel=1e-12)
    assert theory.lemma1_trivial(X[0], 0.5, rate=1.0, steps=1, bias=False) >= exact


def test_epochs_are_not_steps():
    """Five minibatches of the same row make one epoch.

    The weights part by more than the printed bound with n = 1.
    """
    X, y, eps, start = np.ones((1, 1, 1)), np.ones((1, 1)), np.array([3.0]), np.array([[2.0]])
    u, v = train(X, y, eps, start, rate=np.array([0.1]), steps=5, p=np.inf)[:, -1, 0, 0]
    printed = theory.lemma1_printed(np.ones(1), 1, 3.0, rate=0.1, steps=1)
    assert abs(u - v) > 5 * 0.1 * 2 * 0.5 > printed


@settings(max_examples=8)
@given(seeds)
def test_margins_below_z0_make_robust_training_shrink(seed):
    """8 x 2,000 exact minimisers: the standard weight is the longer where no margin exceeds z0.

    Or both are equally long.
    """
    rng = np.random.default_rng(seed)
    X, y, eps, _ = problems(rng, 1)
    z0 = 1 + lambertw(np.exp(-1)).real
    assert z0 * expit(z0) == pytest.approx(1)
    decay = np.full(BATCH, 0.01)
    w_nr, w_r = (minimisers(X[..., 0], y, radius, decay) for radius in (0 * eps, 0.1 * eps))
    modest = ((2 * y - 1) * X[..., 0] * w_r[:, None]).max(1) <= z0
    assert modest.sum() > 100 and np.all(np.abs(w_nr) >= np.abs(w_r) - 1e-9, where=modest)


def test_robust_training_can_lengthen_the_weights():
    """x = 1 or -1, y = sign(x) in 99 of 100: the standard weight is log 99.

    The robust ones are longer up to 0.9.
    """
    X, y = np.repeat([1.0, -1.0], 100)[:, None], np.r_[np.ones(99), 0, np.zeros(99), 1]
    w = fit_logistic(X, y, [0.0, 0.1, 0.5, 0.9, 0.97, 0.98]).model.w.numpy()[:, 0]
    assert w[0] == pytest.approx(np.log(99), abs=1e-9)
    assert np.allclose(w[1:], [4.874, 6.932, 14.376, 0.551, 0.0], atol=1e-3)


def test_modest_robust_weights_can_be_longer_than_the_standard_ones():
    """No row is right by more than z0, and still they are: the proposition is about one ray."""
    X = np.repeat([[-1.0, -3.0], [-1.0, -1.0], [1.0, 1.0], [1.0, 3.0]], 50, axis=0)
    y = np.concatenate([np.repeat([1, 0], [k, 50 - k]) for k in (15, 21, 29, 35)])
    fit = fit_logistic(X, y, [0.0, 0.01])
    margins = (2 * y - 1) * fit.model(X).numpy()
    slopes = -(margins * expit(-margins)).mean(1)
    assert np.abs(fit.gap).max() < 1e-12 and margins.max() < 0.9
    assert slopes[0] == pytest.approx(0, abs=1e-9) and slopes[1] < 0, "on its own ray it shrinks"
    assert np.linalg.norm(fit.model.w, axis=1) == pytest.approx([0.2692, 0.2813], abs=5e-5)


@pytest.mark.parametrize(
    "eps, p, message", [(0.0, np.inf, "eps must be positive"), (0.1, 1, "p must be 2 or numpy.inf")]
)
def test_the_box_refuses(eps, p, message):
    X, y = overlapping(0)
    with pytest.raises(ValueError, match=message):
        theory.robust_region_box(theory.add_bias(X), y, np.ones(4), [eps], p=p)


def test_the_triangle_bound_refuses_another_norm():
    X, _ = overlapping(0)
    with pytest.raises(ValueError, match="p must be 1, 2 or numpy.inf"):
        theory.lemma1_trivial(theory.add_bias(X), 0.1, rate=1.0, steps=1, p=3)

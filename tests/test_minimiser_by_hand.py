"""The robust minimiser, its certificates and its refusals, and decoders' constants, by hand."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from rrlib.models import decoder, duality, logistic, minimiser
from rrlib.models.decoder import Residual
from rrlib.models.logistic import fit_logistic
from rrlib.models.minimiser import Problem

Z = np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, -1.0], [0.5, 1.0]])
SIGN = np.array([1.0, -1.0, 1.0, -1.0])
REACH = np.array([0.1, 0.2])
THETA = np.array([3.0, -4.0, 0.5])
PENALTIES = {2: np.sqrt(0.3**2 + 0.8**2), np.inf: 0.3 + 0.8}


def about(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


def small(p, **changes):
    return Problem(Z, SIGN, REACH, p)._replace(**changes)


def derivatives(one, theta):
    """Gradient and Hessian on the side of each kink where theta lies."""
    return minimiser._derivatives(one, theta, np.sign(theta[:-1]))


def polished(one, theta, **options):
    """Newton's steps on the weights that are not 0."""
    return minimiser._polish(one, theta, theta[:-1] != 0, **options)


@pytest.mark.parametrize("p", [2, np.inf])
def test_a_problem_by_hand(p):
    """v.z + c is 3.5, -7.5, 1.5 and -2 at the rows; signed: 3.5, 7.5, 1.5 and 2."""
    one, cost = small(p), PENALTIES[p]
    assert one.penalty(THETA[:2]) == about(cost)
    direction = {2: [0.1 * 0.3 / cost, -0.2 * 0.8 / cost], np.inf: [0.1, -0.2]}[p]
    assert one.penalty_gradient(THETA[:2]) == about(np.array(direction))
    margins = np.array([3.5, 7.5, 1.5, 2.0]) - cost
    assert one.margins(THETA) == about(margins)
    assert one.loss(THETA) == about(np.log(1 + np.exp(-margins)).mean())
    assert one.penalty_gradient(np.zeros(2)).tolist() == [0, 0]


@pytest.mark.parametrize("p", [2, np.inf])
def test_derivatives_by_differences(p):
    one, h = small(p), 1e-5
    gradient, hessian = derivatives(one, THETA)
    for j, step in enumerate(h * np.eye(3)):
        slope = (one.loss(THETA + step) - one.loss(THETA - step)) / (2 * h)
        assert gradient[j] == pytest.approx(slope, abs=1e-9)
        up, down = (derivatives(one, THETA + s * step)[0] for s in (1, -1))
        assert hessian[j] == pytest.approx((up - down) / (2 * h), abs=1e-8)
    flat = derivatives(small(p), np.zeros(3))[1]
    expected = np.column_stack([SIGN[:, None] * Z, SIGN])
    assert flat == about(expected.T @ expected / 16), "no bend of the penalty at 0"


def test_scales_by_hand():
    """Distances 2, 0.1 and 0 from medians 3, 5.1 and 7; the attack's radius is 0.5, or none."""
    X = np.array([[1.0, 5.0, 7.0], [5.0, 5.2, 7.0]])
    one, centre, scale = minimiser.make_problem(X, SIGN[:2], 0.5, 2)
    assert centre == about(np.array([3, 5.1, 7])) and scale == about(np.array([2, 0.5, 1]))
    assert about(np.array([[-1, -0.2, 0], [1, 0.2, 0]])) == one.Z
    assert one.reach == about(np.array([0.25, 1, 0.5])) and one.p == 2
    one, centre, scale = minimiser.make_problem(X, SIGN[:2], 0.0, np.inf)
    assert scale == about(np.array([2, 0.1, 1])) and one.reach.tolist() == [0, 0, 0]
    rare = np.array([[0.0], [0], [0], [0], [-1000], [2], [4]])
    one, centre, scale = minimiser.make_problem(rare, np.ones(7), 0.0, 2)
    assert centre.tolist() == [0] and scale.tolist() == [4], "of 1000, 2 and 4"


NOISE = np.random.default_rng(0)
ROWS = NOISE.normal(size=(60, 3))
LABELS = (ROWS @ [1, -1, 0.2] + 1.5 * NOISE.normal(size=60) > 0.3).astype(int)


@pytest.mark.parametrize("p", [2, np.inf])
def test_a_minimum_is_flat_and_certified(p):
    """Its gradient is 0 where the loss is smooth, and the dual value meets the loss."""
    for eps in (0.0, 0.05, 0.2):
        fit = fit_logistic(ROWS, LABELS, [eps], p=p)
        one = Problem(ROWS, 2.0 * LABELS - 1, np.full(3, eps), p)
        theta = np.append(fit.model.w[0].numpy(), fit.model.b[0].item())
        gradient, _ = derivatives(one, theta)
        free = np.append(theta[:3] != 0, True)
        assert np.abs(gradient[free]).max() < 1e-13
        fixed = derivatives(one, theta)[0][:3][~free[:3]]
        assert np.all(np.abs(fixed) <= eps), "a weight at 0 is held there by the attack"
        assert fit.loss[0] == about(one.loss(theta)) and abs(fit.gap[0]) < 1e-14
        assert theta[:3].any()


@pytest.mark.parametrize("p", [2, np.inf])
def test_each_part_of_the_descent_arrives(p):
    """L-BFGS-B alone comes near; Newton's steps do the rest; at 0 the penalty has a kink."""
    one = Problem(ROWS, 2.0 * LABELS - 1, np.full(3, 0.1), p)
    descend = minimiser._descend_split if p == np.inf else minimiser._descend
    near = descend(one, np.zeros(4))
    best = polished(one, near)
    assert np.allclose(descend(one, np.array([1.0, -2.0, 0.5, 3.0])), near, rtol=0, atol=1e-5)
    assert np.abs(near - best).max() < 1e-5
    rough = polished(one, best + 0.05 * (best != 0))
    assert np.allclose(rough, best, rtol=0, atol=1e-10), "from farther off too"
    worse = polished(one, best + 40.0 * (best != 0), steps=1)
    assert one.loss(worse) <= one.loss(best + 40.0 * (best != 0))
    assert np.allclose(minimiser.minimise(one, np.zeros(4)), best, rtol=0, atol=1e-10)


@pytest.mark.parametrize("side", [1, -1])
def test_a_weight_that_would_cross_zero_is_set_to_zero(side):
    """The mean of y z is 1/3, and the attack takes 1/2: no weight is worth having."""
    rows = np.array([[-1.0], [1.0], [-1.0], [1.0], [1.0], [-1.0]])
    sign = np.array([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0])
    one = Problem(rows, side * sign, np.array([0.5]), np.inf)
    assert polished(one, np.array([0.1 * side, 0.0])).tolist() == [0, 0]
    assert polished(one._replace(reach=np.zeros(1)), np.array([side * 0.1, 0.0]))[0] == about(
        side * np.log(2)
    )  # 4 of 6 rows are on their side: the odds are 2


def test_a_weight_that_would_cross_zero_waits_there():
    """Its rows pull it down to -log 2; the steps from 0.1 end at 0, the next search lets it go."""
    rows = np.array([[-1.0], [1.0], [-1.0], [1.0], [1.0], [-1.0]])
    sign = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    one = Problem(rows, sign, np.zeros(1), np.inf)
    assert polished(one, np.array([0.1, 0.0])).tolist() == [0, 0]
    found = minimiser._polish_weight_by_weight(one, np.array([0.1, 0.0]))
    assert found == about(np.array([-np.log(2), 0]))


@pytest.mark.parametrize("p", [2, np.inf])
def test_pulls_by_hand(p):
    one = small(p)
    slope = 1 / (1 + np.exp(np.array([3.5, 7.5, 1.5, 2.0]) - PENALTIES[p])) / 4
    pull, cost = minimiser._pulls(one, THETA)
    assert pull == about(
        slope[0] * Z[0] - slope[1] * Z[1] + slope[2] * Z[2] - slope[3] * Z[3]
    ) and cost == about(slope.sum() * REACH)


def test_weights_are_let_go_one_by_one_until_none_is_held():
    """From no weights at all, more than three of seven are worth having."""
    rows = np.random.default_rng(3).normal(size=(90, 7))
    sign = np.where(rows.sum(1) + np.random.default_rng(4).normal(size=90) > 0, 1.0, -1.0)
    one = Problem(rows, sign, np.full(7, 0.05), np.inf)
    found = minimiser._polish_weight_by_weight(one, np.zeros(8))
    assert (found[:-1] != 0).sum() == 7
    assert np.allclose(found, minimiser.minimise(one, np.zeros(8)), rtol=0, atol=1e-10)


def test_steps_down_by_hand():
    """A step is halved while the loss rises by more than 1e-15; it crosses 0 where it may."""
    slope = SimpleNamespace(p=2, loss=lambda theta: 1e-15 * theta[0])
    theta, side = np.array([0.0, 3.0]), np.zeros(1)
    for length, kept in ((1.0, 1.0), (2.0, 1.0), (-8.0, -8.0)):
        found = minimiser._lower(slope, theta, np.array([length, 1.0]), side)
        assert found.tolist() == [kept, 3 + kept / length]
    wall = SimpleNamespace(p=2, loss=lambda theta: float(theta[0] != 0))
    assert minimiser._lower(wall, theta, np.array([1.0, 0.0]), side) is theta
    for p, expected in ((2, -1.0), (np.inf, 0.0)):
        flat = SimpleNamespace(p=p, loss=lambda theta: 0.0)
        found = minimiser._lower(flat, np.array([1.0, 5.0]), np.array([-2.0, 0.0]), np.ones(1))
        assert found.tolist() == [expected, 5]


@pytest.mark.parametrize("p", [2, np.inf])
def test_the_constant_is_log_odds(p):
    """Three of four rows are favourable: c = log 3, and the loss is the entropy of 3/4."""
    X, y = np.array([[0.1], [-0.1], [0.3], [0.0]]), np.array([1, 0, 1, 1])
    fit = fit_logistic(X, y, [5.0], p=p)
    assert fit.model.w.item() == 0 and fit.model.b.item() == about(math.log(3))
    assert fit.loss[0] == about(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))
    assert abs(fit.gap[0]) < 1e-14


def test_moments_are_moved_into_what_the_attack_allows():
    """With 10 as the sum of the weights the attack allows 1 and 2 along the two features."""
    allowed = duality._allowed_moment
    by_hand = [([0.5, -1], [0.5, -1]), ([3, -1], [1, -1]), ([-3, 9], [-1, 2]), ([1, -2], [1, -2])]
    for moment, expected in by_hand:
        assert allowed(small(np.inf), np.array(moment, float), 10.0).tolist() == expected
    inside = allowed(small(2), np.array([0.5, 1.0]), 10.0)  # (1/2, 1/2) is shorter than 1
    assert inside.tolist() == [0.5, 1.0]
    outside = allowed(small(2), np.array([3.0, -8.0]), 10.0)  # (3, -4) is 5 long
    assert outside == about(np.array([0.6, -1.6]))
    none = small(2, reach=np.zeros(2))
    assert allowed(none, np.array([3.0, 4.0]), 10.0).tolist() == [0, 0]


@pytest.mark.parametrize("p", [2, np.inf])
@pytest.mark.parametrize("mirror", [1, -1])
def test_dual_weights_and_their_bound(p, mirror):
    """At theta = 0 all are 1/2; the least change with the sum 2 and the moment 0.2 is known.

    The bound is their mean entropy.
    """
    rows = mirror * np.array([[2.0], [1.0], [-1.0], [0.5]])
    sign = np.array([1.0, -1.0, -1.0, 1.0])
    one = Problem(rows, sign, np.array([0.1]), p)
    a = duality.dual_weights(one, np.zeros(2))
    by_hand = np.array([0.248, 0.836, 0.164, 0.752])
    assert a == pytest.approx(by_hand, abs=1e-12)
    entropy = -(by_hand * np.log(by_hand) + (1 - by_hand) * np.log(1 - by_hand)).mean()
    assert duality.lower_bound(one, np.zeros(2)) == about(entropy)
    large = one._replace(Z=1e5 * rows, reach=1e5 * one.reach)
    assert duality.dual_weights(large, np.zeros(2)) == pytest.approx(by_hand, abs=1e-11), (
        "terms of a hundred thousand may miss by more than terms of one"
    )


def test_what_a_bound_claims_too_much_is_taken_off(monkeypatch):
    """Mean a margin where it is positive, and nothing where it is not."""
    a = np.array([0.25, 0.5, 0.125, 0.5])
    monkeypatch.setattr(duality, "dual_weights", lambda problem, theta: a)
    entropy = -(a * np.log(a) + (1 - a) * np.log(1 - a)).mean()
    margins = np.array([3.5, 7.5, 1.5, 2.0]) - 1.1
    found = duality.lower_bound(small(np.inf), THETA)
    assert found == about(entropy - (a * margins).sum() / 4)
    assert duality.lower_bound(small(np.inf), -THETA) == about(entropy)


@pytest.mark.parametrize("mirror", [1, -1])
@pytest.mark.parametrize("d", [1, 2])
def test_largest_margins_by_hand(mirror, d):
    """Rows at -1 and 1, and one at 3, which alone is farther off than the radius of 1.

    A second feature says nothing.
    """
    rows = np.zeros((3, d))
    rows[:, 0] = mirror * np.array([-1.0, 1.0, 3.0])
    one = Problem(rows, np.array([-1.0, 1.0, 1.0]), np.ones(d), np.inf)
    found = duality._largest_margins(one)
    assert found.shape == (d + 1,)
    assert np.abs(one.margins(found)[:2]).max() < 1e-9 and one.margins(found)[2] > 0.5
    assert duality._largest_margins(one._replace(reach=np.full(d, 1.25))) is None
    mixed = one._replace(sign=np.array([-1.0, 1.0, -1.0]))
    assert duality._largest_margins(mixed) is None
    free = duality._largest_margins(one._replace(reach=np.zeros(d)))
    assert one._replace(reach=np.zeros(d)).margins(free).min() > 0.5


def test_overlaps_by_hand():
    """Without the attack rows 0 to 3 are in order and row 4 is not."""
    rows = np.array([[0.0], [1.0], [2.0], [3.0], [4.0]])
    sign = np.array([-1.0, -1.0, 1.0, 1.0, -1.0])
    one = Problem(rows, sign, np.full(1, 9.0), np.inf)
    assert not duality._overlap(one, np.array([3, 0, 2, 1])), "the attack plays no part"
    assert duality._overlap(one, np.array([0, 2, 4])) and duality._overlap(one, np.arange(5))
    assert duality._overlap(one, np.array([4, 3, 0, 1])), "0, 1 and 4 are denied, 3 is not"
    same = one._replace(Z=np.ones((5, 1)))
    assert not duality._overlap(same, np.arange(5)), "a weight on it changes no margin"


def test_samples_of_rows_by_hand(monkeypatch):
    """Of eight and of three rows, hardest first: places 1, 2 or 3, and the last."""
    monkeypatch.setattr(duality, "SAMPLE", 3)
    sign = np.array([-1.0] * 8 + [1.0] * 3)
    margins = np.array([7.0, 6, 5, 4, 3, 2, 1, 0, 9, -9, 8])
    one = Problem(np.zeros((11, 1)), sign, np.zeros(1), 2)
    assert duality._sample(one, margins).tolist() == [7, 6, 0, 9, 8]


@pytest.mark.parametrize("mirror", [1, -1])
def test_weights_beyond_their_limits_are_no_dual_point(mirror):
    """Rows at 9 and 1 and at -1 and -9: moments of 20, of which nothing is allowed.

    The change is so large that weights leave [0, 1] on both sides.
    """
    rows = mirror * np.array([[9.0], [1.0], [-1.0], [-9.0], [0.5]])
    sign = np.array([1.0, 1.0, -1.0, -1.0, -1.0])
    one = Problem(rows, sign, np.zeros(1), np.inf)
    assert duality.dual_weights(one, np.array([0.3 * mirror, 0.0])) is None
    assert duality.lower_bound(one, np.array([0.3 * mirror, 0.0])) == -np.inf


def test_separation_is_found_or_refuted(monkeypatch):
    split = Problem(np.array([[-1.0], [2.0]]), np.array([-1.0, 1.0]), np.array([0.5]), np.inf)
    theta = np.array([3.0, 0.0])
    assert duality.separating_direction(split, theta) is theta, "margins 1.5 and 4.5"
    found = duality.separating_direction(split, np.array([-1.0, 0.0]))
    assert split.margins(found).min() >= -1e-9 and split.margins(found).max() > 0.5
    touch = split._replace(reach=np.array([1.5]))
    assert duality.separating_direction(touch, np.array([1.0, -0.5])) is None, "all margins 0"
    ball = split._replace(p=2)
    assert duality.separating_direction(ball, np.array([-9.0, 0.0])) is None
    free = ball._replace(reach=np.zeros(1))
    found = duality.separating_direction(free, np.array([-9.0, 0.0]))
    assert free.margins(found).min() >= -1e-9 and free.margins(found).max() > 0.5
    rows, sign = np.array([[-1.0], [0.0], [0.5], [1.0]]), np.array([1.0, -1, 1, -1])
    mixed = Problem(rows, sign, REACH[:1], 2)
    monkeypatch.setattr(duality, "_largest_margins", lambda one: pytest.fail("not asked"))
    assert duality.separating_direction(mixed, np.zeros(2)) is None, "all weights are positive"


def test_a_linear_program_that_fails_says_so(monkeypatch):
    failed = SimpleNamespace(status=4, message="numbers")
    monkeypatch.setattr(duality, "linprog", lambda *args, **options: failed)
    with pytest.raises(RuntimeError, match="separation failed: numbers"):
        duality._largest_margins(small(np.inf))


def test_columns_that_separate_are_named():
    """Weights 1, -0.5, 0.1 and 0.09: a tenth of the largest is not named, nor a fourth one."""
    columns = pd.Index(["a", "b", "c", "d"])
    text = logistic._separated(0.1, np.array([0.09, 1.0, -0.5, 0.1, 7.0]), columns)
    assert "at eps = 0.1 a hyperplane" in text and "on column 'b', 'c': drop" in text
    text = logistic._separated(0.1, np.array([1.0, -0.9, 0.8, 0.7, 7.0]), None)
    assert "on column 0, 1, 2: drop" in text
    text = logistic._separated(0.1, np.array([0.15, 1.0, 7.0]), columns)
    assert "on column 'b', 'a': drop" in text
    X = pd.DataFrame({"good": [0.0, 0, 5, 5], "noise": [1.0, -1, 1, -1]})
    with pytest.raises(ValueError, match="at eps = 0.1 .* on column 'good': drop"):
        fit_logistic(X, [0, 0, 1, 1], [0.1])
    with pytest.raises(ValueError, match="on column 0: drop"):
        fit_logistic(X.to_numpy(), [0, 0, 1, 1], [0.1], p=2)
    with pytest.raises(ValueError, match="p must be 2 or numpy.inf, not 1"):
        fit_logistic(X, [0, 0, 1, 1], [3.0], p=1)


def test_a_fit_is_in_the_units_of_its_rows():
    """Moved by 100 and stretched by 10, with the ball: a tenth of the weights, the same loss."""
    eps = np.array([0.0, 0.1])
    one = fit_logistic(ROWS, LABELS, eps)
    other = fit_logistic(10 * ROWS + 100, LABELS, 10 * eps)
    assert torch.allclose(10 * other.model.w, one.model.w, rtol=0, atol=1e-9)
    shift = (other.model.b + 100 * other.model.w.sum(-1)) - one.model.b
    assert shift.abs().max() < 1e-8 and other.loss == about(one.loss)
    assert one.model.eps.tolist() == [0, 0.1] and one.gap.shape == (2,)


def test_descent_from_a_start_in_single_precision_runs_in_double():
    start, how = np.array([0.1, 0.7, -0.3], np.float32), {"rate": 0.5, "steps": 3, "p": 2}
    single = logistic.gradient_descent(ROWS, LABELS, [0.1], w0=start, **how)
    double = logistic.gradient_descent(ROWS, LABELS, [0.1], w0=start.astype(float), **how)
    assert np.array_equal(single.w, double.w) and np.array_equal(single.b, double.b)


def scalar(a, units, c=0.0):
    """G(z) = a z + c + sum of w2 sigmoid(w1 z + b1), for units (w1, b1, w2)."""
    w1, b1, w2 = np.array(units, float).reshape(-1, 3).T
    parts = [[a]], [c], w1[:, None], b1, w2[None]
    return Residual(*(torch.as_tensor(np.array(part, float)) for part in parts))


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


def test_a_decoder_by_hand():
    G = scalar(2.0, [(1.0, 0.5, 3.0), (-2.0, 0.0, -1.0)], c=7.0)
    z = torch.tensor([[0.3], [-1.0]], dtype=torch.float64)
    by_hand = [2 * x + 7 + 3 * sigmoid(x + 0.5) - sigmoid(-2 * x) for x in (0.3, -1.0)]
    assert G(z).flatten().tolist() == about(by_hand)
    shifts = torch.tensor([[0.0], [0.1], [0.2]], dtype=torch.float64)
    around = decoder.decode_around(G, z, shifts)
    assert around.shape == (1, 2, 3)
    for j, shift in enumerate(shifts):
        assert torch.allclose(around[:, :, j], G(z + shift).mT)
    assert G(scalar(1.0, []).A).shape == (1, 1)


def test_slopes_on_a_ball_by_hand():
    """w1 = 2, b1 = 1 at z = 0, radius 1/4: arguments 1/2 to 3/2; radius 1: -1 to 3, with 0."""
    G = scalar(0.0, [(2.0, 1.0, 1.0)])

    def steep(z):
        return sigmoid(z) * sigmoid(-z)

    z = torch.zeros(1, 1).double()
    for radius, nearest, farthest in ((0.25, 0.5, 1.5), (1.0, 0.0, 3.0)):
        middle, width = decoder._slopes(G, z, torch.full((1, 1), radius, dtype=torch.float64))
        assert middle.item() == about((steep(nearest) + steep(farthest)) / 2)
        assert width.item() == about((steep(nearest) - steep(farthest)) / 2)


def test_slopes_are_even():
    """Arguments -3/2 to -1/2 have the slopes of 1/2 to 3/2."""
    z, radius = torch.zeros(1, 1).double(), torch.full((1, 1), 0.25).double()
    one, other = (decoder._slopes(scalar(0.0, [(2.0, b, 1.0)]), z, radius) for b in (1.0, -1.0))
    assert torch.allclose(one[0], other[0]) and torch.allclose(one[1], other[1])


def test_local_constants_by_hand():
    """G = a z + w2 sigmoid(2 z + 1): slopes a + 2 w2 s, with s from s(3/2) to s(1/2)."""
    low, high = (sigmoid(t) * sigmoid(-t) for t in (1.5, 0.5))
    z = torch.zeros(1, 1).double()
    for a, w2 in ((1.0, 3.0), (-1.0, 3.0), (0.2, -1.0)):
        slopes = sorted(abs(a + 2 * w2 * s) for s in (low, high))
        upper, lower = decoder.lipschitz_local(scalar(a, [(2.0, 1.0, w2)]), z, 0.25)
        crosses = (a + 2 * w2 * low) * (a + 2 * w2 * high) < 0
        assert lower.item() == about(0.0 if crosses else slopes[0])
        assert upper.item() == about(slopes[1])
    wide = Residual(*(torch.tensor(part).double() for part in WIDE))
    upper, lower = decoder.lipschitz_local(wide, torch.zeros(2, 2), 0.0)
    assert lower.tolist() == [0, 0] and upper.tolist() == about([5, 5]), "two latents, one feature"
    far = decoder.lipschitz_local(scalar(1.0, [(1.0, 0.0, -8.0)]), z, 100.0)
    assert far[0].item() <= decoder.lipschitz_upper(scalar(1.0, [(1.0, 0.0, -8.0)]))
    each = decoder.lipschitz_local(scalar(1.0, [(2.0, 1.0, 3.0)]), torch.zeros(2, 1), [0.25, 0.0])
    assert each[0].tolist() == about([1 + 6 * high, 1 + 6 * sigmoid(1) * sigmoid(-1)])
    for radius in (-0.1, np.nan, [0.1, np.inf]):
        with pytest.raises(ValueError, match="radius must be finite and >= 0"):
            decoder.lipschitz_local(wide, torch.zeros(2, 2), radius)


WIDE = [[3.0, 4.0]], [0.0], np.zeros((0, 2)), np.zeros(0), np.zeros((1, 0))


def two_by_two():
    """A = diag(1, 2), W1 = diag(4, 1), W2 = diag(1, 9): two units that do not meet."""
    parts = np.diag([1.0, 2.0]), np.zeros(2), np.diag([4.0, 1.0]), np.zeros(2), np.diag([1.0, 9.0])
    return Residual(*map(torch.as_tensor, parts))


def test_bounds_on_a_decoder_of_two_units():
    """||A|| + ||W2|| ||W1|| / 4 = 2 + 9 * 4 / 4; balanced, T = (1/2, 3), the product is 3 * 3.

    The middle is ||diag(1 + 4/8, 2 + 9/8)|| = 25/8, and the spread 9 / 8: together 34/8.
    """
    G = two_by_two()
    assert decoder.lipschitz_product(G) == about(11)
    assert decoder._balance(G).tolist() == about([0.5, 3.0])
    assert decoder._smallest_product(G, 1) == about(9)
    assert decoder.lipschitz_upper(G, steps=1) == decoder.lipschitz_upper(G) == about(34 / 8)
    assert decoder.lipschitz_upper(G, steps=0) == about(11), "no search, no spread: the product"
    width = torch.tensor([[0.1, 0.2], [0.1, 0.01]], dtype=torch.float64)
    # per unit the product of lengths is 4 and 9: times w, 0.4 and 1.8, or 0.4 and 0.09
    assert decoder._entrywise(G, width).tolist() == about([1.8, 0.4])
    # the scaled one takes max w (1/T W2)^2 = max(4 w1, 9 w2) on either side
    assert decoder._scaled_product(G, width).tolist() == about([1.8, 0.4])
    straight = Residual(*(torch.tensor(part).double() for part in WIDE))
    assert decoder.lipschitz_product(straight) == decoder.lipschitz_upper(straight) == about(5)


def test_the_bound_takes_the_smaller_of_two_norms():
    """Signs cancel in ||W2 T^-1|| ||T W1|| and not in |W2| |W1|; a diagonal is the other way."""
    rng = np.random.default_rng(0)
    for H in (2, 6):
        parts = rng.normal(size=(3, 2)), np.zeros(3), rng.normal(size=(H, 2)), np.zeros(H)
        G = Residual(*map(torch.as_tensor, (*parts, rng.normal(size=(3, H)))))
        width = torch.as_tensor(rng.uniform(0, 0.1, (4, H)))
        W1, W2, T = G.W1.numpy(), G.W2.numpy(), decoder._balance(G).numpy()
        for w, scaled, entries in zip(
            width.numpy(), decoder._scaled_product(G, width), decoder._entrywise(G, width)
        ):
            left = np.linalg.norm(W2 / T * np.sqrt(w), 2)
            right = np.linalg.norm((np.sqrt(w) * T)[:, None] * W1, 2)
            assert scaled.item() == about(left * right)
            whole = np.linalg.norm(np.abs(W2) @ np.diag(w) @ np.abs(W1), 2)
            assert entries.item() == about(whole)
        Zs = torch.as_tensor(rng.normal(size=(4, 2)))
        upper, lower = decoder.lipschitz_local(G, Zs, 0.1)
        middle, width = decoder._slopes(G, Zs, torch.full((4, 1), 0.1, dtype=torch.float64))
        for k in range(4):
            J = G.A.numpy() + W2 @ np.diag(middle[k]) @ W1
            singular = np.linalg.svd(J, compute_uv=False)
            one = decoder._scaled_product(G, width)[k].item()
            B = min(one, decoder._entrywise(G, width)[k].item())
            known = decoder.lipschitz_upper(G)
            assert upper[k].item() == about(min(singular[0] + B, known))
            assert lower[k].item() == about(max(singular[-1] - B, 0))


def test_the_search_for_the_scaling_goes_down():
    """Steps on log T along the squares of the singular vectors, 1 / sqrt(k + 1) long."""
    rng = np.random.default_rng(3)
    parts = rng.normal(size=(3, 2)), np.zeros(3), rng.normal(size=(5, 2)), np.zeros(5)
    G = Residual(*map(torch.as_tensor, (*parts, rng.normal(size=(3, 5)))))
    W1, W2 = G.W1.numpy(), G.W2.numpy()
    log_t, values = np.log(decoder._balance(G).numpy()), []
    for k in range(6):
        T = np.exp(log_t)
        _, left, outgoing = np.linalg.svd(W2 / T, full_matrices=False)
        incoming, right, _ = np.linalg.svd(T[:, None] * W1, full_matrices=False)
        values.append(left[0] * right[0])
        log_t = log_t + (outgoing[0] ** 2 - incoming[:, 0] ** 2) / np.sqrt(k + 1)
    for steps in (1, 3, 6):
        assert decoder._smallest_product(G, steps) == about(min(values[:steps]))
    assert decoder.lipschitz_upper(G) == decoder.lipschitz_upper(G, steps=100)


@pytest.mark.parametrize("p", [2, np.inf])
def test_what_the_descent_is_told(monkeypatch, p):
    """Loss and gradient at a point, against differences; weights 3 and -4, the bias 1/2."""
    told = []
    monkeypatch.setattr(minimiser, "_lbfgs", lambda rule, first, bounds: told.append(rule) or first)
    descend = minimiser._descend_split if p == np.inf else minimiser._descend
    descend(small(p), THETA)
    point = np.array([3.0, 0.0, 0.0, 4.0, 0.5]) if p == np.inf else THETA
    loss, gradient = told[0](point)
    assert loss == about(small(p).loss(THETA))
    for j, step in enumerate(1e-6 * np.eye(len(point))):
        slope = (told[0](point + step)[0] - told[0](point - step)[0]) / 2e-6
        assert gradient[j] == pytest.approx(slope, abs=1e-8)


def test_an_attack_leaves_exact_zeros():
    fit = fit_logistic(ROWS, LABELS, [0.3])
    w = fit.model.w[0].numpy()
    assert w[2] == 0 and w[0] > 0 and abs(fit.gap[0]) < 1e-14


def test_the_correction_is_weighted_by_how_far_each_may_move():
    """a + D R^T (R D R^T)^-1 (wanted - R a) with D = a (1 - a), away from theta = 0."""
    rng = np.random.default_rng(2)
    rows, sign = rng.normal(size=(8, 1)), np.where(np.arange(8) % 2, 1.0, -1.0)
    one, theta = Problem(rows, sign, np.array([0.2]), np.inf), np.array([0.4, 0.1])
    a = 1 / (1 + np.exp(one.margins(theta)))
    R = np.stack([np.ones(8), sign, sign * rows[:, 0]])
    limit = 0.2 * a.sum()
    wanted = np.array([a.sum(), 0.0, np.clip(R[2] @ a, -limit, limit)])
    D = np.diag(a * (1 - a))
    expected = a + D @ R.T @ np.linalg.solve(R @ D @ R.T, wanted - R @ a)
    assert duality.dual_weights(one, theta) == about(expected)


def test_constraints_that_cannot_be_met_give_no_weights():
    """Two rows on one side of 0, and no moment is allowed: their weights would be both 0."""
    for side in (1.0, -1.0):
        one = Problem(side * np.array([[3.0], [1.0]]), np.array([1.0, -1.0]), np.zeros(1), np.inf)
        assert duality.dual_weights(one, np.zeros(2)) is None


def test_small_margins_separate_too(monkeypatch):
    rows, sign = np.array([[-0.1, 0.0], [0.2, 0.0]]), np.array([-1.0, 1.0])
    one = Problem(rows, sign, np.array([0.05, 0.05]), np.inf)
    theta = np.array([1.0, 0.0, 0.0])
    assert duality.separating_direction(one, theta) is theta, "margins 0.05 and 0.15"
    found = duality._largest_margins(one)
    assert one.margins(found).min() >= -1e-9 and one.margins(found).max() > 0.01
    monkeypatch.setattr(duality, "_largest_margins", lambda one: "asked")
    assert duality.separating_direction(one, -theta) == "asked"
    assert duality.separating_direction(one._replace(p=2), -theta) is None, "an l2 attack"
    free = one._replace(p=2, reach=np.zeros(2))
    assert duality.separating_direction(free, -theta) == "asked"

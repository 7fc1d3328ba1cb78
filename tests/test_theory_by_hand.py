"""Every bound of the theory room in numbers that can be checked on paper."""

import math

import numpy as np
import pytest

from rrlib import theory
from rrlib.theory import collapse, validity, weights, weights_region

W_NR, W_R = np.array([3.0, 4.0]), np.array([0.0, 2.0])
"""Lengths 5 and 2, and a cosine of 8 / 10."""


def about(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_scfe_by_hand():
    """m = 3, lam = 5: 3 w / 30; as printed 15 w / 10, or 15 w / 30."""
    assert theory.scfe_recourse(3.0, W_NR, 5.0) == about(W_NR / 10)
    assert theory.scfe_cost(-3.0, W_NR, 5.0) == about(0.5)
    assert theory.definition1_printed(3.0, W_NR, 5.0) == about(1.5 * W_NR)
    assert theory.definition1_printed(3.0, W_NR, 5.0, squared=True) == about(0.5 * W_NR)
    both = theory.scfe_recourse([3.0, -9.0], np.stack([W_NR, W_R]), 5.0)
    assert both == about(np.stack([W_NR / 10, -W_R]))


def test_theorem_1_by_hand():
    """Costs 0.5 and 2 with m = 3 and -9; lengths 5 and 2, lam = 5."""
    args = 3.0, W_NR, -9.0, W_R, 5.0
    found = theory.theorem1(*args)
    assert (found.lower, found.upper) == (about(1.5), about(2.5))
    exact = math.sqrt(0.25 + 4 + 2 * 0.5 * 2 * 0.8)  # the signs differ
    assert theory.theorem1_exact(*args) == about(exact)
    assert exact == about(np.linalg.norm(W_NR / 10 + W_R))
    same = theory.theorem1_exact(3.0, W_NR, 9.0, W_R, 5.0)
    assert same == about(math.sqrt(0.25 + 4 - 1.6))
    assert theory.theorem1_exact(3.0, W_NR, 3.0, W_NR, 5.0) == 0
    printed = theory.theorem1_printed(*args)
    assert printed.lower == about(5 * abs(3 / 5 + 9 / 2))
    assert printed.upper == about(25 / 10 + 10 / 7)
    squared = theory.theorem1_printed(*args, squared=True)
    assert squared.upper == about(25 / 30 + 10 / 9) and squared.lower == printed.lower
    many = theory.theorem1_printed(np.array([3.0, 1.0]), W_NR, -9.0, W_R, 5.0)
    assert many.upper.shape == (2,)
    # 3/5 and 9/2 to the level; corrections 0.6 / 30 and 4.5 / 9
    assert theory.theorem1_reach(*args) == about(3.9 - 5 * 0.5)
    assert theory.theorem1_reach(9.0, W_R, -3.0, W_NR, 5.0) == about(3.9 - 5 * 0.5)


def test_stability_by_hand():
    """dw = (-3, -2), 13 long squared; x = (0, 2), db = -1; lam = 5: squares 30 and 9."""
    moved = math.sqrt(13)
    found = theory.theorem1_stability(np.array([0.0, 2.0]), -3.0, W_NR, W_R, -1.0, 5.0)
    assert found == about(3 * moved / math.sqrt(270) + (2 * moved + 1) * 2 / 9)


def test_other_recourses_by_hand():
    """|m| / ||w|| - lam / (2 ||w||^2) = 3/5 - 5/50 = 1/2 along w / 5; at lam = 30 it is 0."""
    assert theory.scfe_recourse_unsquared(3.0, W_NR, 5.0) == about(W_NR / 10)
    assert theory.scfe_recourse_unsquared(-3.0, W_NR, 5.0) == about(-W_NR / 10)
    assert theory.scfe_recourse_unsquared(3.0, W_NR, 31.0).tolist() == [0, 0]
    assert theory.scfe_recourse_unsquared(3.0, W_NR, 29.0) == about(W_NR / 5 * 0.02)
    assert theory.stationary_recourse(3.0, W_NR, 5.0) == about(0.6 * W_NR)
    # beta t^2 (g / (2 (lam + g^2)) + 1 / g') = 2 * 9 (4 / (2 * 21) + 1 / 8)
    assert theory.linearisation_error(3.0, 4.0, 8.0, 2.0, 5.0) == about(18 * (4 / 42 + 1 / 8))


def test_theorem_2_by_hand():
    """Radii 5 and 2, L = 3, mu = 1/2, shells 1 wide, e = 1/4."""
    printed = theory.theorem2_printed(5.0, 2.0, 3.0)
    assert tuple(printed) == (-9, 21)
    assert tuple(theory.theorem2(5.0, 2.0, 3.0, 0.5)) == (1.5, 21)
    assert tuple(theory.theorem2(2.0, 5.0, 3.0, 0.5, step=1.0)) == (1.0, 21)
    assert theory.theorem2(2.0, 2.5, 3.0, 0.5, step=1.0).lower == 0
    assert tuple(theory.cchvae_cost(5.0, 0.25, 3.0, 0.5, step=1.0)) == (1.75, 15.25)
    assert tuple(theory.cchvae_cost(5.0, 0.25, 3.0, 0.5)) == (2.25, 15.25)
    assert theory.cchvae_cost(0.5, 0.25, 3.0, 0.5).lower == 0, "1/4 - 1/4, and never less"
    assert theory.cchvae_cost(0.5, -2.0, 3.0, 0.5, step=1.0).lower == 2, "no radius below 0"
    gap = theory.cchvae_cost_gap(5.0, 2.0, 0.25, 3.0, 0.5, step=1.0)
    assert tuple(gap) == (0.5 - 15 - 0.5, 6 - 2 + 0.5)
    gap = theory.cchvae_cost_gap(0.5, 0.75, 0.25, 3.0, 0.5, step=1.0)
    assert tuple(gap) == (-1.5 - 0.5, 2.25 + 0.5), "shells wider than the radii"
    gap = theory.cchvae_cost_gap(5.0, 2.0, 0.25, 3.0, 0.5)
    assert tuple(gap) == (1 - 15 - 0.5, 6 - 2.5 + 0.5)
    free = theory.decoder_free(np.array([-3.0, 3.0, 3.0]), [False, True, False], 2.0)
    assert free.tolist() == [1.5, 0, 1.5]


def test_collapse_by_hand():
    """Means (1, 0) and (4, 4): (3, 4) apart. Two of five rows are favourable."""
    X = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 3.0], [5.0, 5.0]])
    y = np.array([0, 0, 0, 1, 1])
    for p, half in ((1, 3.5), (2, 2.5), (np.inf, 2.0)):
        assert theory.collapse_threshold(X, y, p=p) == about(half)
    assert theory.collapse_threshold(X, y) == 2.0
    # without a bias: the mean of y x is ((8, 8) - (3, 0)) / 5 = (1, 1.6)
    for p, size in ((1, 2.6), (2, math.sqrt(3.56)), (np.inf, 1.6)):
        assert theory.collapse_threshold(X, y, p=p, bias=False) == about(size)
    # along u = (1, -2): 0.24 (2 eps ||u||_q - (3 - 8))
    for p, size in ((1, 2), (2, math.sqrt(5)), (np.inf, 3)):
        found = collapse.collapse_slope(X, y, np.array([1.0, -2.0]), 0.5, p=p)
        assert found == about(0.24 * (size + 5))
    two = collapse.collapse_slope(X, y, np.array([[1.0, 1.0], [0.0, 3.0]]), 2.0)
    assert two == about(0.24 * np.array([8 - 7, 12 - 12]))


def test_theorem_3_by_hand():
    """n eta (y ||x|| + eps sqrt(d)) ||x_r|| = 6 * 0.5 (1 * 3 + 0.5 * 2) * 5 = 60; y = -1: -30."""
    size = {"eps": 0.5, "rate": 0.5, "steps": 6}
    for gain, met in ((60, True), (-60, True), (60.1, False), (-60.1, False)):
        assert validity.theorem3_printed(gain, 1, 3.0, 5.0, 4, **size) == met
    assert not validity.theorem3_printed(0.0, -1, 3.0, 5.0, 4, **size)
    found = validity.theorem3(np.array([6.0, 5.9, -6.0, -6.1]), 2.0, 3.0)
    assert found.holds.tolist() == [True, False, False, False]
    assert found.fails.tolist() == [False, False, False, True]


def test_scores_by_hand():
    """s = 2, h = -1, ||w|| = 2, lam = 8: 2 - 8 * 3 / 12 = 0; not squared max(h, 2 - 8 / 4)."""
    assert validity.scfe_score(-1.0, 2.0, 2.0, 8.0) == about(0.0)
    assert validity.scfe_score_unsquared(-1.0, 2.0, 2.0, 8.0) == about(0.0)
    assert validity.scfe_score_unsquared(0.5, 2.0, 2.0, 8.0) == about(0.5)
    assert validity.scfe_budget(2.0, 2.0, 8.0) == about(0.5)
    assert validity.scfe_budget(2.0, 2.0, 8.0, tau=-2.0) == about(1.0)
    # (s - h_r)(lam + |w_nr|^2) >= (s - h_nr)(lam + |w_r|^2): 17 * 12 against 12 * 17, a tie
    assert validity.scfe_order(-10.0, 2.0, -15.0, 3.0, 2.0, 8.0)
    assert not validity.scfe_order(-10.1, 2.0, -15.0, 3.0, 2.0, 8.0)
    logits = np.array([[-1.0, 1.0], [0.0, 0.0]])
    found = validity.recourse_certificate(logits, np.array([2.0, 1.0]), 0.5)
    first = (math.log(2) + math.log(1 + math.exp(2))) / 2 / math.log(2)
    assert found == about(np.array([first, math.log(1 + math.exp(0.5)) / math.log(2)]))


X = np.array([[1.0, 0.0, 1.0], [0.0, 2.0, 1.0]])
Y = np.array([1, 0])
"""Two rows with a bias: lengths sqrt(2) and sqrt(5)."""


def test_lemma_1_by_hand():
    """0.1 * 5 (y * 5 + 0.5 * sqrt(2)); the mean length of rows is (sqrt(2) + sqrt(5)) / 2."""
    for y in (1, -1):
        found = weights.lemma1_printed([3.0, 4.0], y, 0.5, rate=0.1, steps=5)
        assert found == about(0.5 * (5 * y + 0.5 * math.sqrt(2)))
    mean = (math.sqrt(2) + math.sqrt(5)) / 2
    for p, bias, spread in (
        (np.inf, True, math.sqrt(2)),
        (np.inf, False, math.sqrt(3)),
        (2, True, 1),
        (1, False, 1),
    ):
        found = weights.lemma1_trivial(X, 0.5, rate=0.1, steps=5, p=p, bias=bias)
        assert found == about(0.5 * (mean + 0.5 * spread))
    default = weights.lemma1_trivial(X, 0.5, rate=0.1, steps=5)
    assert default == about(0.5 * (mean + 0.5 * math.sqrt(2)))
    with pytest.raises(ValueError, match="p must be"):
        weights.lemma1_trivial(X, 0.5, rate=0.1, steps=5, p=3)
    assert weights.add_bias([[2.0], [3.0]]).tolist() == [[2, 1], [3, 1]]
    # E[x x^T] of the rows (2, 0) and (0, 4) is diag(2, 8), a quarter of 8 is 2
    assert weights.smoothness([[2.0, 0.0], [0.0, 4.0]]) == about(2.0)


def by_hand_sum(theta, eps, norm, spread):
    """S ||v|| / 4 + c_p E sigma(-worst margin), the term of one step."""
    scale = math.sqrt(np.linalg.eigvalsh(X.T @ X / 2)[-1])
    margins = np.array([1, -1]) * (X @ theta)
    return scale * norm / 4 + spread * sigmoid(eps * norm - margins).mean()


@pytest.mark.parametrize(
    "p, bias, norms, spread",
    [
        (np.inf, True, (7, 2), math.sqrt(2)),
        (np.inf, False, (7.5, 4), math.sqrt(3)),
        (2, True, (5, math.sqrt(2)), 1),
    ],
)
def test_the_sum_over_the_steps(p, bias, norms, spread):
    """After two steps: eta eps ((1 - eta mu) term_0 + term_1)."""
    path = np.array([[3.0, -4.0, 0.5], [1.0, 1.0, -2.0], [9.0, 9.0, 9.0]])
    terms = [by_hand_sum(theta, 0.3, norm, spread) for theta, norm in zip(path, norms)]
    options = {"rate": 0.1, "p": p, "bias": bias}
    found = weights.stability_sum(X, Y, path, 0.3, decay=0.5, **options)
    expected = [0, 0.03 * terms[0], 0.03 * (0.95 * terms[0] + terms[1])]
    assert found == about(np.array(expected))
    plain = weights.stability_sum(X, Y, path, 0.3, **options)
    assert plain[-1] == about(0.03 * (terms[0] + terms[1]))
    assert np.array_equal(weights.lemma1_stability(X, Y, path, 0.3, decay=0.5, **options), found)


def test_a_rate_that_is_too_large_gives_no_bound():
    """beta = 2 and mu = 1: eta <= 2 / (2 + 2) = 1/2."""
    rows, path = np.array([[2.0, 0.0], [0.0, 4.0]]), np.zeros((2, 2))
    options = {"decay": 1.0, "bias": False}
    edge = weights.lemma1_stability(rows, Y, path, 0.1, rate=0.5, **options)
    assert np.isfinite(edge).all()
    above = weights.lemma1_stability(rows, Y, path, 0.1, rate=0.51, **options)
    assert np.isinf(above).all()
    free = weights.lemma1_stability(rows, Y, path, 0.1, rate=1.0, bias=False)
    assert np.isfinite(free).all()
    assert np.isinf(weights.lemma1_stability(rows, Y, path, 0.1, rate=1.01, bias=False)).all()


def test_with_decay_at_convergence():
    """(eps / mu) (c / 2 + S ||w|| / 4): S^2 = 8, and ||(3, -4)||_1 = 7, or 3 without the last."""
    rows = np.array([[2.0, 0.0], [0.0, 4.0]])
    found = weights.lemma1_decay(rows, [3.0, -4.0], 0.1, decay=0.5)
    assert found == about(0.2 * (math.sqrt(2) / 2 + math.sqrt(8) * 7 / 4))
    found = weights.lemma1_decay(rows, [3.0, -4.0], 0.1, decay=0.5, bias=True, p=2)
    assert found == about(0.2 * (1 / 2 + math.sqrt(8) * 3 / 4))


def test_the_metric_by_hand():
    """Rows (2, 0) and (0, 1); logits 0 and 2, 0 and -1: diagonal Hessians."""
    rows = np.array([[2.0, 0.0], [0.0, 1.0]])
    found = weights.lemma1_metric(rows, np.zeros(2), np.array([1.0, -1.0]))
    s = sigmoid(2) * sigmoid(-2), sigmoid(1) * sigmoid(-1)  # below 1/4 both
    hessian = np.diag([4 * s[0] / 2, s[1] / 2])
    g = np.array([2 * (sigmoid(2) - 0.5) / 2, (sigmoid(-1) - 0.5) / 2])
    assert found.hessian == about(hessian)
    pull = math.sqrt(g[0] ** 2 / hessian[0, 0] + g[1] ** 2 / hessian[1, 1])
    least = min(hessian[0, 0], hessian[1, 1])
    assert found.pull == about(pull) and found.euclidean == about(pull / math.sqrt(least))
    assert found.plain == about(np.linalg.norm(g) / least)
    mean = weights.mean_hessian(rows, np.zeros(2), np.array([1.0, -1.0]))
    assert mean == about(np.diag([4 * (sigmoid(2) - 0.5) / 2 / 2, (sigmoid(1) - 0.5) / 2]))
    assert mean @ [1, -1] == about(g)
    near = weights.mean_hessian(rows, np.array([1.0, 0.0]), np.array([1.0 + 4e-7, 0.0]))
    assert near == pytest.approx(np.diag([2 * s[0], 0.25 / 2]), abs=1e-6)


def test_the_metric_where_the_standard_model_is_flatter():
    """Rows (2, 0) and (0, 1); logits 1 and 2 under the standard model, 1/2 and -1 under the other.

    The second is 1/2 away for the first row: too far for the slope in the middle.
    """
    rows = np.array([[2.0, 0.0], [0.0, 1.0]])
    models = np.array([0.5, 2.0]), np.array([0.25, -1.0])
    found = weights.lemma1_metric(rows, *models)
    least = np.diag([2 * sigmoid(1) * sigmoid(-1), sigmoid(2) * sigmoid(-2) / 2])
    assert found.hessian == about(least)
    mean = weights.mean_hessian(rows, *models)
    steps = 2 * (sigmoid(1) - sigmoid(0.5)) / 0.5, (sigmoid(2) - sigmoid(-1)) / 3 / 2
    assert mean == about(np.diag(steps))


def test_the_attacked_norm():
    theta = np.array([[3.0, -4.0, 100.0]])
    for p, size in ((1, 4), (2, 5), (np.inf, 7)):
        assert weights.attacked_norm(theta, p, True) == about(np.array([size]))
    assert weights.attacked_norm(theta, np.inf, False) == about(np.array([107.0]))


def test_the_robust_risk_by_hand():
    """theta = (3, -4, 0.5): margins 3.5 and 7.5, less 0.1 * 7, or 0.1 * 5."""
    theta = np.array([3.0, -4.0, 0.5])
    for p, loss in ((np.inf, 0.7), (2, 0.5)):
        expected = (math.log(1 + math.exp(loss - 3.5)) + math.log(1 + math.exp(loss - 7.5))) / 2
        assert weights_region.robust_risk(X, Y, theta, 0.1, p=p) == about(expected)
    value, slope = weights_region._softplus(np.array([-800.0, -1.0, 0.0, 1.0, 800.0]))
    logs = [0, math.log(1 + math.exp(-1)), math.log(2), math.log(1 + math.exp(1)), 800]
    assert value == about(np.array(logs))
    assert slope == about(np.array([0, sigmoid(-1), 0.5, sigmoid(1), 1]))


def test_the_reach_of_a_region():
    """The region is |w| <= 3, as the risk says.

    Rows 1 (favourable) and 1 (not): the risk is the mean of softplus(-w) and softplus(w), even in w
    and growing with |w|.
    """
    rows, y = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([1, 0])
    theta = np.array([[1.0, 0.0], [4.0, 0.0], [-2.0, 0.0], [3.0, 0.0]])
    level = (math.log(1 + math.exp(3)) + math.log(1 + math.exp(-3))) / 2
    found = weights_region.robust_region_reach(rows, y, np.zeros(2), theta, np.full(4, level))
    assert found == pytest.approx([3, 0, 1.5, 1], abs=1e-5)
    robust = weights_region.robust_region_reach(
        rows, y, np.zeros(2), theta[:1], np.array([level]), radius=0.1
    )
    w = robust[0]
    risk = (math.log(1 + math.exp(1.1 * w)) + math.log(1 + math.exp(-0.9 * w))) / 2
    assert 2 < w < 3 and risk == pytest.approx(level, abs=1e-4)
    alone = weights_region.robust_region_reach(
        rows[:1], y[:1], np.zeros(2), theta[:1], np.array([level])
    )
    assert alone == np.inf, "the risk of a row on the right side falls for ever"


@pytest.mark.parametrize("p", [2, np.inf])
def test_smooth_norms_and_risks_by_differences(p):
    """The smooth norm is sum sqrt(w^2 + s^2) - s, or the length with s, less s; from below."""
    w, h = np.array([[3.0, -4.0], [0.0, 0.1]]), 1e-5
    norm, slope, bend = weights_region._smooth_norm(w, 0.5, p)
    if p == 2:
        expected = [math.sqrt(25.25) - 0.5, math.sqrt(0.26) - 0.5]
    else:
        pair = math.sqrt(9.25) + math.sqrt(16.25) - 1, math.sqrt(0.26) - 0.5
        expected = list(pair)
    assert norm == about(np.array(expected))
    rows = np.array([1.0, -1.0])[:, None] * X
    pairs = (rows[:, :, None] * rows[:, None, :]).reshape(2, -1)
    theta = np.column_stack([w, [0.5, -0.2]])

    def risk(theta):
        return weights_region._smooth_risk(theta, rows, pairs, 0.3, 0.5, p)

    value, gradient, hessian = risk(theta)
    by_hand = [
        np.log(1 + np.exp(0.3 * size - rows @ each)).mean() for size, each in zip(expected, theta)
    ]
    assert value == about(np.array(by_hand))
    for j, step in enumerate(h * np.eye(3)):
        up, down = risk(theta + step), risk(theta - step)
        assert gradient[:, j] == pytest.approx((up[0] - down[0]) / (2 * h), abs=1e-8)
        assert hessian[:, j] == pytest.approx((up[1] - down[1]) / (2 * h), abs=1e-8)
        if j < 2:
            ups, downs = (weights_region._smooth_norm(w + s * step[:2], 0.5, p) for s in (1, -1))
            assert slope[:, j] == pytest.approx((ups[0] - downs[0]) / (2 * h), abs=1e-8)
            assert bend[:, j] == pytest.approx((ups[1] - downs[1]) / (2 * h), abs=1e-7)


def test_small_systems():
    matrices = np.array([np.diag([2.0, 4.0]), np.zeros((2, 2))])
    found = weights_region._solve(matrices, np.array([[1.0, 1.0], [1.0, 1.0]]))
    assert found[0].tolist() == [0.5, 0.25] and np.isnan(found[1]).all()


def test_how_far_a_region_reaches_by_hand():
    """One row (1, 1), from (0, 1) by t (-1, 0): the logit is 1 - t, and the attack takes r t.

    The loss is as at a margin of -2 where (1 + r) t = 3, found to 20 halvings of [2, 4].
    """
    rows, start = np.ones((1, 2)), np.array([0.0, 1.0])
    threshold = np.log(1 + np.exp(2.0))

    def reach(theta, radius=0.0, level=threshold, y=1):
        theta = np.array([theta])
        return weights_region.robust_region_reach(
            rows, [y], start, theta, np.array([level]), radius=radius
        )

    halved = np.floor(2.7 * 2**19) / 2**19
    assert reach([-1.0, 1.0], radius=3 / 2.7 - 1).tolist() == [halved]
    assert reach([-1.0, 1.0])[0] == pytest.approx(3, rel=1e-6)
    assert reach([-0.5, 1.0])[0] == pytest.approx(6, rel=1e-6)
    assert reach([1.0, 1.0]).tolist() == [np.inf], "the loss falls for ever"
    assert reach([-4.0, 1.0]).tolist() == [0], "beyond already"
    assert reach([-3.0, 1.0])[0] == pytest.approx(1, rel=1e-6), "on the edge"
    assert reach([-1e-7, 1.0]).tolist() == [np.inf], "3e7 times as far"
    # with the other label the margin is t - 1
    assert reach([-1.0, 1.0], y=0).tolist() == [np.inf]
    assert reach([1.0, 1.0], y=0)[0] == pytest.approx(1, rel=1e-6)


def test_a_first_guess_by_hand():
    """1 + 2 x + (x^2 + y^2) / 2 has its least value -1 at (-2, 0), and is 7 within 4 of it."""
    zeros, plane = np.zeros((2, 2)), np.array([np.eye(2)] * 2)
    directions = np.array([[0.0, 1.0], [-2.0, 0.0]])
    gradient = np.array([[2.0, 0.0]] * 2)
    found, length = weights_region._first_guess(zeros, directions, 7.0, np.ones(2), gradient, plane)
    assert found == about(np.array([[-2, 4], [-6, 0]])) and length == about(np.array([4, 2]))


def test_a_newton_step_by_hand():
    """With H = 1, g = (1, 2), a = (0, 1), l = 1 the step is (-1, -1 + dl), and dl is (7 - F) / 2.

    The multiplier 1 + dl is kept between 0.3 and 3.
    """
    four = np.ones((4, 1))
    F, directions = np.array([6.0, 3.0, -1.0, 11.0]), four * np.array([0.0, 1.0])
    plane, gradient = np.array([np.eye(2)] * 4), four * np.array([1.0, 2.0])
    given = np.zeros((4, 2)), np.ones(4), directions, 4.0, F, gradient, plane
    theta, multiplier = weights_region._newton(*given)
    assert theta == about(np.array([[-1, -0.5], [-1, 1], [-1, 3], [-1, -3]]))
    assert multiplier == about(np.array([1.5, 3, 3, 0.3]))


def test_a_box_by_hand():
    """From (1, 5) to [2, 4] x [4, 6]: at least (1, 0), at most (3, 1)."""
    box = theory.Bounds(np.array([[2.0, 4.0]]), np.array([[4.0, 6.0]]))
    found = weights_region.lemma1_region(np.array([1.0, 5.0]), box)
    assert found.lower == about(np.array([1.0])) and found.upper == about(np.array([math.sqrt(10)]))


NOISE = np.random.default_rng(1)
CLOUD = NOISE.normal(size=(80, 2))
LABELS = (CLOUD @ [1.0, -0.5] + 1.5 * NOISE.normal(size=80) > 0).astype(int)


@pytest.mark.parametrize("p", [2, np.inf])
def test_the_support_of_a_region_is_attained(p):
    """On a fine fan of directions in the plane of the weights nothing of the region lies beyond.

    The smooth norm enlarges it by little: the farthest point found is nearly as far.
    """
    rows = theory.add_bias(CLOUD)
    from_there = theory.shrunk_models  # the best multiple of the standard weights
    standard = np.array([1.2, -0.6, 0.1])
    eps = 0.1
    centre = from_there(rows, LABELS, standard, [eps], p=p)[0]
    ratio = centre[:2] / standard[:2]
    assert ratio[0] == about(ratio[1])
    level = theory.robust_risk(rows, LABELS, centre, eps, p=p)
    for move in ([0.01, 0.0], [0.0, 0.01]):
        for sign in (1, -1):
            other = np.append(
                (ratio[0] + sign * move[0]) * standard[:2], centre[2] + sign * move[1]
            )
            assert theory.robust_risk(rows, LABELS, other, eps, p=p) > level
    directions = np.concatenate([np.eye(3), -np.eye(3)])
    support = weights_region.robust_region_support(rows, LABELS, standard, directions, eps, p=p)
    angles = NOISE.normal(size=(4000, 3))
    inside = centre + 0.3 * NOISE.random((4000, 1)) ** (1 / 3) * angles
    risk = theory.robust_risk(rows, LABELS, inside, eps, p=p)
    kept = inside[risk <= level]
    assert len(kept) > 20
    farthest = (kept @ directions.T).max(0)
    assert np.all(farthest <= support + 1e-12)
    width = support[:3] + support[3:]
    found = farthest[:3] + farthest[3:]
    assert np.all(found > 0.5 * width)
    box = weights_region.robust_region_box(rows, LABELS, standard, [eps], p=p)
    assert box.upper[0] == about(support[:3]) and box.lower[0] == about(-support[3:])
    for wrong in (0.0, -0.1):
        with pytest.raises(ValueError, match="eps must be positive"):
            weights_region.robust_region_support(rows, LABELS, standard, directions, wrong, p=p)
    with pytest.raises(ValueError, match="p must be 2 or numpy.inf"):
        weights_region.robust_region_support(rows, LABELS, standard, directions, eps, p=1)


def each(function, *batches, **options):
    """A function on the members of batches, one after the other."""
    return [function(*members, **options) for members in zip(*batches)]


def same(batch, loop):
    if isinstance(batch, tuple):
        for part, alone in zip(batch, zip(*loop)):
            same(part, alone)
    else:
        assert batch == about(np.array(loop))


def test_batches_are_loops_over_their_members():
    rng = np.random.default_rng(4)
    m, w, x = rng.normal(size=(2, 3)), rng.normal(size=(2, 3, 4)), rng.normal(size=(3, 4))
    pairs, lam = (m[0], w[0], m[1], w[1]), np.array([0.5, 1.0, 2.0])
    for rule in (theory.theorem1, theory.theorem1_printed, theory.theorem1_exact):
        same(rule(*pairs, lam), each(rule, *pairs, lam))
    same(theory.theorem1_reach(*pairs, lam), each(theory.theorem1_reach, *pairs, lam))
    for rule in (theory.scfe_recourse, theory.scfe_recourse_unsquared, theory.definition1_printed):
        same(rule(m[0], w[0], lam), each(rule, m[0], w[0], lam))
    stable = x, m[0], w[0], w[1], m[1], lam
    same(theory.theorem1_stability(*stable), each(theory.theorem1_stability, *stable))
    assert theory.theorem1_reach(30.0, W_NR, -0.2, W_R, 5.0) == about(6 - 0.1 - 5 * 6 / 30)
    rows, eps = rng.normal(size=(3, 7, 4)), np.array([0.0, 0.1, 0.2])
    labels, path = rng.integers(0, 2, (3, 7)), rng.normal(size=(5, 3, 4))
    same(weights.smoothness(rows), each(weights.smoothness, rows))
    options = {"rate": 0.1, "steps": 3}
    given = x, np.array([1, -1, 1]), eps
    same(weights.lemma1_printed(*given, **options), each(weights.lemma1_printed, *given, **options))
    triangle = weights.lemma1_trivial
    same(triangle(rows, eps, **options), each(triangle, rows, eps, **options))
    for rule in (weights.stability_sum, weights.lemma1_stability):
        batch = rule(rows, labels, path, eps, rate=0.1)
        loop = each(rule, rows, labels, path.swapaxes(0, 1), eps, rate=0.1)
        same(batch.T, loop)
    decayed = each(weights.lemma1_decay, rows, path[0], eps, decay=0.3)
    same(weights.lemma1_decay(rows, path[0], eps, decay=0.3), decayed)
    for rule in (weights.lemma1_metric, weights.mean_hessian):
        same(rule(rows, path[0], path[1]), each(rule, rows, path[0], path[1]))
    risk = weights_region.robust_risk
    same(risk(rows, labels, path[0], eps), each(risk, rows, labels, path[0], eps))

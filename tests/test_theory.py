"""Every repaired bound on random instances, and every printed one against its counterexample."""

from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rrlib import theory
from rrlib.study import interval

finite = st.floats(-1e3, 1e3, allow_nan=False)
weights = arrays(np.float64, 3, elements=finite).filter(lambda w: np.linalg.norm(w) > 1e-3)


@given(finite, weights, st.floats(1e-4, 1e3), arrays(np.float64, 3, elements=st.floats(-1, 1)))
def test_scfe_recourse_minimises_its_objective(m, w, lam, step):
    def value(z):
        return (w @ z - m) ** 2 + lam * z @ z

    zeta = theory.scfe_recourse(m, w, lam)
    growth = (w @ step) ** 2 + lam * step @ step  # exact, as the objective is a quadratic
    scale = m**2 + value(zeta + step)
    assert abs(value(zeta + step) - value(zeta) - growth) <= 1e-9 * scale + 1e-12
    assert np.linalg.norm(zeta) == pytest.approx(theory.scfe_cost(m, w, lam), rel=1e-9)


@given(finite, weights, finite, weights, st.floats(1e-4, 1e3))
def test_theorem1_repaired(m_nr, w_nr, m_r, w_r, lam):
    zeta_nr, zeta_r = theory.scfe_recourse(m_nr, w_nr, lam), theory.scfe_recourse(m_r, w_r, lam)
    distance = np.linalg.norm(zeta_nr - zeta_r)
    bounds = theory.theorem1(m_nr, w_nr, m_r, w_r, lam)
    slack = 1e-9 * bounds.upper + 1e-12
    assert bounds.lower - slack <= distance <= bounds.upper + slack
    assert bounds.upper <= (abs(m_nr) + abs(m_r)) / (2 * np.sqrt(lam)) * (1 + 1e-12) + 1e-12
    exact = float(theory.theorem1_exact(m_nr, w_nr, m_r, w_r, lam))
    assert distance == pytest.approx(exact, rel=1e-5, abs=1e-6 * float(bounds.upper) + 1e-12)


def pairs(seed, d, n=10_000):
    """Random pairs of linear models (w, b), instances x, and (s, lam).

    A quarter of the pairs are nearly aligned, a quarter nearly equal.
    """
    rng = np.random.default_rng(seed)
    w_nr, w_r, x = rng.normal(size=(3, n, d)) * 10 ** rng.uniform(-2, 2, (3, n, 1))
    quarter = n // 4
    w_r[:quarter] = w_nr[:quarter] * rng.uniform(0.1, 3, (quarter, 1))
    second = slice(quarter, 2 * quarter)
    w_r[second] = w_nr[second] + 1e-3 * rng.normal(size=(quarter, d))
    b_nr, b_r, s = rng.normal(size=(3, n))
    lam = 10 ** rng.uniform(-4, 2, n)
    return (w_nr, b_nr), (w_r, b_r), x, (s, lam)


@pytest.mark.parametrize("d", [1, 2, 6, 30])
def test_theorem1_and_its_companions_on_ten_thousand_pairs(d):
    (w_nr, b_nr), (w_r, b_r), x, (s, lam) = pairs(d, d)
    m_nr, m_r = s - (w_nr * x).sum(1) - b_nr, s - (w_r * x).sum(1) - b_r
    zeta_nr, zeta_r = theory.scfe_recourse(m_nr, w_nr, lam), theory.scfe_recourse(m_r, w_r, lam)
    distance = np.linalg.norm(zeta_nr - zeta_r, axis=1)
    bounds = theory.theorem1(m_nr, w_nr, m_r, w_r, lam)
    slack = 1e-9 * bounds.upper
    assert np.all(bounds.lower <= distance + slack) and np.all(distance <= bounds.upper + slack)
    assert np.all(theory.theorem1_reach(m_nr, w_nr, m_r, w_r, lam) <= bounds.lower + slack)
    stable = theory.theorem1_stability(x, m_nr, w_nr, w_r, b_r - b_nr, lam)
    assert np.all(distance <= stable * (1 + 1e-9) + slack)
    unmoved = theory.theorem1_stability(x, m_nr, w_nr, w_nr, 0 * b_nr, lam)
    assert np.all(unmoved == 0), "no change, no distance"
    printed = theory.theorem1_printed(m_nr, w_nr, m_r, w_r, lam)
    assert np.mean(printed.lower > distance + slack) > 0.1, "the control fails"
    assert np.mean(printed.upper < distance - slack) > 0.1, "the control fails"
    first_term = theory.theorem1_stability(0 * x, m_nr, w_nr, w_r, 0 * b_nr, lam)
    too_low = np.mean(first_term < distance - slack)
    assert too_low > 0.1, "without its second term the stability bound fails"


@given(
    finite.filter(lambda m: abs(m) > 1e-3),
    weights,
    st.floats(1e-4, 1e3),
    arrays(np.float64, 3, elements=st.floats(-1, 1)),
)
def test_unsquared_recourse_minimises_its_objective(m, w, lam, step):
    def value(z):
        return (w @ z - m) ** 2 + lam * np.linalg.norm(z)

    zeta = theory.scfe_recourse_unsquared(m, w, lam)
    assert value(zeta) <= value(zeta + step) + 1e-9 * (m**2 + value(zeta + step))
    assert value(zeta) <= value(zeta * 1.01) + 1e-9 * m**2
    assert value(zeta) <= value(0 * zeta) + 1e-9 * m**2


def test_linearisation_error_holds_for_stationary_points_of_quadratics():
    """h(x + z) = g.z + z.B z / 2 - m: every stationary point is inside the radius.

    Such a point solves lam z = (m - g.z - z.B z / 2)(g + B z).
    """
    rng = np.random.default_rng(0)
    checked, worst = 0, 0.0
    for _ in range(400):
        g, B, lam = rng.normal(size=3), rng.normal(size=(3, 3)), 10 ** rng.uniform(-1, 1)
        B, m, z = (B + B.T) * rng.uniform(0, 0.3), rng.normal(), np.zeros(3)
        for _ in range(60):  # Newton on the gradient
            slope, left = g + B @ z, m - g @ z - z @ B @ z / 2
            gradient = lam * z - left * slope
            hessian = lam * np.eye(3) + np.outer(slope, slope) - left * B
            z = z - np.linalg.solve(hessian, gradient)
        slope, left = g + B @ z, m - g @ z - z @ B @ z / 2
        if np.linalg.norm(lam * z - left * slope) < 1e-10 and np.linalg.norm(z) > 1e-6:
            beta = np.abs(np.linalg.eigvalsh(B)).max()
            flat = theory.scfe_recourse(m, g, lam)
            cost, size, size_cf = (np.linalg.norm(vector) for vector in (z, g, slope))
            radius = theory.linearisation_error(cost, size, size_cf, beta, lam)
            worst = max(worst, np.linalg.norm(z - flat) / radius)
            assert np.allclose(theory.stationary_recourse(left, slope, lam), z, atol=1e-9)
            checked += 1
    assert checked > 300 and worst <= 1 + 1e-9 and worst > 0.2, "the bound holds and is not idle"


def test_theorem1_is_attained_at_both_ends():
    w = np.array([1.0, 2.0])
    for other, side in ((0.5 * w, "lower"), (-0.5 * w, "upper")):
        bounds = theory.theorem1(1.0, w, 2.0, other, 0.3)
        zeta_nr, zeta_r = theory.scfe_recourse(1.0, w, 0.3), theory.scfe_recourse(2.0, other, 0.3)
        distance = np.linalg.norm(zeta_nr - zeta_r)
        assert distance == pytest.approx(getattr(bounds, side), rel=1e-12)


@pytest.mark.parametrize(
    "name, lam, m_nr, w_nr, m_r, w_r, side",
    [
        ("L1", Q(1), Q(1), Q(1), Q(1), Q(1, 2), "lower"),
        ("L2", Q(1), Q(2), Q(1), Q(5, 2), Q(2), "lower"),
        ("L4", Q(1), Q(1), Q(1), Q(-1), Q(-1), "lower"),
        ("U0", Q(1, 1000), Q(22), Q(1), Q(4), Q(1, 10), "upper"),
        ("U2", Q(1, 10), Q(1), Q(1), Q(1), Q(-1), "upper"),
    ],
)
def test_counterexamples_still_break_theorem1_as_printed(name, lam, m_nr, w_nr, m_r, w_r, side):
    exact = abs(m_nr * w_nr / (lam + w_nr**2) - m_r * w_r / (lam + w_r**2))
    args = float(m_nr), np.array([float(w_nr)]), float(m_r), np.array([float(w_r)]), float(lam)
    printed, repaired = theory.theorem1_printed(*args), theory.theorem1(*args)
    assert (printed.lower > exact) if side == "lower" else (printed.upper < exact), name
    assert repaired.lower <= float(exact) + 1e-15 and float(exact) <= repaired.upper + 1e-15


def test_printed_definition_is_worse_than_nothing():
    """w = 2, m = 1, lam = 2: Eq. 5 gives 1 with objective 3, and doing nothing costs 1.

    The minimiser is 1/3.
    """
    w = np.array([2.0])
    zeta = theory.definition1_printed(1.0, w, 2.0)[0]
    assert zeta == 1.0 and (2 * zeta - 1) ** 2 + 2 * zeta**2 == 3.0
    assert theory.scfe_recourse(1.0, w, 2.0)[0] == pytest.approx(1 / 3)
    squared = theory.definition1_printed(1.0, w, 1.0, squared=True)[0]
    assert squared == pytest.approx(theory.scfe_recourse(1.0, w, 1.0)[0])


def test_collapse_threshold_by_hand():
    X = np.array([[0.0, 0.0], [2.0, 0.0], [4.0, 3.0], [4.0, 5.0]])
    y = np.array([0, 0, 1, 1])
    assert theory.collapse_threshold(X, y) == 2.0
    assert theory.collapse_threshold(X, y, p=2) == 2.5
    assert theory.collapse_threshold(X, y, p=1) == 3.5


def test_interval_by_hand():
    mean, low, high = interval([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
    assert np.allclose(mean, [2, 5])
    assert np.allclose(high - mean, [4.302653 / np.sqrt(3), 0], atol=1e-6)
    assert np.allclose(mean - low, high - mean)


@pytest.mark.parametrize(
    "values, message", [([1.0], "two seeds"), ([1.0, np.nan], "leaves nothing out")]
)
def test_interval_refuses(values, message):
    with pytest.raises(ValueError, match=message):
        interval(values)

"""Every repaired bound on random instances, and every printed one against its counterexample."""

from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rrlib import theory
from rrlib.metrics import interval

finite = st.floats(-1e3, 1e3, allow_nan=False)
weights = arrays(np.float64, 3, elements=finite).filter(lambda w: np.linalg.norm(w) > 1e-3)


@given(finite, weights, st.floats(1e-4, 1e3), arrays(np.float64, 3, elements=st.floats(-1, 1)))
def test_scfe_recourse_minimises_its_objective(m, w, lam, step):
    zeta = theory.scfe_recourse(m, w, lam)
    value = lambda z: (w @ z - m) ** 2 + lam * z @ z
    growth = (w @ step) ** 2 + lam * step @ step                    # exact, as the objective is a quadratic
    scale = m**2 + value(zeta + step)
    assert abs(value(zeta + step) - value(zeta) - growth) <= 1e-9 * scale + 1e-12
    assert np.linalg.norm(zeta) == pytest.approx(theory.scfe_cost(m, w, lam), rel=1e-9)


@given(finite, weights, finite, weights, st.floats(1e-4, 1e3))
def test_theorem1_repaired(m_nr, w_nr, m_r, w_r, lam):
    pair = m_nr, w_nr, m_r, w_r, lam
    distance = np.linalg.norm(theory.scfe_recourse(m_nr, w_nr, lam) - theory.scfe_recourse(m_r, w_r, lam))
    bounds = theory.theorem1(*pair)
    slack = 1e-9 * bounds.upper + 1e-12
    assert bounds.lower - slack <= distance <= bounds.upper + slack
    assert bounds.upper <= (abs(m_nr) + abs(m_r)) / (2 * np.sqrt(lam)) * (1 + 1e-12) + 1e-12
    assert distance == pytest.approx(float(theory.theorem1_exact(*pair)), rel=1e-5, abs=1e-6 * float(bounds.upper) + 1e-12)


def test_theorem1_is_attained_at_both_ends():
    w = np.array([1.0, 2.0])
    for other, side in ((0.5 * w, "lower"), (-0.5 * w, "upper")):
        bounds = theory.theorem1(1.0, w, 2.0, other, 0.3)
        distance = np.linalg.norm(theory.scfe_recourse(1.0, w, 0.3) - theory.scfe_recourse(2.0, other, 0.3))
        assert distance == pytest.approx(getattr(bounds, side), rel=1e-12)


@pytest.mark.parametrize("name, lam, m_nr, w_nr, m_r, w_r, side", [
    ("L1", Q(1), Q(1), Q(1), Q(1), Q(1, 2), "lower"),
    ("L2", Q(1), Q(2), Q(1), Q(5, 2), Q(2), "lower"),
    ("L4", Q(1), Q(1), Q(1), Q(-1), Q(-1), "lower"),
    ("U0", Q(1), Q(10), Q(1), Q(1), Q(1, 10), "upper"),
    ("U2", Q(1, 10), Q(1), Q(1), Q(1), Q(-1), "upper"),
])
def test_counterexamples_still_break_theorem1_as_printed(name, lam, m_nr, w_nr, m_r, w_r, side):
    exact = abs(m_nr * w_nr / (lam + w_nr**2) - m_r * w_r / (lam + w_r**2))
    args = float(m_nr), np.array([float(w_nr)]), float(m_r), np.array([float(w_r)]), float(lam)
    printed, repaired = theory.theorem1_printed(*args), theory.theorem1(*args)
    assert (printed.lower > exact) if side == "lower" else (printed.upper < exact), name
    assert repaired.lower <= float(exact) + 1e-15 and float(exact) <= repaired.upper + 1e-15


def test_printed_definition_is_worse_than_nothing():
    """w = 2, m = 1, lam = 2: Eq. 5 gives 1 with objective 3, doing nothing costs 1, the minimiser 1/3."""
    w = np.array([2.0])
    zeta = theory.definition1_printed(1.0, w, 2.0)[0]
    assert zeta == 1.0 and (2 * zeta - 1) ** 2 + 2 * zeta**2 == 3.0
    assert theory.scfe_recourse(1.0, w, 2.0)[0] == pytest.approx(1 / 3)
    assert theory.definition1_printed(1.0, w, 1.0, squared=True)[0] == pytest.approx(theory.scfe_recourse(1.0, w, 1.0)[0])


def test_collapse_threshold_by_hand():
    X, y = np.array([[0.0, 0.0], [2.0, 0.0], [4.0, 3.0], [4.0, 5.0]]), np.array([0, 0, 1, 1])
    assert theory.collapse_threshold(X, y) == 2.0
    assert theory.collapse_threshold(X, y, p=2) == 2.5
    assert theory.collapse_threshold(X, y, p=1) == 3.5


def test_interval_by_hand():
    mean, low, high = interval([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
    assert np.allclose(mean, [2, 5]) and np.allclose(high - mean, [4.302653 / np.sqrt(3), 0], atol=1e-6) and np.allclose(mean - low, high - mean)


@pytest.mark.parametrize("values, message", [([1.0], "two seeds"), ([1.0, np.nan], "leaves nothing out")])
def test_interval_refuses(values, message):
    with pytest.raises(ValueError, match=message):
        interval(values)

"""The exact counterexamples: they break what they should, and would say so if they did not."""

from fractions import Fraction

import numpy as np
import pytest

from rrlib import theory
from rrlib.audit import counterexamples

ONE = Fraction(1)
READINGS = theory.scfe_readings(3.0, 2.0, 0.5)


def test_the_people_and_the_models_of_theorem_1():
    """x, s, lambda, and the weights of the standard and of the robust model."""
    half, tenth = ONE / 2, ONE / 10
    found = counterexamples.THEOREM_1
    assert found == {
        "L1": (0, 1, 1, 1, half),
        "L2": (-half, 3 * half, 1, 1, 2),
        "U0": (-20, 2, ONE / 1000, 1, tenth),
        "U2": (0, 1, tenth, 1, -1),
    }


def test_readings_by_hand():
    """m = 3, ||w|| = 2, lam = 1/2: gains 1/4.5, 0.5/3, 0.5/2.5 and 0.5/4.5, residuals at x'.

    Where Eq. 5 is taken at x', m' = 3 - 2 (2 gain m').
    """
    found = theory.scfe_readings(3.0, 2.0, 0.5)
    assert found == {
        "minimiser, m at x": (pytest.approx(3 / 4.5), 3.0),
        "minimiser, m at x'": (pytest.approx(3 / 4.5), pytest.approx(3 - 12 / 4.5)),
        "lambda on the loss, m at x": (0.5, 3.0),
        "lambda on the loss, m at x'": (0.5, 1.0),
        "Eq. 5, m at x": (pytest.approx(0.6), 3.0),
        "Eq. 5, m at x'": (pytest.approx(0.6 / 1.8), pytest.approx(3 / 1.8)),
        "Eq. 5, squared norm, m at x": (pytest.approx(1.5 / 4.5), 3.0),
        "Eq. 5, squared norm, m at x'": (pytest.approx(1.5 / 6.5), pytest.approx(27 / 13)),
    }


@pytest.mark.parametrize("reading", READINGS)
def test_a_residual_is_the_one_that_the_recourse_leaves(reading):
    m, w, lam = np.array([3.0, -1.0]), np.array([[2.0, 1.0], [0.5, -3.0]]), 0.5
    factor, residual = theory.scfe_readings(m, np.linalg.norm(w, axis=1), lam)[reading]
    zeta = factor[:, None] * w
    left = m if reading.endswith("at x") else m - (w * zeta).sum(1)
    np.testing.assert_allclose(residual, left, rtol=1e-12)
    if reading.startswith("Eq. 5"):
        squared = "squared" in reading
        expected = theory.definition1_printed(residual, w, lam, squared=squared)
    elif reading.startswith("minimiser"):
        expected = theory.scfe_recourse(m, w, lam)
    else:
        expected = theory.scfe_recourse(m, w, 1 / lam)  # the objective, divided by lam
    np.testing.assert_allclose(zeta, expected, rtol=1e-12)


def test_eq_5_is_the_minimiser_off_one_as_well():
    """lam (lam + ||w||^2) = lam + ||w||: at ||w|| = 2 that is lam = (sqrt(17) - 3) / 2."""
    w, lam = np.array([2.0]), (np.sqrt(17) - 3) / 2
    printed, true = theory.definition1_printed(1.0, w, lam), theory.scfe_recourse(1.0, w, lam)
    assert printed == pytest.approx(true, rel=1e-12) and true[0] == pytest.approx(0.4384472)
    nearby = theory.definition1_printed(1.0, w, 1.1 * lam)
    assert abs(nearby - theory.scfe_recourse(1.0, w, 1.1 * lam))[0] > 1e-2


@pytest.mark.parametrize(
    "name, residuals, side",
    [
        ("L1", (ONE, ONE), "lower"),
        ("L2", (2 * ONE, 5 * ONE / 2), "lower"),
        ("U0", (22 * ONE, 4 * ONE), "upper"),
    ],
)
def test_theorem_1_breaks_in_every_reading(name, residuals, side):
    instance = counterexamples.THEOREM_1[name]
    assert instance.residuals == residuals
    found = instance.by_reading()
    assert found.keys() == READINGS.keys()
    for lower, distance, upper, squared in found.values():
        assert lower > distance if side == "lower" else max(upper, squared) < distance


def test_the_recourses_of_u0_are_recourses():
    """m w / (lam + w^2) is 22 / 1.001 and 0.4 / 0.011, so x' is 1980/1001 and 180/11."""
    one = counterexamples.THEOREM_1["U0"]
    ends = []
    for w, m in zip((one.w_nr, one.w_r), one.residuals):
        assert w * one.x < 0, "denied"
        ends.append(one.x + m * w / (one.lam + w**2))
    assert ends == [Fraction(1980, 1001), Fraction(180, 11)] and min(ends) > 0


def test_eq_5_as_a_definition_attains_the_printed_upper_bound():
    """U2, |m| = 1: the minimisers are 20/11 apart, what Eq. 5 says 2/11, the bound."""
    found = counterexamples.THEOREM_1["U2"].by_reading()
    assert found["minimiser, m at x"][1:3] == (Fraction(20, 11), Fraction(2, 11))
    assert found["Eq. 5, m at x"][1:3] == (Fraction(2, 11), Fraction(2, 11))
    broken = [reading for reading, bounds in found.items() if max(bounds[2:]) < bounds[1]]
    assert broken == ["minimiser, m at x", "minimiser, m at x'"]


def test_one_reading_that_holds_withdraws_a_counterexample(monkeypatch):
    by_reading = theory.theorem1_by_reading

    def with_a_rescue(*pair):
        return by_reading(*pair) | {"rescue": (0, 1, 2, 2)}

    assert all(counterexamples.scfe_counterexamples())
    monkeypatch.setattr(counterexamples, "theorem1_by_reading", with_a_rescue)
    assert counterexamples.scfe_counterexamples() == ("", "")


def test_theorem_3_needs_one_point_for_both_models(monkeypatch):
    assert "x' = 1 for both" in counterexamples.theorem3_counterexample()
    apart = {"minimiser, m at x": (Fraction(2), Fraction(4))}
    monkeypatch.setattr(counterexamples, "scfe_readings", lambda *args: apart)
    assert counterexamples.theorem3_counterexample() == "", "1 and 3, whose condition holds too"

"""Exact counterexamples to the printed theorems, in words that the ledger prints."""

from fractions import Fraction

from rrlib import theory


def scfe_counterexamples():
    """Return exact counterexamples to the lower and to the upper bound of Theorem 1, as text.

    "" stands for one that does not break its bound in every reading. One feature, no bias,
    lam = 1; m = s - h(x). The text gives the minimiser.
    """
    one, found = Fraction(1), []
    for w_r, m_nr, m_r in ((Fraction(1, 2), one, one), (Fraction(1, 10), 10 * one, one)):
        readings = theory.theorem1_by_reading(m_nr, one, m_r, w_r, one)
        lower, distance, upper, _ = readings["minimiser, m at x"]
        text = f"w = 1 and {w_r}, m = {m_nr} and {m_r}, lambda = 1: distance {distance}, "
        too_high = all(bounds[0] > bounds[1] for bounds in readings.values())
        too_low = all(max(bounds[2:]) < bounds[1] for bounds in readings.values())
        below = f"{text}lower bound {lower}" if too_high else ""
        above = f"{text}upper bound {upper}" if too_low else ""
        found.append((below, above))
    (against_lower, _), (_, against_upper) = found
    return against_lower, against_upper


def cchvae_counterexample():
    """Return an exact counterexample to the lower bound of Theorem 2, as text.

    The decoder G has slope 1 left of 0 and 1/2 right of it, so L = 1. "" if it breaks no bound.
    """

    def decode(z):
        return z if z < 0 else z / 2

    near, far = Fraction(1), Fraction(2)
    distance = abs(decode(far) - decode(near))
    bound = far - near
    if bound <= distance:
        return ""
    return f"slopes 1 and 1/2, radii {near} and {far}: distance {distance}, lower bound {bound}"


def theorem3_counterexample():
    """Return an exact counterexample to Theorem 3, as text; "" if it does not break it.

    SCFE with s = 3 and lam = 1 takes x = -1, denied by both weights 1 and 2, to the same point.
    So the condition holds whatever n eta > 0, for y = 1.
    """
    x, ends = Fraction(-1), []
    for w in (Fraction(1), Fraction(2)):
        factor, _ = theory.scfe_readings(3 - w * x, w, 1)["minimiser, m at x"]
        ends.append(x + factor * w)
    x_nr, x_r = ends
    gain = x_r - x_nr
    size = float(abs(x_r))
    met = theory.theorem3_printed(float(gain), 1, 1.0, size, 1, eps=0.1, rate=0.1, steps=1000)
    if not (met and x_nr == x_r and x_nr < 2 * x_r):
        return ""
    return (
        f"w = 1 and 2, x' = {x_r} for both: the condition holds at {gain}, but {x_nr} < {2 * x_r}"
    )

"""Exact counterexamples to the printed theorems, in words that the ledger prints."""

from fractions import Fraction

from rrlib import theory


def scfe_counterexamples():
    """Return exact counterexamples to the lower and to the upper bound of Theorem 1, as text.

    "" stands for one that does not break its bound. One feature, no bias, lam = 1; m = s - h(x).
    """
    found = []
    for w_r, m_nr, m_r in ((Fraction(1, 2), 1, 1), (Fraction(1, 10), 10, 1)):
        distance = abs(Fraction(m_nr, 2) - m_r * w_r / (1 + w_r**2))
        lower = abs(m_nr - m_r / w_r)
        upper = Fraction(1, 2) + w_r / (1 + w_r)
        text = f"w = 1 and {w_r}, m = {m_nr} and {m_r}, lambda = 1: distance {distance}, "
        below = f"{text}lower bound {lower}" if lower > distance else ""
        above = f"{text}upper bound {upper}" if upper < distance else ""
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
    """Return an exact counterexample to Theorem 3, as text; "" if its condition is not met.

    Weights 1 and 2, both recourses at 1, and whatever n eta > 0.
    """
    gain = Fraction(1) - Fraction(1)
    met = theory.theorem3_printed(float(gain), 1, 1.0, 1.0, 1, eps=0.1, rate=0.1, steps=1000)
    if not (met and 1 * 1 < 2 * 1):
        return ""
    return f"w = 1 and 2, x' = 1 for both: the condition holds at {gain}, but 1 < 2"

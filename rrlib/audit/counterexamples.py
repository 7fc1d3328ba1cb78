"""Exact counterexamples to the printed theorems, in words that the ledger prints."""

from fractions import Fraction as Q
from typing import NamedTuple

from rrlib.theory.scfe_cost import scfe_readings, theorem1_by_reading
from rrlib.theory.validity import theorem3_printed


class Instance(NamedTuple):
    """A person with one feature, and two linear models without a bias, all exact.

    Attributes
    ----------
    x, s, lam : Q
        The feature, SCFE's target and its lambda.
    w_nr, w_r : Q
        The weights of the standard and of the robust model.
    """

    x: Q
    s: Q
    lam: Q
    w_nr: Q
    w_r: Q

    @property
    def residuals(self):
        """Return m = s - w x under both models."""
        return self.s - self.w_nr * self.x, self.s - self.w_r * self.x

    def by_reading(self):
        """Return what Theorem 1 says of it in every reading, see `theorem1_by_reading`."""
        m_nr, m_r = self.residuals
        return theorem1_by_reading(m_nr, self.w_nr, m_r, self.w_r, self.lam)


THEOREM_1 = {
    "L1": Instance(Q(0), Q(1), Q(1), Q(1), Q(1, 2)),
    "L2": Instance(Q(-1, 2), Q(3, 2), Q(1), Q(1), Q(2)),
    "U0": Instance(Q(-20), Q(2), Q(1, 1000), Q(1), Q(1, 10)),
    "U2": Instance(Q(0), Q(1), Q(1, 10), Q(1), Q(-1)),
}
"""Counterexamples to the lower (L) and to the upper bound (U) of Theorem 1.

L1: the robust weight is half the standard one. L2: both recourses are the same point. U0: both
models deny the person, and both recourses reach the other side. U2: m = 1 under both.
"""


def scfe_counterexamples():
    """Return exact counterexamples to the lower and to the upper bound of Theorem 1, as text.

    They are L2 and U0 of `THEOREM_1`; "" stands for one that does not break its bound in every
    reading. m = s - h(x), and the text gives the minimiser.
    """
    return _against_theorem_1("L2", "lower"), _against_theorem_1("U0", "upper")


def _against_theorem_1(name, side):
    """Return a counterexample to one bound as text, "" if some reading of the bound holds."""
    one = THEOREM_1[name]
    readings = one.by_reading()
    lower, distance, upper, _ = readings["minimiser, m at x"]
    if side == "lower":
        broken, bound = all(found[0] > found[1] for found in readings.values()), lower
    else:
        broken, bound = all(max(found[2:]) < found[1] for found in readings.values()), upper
    if not broken:
        return ""
    m_nr, m_r = one.residuals
    return (
        f"w = {one.w_nr} and {one.w_r}, m = {m_nr} and {m_r}, lambda = {one.lam}: "
        f"distance {distance}, {side} bound {bound}"
    )


def cchvae_counterexample():
    """Return an exact counterexample to the lower bound of Theorem 2, as text.

    The decoder G has slope 1 left of 0 and 1/2 right of it, so L = 1. "" if it breaks no bound.
    """

    def decode(z):
        return z if z < 0 else z / 2

    near, far = Q(1), Q(2)
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
    x, ends = Q(-1), []
    for w in (Q(1), Q(2)):
        factor, _ = scfe_readings(3 - w * x, w, 1)["minimiser, m at x"]
        ends.append(x + factor * w)
    x_nr, x_r = ends
    gain = x_r - x_nr
    size = float(abs(x_r))
    met = theorem3_printed(float(gain), 1, 1.0, size, 1, eps=0.1, rate=0.1, steps=1000)
    if not (met and x_nr == x_r and x_nr < 2 * x_r):
        return ""
    return (
        f"w = 1 and 2, x' = {x_r} for both: the condition holds at {gain}, but {x_nr} < {2 * x_r}"
    )

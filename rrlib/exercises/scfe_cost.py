"""Checks of the chapter on Theorem 1."""

from fractions import Fraction

import numpy as np

from rrlib.exercises.checks import check, compare
from rrlib.theory.scfe_cost import scfe_recourse, theorem1_printed

LAM = 0.01
"""The lambda of the chapter's experiment; its target scores are 1 and -1."""


@check
def largest_lambda(answer):
    """The largest lambda for which the printed lower bound holds as w tends to 1, as a number."""
    roots = np.roots([1, 2, 2, -1])  # of lambda (lambda + 1)^2 = 1 - lambda
    return compare(answer, roots[np.abs(roots.imag) < 1e-12].real)


@check
def step_goes_wrong(answer):
    """Lambda and two weights, three positive numbers; the residual is 1."""
    lam, *weights = (Fraction(number) for number in answer)
    one, other = weights
    if min(lam, one, other) <= 0:
        return "all three numbers have to be positive."
    if min(one, other) < 10**6 * lam:
        return "a weight is less than a million times larger than lambda."
    third = abs(one / (lam + one**2) - other / (lam + other**2))
    fourth = abs(1 / one - 1 / other)
    return None if third < fourth else "for these numbers the step is true."


@check
def own_targets(answer, model, X):
    """The share of test instances that break the printed upper bound, one for each eps > 0."""
    h, w = model(X).numpy(), model.w.numpy()[:, None, :]
    m = np.where(h >= 0, -1.0, 1.0) - h
    zeta = scfe_recourse(m, w, LAM)
    distance = np.linalg.norm(zeta[1:] - zeta[0], axis=-1)
    upper = theorem1_printed(m[0], w[0], m[1:], w[1:], LAM).upper
    return compare(answer, np.mean(upper < distance - 1e-9, axis=-1))


@check
def without_the_angle(answer):
    """A function of both costs, the norm of w_NR and C; it gives the bound on the distance."""
    for a_nr, a_r, size, C in ((1.0, 1.0, 2.0, 1.0), (3.0, 0.5, 1.0, 0.6), (1.0, 2.0, 4.0, 0.0)):
        widest = np.arcsin(C / size)  # the angle of a w_R that touches the ball around w_NR
        robust = a_r * np.array([np.cos(widest), np.sin(widest)])
        reached = np.linalg.norm(robust - [a_nr, 0.0])
        bound = float(answer(a_nr, a_r, size, C))
        if not bound >= reached - 1e-9:
            return f"recourses can be {reached:.3g} apart where the bound is {bound:.3g}."
        if bound > reached + 1e-9:
            return f"the bound is {bound:.3g} where at most {reached:.3g} is possible."
    return None

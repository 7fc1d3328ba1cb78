"""Checks of the chapter on Lemma 1."""

import numpy as np
from scipy.special import expit

from rrlib.exercises.checks import check, compare
from rrlib.models.logistic import fit_logistic
from rrlib.theory.first_order import first_order
from rrlib.theory.weights import add_bias, lemma1_trivial
from rrlib.theory.weights_region import robust_region_support

RADIUS = 0.1
"""The radius at which decisions are to be settled."""


@check
def printed_too_large(answer):
    """How many times too large the printed share of the attack is, as a number."""
    rows = np.zeros((1, 6))  # no data term, only the attack's
    options = {"rate": 1.0, "steps": 1, "bias": False}
    printed, right = (lemma1_trivial(rows, 1.0, p=p, **options) for p in (np.inf, 2))
    return compare(answer, printed / right)


@check
def step_breaks(answer):
    """Three numbers, a, b and v."""
    a, b, v = (float(number) for number in answer)
    if not b > 0:
        return "b has to be positive."
    breaks = -expit(a - b) * v > -expit(a) * v
    return None if breaks else "for these numbers the step is true."


@check
def first_order_in_the_radius(answer, data):
    """The derivative of the robust weights at radius 0, the bias last, as an array."""
    found = first_order(data.X_train, data.y_train)
    derivative = np.append(found.dw, found.db)
    off = compare(answer, derivative)
    if off and compare(np.negative(answer), derivative) is None:
        return "the robust weights leave in the opposite direction."
    return off


@check
def settled(answer, data):
    """A share of the test rows, as a number between 0 and 1."""
    X, y, people = add_bias(data.X_train), data.y_train, add_bias(data.X_test)
    model = fit_logistic(data.X_train, y, [0.0]).model
    standard = np.append(model.w.numpy()[0], model.b.item())
    directions = np.concatenate([people, -people])
    reach = robust_region_support(X, y, standard, directions, RADIUS)
    upper, minus_lower = np.split(reach, 2)
    return compare(answer, np.mean((upper < 0) | (minus_lower < 0)))

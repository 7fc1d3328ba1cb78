"""Checks of the chapter on Theorem 2."""

import numpy as np

from rrlib.exercises.checks import check, compare
from rrlib.theory.cchvae_cost import theorem2_printed

STRETCH = np.array([3.0, 1.0])
"""The diagonal of the decoder in the exercise on its condition number."""


@check
def equal_costs(answer):
    """Two latent moves, the standard model's and the robust one's, as a pair of pairs."""
    standard, robust = np.asarray(answer, dtype=float).reshape(2, 2)
    radius = STRETCH.max() / STRETCH.min()  # from here on the signed bound is not negative
    if not np.isclose(np.linalg.norm(standard), 1):
        return "the standard model's move is not of length 1."
    if not np.isclose(np.linalg.norm(robust), radius):
        return "the robust model's move has another length than the radius asked for."
    costs = [np.linalg.norm(STRETCH * move) for move in (standard, robust)]
    if not np.isclose(*costs):
        return "the two costs differ."
    return None


@check
def box_breaks(answer):
    """Two latent moves in the plane, as a pair of pairs; their radii are their largest entries."""
    moves = np.asarray(answer, dtype=float).reshape(2, 2)
    allowed = theorem2_printed(*np.abs(moves).max(axis=1), 1.0).upper
    distance = np.linalg.norm(moves[1] - moves[0])
    if not distance > allowed * (1 + 1e-9):
        return "the decoded points are no further apart than the manual says."
    return None


@check
def sampled_codes(answer):
    """A function of L, the two radii and the distance of the two codes; it gives the bound."""
    for L, r_nr, r_r, apart in ((1.0, 1.0, 1.0, 5.0), (2.0, 0.5, 1.5, 3.0), (0.5, 2.0, 1.0, 0.0)):
        reached = L * (r_nr + apart + r_r)  # on one line, away from each other
        bound = float(answer(L, r_nr, r_r, apart))
        if not bound >= reached - 1e-9:
            return f"recourses can be {reached:g} apart where the bound is {bound:g}."
        if bound > reached + 1e-9:
            return f"the bound is {bound:g} where no recourses are more than {reached:g} apart."
    return None


@check
def largest_gain(answer, cases):
    """The largest gain, over all models, in the median of bound / distance."""
    gains = []
    for pairs, bounds, _ in cases:
        value = pairs.distance()
        moved = value > 1e-6
        ratios = np.array([bound[moved] / value[moved] for bound in bounds.lowers.values()])
        gains.append(np.median(ratios.max(axis=0)) - np.median(ratios, axis=1).max())
    return compare(answer, max(gains), rtol=0.01)

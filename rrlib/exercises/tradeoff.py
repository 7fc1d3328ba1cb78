"""Checks of the chapter on navigating the trade-off."""

from itertools import combinations

import numpy as np

from rrlib.exercises.checks import check, compare
from rrlib.models import EPS_GRID
from rrlib.study.offers import share_yes


@check
def largest_weight(answer, choices, robust):
    """A kind of model and a dataset, as in the table: ("logistic", "adult"), for example."""
    key = tuple(answer)
    if key not in choices.index:
        return "the table of choices has no such row."
    if choices.loc[key, 1.0] == max(EPS_GRID):
        return "there the largest weight does choose the largest radius."
    if robust[key].mean.max() - robust[key].mean[-1] <= 1e-12:
        return "there the largest radius is equally good, and the tie goes to the smaller one."
    return None


@check
def halved_budget(answer, slices):
    """The share of people with a yes, a number between 0 and 1, to three digits."""
    adult = [one for one in slices if (one.dataset, one.kind) == ("adult", "logistic")]
    shares = [share_yes(one, slice(None), budget=1.0)[0] for one in adult]
    return compare(answer, np.mean(shares), rtol=2e-3)


@check
def never_chosen(answer):
    """Three offers (A, R), as three pairs of numbers between 0 and 1."""
    offers = np.asarray(answer, dtype=float)
    if offers.shape != (3, 2):
        return "three pairs are expected."
    if (offers < 0).any() or (offers > 1).any():
        return "a share lies between 0 and 1."
    left_out = set(range(3)) - chosen(offers)
    if not left_out:
        return "each of them is chosen by some weight."
    if all(beaten(offers, one) for one in left_out):
        return "what no weight chooses is beaten by another offer on both axes."
    return None


def chosen(offers):
    """Which offers are best for some weight; that is so at an end or where two are equal."""
    weights = [0.0, 1.0]
    for one, other in combinations(offers, 2):
        robust, recourse = one - other
        if recourse != robust:
            weights.append(recourse / (recourse - robust))
    weights = np.array([weight for weight in weights if 0 <= weight <= 1])
    worth = np.outer(weights, offers[:, 0]) + np.outer(1 - weights, offers[:, 1])
    best = worth >= worth.max(axis=1, keepdims=True) - 1e-12
    return set(np.flatnonzero(best.any(axis=0)).tolist())


def beaten(offers, one):
    """Whether another offer is as good on both axes."""
    others = np.delete(offers, one, axis=0)
    return bool((others >= offers[one]).all(axis=1).any())

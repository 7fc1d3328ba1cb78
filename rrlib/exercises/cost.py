"""Checks of the chapter on cost."""

import numpy as np

from rrlib.audit.evidence import effect
from rrlib.exercises.checks import check, compare
from rrlib.models import EPS_GRID
from rrlib.study import SEEDS


@check
def gap_without_displacement(answer):
    """Three recourses in the plane: standard, robust and more robust."""
    standard, *robust = np.asarray(answer, dtype=float).reshape(3, 2)
    gaps = [np.linalg.norm(one) - np.linalg.norm(standard) for one in robust]
    ways = [np.linalg.norm(one - standard) for one in robust]
    if gaps[1] <= gaps[0]:
        return "the cost gap does not grow from the second to the third."
    if ways[1] >= ways[0]:
        return "the displacement does not fall from the second to the third."
    return None


@check
def cheaper(answer, table):
    """The names of a dataset, of a kind of model and of a method, and a radius."""
    dataset, kind, method, eps = answer
    columns = ["dataset", "kind", "method"]
    denied = table[(table["reading"] == "denied") & np.isclose(table["eps"], float(eps))]
    cases = denied.dropna(subset=["cost_gap"]).set_index(columns)
    case = dataset, kind, method
    if case not in cases.index or len(cases.loc[[case]]) < len(SEEDS):
        return "the table has no gap there in every seed, for those who are denied."
    if eps == 0:
        return "that is the standard model itself."
    gap = effect("", cases.loc[[case], "cost_gap"].to_numpy())
    if gap.high >= 0:
        return f"the interval there ends at {gap.high:.2f}."
    return None


@check
def rise_under_caps(answer, slices):
    """The rise of the mean cost from epsilon = 0 to 0.2 under the caps of 2 and of 10."""
    chosen = [one for one in slices if (one.dataset, one.kind) == ("adult", "logistic")]
    rises = []
    for cap in (2, 10):
        by_seed = []
        for found in (one.recourse["growing_spheres"] for one in chosen):
            kept = found.valid & (found.cost <= cap)
            at = [EPS_GRID.index(eps) for eps in (0.0, 0.2)]
            standard, robust = (found.cost[e][kept[e]].mean() for e in at)
            by_seed.append(robust - standard)
        rises.append(np.mean(by_seed))
    return compare(answer, rises)

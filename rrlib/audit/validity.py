"""The claims about validity, V1 to V5, made precise and measured on the study."""

from itertools import product

import numpy as np

from rrlib import study
from rrlib.audit.evidence import Finding, by_case, effect, name_case, slope
from rrlib.audit.experiments import scalings, select_rows
from rrlib.models.family import EPS_GRID
from rrlib.study.metrics import READINGS

NEAR_ZERO = 0.01
"""A validity below this counts as zero."""

CASES = ("kind", "dataset", "method")
"""What tells the cases of V3 and V5 apart."""


def validity_falls(evidence, kind):
    """V1, V2: validity falls as eps grows."""
    parts = {}
    for (prefix, table), reading in product(scalings(evidence).items(), READINGS):
        parts[prefix + reading] = select_rows(table, reading, kind)
    flip = parts["flip"]
    parts["flip, before the collapse"] = flip[~flip["one_class"]]
    return [
        Finding(reading, "fall per 0.1 of eps", by_case(rows, "validity", _descent))
        for reading, rows in parts.items()
    ]


def _descent(eps, values):
    """Return the slope of a curve downwards, per 0.1 of eps."""
    return -slope(eps, values)


def validity_vanishes(evidence):
    """V3: validity is zero for eps > 0.2, in each case and on average over datasets and methods."""
    measure = f"{NEAR_ZERO} less the validity at eps > 0.2"
    found = []
    for (prefix, table), reading in product(scalings(evidence).items(), READINGS):
        rows = select_rows(table, reading)
        rows = rows[rows["eps"] > 0.2]
        each = by_case(rows, "validity", _below_near_zero, CASES)
        found.append(Finding(f"{prefix}{reading}, each case", measure, each))
        means = _mean_validity(rows)
        average = by_case(means, "validity", _below_near_zero, ("kind", "over"))
        found.append(Finding(f"{prefix}{reading}, on average", measure, average))
    return found


def _below_near_zero(eps, values):
    """Return how far the mean of a curve lies below `NEAR_ZERO`; NaN for one without points."""
    return NEAR_ZERO - values.mean() if len(values) else np.nan


def _mean_validity(rows):
    """Return the mean validity over the datasets that lack no value, for each kind, seed and eps.

    The column `over` names these datasets.
    """
    lacking = rows["validity"].isna().groupby([rows["kind"], rows["dataset"]])
    known = rows[~lacking.transform("any")]
    means = known.groupby(["kind", "seed", "eps"], sort=False).agg(
        validity=("validity", "mean"),
        over=("dataset", lambda names: name_case(*names.unique())),
    )
    return means.reset_index()


def stronger_for_networks(evidence):
    """V4: validity falls further for networks than for logistic regression."""
    falls = {
        "fall from eps = 0 to 0.3": EPS_GRID[-1:],
        "fall from eps = 0 to the mean of eps > 0": EPS_GRID[1:],
    }
    measure = "the network's fall, or by how much it exceeds the linear model's, whichever is less"
    found = []
    for prefix, table in scalings(evidence).items():
        if table["kind"].nunique() < 2:
            continue
        for reading in READINGS:
            rows = select_rows(table, reading)
            for name, radii in falls.items():
                effects = _excess_fall(rows, radii)
                found.append(Finding(f"{prefix}{reading}, {name}", measure, effects))
    return found


def _excess_fall(rows, radii):
    """Return the effects of V4, over those radii where every seed has a value for both kinds."""
    found = []
    for case, part in rows.groupby(["dataset", "method"], sort=False):
        curves = part.pivot(index="seed", columns=["kind", "eps"], values="validity")
        known = [eps for eps in radii if curves.xs(eps, axis=1, level="eps").notna().all(axis=None)]
        fall = {kind: curves[kind][0.0] - curves[kind][known].mean(axis=1) for kind in study.KINDS}
        excess = np.minimum(fall["network"], fall["network"] - fall["logistic"])
        found.append(effect(name_case(*case), excess.to_numpy()))
    return found


def standard_is_more_valid(evidence):
    """V5: recourse is valid more often under the standard model than under the robust ones."""
    measure = "validity at eps = 0 less its mean over eps > 0"
    found = []
    for (prefix, table), reading in product(scalings(evidence).items(), READINGS):
        effects = by_case(select_rows(table, reading), "validity", _fall_to_mean, CASES)
        found.append(Finding(prefix + reading, measure, effects))
    return found


def _fall_to_mean(eps, values):
    """Return a curve's value at eps = 0 less its mean over eps > 0; NaN where one is lacking."""
    return values[0] - values[1:].mean() if len(values) > 1 and eps[0] == 0 else np.nan

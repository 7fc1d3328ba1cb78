"""The claims about validity, V1 to V5, made precise and measured on the study."""

from itertools import product

import numpy as np
import pandas as pd

from rrlib.audit.evidence import (
    CONFIRMING,
    EXPLORING,
    Case,
    Finding,
    by_case,
    by_seed,
    name_case,
    slope,
)
from rrlib.audit.experiments import (
    by_training,
    name_reading,
    select_rows,
    setting_of,
    tables_by_scaling,
    trained,
)
from rrlib.audit.smallest import GRID_LENGTH, NOTHING, VALIDITY
from rrlib.models.family import EPS_GRID
from rrlib.study.metrics import READINGS

NEAR_ZERO = 0.01
"""A validity below this counts as zero."""

CASES = ("kind", "dataset", "method")
"""What tells the cases of V3 and V5 apart."""


def validity_falls(evidence, kind):
    """V1, V2: validity falls as eps grows."""
    found = []
    for prefix, table in tables_by_scaling(evidence).items():
        for trained_kind in trained([kind], table):
            parts = {reading: select_rows(table, reading, trained_kind) for reading in READINGS}
            if not prefix:
                flip = parts["flip"]
                parts["flip, before the collapse"] = flip[~flip["one_class"]]
            for reading, rows in parts.items():
                cases = by_case(rows, "validity", descent, VALIDITY / GRID_LENGTH)
                name = name_reading(prefix, trained_kind, reading)
                setting = setting_of(prefix, trained_kind) if reading == "flip" else ""
                found.append(Finding(name, "fall per 0.1 of eps", cases, setting=setting))
    return found


def descent(eps, values):
    """Return the slope of curves downwards, per 0.1 of eps."""
    return -slope(eps, values)


def validity_vanishes(evidence):
    """V3: validity is zero for eps > 0.2, on average over datasets and methods, and in each case.

    The paper says it of the average.
    """
    measure = f"{NEAR_ZERO} less the validity at eps > 0.2"
    found = []
    for kind, prefix, reading, rows in _parts(evidence):
        rows = rows[rows["eps"] > 0.2]
        each = by_case(rows, "validity", _below_near_zero, NOTHING, CASES)
        found.append(Finding(name_reading(prefix, kind, f"{reading}, each case"), measure, each))
        means = _mean_validity(rows)
        average = by_case(means, "validity", _below_near_zero, NOTHING, ("kind", "over"))
        name = name_reading(prefix, kind, f"{reading}, on average")
        setting = setting_of(prefix, kind) if reading == "flip" else ""
        found.append(Finding(name, measure, average, setting=setting))
    return found


def _parts(evidence):
    """Return what V3 and V5 are asked of: kind, prefix, reading and the rows of the table."""
    found = []
    for prefix, table in tables_by_scaling(evidence).items():
        for kind, part in by_training(table).items():
            found += [(kind, prefix, reading, select_rows(part, reading)) for reading in READINGS]
    return found


def _below_near_zero(eps, values):
    """Return how far the mean of curves lies below `NEAR_ZERO`; NaN for one without points."""
    return NEAR_ZERO - values.mean(-1) if len(eps) else np.nan


def _mean_validity(rows):
    """Return the mean validity over the datasets that lack no value, for each kind, seed and eps.

    The column `over` names these datasets, which the exploring seeds choose.
    """
    exploring = rows[rows["seed"].isin(EXPLORING)]
    lacking = exploring["validity"].isna().groupby([exploring["kind"], exploring["dataset"]]).any()
    keys = pd.MultiIndex.from_frame(rows[["kind", "dataset"]])
    known = rows[~lacking.reindex(keys, fill_value=True).to_numpy()]
    groups = known.groupby(["kind", "seed", "eps"], sort=False)
    complete = groups["validity"].count() == groups.size()
    means = groups["validity"].mean().where(complete).to_frame()
    over = groups["dataset"].unique().map(tuple)
    names = {datasets: name_case(*datasets) for datasets in over.unique()}
    return means.assign(over=over.map(names)).reset_index()


def stronger_for_networks(evidence):
    """V4: validity falls further for networks than for logistic regression.

    The paper's own reading is the fall to the median over eps > 0: a curve is more than its end,
    and the mean would be moved by one radius alone (see `standard_is_more_valid`).
    """
    falls = {
        "fall from eps = 0 to 0.3": EPS_GRID[-1:],
        "fall from eps = 0 to the median of eps > 0": EPS_GRID[1:],
    }
    measure = "the network's fall, or by how much it exceeds the linear model's, whichever is less"
    found = []
    for prefix, table in tables_by_scaling(evidence).items():
        if not trained(["logistic"], table):
            continue
        for kind in trained(["network"], table):
            for reading, (name, radii) in product(READINGS, falls.items()):
                rows = select_rows(table, reading)
                cases = _excess_fall(rows[rows["kind"].isin([kind, "logistic"])], kind, radii)
                own = reading == "flip" and len(radii) > 1
                setting = setting_of(prefix, kind) if own else ""
                title = name_reading(prefix, kind, f"{reading}, {name}")
                found.append(Finding(title, measure, cases, setting=setting))
    return found


def _excess_fall(rows, kind, radii):
    """Return the cases of V4, over those radii where every seed has a value for both kinds."""
    found = []
    for case, part in rows.groupby(["dataset", "method"], sort=False):
        values = {}
        for seeds in (EXPLORING, CONFIRMING):
            some = part[part["seed"].isin(seeds)]
            if some.empty:
                continue
            pair = [by_seed(some[some["kind"] == one], "validity") for one in (kind, "logistic")]
            lacking = pair[0].isna().any() | pair[1].isna().any()
            known = [eps for eps in radii if not lacking[eps]]
            network, linear = (_fall(curves, known) for curves in pair)
            values |= excess(network, linear).to_dict()
        found.append(Case(name_case(*case), values, VALIDITY))
    return found


def excess(network, linear):
    """Return a network's fall, or by how much it exceeds a linear model's, whichever is less."""
    return np.minimum(network, network - linear)


def _fall(curves, radii):
    """Return by how much curves fall from eps = 0 to their median over some radii, by seed."""
    return curves[0.0] - curves[radii].median(axis=1)


def standard_is_more_valid(evidence):
    """V5: recourse is valid more often under the standard model than under most robust ones.

    The median and not the mean over the robust models: one radius alone would move the mean in
    every seed alike, and `calibration.false_cases` then finds effects in curves whose order means
    nothing.
    """
    measure = "validity at eps = 0 less its median over eps > 0"
    found = []
    for kind, prefix, reading, rows in _parts(evidence):
        cases = by_case(rows, "validity", fall_to_median, VALIDITY, CASES)
        setting = setting_of(prefix, kind) if reading == "flip" else ""
        found.append(Finding(name_reading(prefix, kind, reading), measure, cases, setting=setting))
    return found


def fall_to_median(eps, values):
    """Return curves' value at eps = 0 less their median over eps > 0; NaN where one is lacking."""
    if len(eps) < 2 or eps[0] != 0:
        return np.nan
    return values[..., 0] - np.median(values[..., 1:], axis=-1)

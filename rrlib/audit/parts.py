"""The four parts of a rise in the cost of recourse: threshold, geometry, composition, scale."""

import numpy as np
import pandas as pd

from rrlib.audit.evidence import effect

PARTS = ("threshold", "geometry", "composition", "scale")
ORDERS = {"robust": "through the robust model", "standard": "through the standard model"}
"""Threshold and geometry depend on what changes first; both orders, and their mean, are given."""

APART = 0.01
"""How far acceptances on the training rows may be apart where they are called equal."""

PEOPLE = 30
"""How many test rows both models must deny at both thresholds."""


def four_parts(table):
    """Return the rise in cost of each case and the parts that it is the sum of.

    With the means of `study.parts.parts` the rise is `after` - `before`. The same people's rise is
    `raw_robust` - `raw`; what is left is *composition*: other people are denied. Of the same
    people's rise, what logits of unit gradient do away with is *scale*; for the distance to the
    boundary it is 0. The rest is *threshold* and *geometry*: by way of the robust model at equal
    acceptance, `robust` - `equal` and `equal` - `standard`; by way of the standard model at the
    robust model's rate, `rate` - `standard` and `robust` - `rate`.

    Parameters
    ----------
    table : DataFrame
        The stored table "parts".

    Returns
    -------
    DataFrame
        The columns that name a case, `n`, `counts` (whether the acceptances agree within `APART`
        and at least `PEOPLE` rows are common), `total`, `threshold`, `geometry` (means of both
        orders), `composition`, `scale`, and both orders: `threshold, robust`, ...
    """
    found = table[["dataset", "kind", "seed", "eps", "measure", "n", "error"]].copy()
    found["counts"] = (table["apart"] <= APART) & (table["n"] >= PEOPLE)
    found["total"] = table["after"] - table["before"]
    same = table["raw_robust"] - table["raw"]
    found["composition"] = found["total"] - same
    found["scale"] = same - (table["robust"] - table["standard"])
    found["threshold, robust"] = table["robust"] - table["equal"]
    found["geometry, robust"] = table["equal"] - table["standard"]
    found["threshold, standard"] = table["rate"] - table["standard"]
    found["geometry, standard"] = table["robust"] - table["rate"]
    for part in ("threshold", "geometry"):
        found[part] = found[[f"{part}, {order}" for order in ORDERS]].mean(axis=1)
    return found


def over_seeds(parts, seeds, columns=("total", *PARTS)):
    """Return the effect of each column over some seeds, by dataset, kind, measure and eps.

    A case has an effect only where it counts for every one of the seeds.

    Parameters
    ----------
    parts : DataFrame
        From `four_parts`.
    seeds : sequence of int
    columns : sequence of str

    Returns
    -------
    DataFrame
        `dataset`, `kind`, `measure`, `eps`, `part`, `mean`, `low`, `high` (the 95 % interval, see
        `evidence.half_width`; NaN where the case does not count), and `counted`, the number of
        seeds for which it does.
    """
    rows = []
    keys = ["dataset", "kind", "measure", "eps"]
    for key, case in parts[parts["seed"].isin(seeds)].groupby(keys, sort=False):
        counts = case["counts"].to_numpy()
        for column in columns:
            values = np.where(counts, case[column], np.nan)
            mean, low, high = effect(column, values)[1:]
            rows.append((*key, column, mean, low, high, counts.sum()))
    return pd.DataFrame(rows, columns=[*keys, "part", "mean", "low", "high", "counted"])

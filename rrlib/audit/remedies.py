"""What each remedy does for applicants, what it costs, and which models accept its recourse."""

import numpy as np
import pandas as pd

from rrlib.audit.evidence import effect
from rrlib.audit.parts import PEOPLE

REMEDIES = {
    "none": "recourse of least cost",
    "lender": "training protects the lender",
    "both": "training protects both, by half",
    "applicant": "training protects the applicant",
    "friendly": "recourse-friendly training",
    "noise 0.1": "recourse that survives noise of 0.1",
    "change 0.05": "recourse that survives a change of 5 %",
    "change 0.1": "recourse that survives a change of 10 %",
}
"""The remedies in the order in which they are shown; each at two thresholds."""

CASE = ["dataset", "kind", "eps", "threshold", "remedy"]
COLUMNS = ("denied", "accuracy", "robust", "cost", "paid", "others")


def each_seed(table):
    """Return the measures of each remedy and seed; NaN where fewer than `PEOPLE` are denied.

    Parameters
    ----------
    table : DataFrame
        The stored table "remedies".

    Returns
    -------
    DataFrame
        The same rows, and `paid`: the mean cost of a yes over all applicants, those who have one
        already at nothing and those without any recourse at the mean of the others.
    """
    found = table.copy()
    found["paid"] = found["denied"] * found["cost"]
    few = ~(found["n"] >= PEOPLE)
    found.loc[few, ["validity", "cost", "paid", "standard", "others"]] = np.nan
    return found


def over_seeds(rows, seeds, columns=COLUMNS):
    """Return the effect of each column over some seeds, as a DataFrame of Effect by case.

    A case has an effect only where every one of the seeds has a value.

    Parameters
    ----------
    rows : DataFrame
        From `each_seed`.
    seeds : sequence of int
    columns : sequence of str
    """
    found = {}
    for column in columns:
        wide = rows.pivot(index=CASE, columns="seed", values=column).reindex(columns=list(seeds))
        found[column] = {case: effect(column, row.to_numpy()) for case, row in wide.iterrows()}
    return pd.DataFrame(found).rename_axis(CASE)


def change(rows, seeds, column, remedy, to="none"):
    """Return the effects of a column under a remedy less that under another, by case.

    Remedies are (remedy, threshold) or a remedy's name, which is compared at either threshold.
    The difference is taken seed by seed.

    Returns
    -------
    Series of Effect, by dataset, kind, eps and, where the threshold is not given, threshold
    """
    keys = ["dataset", "kind", "eps"]
    if isinstance(remedy, str):
        keys = [*keys, "threshold"]
    pair = []
    for chosen in (remedy, to):
        name, at = (chosen, None) if isinstance(chosen, str) else chosen
        part = rows[(rows["remedy"] == name) & (at is None or rows["threshold"] == at)]
        pair.append(part.pivot(index=keys, columns="seed", values=column))
    wide = (pair[0] - pair[1]).reindex(columns=list(seeds))
    return pd.Series({case: effect(column, row.to_numpy()) for case, row in wide.iterrows()})


def matrix(transfers, seeds, dataset, kind, threshold):
    """Return the share of recourse found under one radius that each accepts, over some seeds.

    Parameters
    ----------
    transfers : DataFrame
        The stored table "transfers".
    seeds : sequence of int
    dataset, kind, threshold : str

    Returns
    -------
    DataFrame
        A row for each finder and a column for each judge, by radius; the mean over the seeds, NaN
        where some seed has no value.
    """
    chosen = transfers["seed"].isin(seeds)
    for column, value in (("dataset", dataset), ("kind", kind), ("threshold", threshold)):
        chosen = chosen & (transfers[column] == value)
    judges = [column for column in transfers if column.startswith("judge ")]
    found = transfers[chosen].groupby("eps")[judges].agg(lambda part: part.mean(skipna=False))
    found.columns = [float(name.removeprefix("judge ")) for name in judges]
    return found

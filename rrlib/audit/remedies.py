"""What each remedy does for applicants, what it costs, and which models accept its recourse."""

import numpy as np
import pandas as pd

from rrlib.audit.evidence import effect
from rrlib.audit.parts import PEOPLE

REMEDIES = {
    "none": "none: recourse of least cost",
    "lender": "training protects the lender",
    "both": "training against half the radius",
    "applicant": "training protects the applicants",
    "friendly": "recourse-friendly training",
    "noise 0.1": "recourse survives noise of 0.1",
    "change 0.05": "recourse survives a change of 5 %",
    "change 0.1": "recourse survives a change of 10 %",
}
"""The remedies in the order in which they are shown; each at two thresholds."""

SIDES = ("lender", "both", "applicant")
"""Training against attacks of radius eps on one label, or of half of it on both: the weights are
those of radius eps / 2."""

CASE = ["dataset", "kind", "eps", "threshold", "remedy"]
COLUMNS = ("denied", "accuracy", "robust", "cost", "paid", "others")
JUDGE = "judge "


def each_seed(table, transfers):
    """Return the measures of each remedy and seed; NaN where fewer than `PEOPLE` are denied.

    Parameters
    ----------
    table, transfers : DataFrame
        The stored tables "remedies" and "transfers".

    Returns
    -------
    DataFrame
        The same rows, and `paid`: the mean cost of a yes over all applicants, those who have one
        already at nothing and those without any recourse at the mean of the others. `others` of
        the remedies of SIDES is the share that models of radii other than eps / 2 accept, so that
        no model judges itself; NaN where a judge differs by its threshold alone, as it does from
        the one-sided models at their own thresholds.
    """
    found = table.copy()
    found["paid"] = found["denied"] * found["cost"]
    sides = found["remedy"].isin(SIDES)
    found.loc[sides, "others"] = _of_half(found[sides], transfers)
    moved = sides & (found["remedy"] != "both") & (found["threshold"] == "own")
    found.loc[moved, "others"] = np.nan
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


def by_case(rows, column, chosen):
    """Return a column under one remedy, by dataset, kind and eps, with a column for each seed.

    Parameters
    ----------
    rows : DataFrame
        From `each_seed`.
    column : str
    chosen : pair of remedy and threshold
    """
    part = rows[(rows["remedy"] == chosen[0]) & (rows["threshold"] == chosen[1])]
    return part.pivot(index=CASE[:3], columns="seed", values=column)


def difference(rows, column, more, less):
    """Return by how much a column is larger under one remedy than under another, as `by_case`."""
    return by_case(rows, column, more) - by_case(rows, column, less)


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
    judges = _judges(transfers)
    found = transfers[chosen].groupby("eps")[list(judges)]
    return found.agg(lambda part: part.mean(skipna=False)).rename(columns=judges)


def _judges(transfers):
    """Return column -> radius of the models that judge."""
    names = [column for column in transfers if column.startswith(JUDGE)]
    return {name: float(name.removeprefix(JUDGE)) for name in names}


def _of_half(rows, transfers):
    """Return the share that other radii accept of what is found under half the radius, by row."""
    judges = _judges(transfers)
    apart = transfers[["eps"]].to_numpy() != np.array([*judges.values()])
    others = transfers[list(judges)].where(apart).mean(axis=1)
    keys = ["dataset", "kind", "seed", "threshold", "eps"]
    others.index = pd.MultiIndex.from_frame(transfers[keys])
    half = rows.assign(eps=rows["eps"] / 2)
    return others.reindex(pd.MultiIndex.from_frame(half[keys])).to_numpy()

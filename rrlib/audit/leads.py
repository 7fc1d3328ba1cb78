"""SCFE's lead, for claim C4: how much larger its cost difference is than the other methods'."""

import numpy as np
import pandas as pd

from rrlib.audit.evidence import effect, name_case
from rrlib.audit.experiments import SOME
from rrlib.models.family import EPS_GRID


def differences(slices, reading, column):
    """Return each method's mean difference between a robust and the standard model.

    It is taken over the rows that both models give one label, and for which every method has a
    recourse under both.

    Parameters
    ----------
    slices : list of Slice
    reading : {"flip", "denied"}
    column : {"cost_gap", "displacement"}

    Returns
    -------
    DataFrame
        A row for each dataset, seed and eps > 0, a column for each method; NaN where fewer than
        `SOME` rows are left.
    """
    parts = []
    for one in slices:
        rows = _rows_in_common(one, reading)
        count = rows.sum(1)
        columns = {"dataset": one.dataset, "seed": one.seed, "eps": EPS_GRID[1:]}
        for method, found in one.recourse.items():
            if column == "cost_gap":
                change = found.cost - found.cost[0]
            else:
                change = np.linalg.norm(found.x_cf - found.x_cf[0], axis=-1)
            total = np.where(rows, change, 0).sum(1, dtype=np.float64)
            mean = np.where(count >= SOME, total / np.maximum(count, 1), np.nan)
            columns[method] = mean[1:]
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts).set_index(["dataset", "seed", "eps"]) if parts else pd.DataFrame()


def _rows_in_common(one, reading):
    """Return which rows of a slice each model has in common with the standard one, shape (E, n)."""
    favourable = one.logits >= 0
    rows = favourable == favourable[0]
    if reading == "denied":
        rows = rows & ~favourable
    for found in one.recourse.values():
        rows = rows & found.valid & found.valid[0]
    return rows


def leads(table):
    """Return SCFE's mean difference over eps less the larger of the other methods', by dataset.

    Parameters
    ----------
    table : DataFrame
        From `differences`.

    Returns
    -------
    dict of dataset -> (largest eps, array of shape (seeds,))
        Over the radii at which every seed has a value; with fewer than two, (0, an array of NaN).
    """
    found = {}
    for dataset, part in table.groupby("dataset", sort=False):
        known = part.notna().all(axis=1).groupby("eps").all()
        radii = known.index[known]
        if len(radii) < 2:
            radii = radii[:0]
        mean = part[part.index.isin(radii, level="eps")].groupby("seed").mean()
        lead = mean["scfe"] - mean.drop(columns="scfe").max(axis=1)
        seeds = part.index.unique("seed")
        largest = radii.max() if len(radii) else 0
        found[dataset] = largest, lead.reindex(seeds).to_numpy()
    return found


def lead_effects(table):
    """Return the effects of C4 for a table from `differences`."""
    found = leads(table) if len(table) else {}
    return [effect(name_lead(name, largest), lead) for name, (largest, lead) in found.items()]


def name_lead(dataset, largest):
    """Return the name of a case of C4: the dataset and the radii that its lead is taken over."""
    return name_case(dataset, f"eps up to {largest:g}" if largest else "too few eps")

"""Who pays for robustness: denials and costs by reporting group, at two thresholds."""

import numpy as np
import pandas as pd

from rrlib.data import datasets
from rrlib.models.family import EPS_GRID, select
from rrlib.study.common import cap, named
from rrlib.study.equal import NAMES, least_cost, thresholds

RADII = (0.0, 0.1, 0.2, 0.3)
"""The radii whose models are compared by group."""

LEAST = 30
"""A group of fewer searched rows is left out."""


def payers(slices):
    """Return denials and costs of recourse by group, for models at two thresholds.

    Groups are for reporting: no model has seen them. Costs are those of `equal.least_cost`.

    Returns
    -------
    DataFrame
        `dataset`, `kind`, `seed`, `eps` out of RADII, `threshold` ("own" or "equal"), `by` ("all",
        or the name of a grouping), `group`, `n` (its searched rows), `denied` (its share), `cost`
        (the mean over the denied with a recourse), `burden` (the mean over favourable rows, the
        accepted at 0 and those without recourse at the cap), `same` (how many are denied and have
        a recourse both here and under the standard model), and `change` (their mean cost, less
        that under the standard model).
    """
    parts = []
    for one in slices:
        models = thresholds(one)
        chosen = [EPS_GRID.index(eps) for eps in RADII]
        places = [*chosen, *(len(EPS_GRID) + e for e in chosen)]
        family = select(models.family, places)
        cost, valid = least_cost(family, one.X, max_cost=cap(one), seed=one.seed)
        denied = family(one.X).numpy() < 0
        known = ~np.isnan(models.threshold.ravel()[places])
        keys = [(eps, name) for name in NAMES[:2] for eps in RADII]
        rows = []
        for by, group, members in groups(one):
            for m in np.flatnonzero(known):
                row = {"eps": keys[m][0], "threshold": keys[m][1], "by": by, "group": group}
                row |= _measures(cost, denied & members, valid, m)
                row["n"] = members.sum()
                row["denied"] = denied[m, members].mean()
                row["burden"] = _burden(one, cost[m], denied[m], valid[m], members)
                rows.append(row)
        parts.append(named(pd.DataFrame(rows), one))
    return pd.concat(parts, ignore_index=True)


def groups(one):
    """Return name, group and members of each group of the rows of a slice that is large enough."""
    data = datasets.load(one.dataset, seed=one.seed, scaling=one.scaling)
    labels = data.groups_test[: len(one.X)]
    found = [("all", "all", np.ones(len(one.X), bool))]
    for by in labels:
        for group, count in labels[by].value_counts().sort_index().items():
            if count >= LEAST:
                found.append((by, group, (labels[by] == group).to_numpy()))
    return found


def _measures(cost, denied, valid, m):
    """Return what the denied of a group pay under model m, and what they paid under the first."""
    helped = denied & valid
    same = helped[0] & helped[m]
    return {
        "cost": _mean(cost[m, helped[m]]),
        "same": same.sum(),
        "change": _mean(cost[m, same] - cost[0, same]),
    }


def _burden(one, cost, denied, valid, members):
    """Return what the favourable rows of a group pay for a yes in the mean."""
    paid = np.where(denied, np.where(valid, cost, cap(one)), 0)
    return _mean(paid[members & (one.y == 1)])


def _mean(values):
    return values.mean() if len(values) else np.nan

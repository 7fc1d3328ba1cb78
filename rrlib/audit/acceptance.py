"""From a robust model's own threshold to equal acceptance: what the same people pay on the way."""

from functools import cache

import numpy as np

from rrlib.audit.parts import APART, PEOPLE
from rrlib.data import datasets
from rrlib.models import EPS_GRID, fit_logistic, select
from rrlib.study.equal import least_cost, shift, threshold_at

ROWS = 2000
"""How many test rows are searched, as for the stored tables."""

MAX_COST = 10.0
"""A recourse that costs more does not count, in standard deviations."""

POSITIONS = np.linspace(0, 1, 11)
"""Of the share denied: 0 is the robust model's own, 1 the standard model's."""


@cache
def linear_models(name, seed):
    """Return the standardised dataset of a split, and its linear models at all radii of EPS_GRID.

    Parameters
    ----------
    name : str
    seed : int
    """
    data = datasets.load(name, seed=seed)
    return data, fit_logistic(data.X_train, data.y_train, EPS_GRID).model


def linear_way(name, seeds):
    """Return what the same people pay under linear models, at thresholds on the way.

    The same people are those of the stored table "parts": denied, with a recourse, by both models
    at both ends of the way. A radius is left out where some seed has fewer than `PEOPLE` of them,
    or where ties keep the shares denied more than `APART` from those asked for.

    Parameters
    ----------
    name : str
        Of the dataset, which is standardised.
    seeds : sequence of int

    Returns
    -------
    dict of arrays
        `eps` (R,); `share`, the share of training rows denied, `standard` and `robust`, the mean
        costs under both models, (R, T) over POSITIONS: means over seeds.
    """
    each = np.array([_one_split(name, seed) for seed in seeds])
    return _means(np.array(EPS_GRID[1:]), each)


def stored_way(tables, name, kind, seeds):
    """Return the two ends of the way for one kind of model, from the stored tables.

    Parameters
    ----------
    tables : dict of DataFrame
        "parts" and "acceptance" of the variation "equal".
    name, kind : str
        Dataset and kind of model.
    seeds : sequence of int

    Returns
    -------
    dict of arrays
        As `linear_way`, with two positions.
    """
    chosen = "dataset == @name and kind == @kind"
    parts = tables["parts"].query(f"{chosen} and measure == 'least'")
    parts = parts.set_index(["seed", "eps"])
    own = tables["acceptance"].query(f"{chosen} and threshold == 'own'")
    own = own.set_index(["seed", "eps"])["denied_train"]
    radii, each = np.array(EPS_GRID[1:]), []
    for seed in seeds:
        rows = parts.loc[seed].reindex(radii)
        counts = ((rows["n"] >= PEOPLE) & (rows["apart"] <= APART)).to_numpy()
        denied = own[seed].reindex(radii), np.full(len(radii), own[seed, 0.0])
        ends = [denied, (rows["rate"], rows["standard"]), (rows["robust"], rows["equal"])]
        each.append(np.where(counts, np.array(ends), np.nan))
    return _means(radii, np.array(each).transpose(0, 3, 1, 2))


def _one_split(name, seed):
    """Return share, standard and robust costs of one split, (E - 1, 3, T); NaN where not known."""
    data, model = linear_models(name, seed)
    logits = model(data.X_train).numpy()
    own = (logits < 0).mean(-1)
    count = len(POSITIONS)
    found = np.full((len(EPS_GRID) - 1, 3, count), np.nan)
    for e in range(1, len(EPS_GRID)):
        shares = own[e] + POSITIONS * (own[0] - own[e])
        bars = [threshold_at(logits[row], share) for row in (0, e) for share in shares]
        family = shift(select(model, [0] * count + [e] * count), np.array(bars))
        denied = (family(data.X_train).numpy() < 0).mean(-1).reshape(2, count)
        costs = _same_people(family, data.X_test[:ROWS], seed)
        if not np.isnan(bars).any() and np.abs(denied - shares).max() <= APART:
            found[e - 1] = [shares, *costs.reshape(2, count)]
    return found


def _same_people(family, X, seed):
    """Return the mean costs under each model of those whom the ends of both halves deny."""
    count = len(POSITIONS)
    cost, valid = least_cost(family, X, max_cost=MAX_COST, seed=seed)
    helped = valid & (family(X).numpy() < 0)
    same = helped[[0, count - 1, count, -1]].all(0)
    return cost[:, same].mean(-1) if same.sum() >= PEOPLE else np.full(len(cost), np.nan)


def _means(radii, each):
    """Return means over seeds, of each (S, R, 3, T), at the radii that are known for every seed."""
    mean = each.mean(0)
    known = ~np.isnan(mean).any((1, 2))
    share, standard, robust = mean[known].transpose(1, 0, 2)
    return {"eps": radii[known], "share": share, "standard": standard, "robust": robust}

"""Measures of recourse: validity and cost in three readings, budgets, transfer."""

from itertools import product

import numpy as np
import pandas as pd

from rrlib.models.family import predict
from rrlib.recourse.common import ROWS

READINGS = ("flip", "denied", "printed")
CHANGED = 1e-4
"""A feature counts as changed from this much on, in scaled features."""


def summarise(recourse, favourable, X):
    """Return the measures of one method's recourses, a row for each model and reading.

    Readings: `flip` takes every row, with the opposite of each model's own prediction as its
    target; `denied` those rows of `flip` that the model denies; `printed` the formulas of the
    paper's Sec. 4.1 to the letter, which count the rows whose x' gets the favourable label, and
    divide by all rows. There a row without a recourse counts with the x' that the method left it
    with, at no cost.

    Parameters
    ----------
    recourse : Recourse or LatentRecourse, as arrays or tensors
        The first model is the standard one, with which the others are compared.
    favourable : bool array of shape (E, n)
        Each model's prediction at x.
    X : array of shape (n, d), scaled features

    Returns
    -------
    DataFrame
        `model` (index on the first axis), `reading`, `n` (rows of the reading), `validity` (share
        of them; NaN where n is 0), `cost` (mean l2 cost over the model's own valid rows),
        `n_common` (rows that are valid for this model and for the standard one), `cost_common`
        (mean cost over these), `cost_gap` (mean of this model's cost less the standard one's) and
        `displacement` (mean ||x'_r - x'_nr||_2), both over the common rows, `n_evals` (mean over
        the rows) and `sparsity` (mean number of changed features over the model's own valid rows).
        In scaled features. A mean over no rows is NaN, and its count says so.

    Examples
    --------
    >>> w, b = torch.tensor([[3.0, 4.0]]), torch.zeros(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> X = np.array([[-1.0, -1.0], [1.0, 1.0]])
    >>> found = recourse.minimal_recourse(model, X)
    >>> table = study.summarise(found, models.predict(model, X), X)
    >>> table[["reading", "n", "validity", "cost"]].round(2)
       reading  n  validity  cost
    0     flip  2       1.0   1.4
    1   denied  1       1.0   1.4
    2  printed  2       0.5   1.4
    """
    x_cf, valid, cost, n_evals = (np.asarray(field) for field in recourse[:4])
    favourable = np.asarray(favourable)
    X = np.asarray(X)
    rows = []
    for e, reading in product(range(len(valid)), READINGS):
        if reading == READINGS[0]:
            apart, changed = np.empty(len(X), x_cf.dtype), np.empty(len(X), int)
            for block in _blocks(len(X)):
                point = x_cf[e, block]
                apart[block] = np.linalg.norm(point - x_cf[0, block], axis=-1)
                changed[block] = (np.abs(point - X[block]) > CHANGED).sum(-1)
        inside = ~favourable[e] if reading == "denied" else np.ones_like(valid[e])
        own = inside & valid[e]
        common = own & valid[0] & (favourable[e] == favourable[0])
        row = {"model": e, "reading": reading, "n": inside.sum()}
        if reading == "printed":
            row["validity"] = _mean(np.where(valid[e], ~favourable[e], favourable[e]), inside)
            row["cost"] = _mean(np.where(valid[e], cost[e], 0), inside)
        else:
            row["validity"] = _mean(valid[e], inside)
            row["cost"] = _mean(cost[e], own)
        row["n_common"] = common.sum()
        row["cost_common"] = _mean(cost[e], common)
        row["cost_gap"] = _mean(cost[e] - cost[0], common)
        row["displacement"] = _mean(apart, common)
        row["n_evals"] = _mean(n_evals[e], inside)
        row["sparsity"] = _mean(changed, own)
        rows.append(row)
    return pd.DataFrame(rows)


def validity_by_budget(recourse, budgets, rows=None):
    """Return the share of rows with a valid recourse of at most each cost, shape (E, B).

    Parameters
    ----------
    recourse : Recourse or LatentRecourse
    budgets : array of shape (B,), l2 costs in scaled features, at least 0
    rows : bool array of shape (E, n), optional
        The rows that count, all if omitted; where a model has none its share is NaN.

    Raises
    ------
    ValueError
        If a budget is negative or NaN.

    Examples
    --------
    >>> w, b = torch.tensor([[3.0, 4.0]]), torch.zeros(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> found = recourse.minimal_recourse(model, np.array([[-1.0, -1.0], [-3.0, -3.0]]))
    >>> study.validity_by_budget(found, np.array([1.0, 2.0, 5.0])).tolist()
    [[0.0, 0.5, 1.0]]
    """
    budgets = np.atleast_1d(np.asarray(budgets, dtype=np.float64))
    if not (budgets >= 0).all():
        raise ValueError(f"budgets must be costs >= 0, not {budgets.tolist()}")
    valid, cost = np.asarray(recourse.valid), np.asarray(recourse.cost)
    rows = np.ones_like(valid) if rows is None else np.asarray(rows)
    within = np.zeros((len(valid), len(budgets)), int)
    for block in _blocks(valid.shape[1]):
        counts, costs = valid[:, block] & rows[:, block], cost[:, block]
        within += np.stack([(counts & (costs <= budget)).sum(-1) for budget in budgets], -1)
    return _share(within, rows.sum(-1)[:, None])


def transfer(model, recourse, favourable):
    """Return the validity of each model's valid recourses under every model of the family.

    Parameters
    ----------
    model : a family
    recourse : Recourse
        Towards the opposite of each model's own prediction.
    favourable : bool array of shape (E, n)

    Returns
    -------
    array of shape (E, E), the finder first
        A row is NaN where its model has no valid recourse.

    Examples
    --------
    >>> model = models.LogisticRegression(
    ...     torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([0.0, -1.0]), torch.zeros(2)
    ... )
    >>> X = np.array([[-1.0, 0.0]])
    >>> found = recourse.minimal_recourse(model, X)
    >>> study.transfer(model, found, models.predict(model, X)).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    valid, favourable = np.asarray(recourse.valid), np.asarray(favourable)
    agree = np.zeros((len(valid), len(valid)), dtype=int)
    for block in _blocks(valid.shape[1]):
        labels = [predict(model, points[block]).numpy() for points in recourse.x_cf]
        judged = np.stack(labels)  # finder, judge, row
        across = (judged != favourable[:, None, block]) & valid[:, None, block]
        agree += across.sum(-1)
    return _share(agree, valid.sum(-1)[:, None])


def _blocks(n):
    """Return slices of at most ROWS rows that make up n."""
    return [slice(first, first + ROWS) for first in range(0, n, ROWS)]


def _share(part, whole):
    """Return part / whole, broadcast; NaN where the whole is 0."""
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def _mean(values, rows):
    """Return the mean over some rows, NaN over none."""
    return float(values[rows].mean(dtype=np.float64)) if rows.any() else float("nan")

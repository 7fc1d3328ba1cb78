"""How many valid points lie around the test rows: in balls, and among the nearest people."""

from itertools import product

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from rrlib.data import datasets
from rrlib.models.family import EPS_GRID, predict, select
from rrlib.study.balls import share_valid_in_ball
from rrlib.study.common import MAX_COST, cap, named

SHOWN = (0.0, 0.15, 0.25)
"""The radii of training in the paper's Figure 4, scaled features."""

RADII = (0.5, 1.0, 2.0, 4.0)
"""Radii of the balls, l2, standard deviations."""

SAMPLES = 512
"""Points of each ball."""

NEIGHBOURS = 100
"""How many of the nearest training rows count as the people around a row."""

NEAREST = f"{NEIGHBOURS} nearest training rows"


def share_valid_among_nearest(model, X_train, X, k):
    """Return the share of the k nearest training rows with another label than the row itself.

    The labels are each model's own.

    Parameters
    ----------
    model : a family of rrlib.models
    X_train : array of shape (m, d), scaled features
        The people; near in the l2 norm.
    X : array of shape (n, d), scaled features
    k : int

    Returns
    -------
    array of shape (E, n)

    Raises
    ------
    ValueError
        If k is not a whole number from 1 to m.
    """
    if not (isinstance(k, (int, np.integer)) and 1 <= k <= len(X_train)):
        most = f"{len(X_train)}, the number of training rows"
        raise ValueError(f"k must be a whole number from 1 to {most}, not {k!r}")
    near = NearestNeighbors(n_neighbors=k).fit(X_train).kneighbors(X, return_distance=False)
    around = predict(model, X_train).numpy()[:, near]
    own = predict(model, X).numpy()[..., None]
    return (around != own).mean(-1)


def surroundings(slices):
    """Return the mean share of valid points around the test rows, for the models of Figure 4.

    Valid is the label opposite to the model's own at the row. With min-max scaling the balls are
    smaller, as the cap on the cost is.

    Returns
    -------
    DataFrame
        `dataset`, `kind`, `seed`, `eps` (of SHOWN), `where` (a ball, or the nearest training rows),
        `group` (all test rows, or those that all three models deny), `share`; NaN over no rows.
    """
    chosen = [EPS_GRID.index(eps) for eps in SHOWN]
    parts = []
    for one in slices:
        denied = (one.logits[chosen] < 0).all(0)
        groups = {"all test rows": np.ones_like(denied), "denied by all three": denied}
        shares = _shares(one, select(one.model, chosen))
        for (group, rows), (where, share) in product(groups.items(), shares.items()):
            means = share[:, rows].mean(1) if rows.any() else np.full(len(chosen), np.nan)
            part = pd.DataFrame({"eps": SHOWN, "where": where, "group": group, "share": means})
            parts.append(named(part, one))
    return pd.concat(parts, ignore_index=True)


def _shares(one, model):
    """Return the share of valid points around each test row of a slice, shape (E, n), by place."""
    radii = np.array(RADII) * cap(one) / MAX_COST
    balls = share_valid_in_ball(model, one.X, radii, samples=SAMPLES, seed=one.seed)
    found = {f"ball of radius {radius:g}": balls[..., k] for k, radius in enumerate(radii)}
    people = datasets.load(one.dataset, seed=one.seed, scaling=one.scaling).X_train
    nearest = share_valid_among_nearest(model, people, one.X, NEIGHBOURS)
    return found | {NEAREST: nearest}

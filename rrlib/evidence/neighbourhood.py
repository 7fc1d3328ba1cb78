"""Claim S1: how many valid points lie around Adult's test rows, in balls and among the nearest people, under the paper's networks."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from rrlib import datasets
from rrlib.evidence.common import Finding, effect
from rrlib.metrics import share_valid_in_ball
from rrlib.models import EPS_GRID, predict, select

SHOWN = (0.0, 0.15, 0.25)
"""The radii of training in the paper's Figure 4, scaled features."""

RADII = (0.5, 1.0, 2.0, 4.0)
"""Radii of the balls, l2, scaled features."""

SAMPLES = 512
"""Points of each ball."""

NEIGHBOURS = 100
"""How many of the nearest training rows count as the people around a row."""


def share_valid_among_nearest(model, X_train, X, k):
    """Return the share of the k nearest training rows that each model labels otherwise than the row itself, shape (E, n).

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
        raise ValueError(f"k must be a whole number from 1 to {len(X_train)}, the number of training rows, not {k!r}")
    near = NearestNeighbors(n_neighbors=k).fit(X_train).kneighbors(X, return_distance=False)
    return (predict(model, X_train).numpy()[:, near] != predict(model, X).numpy()[..., None]).mean(-1)


def fewer_valid_points(evidence):
    """S1: the share of valid points falls from each eps of the paper's Figure 4 to the next, Adult, networks.

    Valid is the label opposite to the model's own at the row. Whole test sets: all rows, and those that all three models deny.
    """
    chosen, found = [EPS_GRID.index(eps) for eps in SHOWN], {}
    steps = [f"eps = {start:g} to {end:g}" for start, end in zip(SHOWN, SHOWN[1:])]
    for one in evidence.slices:
        if (one.dataset, one.kind) != ("adult", "network"):
            continue
        model, denied = select(one.model, chosen), (one.logits[chosen] < 0).all(0)
        people = datasets.load(one.dataset, seed=one.seed).X_train
        balls = share_valid_in_ball(model, one.X, RADII, samples=SAMPLES, seed=one.seed)
        shares = {f"ball of radius {radius:g}": balls[..., k] for k, radius in enumerate(RADII)}
        shares[f"{NEIGHBOURS} nearest training rows"] = share_valid_among_nearest(model, people, one.X, NEIGHBOURS)
        for group, rows in (("all test rows", np.ones_like(denied)), ("denied by all three", denied)):
            for where, share in shares.items():
                means = share[:, rows].mean(1) if rows.any() else np.full(len(chosen), np.nan)
                for step, fall in zip(steps, -np.diff(means)):
                    found.setdefault(f"{where}, {group}", {}).setdefault(step, []).append(fall)
    return [Finding(reading, "fall of the share of valid points", [effect(*case) for case in cases.items()]) for reading, cases in found.items()]

"""Intervals over people: what other people, drawn as these were, would have said of the models.

The intervals of `study.splits` ask for another split of the same table, and so for other models;
these keep the models and ask for other people.
"""

import numpy as np

from rrlib.audit.parts import PEOPLE
from rrlib.models.family import select
from rrlib.study.equal import least_cost, shift, threshold_at
from rrlib.study.intervals import Interval

RESAMPLES = 2_000
BLOCK = 2**20
"""How many people are drawn at once."""


def mean_over_people(folds, *, resamples=RESAMPLES, seed=0):
    """Return means over people, averaged over folds, and their 95 % bootstrap intervals.

    The people of each fold are drawn again, as many as there are and with replacement, and an
    interval is between the percentiles 2.5 and 97.5 of what the draws give. Whoever is drawn comes
    with all that was measured on them: with both costs where a value is their difference.

    Parameters
    ----------
    folds : sequence of arrays of shape (k, n)
        k values for each person, NaN where a mean does not speak of them. The n may differ.
    resamples : int
    seed : int

    Returns
    -------
    Interval
        Arrays of shape (k,).

    Raises
    ------
    ValueError
        Where a mean of a fold speaks of fewer than `parts.PEOPLE` people.
    """
    rng = np.random.default_rng(seed)
    means, drawn = [], []
    for values in folds:
        counts = ~np.isnan(values)
        fewest = counts.sum(1).min()
        if fewest < PEOPLE:
            raise ValueError(f"a mean over {fewest} people: it takes {PEOPLE} at least")
        values = np.where(counts, values, 0)
        means.append(values.sum(1) / counts.sum(1))
        often = _how_often(values.shape[1], resamples, rng)
        drawn.append(np.concatenate([(each @ values.T) / (each @ counts.T) for each in often]))
    low, high = np.quantile(np.mean(drawn, axis=0), [0.025, 0.975], axis=0)
    return Interval(np.mean(means, axis=0), low, high)


def _how_often(n, resamples, rng):
    """Yield how often each of n people is drawn, in blocks of draws, shape (draws, n)."""
    step = max(1, BLOCK // n)
    for first in range(0, resamples, step):
        draws = min(step, resamples - first)
        people = rng.integers(n, size=(draws, n)) + n * np.arange(draws)[:, None]
        often = np.bincount(people.ravel(), minlength=draws * n)
        yield often.reshape(draws, n).astype(np.float64)


def four_models(model, X):
    """Return the four models whose costs are compared, as one family, see `study.parts.ROLES`.

    The standard model; the same where it denies as many rows of X as the robust one; the robust
    model where it denies as many as the standard one; the robust model.

    Parameters
    ----------
    model : a family of two models, the standard and the robust one
    X : array of shape (n, d), the training rows
    """
    standard, robust = model(X).numpy().astype(np.float64)
    rate = threshold_at(standard, (robust < 0).mean())
    equal = threshold_at(robust, (standard < 0).mean())
    return shift(select(model, [0, 0, 1, 1]), [0, rate, equal, 0])


def costs_of_same(four, X, *, max_cost, seed):
    """Return the least costs of a yes under each model, NaN for all but the same people, (4, n).

    The same people are those whom all four models deny and who have a recourse under all.

    Parameters
    ----------
    four : a family, from `four_models`
    X : array of shape (n, d), scaled features
    max_cost : float
    seed : int
        See `study.equal.least_cost`.
    """
    cost, valid = least_cost(four, X, max_cost=max_cost, seed=seed)
    same = (valid & (four(X).numpy() < 0)).all(0)
    return np.where(same, cost, np.nan)

"""People who do not exist: drawn from a table's own statistics, class by class."""

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

K = 100
"""Quantiles that are kept of each feature, at most one for every five rows."""


def draw(table, n, *, seed):
    """Return people drawn from a table's twin: a Gaussian copula in each class.

    As in `rrlib.data.twins`, what is kept of each class are quantiles of every feature, at the
    probabilities (k + 1/2) / K, and the correlation of the normal scores; the outermost quantiles
    leave out half a cell of rows at either end. Quantiles are rounded to a hundredth of the power
    of ten below the feature's spread, features of whole numbers to whole numbers.

    Parameters
    ----------
    table : Table
    n : int
    seed : int

    Returns
    -------
    DataFrame of shape (n, d), original units
        Numbered from 0; both classes in the table's shares, in random order.
    """
    rng = np.random.default_rng(seed)
    yes = round(n * table.favourable.mean())
    parts = []
    for label, count in ((0, n - yes), (1, yes)):
        rows = table.features[table.favourable == label]
        parts.append(_draw_class(rng, rows, count, table.whole))
    return pd.concat(parts).sample(frac=1, random_state=rng, ignore_index=True)


def _draw_class(rng, rows, count, whole):
    """Return people drawn from the statistics of one class."""
    scores = norm.ppf(rankdata(rows, axis=0) / (len(rows) + 1))
    with np.errstate(invalid="ignore", divide="ignore"):  # of a feature that is constant here
        correlation = np.nan_to_num(np.corrcoef(scores, rowvar=False))
    correlation = np.atleast_2d(correlation)
    np.fill_diagonal(correlation, 1.0)
    center = np.zeros(len(correlation))
    z = rng.multivariate_normal(
        center, correlation, size=count, method="eigh", check_valid="ignore"
    )
    k = max(2, min(K, len(rows) // 5))
    probabilities = (np.arange(k) + 0.5) / k
    columns = {}
    for u, (name, column) in zip(norm.cdf(z).T, rows.items()):
        step = 1.0 if name in whole else _step(column)
        grid = np.rint(np.quantile(column, probabilities) / step) * step
        drawn = np.interp(u, probabilities, grid)
        columns[name] = np.rint(drawn / step) * step
    return pd.DataFrame(columns)


def _step(column):
    """Return a hundredth of the power of ten below a feature's spread; 1 where it has none."""
    spread = np.ptp(column)
    return 10.0 ** (np.floor(np.log10(spread)) - 2) if spread > 0 else 1.0

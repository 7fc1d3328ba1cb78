"""Synthetic twins: rows drawn from statistics of the real data, none of a real person.

For each class a twin keeps the number of rows, the quantiles of every feature at the
probabilities (k + 1/2) / K, the shares of every group, and the correlation of the
normal scores of all columns: a Gaussian copula in each class (Nelsen 2006, *An
Introduction to Copulas*). The draw is stratified: each column takes evenly spaced
levels, in an order that the copula gives, so that only the dependence of the columns is
random. The outermost quantiles leave out half a cell of rows at either end, and every
quantile is rounded to three significant digits, so no extreme of a single person is
among them.

``python -m rrlib.data`` computes the statistics from the real files and writes them to
``rrlib/data/twin_statistics/<name>.json``.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

K = 100
SEED = 0
FOLDER = Path(__file__).parent / "twin_statistics"


def fit(table):
    """Statistics of a dataset, class by class.

    Parameters
    ----------
    table : DataFrame
        Numeric features in original units, groups as text, ``favourable`` (0 or 1).

    Returns
    -------
    list of dict
        For class 0 and class 1: ``rows``; ``quantiles``, K ascending values for each
        feature; ``shares`` of the categories of each group; ``correlation`` of the
        normal scores (of mid-ranks), the features first, the groups after them.
    """
    classes = table.drop(columns="favourable").groupby(table["favourable"])
    return [_fit_class(rows) for _, rows in classes]


def draw(name):
    """The twin of a dataset, the same rows at every call.

    Returns
    -------
    DataFrame
        As many rows of each class as in the real data, in random order: features in
        original units, all of them whole numbers; groups; ``favourable``.
    """
    statistics = json.loads((FOLDER / f"{name}.json").read_text("ascii"))
    rng = np.random.default_rng(SEED)
    classes = [_draw_class(rng, **part).assign(favourable=y) for y, part in enumerate(statistics)]
    return pd.concat(classes).sample(frac=1, random_state=rng, ignore_index=True)


def _probabilities(n):
    return (np.arange(n) + 0.5) / n


def _fit_class(rows):
    features = rows.select_dtypes("number")
    groups = rows.select_dtypes(exclude="number")
    quantiles, shares, codes = {}, {}, []
    for name in features:
        grid = np.quantile(features[name], _probabilities(K))
        quantiles[name] = [_round(value) for value in grid]
    for name in groups:
        share = groups[name].value_counts(normalize=True).sort_index()
        shares[name] = share.round(4).to_dict()
        codes.append(groups[name].map(list(share.index).index))
    ranks = rankdata(np.column_stack([features, *codes]), axis=0)
    scores = norm.ppf(ranks / (len(rows) + 1))
    correlation = np.corrcoef(scores, rowvar=False)
    return {
        "rows": len(rows),
        "quantiles": quantiles,
        "shares": shares,
        "correlation": correlation.round(3).tolist(),
    }


def _round(value):
    short = float(f"{value:.3g}")
    return int(short) if short.is_integer() else short


def _draw_class(rng, rows, quantiles, shares, correlation):
    mean = np.zeros(len(correlation))
    z = rng.multivariate_normal(mean, correlation, size=rows, method="cholesky")
    levels = (rankdata(z, axis=0) - 0.5) / rows
    columns = {}
    for u, (name, grid) in zip(levels.T, (quantiles | shares).items()):
        if name in quantiles:
            value = np.interp(u, _probabilities(len(grid)), grid)
            columns[name] = np.rint(value).astype(np.int64)
        else:
            categories = np.array(list(grid))
            upper = np.cumsum(list(grid.values()))[:-1]
            columns[name] = categories[np.searchsorted(upper, u)]
    return pd.DataFrame(columns)

"""What is measured on slices: one tidy table, and comparisons of methods and of searches."""

from itertools import product

import numpy as np
import pandas as pd

from rrlib.models.family import EPS_GRID, lipschitz
from rrlib.study import metrics
from rrlib.study.common import cap, named

SOME = 10
"""A mean over fewer rows than this is no point of a curve."""


def table(slices):
    """Return one tidy table of all slices, a row for each method, eps and reading of each.

    The measures are those of `metrics.summarise`. `accuracy` is the model's on the test rows,
    `denied` the share of test rows that it denies; `one_class` says that it predicts a single class
    for all of them; `ruled_out` is the share of test rows that provably have no recourse under the
    cap on the cost.

    Examples
    --------
    >>> model = models.init_network(2, models.EPS_GRID, seed=0)
    >>> X = np.random.default_rng(0).normal(size=(30, 2))
    >>> found = recourse.scfe_adam(model, X)
    >>> found = {"scfe": type(found)(*map(np.asarray, found))}
    >>> logits, accuracy = model(X).numpy(), np.ones(len(models.EPS_GRID))
    >>> one = study.Slice(
    ...     "german", "network", 0, "twin", "standard", model, X, X[:, 0], logits, accuracy, found
    ... )
    >>> len(study.table([one])) == len(models.EPS_GRID) * len(study.READINGS)
    True
    """
    if not slices:
        raise ValueError("slices is empty: hand over at least one, as study.run returns them")
    parts = []
    for one in slices:
        favourable = one.logits >= 0
        denied = 1 - favourable.mean(-1)
        ruled_out = (safe_distance(one) > cap(one)).mean(-1)
        for method, recourse in one.recourse.items():
            part = metrics.summarise(recourse, favourable, one.X)
            e = part.pop("model")
            part = named(part, one)
            part.insert(3, "method", method)
            part.insert(4, "eps", np.asarray(EPS_GRID)[e])
            part["accuracy"] = one.accuracy[e]
            part["denied"] = denied[e]
            part["one_class"] = part["denied"].isin((0, 1))
            part["ruled_out"] = ruled_out[e]
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def safe_distance(one):
    """Return how far the sign of each logit of a slice is safe, |h(x)| / L, shape (E, n).

    L is a Lipschitz constant of the model in the l2 norm; infinite where it is 0.

    Examples
    --------
    >>> w, b = torch.tensor([[3.0, 4.0]]), torch.zeros(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> X = np.array([[-1.0, -1.0]])
    >>> logits, y = model(X).numpy(), np.zeros(1)
    >>> one = study.Slice("german", "logistic", 0, "twin", "standard", model, X, y, logits, y, {})
    >>> study.safe_distance(one).round(3)
    array([[1.4]], dtype=float32)
    """
    with np.errstate(divide="ignore"):
        return np.abs(one.logits) / lipschitz(one.model).numpy()[:, None]


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
        `dataset`, `kind`, `seed`, `eps` > 0, and a column for each method; NaN where fewer than
        `SOME` rows are left.

    Examples
    --------
    >>> model = models.init_network(2, models.EPS_GRID, seed=0)
    >>> X = np.random.default_rng(0).normal(size=(30, 2))
    >>> found = {name: recourse.scfe_adam(model, X) for name in ("scfe", "scfe_adam")}
    >>> found = {name: type(one)(*map(np.asarray, one)) for name, one in found.items()}
    >>> logits, y = model(X).numpy(), np.zeros(30)
    >>> one = study.Slice("german", "network", 0, "twin", "standard", model, X, y, logits, y, found)
    >>> study.differences([one], "flip", "cost_gap").columns.tolist()
    ['dataset', 'kind', 'seed', 'eps', 'scfe', 'scfe_adam']
    """
    parts = []
    for one in slices:
        rows = _rows_in_common(one, reading)
        count = rows.sum(1)
        part = pd.DataFrame({"eps": EPS_GRID[1:]})
        for method, found in one.recourse.items():
            if column == "cost_gap":
                change = found.cost - found.cost[0]
            else:
                change = np.linalg.norm(found.x_cf - found.x_cf[0], axis=-1)
            total = np.where(rows, change, 0).sum(1, dtype=np.float64)
            mean = np.where(count >= SOME, total / np.maximum(count, 1), np.nan)
            part[method] = mean[1:]
        parts.append(named(part, one))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def all_differences(slices):
    """Return `differences` for each reading and column, named in columns of their own."""
    parts = []
    for reading, column in product(("flip", "denied"), ("cost_gap", "displacement")):
        part = differences(slices, reading, column)
        part.insert(3, "reading", reading)
        part.insert(4, "column", column)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _rows_in_common(one, reading):
    """Return which rows of a slice each model has in common with the standard one, shape (E, n)."""
    favourable = one.logits >= 0
    rows = favourable == favourable[0]
    if reading == "denied":
        rows = rows & ~favourable
    for found in one.recourse.values():
        rows = rows & found.valid & found.valid[0]
    return rows


def more_batches(usual, few, samples):
    """Return how many more batches of samples a search takes with a tenth of the samples.

    Parameters
    ----------
    usual, few : list of Slice
        Of the same settings, in the same order.
    samples : dict of method -> samples of a batch in `few`

    Returns
    -------
    DataFrame
        `dataset`, `kind`, `seed`, `method`, and `more`: the mean over the rows and models with a
        recourse in both searches, NaN where there is none.

    Examples
    --------
    >>> model = models.init_network(2, models.EPS_GRID, seed=0)
    >>> X = np.zeros((1, 2))
    >>> usual, few = [], []
    >>> for samples, part in ((50, usual), (5, few)):
    ...     found = recourse.growing_spheres(model, X, samples=samples, seed=0)
    ...     found = {"growing_spheres": type(found)(*map(np.asarray, found))}
    ...     logits, y = model(X).numpy(), np.zeros(1)
    ...     whole = ("german", "network", 0, "twin", "standard", model, X, y, logits, y, found)
    ...     part.append(study.Slice(*whole))
    ...
    >>> study.more_batches(usual, few, {"growing_spheres": 5}).columns.tolist()
    ['dataset', 'kind', 'seed', 'method', 'more']
    """
    if not usual:
        raise ValueError("usual is empty: hand over at least one slice, as study.run returns them")
    parts = []
    for one, other in zip(usual, few):
        part = pd.DataFrame({"method": list(samples)})
        part["more"] = [
            _mean_change(one.recourse[method], other.recourse[method], count)
            for method, count in samples.items()
        ]
        parts.append(named(part, one))
    return pd.concat(parts, ignore_index=True)


def _mean_change(many, few, samples):
    """Return the mean number of batches of `few` less that of `many`, ten times as large."""
    both = few.valid & many.valid
    change = few.n_evals // samples - many.n_evals // (10 * samples)
    return change[both].mean() if both.any() else np.nan

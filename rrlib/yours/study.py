"""The study on a reader's own table: the book's measures, over splits of it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config

from rrlib.audit.parts import four_parts
from rrlib.models import fit_logistic
from rrlib.models.family import EPS_GRID, select
from rrlib.study import foreign, parts
from rrlib.study.common import cap
from rrlib.study.equal import NAMES, least_cost, robust_accuracy
from rrlib.theory import collapse_threshold

ATTACK = 0.1
"""Radius of the attack against which accuracy counts, l_inf, in scaled features."""

MOST = 2000
"""Denied test rows from which recourse is searched."""

SHOWN = ("denied", "accuracy", "robust", "validity", "cost", "burden")


def fit_from(X, y):
    """Return linear models from the first radius of EPS_GRID that has a minimiser on.

    A radius counts as one without where nobody can tell, because the solver fails.

    Parameters
    ----------
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1

    Returns
    -------
    LogisticRegression

    Raises
    ------
    ValueError
        If a hyperplane separates the classes at every radius.
    """
    for first in range(len(EPS_GRID)):
        try:
            return fit_logistic(X, y, EPS_GRID[first:]).model
        except (RuntimeError, ValueError) as error:
            if "hyperplane" not in str(error) and "separation" not in str(error):
                raise
    raise ValueError(
        f"a hyperplane separates the classes at every radius up to {EPS_GRID[-1]}: leave out the "
        "columns that give the label away, or add rows"
    )


def fit(split, kind, least=0.0, linear=None):
    """Return models of one kind, one for each radius, and the place of the first that there is.

    A linear model that does not exist, or whose radius is below `least`, is replaced by the first
    of the others, so that these are compared with it.

    Parameters
    ----------
    split : Split
    kind : str
        Out of `foreign.KINDS`.
    least : float
        Out of EPS_GRID.
    linear : LogisticRegression, optional
        What `fit_from` returns, if it is known.

    Returns
    -------
    family of rrlib.models
    int
    """
    if kind != "logistic":
        return foreign.fit(split, kind), 0
    model = linear or fit_from(split.X_train, split.y_train)
    missing = len(EPS_GRID) - len(model.eps)
    first = max(missing, EPS_GRID.index(least))
    return select(model, [max(e, first) - missing for e in range(len(EPS_GRID))]), first


def measure_all(splits, kinds=("logistic",), *, most=MOST, jobs=1):
    """Return what `measure` does, of every kind and split, one below the other.

    Linear models start at the first radius at which all splits have one.

    Parameters
    ----------
    splits : list of Split
    kinds : sequence of str
        Out of `foreign.KINDS`.
    most : int
    jobs : int
        Processes; each case is computed in one thread.
    """
    linear = [fit_from(split.X_train, split.y_train) for split in splits]
    options = {"most": most, "least": max(float(model.eps[0]) for model in linear)}
    calls = []
    for kind in kinds:
        for split, model in zip(splits, linear):
            calls.append(delayed(measure)(split, kind, linear=model, **options))
    with parallel_config(backend="loky", inner_max_num_threads=1):
        found = Parallel(n_jobs=jobs)(calls)
    return tuple(pd.concat(part, ignore_index=True) for part in zip(*found))


def measure(split, kind="logistic", *, most=MOST, least=0.0, linear=None):
    """Return what models of one kind are on a table, and the parts of their rise in cost.

    Recourse is searched from the first test rows that hold `most` denied ones, by the distance to
    the boundary for linear models and growing spheres for networks; accuracies are over the same.

    Parameters
    ----------
    split : Split
    kind : str
        Out of `foreign.KINDS`.
    most : int
    least : float
        The least radius of linear models, out of EPS_GRID.
    linear : LogisticRegression, optional
        What `fit_from` returns, if it is known.

    Returns
    -------
    DataFrame
        A row for each radius that has a model and each threshold ("own" or "equal"): `eps`,
        `threshold`, `by` ("all", or a grouping), `group`, `n` (test rows), `denied`, `accuracy`,
        `robust` (under an attack of radius ATTACK; of all alone), `validity` (the share of the
        denied with a recourse), `cost` (their mean), and `burden` (what favourable rows pay in the
        mean, the accepted 0 and those without a recourse the cap); NaN where there is no threshold.
    DataFrame
        Of `audit.parts.four_parts`, for the radii above the first that has a model.
    """
    model, first = fit(split, kind, least, linear)
    split = _some(split, model, most)
    models = foreign.at_thresholds(split, model)
    X, y = split.X_test, split.y_test
    cost, valid = least_cost(models.family, X, max_cost=cap(split), seed=split.seed)
    denied = models.family(X).numpy() < 0
    robust = robust_accuracy(models.family, X, y, ATTACK)
    rows = []
    for place in range(2 * len(EPS_GRID)):
        threshold, e = divmod(place, len(EPS_GRID))
        if e < first:
            continue
        known = not np.isnan(models.threshold[threshold, e])
        for by, group, members in _groups(split.groups_test):
            row = {"eps": EPS_GRID[e], "threshold": NAMES[threshold], "by": by, "group": group}
            case = cost[place], valid[place], denied[place]
            found = _measures(*case, y, members, cap(split)) | {"n": members.sum()}
            found["robust"] = robust[place] if by == "all" else np.nan
            rows.append(row | (found if known else {"n": members.sum()}))
    shape = (3, len(EPS_GRID), -1)
    costs = parts._Costs(cost, valid, denied.reshape(shape))
    one = SimpleNamespace(dataset=split.name, kind=kind, seed=split.seed)
    rise = four_parts(parts._part(one, "least", models.denied, costs, costs))
    table = pd.DataFrame(rows).assign(kind=kind, seed=split.seed)
    return table, rise[rise["eps"] > EPS_GRID[first]].reset_index(drop=True)


def collapse(split):
    """Return the radius from which linear models are constant, and the feature that goes last.

    Parameters
    ----------
    split : Split

    Returns
    -------
    float, in scaled features
    str
    """
    X, y = split.X_train, split.y_train
    apart = np.abs(X[y == 1].mean(0) - X[y == 0].mean(0))
    return collapse_threshold(X, y), split.feature_names[apart.argmax()]


def over_seeds(tables, keys, columns):
    """Return means over seeds of some columns, and their spread: the largest less the least.

    A mean over seeds of which one has no value is NaN.

    Parameters
    ----------
    tables : DataFrame
        With a row for each seed and value of the keys.
    keys, columns : list of str
    """
    grouped = tables.groupby(keys, sort=False)[columns]
    mean = grouped.agg(lambda column: column.mean(skipna=False))
    spread = grouped.agg(lambda column: column.max(skipna=False) - column.min(skipna=False))
    return mean.join(spread.add_suffix(", spread"))


def _some(split, model, most):
    """Return a split with the first test rows, up to `most` that the first model denies."""
    denied = (model(split.X_test)[0] < 0).numpy()
    kept = slice(int(np.searchsorted(denied.cumsum(), most, side="right")))
    return split._replace(
        X_test=split.X_test[kept],
        y_test=split.y_test[kept],
        groups_test=split.groups_test.iloc[kept],
    )


def _groups(labels):
    """Return name, group and members of all rows and of each group."""
    found = [("all", "all", np.ones(len(labels), bool))]
    for by in labels:
        for group in sorted(labels[by].unique()):
            found.append((by, group, (labels[by] == group).to_numpy()))
    return found


def _measures(cost, valid, denied, y, members, most):
    """Return what one model is to some of the rows."""
    cost, valid, denied, favourable = (a[members] for a in (cost, valid, denied, y == 1))
    helped = denied & valid
    paid = np.where(denied, np.where(valid, cost, most), 0)
    return {
        "denied": denied.mean(),
        "accuracy": (denied != favourable).mean(),
        "validity": _mean(helped[denied]),
        "cost": _mean(cost[helped]),
        "burden": _mean(paid[favourable]),
    }


def _mean(values):
    return values.mean() if len(values) else np.nan

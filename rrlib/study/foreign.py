"""The study on a table from outside: any Dataset, with the same trainers and measures."""

import numpy as np
import pandas as pd

from rrlib.models import certified, logistic, training
from rrlib.models.family import EPS_GRID, lipschitz, select
from rrlib.study import parts
from rrlib.study.common import cap, named
from rrlib.study.equal import Thresholds, least_cost, shift, threshold_at
from rrlib.study.sweep import Slice

KINDS = ("logistic", "network", "certified")

CONSTANT = 0.01
"""A network whose logits differ by less over all training rows is called constant; a linear model
only where all its weights are 0."""


def measure(data, kind, radius):
    """Return what models of one kind are on a table, one row for each radius.

    Parameters
    ----------
    data : Dataset
    kind : str
        Out of KINDS.
    radius : float
        The linear collapse threshold of the training rows.

    Returns
    -------
    DataFrame
        The columns of `parts.parts` for the distance to the boundary, by growing spheres for
        networks, NaN at eps = 0; `scaling`; `constant`, see CONSTANT; `radius`; `last`, the
        feature that linear models use just below it; `favourable`, the share of favourable test
        rows; and at the own threshold and, with the ending `_equal`, at equal acceptance:
        `denied` (of the test rows), `accuracy`, `false_yes` (of the unfavourable rows), `validity`,
        `burden` (what favourable rows pay in the mean, the accepted 0 and those without recourse
        the cap), and `denied` by group.
    """
    model = fit(data, kind)
    one = Slice(
        dataset=data.name,
        kind=kind,
        seed=data.seed,
        source=data.source,
        scaling=data.scaling,
        model=model,
        X=data.X_test,
        y=data.y_test,
        logits=None,
        accuracy=None,
        recourse={},
    )
    models = at_thresholds(data, model)
    cost, valid = least_cost(models.family, one.X, max_cost=cap(one), seed=one.seed)
    denied = (models.family(one.X).numpy() < 0).reshape(3, len(EPS_GRID), -1)
    costs = parts._Costs(cost, valid, denied)
    found = pd.DataFrame({"eps": EPS_GRID, "scaling": data.scaling})
    spread = np.ptp(model(data.X_train).numpy(), axis=-1)
    weightless = lipschitz(model).numpy() == 0
    found["constant"] = weightless if kind == "logistic" else spread < CONSTANT
    found["radius"] = radius
    found["last"] = last_feature(data, radius)
    found["favourable"] = data.y_test.mean()
    known = ~np.isnan(models.threshold)
    for t, ending in enumerate(("", "_equal")):
        for column, values in _measures(data, costs, denied, t, cap(one)).items():
            found[f"{column}{ending}"] = np.where(known[t], values, np.nan)
    rises = parts._part(one, "least", models.denied, costs, costs)
    unused = ["dataset", "kind", "seed", "gain", "lose", "gain_equal", "lose_equal"]
    rises = rises.drop(columns=unused, errors="ignore")
    found = found.merge(rises, on="eps", how="left")
    return named(found.assign(measure="least"), one)


def fit(data, kind):
    """Return the models of one kind, one for each radius of EPS_GRID."""
    rows = data.X_train, data.y_train, EPS_GRID
    if kind == "logistic":
        return logistic.fit_logistic(*rows).model
    if kind == "network":
        return training.fit_network(*rows, seed=data.seed)
    return certified.fit_certified(*rows, seed=data.seed).model


def last_feature(data, radius):
    """Return the names of the features that linear models use just below the collapse threshold."""
    rows = data.X_train, data.y_train
    w = logistic.fit_logistic(*rows, [0.999 * radius]).model.w.numpy()[0]
    return ", ".join(data.feature_names[j] for j in np.flatnonzero(w))


def at_thresholds(data, model):
    """Return models at their own thresholds and at equal acceptance, see `equal.thresholds`."""
    logits = model(data.X_train).numpy().astype(float)
    own = (logits < 0).mean(-1)
    equal = [threshold_at(row, own[0]) for row in logits]
    rate = [threshold_at(logits[0], share) for share in own]
    threshold = np.stack([np.zeros(len(own)), equal, rate])
    threshold[:, 0] = 0
    models = range(len(own))
    every = select(model, [*models, *models, *[0 for _ in models]])
    family = shift(every, np.nan_to_num(threshold).ravel())
    denied = (family(data.X_train).numpy() < 0).mean(-1).reshape(threshold.shape)
    return Thresholds(family, threshold, np.where(np.isnan(threshold), np.nan, denied))


def _measures(data, costs, denied, t, most):
    """Return what the models are at threshold t, on the test rows."""
    denied, helped, favourable = denied[t], costs.helped[t], data.y_test == 1
    paid = np.where(denied, np.where(helped, costs.cost[t], most), 0)
    with np.errstate(invalid="ignore"):
        validity = helped.sum(-1) / denied.sum(-1)
    found = {
        "denied": denied.mean(-1),
        "accuracy": (denied != favourable).mean(-1),
        "false_yes": 1 - denied[:, ~favourable].mean(-1),
        "validity": validity,
        "burden": paid[:, favourable].mean(-1),
    }
    for by in data.groups_test:
        for group, rows in data.groups_test.groupby(by).groups.items():
            found[f"denied, {group}"] = denied[:, rows].mean(-1)
    return found

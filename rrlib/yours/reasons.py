"""Why a person has no recourse: what is known for certain, and what was only not found."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from rrlib.data.tables import Split
from rrlib.models.family import LogisticRegression, lipschitz, predict
from rrlib.recourse.actions import Actions

CONSTANT = "constant model"
NOTHING = "nothing actionable helps"
BUDGET = "out of budget"
RANGE = "out of range"
WHOLE = "found, but not in whole numbers"


class Case(NamedTuple):
    """Denied people before a model.

    Attributes
    ----------
    split : Split
    model : a family of one model
    X : array of shape (n, d), scaled features
    people : DataFrame, original units
    actions : Actions
    max_cost : float, in scaled features
    """

    split: Split
    model: NamedTuple
    X: np.ndarray
    people: pd.DataFrame
    actions: Actions
    max_cost: float

    def bounds(self, actions):
        """Return lower and upper bounds, each (n, d), in scaled features."""
        return actions.bounds(self.people, self.split.center, self.split.scale)


def of(case, found, cost):
    """Return for each person the reason there would be if she had no recourse, shape (n,).

    - "constant model": its weights are 0;
    - "nothing actionable helps": nothing may change, or no point of a linear model within what may
      change has a yes, even without ranges;
    - "out of range": ranges are what forbids it, for certain;
    - "out of budget": one was found, or would have to lie, beyond the largest cost;
    - "found, but not in whole numbers": rounding it lost the yes;
    - "constant model on all N training rows": none was found, and none of them has a yes;
    - "not found within N evaluations" otherwise: there may be one.

    Parameters
    ----------
    case : Case
    found : Recourse
        Of the search.
    cost : array of shape (n,)
        Of what was found, rounded; scaled features.
    """
    free = case.bounds(case.actions._replace(range={}))
    narrow = case.bounds(case.actions)
    stuck, shut = _hopeless(case, *free), _hopeless(case, *narrow)
    before = found.valid[0].numpy()
    dear = before & ((cost > case.max_cost) | (found.cost[0].numpy() > case.max_cost))
    searched = [f"not found within {n:,} evaluations" for n in found.n_evals[0].tolist()]
    rows = case.split.X_train
    every = f"all {len(rows):,} training rows"
    order = [
        (_everywhere(case, lipschitz(case.model) == 0), CONSTANT),
        (stuck, NOTHING),
        (shut, RANGE),
        (dear | (_least(case) > case.max_cost), BUDGET),
        (before, WHOLE),
        (_everywhere(case, ~predict(case.model, rows).any()), f"{CONSTANT} on {every}"),
    ]
    return np.select(*zip(*order), np.array(searched, dtype=object))


def _everywhere(case, holds):
    """Return for each person what holds of the model."""
    return np.full(len(case.X), bool(holds))


def _least(case):
    """Return a lower bound on the cost of a yes: |h| over the Lipschitz bound, 0 without one."""
    missing = np.abs(case.model(case.X)[0].double().numpy())
    slope = float(lipschitz(case.model))
    return 0.999 * missing / slope if slope > 0 else np.full(len(missing), np.inf)


def _hopeless(case, lower, upper):
    """Return for whom no point within bounds has a yes, for certain."""
    if isinstance(case.model, LogisticRegression):
        w, b = case.model.w[0].double().numpy(), float(case.model.b[0])
        ends = np.where(w > 0, upper, lower)
        best = np.where(w != 0, np.multiply(w, ends, where=w != 0, out=np.zeros_like(ends)), 0)
        return best.sum(1) + b < 0
    corner = np.maximum(upper - case.X, case.X - lower)
    return _least(case) > np.linalg.norm(corner, axis=1)


def number(value):
    """Return a number in words: four digits, or all of a whole number."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"

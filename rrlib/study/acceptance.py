"""What each model is to lender and applicant, at its own threshold and at equal acceptance."""

import numpy as np
import pandas as pd

from rrlib.data import datasets
from rrlib.models.family import EPS_GRID, select
from rrlib.study.common import cap, named
from rrlib.study.equal import NAMES, least_cost, robust_accuracy, thresholds
from rrlib.study.offers import ATTACK

ACTIONS = {
    ("adult", "hours per week"): 5.0,
    ("adult", "education"): 2.0,
    ("adult", "capital gain"): 5000.0,
    ("german", "duration"): -12.0,
}
"""What a person could do, in original units: five more hours a week, two more years of schooling,
5,000 dollars of capital gain, twelve months less of credit."""

STEPS = 10
"""An action is tried in so many equal steps, since a network's answer may change twice."""


def acceptance(slices):
    """Return, for each model at two thresholds, what lender and applicant get of it.

    Returns
    -------
    DataFrame
        `dataset`, `kind`, `seed`, `eps`, `threshold` ("own" or "equal"), `logit` (the threshold),
        `denied_train`, `denied` (shares of the training and of the test rows), `accuracy`, `robust`
        (accuracy under an attack of radius `offers.ATTACK`, see `equal.robust_accuracy`), `held`
        (the same of the unfavourable rows: who stays denied), `false_yes` and `true_yes` (the
        shares of the unfavourable and of the favourable rows that are accepted), `favourable` (the
        share of favourable rows), `n` (the denied rows that were searched from), `validity`,
        `mean` and `median` (of the cost of their recourses), `burden` (the mean cost of favourable
        rows, the accepted at 0 and those without recourse at the cap), and `hours per week`, ...:
        the shares of the denied whom each action of ACTIONS helps.
    """
    parts = []
    for one in slices:
        found = thresholds(one)
        count = 2 * len(EPS_GRID)
        family = select(found.family, slice(count))
        part = pd.DataFrame({"eps": np.tile(EPS_GRID, 2)})
        part["threshold"] = np.repeat(NAMES[:2], len(EPS_GRID))
        part["logit"] = found.threshold[:2].ravel()
        part["denied_train"] = found.denied[:2].ravel()
        measures = _on_all(one, family) | _under_attack(one, family) | _recourse(one, family)
        measures |= _helped(one, family)
        unknown = part["logit"].isna()
        for name, values in measures.items():
            part[name] = np.where(unknown, np.nan, values)
        parts.append(named(part, one))
    return pd.concat(parts, ignore_index=True)


def _on_all(one, family):
    """Return the measures that need no search, on all test rows."""
    data = datasets.load(one.dataset, seed=one.seed, scaling=one.scaling)
    yes = family(data.X_test).numpy() >= 0
    favourable = data.y_test == 1
    return {
        "denied": 1 - yes.mean(-1),
        "accuracy": (yes == favourable).mean(-1),
        "false_yes": yes[:, ~favourable].mean(-1),
        "true_yes": yes[:, favourable].mean(-1),
        "favourable": favourable.mean(),
    }


def _under_attack(one, family):
    """Return accuracies under attack, of all searched rows and of the unfavourable ones."""
    unfavourable = one.y == 0
    return {
        "robust": robust_accuracy(family, one.X, one.y, ATTACK),
        "held": robust_accuracy(family, one.X[unfavourable], one.y[unfavourable], ATTACK),
    }


def _recourse(one, family):
    """Return what recourse the denied have, and what favourable rows pay for a yes."""
    cost, valid = least_cost(family, one.X, max_cost=cap(one), seed=one.seed)
    denied = family(one.X).numpy() < 0
    helped = denied & valid
    paid = np.where(helped, cost, np.nan)
    burden = np.where(denied, np.where(valid, cost, cap(one)), 0)
    some = helped.any(-1)
    mean, median = np.full((2, len(paid)), np.nan)
    mean[some], median[some] = np.nanmean(paid[some], -1), np.nanmedian(paid[some], -1)
    with np.errstate(invalid="ignore"):
        validity = helped.sum(-1) / denied.sum(-1)
    return {
        "n": denied.sum(-1),
        "validity": validity,
        "mean": mean,
        "median": median,
        "burden": burden[:, one.y == 1].mean(-1),
    }


def _helped(one, family):
    """Return the share of the denied whom each action helps; NaN where the dataset has it not."""
    data = datasets.load(one.dataset, seed=one.seed, scaling=one.scaling)
    denied = family(one.X).numpy() < 0
    found = {}
    for (dataset, feature), amount in ACTIONS.items():
        found[feature] = np.nan
        if dataset == one.dataset:
            at = data.feature_names.index(feature)
            yes = np.zeros_like(denied)
            for part in np.arange(1, STEPS + 1) / STEPS:
                moved = one.X.copy()
                moved[:, at] += part * amount / data.scale[at]
                yes |= family(moved).numpy() >= 0
            with np.errstate(invalid="ignore"):
                found[feature] = (yes & denied).sum(-1) / denied.sum(-1)
    return found

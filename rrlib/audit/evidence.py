"""What a claim is answered with: effects in its direction, and one finding a reading.

An effect is positive in the direction of the claim, and has an interval over seeds.
"""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from rrlib.figures.style import DATASET_LABELS, METHOD_LABELS
from rrlib.study.metrics import interval

LABELS = DATASET_LABELS | METHOD_LABELS | {"logistic": "logistic regression", "network": "networks"}


class Effect(NamedTuple):
    """What was measured in one case that a claim covers; positive in the direction of the claim.

    Attributes
    ----------
    case : str
    mean, low, high : float
        Over seeds, with the ends of the 95 % t-interval; NaN where some seed has no value.
    """

    case: str
    mean: float
    low: float
    high: float


ROUNDING = 1e-9
"""Below this a number is a zero that float64 has rounded."""


def defined(effect):
    """Return whether an effect has an interval."""
    return not math.isnan(effect.low)


def in_favour(effect):
    """Return whether the interval of an effect lies above zero, beyond rounding."""
    return effect.low > ROUNDING


def against(effect):
    """Return whether the interval of an effect lies below zero, beyond rounding."""
    return effect.high < -ROUNDING


class Finding(NamedTuple):
    """One reading of a claim, and what was measured under it.

    Attributes
    ----------
    reading : str
    measure : str
        What the effects are, with their unit.
    effects : list of Effect
        One for each case that the claim covers; empty where nothing was measured.
    counterexample : str
        An exact counterexample to the printed statement; "" where none stands against it.
    """

    reading: str
    measure: str
    effects: list
    counterexample: str = ""


class Evidence(NamedTuple):
    """What the claims are tested on.

    Attributes
    ----------
    slices : list of Slice
        The study; a claim about what it does not hold is open.
    table : DataFrame
        Its table.
    fewer : dict of str -> DataFrame
        The tables of the study with a tenth of the samples, from `experiments.variation`; empty
        where it was not run.
    boxed : DataFrame, optional
        The table of the study on min-max scaled features.
    """

    slices: list
    table: pd.DataFrame
    fewer: dict = {}
    boxed: pd.DataFrame | None = None


def name_case(*parts):
    """Return the name of a case, such as "Adult, SCFE", from the names in the code."""
    return ", ".join(LABELS.get(part, part) for part in parts)


def effect(case, values):
    """Return the effect of one case from its values, one for each seed."""
    if len(values) < 2 or not np.isfinite(values).all():
        return Effect(case, math.nan, math.nan, math.nan)
    return Effect(case, *map(float, interval(values)))


def effects_of(cases):
    """Return an effect for each case in a dict of case -> its values, one for each seed."""
    return [effect(case, values) for case, values in cases.items()]


def by_case(rows, column, measure, by=("dataset", "method")):
    """Return an effect for each case in rows of the study's table.

    `measure` maps radii, shape (K,), and one seed's values there, shape (K,), to a number. The
    radii are those at which every seed has a value of the column, so that all seeds speak of the
    same radii, and a figure can draw them.
    """
    found = []
    for case, part in rows.groupby(list(by), sort=False):
        curves = part.pivot(index="seed", columns="eps", values=column).dropna(axis=1)
        eps = curves.columns.to_numpy()
        values = [measure(eps, curve) for curve in curves.to_numpy()]
        found.append(effect(name_case(*case), values))
    return found


def slope(eps, values):
    """Return the least-squares slope of a curve, per 0.1 of eps.

    NaN with fewer than three points. eps and values have shape (K,).
    """
    if len(values) < 3:
        return np.nan
    away = np.asarray(eps) - np.mean(eps)
    return away @ (np.asarray(values) - np.mean(values)) / (away @ away) / 10


def departure(eps, values):
    """Return the mean distance of a curve's inner points from the chord between their neighbours.

    0 for a straight line; NaN with fewer than three points. eps and values have shape (K,).
    """
    eps, values = np.asarray(eps), np.asarray(values)
    if len(values) < 3:
        return np.nan
    share = (eps[1:-1] - eps[:-2]) / (eps[2:] - eps[:-2])
    away = values[1:-1] - (1 - share) * values[:-2] - share * values[2:]
    return np.abs(away).mean()


def roughness(eps, values):
    """Return the `departure` of a curve over its range; NaN for one without a range."""
    if np.size(values) == 0 or np.ptp(values) == 0:
        return np.nan
    return departure(eps, values) / np.ptp(values)

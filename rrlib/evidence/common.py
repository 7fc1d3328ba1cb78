"""What a claim is answered with: effects in the direction of the claim, with intervals over seeds, one finding a reading."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from rrlib.metrics import interval


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


def in_favour(effect):
    """Return whether the interval of an effect lies above zero, beyond rounding."""
    return effect.low > ROUNDING


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
    """What the claims are tested on: slices of the study, their table, and slices with the samples of `FEWER`."""

    slices: list
    table: pd.DataFrame
    fewer: list


def effect(case, values):
    """Return the effect of one case from its values, one for each seed."""
    if len(values) < 2 or not np.isfinite(values).all():
        return Effect(case, *[float("nan")] * 3)
    return Effect(case, *map(float, interval(values)))


def by_case(table, measure, by=("dataset", "method")):
    """Return an effect for each case in a table: `measure` maps the rows of one case and one seed to a number."""
    groups = table.groupby(list(by), sort=False)
    return [effect(", ".join(case), [measure(part) for _, part in rows.groupby("seed")]) for case, rows in groups]


def slope(rows, column):
    """Return the least-squares slope of a column in eps, per 0.1; NaN with fewer than three points."""
    points = rows[["eps", column]].dropna()
    return slope_of(points["eps"], points[column])


def slope_of(eps, values):
    """Return the least-squares slope of a curve, per 0.1 of eps; NaN with fewer than three points."""
    away = np.asarray(eps) - np.mean(eps)
    return away @ (np.asarray(values) - np.mean(values)) / (away @ away) / 10 if len(values) > 2 else np.nan


def roughness(eps, values):
    """Return how far the inner points of a curve lie from the chord between their neighbours, on average, over its range.

    0 for a straight line; NaN with fewer than three points or no range. eps and values have shape (E,).
    """
    eps, values = np.asarray(eps), np.asarray(values)
    if len(values) < 3 or np.ptp(values) == 0:
        return np.nan
    share = (eps[1:-1] - eps[:-2]) / (eps[2:] - eps[:-2])
    return np.abs(values[1:-1] - (1 - share) * values[:-2] - share * values[2:]).mean() / np.ptp(values)

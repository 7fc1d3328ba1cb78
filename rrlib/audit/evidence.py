"""What a claim is answered with: effects with intervals over seeds, and one finding a reading."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from rrlib.figures.style import DATASETS, METHODS
from rrlib.study.splits import half_width

KINDS = {"logistic": "logistic regression", "network": "networks"}
LABELS = {name: look.label for name, look in (DATASETS | METHODS).items()}
LABELS |= KINDS | {"certified": "certified networks"}

EXPLORING = tuple(range(5))
"""Seeds of five random splits: they name the cases of which a verdict may speak."""

CONFIRMING = tuple(range(5, 10))
"""Seeds of the five folds of one split: they alone confirm."""

LATER = tuple(range(10, 15))
"""Seeds of five other folds, which confirm what this book was the first to see."""

ROUNDING = 1e-9
"""Below this a number is a zero that float64 has rounded."""


class Effect(NamedTuple):
    """What was measured in one case that a claim covers; positive in the direction of the claim.

    Attributes
    ----------
    case : str
    mean, low, high : float
        Over seeds, with the ends of the 95 % interval; NaN where some seed has no value.
    """

    case: str
    mean: float
    low: float
    high: float


def effect(case, values):
    """Return the effect of one case from its values, one for each seed; see `half_width`."""
    if len(values) < 2 or not np.isfinite(values).all():
        return Effect(case, math.nan, math.nan, math.nan)
    mean, half = float(np.mean(values)), float(half_width(values))
    return Effect(case, mean, mean - half, mean + half)


def defined(effect):
    """Return whether an effect has an interval."""
    return not math.isnan(effect.low)


def in_favour(effect, smallest=0.0):
    """Return whether the interval of an effect lies above the smallest one that counts."""
    return effect.low > smallest + ROUNDING


def against(effect, smallest=0.0):
    """Return whether the interval of an effect lies below minus the smallest one that counts."""
    return effect.high < -smallest - ROUNDING


class Case(NamedTuple):
    """One case that a claim covers, such as a dataset and a method.

    Attributes
    ----------
    name : str
    values : dict of seed -> float
        Positive in the direction of the claim; NaN where a seed has none.
    smallest : float
        The smallest effect that counts, in the unit of the values; NaN where it is not known.
    confirming : tuple of int
        The seeds that confirm: for what was first seen on the usual ones, others.
    """

    name: str
    values: dict
    smallest: float
    confirming: tuple = CONFIRMING

    @property
    def explored(self):
        """Return the effect over those exploring seeds that were run."""
        return effect(self.name, [self.values[seed] for seed in EXPLORING if seed in self.values])

    @property
    def confirmed(self):
        """Return the effect over the confirming seeds, NaN unless all of them were run."""
        return effect(self.name, [self.values.get(seed, math.nan) for seed in self.confirming])


def shown(cases):
    """Return the effects of cases over the confirming seeds, where none was run the exploring."""
    ran = any(seed in case.values for case in cases for seed in case.confirming)
    return [case.confirmed if ran else case.explored for case in cases]


class Finding(NamedTuple):
    """One reading of a claim, and what was measured under it.

    Attributes
    ----------
    reading : str
    measure : str
        What the effects are, with their unit.
    cases : list of Case
        One for each case that the claim covers; empty where nothing was measured.
    counterexample : str
        An exact counterexample to the printed statement; "" where none stands against it.
    setting : str
        The scaling, out of `experiments.SETTINGS`, under which this reading is the paper's own
        setting; "" for any other reading.
    """

    reading: str
    measure: str
    cases: list
    counterexample: str = ""
    setting: str = ""

    @property
    def effects(self):
        """Return the effects over the exploring seeds."""
        return [case.explored for case in self.cases]


class Evidence(NamedTuple):
    """What the claims are tested on; a claim about what it does not hold is undecided.

    Attributes
    ----------
    slices : list of Slice
        The study's exploring seeds, for the theorems.
    usual, boxed : dict of str -> DataFrame
        Its tables by name, on standardised and on min-max scaled features.
    fewer, boxed_fewer : dict of str -> DataFrame
        The same with a tenth of the samples.
    """

    slices: list
    usual: dict = {}
    boxed: dict = {}
    fewer: dict = {}
    boxed_fewer: dict = {}


def name_case(*parts):
    """Return the name of a case, such as "Adult, SCFE", from the names in the code."""
    return ", ".join(LABELS.get(part, part) for part in parts)


def cases_of(values, smallest):
    """Return the cases in a dict of name -> its dict of seed -> value."""
    return [Case(name, each, smallest) for name, each in values.items()]


def by_case(rows, column, measure, smallest, by=("dataset", "method")):
    """Return a case for each group of rows of the study's table.

    Parameters
    ----------
    rows : DataFrame
    column : str
    measure : function
        Of radii, shape (K,), and of curves there, shape (..., K), to a number for each curve.
    smallest : float, or function of the exploring rows of a case and the column to a float
    by : sequence of columns that tell the cases apart
    """
    found = []
    for key, part in rows.groupby(list(by), sort=False):
        values = {}
        for seeds in (EXPLORING, CONFIRMING):
            curves = curves_of(part, column, seeds)
            measured = measure(curves.columns.to_numpy(), curves.to_numpy())
            values |= dict(zip(curves.index, np.broadcast_to(measured, len(curves))))
        least = smallest
        if callable(smallest):
            least = smallest(part[part["seed"].isin(EXPLORING)], column)
        found.append(Case(name_case(*key), values, least))
    return found


def curves_of(part, column, seeds):
    """Return curves against eps, a row for each of some seeds.

    The radii are those at which all these seeds have a value, so that they speak of the same ones,
    and a figure can draw them.
    """
    curves = by_seed(part[part["seed"].isin(seeds)], column)
    return curves.loc[:, curves.notna().to_numpy().all(0)]


def by_seed(rows, column):
    """Return a column of the rows of one case: a row for each seed, a column for each eps.

    NaN where a seed has no row. It does what `DataFrame.pivot` does, in a tenth of the time.

    Raises
    ------
    ValueError
        Where two rows have one seed and one eps: they are not of one case.
    """
    seeds, row = np.unique(rows["seed"], return_inverse=True)
    eps, place = np.unique(rows["eps"], return_inverse=True)
    if len(np.unique(row * len(eps) + place)) < len(rows):
        raise ValueError("two rows have one seed and one eps: they are of more than one case")
    values = np.full((len(seeds), len(eps)), np.nan)
    values[row, place] = rows[column]
    return pd.DataFrame(values, pd.Index(seeds, name="seed"), pd.Index(eps, name="eps"))


def slope(eps, values):
    """Return the least-squares slope of curves, per 0.1 of eps.

    NaN with fewer than three points. eps has shape (K,), values have shape (..., K).
    """
    if len(eps) < 3:
        return np.nan
    away, values = np.asarray(eps) - np.mean(eps), np.asarray(values)
    return (values - values.mean(-1, keepdims=True)) @ away / (away @ away) / 10


def departure(eps, values):
    """Return the mean distance of curves' inner points from the chord between their neighbours.

    0 for a straight line; NaN with fewer than three points. eps has shape (K,), values have shape
    (..., K).
    """
    eps, values = np.asarray(eps), np.asarray(values)
    if len(eps) < 3:
        return np.nan
    share = (eps[1:-1] - eps[:-2]) / (eps[2:] - eps[:-2])
    away = values[..., 1:-1] - (1 - share) * values[..., :-2] - share * values[..., 2:]
    return np.abs(away).mean(-1)


def roughness(eps, values):
    """Return the `departure` of curves over their range; NaN for one without a range."""
    if len(eps) < 3:
        return np.nan
    span = np.ptp(values, axis=-1)
    return departure(eps, values) / np.where(span > 0, span, np.nan)

"""Intervals of means over seeds whose splits share rows."""

import math

import numpy as np
from scipy.stats import t

from rrlib.study.intervals import Interval

TEST_PER_TRAIN = 0.25
"""Test rows for each training row: a fifth of the rows is kept for the test."""

LEVEL = 0.025
"""Of the one-sided test that a 95 % interval is on either side."""


def half_width(values):
    """Return the half-width of the 95 % interval of a mean over seeds, values of shape (..., k).

    It is t s sqrt(1/k + m), with s the standard deviation and m the test rows for each training
    row: splits of one table share most of their rows, and the usual t s / sqrt(k) takes them for
    independent (Nadeau and Bengio 2003, Inference for the generalization error).
    """
    k = np.shape(values)[-1]
    spread = np.std(values, axis=-1, ddof=1) * math.sqrt(1 / k + TEST_PER_TRAIN)
    return t.ppf(1 - LEVEL, k - 1) * spread


def split_interval(values):
    """Return the mean over splits and its 95 % interval, see `half_width`.

    Parameters
    ----------
    values : array of shape (k, ...), one entry for each split

    Raises
    ------
    ValueError
        With fewer than two splits, or values that are not finite.
    """
    values = np.asarray(values, dtype=np.float64)
    if len(values) < 2:
        raise ValueError(f"an interval over splits needs at least two of them, not {len(values)}")
    if not np.isfinite(values).all():
        raise ValueError("values must be finite: say what a missing one stands for")
    mean, half = values.mean(0), half_width(np.moveaxis(values, 0, -1))
    return Interval(mean, mean - half, mean + half)

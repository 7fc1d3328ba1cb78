"""Intervals over seeds."""

from typing import NamedTuple

import numpy as np
from scipy.stats import t


class Interval(NamedTuple):
    """A mean over seeds and the ends of its t-interval, arrays of one shape."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def interval(values, *, axis=0, level=0.95):
    """Return the mean and the t-interval over seeds.

    Parameters
    ----------
    values : array with one entry for each seed along `axis`
    axis : int
    level : float
        Coverage, in (0, 1).

    Raises
    ------
    ValueError
        With fewer than two seeds, values that are not finite, or a level outside (0, 1).

    Examples
    --------
    >>> mean, low, high = study.interval(np.array([1.0, 2.0, 3.0]))
    >>> print(f"{mean:.2f}, from {low:.2f} to {high:.2f}")
    2.00, from -0.48 to 4.48
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, such as 0.95, not {level!r}")
    values = np.asarray(values, dtype=np.float64)
    n = values.shape[axis]
    if n < 2:
        raise ValueError(f"an interval over seeds needs at least two seeds, not {n}")
    if not np.isfinite(values).all():
        raise ValueError(
            "values must be finite: a mean over seeds leaves nothing out, "
            "so say what a missing value stands for"
        )
    mean = values.mean(axis)
    half = t.ppf(0.5 + level / 2, n - 1) * values.std(axis, ddof=1) / np.sqrt(n)
    return Interval(mean, mean - half, mean + half)

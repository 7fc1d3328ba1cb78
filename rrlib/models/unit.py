"""The best robust classifier with a single steep unit, and its exact loss."""

from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.special import expit

DIGITS = 9
"""Positions that agree to so many decimals count as one, so that rounding separates nobody."""


class Unit(NamedTuple):
    """One sigmoid of one feature: h(x) = low + (high - low) sigmoid(slope (sign x_j - place)).

    Attributes
    ----------
    feature : int
        The column j.
    sign : {-1, 1}
        Whether large or small values of the feature are on the high side.
    place : float
        Where the step is, as a value of sign x_j, in scaled features.
    slope : float
        Of the sigmoid's argument, per unit of the scaled feature.
    low, high : float
        The logits of the two sides, low <= high.
    """

    feature: int
    sign: int
    place: float
    slope: float
    low: float
    high: float


def best_unit(X, y, eps):
    """Return the single steep unit of least robust logistic loss on some rows.

    The unit rises in sign x_j, so the adversary moves everybody by eps in this feature against his
    label, in the l_p ball for every p. The best unit is then the best split of the moved rows into
    a low and a high side, with the larger share of favourable rows on the high side; all features,
    both signs and all splits are tried. The step lies in the middle of a gap between moved rows and
    is so steep that each of them is on its side of it up to 1e-17. The share of a side is that of
    its rows and of one average person more, so that a side of one label does not promise
    certainty, and the unit still beats the constant wherever any step does.

    Parameters
    ----------
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1
    eps : float

    Returns
    -------
    Unit
        With low = high where no single unit beats the best constant.

    Examples
    --------
    >>> X, y = np.array([[-1.0], [0.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
    >>> unit = theory.best_unit(X, y, 0.1)
    >>> print(f"feature {unit.feature}, step at {unit.place:.2f}")
    feature 0, step at 1.00
    """
    X, y = np.asarray(X), np.asarray(y)
    share = y.mean()
    level = _logit(share)
    best, least = Unit(0, 1, 0.0, 0.0, level, level), _cross_entropy(y.sum(), len(y), share)
    for feature, sign in product(range(X.shape[1]), (1, -1)):
        step, loss = _best_step(_moved(sign * X[:, feature], y, eps), y)
        if loss < least:
            best, least = Unit(feature, sign, *map(float, step)), loss
    return best


def unit_loss(unit, X, y, eps):
    """Return the exact robust logistic loss of a unit on some rows, in nats.

    X has shape (n, d), y holds labels 0 or 1, and eps is the radius of any l_p ball.

    Examples
    --------
    >>> X, y = np.array([[-1.0], [0.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
    >>> unit = theory.best_unit(X, y, 0.1)
    >>> bool(theory.unit_loss(unit, X, y, 0.1) < np.log(2))
    True
    """
    X, y = np.asarray(X), np.asarray(y)
    position = _moved(unit.sign * X[:, unit.feature], y, eps)
    side = expit(unit.slope * (position - unit.place))
    logit = unit.low + (unit.high - unit.low) * side
    return np.logaddexp(0.0, -(2 * y - 1) * logit).mean()


def _moved(position, y, eps):
    """Return where the adversary puts everybody: down if favourable, up if not."""
    return position - (2 * y - 1) * eps


def _best_step(position, y):
    """Return place, slope, low and high of the best split of moved rows, and its loss."""
    order = position.argsort()
    position, y = position[order].round(DIGITS), y[order]
    below = np.flatnonzero(np.diff(position)) + 1  # rows on the low side, for each split
    if not len(below):
        return (), np.inf
    share, above = y.mean(), len(y) - below
    favourable = y.cumsum()[below - 1]
    rest = y.sum() - favourable
    low, high = (favourable + share) / (below + 1), (rest + share) / (above + 1)
    loss = _cross_entropy(favourable, below, low) + _cross_entropy(rest, above, high)
    loss[low >= high] = np.inf
    k = loss.argmin()
    left, right = position[below[k] - 1], position[below[k]]
    step = (left + right) / 2, 80 / (right - left), _logit(low[k]), _logit(high[k])
    return step, loss[k]


def _cross_entropy(favourable, n, share):
    """Return the summed loss of n rows, some favourable, that are all given one share."""
    return -favourable * np.log(share) - (n - favourable) * np.log1p(-share)


def _logit(share):
    return np.log(share) - np.log1p(-share)

"""Sigmoid units of one feature each, judged by how far they would lower a loss.

The worst value of a unit sigmoid(z) that speaks for the favourable class, in a ball around a row of
label y, is sigmoid(z - y reach) with reach = eps ||W1||_q. For a unit of one feature it depends on
the feature's value and the label alone. So the rows of a value and a label are one *cell*, and all
units of a feature, up or down, at every threshold, are judged from sums over its cells.

Units are counted from their middle, sigmoid - 1/2. E radii are done together.
"""

from typing import NamedTuple

import numpy as np
import torch

from rrlib.models.norms import dual_exponent
from rrlib.models.unit import Unit, best_unit

SLOPES = (200.0, 50.0, 15.0)
"""Slopes of the units, per range of their feature."""

STEEPEST = 1e5
"""The largest slope of a step, per range of its feature: float32 still tells its values apart."""

FEWEST, VALUES, EACH = 16, 128, 32
"""A feature has as many values as there are EACH rows, within these limits.

If it has more, neighbours are taken together.
"""

MOST = 5.0
"""The largest weight of a unit of size 1, in logits: more can cost rows held out dearly."""

LARGEST = 3.0
"""The largest weight, in logits, that a promise counts on: one class alone promises no end."""

BENT = 0.1
"""How far from its middle the linear unit is used, where a sigmoid is a line to a thousandth."""


class Rows(NamedTuple):
    """Training rows X (n, d) and their signs (n,), and the radii (E,) of the attacks' norm p."""

    X: torch.Tensor
    sign: torch.Tensor
    eps: torch.Tensor
    p: float


class Units(NamedTuple):
    """Units: with output weights c their logit is sum_k size_k c_k (sigmoid(W_k x + b_k) - 1/2).

    Attributes
    ----------
    W : Tensor of shape (E, K, d)
    b : Tensor of shape (E, K)
    size : Tensor of shape (E, K)
    """

    W: torch.Tensor
    b: torch.Tensor
    size: torch.Tensor


class Shelf(NamedTuple):
    """The units of one feature: G slopes, up and down, at T thresholds.

    Attributes
    ----------
    feature : int
    cell : Tensor of shape (n,)
        The cell of each row: first those of the favourable rows, value by value.
    sign : Tensor of shape (C,)
        Of the rows of each cell.
    share : Tensor of shape (C,)
        Of all rows, in each cell.
    weight : Tensor of shape (G,)
        Hidden weights.
    threshold : Tensor of shape (E, T)
    columns : Tensor of shape (E, G, T, C), float32
        What a unit of output weight 1 adds to the margin of each cell, under attack.
    """

    feature: int
    cell: torch.Tensor
    sign: torch.Tensor
    share: torch.Tensor
    weight: torch.Tensor
    threshold: torch.Tensor
    columns: torch.Tensor


def shelves(rows):
    """Return the shelf of each feature that has two values."""
    found = []
    for j in range(rows.X.shape[1]):
        value, number = _values(rows.X[:, j].numpy())
        if len(value) > 1:
            found.append(_shelf(rows, j, torch.as_tensor(value), torch.as_tensor(number)))
    return found


def _values(column):
    """Return the values of a feature and the number of each row's.

    Of values that are taken together, fewer are where rows are many, and where values are few.
    """
    value, number, count = np.unique(column, return_inverse=True, return_counts=True)
    most = min(max(FEWEST, len(column) // EACH), VALUES)
    if len(value) > most:
        middle = (count.cumsum() - count / 2) / count.sum()
        place = middle + np.arange(len(value)) / len(value)
        group = np.unique((place * most / 2).astype(int), return_inverse=True)[1]
        number = group[number]
        value = np.bincount(number, column) / np.bincount(number)
    return value, number


def _shelf(rows, j, value, number):
    """Return the shelf of feature j, whose thresholds are where an attack passes a gap."""
    width = rows.X[:, j].amax() - rows.X[:, j].amin()
    slopes = torch.tensor(SLOPES, dtype=torch.float64) / width
    weight = torch.cat([slopes, -slopes])
    eps = rows.eps.unsqueeze(-1)
    place = torch.cat([value - eps, value + eps], 1).sort().values
    threshold = (place[:, 1:] + place[:, :-1]) / 2
    up = weight.reshape(-1, 1, 1)
    z = up * (value - threshold.reshape(len(eps), 1, -1, 1))
    reach = rows.eps.reshape(-1, 1, 1, 1) * up.abs()
    sign = torch.tensor([1.0, -1.0], dtype=torch.float64).repeat_interleave(len(value))
    columns = sign * (torch.cat([z - reach, z + reach], -1).float().sigmoid_() - 0.5)
    cell = number + len(value) * (rows.sign < 0)
    share = torch.bincount(cell, minlength=len(sign)) / len(cell)
    return Shelf(j, cell, sign, share.double(), weight, threshold, columns.float())


def linear_unit(linear, rows):
    """Return a linear family as units, shape (E, 1, ...), used within BENT of their middle.

    A constant has size 0.
    """
    centre = rows.X.mean(0)
    reach = rows.eps * torch.linalg.vector_norm(linear.w, ord=dual_exponent(rows.p), dim=-1)
    farthest = (linear.w @ (rows.X - centre).mT).abs().amax(-1) + reach
    shrink = BENT / farthest.clamp_min(1e-12)
    W = shrink.unsqueeze(-1) * linear.w
    size = 4 / shrink * (farthest > 0)
    return Units(*(part.unsqueeze(1) for part in (W, -W @ centre, size)))


def best_step(rows):
    """Return the `best_unit` of each radius, shape (E, 1, ...), of size 0 where it is a constant.

    It is a quarter as steep, which leaves gradients to descend: what stands at the edge of its gap
    is still 10 from the middle of the sigmoid, if STEEPEST allows. Where its two sides differ by
    more than MOST logits, its size lets a weight of MOST reach that difference.
    """
    X, y = rows.X.numpy(), (rows.sign > 0).long().numpy()
    found = [best_unit(X, y, eps) for eps in rows.eps.tolist()]
    found = Unit(*torch.tensor(found, dtype=torch.float64).T)
    feature = found.feature.long()
    width = (rows.X.amax(0) - rows.X.amin(0)).clamp_min(1e-12)[feature]
    slope = (found.slope / 4).clamp(SLOPES[0] / width, STEEPEST / width)
    W = torch.zeros(len(slope), rows.X.shape[1], dtype=torch.float64)
    W[torch.arange(len(slope)), feature] = found.sign * slope
    rise = found.high - found.low
    size = (rise / MOST).clamp_min(1) * (rise > 0)
    return Units(*(part.unsqueeze(1) for part in (W, -slope * found.place, size)))


def worst_columns(units, rows):
    """Return y size (sigmoid(z - y reach) - 1/2), what a weight of 1 adds to margins, (E, K, n)."""
    length = torch.linalg.vector_norm(units.W, ord=dual_exponent(rows.p), dim=-1)
    reach = rows.eps.unsqueeze(-1) * length
    X = rows.X.mT.expand(len(rows.eps), -1, -1)
    z = torch.baddbmm(units.b.unsqueeze(-1), units.W, X)
    middle = (z - reach.unsqueeze(-1) * rows.sign).sigmoid_() - 0.5
    return units.size.unsqueeze(-1) * rows.sign * middle


def sums(shelf, values):
    """Return the sums of row values (E, n) over the cells of a shelf, shape (E, C)."""
    empty = values.new_zeros(len(values), len(shelf.sign))
    return empty.index_add(1, shelf.cell, values)


def gains(columns, sign, slope, curve, weight=None):
    """Return what a quadratic model of the loss promises for a weight on each column, (E, K).

    The weight, which is returned too, is the best one up to LARGEST, unless it is given. The bias
    is free.

    Parameters
    ----------
    columns : Tensor of shape (E, K, C)
    sign : Tensor of shape (C,)
    slope, curve : Tensor of shape (E, C)
        Minus the first derivative, and the second, of the loss in the margins, summed over cells.
    weight : Tensor of shape (E, K), optional
    """
    slope, curve, sign = (part.to(columns.dtype) for part in (slope, curve, sign))
    pull, shared = (columns @ torch.stack([slope, curve * sign], -1)).unbind(-1)
    bend = (columns.square() @ curve.unsqueeze(-1)).squeeze(-1)
    bend = (bend - shared.square() / curve.sum(-1, keepdim=True)).clamp_min(1e-6)
    if weight is None:
        weight = (pull / bend).clamp(0, LARGEST)
    return weight * pull - weight.square() * bend / 2, weight


def best_thresholds(shelf, slope, curve):
    """Return the number of the threshold of highest gain for each hidden weight, (E, G)."""
    E, G, T, _ = shelf.columns.shape
    found, _ = gains(shelf.columns.flatten(1, 2), shelf.sign, slope, curve)
    return found.reshape(E, G, T).argmax(-1)


def take(shelf, at, d):
    """Return the columns (E, G, C) and the units of the thresholds numbered `at`, (E, G)."""
    E, G = at.shape
    columns = shelf.columns[torch.arange(E).unsqueeze(-1), torch.arange(G), at]
    W = torch.zeros(E, G, d, dtype=torch.float64)
    W[..., shelf.feature] = shelf.weight
    bias = -shelf.weight * shelf.threshold.gather(1, at)
    return columns, Units(W, bias, torch.ones_like(bias))


def join(*units):
    """Return all of some units."""
    return Units(*(torch.cat(parts, 1) for parts in zip(*units)))


def pick(part, k):
    """Return the elements k (E, L) of a part (E, K, ...), shape (E, L, ...)."""
    return part[torch.arange(len(k)).unsqueeze(-1), k]

"""Sigmoid units of one feature each, and the rows as an attack on such units leaves them.

The worst value of a unit sigmoid(z) that speaks for the favourable class, in a ball around a row of
label y, is sigmoid(z - y reach) with reach = eps ||W1||_q. For a unit of one feature that is its
value at an attacked row, whose feature is moved by eps against the label; so with the attacked rows
sorted, a threshold splits them in two, and every threshold is judged at once.

Units are counted from their middle, sigmoid - 1/2. E radii are done together.
"""

from typing import NamedTuple

import torch

from rrlib.models.attacks import dual_exponent

SLOPES = (200.0, 50.0, 15.0)
"""Slopes of the units, per range of their feature."""

TRIED = 3
"""Features that a new unit is tried on; each has its best threshold, and every slope."""

BENT = 0.1
"""How far from its middle the linear unit is used, where a sigmoid is a line to a thousandth."""


class Rows(NamedTuple):
    """Training rows, and where an attack moves each feature, either way up, in rising order.

    Attributes
    ----------
    X : Tensor of shape (n, d)
    sign : Tensor of shape (n,)
    eps : Tensor of shape (E,)
    p : {2, inf}
    place : Tensor of shape (E, 2d, n)
        Attacked values of the features and of their negatives, sorted.
    order : Tensor of shape (E, 2d, n)
        The row that each value is of.
    """

    X: torch.Tensor
    sign: torch.Tensor
    eps: torch.Tensor
    p: float
    place: torch.Tensor
    order: torch.Tensor


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


def attacked_rows(X, sign, eps, p):
    """Return Rows, given arrays."""
    X, sign, eps = map(torch.as_tensor, (X, sign, eps))
    both = torch.cat([X, -X], 1)
    place, order = (both.mT - eps[:, None, None] * sign).sort(-1)
    return Rows(X, sign, eps, p, place, order)


def linear_unit(linear, rows):
    """Return a linear family as units, shape (E, 1, ...), used within BENT of their middle."""
    centre = rows.X.mean(0)
    reach = rows.eps * torch.linalg.vector_norm(linear.w, ord=dual_exponent(rows.p), dim=-1)
    farthest = (linear.w @ (rows.X - centre).mT).abs().amax(-1) + reach
    shrink = BENT / farthest.clamp_min(1e-12)
    W = shrink.unsqueeze(-1) * linear.w
    return Units(*(part.unsqueeze(1) for part in (W, -W @ centre, 4 / shrink)))


def best_steps(rows):
    """Return units where a step alone has the least robust loss, which is exact."""
    n = len(rows.X)
    favourable = (rows.sign[rows.order] > 0).double()
    above = _above(favourable)
    below = favourable.sum(-1, keepdim=True) - above
    under = torch.arange(1, n, dtype=torch.float64)
    entropy = _entropy(below, under) + _entropy(above, n - under)
    rising = above * under > below * (n - under)
    return _at_best_thresholds(rows, (-entropy).masked_fill(~rising, -torch.inf))


def promising_steps(rows, slope):
    """Return units where a step promises most; `slope` (E, n) is minus d loss / d margin."""
    ordered = slope.unsqueeze(1).expand(rows.order.shape).gather(-1, rows.order)
    sign = rows.sign[rows.order]
    curve = ordered * (1 - ordered)
    parts = (_above(part) for part in (ordered * sign, curve, curve * sign))
    return _at_best_thresholds(rows, _gain(*parts, curve.sum(-1, keepdim=True)))


def promise(columns, slope, sign):
    """Return what a quadratic model promises for a weight on each column, shape (E, K)."""
    curve = slope * (1 - slope)
    pull = (columns @ slope.unsqueeze(-1)).squeeze(-1)
    bend = (columns.square() @ curve.unsqueeze(-1)).squeeze(-1)
    shared = (columns @ (curve * sign).unsqueeze(-1)).squeeze(-1)
    return _gain(pull, bend, shared, curve.sum(-1, keepdim=True))


def worst_columns(units, rows):
    """Return y size (sigmoid(z - y reach) - 1/2), what a weight of 1 adds to margins, (E, K, n)."""
    length = torch.linalg.vector_norm(units.W, ord=dual_exponent(rows.p), dim=-1)
    reach = rows.eps.unsqueeze(-1) * length
    columns = rows.X.mT.expand(len(rows.eps), -1, -1)
    z = torch.baddbmm(units.b.unsqueeze(-1), units.W, columns)
    middle = (z - reach.unsqueeze(-1) * rows.sign).sigmoid_() - 0.5
    return units.size.unsqueeze(-1) * rows.sign * middle


def join(units, more):
    """Return units and more of them."""
    return Units(*(torch.cat(parts, 1) for parts in zip(units, more)))


def pick(part, k):
    """Return element k (E,) of a part (E, K, ...), shape (E, 1, ...)."""
    return part[torch.arange(len(k)), k].unsqueeze(1)


def _above(values):
    """Return the sum of the values above each gap between two of them, along the last axis."""
    sums = values.cumsum(-1)
    return (sums[..., -1:] - sums)[..., :-1]


def _entropy(part, whole):
    """Return the sum over `whole` rows of the entropy of the share `part` / `whole`, in nats."""
    rest = whole - part
    return -torch.xlogy(part, part / whole) - torch.xlogy(rest, rest / whole)


def _gain(pull, bend, shared, whole):
    """Return the fall of a quadratic model of the loss along a weight, the bias being free.

    The step is at most one logit: the loss of rows of one class alone falls for ever.
    """
    bend = (bend - shared.square() / whole).clamp_min(1e-12)
    step = (pull / bend).clamp(0, 1)
    return step * pull - step.square() * bend / 2


def _at_best_thresholds(rows, score):
    """Return units of every slope at the thresholds of highest score, for TRIED features.

    The score has shape (E, 2d, n - 1), one for each gap. Size 0 marks a unit without a threshold.
    """
    width = rows.X.amax(0) - rows.X.amin(0)
    width = torch.cat([width, width])
    apart = rows.place.diff(dim=-1) > 1e-9 * width.unsqueeze(-1)
    best, at = score.masked_fill(~apart, -torch.inf).max(-1)
    best, feature = best.topk(TRIED, -1)
    pair = at.gather(-1, feature).unsqueeze(-1) + torch.arange(2)
    models = torch.arange(len(rows.eps)).unsqueeze(-1)
    place = rows.place[models, feature].gather(-1, pair).mean(-1)
    axes = torch.eye(rows.X.shape[1], dtype=torch.float64)
    axis = torch.cat([axes, -axes])[feature]
    units = []
    for slope in SLOPES:
        steep = slope / width[feature].clamp_min(1e-12)
        size = best.isfinite().double()
        units.append(Units(steep.unsqueeze(-1) * axis, -steep * place, size))
    return Units(*(torch.cat(parts, 1) for parts in zip(*units)))

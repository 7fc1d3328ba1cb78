"""A network to start certified training from: units that are added one at a time, greedily.

With output weights of at least 0, the interval loss of a sum of units is that of a logistic
regression on their worst values: it is convex in the output weights and the bias. Where each
feature is used one way only, one corner of an l_inf ball is the worst for all units at once, and
the interval loss is the robust loss.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import pad, softplus

from rrlib.models import dictionary
from rrlib.models.dictionary import MOST, Rows, Units, gains, join, pick, sums, worst_columns
from rrlib.models.logistic import fit_logistic
from rrlib.models.minimiser import ROUNDING
from rrlib.models.network import Network, init_network

FINAL = 3
"""Single units that are fitted to the rows, out of those that were fitted to cells."""

FITTED = 0.5
"""The share of the rows that propose a new unit; the others judge it."""


class Start(NamedTuple):
    """Greedy networks, one for each radius.

    Attributes
    ----------
    model : Network, float64
    linear : array of shape (E,)
        Robust loss of the exact linear minimiser, in nats.
    unit : array of shape (E,)
        Robust loss of the best single unit that was found, in nats.
    """

    model: Network
    linear: np.ndarray
    unit: np.ndarray


def greedy_start(X, sign, eps, p, hidden, seed):
    """Return a network of low interval loss, made unit by unit, for each radius.

    The first unit is the exact linear minimiser, within the linear range of a sigmoid, or the best
    single unit, whichever has the lower loss. For each further one the rows are split anew: one
    part proposes units, each with a weight, by a quadratic model of the loss; the other chooses the
    one that lowers its own loss most, or none. Then all output weights are fitted again, on all
    rows. Units that stay without a weight have the hidden weights of `init_network`.

    Parameters
    ----------
    X : array of shape (n, d)
    sign : array of shape (n,)
        Labels as +1 and -1.
    eps : array of shape (E,)
    p : {2, inf}
    hidden : int
        Number of units.
    seed : int
        Of the splits, and of the hidden weights of `init_network`.

    Raises
    ------
    ValueError
        Where no feature varies, and as `fit_logistic`.
    """
    linear = fit_logistic(X, (sign > 0).astype(int), eps, p=p)
    rows = Rows(*map(torch.as_tensor, (X, sign, eps)), p)
    shelves = dictionary.shelves(rows)
    if not shelves:
        raise ValueError("every feature of X has one value alone; training needs one that varies")
    line = dictionary.linear_unit(linear.model, rows)
    units, c, b, unit = _best_unit(rows, shelves)
    straight = torch.as_tensor(linear.loss) <= unit
    units = Units(*(_choose(straight, *parts) for parts in zip(line, units)))
    c = torch.where(straight, 1.0, c).unsqueeze(-1)
    b = torch.where(straight, linear.model.b + linear.model.w @ rows.X.mean(0), b)
    columns = worst_columns(units, rows)
    rng = np.random.default_rng([seed, 2])
    for _ in range(hidden - 1):
        c, b, _ = fit_weights(columns, c, b, rows.sign, steps=2)
        slope = torch.sigmoid(-_margins(columns, c, b, rows.sign))
        proposes = torch.as_tensor(rng.permutation(len(X)) < FITTED * len(X))
        one = _next_unit(rows, shelves, line, slope, proposes)
        units = join(units, one)
        columns = torch.cat([columns, worst_columns(one, rows)], 1)
        c = pad(c, (0, 1))
    c, b, _ = fit_weights(columns, c, b, rows.sign, steps=6)
    w2 = units.size * c
    idle, spare = w2 == 0, init_network(X.shape[1], eps, seed, hidden=hidden)
    W1, b1 = _choose(idle, spare.W1, units.W), _choose(idle, spare.b1, units.b)
    model = Network(W1, b1, w2, b - w2.sum(-1) / 2, rows.eps)
    return Start(model, linear.loss, unit.numpy())


def _best_unit(rows, shelves):
    """Return the best single unit (E, 1, ...), its weight and bias, and its loss, each (E,).

    On each shelf the units of most promise beside the best constant, one for each hidden weight,
    are fitted to the cells. The best FINAL of all shelves, and the best step of all, are fitted to
    the rows.
    """
    E, d = len(rows.eps), rows.X.shape[1]
    share = (rows.sign > 0).double().mean()
    wrong = torch.where(rows.sign > 0, 1 - share, share).expand(E, -1)
    tried, found = [], []
    for shelf in shelves:
        slope, curve = sums(shelf, wrong), sums(shelf, wrong * (1 - wrong))
        at = dictionary.best_thresholds(shelf, slope, curve)
        columns, units = dictionary.take(shelf, at, d)
        start = torch.ones(columns.shape[0] * columns.shape[1], 1, dtype=torch.float64)
        bias = torch.logit(share).expand(len(start))
        each = columns.double().flatten(0, 1).unsqueeze(1)
        fit = fit_weights(each, start, bias, shelf.sign, share=shelf.share, steps=6)
        tried.append(units)
        found.append([part.reshape(E, -1) for part in fit])
    c, b, loss = (torch.cat(parts, 1) for parts in zip(*found))
    few = loss.topk(FINAL, -1, largest=False).indices
    units = join(*tried)
    units = join(Units(*(pick(part, few) for part in units)), dictionary.best_step(rows))
    each = worst_columns(units, rows).flatten(0, 1).unsqueeze(1)
    c, b = pad(pick(c, few), (0, 1), value=1.0), pad(pick(b, few), (0, 1), value=bias[0].item())
    fit = fit_weights(each, c.reshape(-1, 1), b.flatten(), rows.sign, steps=6)
    c, b, loss = (part.reshape(E, -1) for part in fit)
    k = loss.argmin(-1, keepdim=True)
    c, b, loss = (pick(part, k).squeeze(1) for part in (c, b, loss))
    return Units(*(pick(part, k) for part in units)), c, b, loss


def _next_unit(rows, shelves, line, slope, proposes):
    """Return the unit that the judging rows choose, of size 0 where none lowers their loss.

    `slope` (E, n) is minus the derivative of each row's loss in its margin; `proposes` (n,) is True
    for the rows that propose: on each shelf, the best threshold of every hidden weight.
    """
    first, other = slope * proposes, slope * ~proposes
    first, other = (first, first * (1 - first)), (other, other * (1 - other))
    column = worst_columns(line, rows)
    _, weight = gains(column, rows.sign, *first)
    judged, units = [gains(column, rows.sign, *other, weight)[0]], [line]
    for shelf in shelves:
        proposing = [sums(shelf, part) for part in first]
        judging = [sums(shelf, part) for part in other]
        at = dictionary.best_thresholds(shelf, *proposing)
        columns, more = dictionary.take(shelf, at, rows.X.shape[1])
        _, weight = gains(columns, shelf.sign, *proposing)
        judged.append(gains(columns, shelf.sign, *judging, weight)[0])
        units.append(more)
    gain, k = torch.cat(judged, 1).max(-1, keepdim=True)
    one = Units(*(pick(part, k) for part in join(*units)))
    return one._replace(size=one.size * (gain > 0))


def fit_weights(columns, c, b, sign, *, steps, share=None):
    """Return output weights (E, K), biases (E,) and losses (E,) after some Newton steps.

    The loss, mean log(1 + exp(-margin)) with the margin sum_k c_k column_k + y b, is convex.
    Weights stay within [0, MOST]: one that rests at a bound which the loss pushes it against is
    left there, and a step is cut off at the bounds, and halved until the loss does not rise.

    Parameters
    ----------
    columns : Tensor of shape (E, K, n)
    c : Tensor of shape (E, K)
    b : Tensor of shape (E,)
    sign : Tensor of shape (n,)
    steps : int
    share : Tensor of shape (n,), optional
        Of all rows that each place of the columns stands for; all the same if omitted.
    """
    share = torch.full_like(sign, 1 / len(sign)) if share is None else share
    columns = torch.cat([columns, sign.expand(len(columns), 1, -1)], 1)
    theta = torch.cat([c, b.unsqueeze(-1)], 1)
    loss = _loss(columns, theta, share)
    for _ in range(steps):
        step = _newton_step(columns, theta, share)
        length = torch.ones_like(loss)
        for _ in range(20):
            trial = theta + length.unsqueeze(-1) * step
            trial[:, :-1].clamp_(0, MOST)
            new = _loss(columns, trial, share)
            lower = new <= loss + ROUNDING
            if lower.all():
                break
            length = torch.where(lower, length, length / 2)
        theta = _choose(lower, trial, theta)
        loss = torch.where(lower, new, loss)
    return theta[:, :-1], theta[:, -1], loss


def _newton_step(columns, theta, share):
    """Return a Newton step in the weights that are free to move and the bias."""
    slope = torch.sigmoid(-(theta.unsqueeze(1) @ columns)).squeeze(1)
    gradient = -(columns @ (share * slope).unsqueeze(-1)).squeeze(-1)
    hessian = (columns * (share * slope * (1 - slope)).unsqueeze(1)) @ columns.mT
    free = ((theta > 0) | (gradient < 0)) & ((theta < MOST) | (gradient > 0))
    free[:, -1] = True
    free = free.double()
    hessian = hessian * free.unsqueeze(1) * free.unsqueeze(2)
    ridge = 1 - free + 1e-9 * hessian.diagonal(dim1=1, dim2=2).amax(-1, keepdim=True)
    return torch.linalg.solve(hessian + torch.diag_embed(ridge), -gradient * free)


def _margins(columns, c, b, sign):
    """Return the margins, shape (E, n)."""
    return (c.unsqueeze(1) @ columns).squeeze(1) + b.unsqueeze(-1) * sign


def _loss(columns, theta, share):
    """Return the mean losses, shape (E,)."""
    return softplus(-(theta.unsqueeze(1) @ columns).squeeze(1)) @ share


def _choose(first, one, other):
    """Return `one` where `first` holds, whose axes are the first ones of both, else the other."""
    return torch.where(first.reshape(*first.shape, *[1] * (one.ndim - first.ndim)), one, other)

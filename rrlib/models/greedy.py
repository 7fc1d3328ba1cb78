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
from rrlib.models.dictionary import Units, join, pick, worst_columns
from rrlib.models.logistic import fit_logistic
from rrlib.models.minimiser import ROUNDING
from rrlib.models.network import Network

MOST = 5.0
"""The largest output weight that a unit starts with, in logits; more costs rows held out dearly."""


class Start(NamedTuple):
    """Greedy networks, one for each radius.

    Attributes
    ----------
    model : Network, float64
    linear : array of shape (E,)
        Robust loss of the exact linear minimiser, in nats.
    unit : array of shape (E,)
        Robust loss of the best single unit that was found, in nats; infinite where there is none.
    """

    model: Network
    linear: np.ndarray
    unit: np.ndarray


def greedy_start(X, sign, eps, p, hidden):
    """Return a network of low interval loss, made unit by unit, for each radius.

    The first unit is the exact linear minimiser, within the linear range of a sigmoid, or the best
    single unit, whichever has the lower loss. Each further one is the one that promises most, by a
    quadratic model of the loss along its weight; then all output weights are fitted again.

    Parameters
    ----------
    X : array of shape (n, d)
    sign : array of shape (n,)
        Labels as +1 and -1.
    eps : array of shape (E,)
    p : {2, inf}
    hidden : int
        Number of units.
    """
    linear = fit_logistic(X, (sign > 0).astype(int), eps, p=p)
    rows = dictionary.attacked_rows(X, sign, eps, p)
    line = dictionary.linear_unit(linear.model, rows)
    units, c, b, unit = _best_unit(rows)
    straight = torch.as_tensor(linear.loss) <= unit
    units = Units(*(_choose(straight, *parts) for parts in zip(line, units)))
    c = torch.where(straight, 1.0, c).unsqueeze(-1)
    b = torch.where(straight, linear.model.b + linear.model.w @ rows.X.mean(0), b)
    columns = worst_columns(units, rows)
    for _ in range(hidden - 1):
        c, b, _ = fit_weights(columns, c, b, rows.sign, steps=3)
        slope = torch.sigmoid(-_margins(columns, c, b, rows.sign))
        more = join(line, dictionary.promising_steps(rows, slope))
        worst = worst_columns(more, rows)
        k = dictionary.promise(worst, slope, rows.sign).argmax(-1)
        units = join(units, Units(*(pick(part, k) for part in more)))
        columns = torch.cat([columns, pick(worst, k)], 1)
        c = pad(c, (0, 1))
    c, b, _ = fit_weights(columns, c, b, rows.sign, steps=10)
    w2 = units.size * c
    model = Network(units.W, units.b, w2, b - w2.sum(-1) / 2, rows.eps)
    return Start(model, linear.loss, unit.numpy())


def _best_unit(rows):
    """Return the best single unit (E, 1, ...), its weight and bias, and its loss, each (E,)."""
    units = dictionary.best_steps(rows)
    E, K = units.size.shape
    columns = worst_columns(units, rows).flatten(0, 1).unsqueeze(1)
    c = torch.ones(E * K, 1, dtype=torch.float64)
    b = torch.logit((rows.sign > 0).double().mean()).expand(E * K)
    c, b, loss = fit_weights(columns, c, b, rows.sign, steps=6)
    loss = torch.where(units.size > 0, loss.reshape(E, K), torch.inf)
    k = loss.argmin(-1)
    c, b, loss = (pick(part.reshape(E, K), k).squeeze(1) for part in (c, b, loss))
    return Units(*(pick(part, k) for part in units)), c, b, loss


def fit_weights(columns, c, b, sign, *, steps):
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
    """
    columns = torch.cat([columns, sign.expand(len(columns), 1, -1)], 1)
    theta = torch.cat([c, b.unsqueeze(-1)], 1)
    loss = _loss(columns, theta)
    for _ in range(steps):
        step = _newton_step(columns, theta)
        length = torch.ones_like(loss)
        for _ in range(20):
            trial = theta + length.unsqueeze(-1) * step
            trial[:, :-1].clamp_(0, MOST)
            new = _loss(columns, trial)
            lower = new <= loss + ROUNDING
            if lower.all():
                break
            length = torch.where(lower, length, length / 2)
        theta = _choose(lower, trial, theta)
        loss = torch.where(lower, new, loss)
    return theta[:, :-1], theta[:, -1], loss


def _newton_step(columns, theta):
    """Return a Newton step in the weights that are free to move and the bias."""
    slope = torch.sigmoid(-(theta.unsqueeze(1) @ columns)).squeeze(1)
    gradient = -(columns @ slope.unsqueeze(-1)).squeeze(-1)
    hessian = (columns * (slope * (1 - slope)).unsqueeze(1)) @ columns.mT
    free = ((theta > 0) | (gradient < 0)) & ((theta < MOST) | (gradient > 0))
    free[:, -1] = True
    free = free.double()
    hessian = hessian * free.unsqueeze(1) * free.unsqueeze(2)
    ridge = 1 - free + 1e-9 * hessian.diagonal(dim1=1, dim2=2).amax(-1, keepdim=True)
    return torch.linalg.solve(hessian + torch.diag_embed(ridge), -gradient * free)


def _margins(columns, c, b, sign):
    """Return the margins, shape (E, n)."""
    return (c.unsqueeze(1) @ columns).squeeze(1) + b.unsqueeze(-1) * sign


def _loss(columns, theta):
    """Return the mean losses, shape (E,)."""
    return softplus(-(theta.unsqueeze(1) @ columns).squeeze(1)).mean(-1)


def _choose(first, one, other):
    """Return `one` where `first` (E,) holds, and the other elsewhere; both (E, ...)."""
    return torch.where(first.reshape(-1, *[1] * (one.ndim - 1)), one, other)

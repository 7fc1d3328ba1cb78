"""Certified training: a family of networks whose robust loss is proved, from a greedy start."""

from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import softplus

from rrlib.models.checks import as_tensor, check_eps, check_features, check_labels
from rrlib.models.family import select, to
from rrlib.models.greedy import greedy_start
from rrlib.models.network import BLOCK, Network
from rrlib.models.norms import dual_exponent
from rrlib.models.training import minibatches

LOOKS = 10
"""How often, in the course of training, the loss on all rows is looked at."""


class CertifiedFit(NamedTuple):
    """Networks trained on their interval loss, and what they were trained from.

    Losses are means over the training rows, in nats. `loss` and `start` are interval losses: no
    attack exceeds them. The lesser of `linear` and `unit` is what the start began with: a network
    whose loss is the same is still a linear model, or one unit.

    Attributes
    ----------
    model : Network
        As `fit_network` returns it.
    loss : array of shape (E,)
        Of the network.
    start : array of shape (E,)
        Of the greedy network that training started from.
    linear : array of shape (E,)
        Robust loss of the exact linear minimiser.
    unit : array of shape (E,)
        Robust loss of the best single unit that was found.
    """

    model: Network
    loss: np.ndarray
    start: np.ndarray
    linear: np.ndarray
    unit: np.ndarray


@torch.inference_mode(False)
def fit_certified(
    X,
    y,
    eps,
    *,
    p=np.inf,
    seed,
    epochs=40,
    batch_size=256,
    rate=0.05,
    dtype=torch.float32,
    device="cpu",
):
    """Train the networks of `fit_network` on a loss that no perturbation exceeds.

    The loss is logistic, at the `interval_margin` of each row. Training starts from greedy networks
    (:mod:`rrlib.models.greedy`): at each radius from the one, out of those of all radii, that has
    the least loss there. Then Adam takes minibatches as in `fit_network`, at a rate that falls
    linearly to zero; of the start and of the iterates that are looked at, the one of least loss on
    all rows is kept. So the loss is at most that of the best single unit that was found, up to
    rounding, and that of the exact linear minimiser, up to the bend of a sigmoid near its middle.

    For p = inf the interval loss is the robust loss where each feature is used one way only. For
    p = 2 it is larger as soon as two units look in different directions, since no perturbation of
    the ball moves both all the way: such networks are certified, but neither exact nor known to be
    better than others.

    Parameters
    ----------
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1
    eps : array of shape (E,)
        Radii, in scaled features.
    p : {2, inf}
        Norm of the perturbations.
    seed : int
        Of the start's splits and spare units, and of the minibatches.
    epochs : int
        Passes over the rows; of each pass the rows that fill no minibatch are left out.
    batch_size : int
    rate : float
        Adam's rate at the start.
    dtype : torch.dtype
        Of training and of the networks; the start is made in float64.
    device : str or torch.device

    Returns
    -------
    CertifiedFit

    Raises
    ------
    ValueError
        On malformed X, y, eps or p, a setting out of range, where no feature varies, or where
        `fit_logistic` has no minimiser because a hyperplane separates the classes.

    Examples
    --------
    >>> X, y = np.array([[-1.0], [0.0], [0.5], [2.0]]), np.array([0, 1, 0, 1])
    >>> found = models.fit_certified(X, y, [0.0, 0.3], seed=0, epochs=2, batch_size=2)
    >>> bool((found.loss <= found.start + 1e-6).all())
    True
    """
    X, eps = check_features(X), check_eps(eps)
    sign = check_labels(y, len(X))
    if p not in (2, np.inf):
        raise ValueError(f"p must be 2 or numpy.inf, not {p!r}")
    if min(epochs, batch_size) < 1 or not rate > 0:
        raise ValueError(
            "epochs and batch_size must be at least 1 and rate positive, "
            f"not {epochs}, {batch_size}, {rate}"
        )
    q = dual_exponent(p)
    greedy = greedy_start(X, sign, eps, p, 2 * X.shape[1], seed)
    start = to(to(greedy.model, dtype), device)
    X, sign = as_tensor(X, start.eps), as_tensor(sign, start.eps)
    start = _exchange(start, X, sign, q)
    batches = minibatches(len(X), min(batch_size, len(X)), epochs, seed)
    model = _descend(start, X, sign, q, batches, rate)
    losses = [interval_loss(one, X, sign, q).cpu().numpy() for one in (model, start)]
    return CertifiedFit(model, *losses, greedy.linear, greedy.unit)


def interval_loss(model, X, sign, q):
    """Return the mean logistic loss at the interval margins, each model at its own radius, (E,).

    X (n, d) and the signs (n,) are tensors; q is the dual exponent of p.
    """
    radius = model.eps.unsqueeze(-1)
    total = 0.0
    for rows, signs in zip(X.split(BLOCK), sign.split(BLOCK)):
        margin = model.interval_margin(rows, signs, radius, q=q)
        total = total + softplus(-margin).double().sum(-1)
    return total / len(X)


def _exchange(model, X, sign, q):
    """Return for each radius the network, out of those of all radii, of least interval loss."""
    best = []
    for eps in model.eps:
        there = model._replace(eps=eps.expand_as(model.eps))
        best.append(interval_loss(there, X, sign, q).argmin().item())
    return select(model, best)._replace(eps=model.eps)


def _descend(start, X, sign, q, batches, rate):
    """Return the best of the start and Adam's iterates, model by model.

    A unit is counted from its middle, so that its output weight leaves the bias alone, and one with
    small hidden weights takes small steps in them.
    """
    small = start.W1.abs().amax(-1).clamp(1e-6, 1)
    middle = start.b2 + start.w2.sum(-1) / 2
    parts = start.W1 / small.unsqueeze(-1), start.b1 / small, start.w2, middle
    parts = [part.clone().requires_grad_() for part in parts]

    def network():
        W1, b1, w2, middle = parts
        return Network(W1 * small.unsqueeze(-1), b1 * small, w2, middle - w2.sum(-1) / 2, start.eps)

    optimiser = torch.optim.Adam(parts, lr=rate)
    best, lowest = start, interval_loss(start, X, sign, q)
    looks = set(np.linspace(0, len(batches), LOOKS + 1).astype(int)[1:] - 1)
    for step, rows in enumerate(batches):
        target = sign[rows]
        margin = network().interval_margin(X[rows], target, start.eps.unsqueeze(-1), q=q)
        loss = softplus(-margin).mean(-1).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.param_groups[0]["lr"] = rate * (1 - step / len(batches))
        optimiser.step()
        if step in looks:
            with torch.no_grad():
                best, lowest = _better(best, lowest, network(), X, sign, q)
    return best


def _better(best, lowest, model, X, sign, q):
    """Return, model by model, the one of lower loss, and its loss."""
    loss = interval_loss(model, X, sign, q)
    lower = loss < lowest
    parts = []
    for new, old in zip(model, best):
        parts.append(torch.where(lower.reshape(-1, *[1] * (new.ndim - 1)), new, old))
    return Network(*parts), torch.where(lower, loss, lowest)

"""Recourse-friendly training: the denied count as favourable, helped by their best perturbation."""

from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import softplus

from rrlib.models.attacks import adversarial_accuracy, descend_margin, pgd_accuracy
from rrlib.models.checks import as_tensor, check_features, check_labels
from rrlib.models.family import LogisticRegression, count_features, select, to
from rrlib.models.norms import dual_exponent
from rrlib.models.training import minibatches

LOSS = 0.01
"""How much accuracy under attack a lender gives for recourse when `choose_lam` chooses."""

HELD = 5
"""One row in so many is kept for that choice."""


class FriendlyFit(NamedTuple):
    """A family trained to be friendly to recourse.

    Attributes
    ----------
    model : a family of the kind that training started from
    before, after : array of shape (E,)
        The objective on all rows, in nats, at the start and at the end; `after` is never higher.
    """

    model: NamedTuple
    before: np.ndarray
    after: np.ndarray


@torch.inference_mode(False)
def fit_friendly(model, X, y, *, lam, p=np.inf, rate=0.02, epochs=10, seed=0):
    """Train a family further, so that the denied are a perturbation away from a yes.

    The objective adds to the robust loss of Eq. 1 the term lam E_denied log(1 + exp(-h(x + u))),
    u the perturbation of the model's own radius that helps most; for linear models h + eps ||w||_q.
    The denied are those whom the model at the start denies. The term is that of Ross, Lakkaraju
    and Bastani (2021). As the help grows with the weights, the objective is not convex, not for
    linear models either: what Adam finds from the given start is a better point, not a minimiser.
    Perturbations are exact for linear models, by projected gradients for networks, whose
    minibatches have 256 rows; linear models see all rows in each of 20 steps an epoch. The rate
    falls linearly to 0. A model whose objective did not fall keeps its start, and so does one whose
    lam is 0.

    Parameters
    ----------
    model : a family of rrlib.models
        Where training starts, with the radii of the attack and of the help in `eps`.
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1
    lam : float, or array of shape (E,)
        Weight of the term, at least 0.
    p : {2, inf}
    rate : float
    epochs : int
    seed : int
        Of the minibatches.

    Returns
    -------
    FriendlyFit

    Raises
    ------
    ValueError
        On malformed X or y, or a lam, p, rate or number of epochs out of range.
    """
    X = check_features(X, d=count_features(model))
    sign = check_labels(y, len(X))
    if p not in (2, np.inf):
        raise ValueError(f"p must be 2 or numpy.inf, not {p!r}")
    lam = np.broadcast_to(np.asarray(lam, dtype=float), len(model.eps))
    if not ((lam >= 0) & (lam < np.inf)).all() or not rate > 0 or epochs < 1:
        raise ValueError(
            "lam must be finite and at least 0, rate positive and epochs at least 1, "
            f"not {lam}, {rate}, {epochs}"
        )
    start = model
    X, sign = as_tensor(X, start.eps), as_tensor(sign, start.eps)
    denied = (start(X) < 0).to(X)
    lam = as_tensor(lam, start.eps)
    weight = lam[:, None] * len(X) * denied / denied.sum(-1, keepdim=True).clamp_min(1)
    model = type(start)(*(field.clone() for field in start))
    weights = [field.requires_grad_() for field in model[:-1]]
    optimiser = torch.optim.Adam(weights, lr=rate)
    batches = _batches(model, len(X), epochs, seed)
    for step, rows in enumerate(batches):
        loss = _objective(model, X[rows], sign[rows], weight[:, rows], p).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.param_groups[0]["lr"] = rate * (1 - step / len(batches))
        optimiser.step()
    model = type(start)(*(field.detach() for field in model))
    before, after = (_on_all(one, X, sign, weight, p) for one in (start, model))
    fell = (after < before) & (lam > 0)
    kept = [_where(fell, new, old) for new, old in zip(model, start)]
    return FriendlyFit(type(start)(*kept), before.numpy(), torch.where(fell, after, before).numpy())


def choose_lam(model, X, y, lams, *, loss=LOSS, p=np.inf, seed=0, **how):
    """Return for each model the largest lam that validation rows allow, shape (E,); 0 if none.

    A fifth of the rows, drawn at random, is kept, and each model is trained on the others with each
    lam. On the rows that were kept, its accuracy under attack at its own radius may be lower than
    that of the start by at most `loss`, and it must deny somebody. The start may have seen these
    rows, which makes the rule stricter.

    Parameters
    ----------
    model, X, y, p, seed : as for `fit_friendly`
        The seed is that of the draw, too.
    lams : sequence of float
    loss : float
        A share of the rows.
    how : `rate` and `epochs` of `fit_friendly`
    """
    order = np.random.default_rng(seed).permutation(len(X))
    kept, others = np.split(order, [len(X) // HELD])
    lam = np.repeat(lams, len(model.eps))
    starts = select(model, [*range(len(model.eps))] * len(lams))
    how = {"lam": lam, "p": p, "seed": seed} | how
    tried = fit_friendly(starts, X[others], y[others], **how).model
    rule = adversarial_accuracy if isinstance(model, LogisticRegression) else pgd_accuracy
    before, after = (rule(one, X[kept], y[kept], one.eps.numpy(), p=p) for one in (starts, tried))
    denies = (tried(X[kept]) < 0).any(-1).numpy()
    allowed = (after >= before - loss) & denies
    return np.where(allowed, lam, 0.0).reshape(len(lams), -1).max(0)


def _batches(model, n, epochs, seed):
    """Return the rows of each step."""
    if isinstance(model, LogisticRegression):
        return [torch.arange(n)] * (20 * epochs)
    return minibatches(n, min(256, n), epochs, seed)


def _objective(model, X, sign, weight, p):
    """Return the objective of some rows, shape (E,)."""
    favourable = torch.ones_like(sign)
    if isinstance(model, LogisticRegression):
        ball = {"radius": model.eps[:, None], "q": dual_exponent(p)}
        attacked = model.least_margin(X, sign, **ball)
        helped = -model.least_margin(X, -favourable, **ball)
    else:
        attacked = sign * model(X + _perturb(model, X, sign, p))
        helped = model(X + _perturb(model, X, -favourable, p))
    return softplus(-attacked).mean(-1) + (weight * softplus(-helped)).mean(-1)


def _perturb(model, X, sign, p, steps=5):
    """Return the perturbations of least margin of a network, shape (E, n, d)."""
    with torch.no_grad():
        return descend_margin(model, X, sign, model.eps, p, steps, X.new_zeros(1, X.shape[1]))


def _on_all(model, X, sign, weight, p):
    """Return the objective of all rows in float64, shape (E,)."""
    model = to(model, torch.float64)
    with torch.no_grad():
        return _objective(model, X.double(), sign.double(), weight.double(), p)


def _where(chosen, new, old):
    """Return a parameter of each model, new where chosen, shape (E, ...)."""
    return torch.where(chosen.reshape(-1, *[1] * (new.ndim - 1)), new, old)

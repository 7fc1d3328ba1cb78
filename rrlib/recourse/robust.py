"""Recourse that survives: a noisy execution, or a change of the model afterwards."""

from functools import partial

import numpy as np
import torch

from rrlib.models.family import LogisticRegression
from rrlib.models.norms import dual_exponent
from rrlib.recourse.common import (
    check_not_negative,
    check_positive,
    check_whole,
    in_blocks,
    start_and_target,
)
from rrlib.recourse.linear import minimal_recourse
from rrlib.recourse.tangent import RobustRecourse, need_of_change, need_of_noise, search

HALVINGS = 80
"""Bisections of a multiplier: beyond float64's digits."""


@torch.no_grad()
def noisy_recourse(model, X, *, radius, p=np.inf, steps=50, stride=0.3, seed=0):
    """Return recourse that survives every noise of its execution with ||eta||_p <= radius.

    A linear model needs h(x') >= radius ||w||_q: the boundary moves, and the answer of least l2
    cost is exact. For networks the demand is that the certificate of the model itself,
    `certified_margin`, be at least 0 in the ball around x'. From a
    recourse of growing spheres, steps along the gradient search for it, a heuristic. The
    certificate is sound, not exact: a point that it refuses may survive.

    Parameters
    ----------
    model : a family of rrlib.models
    X : array of shape (n, d), scaled features
        In linear models whoever meets the demand already stays.
    radius : float, scaled features
    p : {2, inf}
    steps : int
        Steps of the search in networks.
    stride : float
        The longest step, in scaled features; it falls linearly to 0.
    seed : int
        Of growing spheres, in networks.

    Returns
    -------
    RobustRecourse

    Raises
    ------
    ValueError
        On malformed X, or a radius, p, steps or stride out of range.
    """
    q = _check("radius", radius, p, steps, stride)
    start, _ = start_and_target(model, X, np.ones(1))
    if not isinstance(model, LogisticRegression):
        need = partial(need_of_noise, model, radius, q)
        return in_blocks(
            partial(search, model, need, steps, stride, seed), start, _ones(model, start)
        )
    length = torch.linalg.vector_norm(model.w, ord=q, dim=-1)
    found = minimal_recourse(model._replace(b=model.b - radius * length), X, target=np.ones(1))
    gap = torch.where(found.valid, 0.0, torch.inf).to(found.cost)
    return RobustRecourse(found.x_cf, found.valid, found.cost, found.n_evals, gap)


@torch.no_grad()
def changed_model_recourse(model, X, *, change, p=np.inf, steps=50, stride=0.3, seed=0):
    """Return recourse that survives every change of the model with ||(dw, db)||_p <= alpha.

    Here alpha = change ||(w, b)||_p, and the demand is h(x') >= alpha ||(x', 1)||_q. For linear
    models the problem is convex, and the least l2 cost is exact: with a multiplier mu >= 0 the
    minimiser of ||x' - x||_2^2 / 2 - mu (h(x') - alpha ||(x', 1)||_q) is known, its slack rises in
    mu, and bisection finds where it is 0. Duality bounds what is left: `gap`. There is no such
    recourse where alpha is too large, whoever asks (`can_survive`).
    Networks are replaced by their tangent at x', found by the same steps: a local
    demand, which guarantees nothing about a network trained anew.

    It is the robust recourse of Upadhyay, Joshi and Lakkaraju (2021), solved exactly.

    Parameters
    ----------
    model : a family of rrlib.models
    X : array of shape (n, d), scaled features
        In linear models whoever meets the demand already stays.
    change : float
        Size of the change, relative to that of the model.
    p : {2, inf}
    steps : int
        Steps of the search in networks.
    stride : float
        The longest step, in scaled features; it falls linearly to 0.
    seed : int
        Of growing spheres, in networks.

    Returns
    -------
    RobustRecourse

    Raises
    ------
    ValueError
        On malformed X, or a change, p, steps or stride out of range.
    """
    q = _check("change", change, p, steps, stride)
    start, target = start_and_target(model, X, np.ones(1))
    if not isinstance(model, LogisticRegression):
        need = partial(need_of_change, change, p, q)
        return in_blocks(
            partial(search, model, need, steps, stride, seed), start, _ones(model, start)
        )
    alpha = change * torch.linalg.vector_norm(_with_bias(model), ord=p, dim=-1)
    return in_blocks(partial(_bisect, model, alpha, p), start, target)


def can_survive(model, *, change, p=np.inf):
    """Return under which linear models any point survives a change of the model, shape (E,).

    With alpha as above, some do if ||w||_p > alpha: there, far enough off, the logit outgrows what
    the change takes. Else the best x' is near the origin, and some do iff b >= alpha for
    p = inf, and iff b >= sqrt(alpha^2 - ||w||_2^2), b > 0, for p = 2.

    Raises
    ------
    ValueError
        On a change or p out of range.
    """
    _check("change", change, p, 1, 1.0)
    size = torch.linalg.vector_norm(model.w, ord=p, dim=-1)
    alpha = change * torch.linalg.vector_norm(_with_bias(model), ord=p, dim=-1)
    if p == np.inf:
        return (size > alpha) | (model.b >= alpha)
    rest = (alpha.square() - size.square()).clamp_min(0).sqrt()
    near = (model.b >= rest) & ((model.b > 0) | (alpha == 0) & (model.b >= 0))
    return (size > alpha) | near


def _check(name, value, p, steps, stride):
    """Check what both methods share; return the dual exponent."""
    check_not_negative(name, value)
    check_whole("steps", steps, 1)
    check_positive("stride", stride)
    if p not in (2, np.inf):
        raise ValueError(f"p must be 2 or numpy.inf, not {p!r}")
    return dual_exponent(p)


def _with_bias(model):
    return torch.cat([model.w, model.b.unsqueeze(-1)], -1)


def _ones(model, start):
    return start.new_ones(len(model.eps), len(start))


def _bisect(model, alpha, p, start, target, box):
    """Solve the convex problem for some of the rows; there are no bounds."""
    w, loss = model.w.unsqueeze(1), alpha[:, None]
    inner = _shrink if p == np.inf else _shrink_together

    def point(mu):
        """Return the minimiser for each multiplier, and its slack."""
        x = inner(start + mu.unsqueeze(-1) * w, mu * loss)
        one = torch.cat([x, torch.ones_like(x[..., :1])], -1)
        return x, model(x) - loss * torch.linalg.vector_norm(one, ord=dual_exponent(p), dim=-1)

    low = torch.zeros_like(target)
    done = point(low)[1] >= 0
    high = torch.ones_like(target)
    for _ in range(HALVINGS):
        short = point(high)[1] < 0
        if not short.any():
            break
        high = torch.where(short, 2 * high, high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = point(middle)[1] >= 0
        low, high = torch.where(enough, low, middle), torch.where(enough, middle, high)
    mu = torch.where(done, 0.0, high)
    x, slack = point(mu)
    valid = slack >= 0
    x = torch.where(valid.unsqueeze(-1), x, start)
    cost = torch.linalg.vector_norm(x - start, dim=-1)
    least = (cost.square() - 2 * mu * slack).clamp_min(0).sqrt()
    gap = torch.where(valid, cost - least, torch.inf)
    return RobustRecourse(x, valid, cost, torch.ones_like(mu, dtype=torch.long), gap)


def _shrink(v, by):
    """Return the minimiser of ||x - v||_2^2 / 2 + by ||x||_1, row by row."""
    return v.sign() * (v.abs() - by.unsqueeze(-1)).clamp_min(0)


def _shrink_together(v, by):
    """Return the minimiser of ||x - v||_2^2 / 2 + by sqrt(||x||_2^2 + 1), row by row.

    It is v scaled to the length r with r (1 + by / sqrt(r^2 + 1)) = ||v||_2, by bisection.
    """
    length = torch.linalg.vector_norm(v, dim=-1)
    low, high = torch.zeros_like(length), length
    for _ in range(HALVINGS):
        r = (low + high) / 2
        far = r * (1 + by / (r.square() + 1).sqrt()) > length
        low, high = torch.where(far, low, r), torch.where(far, r, high)
    return v * torch.where(length > 0, high / length, 1.0).unsqueeze(-1)

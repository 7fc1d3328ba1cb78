"""Steps along the tangent of a network, towards points that meet a demand of robustness."""

from typing import NamedTuple

import torch

from rrlib.models.certificate import certified_margin
from rrlib.recourse.growing_spheres import growing_spheres


class RobustRecourse(NamedTuple):
    """Recourse towards the favourable label that meets a demand of robustness.

    Attributes
    ----------
    x_cf : Tensor of shape (E, n, d)
        The recommended point, in scaled features; the row itself where there is none.
    valid : bool Tensor of shape (E, n)
        Whether the model's logit at x_cf meets the demand.
    cost : Tensor of shape (E, n)
        The l2 norm of x_cf - x, in scaled features.
    n_evals : int Tensor of shape (E, n)
        How often the model was evaluated for the row.
    gap : Tensor of shape (E, n)
        How far the cost is at most above the least one, up to rounding; infinite where nothing is
        known: for networks, and where there is no recourse.
    """

    x_cf: torch.Tensor
    valid: torch.Tensor
    cost: torch.Tensor
    n_evals: torch.Tensor
    gap: torch.Tensor


def need_of_noise(model, radius, q, x, logits, gradient):
    """Return the logit that is needed at x by the certificate of a network, shape (E, n)."""
    parts = []
    for e in range(len(x)):
        one = type(model)(*(field[e : e + 1].double() for field in model))
        ball = torch.full((1, x.shape[1]), float(radius), dtype=torch.float64)
        least = certified_margin(one, x[e].double(), torch.ones_like(ball), ball, q=q)
        parts.append(one(x[e].double()) - least)
    return torch.cat(parts).to(logits)


def need_of_change(change, p, q, x, logits, gradient):
    """Return the logit that is needed at x by the tangent of a network there, shape (E, n)."""
    bias = logits - (gradient * x).sum(-1)
    tangent = torch.cat([gradient, bias.unsqueeze(-1)], -1)
    one = torch.cat([x, torch.ones_like(x[..., :1])], -1)
    alpha = change * torch.linalg.vector_norm(tangent, ord=p, dim=-1)
    return alpha * torch.linalg.vector_norm(one, ord=q, dim=-1)


def search(model, need, steps, stride, seed, start, target, box):
    """Search from a recourse of growing spheres for the nearest point that meets the demand.

    Until one is met, steps go up the gradient; from then on to the point nearest to the row at
    which the tangent meets the demand. The nearest of all points that meet it is kept.
    The longest step falls linearly to 0, so that the search does not swing about a bend.
    """
    x = growing_spheres(model, start, target=target, seed=seed).x_cf
    best, least = start.expand_as(x), torch.full_like(target, torch.inf)
    for k in range(steps + 1):
        logits, gradient = model.logits_and_gradient(x)
        miss = need(x, logits, gradient) - logits
        cost = torch.linalg.vector_norm(x - start, dim=-1)
        better = (miss <= 0) & (cost < least)
        best = torch.where(better.unsqueeze(-1), x, best)
        least = torch.where(better, cost, least)
        origin = torch.where(least.isfinite().unsqueeze(-1), start, x)
        x = x + _step(x, origin, miss, gradient, stride * (1 - k / (steps + 1)))
    valid = least.isfinite()
    evals = torch.full_like(target, steps + 1, dtype=torch.long)
    cost = torch.where(valid, least, 0.0)
    return RobustRecourse(best, valid, cost, evals, torch.full_like(cost, torch.inf))


def _step(x, origin, miss, gradient, stride):
    """Return the step to the nearest point to `origin` where the tangent misses nothing."""
    slope = gradient.square().sum(-1).clamp_min(1e-12)
    along = miss + 1e-4 * slope.sqrt() + ((x - origin) * gradient).sum(-1)
    step = origin + (along.clamp_min(0) / slope).unsqueeze(-1) * gradient - x
    length = torch.linalg.vector_norm(step, dim=-1, keepdim=True)
    return step * (stride / length.clamp_min(stride))

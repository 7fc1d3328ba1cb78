"""C-CHVAE: a search in growing shells around the row's latent code [Pawelczyk et al., 2020]."""

from functools import partial
from typing import NamedTuple

import numpy as np
import torch

from rrlib.models.decoder import decode_around, lipschitz_upper
from rrlib.models.family import lipschitz, predict, select, to
from rrlib.models.vae import decode, encode, reconstruction_error
from rrlib.recourse.common import (
    check_not_negative,
    check_positive,
    check_whole,
    clip,
    in_blocks,
    judge,
    make_box,
    start_and_target,
    within,
)

CHUNK = 20_000
"""Samples decoded and judged at once, few enough for the processor's cache; one row's at least."""


class LatentRecourse(NamedTuple):
    """What C-CHVAE recommends: the fields of `Recourse`, and what Theorem 2 needs.

    Attributes
    ----------
    x_cf : Tensor of shape (E, n, d)
        The recommended point, in scaled features; the row itself where the search failed.
    valid : bool Tensor of shape (E, n)
        Whether the model gives x_cf the target label.
    cost : Tensor of shape (E, n)
        The l2 norm of x_cf - x, in scaled features.
    n_evals : int Tensor of shape (E, n)
        How often the model was evaluated for the row; 0 where it was flagged without a search.
    radius : Tensor of shape (E, n)
        Outer radius of the shell that succeeded, or of the last one searched; latent units, l2.
    latent_distance : Tensor of shape (E, n)
        ||z_cf - z||_2, in [radius - step, radius); 0 where the search failed.
    reconstruction_error : Tensor of shape (n,)
        ||G(E(x)) - x||_2, in scaled features.
    """

    x_cf: torch.Tensor
    valid: torch.Tensor
    cost: torch.Tensor
    n_evals: torch.Tensor
    radius: torch.Tensor
    latent_distance: torch.Tensor
    reconstruction_error: torch.Tensor


@torch.no_grad()
def cchvae(
    model,
    X,
    vae,
    *,
    target=None,
    samples=300,
    step=0.1,
    max_cost=10.0,
    max_evals=30_000,
    lower=None,
    upper=None,
    seed,
):
    """Search the latent space for points z' = E(x) + delta whose decoding has the target label.

    That is Eq. 3; G(z') is the decoding. Shell k holds lengths drawn uniformly in
    [k step, (k + 1) step), as in the field, and directions uniform on the sphere. Its draws depend
    on (seed, k) alone: the same displacements for all rows and all models. From the first shell
    with a hit, the hit that is closest to x in the features is recommended. Decoding and judging
    run in float32; the recommendation is decoded and judged again in the model's own precision, and
    the search goes on where the two disagree.

    A row's search ends, too, once every point of a shell costs more than `max_cost`, or when
    `max_evals` does not pay for another shell. It does not begin where the model's Lipschitz
    constant rules out a recourse within `max_cost` and the bounds, nor where the target is met
    already: there the row itself is recommended, at no cost. A shell whose points, by the decoder's
    Lipschitz constant, stay where there is none is passed without decoding it.

    Parameters
    ----------
    model : a family of rrlib.models
    X : array of shape (n, d), scaled features
    vae : VAE
        From `fit_vae` or `fit_pca`, for d features.
    target : array of signs, broadcast to (E, n), optional
        +1 aims at the favourable label, -1 away. Omitted: the opposite of each model's own
        prediction.
    samples : int
        Points in a shell.
    step : float
        Width of a shell, in latent units.
    max_cost : float
        Hits farther than this from x do not count; l2, in scaled features.
    max_evals : int
        Budget of model evaluations for a row; a shell that would exceed it is not entered.
    lower, upper : arrays of shape (d,) or (n, d), optional
        Bounds on x', in scaled features; equal to x where a feature is immutable. Decoded points
        are clipped to them, which keeps an upper Lipschitz constant of the decoder and destroys a
        lower one.
    seed : int

    Returns
    -------
    LatentRecourse
        `n_evals` counts passed shells too, as the search without that shortcut would; 0 for a row
        that is not searched. Where the search fails: x_cf = x, valid False, and the radius that was
        reached.

    Raises
    ------
    ValueError
        On malformed X, target or bounds, a VAE for another number of features, or an option out of
        range.

    Examples
    --------
    >>> from rrlib.models.vae import fit_pca
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> w, b = torch.tensor([[1.0, 1.0]]), -torch.ones(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> found = recourse.cchvae(model, X[:3], fit_pca(X, latent=2), samples=20, seed=0)
    >>> found.valid.tolist()
    [[True, True, True]]
    """
    check_whole("samples", samples, 1)
    check_positive("step", step, "it is the width of a shell, in latent units")
    check_not_negative("max_cost", max_cost, "max_cost is a budget")
    check_not_negative("max_evals", max_evals, "max_evals is a budget")
    check_whole("seed", seed, 0)
    start, target = start_and_target(model, X, target)
    _check_vae(vae, start.shape[1])
    box = make_box(X, lower, upper, start)
    stretch = lipschitz_upper(vae.decoder)
    body = partial(_search, model, vae, stretch, samples, step, max_cost, max_evals, seed)
    return in_blocks(body, start, target, box)


def _search(model, vae, stretch, samples, step, max_cost, max_evals, seed, start, target, box):
    """Search for some of the rows, as `cchvae` says."""
    z = encode(vae, start)
    error = reconstruction_error(vae, start).to(start)
    coarse, decoder = to(model, torch.float32), to(vae.decoder, torch.float32)
    wanted = target > 0
    centre_gap = _gap(model, clip(decode(vae, z).to(start), box), wanted)
    met = predict(model, start) == wanted
    open_ = ~met & (_gap(model, start, wanted) <= _widest(start, box, max_cost))
    x_cf = start.expand(*target.shape, -1).clone()
    n_evals = torch.zeros_like(target, dtype=torch.long)
    radius, latent_distance = torch.zeros_like(target), torch.zeros_like(target)
    for shell in range(int(max_evals // samples)):
        if not open_.any():
            break
        outer = step * (shell + 1)
        n_evals += samples * open_
        radius = torch.where(open_, outer, radius)
        # Decoded where it may hold a hit, (E, n), or may lie beyond max_cost, (n,); else passed.
        may_hit = centre_gap <= stretch * outer
        may_end = error + stretch * outer > max_cost
        decoded = open_ & (may_hit | may_end)
        if not decoded.any():
            continue
        # The smallest grid that holds these pairs; its other pairs are solved, or have no hit here.
        models, rows = (decoded.any(axis).nonzero().squeeze(-1) for axis in (1, 0))
        grid, bounds = (models[:, None], rows), within(box, rows)
        origin, aim = start[rows], wanted[grid]
        lengths, shifts = _draw(seed, shell, samples, step, z)
        hit, choice, least = _search_shell(
            select(coarse, models), decoder, z[rows], origin, aim, open_[grid], shifts, bounds
        )
        if hit.any():  # in float32; where a pair has none its choice is any point
            point = clip(decode(vae, z[rows] + shifts[choice]).to(start), bounds)
            affordable = torch.linalg.vector_norm(point - origin, dim=-1) <= max_cost
            across = predict(select(model, models), point) == aim
            found = hit & affordable & across
            length = lengths[choice].to(start)
            x_cf[grid] = torch.where(found.unsqueeze(-1), point, x_cf[grid])
            latent_distance[grid] = torch.where(found, length, latent_distance[grid])
            open_[grid] &= ~found
        open_[grid] &= least <= max_cost  # else no point of the shell is affordable
    judged = judge(model, start, x_cf, target, n_evals, radius)
    return LatentRecourse(*judged, latent_distance, error)


def _gap(model, points, wanted):
    """Return a lower bound on the distance to a hit, shape (E, n); inf where the model is constant.

    Rounding stays below the thousandth by which it is shortened.
    """
    logits, slope = model(points), lipschitz(model).unsqueeze(-1)
    distance = torch.where(slope > 0, 0.999 * logits.abs() / slope, torch.inf)
    return torch.where((logits >= 0) == wanted, 0.0, distance)


def _widest(start, box, max_cost):
    """Return the most that a recourse of each row may cost, within budget and bounds, (n,)."""
    widest = torch.full_like(start[:, 0], max_cost)
    if box is None:
        return widest
    corner = torch.maximum(box.upper - start, start - box.lower)
    return widest.minimum(torch.linalg.vector_norm(corner, dim=-1))


def _draw(seed, shell, samples, step, like):
    """Return a shell's lengths (S,), in [shell step, (shell + 1) step), and displacements (S, k).

    Both are float64.
    """
    rng = np.random.default_rng([seed, shell])
    directions = rng.normal(size=(samples, like.shape[1]))
    lengths = step * (shell + rng.random(samples))
    shifts = directions * (lengths / np.linalg.norm(directions, axis=1))[:, None]
    return torch.as_tensor(lengths).to(like.device), torch.as_tensor(shifts).to(like.device)


def _search_shell(model, decoder, z, start, wanted, open_, shifts, box):
    """Judge every row at every displacement, in float32.

    Returns whether an open pair has a hit and which is the closest, both (E, m), and the least cost
    of any of the row's points, hit or not, (m,).
    """
    z, start, shifts = z.float(), start.float(), shifts.float()
    hit, choice = torch.zeros_like(wanted), torch.zeros_like(wanted, dtype=torch.long)
    everyone = torch.arange(len(z), device=z.device)
    least = []
    for chunk in everyone.split(max(1, CHUNK // len(shifts))):
        points = decode_around(decoder, z[chunk], shifts)
        if box is not None:
            lower, upper = (side[chunk].float().mT.unsqueeze(-1) for side in box)
            points = points.clamp_(lower, upper)
        cost = (points - start[chunk].mT.unsqueeze(-1)).square_().sum(0)
        least.append(cost.amin(-1).sqrt())
        logits = model(points.flatten(1).mT).unflatten(1, cost.shape)
        # The largest or least logit tells cheaply that there is no hit, but not where one is NaN.
        none = torch.where(wanted[:, chunk], logits.amax(-1) < 0, logits.amin(-1) >= 0)
        e, i = (open_[:, chunk] & ~none).nonzero(as_tuple=True)
        hits = (logits[e, i] >= 0) == wanted[e, chunk[i], None]
        nearest, which = torch.where(hits, cost[i], torch.inf).min(-1)
        hit[e, chunk[i]] = torch.isfinite(nearest)
        choice[e, chunk[i]] = which
    return hit, choice, torch.cat(least)


def _check_vae(vae, d):
    for parameter in (*vae.encoder, *vae.decoder):
        if parameter.isnan().any() or (parameter == torch.inf).any():
            raise ValueError("the VAE has a parameter that is not finite: scale X and fit it again")
    features = vae.decoder.A.shape[0]
    if features != d:
        raise ValueError(
            f"vae decodes to {features} features, but X has {d}; fit it on rows like X"
        )

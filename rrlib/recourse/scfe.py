"""Score counterfactual explanations (SCFE): minimised to convergence, and as the field runs them."""

import numpy as np
import torch

from rrlib.models import to
from rrlib.recourse.common import clip, judge, make_box, start_and_target, within


def scfe(model, X, *, target=None, s=1.0, lam=0.01, tol=1e-8, max_steps=500, lower=None, upper=None):
    """Score counterfactual explanations: minimise (h(x') - s)^2 + lam ||x' - x||_2^2 (Eq. 2) to convergence, within bounds.

    Newton's method with a backtracking line search; where the Hessian has a negative eigenvalue its absolute value is used.
    With bounds, the projected form of Bertsekas (1982): coordinates that the gradient pushes against a bound are held out
    of the Newton step, and trial points are clipped to the bounds.
    The work is in float64, whatever the family's type. Rows that all models have solved are dropped from it.

    Parameters
    ----------
    model : a family of rrlib.models
    X : array of shape (n, d), scaled features
    target : array of signs, broadcast to (E, n), optional
        +1 aims at the score s, -1 at -s. Omitted: the opposite of each model's own prediction.
    s : float
        Target score, in logits; at s = 0 no recourse towards the favourable label is ever valid.
    lam : float
        Weight of the squared distance, positive.
    tol : float
        A row is solved when the gradient of the objective, without the components that point out of the bounds,
        has at most this norm.
    max_steps : int
        Budget of Newton steps; a row that is not solved by then keeps its last point.
    lower, upper : array of shape (d,) or (n, d), optional
        Bounds on x', scaled features; an immutable feature has lower = upper = x.

    Returns
    -------
    Recourse
        In float64.

    Raises
    ------
    ValueError
        On malformed X, target or bounds, or lam, s, tol or max_steps out of range.
    """
    _check_objective(s, lam)
    if not (tol > 0 and max_steps >= 0):
        raise ValueError(f"tol must be positive and max_steps >= 0, not {tol} and {max_steps}")
    exact, (_, target) = to(model, torch.float64), start_and_target(model, X, target)
    start, target = start_and_target(exact, X, target)
    box = make_box(X, lower, upper, start)
    x_cf = start.expand(*target.shape, -1).clone()
    n_evals = torch.full(target.shape, min(max_steps, 1), device=target.device)
    rows = torch.arange(len(start), device=start.device)
    for _ in range(max_steps):
        x, origin, goal, limits = x_cf[:, rows], start[rows], s * target[:, rows], within(box, rows)
        h, slope, bend = exact.derivatives(x)
        miss = (h - goal).unsqueeze(-1)
        gradient = 2 * (miss * slope + lam * (x - origin))
        inward = gradient if box is None else x - (x - gradient).clamp(*limits)
        size = inward.norm(dim=-1, keepdim=True)
        open_ = size.squeeze(-1) > tol
        if not open_.any():
            break
        n_evals[:, rows] += open_
        held = torch.zeros_like(x, dtype=torch.bool)
        if box is not None:
            near = size.clamp_max(1e-3)
            held = ((x - limits.lower <= near) & (gradient > 0)) | ((limits.upper - x <= near) & (gradient < 0))
        step = torch.zeros_like(x)
        step[open_] = _newton_step(gradient[open_], miss[open_], slope[open_], bend[open_], lam, held[open_])
        now = miss.squeeze(-1) ** 2 + lam * (x - origin).square().sum(-1)
        length, worse = torch.ones_like(now), open_
        for _ in range(30):
            trial = clip(x + length.unsqueeze(-1) * step, limits)
            value = (exact(trial) - goal) ** 2 + lam * (trial - origin).square().sum(-1)
            n_evals[:, rows] += worse
            slack = (gradient * (trial - x)).sum(-1).clamp_max(0.0)
            worse = open_ & (value > now + 1e-4 * slack + 1e-15 * now)
            if not worse.any():
                break
            length = torch.where(worse, length / 2, length)
        x_cf[:, rows] = trial
        rows = rows[open_.any(0)]
    return judge(model, start, x_cf, target, n_evals)


def scfe_adam(model, X, *, target=None, s=1.0, lam=0.01, rate=0.01, max_steps=1000, reach=0.0, lower=None, upper=None):
    """SCFE as the field runs it: Adam (Kingma and Ba 2015) on the objective of `scfe`, stopped as soon as the label flips.

    A recourse of the stopping rule, not a minimiser of Eq. 2: a row that is not across after `max_steps` steps of about
    `rate` in each feature has not converged. The work is in the family's own type. Solved rows are dropped from it.

    Parameters
    ----------
    model, X, target, s, lam, lower, upper
        As for `scfe`; after each step the point is clipped to the bounds.
    rate : float
        Adam's step size, in scaled features.
    max_steps : int
    reach : float
        A row stops at the first point whose logit lies this far on the target's side: 0 stops at the label,
        s less a tolerance at the target score, inf never.

    Returns
    -------
    Recourse

    Raises
    ------
    ValueError
        On malformed X, target or bounds, or lam, s, rate, max_steps or reach out of range.
    """
    _check_objective(s, lam)
    if not (rate > 0 and max_steps >= 0 and reach >= 0):
        raise ValueError(f"rate must be positive, max_steps and reach at least 0, not {rate}, {max_steps} and {reach}")
    start, target = start_and_target(model, X, target)
    box = make_box(X, lower, upper, start)
    x_cf = start.expand(*target.shape, -1).clone()
    first, second = torch.zeros_like(x_cf), torch.zeros_like(x_cf)
    n_evals = torch.full(target.shape, min(max_steps, 1), device=target.device)
    rows = torch.arange(len(start), device=start.device)
    for t in range(1, max_steps + 1):
        x, origin, sign = x_cf[:, rows], start[rows], target[:, rows]
        h, slope = model.logits_and_gradient(x)
        open_ = ~((h >= 0) == (sign > 0)) | (sign * h < reach)
        if not open_.any():
            break
        n_evals[:, rows] += open_
        gradient = 2 * ((h - s * sign).unsqueeze(-1) * slope + lam * (x - origin))
        first[:, rows] = first[:, rows].lerp(gradient, 0.1)
        second[:, rows] = second[:, rows].lerp(gradient.square(), 0.001)
        step = rate * (first[:, rows] / (1 - 0.9**t)) / ((second[:, rows] / (1 - 0.999**t)).sqrt() + 1e-8)
        x_cf[:, rows] = torch.where(open_.unsqueeze(-1), clip(x - step, within(box, rows)), x)
        rows = rows[open_.any(0)]
    return judge(model, start, x_cf, target, n_evals)


def _newton_step(gradient, miss, slope, bend, lam, held):
    """Return the step -H^-1 gradient of each row, all of shape (m, d) save bend (m, d, d) and miss (m, 1).

    Held coordinates move along the gradient, by themselves. A Hessian that is not positive definite enters with the
    absolute values of its eigenvalues.
    """
    eye = torch.eye(gradient.shape[-1]).to(gradient)
    hessian = 2 * (slope.unsqueeze(-1) * slope.unsqueeze(-2) + miss.unsqueeze(-1) * bend + lam * eye)
    free = ~held
    hessian = hessian * (free.unsqueeze(-1) & free.unsqueeze(-2)) + 2 * lam * torch.diag_embed(held.to(gradient))
    factor, failed = torch.linalg.cholesky_ex(hessian)
    bad = failed > 0
    factor[bad] = eye
    step = -torch.cholesky_solve(gradient.unsqueeze(-1), factor).squeeze(-1)
    if bad.any():
        values, vectors = torch.linalg.eigh(hessian[bad])
        along = (vectors.mT @ gradient[bad].unsqueeze(-1)) / values.abs().clamp_min(lam).unsqueeze(-1)
        step[bad] = -(vectors @ along).squeeze(-1)
    return step


def _check_objective(s, lam):
    if not lam > 0:
        raise ValueError(f"lam must be positive, not {lam}: at 0 the minimiser is not unique")
    if not (np.isfinite(s) and s >= 0):
        raise ValueError(f"s must be a finite score >= 0, not {s}; choose the direction with target")

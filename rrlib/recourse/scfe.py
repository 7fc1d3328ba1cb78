"""Score counterfactual explanations (SCFE): minimised to the end, and as the field does."""

from functools import partial
from typing import NamedTuple

import numpy as np
import torch

from rrlib.models.family import to
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
from rrlib.recourse.newton import damped_hessian, newton_step

BLOCK = 2**11
"""Rows that are minimised at once: few enough for their Hessians to stay in the cache."""


@torch.no_grad()
def scfe(
    model, X, *, target=None, s=1.0, lam=0.01, tol=1e-8, max_steps=500, lower=None, upper=None
):
    """Minimise (h(x') - s)^2 + lam ||x' - x||_2^2 (Eq. 2) to convergence, within bounds.

    Newton's method with a backtracking line search; where the Hessian has a negative eigenvalue
    its absolute value is used. With bounds, the projected form of Bertsekas (1982): coordinates
    that the gradient pushes against a bound are held out of the Newton step, and trial points are
    clipped to the bounds. The work is in float64, whatever the family's type. Rows that all models
    have solved are dropped from it.

    Parameters
    ----------
    model : a family of rrlib.models
    X : array of shape (n, d), scaled features
    target : array of signs, broadcast to (E, n), optional
        +1 aims at the score s, -1 at -s. Omitted: the opposite of each model's own prediction.
    s : float
        Target score, in logits, finite and at least 0; at s = 0 no recourse of a linear model
        towards the favourable label is valid. For a network a stationary point beyond the target
        may be.
    lam : float
        Weight of the squared distance, finite and positive.
    tol : float
        A row is solved when the gradient of the objective, without the components that point out
        of the bounds, has at most this norm. Finite and positive.
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

    Examples
    --------
    >>> w, b = torch.tensor([[1.0, 0.0]]), -torch.ones(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> found = recourse.scfe(model, np.array([[0.0, 0.0]]))
    >>> found.x_cf.numpy().round(3)
    array([[[1.98, 0.  ]]])
    """
    _check_objective(s, lam)
    check_positive("tol", tol)
    check_whole("max_steps", max_steps, 0)
    _, target = start_and_target(model, X, target)
    exact = to(model, torch.float64)
    start, target = start_and_target(exact, X, target)
    box = make_box(X, lower, upper, start)
    body = partial(_minimise, exact, s, lam, tol, max_steps)
    return in_blocks(body, start, target, box, size=BLOCK)


def _minimise(model, s, lam, tol, max_steps, start, target, box):
    """Run Newton's method on some of the rows, as `scfe` says."""
    x_cf, n_evals, rows = _begin(start, target, max_steps)
    for _ in range(max_steps):
        x, limits = x_cf[:, rows], within(box, rows)
        objective = _Objective(model, start[rows], s * target[:, rows], lam)
        h, slope, bend = model.derivatives(x)
        miss = (h - objective.goal).unsqueeze(-1)
        gradient = 2 * (miss * slope + lam * (x - objective.origin))
        size = _inward(x, gradient, limits).norm(dim=-1, keepdim=True)
        open_ = size.squeeze(-1) > tol
        if not open_.any():
            break
        held = _held(x, gradient, limits, size)
        hessian = damped_hessian(miss[open_], slope[open_], bend[open_], lam, held[open_])
        step = torch.zeros_like(x)
        step[open_] = newton_step(gradient[open_], hessian, lam)
        now = objective.value(x, h)
        x_cf[:, rows], tries = _backtrack(objective, x, step, gradient, now, open_, limits)
        n_evals[:, rows] += tries + open_
        rows = rows[open_.any(0)]
    return judge(model, start, x_cf, target, n_evals)


@torch.no_grad()
def scfe_adam(
    model,
    X,
    *,
    target=None,
    s=1.0,
    lam=0.01,
    rate=0.01,
    max_steps=1000,
    reach=0.0,
    lower=None,
    upper=None,
):
    """SCFE as the field runs it: Adam on the objective of `scfe`, until the label flips.

    A recourse of the stopping rule, not a minimiser of Eq. 2: a row that is not across after
    `max_steps` steps of about `rate` in each feature has not converged. Adam is that of Kingma and
    Ba (2015). The work is in the family's own type. Solved rows are dropped from it.

    Parameters
    ----------
    model, X, target, s, lam, lower, upper
        As for `scfe`; after each step the point is clipped to the bounds.
    rate : float
        Adam's step size, in scaled features; finite and positive.
    max_steps : int
    reach : float
        A row stops at the first point whose logit lies this far on the target's side: 0 stops at
        the label, s less a tolerance at the target score, inf never.

    Returns
    -------
    Recourse

    Raises
    ------
    ValueError
        On malformed X, target or bounds, or lam, s, rate, max_steps or reach out of range.

    Examples
    --------
    >>> w, b = torch.tensor([[1.0, 0.0]]), -torch.ones(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> found = recourse.scfe_adam(model, np.array([[0.0, 0.0]]))
    >>> found.valid.tolist()
    [[True]]
    """
    _check_objective(s, lam)
    check_positive("rate", rate)
    check_whole("max_steps", max_steps, 0)
    endless = isinstance(reach, float) and reach == np.inf
    if not endless:
        check_not_negative("reach", reach, "or inf, to go on to the last step")
    start, target = start_and_target(model, X, target)
    box = make_box(X, lower, upper, start)
    body = partial(_adam, model, s, lam, rate, max_steps, reach)
    return in_blocks(body, start, target, box, size=BLOCK)


def _adam(model, s, lam, rate, max_steps, reach, start, target, box):
    """Run Adam on some of the rows, as `scfe_adam` says."""
    x_cf, n_evals, rows = _begin(start, target, max_steps)
    first, second = torch.zeros_like(x_cf), torch.zeros_like(x_cf)
    for t in range(1, max_steps + 1):
        x, origin, sign = x_cf[:, rows], start[rows], target[:, rows]
        h, slope = model.logits_and_gradient(x)
        across = (h >= 0) == (sign > 0)
        open_ = ~across | (sign * h < reach)
        if not open_.any():
            break
        n_evals[:, rows] += open_
        miss = (h - s * sign).unsqueeze(-1)
        gradient = 2 * (miss * slope + lam * (x - origin))
        first[:, rows] = first[:, rows].lerp(gradient, 0.1)
        second[:, rows] = second[:, rows].lerp(gradient.square(), 0.001)
        mean = first[:, rows] / (1 - 0.9**t)
        square = second[:, rows] / (1 - 0.999**t)
        moved = clip(x - rate * mean / (square.sqrt() + 1e-8), within(box, rows))
        x_cf[:, rows] = torch.where(open_.unsqueeze(-1), moved, x)
        rows = rows[open_.any(0)]
    return judge(model, start, x_cf, target, n_evals)


class _Objective(NamedTuple):
    """Eq. 2 for some of the rows: their origins (m, d), and the scores they aim at, (E, m)."""

    model: tuple
    origin: torch.Tensor
    goal: torch.Tensor
    lam: float

    def value(self, x, h):
        """Return the objective, shape (E, m), at points x whose logits are h."""
        return (h - self.goal) ** 2 + self.lam * (x - self.origin).square().sum(-1)


def _begin(start, target, max_steps):
    """Return what a search starts from: the rows as points, their evaluations, all row numbers."""
    x_cf = start.expand(*target.shape, -1).clone()
    n_evals = torch.full(target.shape, min(max_steps, 1), device=target.device)
    return x_cf, n_evals, torch.arange(len(start), device=start.device)


def _inward(x, gradient, limits):
    """Return the gradient without the components that point out of the bounds."""
    return gradient if limits is None else x - (x - gradient).clamp(*limits)


def _held(x, gradient, limits, size):
    """Return which coordinates, shape (E, m, d), the gradient pushes against a bound close by.

    Close is within the norm of the inward gradient, `size`, and at most a thousandth.
    """
    if limits is None:
        return torch.zeros_like(x, dtype=torch.bool)
    close = size.clamp_max(1e-3)
    below = (x - limits.lower <= close) & (gradient > 0)
    above = (limits.upper - x <= close) & (gradient < 0)
    return below | above


def _backtrack(objective, x, step, gradient, now, open_, limits):
    """Halve the steps, at most 29 times, until no open row's objective is above Armijo's line.

    Returns the points, shape (E, m, d), and how often each row was tried, (E, m). The last term of
    the line allows for rounding.
    """
    length, worse = torch.ones_like(now), open_
    tries = torch.zeros_like(open_, dtype=torch.long)
    for _ in range(30):
        trial = clip(x + length.unsqueeze(-1) * step, limits)
        value = objective.value(trial, objective.model(trial))
        tries += worse
        descent = (gradient * (trial - x)).sum(-1).clamp_max(0.0)
        worse = open_ & (value > now + 1e-4 * descent + 1e-15 * now)
        if not worse.any():
            break
        length = torch.where(worse, length / 2, length)
    return trial, tries


def _check_objective(s, lam):
    check_not_negative("s", s, "choose the direction with target")
    check_positive("lam", lam, "at 0 the minimiser is not unique")

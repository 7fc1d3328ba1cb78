"""The robust logistic problem in centred and scaled features: minimiser, lower bound, separation.

With z = (x - mean) / scale and v = w * scale, the logit is v.z + c, and a ball of radius eps in x
costs the margin ||reach * v||_q, with reach = eps / scale: the ball is the same, only its
coordinates change. The scale of a feature is its standard deviation, or eps where that is larger.
So offsets and units of the features do not cost the solver its digits.
Parameters are written theta = (v, c).
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog, minimize
from scipy.special import entr, expit

from rrlib.models.attacks import dual_exponent, dual_vector

ROUNDING = 1e-15
"""A change of a mean loss, or of a weight, below this is lost in float64's rounding."""

FEASIBLE = 1e-12
"""A mean over the rows, in scaled features, that a dual constraint may miss by rounding."""

OVERLAP = 1e-9
"""Dual weights above this in every row prove that no hyperplane separates the classes."""

SEPARATED = 1e-7
"""A margin, in scaled features and for weights up to 1, that a linear program tells from zero."""


class Problem(NamedTuple):
    """Rows in scaled features, and what the attack costs there.

    Attributes
    ----------
    Z : array of shape (n, d)
    sign : array of shape (n,)
        Labels as +1 and -1.
    reach : array of shape (d,)
        The attack's radius along each scaled feature.
    p : {2, inf}
        Norm of the perturbations.
    """

    Z: np.ndarray
    sign: np.ndarray
    reach: np.ndarray
    p: float

    def penalty(self, v):
        """Return what the attack takes from every margin, ||reach * v||_q."""
        return np.linalg.norm(self.reach * v, ord=dual_exponent(self.p))

    def penalty_gradient(self, v):
        """Return the gradient of the penalty in v, shape (d,); 0 where v = 0."""
        return self.reach * dual_vector(self.reach * v, self.p)

    def margins(self, theta):
        """Return each row's smallest margin in its ball, shape (n,)."""
        v, c = theta[:-1], theta[-1]
        return self.sign * (self.Z @ v + c) - self.penalty(v)

    def loss(self, theta):
        """Return the robust loss, in nats."""
        return np.logaddexp(0.0, -self.margins(theta)).mean()


def make_problem(X, sign, eps, p):
    """Return the problem for rows X, shape (n, d), with its mean and its scale, shape (d,)."""
    mean = X.mean(axis=0)
    centred = X - mean
    scale = np.maximum(centred.std(axis=0), eps)
    scale[scale == 0] = 1.0
    return Problem(centred / scale, sign, eps / scale, p), mean, scale


def minimise(problem, start):
    """Return the minimiser theta of the robust loss, found from a start of the same shape.

    L-BFGS-B does most of the way and Newton steps the rest. The best constant is compared with
    what they find, as the loss has a kink there.
    """
    found = _descend_split(problem, start) if problem.p == np.inf else _descend(problem, start)
    share = (problem.sign > 0).mean()
    constant = np.append(np.zeros(len(start) - 1), np.log(share / (1 - share)))
    gain = problem.loss(constant) - problem.loss(found)
    return _polish(problem, found if gain > ROUNDING else constant)


def _descend(problem, start):
    """Minimise by L-BFGS-B where the penalty is an l2 norm, smooth except at v = 0."""

    def loss_and_gradient(theta):
        margins = problem.margins(theta)
        slope = expit(-margins) / len(margins)
        pull = slope * problem.sign
        along_v = slope.sum() * problem.penalty_gradient(theta[:-1]) - pull @ problem.Z
        return np.logaddexp(0.0, -margins).mean(), np.append(along_v, -pull.sum())

    return _lbfgs(loss_and_gradient, np.where(start == 0, 1e-3, start), None)


def _descend_split(problem, start):
    """Minimise by L-BFGS-B where the penalty is an l1 norm: v = up - down, both at least 0."""
    d = len(start) - 1

    def loss_and_gradient(split):
        up, down, c = split[:d], split[d:-1], split[-1]
        penalty = problem.reach @ (up + down)
        margins = problem.sign * (problem.Z @ (up - down) + c) - penalty
        slope = expit(-margins) / len(margins)
        pull = slope * problem.sign
        data = pull @ problem.Z
        cost = slope.sum() * problem.reach
        gradient = np.concatenate([cost - data, cost + data, [-pull.sum()]])
        return np.logaddexp(0.0, -margins).mean(), gradient

    v = start[:-1]
    first = np.concatenate([np.maximum(v, 0), np.maximum(-v, 0), start[-1:]])
    bounds = [(0, None)] * (2 * d) + [(None, None)]
    split = _lbfgs(loss_and_gradient, first, bounds)
    return np.append(split[:d] - split[d:-1], split[-1])


def _lbfgs(loss_and_gradient, first, bounds):
    """Run SciPy's L-BFGS-B to the limit of float64."""
    options = {"maxiter": 5000, "maxfun": 10000, "ftol": 0.0, "gtol": 1e-10, "maxcor": 20}
    found = minimize(
        loss_and_gradient, first, jac=True, method="L-BFGS-B", bounds=bounds, options=options
    )
    return found.x


def _polish(problem, theta, steps=10):
    """Take Newton steps on the bias and the non-zero weights, where the loss is smooth.

    A step that raises the loss is not taken. For p = inf, a weight that a step would carry
    across zero is set to zero.
    """
    for _ in range(steps):
        v = theta[:-1]
        free = np.append(np.flatnonzero(v), len(v))
        gradient, hessian = _derivatives(problem, theta)
        step = np.linalg.lstsq(hessian[np.ix_(free, free)], -gradient[free], rcond=None)[0]
        trial = theta.copy()
        trial[free] += step
        if problem.p == np.inf:
            trial[:-1][trial[:-1] * v < 0] = 0.0
        rise = problem.loss(trial) - problem.loss(theta)
        if rise > ROUNDING or np.abs(trial - theta).max() < ROUNDING:
            break
        theta = trial
    return theta


def _derivatives(problem, theta):
    """Return gradient and Hessian of the robust loss in theta, away from the penalty's kinks."""
    v = theta[:-1]
    slope = expit(-problem.margins(theta))
    push = problem.penalty_gradient(v)
    rows = np.column_stack([problem.sign[:, None] * problem.Z - push, problem.sign])
    hessian = (rows * (slope * (1 - slope))[:, None]).T @ rows / len(rows)
    if problem.p == 2 and problem.penalty(v) > 0:
        bend = np.diag(problem.reach**2) - np.outer(push, push)
        hessian[:-1, :-1] += slope.mean() * bend / problem.penalty(v)
    return -slope @ rows / len(rows), hessian


def dual_weights(problem, theta):
    """Return weights a, shape (n,), made dual feasible from sigma(-margin); None where that fails.

    The dual of the robust loss maximises the mean entropy of a in [0, 1]^n under two constraints,
    sum a y = 0 and ||sum a y x||_p <= eps sum a. The smallest weighted correction that meets them
    solves a linear system. Whether the result meets them is then verified.
    """
    a = expit(-problem.margins(theta))
    rows = np.vstack([np.ones(len(a)), problem.sign, problem.sign * problem.Z.T])
    total = a.sum()
    moment = _nearest_moment(problem, rows[2:] @ a, total)
    wanted = np.concatenate([[total, 0.0], moment])
    for _ in range(2):  # the second time corrects what the first one rounded
        weighted = rows * (a * (1 - a))
        change = np.linalg.lstsq(weighted @ rows.T, wanted - rows @ a, rcond=None)[0]
        a = a + change @ weighted
    missed = np.abs(rows @ a - wanted).max() / len(a)
    feasible = missed <= FEASIBLE and ((a >= 0) & (a <= 1)).all()
    return a if feasible else None


def _nearest_moment(problem, moment, total):
    """Return sum a y z, shape (d,), moved to where the attack allows it."""
    limit = problem.reach * total
    if problem.p == np.inf:
        return np.clip(moment, -limit, limit)
    if not limit.any():
        return np.zeros_like(moment)
    return moment / max(1.0, np.linalg.norm(moment / limit))


def lower_bound(problem, theta):
    """Return a lower bound on the least robust loss, in nats; -inf where no dual point is found."""
    a = dual_weights(problem, theta)
    return -np.inf if a is None else (entr(a) + entr(1 - a)).mean()


def separating_direction(problem, theta):
    """Return a direction along which the loss falls for ever, shape (d + 1,), or None.

    Where one exists, the loss has no minimiser. It is a theta whose margins are all at least 0
    and not all 0. First what has been found is asked: it may separate the rows itself, or its dual
    weights, positive in every row, may prove that nothing does. Else a linear program decides, if
    the penalty is one (p = inf, or no attack). For an l2 attack only a direction with positive
    margins is looked for, and the solver, which then follows it, has found one.
    """
    if (problem.margins(theta) > 0).all():
        return theta
    weights = dual_weights(problem, theta)
    if weights is not None and weights.min() > OVERLAP:
        return None
    if problem.p == 2 and problem.reach.any():
        return None
    return _largest_margins(problem)


def _largest_margins(problem):
    """Maximise the sum of the margins, none negative, over weights up to 1; None if all are 0.

    The variables are up, down >= 0 with v = up - down, and the bias.
    """
    d = problem.Z.shape[1]
    signed = problem.sign[:, None] * problem.Z
    rows = np.column_stack([signed - problem.reach, -signed - problem.reach, problem.sign])
    bounds = [(0, 1)] * (2 * d) + [(None, None)]
    found = linprog(-rows.mean(axis=0), A_ub=-rows, b_ub=np.zeros(len(rows)), bounds=bounds)
    if found.status != 0:
        raise RuntimeError(f"the linear program that looks for separation failed: {found.message}")
    theta = np.append(found.x[:d] - found.x[d:-1], found.x[-1])
    return theta if problem.margins(theta).max() > SEPARATED else None

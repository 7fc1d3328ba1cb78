"""The robust logistic problem in centred and scaled features, and its minimiser.

With z = (x - centre) / scale and v = w * scale, the logit is v.z + c, and a ball of radius eps in x
costs the margin ||reach * v||_q, with reach = eps / scale: the ball is the same, only its
coordinates change. The centre of a feature is its median, its scale the median distance from it of
the rows that are not there, or eps where that is larger. So offsets, units and far-off rows of the
features do not cost the solver its digits. Parameters are written theta = (v, c).
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from rrlib.models.norms import dual_exponent, dual_vector

ROUNDING = 1e-15
"""A change of a mean loss, or of a weight, below this is lost in float64's rounding."""

STILL = 1e-13
"""A gradient of a mean loss, in scaled features, below this is lost in float64's rounding."""


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
    """Return the problem for rows X, shape (n, d), with its centre and its scale, shape (d,)."""
    centre = np.median(X, axis=0)
    away = X - centre
    scale = np.array([_median_distance(column, eps) for column in np.abs(away).T])
    return Problem(away / scale, sign, eps / scale, p), centre, scale


def _median_distance(distance, least):
    """Return the median of the distances that are not 0, at least `least`; 1 if all are."""
    known = distance[distance > 0]
    return max(np.median(known), least) if len(known) else max(1.0, least)


def minimise(problem, start):
    """Return the minimiser theta of the robust loss, found from a start of the same shape.

    L-BFGS-B does most of the way and Newton steps the rest. The best constant is compared with
    what they find, as the loss has a kink there.
    """
    share = (problem.sign > 0).mean()
    constant = np.append(np.zeros(len(start) - 1), np.log(share / (1 - share)))
    descend = _descend_split if problem.p == np.inf else _descend
    found = descend(problem, start)
    if problem.loss(constant) - problem.loss(found) <= ROUNDING:
        found = constant
    if problem.p == np.inf:
        return _polish_weight_by_weight(problem, found)
    return _polish(problem, found, found[:-1] != 0)


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


def _polish_weight_by_weight(problem, theta):
    """Take Newton steps, and let a weight that rests at 0 go where the loss falls with it.

    For p = inf the loss has a kink wherever a weight is 0. One weight is let go at a time, the one
    along which the loss falls fastest, until it falls along none.
    """
    for _ in range(3 * len(theta)):
        theta = _polish(problem, theta, theta[:-1] != 0)
        pull, cost = _pulls(problem, theta)
        excess = np.where(theta[:-1] == 0, np.abs(pull) - cost, 0.0)
        j = excess.argmax()
        if excess[j] <= STILL:
            break
        freed = theta[:-1] != 0
        freed[j] = True
        theta = _polish(problem, theta, freed)
    return theta


def _pulls(problem, theta):
    """Return how the data pull at each weight and what the attack holds against it, both (d,)."""
    slope = expit(-problem.margins(theta)) / len(problem.Z)
    return (slope * problem.sign) @ problem.Z, slope.sum() * problem.reach


def _polish(problem, theta, freed, steps=50):
    """Take Newton steps on the bias and the weights that are `freed`, shape (d,), a bool array.

    A step is halved until it does not raise the loss. For p = inf, a weight that a step would
    carry across zero is set to zero, and a freed one that is 0 goes where the data pull it.
    """
    for _ in range(steps):
        side = np.sign(theta[:-1])
        if problem.p == np.inf:
            side = np.where(side == 0, np.sign(_pulls(problem, theta)[0]) * freed, side)
        free = np.append(np.flatnonzero(freed), len(side))
        gradient, hessian = _derivatives(problem, theta, side)
        if np.abs(gradient[free]).max() <= STILL:
            break
        step = np.zeros_like(theta)
        step[free] = np.linalg.lstsq(hessian[np.ix_(free, free)], -gradient[free], rcond=None)[0]
        trial = _lower(problem, theta, step, side)
        if np.abs(trial - theta).max() < ROUNDING:
            break
        theta = trial
        freed = freed & ((theta[:-1] != 0) | (problem.p == 2))
    return theta


def _lower(problem, theta, step, side):
    """Return a point along a step where the loss is no higher, theta itself where there is none."""
    loss = problem.loss(theta)
    for halvings in range(40):
        trial = theta + step / 2**halvings
        if problem.p == np.inf:
            trial[:-1][trial[:-1] * side < 0] = 0.0
        if problem.loss(trial) - loss <= ROUNDING:
            return trial
    return theta


def _derivatives(problem, theta, side):
    """Return gradient and Hessian of the robust loss in theta, on one side of each kink.

    `side` holds the signs of the weights, shape (d,), for p = inf.
    """
    v = theta[:-1]
    slope = expit(-problem.margins(theta))
    push = problem.reach * side if problem.p == np.inf else problem.penalty_gradient(v)
    rows = np.column_stack([problem.sign[:, None] * problem.Z - push, problem.sign])
    hessian = (rows * (slope * (1 - slope))[:, None]).T @ rows / len(rows)
    if problem.p == 2 and problem.penalty(v) > 0:
        bend = np.diag(problem.reach**2) - np.outer(push, push)
        hessian[:-1, :-1] += slope.mean() * bend / problem.penalty(v)
    return -slope @ rows / len(rows), hessian

"""Adversarially trained logistic regression: exact minimisers of the robust loss, and plain gradient descent."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import entr, expit

from rrlib.attacks import dual_exponent, dual_vector
from rrlib.models import LogisticRegression, check_eps, check_features, check_labels



ROUNDING = 1e-15
"""A change of a mean loss, or of a weight, below this is lost in float64's rounding."""


class Fit(NamedTuple):
    """Exact minimisers of the robust logistic loss.

    Attributes
    ----------
    model : LogisticRegression, float64
    loss : array of shape (E,)
        The robust loss at the minimiser, in nats.
    gap : array of shape (E,)
        Duality gap, in nats: the loss is at most this far above the true minimum (up to rounding, about 1e-15).
    """

    model: LogisticRegression
    loss: np.ndarray
    gap: np.ndarray


class Trajectory(NamedTuple):
    """Gradient descent, step by step.

    Attributes
    ----------
    w : array of shape (T + 1, E, d)
    b : array of shape (T + 1, E)
    """

    w: np.ndarray
    b: np.ndarray


def robust_loss(w, b, X, sign, eps, p):
    """Return mean log(1 + exp(-(y h(x) - eps ||w||_q))), the loss under the worst perturbation; y in {-1, +1}."""
    margin = sign * (X @ w + b) - eps * np.linalg.norm(w, ord=dual_exponent(p))
    return np.logaddexp(0.0, -margin).mean()


def fit_logistic(X, y, eps, *, p=np.inf):
    """Minimise the robust logistic loss exactly, for every eps of a grid (Eq. 1 of the paper, bias free and unpenalised).

    The inner maximum is exact, so the loss is mean log(1 + exp(-(y h(x) - eps ||w||_q))), which is convex.
    For p = inf, w = u - v with u, v >= 0 makes it smooth with bounds, and L-BFGS-B solves it;
    for p = 2 it is smooth except at w = 0, which is compared separately.
    Newton steps on the coordinates that are not zero finish the work, and a dual feasible point bounds what is left.

    Parameters
    ----------
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1
    eps : array of shape (E,)
        Radii, in scaled features.
    p : {2, inf}
        Norm of the perturbations.

    Returns
    -------
    Fit

    Raises
    ------
    ValueError
        On malformed X, y, eps or p, and where a minimiser does not exist because the data can be separated.
    """
    X, eps = check_features(X), check_eps(eps)
    sign = check_labels(y, len(X))
    if p not in (2, np.inf):
        raise ValueError(f"p must be 2 or numpy.inf, not {p!r}")
    theta, solutions = np.zeros(X.shape[1] + 1), []
    for radius in eps:
        theta = _polish(_solve(theta, X, sign, radius, p), X, sign, radius, p)
        if (sign * (X @ theta[:-1] + theta[-1]) - radius * np.linalg.norm(theta[:-1], ord=dual_exponent(p)) > 0).all():
            raise ValueError(f"at eps = {radius} a hyperplane separates the classes, so the loss has no minimiser; add rows or raise eps")
        solutions.append(theta)
    solutions = np.array(solutions)
    loss = np.array([robust_loss(t[:-1], t[-1], X, sign, r, p) for t, r in zip(solutions, eps)])
    bound = np.array([_dual_bound(t, X, sign, r, p) for t, r in zip(solutions, eps)])
    model = LogisticRegression(*map(torch.as_tensor, (solutions[:, :-1], solutions[:, -1], eps)))
    return Fit(model, loss, loss - bound)


def gradient_descent(X, y, eps, *, rate, steps, p=np.inf, bias=True, w0=None):
    """Full-batch gradient descent on the robust logistic loss, from one start, for every eps at once.

    Parameters
    ----------
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1
    eps : array of shape (E,)
    rate : float
        Constant step size, without momentum.
    steps : int
    p : {1, 2, inf}
    bias : bool
        Whether a bias is trained too, from 0; the attack does not reach it.
    w0 : array of shape (d,), optional
        The common start; zeros if omitted.

    Returns
    -------
    Trajectory
        The start and every iterate, float64.
    """
    X, eps = check_features(X), check_eps(eps)
    sign = check_labels(y, len(X))
    w = np.tile(np.zeros(X.shape[1]) if w0 is None else np.asarray(w0, dtype=np.float64), (len(eps), 1))
    b = np.zeros(len(eps))
    path_w, path_b = [w], [b]
    for _ in range(steps):
        margin = sign[:, None] * (X @ w.T + b) - eps * np.linalg.norm(w, ord=dual_exponent(p), axis=1)
        slope = expit(-margin)
        pull = slope * sign[:, None]
        w = w + rate * (pull.T @ X / len(X) - (eps * slope.mean(0))[:, None] * dual_vector(w, p))
        b = b + rate * bias * pull.mean(0)
        path_w.append(w)
        path_b.append(b)
    return Trajectory(np.array(path_w), np.array(path_b))


def _solve(start, X, sign, radius, p):
    """Minimise the robust loss by L-BFGS-B from the last radius's solution; returns (w, b) as one array."""
    n, d = X.shape

    def split(theta):
        return (theta[:d] - theta[d:-1], theta[:d].sum() + theta[d:-1].sum()) if p == np.inf else (theta[:d], np.linalg.norm(theta[:d]))

    def loss_and_gradient(theta):
        w, length = split(theta)
        margin = sign * (X @ w + theta[-1]) - radius * length
        slope = expit(-margin) / n
        data = -(slope * sign) @ X
        cost = radius * slope.sum()
        gradient = [data + cost, cost - data] if p == np.inf else [data + cost * dual_vector(w, 2)]
        return np.logaddexp(0.0, -margin).mean(), np.concatenate([*gradient, [-(slope * sign).sum()]])

    w = start[:-1]
    if p == np.inf:
        first, bounds = np.concatenate([np.maximum(w, 0), np.maximum(-w, 0), start[-1:]]), [(0, None)] * (2 * d) + [(None, None)]
    else:
        first, bounds = np.where(start == 0, 1e-3, start), None
    found = minimize(loss_and_gradient, first, jac=True, method="L-BFGS-B", bounds=bounds,
                     options={"maxiter": 5000, "maxfun": 10000, "ftol": 0.0, "gtol": 1e-10, "maxcor": 20}).x
    theta = np.append(split(found)[0], found[-1])
    constant = np.append(np.zeros(d), np.log((sign > 0).sum() / (sign < 0).sum()))
    gain = robust_loss(constant[:-1], constant[-1], X, sign, radius, p) - robust_loss(theta[:-1], theta[-1], X, sign, radius, p)
    return theta if gain > ROUNDING else constant


def _polish(theta, X, sign, radius, p, steps=10):
    """Newton steps on the bias and the non-zero weights, where the loss is smooth; a step that raises the loss is not taken.

    For p = inf, a weight that a step would carry across zero is set to zero.
    """
    for _ in range(steps):
        w = theta[:-1]
        support = np.flatnonzero(w)
        free = np.append(support, len(w))
        unit = dual_vector(w, p)
        margin = sign * (X @ w + theta[-1]) - radius * np.linalg.norm(w, ord=dual_exponent(p))
        slope = expit(-margin)
        rows = np.column_stack([sign[:, None] * X - radius * unit, sign])[:, free]
        hessian = (rows * (slope * (1 - slope))[:, None]).T @ rows / len(X)
        if p == 2 and len(support):
            bend = (np.eye(len(w)) - np.outer(unit, unit)) / np.linalg.norm(w)
            hessian[:-1, :-1] += radius * slope.mean() * bend[np.ix_(support, support)]
        trial = theta.copy()
        trial[free] += np.linalg.lstsq(hessian, slope @ rows / len(X), rcond=None)[0]
        if p == np.inf:
            trial[:-1][trial[:-1] * w < 0] = 0.0
        rise = robust_loss(trial[:-1], trial[-1], X, sign, radius, p) - robust_loss(w, theta[-1], X, sign, radius, p)
        if rise > ROUNDING or np.abs(trial - theta).max() < ROUNDING:
            break
        theta = trial
    return theta


def _dual_bound(theta, X, sign, radius, p):
    """Return a lower bound on the minimum: mean entropy of weights a that are dual feasible, made from sigma(-margin).

    The dual of the robust loss maximises the mean of -a log a - (1 - a) log(1 - a) over a in [0, 1]^n
    with sum a y = 0 and ||sum a y x||_p <= eps sum a. The smallest weighted correction of sigma(-margin)
    that meets the constraints solves a linear system.
    """
    w, b = theta[:-1], theta[-1]
    a = expit(radius * np.linalg.norm(w, ord=dual_exponent(p)) - sign * (X @ w + b))
    rows = np.vstack([np.ones(len(X)), sign, sign * X.T])
    total, _, *moment = rows @ a
    moment, limit = np.array(moment), radius * total
    if p == np.inf:
        moment = np.clip(moment, -limit, limit)
    elif np.linalg.norm(moment) > limit:
        moment *= limit / np.linalg.norm(moment)
    weighted = rows * (a * (1 - a))
    missing = np.concatenate([[total, 0.0], moment]) - rows @ a
    a = a + np.linalg.lstsq(weighted @ rows.T, missing, rcond=None)[0] @ weighted
    return (entr(a) + entr(1 - a)).mean() if ((a >= 0) & (a <= 1)).all() else -np.inf

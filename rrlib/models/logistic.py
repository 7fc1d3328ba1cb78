"""Adversarially trained logistic regression: exact minimisers, and plain gradient descent."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.special import expit

from rrlib.models.checks import check_eps, check_features, check_labels
from rrlib.models.duality import lower_bound, separating_direction
from rrlib.models.family import LogisticRegression
from rrlib.models.minimiser import make_problem, minimise
from rrlib.models.norms import dual_exponent, dual_vector


class Fit(NamedTuple):
    """Exact minimisers of the robust logistic loss.

    Attributes
    ----------
    model : LogisticRegression, float64
    loss : array of shape (E,)
        The robust loss at the minimiser, in nats.
    gap : array of shape (E,)
        Duality gap, in nats: the loss is at most this far above the true minimum, up to rounding,
        about 1e-15 for centred features. Infinite where no dual feasible point was found.
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
    """Return the mean loss under the worst perturbation, in nats, for one linear model.

    It is mean log(1 + exp(-(y h(x) - eps ||w||_q))), with y = `sign` in {-1, +1}.

    Examples
    --------
    >>> X, sign = np.array([[2.0], [-1.0]]), np.array([1.0, -1.0])
    >>> print(f"{models.robust_loss(np.array([1.0]), 0.0, X, sign, 0.0, np.inf):.4f}")
    0.2201
    >>> print(f"{models.robust_loss(np.array([1.0]), 0.0, X, sign, 0.5, np.inf):.4f}")
    0.3377
    """
    margin = sign * (X @ w + b) - eps * np.linalg.norm(w, ord=dual_exponent(p))
    return np.logaddexp(0.0, -margin).mean()


def fit_logistic(X, y, eps, *, p=np.inf):
    """Minimise the robust logistic loss exactly, for every eps of a grid.

    It is Eq. 1 of the paper, with the bias free and without a penalty. The inner maximum is exact,
    so the loss is mean log(1 + exp(-(y h(x) - eps ||w||_q))), which is convex. A dual feasible
    point bounds how far the result is above the minimum. Features may have any offset and unit:
    :mod:`rrlib.models.minimiser` works in centred and scaled ones, with the ball unchanged.

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
        On malformed X, y, eps or p, and where a minimiser does not exist because a hyperplane
        separates the classes, if only some rows of them; the message names its largest columns.

    Examples
    --------
    >>> X, y = np.array([[-1.0], [0.0], [0.5], [2.0]]), np.array([0, 1, 0, 1])
    >>> found = models.fit_logistic(X, y, [0.0, 0.3])
    >>> found.model.w.numpy().round(3)
    array([[1.466],
           [0.781]])
    >>> bool((found.gap < 1e-6).all())
    True
    """
    columns = getattr(X, "columns", None)
    X, eps = check_features(X), check_eps(eps)
    sign = check_labels(y, len(X))
    if p not in (2, np.inf):
        raise ValueError(f"p must be 2 or numpy.inf, not {p!r}")
    w, c = np.zeros(X.shape[1]), 0.0
    weights, biases, losses, bounds = [], [], [], []
    for radius in eps:
        problem, centre, scale = make_problem(X, sign, radius, p)
        theta = minimise(problem, np.append(w * scale, c))
        direction = separating_direction(problem, theta)
        if direction is not None:
            raise ValueError(_separated(radius, direction, columns))
        w, c = theta[:-1] / scale, theta[-1]
        b = c - centre @ w
        weights.append(w)
        biases.append(b)
        losses.append(problem.loss(theta))
        bounds.append(lower_bound(problem, theta))
    model = LogisticRegression(*map(torch.as_tensor, (np.array(weights), np.array(biases), eps)))
    return Fit(model, np.array(losses), np.array(losses) - np.array(bounds))


def _separated(radius, direction, columns):
    """Return what to say where a hyperplane separates the classes."""
    size = np.abs(direction[:-1])
    largest = [int(j) for j in np.argsort(-size)[:3] if size[j] > 0.1 * size.max()]
    names = [repr(j if columns is None else columns[j]) for j in largest]
    return (
        f"at eps = {radius} a hyperplane separates the classes, or some rows of them from all "
        f"others, so the loss has no minimiser. Its largest weights are on column "
        f"{', '.join(names)}: drop what gives the label away, add rows or raise eps"
    )


def gradient_descent(X, y, eps, *, rate, steps, p=np.inf, bias=True, w0=None):
    """Run full-batch gradient descent on the robust logistic loss, for every eps at once.

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

    Examples
    --------
    >>> X, y = np.array([[-1.0], [0.0], [0.5], [2.0]]), np.array([0, 1, 0, 1])
    >>> path = models.gradient_descent(X, y, [0.0], rate=1.0, steps=2)
    >>> path.w.squeeze().round(3)
    array([0.   , 0.312, 0.525])
    """
    X, eps = check_features(X), check_eps(eps)
    sign = check_labels(y, len(X))
    start = np.zeros(X.shape[1]) if w0 is None else np.asarray(w0, dtype=np.float64)
    w = np.tile(start, (len(eps), 1))
    b = np.zeros(len(eps))
    path_w, path_b = [w], [b]
    for _ in range(steps):
        penalty = eps * np.linalg.norm(w, ord=dual_exponent(p), axis=1)
        slope = expit(penalty - sign[:, None] * (X @ w.T + b))
        pull = slope * sign[:, None]
        shrink = (eps * slope.mean(axis=0))[:, None] * dual_vector(w, p)
        w = w + rate * (pull.T @ X / len(X) - shrink)
        if bias:
            b = b + rate * pull.mean(axis=0)
        path_w.append(w)
        path_b.append(b)
    return Trajectory(np.array(path_w), np.array(path_b))

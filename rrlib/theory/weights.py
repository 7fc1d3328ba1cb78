"""Lemma 1, as printed and repaired: how far robust training moves the weights of a logistic model.

Parameters are written theta = (w, b), and the bias is the weight of a last feature that is always
1 (`add_bias`); the attack does not reach it. So theta . x is the logit. E is the axis of radii,
D = d + 1.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from rrlib.models.norms import dual_exponent


def add_bias(X):
    """Return X, shape (..., n, d), with a last column of ones, shape (..., n, d + 1).

    Examples
    --------
    >>> theory.add_bias(np.array([[2.0], [3.0]])).tolist()
    [[2.0, 1.0], [3.0, 1.0]]
    """
    X = np.asarray(X, dtype=np.float64)
    return np.concatenate([X, np.ones((*X.shape[:-1], 1))], axis=-1)


def smoothness(X):
    """Return beta, a quarter of the largest eigenvalue of E[x x^T].

    The mean logistic loss has curvature at most beta. X has shape (..., n, D); beta has shape
    (...).

    Examples
    --------
    >>> print(theory.smoothness(np.array([[2.0, 0.0], [0.0, 0.0]])))
    0.5
    """
    X = np.asarray(X, dtype=np.float64)
    moments = X.swapaxes(-1, -2) @ X / X.shape[-2]
    return np.linalg.eigvalsh(moments)[..., -1] / 4


def lemma1_printed(x, y, eps, *, rate, steps):
    """Lemma 1 (Eq. 9) as printed: n eta (y ||x||_2 + eps sqrt(d)).

    `steps` stands for n and `rate` for eta.

    Parameters
    ----------
    x : array of shape (..., d)
        The "given instance".
    y : array of shape (...)
        Its label, -1 or +1, which enters with its sign.
    eps : float or array of shape (...)

    Examples
    --------
    >>> print(theory.lemma1_printed(np.array([3.0, 4.0]), 1, 0.0, rate=0.1, steps=10))
    5.0
    """
    x, eps = np.asarray(x, dtype=np.float64), np.asarray(eps)
    d = x.shape[-1]
    return rate * steps * (y * np.linalg.norm(x, axis=-1) + eps * np.sqrt(d))


def lemma1_trivial(X, eps, *, rate, steps, p=np.inf, bias=True):
    """Lemma 1 repaired by the triangle inequality: eta T (E||x||_2 + eps c_p).

    For full-batch descent from a common start.

    Parameters
    ----------
    X : array of shape (..., n, D)
        The training set, with the column of ones if `bias`.
    eps : float or array of shape (...)
    rate, steps : float, int
        The rate eta and the number T of steps, not of epochs.
    p : {1, 2, inf}
        Norm of the perturbations; c_p is the largest l2 norm in the unit l_p ball, sqrt(d) for
        inf and 1 for 2 and 1.
    bias : bool
        Whether the last column is the constant that the attack does not reach.

    Examples
    --------
    >>> X = np.array([[3.0, 4.0, 0.0]])
    >>> print(theory.lemma1_trivial(X, 0.0, rate=0.1, steps=10))
    5.0
    """
    X, eps = np.asarray(X, dtype=np.float64), np.asarray(eps)
    size = np.linalg.norm(X, axis=-1).mean(-1)
    return rate * steps * (size + eps * _spread(X, p, bias))


def stability_sum(X, y, path, eps, *, rate, p=np.inf, decay=0.0, bias=True):
    """Return the right-hand side of `lemma1_stability` after 0, 1, ..., T steps.

    Its hypothesis on the rate is not asked for. Parameters and shape as there.

    Examples
    --------
    >>> X, y = theory.add_bias(np.array([[-1.0], [1.0]])), np.array([0, 1])
    >>> theory.stability_sum(X, y, np.zeros((3, 2)), 0.1, rate=1.0).round(3)
    array([0.  , 0.05, 0.1 ])
    """
    X, eps = np.asarray(X, dtype=np.float64), np.asarray(eps)
    half = X * (np.asarray(y) - 0.5)[..., None]
    scale, spread = np.sqrt(4 * smoothness(X)), _spread(X, p, bias)
    total = np.zeros(np.shape(path)[1:-1])
    sums = [total]
    for theta in np.asarray(path)[:-1]:
        norm = attacked_norm(theta, p, bias)
        margin = (eps * norm / 2)[..., None] - _logits(half, theta)
        slope = (1 + np.tanh(margin).mean(-1)) / 2  # sigma(2 z) = (1 + tanh z) / 2
        step = rate * eps * (scale * norm / 4 + spread * slope)
        total = (1 - rate * decay) * total + step
        sums.append(total)
    return np.array(sums)


def lemma1_stability(X, y, path, eps, *, rate, p=np.inf, decay=0.0, bias=True):
    """Lemma 1 repaired, during training: a sum over the steps of the robust training.

    It is eta eps sum_k (1 - eta mu)^(T-1-k) (S ||v_k||_q / 4 + c_p E sigma(-worst margin at v_k)),
    and bounds the distance between standard and robust full-batch descent from a common start,
    where eta <= 2 / (beta + 2 mu).

    Parameters
    ----------
    X, y : arrays of shapes (..., n, D) and (..., n), labels 0 or 1
        S^2 is the largest eigenvalue of E[x x^T], and beta = S^2 / 4.
    path : array of shape (T + 1, ..., D)
        The iterates v_k of the robust training.
    eps : float or array of shape (...)
    rate, decay : float
        eta and the weight decay mu.
    p, bias : as for `lemma1_trivial`

    Returns
    -------
    array of shape (T + 1, ...)
        The bound after each number of steps; infinite where the rate is too large for the theorem.

    Examples
    --------
    >>> X, y = np.array([[-1.0], [0.0], [0.5], [2.0]]), np.array([0, 1, 0, 1])
    >>> path = models.gradient_descent(X, y, [0.1], rate=1.0, steps=3)
    >>> theta = np.stack([path.w[:, 0, 0], path.b[:, 0]], -1)
    >>> theory.lemma1_stability(theory.add_bias(X), y, theta, 0.1, rate=1.0).round(3)
    array([0.   , 0.05 , 0.106, 0.165])
    """
    safe = rate * (smoothness(X) + 2 * decay) <= 2 * (1 + 1e-12)
    sums = stability_sum(X, y, path, eps, rate=rate, p=p, decay=decay, bias=bias)
    return np.where(safe, sums, np.inf)


def lemma1_decay(X, theta_r, eps, *, decay, p=np.inf, bias=False):
    """Lemma 1 repaired, at convergence: (eps / mu) (c_p / 2 + S ||w_r||_q / 4).

    For training with weight decay mu on all of theta. X has shape (..., n, D); theta_r, the
    minimiser of the robust loss plus mu ||theta||^2 / 2, has shape (..., D).

    Examples
    --------
    >>> X = np.array([[1.0, 0.0], [0.0, 2.0]])
    >>> print(f"{theory.lemma1_decay(X, np.array([1.0, -1.0]), 0.1, decay=0.5):.4f}")
    0.2828
    """
    scale = np.sqrt(4 * smoothness(X))
    norm = attacked_norm(np.asarray(theta_r), p, bias)
    return np.asarray(eps) / decay * (_spread(X, p, bias) / 2 + scale * norm / 4)


class Metric(NamedTuple):
    """What `lemma1_metric` returns.

    Attributes
    ----------
    hessian : array of shape (..., D, D)
        H_low, the smallest curvature on the way from theta_nr to theta_r.
    pull : array of shape (...)
        ||g||, in the norm of the inverse of H_low: the bound on sqrt(Delta^T H_low Delta).
    euclidean : array of shape (...)
        The bound on ||Delta||_2 that follows.
    plain : array of shape (...)
        The weaker bound ||g||_2 / lambda_min(H_low), without the metric.
    """

    hessian: np.ndarray
    pull: np.ndarray
    euclidean: np.ndarray
    plain: np.ndarray


def lemma1_metric(X, theta_nr, theta_r):
    """Lemma 1 repaired, for any two weight vectors: a bound on Delta = theta_r - theta_nr.

    It reads sqrt(Delta^T H_low Delta) <= sqrt(g^T H_low^-1 g), where g is the difference of the
    gradients of the standard loss, E[(sigma(theta_r.x) - sigma(theta_nr.x)) x], and
    H_low = E[min(sigma'(theta_nr.x), sigma'(theta_r.x)) x x^T]. Labels cancel.

    Parameters
    ----------
    X : array of shape (..., n, D), with n >= D rows that span the space
    theta_nr, theta_r : arrays of shape (..., D)

    Returns
    -------
    Metric

    Examples
    --------
    >>> X = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    >>> found = theory.lemma1_metric(X, np.array([1.0, 0.0]), np.array([0.5, 0.0]))
    >>> found._fields
    ('hessian', 'pull', 'euclidean', 'plain')
    """
    X = np.asarray(X, dtype=np.float64)
    a, b = expit(_logits(X, theta_nr)), expit(_logits(X, theta_r))
    hessian = _gram(X, np.minimum(a * (1 - a), b * (1 - b)))
    g = ((b - a)[..., None, :] @ X)[..., 0, :] / X.shape[-2]
    step = np.linalg.solve(hessian, g[..., None])[..., 0]
    pull = np.sqrt((g * step).sum(-1))
    smallest = np.linalg.eigvalsh(hessian)[..., 0]
    euclidean = pull / np.sqrt(smallest)
    plain = np.linalg.norm(g, axis=-1) / smallest
    return Metric(hessian, pull, euclidean, plain)


def mean_hessian(X, theta_nr, theta_r):
    """Return the standard loss's mean Hessian between two weight vectors, shape (..., D, D).

    The mean is taken on the segment. The mean slope of sigma between two logits is
    (sigma(t) - sigma(s)) / (t - s), so g = mean_hessian @ Delta exactly; where the two logits are
    too near for that, it is the slope in their middle.

    Examples
    --------
    >>> X = np.array([[1.0, 0.0], [0.0, 2.0]])
    >>> theory.mean_hessian(X, np.zeros(2), np.zeros(2)).tolist()
    [[0.125, 0.0], [0.0, 0.5]]
    """
    X = np.asarray(X, dtype=np.float64)
    s, t = _logits(X, theta_nr), _logits(X, theta_r)
    near = np.abs(t - s) < 1e-6
    middle = expit((s + t) / 2) * expit(-(s + t) / 2)
    secant = (expit(t) - expit(s)) / np.where(near, 1.0, t - s)
    return _gram(X, np.where(near, middle, secant))


def attacked_norm(theta, p, bias):
    """Return ||w||_q of the weights that the attack reaches, shape (...)."""
    w = theta[..., :-1] if bias else theta
    return np.linalg.norm(w, ord=dual_exponent(p), axis=-1)


def _logits(X, theta):
    """Return theta . x for every row, shape (..., n), for X (..., n, D) and theta (..., D)."""
    theta = np.asarray(theta)
    return theta @ X.T if X.ndim == 2 else (X @ theta[..., None])[..., 0]


def _spread(X, p, bias):
    """Return c_p, the largest l2 norm of a vector in the unit l_p ball of the attacked features."""
    dual_exponent(p)
    return np.sqrt(X.shape[-1] - bias) if p == np.inf else 1.0


def _gram(X, weight):
    """Return E[weight x x^T], shape (..., D, D), for X (..., n, D) and weight (..., n)."""
    return (X * weight[..., None]).swapaxes(-1, -2) @ X / X.shape[-2]

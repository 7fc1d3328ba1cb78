"""Lemma 1, as printed and repaired: how far robust training moves the weights of a logistic model.

Parameters are written theta = (w, b), and the bias is the weight of a last feature that is always 1 (`add_bias`);
the attack does not reach it. So theta . x is the logit. E is the axis of radii, D = d + 1.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from rrlib.attacks import dual_exponent


def add_bias(X):
    """Return X, shape (..., n, d), with a last column of ones, shape (..., n, d + 1)."""
    X = np.asarray(X, dtype=np.float64)
    return np.concatenate([X, np.ones((*X.shape[:-1], 1))], axis=-1)


def smoothness(X):
    """Return beta, a quarter of the largest eigenvalue of E[x x^T]: the mean logistic loss has curvature at most beta.

    X has shape (..., n, D); beta has shape (...).
    """
    X = np.asarray(X, dtype=np.float64)
    return np.linalg.eigvalsh(X.swapaxes(-1, -2) @ X / X.shape[-2])[..., -1] / 4


def lemma1_printed(x, y, eps, *, rate, steps):
    """Lemma 1 (Eq. 9) as printed: n eta (y ||x||_2 + eps sqrt(d)), with steps for n and rate for eta.

    Parameters
    ----------
    x : array of shape (..., d)
        The "given instance".
    y : array of shape (...)
        Its label, -1 or +1, which enters with its sign.
    eps : float or array of shape (...)
    """
    x = np.asarray(x, dtype=np.float64)
    return rate * steps * (y * np.linalg.norm(x, axis=-1) + np.asarray(eps) * np.sqrt(x.shape[-1]))


def lemma1_trivial(X, eps, *, rate, steps, p=np.inf, bias=True):
    """Lemma 1 repaired by the triangle inequality: eta T (E||x||_2 + eps c_p), for full-batch descent from a common start.

    Parameters
    ----------
    X : array of shape (..., n, D)
        The training set, with the column of ones if `bias`.
    eps : float or array of shape (...)
    rate, steps : float, int
        The rate eta and the number T of steps, not of epochs.
    p : {1, 2, inf}
        Norm of the perturbations; c_p is the largest l2 norm in the unit l_p ball, sqrt(d) for inf and 1 for 2 and 1.
    bias : bool
        Whether the last column is the constant that the attack does not reach.
    """
    X = np.asarray(X, dtype=np.float64)
    return rate * steps * (np.linalg.norm(X, axis=-1).mean(-1) + np.asarray(eps) * _spread(X, p, bias))


def stability_sum(X, y, path, eps, *, rate, p=np.inf, decay=0.0, bias=True):
    """Return the right-hand side of `lemma1_stability` after 0, 1, ..., T steps, without asking for its hypothesis on the rate."""
    X, sign, eps = np.asarray(X, dtype=np.float64), 2.0 * np.asarray(y) - 1, np.asarray(eps)
    scale, spread = np.sqrt(4 * smoothness(X)), _spread(X, p, bias)
    total = np.zeros(np.shape(path)[1:-1])
    sums = [total]
    for theta in np.asarray(path)[:-1]:
        norm = attacked_norm(theta, p, bias)
        slope = expit((eps * norm)[..., None] - sign * (X @ theta[..., None])[..., 0]).mean(-1)
        total = (1 - rate * decay) * total + rate * eps * (scale * norm / 4 + spread * slope)
        sums.append(total)
    return np.array(sums)


def lemma1_stability(X, y, path, eps, *, rate, p=np.inf, decay=0.0, bias=True):
    """Lemma 1 repaired, during training: eta eps sum_k (1 - eta mu)^(T-1-k) (S ||v_k||_q / 4 + c_p E sigma(-worst margin at v_k)).

    It bounds the distance between standard and robust full-batch descent from a common start, where eta <= 2 / (beta + 2 mu).

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
    """
    safe = rate * (smoothness(X) + 2 * decay) <= 2 * (1 + 1e-12)
    return np.where(safe, stability_sum(X, y, path, eps, rate=rate, p=p, decay=decay, bias=bias), np.inf)


def lemma1_decay(X, theta_r, eps, *, decay, p=np.inf, bias=False):
    """Lemma 1 repaired, at convergence with weight decay mu on all of theta: (eps / mu) (c_p / 2 + S ||w_r||_q / 4).

    X has shape (..., n, D), theta_r, the minimiser of the robust loss plus mu ||theta||^2 / 2, shape (..., D).
    """
    scale = np.sqrt(4 * smoothness(X))
    return np.asarray(eps) / decay * (_spread(X, p, bias) / 2 + scale * attacked_norm(np.asarray(theta_r), p, bias) / 4)


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
    """Lemma 1 repaired, for any two weight vectors: sqrt(Delta^T H_low Delta) <= sqrt(g^T H_low^-1 g).

    g is the difference of the gradients of the standard loss, E[(sigma(theta_r.x) - sigma(theta_nr.x)) x], and
    H_low = E[min(sigma'(theta_nr.x), sigma'(theta_r.x)) x x^T]. Labels cancel.

    Parameters
    ----------
    X : array of shape (..., n, D), with n >= D rows that span the space
    theta_nr, theta_r : arrays of shape (..., D)

    Returns
    -------
    Metric
    """
    X = np.asarray(X, dtype=np.float64)
    a, b = (expit((X @ np.asarray(theta)[..., None])[..., 0]) for theta in (theta_nr, theta_r))
    hessian = _gram(X, np.minimum(a * (1 - a), b * (1 - b)))
    g = ((b - a)[..., None, :] @ X)[..., 0, :] / X.shape[-2]
    pull = np.sqrt((g * np.linalg.solve(hessian, g[..., None])[..., 0]).sum(-1))
    smallest = np.linalg.eigvalsh(hessian)[..., 0]
    return Metric(hessian, pull, pull / np.sqrt(smallest), np.linalg.norm(g, axis=-1) / smallest)


def mean_hessian(X, theta_nr, theta_r):
    """Return the mean of the standard loss's Hessian on the segment between two weight vectors, shape (..., D, D).

    The mean slope of sigma between two logits is (sigma(t) - sigma(s)) / (t - s), so g = mean_hessian @ Delta exactly.
    """
    X = np.asarray(X, dtype=np.float64)
    s, t = ((X @ np.asarray(theta)[..., None])[..., 0] for theta in (theta_nr, theta_r))
    near = np.abs(t - s) < 1e-6
    slope = expit((s + t) / 2) * expit(-(s + t) / 2)
    return _gram(X, np.where(near, slope, (expit(t) - expit(s)) / np.where(near, 1.0, t - s)))


def attacked_norm(theta, p, bias):
    """Return ||w||_q of the weights that the attack reaches, shape (...)."""
    return np.linalg.norm(theta[..., :-1] if bias else theta, ord=dual_exponent(p), axis=-1)


def _spread(X, p, bias):
    """Return c_p, the largest l2 norm of a vector in the unit l_p ball of the attacked features."""
    dual_exponent(p)
    return np.sqrt(X.shape[-1] - bias) if p == np.inf else 1.0


def _gram(X, weight):
    """Return E[weight x x^T], shape (..., D, D), for X (..., n, D) and weight (..., n)."""
    return (X * weight[..., None]).swapaxes(-1, -2) @ X / X.shape[-2]

"""The radius from which robust training leaves a constant model."""

import numpy as np

from rrlib.models.attacks import dual_exponent


def collapse_threshold(X, y, *, p=np.inf, bias=True):
    """Return the radius from which a constant is the best robust linear classifier.

    With a free bias it is half the l_p distance of the class means; without one it is
    ||mean of y x||_p, with y = +-1.

    Parameters
    ----------
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1
    p : {1, 2, inf}
        Norm of the perturbations.
    bias : bool
        Whether the model has a bias that is trained without penalty.

    Returns
    -------
    float, in scaled features
    """
    X, y = np.asarray(X), np.asarray(y)
    if not bias:
        sign = 2.0 * y - 1
        return float(np.linalg.norm(sign @ X / len(y), ord=p))
    return float(np.linalg.norm(_mean_difference(X, y), ord=p) / 2)


def collapse_slope(X, y, u, eps, *, p=np.inf):
    """Return the slope of the robust logistic loss at the best constant model, along w = t u.

    For t > 0 it is pi (1 - pi) (2 eps ||u||_q - u.(mu_1 - mu_0)), whatever direction the bias
    takes meanwhile.

    Parameters
    ----------
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1
    u : array of shape (..., d)
        Directions in weight space.
    eps : float
    p : {1, 2, inf}

    Returns
    -------
    array of shape (...), in nats per unit of t
    """
    X, y, u = np.asarray(X), np.asarray(y), np.asarray(u)
    share = y.mean()
    size = np.linalg.norm(u, ord=dual_exponent(p), axis=-1)
    return share * (1 - share) * (2 * eps * size - u @ _mean_difference(X, y))


def _mean_difference(X, y):
    """Return mu_1 - mu_0, the difference of the class means, shape (d,)."""
    return X[y == 1].mean(0) - X[y == 0].mean(0)

"""The radius from which robust training leaves a constant model."""

import numpy as np

from rrlib.models.norms import dual_exponent


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

    Examples
    --------
    >>> X, y = np.array([[-1.0, 0.0], [1.0, 1.0]]), np.array([0, 1])
    >>> print(theory.collapse_threshold(X, y))
    1.0
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

    Examples
    --------
    >>> X, y = np.array([[-1.0], [1.0]]), np.array([0, 1])
    >>> slopes = [theory.collapse_slope(X, y, np.array([1.0]), eps) for eps in (0.5, 1.0, 1.5)]
    >>> print([round(float(slope), 3) for slope in slopes])
    [-0.25, 0.0, 0.25]
    """
    X, y, u = np.asarray(X), np.asarray(y), np.asarray(u)
    share = y.mean()
    size = np.linalg.norm(u, ord=dual_exponent(p), axis=-1)
    return share * (1 - share) * (2 * eps * size - u @ _mean_difference(X, y))


def unit_thresholds(X, y, *, trim=0):
    """Return for each feature the radius from which no single unit on it beats the constant.

    A unit is a sigmoid of one feature, as steep as one likes, with free output weight and bias.
    The radius is half the l_inf Wasserstein distance of the feature's two class distributions, and
    the largest of them is a lower bound on the radius from which a constant is the best robust
    network of any width. One coordinate moves by eps in every l_p ball, so p plays no role.

    Parameters
    ----------
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1
    trim : int
        Rows of each class that are left out at each end of each feature.

    Returns
    -------
    array of shape (d,), in scaled features

    Raises
    ------
    ValueError
        If `trim` leaves a class without rows.

    Examples
    --------
    >>> X, y = np.array([[-1.0, 0.0], [0.0, 1.0], [2.0, 0.0], [3.0, 1.0]]), np.array([0, 0, 1, 1])
    >>> theory.unit_thresholds(X, y).tolist()
    [1.5, 0.0]
    """
    plus, minus = (np.sort(np.asarray(X)[np.asarray(y) == label], axis=0) for label in (1, 0))
    if not 0 <= 2 * trim < min(len(plus), len(minus)):
        raise ValueError(f"trim={trim} leaves a class without rows: trim fewer")
    plus, minus = (rows[trim : len(rows) - trim] for rows in (plus, minus))
    return np.array([wasserstein_inf(*pair) / 2 for pair in zip(plus.T, minus.T)])


def wasserstein_inf(first, second):
    """Return the l_inf Wasserstein distance of two samples of numbers.

    It is the largest distance of partners in the best pairing of the two, sup |F^-1(u) - G^-1(u)|
    over u in (0, 1). Both quantile functions are steps, so it is enough to look right behind each
    of their jumps, here in units of 1 / (n m).

    Parameters
    ----------
    first : array of shape (n,)
    second : array of shape (m,)

    Examples
    --------
    >>> print(theory.wasserstein_inf(np.array([0.0, 1.0]), np.array([2.0, 4.0])))
    3.0
    """
    first, second = np.sort(first), np.sort(second)
    n, m = len(first), len(second)
    jumps = np.concatenate([m * np.arange(n), n * np.arange(m)])
    return float(np.abs(first[jumps // m] - second[jumps // n]).max())


def _mean_difference(X, y):
    """Return mu_1 - mu_0, the difference of the class means, shape (d,)."""
    return X[y == 1].mean(0) - X[y == 0].mean(0)

"""Gradient descent on the robust logistic loss, in the notation of the theorems on Lemma 1."""

import numpy as np

from rrlib.models.norms import dual_vector
from rrlib.theory.weights import attacked_norm


def robust_descent(X, y, eps, *, rate, steps, p=np.inf):
    """Return the iterates of full-batch descent from zero, shape (T + 1, E, D).

    They are those of `rrlib.models.gradient_descent` with the bias as the last weight, up to
    rounding, in a fraction of the time: sigma(2 z) = (1 + tanh z) / 2.

    Parameters
    ----------
    X, y : arrays of shapes (n, D) and (n,), labels 0 or 1
        The last feature is the constant 1, which the attack does not reach.
    eps : array of shape (E,)
    rate, steps : float, int
    p : {1, 2, inf}

    Examples
    --------
    >>> X, y = np.array([[-1.0, 1.0], [1.0, 1.0]]), np.array([0, 1])
    >>> path = theory.robust_descent(X, y, [0.0, 0.5], rate=1.0, steps=3)
    >>> path.shape
    (4, 2, 2)
    >>> path[1].round(2).tolist()
    [[0.5, 0.0], [0.5, 0.0]]
    """
    X, eps = np.asarray(X, dtype=np.float64), np.asarray(eps)
    half = X * (np.asarray(y) - 0.5)[:, None]
    theta = np.zeros((len(eps), X.shape[1]))
    path = [theta]
    for _ in range(steps):
        attack = eps * attacked_norm(theta, p, True)
        misfit = np.tanh(attack[:, None] / 2 - theta @ half.T)
        misfit += 1  # twice sigma
        unit = np.pad(dual_vector(theta[:, :-1], p), ((0, 0), (0, 1)))
        shrink = (eps * misfit.mean(-1) / 2)[:, None] * unit
        theta = theta + rate * (misfit @ half / len(X) - shrink)
        path.append(theta)
    return np.array(path)

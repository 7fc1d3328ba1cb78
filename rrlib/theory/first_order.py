"""What a small radius does to a linear model, from the standard one alone."""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from rrlib.models.logistic import fit_logistic


class FirstOrder(NamedTuple):
    """The standard linear model, and how fast the robust one leaves it as eps grows from 0.

    Attributes
    ----------
    w, dw : array of shape (d,)
        Weights at eps = 0, and their derivative in eps there.
    b, db : float
    reach : float
        The radius at which the first weight would be 0; infinite if none moves towards it. There
        the penalty has a kink, so the first order holds below it only.
    """

    w: np.ndarray
    b: float
    dw: np.ndarray
    db: float
    reach: float

    def at(self, eps):
        """Return weights and bias to first order at a radius."""
        return self.w + eps * self.dw, self.b + eps * self.db


def first_order(X, y):
    """Return the exact standard linear model and its derivative in the radius of training.

    With z = (x, 1), s = sigmoid(-y h(x)) and H = mean s (1 - s) z z', the minimiser of
    mean log(1 + exp(-(y h(x) - eps ||w||_1))) leaves eps = 0 with velocity
    H^-1 (||w||_1 mean s (1 - s) y z - mean s (sign w, 0)), where no weight is 0.

    Parameters
    ----------
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1

    Returns
    -------
    FirstOrder

    Raises
    ------
    ValueError
        Where a weight is 0, so that the penalty has no derivative; and as `fit_logistic`.

    Examples
    --------
    >>> X, y = np.array([[-1.0], [0.0], [0.5], [2.0]]), np.array([0, 1, 0, 1])
    >>> found = theory.first_order(X, y)
    >>> print(f"the weight {found.w[0]:.3f} changes at the rate {found.dw[0]:.3f}")
    the weight 1.466 changes at the rate -2.775
    """
    model = fit_logistic(X, y, [0.0]).model
    w, b = model.w.numpy()[0], model.b.item()
    if not w.all():
        raise ValueError(f"weight {int(np.argmin(np.abs(w)))} is 0: drop a feature without effect")
    sign = 2.0 * np.asarray(y) - 1
    rows = np.column_stack([X, np.ones(len(sign))])
    miss = expit(-sign * (X @ w + b))
    bend = miss * (1 - miss)
    hessian = (rows.T * bend) @ rows / len(rows)
    shrunk_margins = np.abs(w).sum() * (bend * sign) @ rows / len(rows)
    shrunk_weights = miss.mean() * np.append(np.sign(w), 0)
    velocity = np.linalg.solve(hessian, shrunk_margins - shrunk_weights)
    dw, db = velocity[:-1], float(velocity[-1])
    towards = w * dw < 0
    reach = np.min(-w[towards] / dw[towards], initial=np.inf)
    return FirstOrder(w, b, dw, db, float(reach))

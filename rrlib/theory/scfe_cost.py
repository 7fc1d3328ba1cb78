"""Definition 1 and Theorem 1, as printed and repaired: the cost of SCFE."""

import numpy as np

from rrlib.theory.bounds import Bounds


def scfe_recourse(m, w, lam):
    """Proposition 1: the minimiser of (w.zeta - m)^2 + lam ||zeta||_2^2 is m w / (lam + ||w||_2^2).

    Parameters
    ----------
    m : array of shape (...)
        Target residual s - h(x), in logits.
    w : array of shape (..., d)
    lam : float

    Returns
    -------
    array of shape (..., d)
    """
    w = np.asarray(w, dtype=np.float64)
    return (np.asarray(m) / (lam + (w**2).sum(-1)))[..., None] * w


def definition1_printed(m, w, lam, *, squared=False):
    """Definition 1 (Eq. 5) as printed: m lam w / (lam + ||w||_2); with `squared`, the form of the appendix's proof, ||w||_2^2.

    Shapes as for `scfe_recourse`. Neither is the minimiser of Eq. 2, save at lam = ||w|| = 1 (squared: lam = 1).
    """
    w = np.asarray(w, dtype=np.float64)
    size = np.linalg.norm(w, axis=-1) ** (2 if squared else 1)
    return (np.asarray(m) * lam / (lam + size))[..., None] * w


def theorem1_printed(m_nr, w_nr, m_r, w_r, lam, *, squared=False):
    """Theorem 1 (Eq. 6) as printed: bounds on ||zeta_nr - zeta_r||_2 for SCFE.

    Lower: lam |m_nr / ||w_nr|| - m_r / ||w_r|||. Upper: the sum of lam ||w|| / (lam + ||w||) over both models;
    with `squared`, the end of the appendix's proof, lam ||w|| / (lam + ||w||^2).

    Parameters
    ----------
    m_nr, m_r : arrays of shape (...)
        Target residuals, in logits.
    w_nr, w_r : arrays of shape (..., d)
    lam : float

    Returns
    -------
    Bounds
        Infinite or NaN lower bound where a weight vector is zero.
    """
    size_nr, size_r = np.linalg.norm(w_nr, axis=-1), np.linalg.norm(w_r, axis=-1)
    power = 2 if squared else 1
    lower = lam * np.abs(m_nr / size_nr - m_r / size_r)
    upper = lam * size_nr / (lam + size_nr**power) + lam * size_r / (lam + size_r**power)
    return Bounds(lower, np.broadcast_to(upper, np.shape(lower)))


def theorem1(m_nr, w_nr, m_r, w_r, lam):
    """Theorem 1 repaired: |a_nr - a_r| <= ||zeta_nr - zeta_r||_2 <= a_nr + a_r, with a = |m| ||w|| / (lam + ||w||^2).

    Parameters and result as for `theorem1_printed`. Each a is the cost ||zeta||_2 of one recourse;
    equality on the left where sign(m_nr m_r) cos(w_nr, w_r) = 1, on the right where it is -1.
    """
    cost_nr, cost_r = scfe_cost(m_nr, w_nr, lam), scfe_cost(m_r, w_r, lam)
    return Bounds(np.abs(cost_nr - cost_r), cost_nr + cost_r)


def theorem1_exact(m_nr, w_nr, m_r, w_r, lam):
    """Return ||zeta_nr - zeta_r||_2 by the law of cosines, shape (...), from the two costs and the angle of the weights."""
    cost_nr, cost_r = scfe_cost(m_nr, w_nr, lam), scfe_cost(m_r, w_r, lam)
    cosine = (np.asarray(w_nr) * w_r).sum(-1) / (np.linalg.norm(w_nr, axis=-1) * np.linalg.norm(w_r, axis=-1))
    squared = cost_nr**2 + cost_r**2 - 2 * np.sign(m_nr * m_r) * cost_nr * cost_r * cosine
    return np.sqrt(np.maximum(squared, 0.0))


def scfe_cost(m, w, lam):
    """Return the l2 cost |m| ||w|| / (lam + ||w||^2) of SCFE's recourse for a linear model, shape (...)."""
    size = np.linalg.norm(w, axis=-1)
    return np.abs(m) * size / (lam + size**2)

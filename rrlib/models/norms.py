"""Dual norms: what an l_p ball does to a linear function."""

import numpy as np


def dual_exponent(p):
    """Return q with 1/p + 1/q = 1, for p in {1, 2, inf}.

    Raises
    ------
    ValueError
        If p is none of the three.

    Examples
    --------
    >>> models.dual_exponent(np.inf), models.dual_exponent(2)
    (1, 2)
    """
    try:
        return {1: np.inf, 2: 2, np.inf: 1}[p]
    except (KeyError, TypeError):
        raise ValueError(f"p must be 1, 2 or numpy.inf, not {p!r}") from None


def dual_vector(w, p):
    """Return u with ||u||_p <= 1 and w.u = ||w||_q, row by row of w, shape (..., d).

    It is the gradient of ||w||_q. Where w = 0 the answer is 0, which is one of the subgradients.
    For p = 1 only the first of the largest coordinates moves.

    Examples
    --------
    >>> models.dual_vector(np.array([3.0, -4.0]), np.inf).tolist()
    [1.0, -1.0]
    >>> models.dual_vector(np.array([3.0, -4.0]), 2).tolist()
    [0.6, -0.8]
    """
    w = np.asarray(w, dtype=np.float64)
    dual_exponent(p)
    if p == np.inf:
        return np.sign(w)
    if p == 2:
        length = np.linalg.norm(w, axis=-1, keepdims=True)
        return np.divide(w, length, out=np.zeros_like(w), where=length > 0)
    first = np.arange(w.shape[-1]) == np.abs(w).argmax(-1, keepdims=True)
    return np.sign(w) * first

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

    Examples
    --------
    >>> theory.scfe_recourse(2.0, np.array([1.0, 0.0]), 1.0).tolist()
    [1.0, 0.0]
    """
    w = np.asarray(w, dtype=np.float64)
    return (np.asarray(m) / (lam + (w**2).sum(-1)))[..., None] * w


def definition1_printed(m, w, lam, *, squared=False):
    """Definition 1 (Eq. 5) as printed: m lam w / (lam + ||w||_2).

    With `squared`, the form of the appendix's proof, ||w||_2^2 in the denominator. Shapes as for
    `scfe_recourse`. Where m and w are not 0 it is the minimiser of Eq. 2 only on the curve
    lam (lam + ||w||^2) = lam + ||w||, for example lam = ||w|| = 1 (squared: only at lam = 1).

    Examples
    --------
    >>> theory.definition1_printed(1.0, np.array([1.0, 0.0]), 1.0).tolist()
    [0.5, 0.0]
    >>> theory.scfe_recourse(1.0, np.array([1.0, 0.0]), 1.0).tolist()
    [0.5, 0.0]
    """
    w = np.asarray(w, dtype=np.float64)
    power = 2 if squared else 1
    size = np.linalg.norm(w, axis=-1) ** power
    return (np.asarray(m) * lam / (lam + size))[..., None] * w


def scfe_readings(m, size, lam):
    """Return what the paper may mean by zeta and m, every way of reading it, for a linear model.

    The recourse is the minimiser of Eq. 2, that of the objective with lam on the loss,
    lam (h(x') - s)^2 + ||zeta||_2^2, or what Eq. 5 says, with ||w|| or ||w||^2 below. The residual
    is taken at x or at x' = x + zeta; in Eq. 5 at x' that makes it an equation for zeta.

    Parameters
    ----------
    m : number or array of shape (...)
        s - h(x), in logits. Fractions give exact results.
    size : number or array of shape (...), ||w||_2
    lam : number

    Returns
    -------
    dict of reading -> (factor, residual), of shape (...)
        The recourse is factor w.

    Examples
    --------
    >>> list(theory.scfe_readings(1.0, 2.0, 0.5).items())[0]
    ('minimiser, m at x', (0.2222222222222222, 1.0))
    """
    found = {}
    minimisers = {"minimiser": 1 / (lam + size**2), "lambda on the loss": lam / (1 + lam * size**2)}
    for name, gain in minimisers.items():
        found[f"{name}, m at x"] = m * gain, m
        found[f"{name}, m at x'"] = m * gain, m - m * gain * size**2
    for name, below in (("Eq. 5", size), ("Eq. 5, squared norm", size**2)):
        gain = lam / (lam + below)
        found[f"{name}, m at x"] = m * gain, m
        m_cf = m / (1 + gain * size**2)  # solves m' = m - w.zeta with zeta = m' gain w
        found[f"{name}, m at x'"] = m_cf * gain, m_cf
    return found


def theorem1_printed(m_nr, w_nr, m_r, w_r, lam, *, squared=False):
    """Theorem 1 (Eq. 6) as printed: bounds on ||zeta_nr - zeta_r||_2 for SCFE.

    Lower: lam |m_nr / ||w_nr|| - m_r / ||w_r|||. Upper: the sum of lam ||w|| / (lam + ||w||) over
    both models; with `squared`, the end of the appendix's proof, lam ||w|| / (lam + ||w||^2).

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

    Examples
    --------
    >>> w_nr, w_r = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    >>> lower, upper = theory.theorem1_printed(1.0, w_nr, 1.0, w_r, 0.5)
    >>> print(f"{lower:.3f} to {upper:.3f}")
    0.207 to 0.626
    """
    size_nr, size_r = np.linalg.norm(w_nr, axis=-1), np.linalg.norm(w_r, axis=-1)
    power = 2 if squared else 1
    lower = lam * np.abs(m_nr / size_nr - m_r / size_r)
    upper_nr = lam * size_nr / (lam + size_nr**power)
    upper_r = lam * size_r / (lam + size_r**power)
    return Bounds(lower, np.broadcast_to(upper_nr + upper_r, np.shape(lower)))


def theorem1_by_reading(m_nr, w_nr, m_r, w_r, lam):
    """Return what Theorem 1 prints, beside the distance that it bounds, in every reading, exactly.

    Parameters
    ----------
    m_nr, m_r : Fraction, residuals at x
    w_nr, w_r : Fraction, the weights of one feature
    lam : Fraction

    Returns
    -------
    dict of reading of `scfe_readings` -> (lower, distance, upper, upper_squared)
        The upper bound with ||w|| in the denominator, and with ||w||^2 as the proof ends.

    Examples
    --------
    >>> from fractions import Fraction
    >>> found = theory.theorem1_by_reading(*map(Fraction, (1, 2, 1, 1, 1)))
    >>> len(found)
    8
    """
    size_nr, size_r = abs(w_nr), abs(w_r)
    upper = lam * size_nr / (lam + size_nr) + lam * size_r / (lam + size_r)
    squared = lam * size_nr / (lam + size_nr**2) + lam * size_r / (lam + size_r**2)
    robust = scfe_readings(m_r, size_r, lam)
    found = {}
    for reading, (factor_nr, at_nr) in scfe_readings(m_nr, size_nr, lam).items():
        factor_r, at_r = robust[reading]
        lower = lam * abs(at_nr / size_nr - at_r / size_r)
        found[reading] = lower, abs(factor_nr * w_nr - factor_r * w_r), upper, squared
    return found


def theorem1(m_nr, w_nr, m_r, w_r, lam):
    """Theorem 1 repaired: |a_nr - a_r| <= ||zeta_nr - zeta_r||_2 <= a_nr + a_r.

    Each a = |m| ||w|| / (lam + ||w||^2) is the cost ||zeta||_2 of one recourse: that is what SCFE
    has to do with it, the rest is the triangle inequality. Parameters and result as for
    `theorem1_printed`, but a weight vector may be zero; equality on the left where
    sign(m_nr m_r) cos(w_nr, w_r) = 1, on the right where it is -1.

    Examples
    --------
    >>> w_nr, w_r = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    >>> lower, upper = theory.theorem1(1.0, w_nr, 1.0, w_r, 0.5)
    >>> print(f"{lower:.3f} to {upper:.3f}")
    0.040 to 1.374
    """
    cost_nr, cost_r = scfe_cost(m_nr, w_nr, lam), scfe_cost(m_r, w_r, lam)
    return Bounds(np.abs(cost_nr - cost_r), cost_nr + cost_r)


def theorem1_exact(m_nr, w_nr, m_r, w_r, lam):
    """Return ||zeta_nr - zeta_r||_2 by the law of cosines, shape (...).

    From the two costs and the angle of the weights; parameters as for `theorem1_printed`, no
    weight vector zero.

    Examples
    --------
    >>> w_nr, w_r = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    >>> print(f"{theory.theorem1_exact(1.0, w_nr, 1.0, w_r, 0.5):.3f}")
    0.527
    """
    cost_nr, cost_r = scfe_cost(m_nr, w_nr, lam), scfe_cost(m_r, w_r, lam)
    sizes = np.linalg.norm(w_nr, axis=-1) * np.linalg.norm(w_r, axis=-1)
    cosine = (np.asarray(w_nr) * w_r).sum(-1) / sizes
    squared = cost_nr**2 + cost_r**2 - 2 * np.sign(m_nr * m_r) * cost_nr * cost_r * cosine
    return np.sqrt(np.maximum(squared, 0.0))


def scfe_cost(m, w, lam):
    """Return the l2 cost |m| ||w|| / (lam + ||w||^2) of SCFE for a linear model, shape (...).

    Examples
    --------
    >>> print(theory.scfe_cost(2.0, np.array([1.0, 0.0]), 1.0))
    1.0
    """
    size = np.linalg.norm(w, axis=-1)
    return np.abs(m) * size / (lam + size**2)


def theorem1_reach(m_nr, w_nr, m_r, w_r, lam):
    """Return a lower bound on ||zeta_nr - zeta_r||_2 in the printed |m| / ||w||, shape (...).

    It is |r_nr - r_r| - lam max |m| / (||w|| (lam + ||w||^2)), with r = |m| / ||w|| the distance
    to the level s: no factor lam in front, and an explicit correction for lam > 0. Parameters as
    for `theorem1_printed`, no weight vector zero.

    Examples
    --------
    >>> w_nr, w_r = np.array([4.0, 0.0]), np.array([1.0, 0.0])
    >>> print(f"{theory.theorem1_reach(1.0, w_nr, 1.0, w_r, 0.01):.3f}")
    0.740
    """
    size_nr, size_r = np.linalg.norm(w_nr, axis=-1), np.linalg.norm(w_r, axis=-1)
    reach_nr, reach_r = np.abs(m_nr) / size_nr, np.abs(m_r) / size_r
    short_nr, short_r = reach_nr / (lam + size_nr**2), reach_r / (lam + size_r**2)
    return np.abs(reach_nr - reach_r) - lam * np.maximum(short_nr, short_r)


def theorem1_stability(x, m_nr, w_nr, w_r, delta_b, lam):
    """Return an upper bound on ||zeta_nr - zeta_r||_2 that vanishes with w_r - w_nr and b_r - b_nr.

    For one score s, dw = w_r - w_nr and db = b_r - b_nr it is, with shape (...),
    |m_nr| ||dw|| / sqrt((lam + ||w_nr||^2)(lam + ||w_r||^2))
    + (||dw|| ||x|| + |db|) ||w_r|| / (lam + ||w_r||^2).

    Parameters
    ----------
    x : array of shape (..., d), scaled features
    m_nr : array of shape (...), residual s - h_nr(x)
    w_nr, w_r : arrays of shape (..., d)
    delta_b : array of shape (...), b_r - b_nr
    lam : float

    Examples
    --------
    >>> x, w_nr, w_r = np.array([1.0, 1.0]), np.array([1.0, 0.0]), np.array([0.5, 0.5])
    >>> print(f"{theory.theorem1_stability(x, 1.0, w_nr, w_r, 0.0, 0.5):.3f}")
    1.284
    >>> print(f"{theory.theorem1_stability(x, 1.0, w_nr, w_nr, 0.0, 0.5):.3f}")
    0.000
    """
    w_nr, w_r = np.asarray(w_nr), np.asarray(w_r)
    square_nr = lam + (w_nr**2).sum(-1)
    square_r = lam + (w_r**2).sum(-1)
    moved = np.linalg.norm(w_r - w_nr, axis=-1)
    turn = np.abs(m_nr) * moved / np.sqrt(square_nr * square_r)
    logit = moved * np.linalg.norm(x, axis=-1) + np.abs(delta_b)
    return turn + logit * np.linalg.norm(w_r, axis=-1) / square_r


def scfe_recourse_unsquared(m, w, lam):
    """Return the minimiser of (w.zeta - m)^2 + lam ||zeta||_2, the distance not squared.

    Shapes as for `scfe_recourse`. Its length is (|m| / ||w|| - lam / (2 ||w||^2))_+: a weak model,
    ||w|| <= lam / (2 |m|), gets no recourse at all.

    Examples
    --------
    >>> theory.scfe_recourse_unsquared(2.0, np.array([1.0, 0.0]), 1.0).tolist()
    [1.5, 0.0]
    """
    w = np.asarray(w, dtype=np.float64)
    size = np.linalg.norm(w, axis=-1)
    length = np.maximum(np.abs(m) / size - lam / (2 * size**2), 0.0)
    return (np.sign(m) * length / size)[..., None] * w


def stationary_recourse(residual, gradient, lam):
    """Return m' grad h(x') / lam, shape (..., d): zeta at every stationary point of Eq. 2.

    For any differentiable model.

    Parameters
    ----------
    residual : array of shape (...)
        m' = s - h(x'), at the recourse.
    gradient : array of shape (..., d)
        Of h at x'.

    Examples
    --------
    >>> theory.stationary_recourse(0.5, np.array([1.0, -2.0]), 0.25).tolist()
    [2.0, -4.0]
    """
    return (np.asarray(residual) / lam)[..., None] * np.asarray(gradient)


def linearisation_error(cost, slope, slope_cf, beta, lam):
    """Return the radius around the linearised recourse that holds a stationary one, shape (...).

    The linearised recourse is m g / (lam + ||g||^2), and the radius is
    beta t^2 (||g|| / (2 (lam + ||g||^2)) + 1 / ||grad h(x')||), with g = grad h(x) and
    t = ||zeta||.

    Parameters
    ----------
    cost : array of shape (...), t
    slope, slope_cf : arrays of shape (...), norms of the gradient at x and at x'
    beta : array of shape (...), Lipschitz constant of the gradient between them

    Examples
    --------
    >>> print(theory.linearisation_error(1.0, 1.0, 1.0, beta=0.0, lam=0.01))
    0.0
    """
    return beta * cost**2 * (slope / (2 * (lam + slope**2)) + 1 / slope_cf)

"""Definition 2 and Theorem 2, as printed and repaired: the cost of C-CHVAE.

Distances are in one l_p norm, latent and features alike.
"""

import numpy as np

from rrlib.theory.bounds import Bounds


def theorem2_printed(r_nr, r_r, L):
    """Theorem 2 (Eq. 8) as printed: L (r_r - r_nr) <= ||x_r - x_nr|| <= L (r_r + r_nr).

    The left side is false, the right one true.

    Parameters
    ----------
    r_nr, r_r : arrays of shape (...)
        Radii at which the search succeeded for the standard and for the robust model, in latent
        units.
    L : float or array of shape (...)
        A Lipschitz constant of the decoder, scaled features per latent unit.

    Returns
    -------
    Bounds

    Examples
    --------
    >>> lower, upper = theory.theorem2_printed(r_nr=1.0, r_r=3.0, L=2.0)
    >>> print(f"{lower} to {upper}")
    4.0 to 8.0
    """
    return Bounds(L * (np.asarray(r_r) - r_nr), L * (np.asarray(r_r) + r_nr))


def theorem2(r_nr, r_r, L, mu, *, step=0.0):
    """Theorem 2 repaired: mu (|r_r - r_nr| - step)_+ <= ||x_r - x_nr|| <= L (r_r + r_nr).

    Parameters
    ----------
    r_nr, r_r : arrays of shape (...)
        Radii, or (with step = 0) the latent distances ||z' - z|| themselves.
    L, mu : floats or arrays of shape (...)
        mu ||u - v|| <= ||G(u) - G(v)|| <= L ||u - v|| for all u, v in the ball around E(x) of
        the larger radius.
    step : float
        Width of a shell: a radius exceeds the latent distance by at most this.

    Returns
    -------
    Bounds

    Examples
    --------
    >>> lower, upper = theory.theorem2(r_nr=1.0, r_r=3.0, L=2.0, mu=0.5)
    >>> print(f"{lower} to {upper}")
    1.0 to 8.0
    """
    apart = np.abs(np.asarray(r_r) - r_nr)
    upper = theorem2_printed(r_nr, r_r, L).upper
    return Bounds(mu * np.maximum(apart - step, 0.0), upper)


def cchvae_cost(r, error, L, mu, *, step=0.0):
    """Bounds on the cost of one recourse: mu (r - step) - e <= ||zeta|| <= L r + e.

    Here e = ||G(E(x)) - x|| is the reconstruction error. Parameters as for `theorem2`; `error` is
    e, array of shape (...), scaled features. A negative lower bound is returned as 0.

    Examples
    --------
    >>> lower, upper = theory.cchvae_cost(r=2.0, error=0.5, L=3.0, mu=1.0)
    >>> print(f"{lower} to {upper}")
    1.5 to 6.5
    """
    r = np.asarray(r)
    inner = np.maximum(r - step, 0.0)
    return Bounds(np.maximum(mu * inner - error, 0.0), L * r + error)


def cchvae_cost_gap(r_nr, r_r, error, L, mu, *, step=0.0):
    """Bounds on ||zeta_r|| - ||zeta_nr||, the difference of the two models' costs.

    They are mu (r_r - step) - L r_nr - 2 e and L r_r - mu (r_nr - step) + 2 e. Parameters as for
    `theorem2` and `cchvae_cost`. A positive lower bound needs
    r_r - step > (L / mu) r_nr + 2 e / mu: the decoder's condition number L / mu decides.

    Examples
    --------
    >>> lower, upper = theory.cchvae_cost_gap(r_nr=1.0, r_r=5.0, error=0.5, L=2.0, mu=1.0)
    >>> print(f"{lower} to {upper}")
    2.0 to 10.0
    """
    r_nr, r_r = np.asarray(r_nr), np.asarray(r_r)
    inner_nr = np.maximum(r_nr - step, 0.0)
    inner_r = np.maximum(r_r - step, 0.0)
    lower = mu * inner_r - L * r_nr - 2 * error
    upper = L * r_r - mu * inner_nr + 2 * error
    return Bounds(lower, upper)


def decoder_free(logit, reached, slope):
    """Return how far one model's recourse is at least from any that another model accepts.

    A lower bound on the distance to any point to which the other model gives its target.

    Parameters
    ----------
    logit : array of shape (...)
        The other model's logit at the recourse.
    reached : bool array of shape (...)
        Whether the other model gives the recourse its target already; then the bound is 0.
    slope : float or array of shape (...)
        Lipschitz constant of the other model's logit; for a linear model the dual norm ||w||_q.

    Returns
    -------
    array of shape (...)
        |h(x')| / slope, scaled features.

    Examples
    --------
    >>> theory.decoder_free(np.array([-2.0, 1.0]), np.array([False, True]), 4.0).tolist()
    [0.5, 0.0]
    """
    return np.where(reached, 0.0, np.abs(logit) / slope)

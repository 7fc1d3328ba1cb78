"""Theorem 3, as printed and repaired: whose recourse scores higher.

And what validity at fixed (s, lambda) measures.
"""

from typing import NamedTuple

import numpy as np


class Decision(NamedTuple):
    """What a condition says about each instance, bool arrays of one shape.

    It is silent where both are False.

    Attributes
    ----------
    holds : Pr_nr >= Pr_r follows.
    fails : Pr_nr < Pr_r follows.
    """

    holds: np.ndarray
    fails: np.ndarray


def theorem3_printed(gain, y, size_x, size_x_r, d, *, eps, rate, steps):
    """The condition of Theorem 3 (Eq. 35) as printed. It decides nothing.

    It reads |gain| <= n eta (y ||x||_2 + eps sqrt(d)) ||x_r||_2.

    Parameters
    ----------
    gain : array of shape (...)
        f_nr(x_nr) - f_nr(x_r), in logits: by how much the standard model prefers its own recourse.
    y : array of shape (...)
        Label of x; the paper leaves its range open.
    size_x, size_x_r : arrays of shape (...)
        l2 norms of the instance and of the robust model's recourse, scaled features.
    d : int
        Number of features.
    eps, rate, steps : floats or arrays of shape (...)
        Radius of the perturbations, rate eta and number n of training steps.

    Returns
    -------
    bool array of shape (...)

    Examples
    --------
    >>> print(theory.theorem3_printed(0.5, 1, 1.0, 1.0, 4, eps=0.1, rate=0.1, steps=10))
    True
    """
    return np.abs(gain) <= steps * rate * (y * size_x + eps * np.sqrt(d)) * size_x_r


def theorem3(gain, radius, size_x_r):
    """Theorem 3 repaired: what a bound on the distance of the weights decides.

    If ||w_nr - w_r||_2 <= C, gain >= C ||x_r||_2 proves the conclusion and gain < -C ||x_r||_2
    refutes it. Nothing in between can be decided from (gain, C, x_r) alone:
    w_r = w_nr +- C x_r / ||x_r|| realises both ends.

    Parameters
    ----------
    gain : array of shape (...)
        As for `theorem3_printed`.
    radius : array of shape (...)
        The bound C on the distance of the two weight vectors; with a bias, of (w, b).
    size_x_r : array of shape (...)
        l2 norm of the robust model's recourse; with a bias, of (x_r, 1).

    Returns
    -------
    Decision

    Examples
    --------
    >>> decision = theory.theorem3(np.array([3.0, 0.0, -3.0]), radius=1.0, size_x_r=2.0)
    >>> decision.holds.tolist(), decision.fails.tolist()
    ([True, False, False], [False, False, True])
    """
    reach = radius * size_x_r
    return Decision(gain >= reach, gain < -reach)


def scfe_score(h, size, s, lam):
    """Return the logit that SCFE's recourse reaches on a linear model, shape (...).

    It is s - lam (s - h) / (lam + ||w||_2^2).

    Parameters
    ----------
    h : array of shape (...)
        Logit of the instance, signed so that the target side is positive.
    size : array of shape (...)
        ||w||_2.
    s, lam : floats or arrays of shape (...)

    Examples
    --------
    >>> print(theory.scfe_score(h=-1.0, size=1.0, s=1.0, lam=1.0))
    0.0
    """
    return s - lam * (s - h) / (lam + np.square(size))


def scfe_order(h_nr, size_nr, h_r, size_r, s, lam):
    """Return whether the standard model's SCFE score is at least the robust one's, shape (...).

    No recourse is computed: it is so exactly where
    (s - h_r) (lam + ||w_nr||^2) >= (s - h_nr) (lam + ||w_r||^2). Parameters as for `scfe_score`.

    Examples
    --------
    >>> print(theory.scfe_order(h_nr=-1.0, size_nr=2.0, h_r=-1.0, size_r=1.0, s=1.0, lam=0.5))
    True
    """
    return (s - h_r) * (lam + np.square(size_nr)) >= (s - h_nr) * (lam + np.square(size_r))


def scfe_budget(size, s, lam, *, tau=0.0):
    """Return SCFE's budget c_eff = (s - tau) ||w||_2 / lam, in scaled features.

    SCFE is valid exactly for the denied within this l2 distance of the boundary. Parameters as
    for `scfe_score`; tau is the decision threshold, in logits.

    Examples
    --------
    >>> print(theory.scfe_budget(size=2.0, s=1.0, lam=0.5))
    4.0
    """
    return (s - tau) * np.asarray(size) / lam


def scfe_score_unsquared(h, size, s, lam):
    """Return the logit that SCFE reaches when the distance is an l_p norm, not its square.

    It is max(h, s - lam / (2 ||w||_q)).

    Parameters
    ----------
    h : array of shape (...)
        Logit of the instance, at most s.
    size : array of shape (...)
        ||w||_q, positive.
    s, lam : floats or arrays of shape (...)

    Examples
    --------
    >>> print(theory.scfe_score_unsquared(h=-1.0, size=1.0, s=1.0, lam=1.0))
    0.5
    """
    return np.maximum(h, s - lam / (2 * np.asarray(size)))


def recourse_certificate(h, size, radius):
    """Return a bound on the share of rows accepted, or denied with a recourse of cost <= radius.

    Such a row has a logit >= 0 within the l_p radius, where the logistic loss of label 0 is at
    least log 2; so the share is at most the mean robust loss mean log(1 + exp(h + radius ||w||_q))
    over log 2. Training that lowers the loss of all rows need not lower that of these.

    Parameters
    ----------
    h : array of shape (..., n)
        Logits of rows with label 0.
    size : array of shape (...)
        ||w||_q of each model.
    radius : float or array of shape (...)

    Examples
    --------
    >>> print(f"{theory.recourse_certificate(np.array([-3.0, -4.0]), 1.0, 0.5):.3f}")
    0.078
    """
    reach = np.asarray(radius * np.asarray(size))[..., None]
    return np.logaddexp(0.0, h + reach).mean(-1) / np.log(2)

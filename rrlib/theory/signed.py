"""Robust training with a radius for each label, of either sign: whom it protects.

The favourable rows are attacked with eps_plus, the others with eps_minus; a negative radius moves
a row in favour of its label. With their mean and delta = (eps_plus - eps_minus) / 2, a linear model
(w, b) has the loss that (w, b - delta ||w||_q) has at the mean radius.
"""

import numpy as np
import torch

from rrlib.models.logistic import Fit, fit_logistic
from rrlib.models.norms import dual_exponent, dual_vector

SIGMOID_BEND = 1 / (6 * np.sqrt(3))
"""The largest absolute second derivative of the sigmoid."""


def mean_and_delta(radii):
    """Return (eps_plus + eps_minus) / 2 and (eps_plus - eps_minus) / 2.

    Parameters
    ----------
    radii : array of shape (..., 2)
        (eps_plus, eps_minus), in scaled features.

    Returns
    -------
    two arrays of shape (...)

    Examples
    --------
    >>> mean, delta = theory.mean_and_delta(np.array([0.5, 0.25]))
    >>> print(mean, delta)
    0.375 0.125
    """
    radii = np.asarray(radii, dtype=np.float64)
    return radii.mean(-1), (radii[..., 0] - radii[..., 1]) / 2


def signed_loss(w, b, X, sign, radii, *, p=np.inf):
    """Return the mean logistic loss of one linear model at a radius for each label, in nats.

    It is mean log(1 + exp(-(y h(x) - eps_y ||w||_q))).

    Parameters
    ----------
    w : array of shape (d,)
    b : float
    X : array of shape (n, d), scaled features
    sign : array of shape (n,)
        Labels y as +1 and -1.
    radii : (eps_plus, eps_minus)
        Of any sign, in scaled features.
    p : {1, 2, inf}
        Norm of the perturbations.

    Examples
    --------
    >>> X, sign = np.array([[2.0], [-1.0]]), np.array([1.0, -1.0])
    >>> print(f"{theory.signed_loss(np.array([1.0]), 0.0, X, sign, (0.5, 0.0)):.4f}")
    0.2573
    """
    radius = np.where(np.asarray(sign) > 0, *radii)
    margin = sign * (X @ w + b) - radius * np.linalg.norm(w, ord=dual_exponent(p))
    return np.logaddexp(0.0, -margin).mean()


def move_boundary(model, delta, *, p=np.inf):
    """Return a linear family whose boundaries stand delta nearer to the denied, in the l_p norm.

    The bias rises by delta ||w||_q; w stays.

    Parameters
    ----------
    model : LogisticRegression
    delta : float, or array of shape (E,)
        In scaled features, of either sign.
    p : {1, 2, inf}

    Examples
    --------
    >>> w, b = torch.tensor([[3.0, -4.0]]), torch.zeros(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> theory.move_boundary(model, 0.5).b.tolist()
    [3.5]
    """
    length = torch.linalg.vector_norm(model.w, ord=dual_exponent(p), dim=-1)
    return model._replace(b=model.b + torch.as_tensor(delta) * length)


def fit_signed(X, y, radii, *, p=np.inf):
    """Minimise the logistic loss with a radius for each label, exactly.

    The minimiser at the mean radius, its boundary moved by delta. The duality gap of the one is
    that of the other, since the two losses have the same values.

    Parameters
    ----------
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1
    radii : array of shape (E, 2)
        Rows (eps_plus, eps_minus), in scaled features.
    p : {2, inf}
        Norm of the perturbations.

    Returns
    -------
    Fit
        The field `eps` of its model holds the mean radii.

    Raises
    ------
    ValueError
        On radii of another shape or with a negative mean, and where `fit_logistic` raises.

    Examples
    --------
    >>> X, y = np.array([[-1.0], [0.0], [0.5], [2.0]]), np.array([0, 1, 0, 1])
    >>> found = theory.fit_signed(X, y, np.array([[0.2, 0.2], [0.4, 0.0]]))
    >>> found.model.w.numpy().round(3)
    array([[0.997],
           [0.997]])
    """
    radii = np.asarray(radii, dtype=np.float64)
    if radii.ndim != 2 or radii.shape[1] != 2:
        raise ValueError(f"radii must have shape (E, 2), not {radii.shape}")
    mean, delta = mean_and_delta(radii)
    if (mean < 0).any():
        raise ValueError(
            f"radii {radii[mean < 0][0].tolist()} have a negative mean: the loss is not convex, "
            "and need not have a minimiser; give two radii whose sum is at least 0"
        )
    means, place = np.unique(mean, return_inverse=True)
    found = fit_logistic(X, y, means, p=p)
    model = type(found.model)(*(parameter[place] for parameter in found.model))
    return Fit(move_boundary(model, delta, p=p), found.loss[place], found.gap[place])


def signed_slope(w, b, X, sign, radii, *, p=np.inf):
    """Return how steeply the loss still falls at (w, b): 0 at a minimiser, in nats.

    It is the largest absolute entry of the smallest subgradient in (w, b). For p = inf a weight
    that is 0 counts with what the data pull beyond what the attack holds against it; for p = 2 the
    weights must not all be 0.

    Parameters are those of `signed_loss`.

    Examples
    --------
    >>> X, sign = np.array([[1.0], [-1.0]]), np.array([1.0, -1.0])
    >>> print(f"{theory.signed_slope(np.zeros(1), 0.0, X, sign, (2.0, 2.0)):.4f}")
    0.0000
    """
    radius = np.where(np.asarray(sign) > 0, *radii)
    margin = sign * (X @ w + b) - radius * np.linalg.norm(w, ord=dual_exponent(p))
    weight = 1 / (1 + np.exp(margin)) / len(X)
    pull = (weight * sign) @ X
    held = weight @ radius
    rest = np.abs(pull - held * dual_vector(w, p))
    if p == np.inf:
        rest = np.where(w == 0, np.maximum(np.abs(pull) - held, 0.0), rest)
    return max(rest.max(), abs(weight @ sign))


def curvature(model):
    """Return an upper bound on the Lipschitz constant of each network's gradient in l2, (E,).

    The Hessian is the sum over the units of w2 sigmoid''(z) times the outer product of their
    weights, and |sigmoid''| <= 1 / (6 sqrt 3).

    Parameters
    ----------
    model : Network

    Examples
    --------
    >>> network = models.init_network(2, [0.0, 0.1], seed=0)
    >>> theory.curvature(network).shape
    (2,)
    """
    spread = model.W1.mT @ (model.w2.abs().unsqueeze(-1) * model.W1)
    return (SIGMOID_BEND * torch.linalg.matrix_norm(spread, ord=2)).cpu().numpy()


def signed_departure(model, X, y, radii, *, p=np.inf):
    """Bound how far a network is from the identity of linear models, in nats.

    With G the mean of ||grad h(x)||_q, the loss of h + delta G at the signed radii and that of h at
    their mean differ by at most |delta| E | ||grad h(x)||_q - G | plus
    (beta / 2) c_p^2 (E eps_y^2 + mean^2), with beta the `curvature` and c_p the largest l2 norm in
    the unit l_p ball. The loss is logistic, or another one of slope at most 1.

    Parameters
    ----------
    model : Network
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1
    radii : array of shape (E, 2)
    p : {2, inf}

    Returns
    -------
    first, second : arrays of shape (E,)
        The two terms.
    length : array of shape (E,)
        G, in logits per unit of the scaled features.

    Examples
    --------
    >>> network = models.init_network(1, [0.1], seed=0)
    >>> X, y = np.array([[-1.0], [1.0]]), np.array([0, 1])
    >>> first, second, length = theory.signed_departure(network, X, y, np.array([[0.2, 0.0]]))
    >>> first.shape, second.shape, length.shape
    ((1,), (1,), (1,))
    """
    radii = np.asarray(radii, dtype=np.float64)
    mean, delta = mean_and_delta(radii)
    slopes = torch.linalg.vector_norm(model.gradient(X), ord=dual_exponent(p), dim=-1)
    slopes = slopes.double().cpu().numpy()
    length = slopes.mean(-1)
    first = np.abs(delta) * np.abs(slopes - length[:, None]).mean(-1)
    share = np.array([np.mean(y), 1 - np.mean(y)])
    squares = radii**2 @ share + mean**2
    widest = X.shape[1] if p == np.inf else 1
    return first, curvature(model) / 2 * widest * squares, length

"""Adversarial perturbations: the exact inner maximum for linear models, projected gradients for others, and accuracy under attack."""

import numpy as np
import torch

from rrlib.models import check_features, predict, to


def dual_exponent(p):
    """Return q with 1/p + 1/q = 1, for p in {1, 2, inf}.

    Raises
    ------
    ValueError
        If p is none of the three.
    """
    try:
        return {1: np.inf, 2: 2, np.inf: 1}[p]
    except (KeyError, TypeError):
        raise ValueError(f"p must be 1, 2 or numpy.inf, not {p!r}") from None


def dual_vector(w, p):
    """Return u with ||u||_p <= 1 and w.u = ||w||_q, row by row of w, shape (..., d): the gradient of ||w||_q.

    Where w = 0 the answer is 0, which is one of the subgradients.
    For p = 1 only the first of the largest coordinates moves.
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


def worst_case(model, y, radius, *, p=np.inf):
    """Return the perturbation in an l_p ball that raises the logistic loss of a linear family most.

    The loss falls in the margin y h(x + delta), and the smallest margin is y h(x) - radius ||w||_q,
    at delta = -y radius u, with u the dual vector of w: the same for every x of a class.

    Parameters
    ----------
    model : LogisticRegression
    y : array of shape (n,), labels 0 or 1
    radius : float
        In scaled features.
    p : {1, 2, inf}

    Returns
    -------
    array of shape (E, n, d)
    """
    sign = 2.0 * np.asarray(y) - 1.0
    return -radius * sign[None, :, None] * dual_vector(model.w.numpy(), p)[:, None, :]


def adversarial_accuracy(model, X, y, radius, *, p=np.inf):
    """Return the share of rows that a linear family still gets right under the worst perturbation, shape (E,); exact.

    A row is right where the smallest margin in its ball, y h(x) - radius ||w||_q, is positive;
    a favourable row also at 0, since a logit of 0 is favourable.

    Parameters
    ----------
    model : LogisticRegression
    X : array of shape (n, d)
    y : array of shape (n,), labels 0 or 1
    radius : float
        In scaled features; 0 gives the plain accuracy.
    p : {1, 2, inf}
    """
    y = torch.as_tensor(np.asarray(y), device=model.w.device)
    reach = radius * torch.linalg.vector_norm(model.w, ord=dual_exponent(p), dim=-1, keepdim=True)
    logits = model(X)
    right = torch.where(y == 1, logits - reach >= 0, logits + reach < 0)
    return right.double().mean(-1).cpu().numpy()


def pgd(model, X, y, radius, *, p=np.inf, steps=20, restarts=1, seed=0):
    """Projected gradient descent on the margin y h(x + delta) over an l_p ball, for a whole family at once.

    The logistic loss falls in the margin, so its maximum is the margin's minimum and only the direction of the gradient counts.
    Steps of length 2.5 radius / steps; the first restart starts at the centre, each other one at a random point of the ball,
    the same for every row and every model. The point with the smallest margin on the way is kept.

    Parameters
    ----------
    model : a family with `logits_and_gradient`
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1
    radius : float, or array of shape (E,) with one for each model
        In scaled features.
    p : {2, inf}
    steps : int
    restarts : int
    seed : int
        Of the random starts; a single start is not random.

    Returns
    -------
    Tensor of shape (E, n, d)
        The perturbations.

    Raises
    ------
    ValueError
        On malformed X, y, radius or p, or fewer than one step or restart.
    """
    X, y, radius = check_features(X), np.asarray(y), np.asarray(radius, dtype=np.float64)
    if y.shape != (len(X),) or not np.isin(y, (0, 1)).all():
        raise ValueError(f"y must hold {len(X)} labels 0 or 1, one for each row of X; found shape {y.shape}, values {np.unique(y)[:5]}")
    if radius.shape not in ((), (len(model.eps),)) or not (np.isfinite(radius) & (radius >= 0)).all():
        raise ValueError(f"radius must be a finite number >= 0, or one for each of the {len(model.eps)} models, not {radius.tolist()}")
    if steps < 1 or restarts < 1:
        raise ValueError(f"steps and restarts must be at least 1, not {steps} and {restarts}")
    if p not in (2, np.inf):
        raise ValueError(f"p must be 2 or numpy.inf, not {p!r}")
    rng, d = np.random.default_rng(seed), X.shape[1]
    starts = [np.zeros(d)]
    for _ in range(restarts - 1):
        start = rng.uniform(-1, 1, d) if p == np.inf else rng.normal(size=d)
        starts.append(start if p == np.inf else start * rng.random() ** (1 / d) / np.linalg.norm(start))
    rows, sign, radius, starts = (torch.as_tensor(value).to(model.eps) for value in (X, 2.0 * y - 1, radius, np.array(starts)))
    return descend_margin(model, rows, sign, radius.expand(len(model.eps)), p, steps, starts)


def descend_margin(model, X, sign, radius, p, steps, starts):
    """The loop of `pgd` on tensors: X (n, d), signs (n,), radius (E,), and starts (restarts, d) in the unit ball."""
    radius = radius[:, None, None]
    sign = sign.unsqueeze(-1)
    best = X.new_zeros(len(radius), *X.shape)
    lowest = X.new_full(best.shape[:2], np.inf)
    for start in starts:
        delta = (radius * start).expand_as(best)
        for step in range(steps + 1):
            logits, gradient = model.logits_and_gradient(X + delta)
            margin = sign.squeeze(-1) * logits
            better = margin < lowest
            lowest = torch.where(better, margin, lowest)
            best = torch.where(better.unsqueeze(-1), delta, best)
            if step < steps:
                delta = _project(delta - 2.5 / steps * radius * _direction(sign * gradient, p), radius, p)
    return best


def pgd_accuracy(model, X, y, radius, *, p=np.inf, steps=20, restarts=1, seed=0):
    """Return the share of rows that a family still gets right under `pgd`, shape (E,): at least the true adversarial accuracy.

    Parameters as for `pgd`.
    """
    delta = pgd(model, X, y, radius, p=p, steps=steps, restarts=restarts, seed=seed)
    right = predict(model, torch.as_tensor(X).to(delta) + delta) == (torch.as_tensor(y, device=delta.device) == 1)
    return right.double().mean(-1).cpu().numpy()


def certified_accuracy(model, X, y, radius, *, p=np.inf):
    """Return a share of rows that no perturbation in the l_p ball can turn, shape (E,): at most the true adversarial accuracy.

    The margin at x + delta is at least y h(x) - radius ||grad h(x)||_q plus, for each hidden unit, the least value of
    y w2 (sigmoid(z + u) - sigmoid(z) - u sigmoid'(z)) over |u| <= t = radius ||W1||_q. As sigmoid' is even,
    this function of u is stationary at 0 and -2z only, so its least value stands at 0, -t, t or -2z clipped to [-t, t].

    Parameters
    ----------
    model : Network
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1
    radius : float
        In scaled features.
    p : {1, 2, inf}
    """
    model, q = to(model, torch.float64), dual_exponent(p)
    X, sign = (torch.as_tensor(value, dtype=torch.float64, device=model.eps.device) for value in (check_features(X), 2.0 * np.asarray(y) - 1))
    z = model.W1 @ X.mT + model.b1.unsqueeze(-1)
    a, reach = torch.sigmoid(z), radius * torch.linalg.vector_norm(model.W1, ord=q, dim=-1, keepdim=True)
    worst = torch.zeros_like(z)
    for move in (-reach, reach, torch.clamp(-2 * z, -reach, reach)):
        change = sign * model.w2.unsqueeze(-1) * (torch.sigmoid(z + move) - a - move * a * (1 - a))
        worst = torch.minimum(worst, change)
    logits, gradient = model.logits_and_gradient(X)
    margin = sign * logits - radius * torch.linalg.vector_norm(gradient, ord=q, dim=-1) + worst.sum(1)
    return (margin > 0).double().mean(-1).cpu().numpy()


def _direction(gradient, p):
    """Return the unit perturbation along which the gradient rises fastest: signs for p = inf, the unit vector for p = 2."""
    return gradient.sign() if p == np.inf else torch.nn.functional.normalize(gradient, dim=-1, eps=1e-30)


def _project(delta, radius, p):
    """Return the nearest point of the l_p ball."""
    if p == np.inf:
        return torch.clamp(delta, -radius, radius)
    return delta * (radius / torch.linalg.vector_norm(delta, dim=-1, keepdim=True).clamp_min(1e-30)).clamp_max(1.0)

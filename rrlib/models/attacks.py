"""Adversarial perturbations, exact for linear models and by projected gradients for others."""

from functools import partial

import numpy as np
import torch

from rrlib.models.certificate import certified_margin
from rrlib.models.checks import as_tensor, check_family, check_features, check_labels, check_radius
from rrlib.models.family import check_linear, count_features, predict, to
from rrlib.models.norms import dual_exponent, dual_vector

ROWS = 2**14
"""Rows that are attacked at once, for all models."""


def worst_case(model, y, radius, *, p=np.inf):
    """Return the perturbation in an l_p ball that raises the logistic loss of a linear family most.

    The loss falls in the margin y h(x + delta), and the smallest margin is y h(x) - radius ||w||_q,
    at delta = -y radius u, with u the dual vector of w: the same for every x of a class.

    Parameters
    ----------
    model : LogisticRegression
    y : array of shape (n,), labels 0 or 1
    radius : float, or array of shape (E,) with one for each model
        In scaled features.
    p : {1, 2, inf}

    Returns
    -------
    array of shape (E, n, d)

    Raises
    ------
    ValueError
        On another kind of model, malformed y, radius or p.

    Examples
    --------
    >>> w, b = torch.tensor([[1.0, -1.0]]), torch.zeros(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> models.worst_case(model, np.array([1, 0]), 0.5).tolist()
    [[[-0.5, 0.5], [0.5, -0.5]]]
    """
    check_linear(model, "worst_case", "pgd")
    sign = check_labels(y, len(y), both=False)
    radius = check_radius(radius, len(model.eps))
    u = dual_vector(model.w.detach().cpu().numpy(), p)
    return -radius[:, None, None] * sign[:, None] * u[:, None, :]


def adversarial_accuracy(model, X, y, radius, *, p=np.inf):
    """Return the share of rows that a linear family still gets right under attack, shape (E,).

    It is exact. A row is right where the smallest margin in its ball, y h(x) - radius ||w||_q, is
    positive; a favourable row also at 0, since a logit of 0 is favourable.

    Parameters
    ----------
    model : LogisticRegression
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1
    radius : float, or array of shape (E,) with one for each model
        In scaled features; 0 gives the plain accuracy.
    p : {1, 2, inf}

    Raises
    ------
    ValueError
        On another kind of model, malformed X, y, radius or p.

    Examples
    --------
    >>> w, b = torch.tensor([[1.0, -1.0]]), torch.zeros(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> X, y = np.array([[2.0, 0.0], [0.1, 0.0], [-1.0, 0.5]]), np.array([1, 1, 0])
    >>> models.adversarial_accuracy(model, X, y, 0.0).tolist()
    [1.0]
    >>> models.adversarial_accuracy(model, X, y, 0.2).round(2).tolist()
    [0.67]
    """
    check_linear(model, "adversarial_accuracy", "pgd_accuracy or certified_accuracy")
    X, sign, radius = _checked(model, X, y, radius)
    length = torch.linalg.vector_norm(model.w, ord=dual_exponent(p), dim=-1)
    reach = (radius * length).unsqueeze(-1)

    def right(rows, signs):
        logits = model(rows)
        return torch.where(signs > 0, logits - reach >= 0, logits + reach < 0)

    return _share_right(right, X, sign)


@torch.no_grad()
def pgd(model, X, y, radius, *, p=np.inf, steps=20, restarts=1, seed=0):
    """Projected gradient descent on the margin y h(x + delta) over an l_p ball, for a whole family.

    The logistic loss falls in the margin, so its maximum is the margin's minimum and only the
    direction of the gradient counts. Steps of length 2.5 radius / steps; the first restart starts
    at the centre, each other one at a random point of the ball, the same for every row and every
    model. The point with the smallest margin on the way is kept.

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

    Examples
    --------
    >>> w, b = torch.tensor([[1.0, -1.0]]), torch.zeros(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> delta = models.pgd(model, np.array([[2.0, 0.0]]), np.array([1]), 0.2)
    >>> delta.numpy().round(3)
    array([[[-0.2,  0.2]]], dtype=float32)
    """
    X, sign, attack = _attack(model, X, y, radius, p, steps, restarts, seed)
    return torch.cat([*map(attack, X.split(ROWS), sign.split(ROWS))], 1)


def descend_margin(model, X, sign, radius, p, steps, starts):
    """Descend as in `pgd`, on tensors: X (n, d), signs (n,), radius (E,).

    The starts, shape (restarts, d), lie in the unit ball.
    """
    radius = radius[:, None, None]
    stride = 2.5 / steps * radius
    best = X.new_zeros(len(radius), *X.shape)
    lowest = X.new_full(best.shape[:2], np.inf)
    for start in starts:
        delta = (radius * start).expand_as(best)
        for step in range(steps + 1):
            logits, gradient = model.logits_and_gradient(X + delta)
            margin = sign * logits
            better = margin < lowest
            lowest = torch.where(better, margin, lowest)
            best = torch.where(better.unsqueeze(-1), delta, best)
            if step < steps:
                uphill = _direction(sign.unsqueeze(-1) * gradient, p)
                delta = _project(delta - stride * uphill, radius, p)
    return best


@torch.no_grad()
def pgd_accuracy(model, X, y, radius, *, p=np.inf, steps=20, restarts=1, seed=0):
    """Return the share of rows that a family still gets right under `pgd`, shape (E,).

    It is at least the true adversarial accuracy. Parameters and errors are those of `pgd`.

    Examples
    --------
    >>> w, b = torch.tensor([[1.0, -1.0]]), torch.zeros(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> X, y = np.array([[2.0, 0.0], [0.1, 0.0]]), np.array([1, 1])
    >>> models.pgd_accuracy(model, X, y, 0.2).tolist()
    [0.5]
    """
    X, sign, attack = _attack(model, X, y, radius, p, steps, restarts, seed)
    return _share_right(
        lambda rows, signs: predict(model, rows + attack(rows, signs)) == (signs > 0), X, sign
    )


@torch.no_grad()
def certified_accuracy(model, X, y, radius, *, p=np.inf):
    """Return a share of rows that no perturbation in the l_p ball can turn, shape (E,).

    It is at most the true adversarial accuracy, and equals it for a linear family, but for ties.
    A row counts where its `certified_margin` is positive.

    Parameters
    ----------
    model : a family
    X, y, radius : as for `adversarial_accuracy`
    p : {1, 2, inf}

    Raises
    ------
    ValueError
        On malformed X, y, radius or p.

    Examples
    --------
    >>> model = models.init_network(2, [0.0], seed=0)
    >>> X, y = np.array([[1.0, 0.0], [-1.0, 0.5]]), np.array([1, 0])
    >>> certified = models.certified_accuracy(model, X, y, 0.1)
    >>> bool((certified <= models.pgd_accuracy(model, X, y, 0.1)).all())
    True
    """
    q = dual_exponent(p)
    check_family(model)
    model = to(model, torch.float64)
    X, sign, radius = _checked(model, X, y, radius)
    margin = partial(certified_margin, model, radius=radius[:, None], q=q)
    return _share_right(lambda rows, signs: margin(rows, signs) > 0, X, sign)


def _checked(model, X, y, radius):
    """Return rows (n, d), signs (n,) and radii (E,) as tensors of the model's type."""
    X = check_features(X, d=count_features(model))
    sign = check_labels(y, len(X), both=False)
    radius = check_radius(radius, len(model.eps))
    return [as_tensor(value, model.eps) for value in (X, sign, radius)]


def _share_right(right, X, sign):
    """Return the share of rows where right(rows, signs), (E, m), holds, block by block, (E,)."""
    counts = [block.sum(-1) for block in map(right, X.split(ROWS), sign.split(ROWS))]
    return (torch.stack(counts).sum(0).double() / len(X)).cpu().numpy()


def _attack(model, X, y, radius, p, steps, restarts, seed):
    """Return rows and signs as `_checked` does, and a function that attacks some of them."""
    X, sign, radius = _checked(model, X, y, radius)
    if steps < 1 or restarts < 1:
        raise ValueError(f"steps and restarts must be at least 1, not {steps} and {restarts}")
    if p not in (2, np.inf):
        raise ValueError(f"p must be 2 or numpy.inf, not {p!r}")
    starts = as_tensor(_starts(X.shape[1], p, restarts, seed), X)
    attack = partial(descend_margin, model, radius=radius, p=p, steps=steps, starts=starts)
    return X, sign, attack


def _starts(d, p, restarts, seed):
    """Return the centre and random points of the unit ball, shape (restarts, d)."""
    rng = np.random.default_rng(seed)
    starts = [np.zeros(d)]
    for _ in range(restarts - 1):
        start = rng.uniform(-1, 1, d) if p == np.inf else rng.normal(size=d)
        if p == 2:
            start = start * rng.random() ** (1 / d) / np.linalg.norm(start)
        starts.append(start)
    return np.array(starts)


def _direction(gradient, p):
    """Return the direction of steepest ascent: signs for p = inf, a unit vector for p = 2."""
    if p == np.inf:
        return gradient.sign()
    return torch.nn.functional.normalize(gradient, dim=-1, eps=1e-30)


def _project(delta, radius, p):
    """Return the nearest point of the l_p ball."""
    if p == np.inf:
        return torch.clamp(delta, -radius, radius)
    length = torch.linalg.vector_norm(delta, dim=-1, keepdim=True).clamp_min(1e-30)
    return delta * (radius / length).clamp_max(1.0)

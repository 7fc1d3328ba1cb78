"""How much of the ball around a row a family gives the other label: what one sees, sampled."""

import numpy as np
import torch
from scipy.stats import norm
from scipy.stats.qmc import Halton

from rrlib.models.family import predict
from rrlib.recourse.common import start_and_target

BALL_POINTS = 2**14
"""Points of balls that a family judges at once."""


def share_valid_in_ball(model, X, radius, *, samples, seed, target=None):
    """Return the share of the l2 ball around each row that each model gives the target label.

    The ball of radius r around x is judged at the points x + r z. Each z is uniform in the unit
    ball, and together they are a scrambled Halton sequence, which fills it more evenly than
    independent draws do. All rows, all models and all radii have the same z: differences between
    models are paired, and a batch equals the loop over its rows.

    Parameters
    ----------
    model : a family of rrlib.models
    X : array of shape (n, d), scaled features
    radius : float or array of shape (R,), positive, scaled features
    samples : int
        Points of each ball.
    seed : int
    target : array of signs, broadcast to (E, n), optional
        +1 for the favourable label, -1 for the other. Omitted: the opposite of each model's own
        prediction at x.

    Returns
    -------
    array of shape (E, n, R)

    Raises
    ------
    ValueError
        On malformed X or target, a radius that is not positive and finite, or fewer than one
        sample.

    Examples
    --------
    >>> w, b = torch.tensor([[1.0, 0.0]]), torch.zeros(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> X = np.array([[0.0, 0.0], [-5.0, 0.0]])
    >>> share = study.share_valid_in_ball(model, X, 1.0, samples=256, seed=0)
    >>> share.shape, share[0, 1].item()
    ((1, 2, 1), 0.0)
    """
    radius = np.atleast_1d(np.asarray(radius, dtype=np.float64))
    if radius.ndim != 1 or not (np.isfinite(radius) & (radius > 0)).all():
        wanted = "one positive number or a list of them, in scaled features"
        raise ValueError(f"radius must be {wanted}, not {radius.tolist()}")
    if not (isinstance(samples, (int, np.integer)) and samples >= 1):
        raise ValueError(f"samples must be a whole number of at least 1, not {samples!r}")
    start, signs = start_and_target(model, X, target)
    z = _points_in_unit_ball(start.shape[1], samples, seed).to(start)
    share = torch.empty(*signs.shape, len(radius), dtype=torch.float64)
    rows_at_once = max(1, BALL_POINTS // samples)
    for rows in torch.arange(len(start)).split(rows_at_once):
        wanted = signs[:, rows, None] > 0
        for k, r in enumerate(radius):
            points = start[rows, None] + r * z
            judged = predict(model, points.flatten(0, 1)).unflatten(1, (len(rows), samples))
            share[:, rows, k] = (judged == wanted).double().mean(-1)
    return share.numpy()


def _points_in_unit_ball(d, samples, seed):
    """Return points of the unit ball from a scrambled Halton sequence, a tensor (samples, d)."""
    u = Halton(d + 1, rng=np.random.default_rng(seed)).random(samples)
    z = norm.ppf(u[:, :d])
    length = u[:, d:] ** (1 / d)
    z *= length / np.linalg.norm(z, axis=1, keepdims=True)
    return torch.as_tensor(z)

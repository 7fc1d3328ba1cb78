"""Lemma 1, repaired before training: where every robust logistic model must lie.

The standard model is given. Parameters are written theta = (w, b), rows x with a last feature 1
(`rrlib.theory.weights.add_bias`); E is the axis of radii. F_eps is the mean logistic loss under
the worst perturbation of radius eps.
"""

import numpy as np

from rrlib.models.logistic import fit_logistic
from rrlib.theory.bounds import Bounds
from rrlib.theory.weights import attacked_norm

SMOOTHING = (2.0, 1.0, 0.5, 0.25, 0.12, 0.06, 0.03)
"""Widths by which `robust_region_support` rounds the corner of ||w||_q.

In mean absolute weights of the standard model.
"""

FEW = 2000
"""About so many rows show `robust_region_support` the way to the last width, which takes all."""


def robust_risk(X, y, theta, eps, *, p=np.inf):
    """Return F_eps(theta) in nats, shape (...).

    X has shape (..., n, D), the labels y (..., n), theta (..., D) and eps (...).

    Examples
    --------
    >>> X, y = theory.add_bias(np.array([[-1.0], [1.0]])), np.array([0, 1])
    >>> print(f"{theory.robust_risk(X, y, np.array([1.0, 0.0]), 0.1):.4f}")
    0.3412
    """
    X, theta, eps = np.asarray(X), np.asarray(theta), np.asarray(eps)
    sign = 2.0 * np.asarray(y) - 1
    margin = sign * (X @ theta[..., None])[..., 0]
    attack = eps * attacked_norm(theta, p, True)
    loss, _ = _softplus(attack[..., None] - margin)
    return loss.mean(-1)


def shrunk_models(X, y, theta_nr, eps, *, p=np.inf):
    """Return the best robust models among the multiples of the standard weights, shape (E, D).

    With any bias. This is robust training with one feature, the standard logit: two numbers are
    fitted, and no robust model is. X has shape (n, D), theta_nr (D,), eps (E,).

    Examples
    --------
    >>> X = theory.add_bias(np.array([[-1.0], [0.0], [0.5], [2.0]]))
    >>> y, theta = np.array([0, 1, 0, 1]), np.array([0.853, -0.310])
    >>> theory.shrunk_models(X, y, theta, np.array([0.1, 0.2])).shape
    (2, 2)
    """
    w = theta_nr[:-1]
    logit = X[:, :-1] @ w
    radii = np.asarray(eps) * attacked_norm(theta_nr, p, True)
    model = fit_logistic(logit[:, None], y, radii).model
    return np.column_stack([model.w.numpy() * w, model.b.numpy()])


def robust_region_reach(X, y, theta_nr, theta, threshold, *, radius=0.0, p=np.inf, slack=1e-14):
    """Return how far {F_radius <= threshold} reaches from theta_nr towards theta, shape (E,).

    That is the largest t >= 1 for which theta_nr + t (theta - theta_nr) lies in the region. The
    region is convex; t says how much farther than theta it reaches in theta's own direction, up
    to 1e-6. 0 where theta itself lies outside by more than `slack` nats; infinite where no t below
    1e6 leaves the region.

    Parameters
    ----------
    X, y : arrays of shapes (n, D) and (n,)
    theta_nr : array of shape (D,)
    theta : array of shape (E, D)
    threshold : array of shape (E,), in nats
    radius : float or array of shape (E,)
        0 for the outer region, the robust models' eps for the inner one.
    p : {1, 2, inf}

    Examples
    --------
    >>> X = theory.add_bias(np.array([[-1.0], [0.0], [0.5], [2.0]]))
    >>> y, theta = np.array([0, 1, 0, 1]), np.array([0.853, -0.310])
    >>> there = np.array([[0.5, -0.2]])
    >>> least = theory.robust_risk(X, y, there, np.zeros(1))
    >>> theory.robust_region_reach(X, y, theta, there, least + 0.01).shape
    (1,)
    """
    step = theta - theta_nr
    sign = 2.0 * np.asarray(y) - 1
    start, slope = sign * (X @ theta_nr), sign * (step @ X.T)

    def inside(t):
        norm = attacked_norm(theta_nr + t[:, None] * step, p, True)
        attack = (radius * norm)[:, None]
        loss, _ = _softplus(attack - start - t[:, None] * slope)
        return loss.mean(-1) <= threshold + slack

    low = np.ones(len(theta))
    within = inside(low)
    growing = within
    while growing.any():
        growing = within & (low < 1e6) & inside(2 * low)
        low = np.where(growing, 2 * low, low)
    high = 2 * low
    for _ in range(20):
        middle = (low + high) / 2
        good = inside(middle)
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    reach = np.where(low < 1e6, low, np.inf)
    return np.where(within, reach, 0.0)


def robust_region_support(X, y, theta_nr, directions, eps, *, p=np.inf, shrunk=None):
    """Return upper bounds on a.theta over a region, for K directions a, shape (K,).

    The region is {F_eps <= F_eps(shrunk standard model)}. ||w||_q is replaced by a smooth function
    below it (|w_j| by sqrt(w_j^2 + width^2) - width), which enlarges the region. Newton's method
    solves F = c, grad F = l a, while the width falls along `SMOOTHING`, on every so many rows and
    in the end on all of them; then a.theta + (c - F(theta)) / l bounds the
    maximum, as F is convex. Infinite where Newton's method has not converged.

    Parameters
    ----------
    X, y : arrays of shapes (n, D) and (n,)
    theta_nr : array of shape (D,)
    directions : array of shape (K, D)
    eps : float
    p : {2, inf}
    shrunk : array of shape (D,), optional
        The shrunk standard model, where it is known already.

    Raises
    ------
    ValueError
        If eps is not positive (at 0 the region is one point, theta_nr), or p is neither 2 nor inf.

    Examples
    --------
    >>> X = theory.add_bias(np.array([[-1.0], [0.0], [0.5], [2.0]]))
    >>> y, theta = np.array([0, 1, 0, 1]), np.array([0.853, -0.310])
    >>> theory.robust_region_support(X, y, theta, np.array([[1.0, 0.0]]), 0.1).shape
    (1,)
    """
    if not eps > 0:
        raise ValueError(f"eps must be positive, not {eps}: the region at 0 is the standard model")
    if p not in (2, np.inf):
        raise ValueError(f"p must be 2 or numpy.inf, not {p!r}")
    signed = (2.0 * np.asarray(y) - 1)[:, None] * np.asarray(X)
    pairs = (signed[:, :, None] * signed[:, None, :]).reshape(len(signed), -1)
    centre = shrunk_models(X, y, theta_nr, [eps], p=p)[0] if shrunk is None else shrunk
    widths = np.array(SMOOTHING) * np.abs(theta_nr[:-1]).mean()

    def bounds(directions, step):
        few, lost = slice(None, None, step), np.zeros(len(directions), dtype=bool)
        level = robust_risk(X[few], y[few], centre, eps, p=p)
        theta = np.tile(centre, (len(directions), 1))
        start = _smooth_risk(theta, signed[few], pairs[few], eps, widths[0], p)
        theta, multiplier = _first_guess(theta, directions, level, *start)
        stages = [(width, few, 1e-4) for width in widths] + [(widths[-1], slice(None), 1e-10)]
        for width, rows, tolerance in stages:
            level = robust_risk(X[rows], y[rows], centre, eps, p=p)
            for _ in range(30):
                F, *slopes = _smooth_risk(theta, signed[rows], pairs[rows], eps, width, p)
                unmet = np.abs(slopes[0] - multiplier[:, None] * directions).max(-1)
                error = np.maximum(unmet, np.abs(F - level))
                error[lost] = np.inf
                if (error[~lost] < tolerance).all():
                    break
                theta, multiplier = _newton(theta, multiplier, directions, level, F, *slopes)
                # A direction whose search diverges waits at the centre and gets no bound.
                lost |= ~(np.abs(theta).max(-1) < 1e9)  # NaN too
                theta[lost], multiplier[lost] = centre, 1.0
        support = (directions * theta).sum(-1) + (level - F) / multiplier
        return np.where(error < 1e-8, support, np.inf)

    support = bounds(directions, max(1, len(signed) // FEW))
    astray = np.isinf(support)
    if astray.any():  # a few rows may have shown the wrong way
        support[astray] = bounds(directions[astray], 1)
    return support


def _first_guess(theta, directions, level, F, gradient, hessian):
    """Return where a.theta is largest if the risk is quadratic around theta, and its multiplier.

    With F the quadratic model at theta, that is the point with F = level and grad F = l a, and l.
    """
    downhill, along = _solve(hessian, np.stack([gradient, directions]))
    room = 2 * (level - F) + (gradient * downhill).sum(-1)
    length = np.sqrt(room / (directions * along).sum(-1))
    return theta - downhill + length[:, None] * along, length


def _newton(theta, multiplier, directions, level, F, gradient, hessian):
    """Return theta and the multiplier l after a Newton step on F = level, grad F = l a.

    The step solves H dtheta = (l + dl) a - grad F with grad F . dtheta = level - F. That fixes
    l + dl, so neither it nor the next theta depends on l, and l may be kept within 0.3 and 3 times
    its last value: it only tells how far grad F = l a is met, and enters the bound in the end.
    """
    missing = gradient - multiplier[:, None] * directions
    back, along = _solve(hessian, np.stack([missing, directions]))
    change = ((gradient * back).sum(-1) - F + level) / (gradient * along).sum(-1)
    theta = theta - back + change[:, None] * along
    return theta, np.clip(multiplier + change, 0.3 * multiplier, 3 * multiplier)


def robust_region_box(X, y, theta_nr, eps, *, p=np.inf, shrunk=None):
    """Return an interval for every weight of every robust model, before any is trained.

    Bounds of shape (E, D). A theta_r with F_eps(theta_r) <= F_eps(shrunk standard model), in
    particular a minimiser, has each weight in its interval. Parameters as for
    `robust_region_support`; eps has shape (E,), `shrunk` (E, D).

    Examples
    --------
    >>> X = theory.add_bias(np.array([[-1.0], [0.0], [0.5], [2.0]]))
    >>> y, theta = np.array([0, 1, 0, 1]), np.array([0.853, -0.310])
    >>> box = theory.robust_region_box(X, y, theta, np.array([0.1]))
    >>> bool((box.lower < box.upper).all())
    True
    """
    D = len(theta_nr)
    given = X, y, theta_nr, np.concatenate([np.eye(D), -np.eye(D)])
    shrunk = shrunk_models(X, y, theta_nr, eps, p=p) if shrunk is None else shrunk
    reach = [robust_region_support(*given, r, p=p, shrunk=s) for r, s in zip(eps, shrunk)]
    upper, minus_lower = np.split(np.array(reach), 2, axis=1)
    return Bounds(-minus_lower, upper)


def lemma1_region(theta_nr, box):
    """Lemma 1 repaired, before training: what `robust_region_box` implies.

    Bounds on ||theta_r - theta_nr||_2, shape (E,).

    Examples
    --------
    >>> X = theory.add_bias(np.array([[-1.0], [0.0], [0.5], [2.0]]))
    >>> y, theta = np.array([0, 1, 0, 1]), np.array([0.853, -0.310])
    >>> box = theory.robust_region_box(X, y, theta, np.array([0.1]))
    >>> lower, upper = theory.lemma1_region(theta, box)
    >>> bool(lower[0] < upper[0])
    True
    """
    nearest = np.clip(theta_nr, box.lower, box.upper)
    farthest = np.maximum(np.abs(box.lower - theta_nr), np.abs(box.upper - theta_nr))
    return Bounds(np.linalg.norm(nearest - theta_nr, axis=-1), np.linalg.norm(farthest, axis=-1))


def _solve(matrices, vectors):
    """Solve K linear systems, (K, D, D) and (..., K, D); NaN where one is singular to rounding."""
    regular = np.linalg.cond(matrices) < 1e14
    safe = np.where(regular[:, None, None], matrices, np.eye(vectors.shape[-1]))
    answer = np.linalg.solve(safe, vectors[..., None])[..., 0]
    return np.where(regular[:, None], answer, np.nan)


def _softplus(z):
    """Return log(1 + e^z) and its derivative, sigma(z) = e^z / (1 + e^z)."""
    value = np.log1p(np.exp(-np.abs(z)))
    value += np.maximum(z, 0)
    return value, np.exp(z - value)


def _smooth_risk(theta, Z, pairs, eps, width, p):
    """Return value (K,), gradient (K, D) and Hessian (K, D, D) of the smooth robust risk.

    Smooth, as ||w||_q is replaced by `_smooth_norm` below it.
    """
    n = len(Z)
    norm, slope, bend = _smooth_norm(theta[:, :-1], width, p)
    loss, q = _softplus(eps * norm[:, None] - theta @ Z.T)
    mean, curve = q.mean(-1), q * (1 - q)
    push = eps * np.pad(slope, ((0, 0), (0, 1)))
    cross = (curve @ Z / n)[..., None] * push[:, None, :]
    hessian = (curve @ pairs / n).reshape(*theta.shape, -1) - cross - cross.swapaxes(-1, -2)
    hessian += curve.mean(-1)[:, None, None] * push[..., None] * push[:, None, :]
    hessian[:, :-1, :-1] += (eps * mean)[:, None, None] * bend
    gradient = mean[:, None] * push - q @ Z / n
    return loss.mean(-1), gradient, hessian


def _smooth_norm(w, width, p):
    """Return value (K,), gradient (K, d) and Hessian (K, d, d) of a smooth norm below ||w||_q."""
    identity = np.eye(w.shape[-1])
    if p == np.inf:
        root = np.sqrt(w**2 + width**2)
        norm, slope = (root - width).sum(-1), w / root
        bend = (width**2 / root**3)[..., None] * identity
    else:
        root = np.sqrt((w**2).sum(-1, keepdims=True) + width**2)
        norm, slope = root[:, 0] - width, w / root
        bend = (identity - slope[..., None] * slope[:, None, :]) / root[..., None]
    return norm, slope, bend

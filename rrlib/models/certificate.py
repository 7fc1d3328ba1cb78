"""Certificates: balls around the rows in which no perturbation turns a family's answer."""

import torch

from rrlib.models.family import lipschitz, to

IN_HAND = 0.001
"""The share of |h(x)| that a certified margin keeps in hand; rounding stays below it."""


def certified_margin(model, X, sign, radius, *, q):
    """Return a lower bound on the margin y h in an l_p ball around each row, shape (E, n).

    It is the better one of the family's `least_margin`, with the slopes at x, and its
    `interval_margin`; exact for a linear family.

    X (n, d) is in float64, signs y and radii broadcast to (E, n), q is the dual exponent of p.
    """
    slopes = model.least_margin(X, sign, radius, q=q)
    return torch.maximum(slopes, model.interval_margin(X, sign, radius, q=q))


def certified_radius(model, X, *, most, steps=7):
    """Return the radius of an l2 ball around each row that holds no other label, shape (E, n).

    The ball of |h(x)| / Lipschitz constant is one. A larger one is looked for, up to `most` or to
    three times the distance to where the tangent at x is 0, by halving the logarithm of the ratio
    of a radius that is certified and one that is not: the least margin must keep a thousandth of
    |h(x)| in hand. The work is in float64; the labels are those that the model gives in its own
    type.

    For a linear family it is 0.999 |h(x)| / ||w||_2. For a constant one it is infinite, or NaN
    where h(x) = 0.

    Parameters
    ----------
    model : a family
    X : Tensor of shape (n, d), scaled features, of the family's type
    most : float
        In scaled features.
    steps : int
        How often the logarithm is halved.
    """
    logits = model(X)
    known = (1 - IN_HAND) * logits.abs() / lipschitz(model).unsqueeze(-1)
    sign = torch.where(logits >= 0, 1.0, -1.0).double()
    exact, X = to(model, torch.float64), X.double()
    logits, gradient = exact.logits_and_gradient(X)
    spare = IN_HAND * logits.abs()
    tangent = logits.abs() / torch.linalg.vector_norm(gradient, dim=-1)
    low, high = known.double(), (3 * tangent).clamp_max(most)
    for _ in range(steps):
        middle = (low * high).sqrt()
        holds = exact.least_margin(X, sign, middle, q=2, chord=True) >= spare
        low, high = torch.where(holds, middle, low), torch.where(holds, high, middle)
    return torch.maximum(known, low.to(known))


def least_above_line(z, reach, outward, chord):
    """Return slopes s, and the least of outward (sigmoid(z + u) - sigmoid(z) - s u), |u| <= reach.

    It stands at u = 0, at an end, or where sigmoid'(z + u) = s, that is at z + u = l or -l with
    tanh(l / 2)^2 = 1 - 4 s. The slopes are those at z, or those of the chords over the interval.
    """
    a = torch.sigmoid(z)
    high, low = torch.sigmoid(z + reach), torch.sigmoid(z - reach)
    if chord:
        slope = (high - low) / (2 * reach).clamp_min(torch.finfo(z.dtype).tiny)
        level = 2 * (1 - 4 * slope).clamp_min(0.0).sqrt().atanh()
        moves = level - z, -level - z
    else:
        slope, moves = a * (1 - a), (-2 * z,)
    tilt = slope * reach
    least = torch.minimum(outward * (high - a - tilt), outward * (low - a + tilt)).clamp_max(0.0)
    for move in moves:
        move = move.clamp(-reach, reach)
        excess = torch.sigmoid(z + move) - a - move * slope
        least = torch.minimum(least, outward * excess)
    return slope, least


def rounding(model, X, radius):
    """Return a generous bound on the rounding of the logits within a radius of each row, (E, n).

    However the terms are added up, it is less than the family's rounding unit times the number of
    a model's parameters times the sum of the sizes of the terms.
    """
    count = sum(parameter[0].numel() for parameter in model[:-1])
    return torch.finfo(X.dtype).eps * count * model.magnitude(X, radius)

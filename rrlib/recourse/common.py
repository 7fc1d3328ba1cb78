"""What all recourse methods share: options, targets, bounds, and the judgement of a result."""

import math
import numbers
from typing import NamedTuple

import numpy as np
import torch

from rrlib.models.checks import as_tensor, check_features
from rrlib.models.family import count_features, predict

ROWS = 2**14
"""Rows of the input that a method works on at once, for all models: memory stays flat."""


class Recourse(NamedTuple):
    """What a method recommends: models along the first axis, rows of the input along the second.

    Attributes
    ----------
    x_cf : Tensor of shape (E, n, d)
        The recommended point, in scaled features. Where the search failed: the last iterate of a
        method that minimises, the row itself for a method that samples or solves exactly. Where
        the point would not be finite: the row itself. Never a NaN.
    valid : bool Tensor of shape (E, n)
        Whether the model gives x_cf the target label; never where the row had to stand in for a
        point that is not finite.
    cost : Tensor of shape (E, n)
        The l2 norm of x_cf - x, in scaled features.
    n_evals : int Tensor of shape (E, n)
        How often the model was evaluated for the row; the prediction at x itself is not counted.
    radius : Tensor of shape (E, n)
        Outer radius of the shell in which a sampler found the recourse, 0 where it found none; for
        all other methods the cost.
    """

    x_cf: torch.Tensor
    valid: torch.Tensor
    cost: torch.Tensor
    n_evals: torch.Tensor
    radius: torch.Tensor


class Box(NamedTuple):
    """Bounds on x', row by row.

    An immutable feature has lower = upper = x, a free one -inf and inf.

    Attributes
    ----------
    lower, upper : Tensor of shape (n, d), scaled features
    """

    lower: torch.Tensor
    upper: torch.Tensor


def flip_target(model, X):
    """Return the opposite of each model's own prediction, shape (E, n).

    As signs: +1 towards the favourable label, -1 away from it.

    Examples
    --------
    >>> w, b = torch.tensor([[1.0, -1.0]]), torch.zeros(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> recourse.flip_target(model, np.array([[2.0, 0.0], [0.0, 1.0]])).tolist()
    [[-1.0, 1.0]]
    """
    return torch.where(predict(model, X), -1.0, 1.0)


def start_and_target(model, X, target):
    """Return the rows as a tensor (n, d) of the model's type, and the target signs, shape (E, n).

    Raises
    ------
    ValueError
        On malformed X, another number of features than the model's, values that its type cannot
        hold, or a target that is not +1 or -1, or does not broadcast to (E, n).
    """
    start = as_tensor(check_features(X, d=count_features(model)), model[0])
    if not start.isfinite().all():
        raise ValueError(f"X holds values beyond the range of the model's {start.dtype}; scale it")
    if target is None:
        return start, flip_target(model, start).to(start)
    signs = _as_signs(target, start)
    shape = (len(model[-1]), len(start))
    try:
        return start, signs.broadcast_to(shape)
    except RuntimeError:
        raise ValueError(
            f"target must broadcast to (models, rows) = {shape}, not {tuple(signs.shape)}"
        ) from None


def _as_signs(target, like):
    expected = (
        "target must hold +1 (towards the favourable label) and -1 (away from it) alone, "
        "not labels 0 and 1"
    )
    try:
        signs = as_tensor(target, like)
    except (TypeError, ValueError):
        raise ValueError(f"{expected}; it is {target!r}") from None
    wrong = signs[signs.abs() != 1]
    if len(wrong):
        raise ValueError(f"{expected}; it holds {wrong[0].item():g}")
    return signs


def make_box(X, lower, upper, like):
    """Return the bounds as a Box of the type of the tensor `like`, or None where there are none.

    Parameters
    ----------
    X : array of shape (n, d), scaled features
    lower, upper : array of shape (d,) or (n, d), or None
        Scaled features; -inf and inf leave a side open.

    Raises
    ------
    ValueError
        If a bound has another shape or is NaN, or a row lies outside its own box.
    """
    if lower is None and upper is None:
        return None
    X = np.asarray(X, dtype=np.float64)
    lower = _as_side("lower", -np.inf if lower is None else lower, X.shape)
    upper = _as_side("upper", np.inf if upper is None else upper, X.shape)
    outside = (lower > X) | (upper < X)
    if outside.any():
        at = tuple(np.argwhere(outside)[0].tolist())
        raise ValueError(
            f"X{list(at)} = {X[at]} lies outside its own bounds [{lower[at]}, {upper[at]}]; "
            "widen the bounds of that row, so that doing nothing is allowed"
        )
    return Box(as_tensor(lower, like), as_tensor(upper, like))


def _as_side(name, given, shape):
    try:
        side = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers, not {given!r}") from None
    if side.shape not in ((), shape[1:], shape) or np.isnan(side).any():
        raise ValueError(
            f"{name} must have shape {shape[1:]} or {shape} and hold no NaN; got shape {side.shape}"
        )
    return np.broadcast_to(side, shape)


def within(box, rows):
    """Return the bounds of some rows, or None where there are none."""
    return box and Box(box.lower[rows], box.upper[rows])


def clip(points, box):
    """Return the points, (..., n, d), clipped to the bounds of their rows, if there are any."""
    return points if box is None else points.clamp(*box)


def judge(model, start, x_cf, target, n_evals, radius=None):
    """Judge the recommended points by the model itself; the radius is the cost unless given.

    A point that is not finite in the model's own type, or infinitely far away, is not judged: the
    row itself takes its place, and is not valid.
    """
    finite = x_cf.to(model[0]).isfinite().all(-1)
    finite = finite & torch.linalg.vector_norm(x_cf - start, dim=-1).isfinite()
    x_cf = torch.where(finite.unsqueeze(-1), x_cf, start)
    valid = finite & (predict(model, x_cf) == (target > 0))
    cost = torch.linalg.vector_norm(x_cf - start, dim=-1)
    return Recourse(x_cf, valid, cost, n_evals, cost if radius is None else radius)


def in_blocks(method, start, target, box=None, *, size=None):
    """Return method(start, target, box), worked out on blocks of rows and joined.

    No row of a method depends on another. Shapes: start (n, d), target (E, n). A block has
    `size` rows, ROWS if omitted, and is written into the result before the next one begins.
    """
    joined = None
    for rows in torch.arange(len(start), device=start.device).split(size or ROWS):
        block = method(start[rows], target[:, rows], within(box, rows))
        if len(rows) == len(start):
            return block
        joined = joined or type(block)(*(_room_for_all(field, len(start)) for field in block))
        for whole, part in zip(joined, block):
            whole[_columns(part, rows)] = part
    return joined


def _room_for_all(field, n):
    """Return an empty tensor like a field of a block, (m,) or (E, m, ...), for n rows."""
    shape = (n,) if field.ndim == 1 else (len(field), n, *field.shape[2:])
    return field.new_empty(shape)


def _columns(field, rows):
    """Return the index of a block's rows in a field, (n,) or (E, n, ...)."""
    block = slice(rows[0], rows[-1] + 1)
    return block if field.ndim == 1 else (slice(None), block)


def check_real(name, value, hint=""):
    """Raise a ValueError, with the hint as its remedy, unless an option is a finite number."""
    _require(_is_number(value) and math.isfinite(value), name, value, "finite", hint)


def check_positive(name, value, hint=""):
    """Raise a ValueError unless an option is a finite number above 0."""
    right = _is_number(value) and math.isfinite(value) and value > 0
    _require(right, name, value, "finite and positive", hint)


def check_not_negative(name, value, hint=""):
    """Raise a ValueError unless an option is a finite number of at least 0."""
    right = _is_number(value) and math.isfinite(value) and value >= 0
    _require(right, name, value, "finite and at least 0", hint)


def check_whole(name, value, least):
    """Raise a ValueError unless an option is a whole number of at least `least`."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    _require(whole and value >= least, name, value, f"a whole number of at least {least}")


def _is_number(value):
    if isinstance(value, torch.Tensor) and value.ndim == 0:
        value = value.item()
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _require(right, name, value, expected, hint=""):
    if not right:
        remedy = f": {hint}" if hint else ""
        raise ValueError(f"{name} must be {expected}, not {value!r}{remedy}")

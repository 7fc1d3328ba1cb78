"""What all recourse methods share: their result, their targets, their bounds, and the judgement of a recommended point."""

from typing import NamedTuple

import numpy as np
import torch

from rrlib.models import check_features, predict


class Recourse(NamedTuple):
    """What a method recommends, aligned with the models (first axis) and with the rows of the input (second axis).

    Attributes
    ----------
    x_cf : Tensor of shape (E, n, d)
        The recommended point, in scaled features. Where the search failed: the last iterate of a method that minimises,
        the row itself for a method that samples or solves exactly; never a NaN.
    valid : bool Tensor of shape (E, n)
        Whether the model gives x_cf the target label.
    cost : Tensor of shape (E, n)
        The l2 norm of x_cf - x, in scaled features.
    n_evals : int Tensor of shape (E, n)
        How often the model was evaluated for the row; the prediction at x itself is not counted.
    radius : Tensor of shape (E, n)
        Outer radius of the shell in which a sampler found the recourse, 0 where it found none; for all other methods the cost.
    """

    x_cf: torch.Tensor
    valid: torch.Tensor
    cost: torch.Tensor
    n_evals: torch.Tensor
    radius: torch.Tensor


class Box(NamedTuple):
    """Bounds on x', row by row: an immutable feature has lower = upper = x, a free one -inf and inf.

    Attributes
    ----------
    lower, upper : Tensor of shape (n, d), scaled features
    """

    lower: torch.Tensor
    upper: torch.Tensor


def flip_target(model, X):
    """Return the opposite of each model's own prediction as signs, shape (E, n): +1 towards the favourable label, -1 away."""
    return torch.where(predict(model, X), -1.0, 1.0)


def start_and_target(model, X, target):
    """Return the rows as a tensor (n, d) of the model's type, and the target signs broadcast to (E, n).

    Raises
    ------
    ValueError
        On malformed X, or a target that is not +1 or -1, or does not broadcast to (E, n).
    """
    start = torch.as_tensor(check_features(X)).to(model[0])
    if target is None:
        return start, flip_target(model, start).to(start)
    signs, shape = torch.as_tensor(target).to(start), (len(model[-1]), len(start))
    if not (signs.abs() == 1).all():
        raise ValueError("target must hold +1 (towards the favourable label) and -1 (away from it) alone, not labels 0 and 1")
    try:
        return start, signs.broadcast_to(shape)
    except RuntimeError:
        raise ValueError(f"target must broadcast to (models, rows) = {shape}, not {tuple(signs.shape)}") from None


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
    sides = {}
    for name, given, default in (("lower", lower, -np.inf), ("upper", upper, np.inf)):
        side = np.asarray(default if given is None else given, dtype=np.float64)
        if side.shape not in ((), X.shape[1:], X.shape) or np.isnan(side).any():
            raise ValueError(f"{name} must have shape {X.shape[1:]} or {X.shape} and hold no NaN; got shape {side.shape}")
        sides[name] = np.broadcast_to(side, X.shape)
    outside = (X < sides["lower"]) | (X > sides["upper"])
    if outside.any():
        row, column = np.argwhere(outside)[0]
        raise ValueError(
            f"X[{row}, {column}] = {X[row, column]} lies outside its own bounds [{sides['lower'][row, column]}, {sides['upper'][row, column]}]; "
            "widen the bounds of that row, so that doing nothing is allowed"
        )
    return Box(*(torch.as_tensor(side.copy()).to(like) for side in sides.values()))


def within(box, rows):
    """Return the bounds of some rows, or None where there are none."""
    return box and Box(box.lower[rows], box.upper[rows])


def clip(points, box):
    """Return the points, shape (..., n, d), clipped to the bounds of their rows, if there are any."""
    return points if box is None else points.clamp(*box)


def judge(model, start, x_cf, target, n_evals, radius=None):
    """Judge the recommended points by the model itself; the radius is the cost unless given."""
    valid = predict(model, x_cf) == (target > 0)
    cost = torch.linalg.vector_norm(x_cf - start, dim=-1)
    return Recourse(x_cf, valid, cost, n_evals, cost if radius is None else radius)

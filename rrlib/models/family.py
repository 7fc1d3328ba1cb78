"""Families of models: one architecture at every eps, parameters stacked along the first axis.

What a user hands to a family is checked here, once for all functions.
"""

from typing import NamedTuple

import numpy as np
import torch

EPS_GRID = (0.0, 0.02, 0.05, 0.10, 0.15, 0.20, 0.25, 0.30)
"""The radii of the study, in scaled features; 0 is the standard (non-robust) model."""


class LogisticRegression(NamedTuple):
    """A family of linear models, one for each eps: the logit is h(x) = w.x + b.

    Attributes
    ----------
    w : Tensor of shape (E, d)
        Weights, one row for each eps; logits per unit of the scaled features.
    b : Tensor of shape (E,)
        Biases, in logits.
    eps : Tensor of shape (E,)
        Radius of the perturbations that each model was trained against, in scaled features.
    """

    w: torch.Tensor
    b: torch.Tensor
    eps: torch.Tensor

    def __call__(self, X):
        """Return the logits, shape (E, n), of the rows X.

        X has shape (n, d), or (E, n, d) for rows of each model's own.
        """
        X = as_tensor(X, self.w)
        return (self.w.unsqueeze(-2) @ X.mT).squeeze(-2) + self.b.unsqueeze(-1)

    def logits_and_gradient(self, X):
        """Return logits (E, n) and their gradients in the features (E, n, d).

        X has shape (n, d) or (E, n, d).
        """
        logits = self(X)
        return logits, self.w.unsqueeze(1).expand(*logits.shape, -1)

    def gradient(self, X):
        """Return the gradients of the logits in the features, shape (E, n, d).

        X has shape (n, d) or (E, n, d).
        """
        return self.logits_and_gradient(X)[1]

    def derivatives(self, X):
        """Return logits (E, n), gradients (E, n, d) and Hessians (E, n, d, d) in the features.

        X has shape (E, n, d).
        """
        logits, gradient = self.logits_and_gradient(X)
        return logits, gradient, gradient.new_zeros(*gradient.shape, gradient.shape[-1])

    def lipschitz(self):
        """Return ||w||_2, the Lipschitz constant of each logit in the l2 norm, shape (E,)."""
        return torch.linalg.vector_norm(self.w, dim=-1)


def lipschitz(model):
    """Return an upper bound on |h(x) - h(x')| / ||x - x'||_2 for each model, shape (E,).

    Exact for linear models.
    """
    return model.lipschitz()


def to(model, dtype_or_device):
    """Return a family in another dtype or on another device."""
    return type(model)(*(parameter.to(dtype_or_device) for parameter in model))


def select(model, index):
    """Return the part of a family that `index` picks, again as a family.

    The index is an int, a slice or a list of ints.
    """
    index = [index] if isinstance(index, int) else index
    return type(model)(*(parameter[index] for parameter in model))


def predict(model, X):
    """Return the labels, shape (E, n), that a family gives to the rows X.

    Parameters
    ----------
    model : a family
    X : array or Tensor of shape (n, d), or (E, n, d) for rows of each model's own
        Scaled features.

    Returns
    -------
    bool Tensor of shape (E, n)
        True where the logit is at least 0, the favourable side.

    Raises
    ------
    ValueError
        If X holds a NaN or an infinite value, or has another number of features than the model.
    """
    X = as_tensor(X, model[0])
    d = count_features(model)
    if X.ndim < 2 or X.shape[-1] != d:
        shape = tuple(X.shape)
        raise ValueError(f"X must have shape (n, {d}) or (E, n, {d}), not {shape}")
    if not X.isfinite().all():
        check_finite(X.detach().cpu().numpy(), "X")
    return model(X) >= 0


def count_features(model):
    """Return d, the number of features: the last axis of a family's first parameter."""
    return model[0].shape[-1]


def as_tensor(values, like):
    """Return values as a tensor of the dtype and on the device of `like`.

    Arrays that torch refuses are copied first, as `_for_torch` says.
    """
    if not isinstance(values, torch.Tensor):
        array = np.asarray(values)
        if array.dtype == object:  # a table of numbers and booleans
            array = array.astype(np.float64)
        values = torch.from_numpy(_for_torch(array))
    return values.to(like)


def _for_torch(array):
    """Return an array that torch takes without a copy: writeable, and no axis runs backwards.

    Pandas hands out arrays that are read-only; those, and reversed ones, are copied.
    """
    backwards = min(array.strides, default=0) < 0
    return array.copy() if backwards or not array.flags.writeable else array


def check_features(X, *, d=None, name="X"):
    """Return X as a float64 array of shape (n, d) that torch takes as it is.

    Errors call it by its `name`; `d` is the number of features that a model has, if there is one.

    Raises
    ------
    ValueError
        If X holds something else than numbers, is not two-dimensional, has no column or not d of
        them, or holds a NaN or an infinite value.
    """
    X = _as_floats(X, name)
    if X.ndim != 2 or X.shape[1] == 0:
        raise ValueError(
            f"{name} must have shape (n, d) with d >= 1, not {X.shape}; "
            "a single row x is x[None, :]"
        )
    if d is not None and X.shape[1] != d:
        raise ValueError(f"{name} must have the model's {d} features, not shape {X.shape}")
    check_finite(X, name)
    return _for_torch(X)


def check_finite(X, name):
    """Raise a ValueError that names the first entry of an array that is NaN or infinite."""
    gaps = np.argwhere(~np.isfinite(X))
    if len(gaps):
        first = tuple(gaps[0].tolist())
        place = ", ".join(map(str, first))
        raise ValueError(
            f"{name}[{place}] is {X[first]}; every feature must be finite: drop or impute such rows"
        )


def check_labels(y, n, *, both=True):
    """Return labels as a float64 array of signs, shape (n,): +1 for 1 (favourable), -1 for 0.

    Training needs `both` classes; where a model is only judged, one class alone is fine.

    Raises
    ------
    ValueError
        If y has another shape than (n,), holds anything but 0 and 1, or one class where both
        are needed.
    """
    y = np.asarray(y)
    if y.shape != (n,):
        raise ValueError(f"y must have shape ({n},), one label for each row of X, not {y.shape}")
    values = set(y.tolist())
    if not values <= {0, 1}:
        found = sorted(values, key=str)[:5]
        raise ValueError(f"y must hold the labels 0 and 1 (1 is favourable); found {found}")
    if both and len(values) < 2:
        only = values.pop() if values else "of no row"
        raise ValueError(f"y holds the label {only} alone; training needs both classes")
    return 2.0 * y.astype(np.float64) - 1.0


def check_radius(radius, E):
    """Return the radius of each of E models, float64 of shape (E,), given one for all or one each.

    Raises
    ------
    ValueError
        If a radius is negative, not finite or not a number, or the shape is neither () nor (E,).
    """
    given = _as_floats(radius, "radius")
    if given.shape not in ((), (E,)) or not np.isfinite(given).all() or (given < 0).any():
        raise ValueError(
            f"radius must be a finite number >= 0, or one for each of the {E} models, "
            f"not {given.tolist()}"
        )
    return np.full(E, given)


def check_eps(eps):
    """Return the grid of radii as a float64 array of shape (E,) that torch takes as it is.

    Raises
    ------
    ValueError
        If the grid is empty, not one-dimensional, or holds a negative or non-finite value.
    """
    eps = np.atleast_1d(_as_floats(eps, "eps"))
    if eps.ndim != 1 or eps.size == 0 or not np.isfinite(eps).all() or (eps < 0).any():
        raise ValueError(f"eps must be a non-empty list of finite radii >= 0, not {eps.tolist()}")
    return _for_torch(eps)


def _as_floats(values, name):
    """Return values as a float64 array, or say which argument holds something else than numbers."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers alone: {error}") from None

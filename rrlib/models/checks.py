"""What a user hands to models is checked here, once for all functions."""

import numpy as np
import torch


def check_family(model):
    """Raise a ValueError unless a model is a family, which begins with a tensor of parameters."""
    try:
        if isinstance(model[0], torch.Tensor):
            return
    except (TypeError, LookupError):
        pass
    remedy = "yours.as_family makes one of a scikit-learn classifier or a PyTorch module"
    if hasattr(model, "model"):
        remedy = "it is the field `model` of what you handed over"
    kind = type(model)
    raise ValueError(
        "model must be a family of rrlib.models, such as fit_logistic(...).model or "
        f"fit_network(...), not {kind.__module__}.{kind.__qualname__}: {remedy}"
    )


def as_tensor(values, like):
    """Return values as a tensor of the dtype and on the device of `like`.

    Arrays that torch refuses are copied first, as `_for_torch` says.

    Raises
    ------
    ValueError
        If the values hold something else than numbers, or a masked one.
    """
    if not isinstance(values, torch.Tensor):
        _refuse_masked(values, "the values")
        array = np.asarray(values)
        if array.dtype.kind not in "biuf":  # a table of numbers and booleans, or what is no number
            array = _as_floats(array, "the values")
        values = torch.from_numpy(_for_torch(array))
    return values.to(like)


def _for_torch(array):
    """Return an array that torch takes without a copy.

    It refuses arrays that are read-only, as pandas hands them out, that run backwards, that are a
    field of a larger record, or whose bytes are in another order; those are copied.
    """
    size = array.dtype.itemsize
    apart = [stride for stride in array.strides if stride < 0 or stride % size]
    if apart or not array.flags.writeable or not array.dtype.isnative:
        return array.astype(array.dtype.newbyteorder("="), order="C", copy=True)
    return array


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
    _refuse_masked(y, "y")
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
    _refuse_masked(values, name)
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers alone: {error}") from None


def _refuse_masked(values, name):
    """Raise a ValueError if an array masks some of its values: they are missing."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked entries; drop or impute such rows")

"""Families of models: one architecture at every eps, parameters stacked along the first axis."""

from typing import NamedTuple

import numpy as np
import torch

from rrlib.models.checks import as_tensor, check_family, check_finite

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
        """Return the gradients of the logits in the features, (E, n, d), of X as above."""
        return self.logits_and_gradient(X)[1]

    def derivatives(self, X):
        """Return logits (E, n), gradients (E, n, d) and Hessians (E, n, d, d), of X (E, n, d)."""
        logits, gradient = self.logits_and_gradient(X)
        return logits, gradient, gradient.new_zeros(*gradient.shape, gradient.shape[-1])

    def lipschitz(self):
        """Return ||w||_2, the Lipschitz constant of each logit in the l2 norm, shape (E,)."""
        return torch.linalg.vector_norm(self.w, dim=-1)

    def least_margin(self, X, sign, radius, *, q, chord=False):
        """Return the least margin y h in an l_p ball around each row, shape (E, n)."""
        return sign * self(X) - radius * torch.linalg.vector_norm(self.w, ord=q, dim=-1)[:, None]

    def interval_margin(self, X, sign, radius, *, q):
        """Return the same: the interval of a linear logit is exact."""
        return self.least_margin(X, sign, radius, q=q)

    def around(self, X, width, moves):
        """Return the logits (E, n, S) at x_i + width_i move_j, up to rounding; moves (S, d)."""
        rise = (self.w @ moves.mT).unsqueeze(1)
        return self(X).unsqueeze(-1) + width.unsqueeze(-1) * rise

    def magnitude(self, X, radius):
        """Return the sum of the sizes of all terms of a logit within a radius of x, (E, n)."""
        fixed = self.b.abs() + radius * self.lipschitz()
        return self.w.abs() @ X.abs().mT + fixed.unsqueeze(-1)


def lipschitz(model):
    """Return an upper bound on |h(x) - h(x')| / ||x - x'||_2 for each model, shape (E,).

    Exact for linear models.

    Examples
    --------
    >>> w, b = torch.tensor([[3.0, 4.0]]), torch.zeros(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> models.lipschitz(model).tolist()
    [5.0]
    """
    check_family(model)
    return model.lipschitz()


def check_linear(model, name, others):
    """Raise a ValueError unless a model is linear; `name` needs that, `others` do not."""
    if not isinstance(model, LogisticRegression):
        kind = type(model)
        raise ValueError(
            f"{name} is exact, and for a family of linear models (LogisticRegression of rrlib) "
            f"alone, not for {kind.__module__}.{kind.__qualname__}: take {others}"
        )


def to(model, dtype_or_device):
    """Return a family in another dtype or on another device.

    Examples
    --------
    >>> model = models.init_network(3, [0.0], seed=0)
    >>> models.to(model, torch.float32).W1.dtype
    torch.float32
    """
    return type(model)(*(parameter.to(dtype_or_device) for parameter in model))


def select(model, index):
    """Return the part of a family that `index` picks, again as a family.

    The index is an int, a slice or a list of ints.

    Examples
    --------
    >>> family = models.init_network(3, [0.0, 0.1, 0.2], seed=0)
    >>> models.select(family, [0, 2]).eps.numpy()
    array([0. , 0.2])
    """
    check_family(model)
    index = [index] if isinstance(index, (int, np.integer)) else index
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
        If the model is no family, X holds a NaN or an infinite value or has another number of
        features than the model, or where a logit is NaN.

    Examples
    --------
    >>> w, b = torch.tensor([[1.0, -1.0]]), torch.zeros(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> models.predict(model, np.array([[2.0, 0.0], [0.0, 1.0]])).tolist()
    [[True, False]]
    """
    d = count_features(model)
    X = as_tensor(X, model[0])
    if X.ndim < 2 or X.shape[-1] != d:
        shape = tuple(X.shape)
        raise ValueError(f"X must have shape (n, {d}) or (E, n, {d}), not {shape}")
    if not X.isfinite().all():
        check_finite(X.detach().cpu().numpy(), "X")
    logits = model(X)
    if logits.isnan().any():
        raise ValueError(
            "the model's logit is NaN at some row: its weights are not finite, or huge"
        )
    return logits >= 0


def count_features(model):
    """Return d, the number of features: the last axis of a family's first parameter.

    Raises
    ------
    ValueError
        If the model is no family.
    """
    check_family(model)
    return model[0].shape[-1]

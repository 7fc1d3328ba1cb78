"""Model families: one architecture at every eps of a grid, its parameters stacked along the first axis."""

from typing import NamedTuple

import numpy as np
import torch


EPS_GRID = (0.0, 0.02, 0.05, 0.10, 0.15, 0.20, 0.25, 0.30)
"""The radii of the study, in scaled features; 0 is the standard (non-robust) model."""

BLOCK = 4096
"""Rows that a network takes at once, so that their hidden units stay in the processor's cache."""


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
        """Return the logits, shape (E, n), of the rows X, shape (n, d), or (E, n, d) for rows of each model's own."""
        X = torch.as_tensor(X, dtype=self.w.dtype, device=self.w.device)
        return (self.w.unsqueeze(-2) @ X.mT).squeeze(-2) + self.b.unsqueeze(-1)

    def logits_and_gradient(self, X):
        """Return logits (E, n) and their gradients (E, n, d) in the features, at X of shape (n, d) or (E, n, d)."""
        logits = self(X)
        return logits, self.w.unsqueeze(1).expand(*logits.shape, -1)

    def gradient(self, X):
        """Return the gradients of the logits in the features, shape (E, n, d), at X of shape (n, d) or (E, n, d)."""
        return self.logits_and_gradient(X)[1]

    def derivatives(self, X):
        """Return logits (E, n), gradients (E, n, d) and Hessians (E, n, d, d) in the features, at X of shape (E, n, d)."""
        logits, gradient = self.logits_and_gradient(X)
        return logits, gradient, gradient.new_zeros(*gradient.shape, X.shape[-1])

    def lipschitz(self):
        """Return ||w||_2, the Lipschitz constant of each logit in the l2 norm, shape (E,)."""
        return torch.linalg.vector_norm(self.w, dim=-1)


class Network(NamedTuple):
    """A family of the paper's networks: the logit is h(x) = w2 . sigmoid(W1 x + b1) + b2, with H = 2d hidden units.

    Attributes
    ----------
    W1 : Tensor of shape (E, H, d)
        Hidden weights, per unit of the scaled features.
    b1 : Tensor of shape (E, H)
    w2 : Tensor of shape (E, H)
        Output weights, in logits.
    b2 : Tensor of shape (E,)
    eps : Tensor of shape (E,)
        Radius of the perturbations that each model was trained against, in scaled features.
    """

    W1: torch.Tensor
    b1: torch.Tensor
    w2: torch.Tensor
    b2: torch.Tensor
    eps: torch.Tensor

    def __call__(self, X):
        """Return the logits, shape (E, n), of the rows X, shape (n, d), or (E, n, d) for rows of each model's own."""
        X = torch.as_tensor(X, dtype=self.W1.dtype, device=self.W1.device)
        return torch.cat([self._output(self._hidden(block)) for block in X.split(BLOCK, -2)], -1)

    def logits_and_gradient(self, X):
        """Return logits (E, n) and their gradients (E, n, d) in the features, at X of shape (n, d) or (E, n, d)."""
        logits, a, weights = self._units(X)
        return logits, torch.bmm(weights.mT, a.addcmul_(a, a, value=-1)).mT

    def gradient(self, X):
        """Return the gradients of the logits in the features, shape (E, n, d), at X of shape (n, d) or (E, n, d)."""
        return self.logits_and_gradient(X)[1]

    def derivatives(self, X):
        """Return logits (E, n), gradients (E, n, d) and Hessians (E, n, d, d) in the features, at X of shape (E, n, d).

        With a = sigmoid(z), sigmoid'(z) = a (1 - a) and sigmoid''(z) = a (1 - a) (1 - 2a);
        the Hessian is the sum over the units of w2 sigmoid''(z) times the outer product of their weights.
        """
        logits, a, weights = self._units(X)
        slope = a - a.square()
        outer = (weights.unsqueeze(-1) * self.W1.unsqueeze(-2)).flatten(-2)
        bend = (slope * (1 - 2 * a)).mT @ outer
        return logits, (weights.mT @ slope).mT, bend.unflatten(-1, (X.shape[-1], X.shape[-1]))

    def lipschitz(self):
        """Return an upper bound on each logit's Lipschitz constant in the l2 norm, shape (E,).

        The gradient is V^T s, with V the rows w2_k W1_k and 0 <= s_k <= 1/4 the slopes of the sigmoids; put s = 1/8 + t/8.
        As |t_k| <= 1, ||V^T t||^2 = t^T V V^T t is at most the sum of the entries of |V V^T|.
        """
        V = self.w2.unsqueeze(-1) * self.W1
        return (torch.linalg.vector_norm(V.sum(1), dim=-1) + (V @ V.mT).abs().sum((-1, -2)).sqrt()) / 8

    def _hidden(self, X):
        """Return the hidden units (E, H, n) of the rows X, shape (n, d) or (E, n, d)."""
        return torch.baddbmm(self.b1.unsqueeze(-1), self.W1, X.mT.expand(len(self.eps), -1, -1)).sigmoid_()

    def _output(self, a):
        """Return the logits (E, n) of hidden units (E, H, n)."""
        return torch.baddbmm(self.b2[:, None, None], self.w2.unsqueeze(1), a).squeeze(1)

    def _units(self, X):
        """Return logits (E, n), hidden units (E, H, n) and the weights w2_k W1_k (E, H, d)."""
        a = self._hidden(torch.as_tensor(X, dtype=self.W1.dtype, device=self.W1.device))
        return self._output(a), a, self.w2.unsqueeze(-1) * self.W1


def init_network(d, eps, seed, *, hidden=None):
    """Return a family of networks with the same random weights for every eps, in float64.

    Weights and biases of a layer are uniform in +-1/sqrt(number of its inputs), the default of PyTorch's linear layers.

    Parameters
    ----------
    d : int
        Number of features.
    eps : array of shape (E,)
    seed : int
    hidden : int, optional
        Number of hidden units; 2d, as in the paper, if omitted.
    """
    hidden, eps = hidden or 2 * d, torch.as_tensor(check_eps(eps))
    rng = np.random.default_rng(seed)
    draw = lambda inputs, *shape: torch.as_tensor(rng.uniform(-1, 1, shape) / np.sqrt(inputs)).repeat(len(eps), *[1] * len(shape))
    return Network(draw(d, hidden, d), draw(d, hidden), draw(hidden, hidden), draw(hidden), eps)


def lipschitz(model):
    """Return an upper bound on |h(x) - h(x')| / ||x - x'||_2 for each model of a family, shape (E,); exact for linear models."""
    return model.lipschitz()


def to(model, dtype_or_device):
    """Return a family in another dtype or on another device."""
    return type(model)(*(parameter.to(dtype_or_device) for parameter in model))


def select(model, index):
    """Return the part of a family that `index` (an int, a slice or a list of ints) picks, again as a family."""
    index = [index] if isinstance(index, int) else index
    return type(model)(*(parameter[index] for parameter in model))


def predict(model, X):
    """Return the labels, shape (E, n), that a family gives to X: True where the logit is at least 0, the favourable side."""
    return model(X) >= 0


def check_features(X, name="X"):
    """Return X as a float64 array of shape (n, d).

    Raises
    ------
    ValueError
        If X is not two-dimensional, has no column, or holds a NaN or an infinite value.
    """
    X = np.asarray(X, dtype=np.float64)
    if X.ndim != 2 or X.shape[1] == 0:
        raise ValueError(f"{name} must have shape (n, d) with d >= 1, not {X.shape}; a single row x is x[None, :]")
    if not np.isfinite(X).all():
        row, column = np.argwhere(~np.isfinite(X))[0]
        raise ValueError(f"{name}[{row}, {column}] is {X[row, column]}; every feature must be finite: drop or impute such rows")
    return X


def check_labels(y, n):
    """Return y as a float64 array of signs, shape (n,): +1 for label 1 (favourable) and -1 for label 0.

    Raises
    ------
    ValueError
        If y has another shape than (n,), holds anything but 0 and 1, or holds one class only.
    """
    y = np.asarray(y)
    if y.shape != (n,):
        raise ValueError(f"y must have shape ({n},), one label for each row of X, not {y.shape}")
    values = set(np.unique(y).tolist())
    if not values <= {0, 1}:
        raise ValueError(f"y must hold the labels 0 and 1 (1 is favourable); found {sorted(values)[:5]}")
    if len(values) < 2:
        raise ValueError(f"y holds the label {values.pop() if values else 'of no row'} alone; training needs both classes")
    return 2.0 * y - 1.0


def check_eps(eps):
    """Return the grid of radii as a float64 array of shape (E,).

    Raises
    ------
    ValueError
        If the grid is empty, not one-dimensional, or holds a negative or non-finite value.
    """
    eps = np.atleast_1d(np.asarray(eps, dtype=np.float64))
    if eps.ndim != 1 or eps.size == 0 or not np.isfinite(eps).all() or (eps < 0).any():
        raise ValueError(f"eps must be a non-empty list of finite radii >= 0, not {eps.tolist()}")
    return eps

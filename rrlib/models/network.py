"""The paper's network: its derivatives, its Lipschitz bound, its least margin in a ball."""

from typing import NamedTuple

import numpy as np
import torch

from rrlib.models.certificate import least_above_line
from rrlib.models.checks import as_tensor, check_eps

BLOCK = 16384
"""Rows taken at once, so that their hidden units stay in the processor's cache."""


class Network(NamedTuple):
    """A family of the paper's networks: h(x) = w2 . sigmoid(W1 x + b1) + b2, H = 2d hidden units.

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
        """Return the logits, shape (E, n), of the rows X.

        X has shape (n, d), or (E, n, d) for rows of each model's own.
        """
        blocks = as_tensor(X, self.W1).split(BLOCK, -2)
        return torch.cat([self._output(self._hidden(block)) for block in blocks], -1)

    def logits_and_gradient(self, X):
        """Return logits (E, n) and their gradients in the features (E, n, d).

        X has shape (n, d) or (E, n, d).
        """
        logits, a, weights = self._units(X)
        slope = a.addcmul_(a, a, value=-1)
        return logits, torch.bmm(weights.mT, slope).mT

    def gradient(self, X):
        """Return the gradients of the logits in the features, shape (E, n, d).

        X has shape (n, d) or (E, n, d).
        """
        return self.logits_and_gradient(X)[1]

    def derivatives(self, X):
        """Return logits (E, n), gradients (E, n, d) and Hessians (E, n, d, d) in the features.

        X has shape (E, n, d).
        With a = sigmoid(z), sigmoid'(z) = a (1 - a) and sigmoid''(z) = a (1 - a) (1 - 2a);
        the Hessian is the sum over the units of w2 sigmoid''(z) times the outer product of their
        weights.
        """
        logits, a, weights = self._units(X)
        slope = a - a.square()
        curvature = slope * (1 - 2 * a)
        outer = weights.unsqueeze(-1) * self.W1.unsqueeze(-2)
        d = outer.shape[-1]
        hessian = (curvature.mT @ outer.flatten(-2)).unflatten(-1, (d, d))
        return logits, (weights.mT @ slope).mT, hessian

    def lipschitz(self):
        """Return an upper bound on each logit's Lipschitz constant in the l2 norm, shape (E,).

        The gradient is V^T s, with V the rows w2_k W1_k and 0 <= s_k <= 1/4 the slopes of the
        sigmoids; put s = 1/8 + t/8. As |t_k| <= 1, ||V^T t||^2 = t^T V V^T t is at most the sum
        of the entries of |V V^T|.
        """
        V = self.w2.unsqueeze(-1) * self.W1
        middle = torch.linalg.vector_norm(V.sum(1), dim=-1)
        spread = (V @ V.mT).abs().sum((-1, -2)).sqrt()
        return (middle + spread) / 8

    def least_margin(self, X, sign, radius, *, q, chord=False):
        """Return a lower bound on the margin y h in an l_p ball around each row, shape (E, n).

        For any slopes s_k it is at least y h(x) - radius ||sum s_k w2_k W1_k||_q plus, for each
        unit, the least value of y w2 (sigmoid(z + u) - sigmoid(z) - s u) over |u| <= radius
        ||W1||_q. Slopes are those at x, or of the `chord` over this interval, better in wide balls.

        X (n, d) is in float64, signs y and radii broadcast to (E, n), q is the dual exponent of p.
        """
        z = self.W1 @ X.mT + self.b1.unsqueeze(-1)
        length = torch.linalg.vector_norm(self.W1, ord=q, dim=-1)
        reach = radius.unsqueeze(-2) * length.unsqueeze(-1)
        outward = sign.unsqueeze(-2) * self.w2.unsqueeze(-1)
        slope, least = least_above_line(z, reach, outward, chord)
        gradient = (self.w2.unsqueeze(-1) * slope).mT @ self.W1
        fall = radius * torch.linalg.vector_norm(gradient, ord=q, dim=-1)
        return sign * self(X) - fall + least.sum(-2)

    def interval_margin(self, X, sign, radius, *, q):
        """Return another lower bound on the margin y h in an l_p ball around each row, (E, n).

        Each unit is at its worst by itself, at the end of the interval z -+ radius ||W1||_q that
        its own output weight and the label fear: exact where one perturbation does that to all.

        Parameters are those of `least_margin`, of the family's type.
        """
        z = torch.baddbmm(self.b1.unsqueeze(-1), self.W1, X.mT.expand(len(self.eps), -1, -1))
        length = torch.linalg.vector_norm(self.W1, ord=q, dim=-1) * self.w2.sign()
        fall = length.unsqueeze(-1) * (sign * radius).unsqueeze(-2)
        return sign * self._output(torch.sigmoid(z - fall))

    def around(self, X, width, moves):
        """Return the logits (E, n, S) at x_i + width_i move_j, up to rounding; moves (S, d)."""
        rise = (self.W1 @ moves.mT).unsqueeze(-2)
        at_rows = self.W1 @ X.mT + self.b1.unsqueeze(-1)
        hidden = width.unsqueeze(-1) * rise
        hidden += at_rows.unsqueeze(-1)
        return self._output(hidden.sigmoid_().flatten(2)).unflatten(-1, hidden.shape[2:])

    def magnitude(self, X, radius):
        """Return the sum of the sizes of all terms of a logit within a radius of x, (E, n)."""
        fixed = 4 + self.b1.abs() + radius * torch.linalg.vector_norm(self.W1, dim=-1)
        terms = self.W1.abs() @ X.abs().mT + fixed.unsqueeze(-1)
        return (self.w2.abs().unsqueeze(1) @ terms).squeeze(1) / 4 + self.b2.abs().unsqueeze(-1)

    def _hidden(self, X):
        """Return the hidden units (E, H, n) of the rows X, shape (n, d) or (E, n, d)."""
        columns = X.mT.expand(len(self.eps), -1, -1)
        return torch.baddbmm(self.b1.unsqueeze(-1), self.W1, columns).sigmoid_()

    def _output(self, a):
        """Return the logits (E, n) of hidden units (E, H, n)."""
        return torch.baddbmm(self.b2[:, None, None], self.w2.unsqueeze(1), a).squeeze(1)

    def _units(self, X):
        """Return logits (E, n), hidden units (E, H, n) and the weights w2_k W1_k (E, H, d)."""
        a = self._hidden(as_tensor(X, self.W1))
        return self._output(a), a, self.w2.unsqueeze(-1) * self.W1


def init_network(d, eps, seed, *, hidden=None):
    """Return a family of networks with the same random weights for every eps, in float64.

    Weights and biases of a layer are uniform in +-1/sqrt(number of its inputs), the default of
    PyTorch's linear layers.

    Parameters
    ----------
    d : int
        Number of features.
    eps : array of shape (E,)
    seed : int
    hidden : int, optional
        Number of hidden units; 2d, as in the paper, if omitted.

    Examples
    --------
    >>> model = models.init_network(3, [0.0, 0.1], seed=0)
    >>> tuple(model.W1.shape), bool((model.W1[0] == model.W1[1]).all())
    ((2, 6, 3), True)
    """
    hidden = hidden or 2 * d
    eps = check_eps(eps)
    rng = np.random.default_rng(seed)

    def draw(inputs, *shape):
        """Draw parameters of a layer, the same for every eps."""
        weights = rng.uniform(-1, 1, shape) / np.sqrt(inputs)
        return torch.as_tensor(np.stack([weights] * len(eps)))

    W1, b1 = draw(d, hidden, d), draw(d, hidden)
    w2, b2 = draw(hidden, hidden), draw(hidden)
    return Network(W1, b1, w2, b2, torch.as_tensor(eps))

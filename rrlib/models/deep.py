"""A network with two hidden layers: its derivatives, its Lipschitz bound, its least margin."""

from typing import NamedTuple

import numpy as np
import torch

from rrlib.models.checks import as_tensor, check_eps
from rrlib.models.network import BLOCK


class TwoLayers(NamedTuple):
    """A family of networks h(x) = w . sigmoid(U2 sigmoid(U1 x + c1) + c2) + b.

    Attributes
    ----------
    U1 : Tensor of shape (E, H, d)
        Weights of the first hidden layer, per unit of the scaled features.
    c1 : Tensor of shape (E, H)
    U2 : Tensor of shape (E, K, H)
        Weights of the second one.
    c2 : Tensor of shape (E, K)
    w : Tensor of shape (E, K)
        Output weights, in logits.
    b : Tensor of shape (E,)
    eps : Tensor of shape (E,)
        Radius of the perturbations that each model was trained against, in scaled features.
    """

    U1: torch.Tensor
    c1: torch.Tensor
    U2: torch.Tensor
    c2: torch.Tensor
    w: torch.Tensor
    b: torch.Tensor
    eps: torch.Tensor

    def __call__(self, X):
        """Return the logits, shape (E, n), of the rows X, shape (n, d) or (E, n, d)."""
        blocks = as_tensor(X, self.U1).split(BLOCK, -2)
        return torch.cat([self._output(self._second(self._first(block))) for block in blocks], -1)

    def logits_and_gradient(self, X):
        """Return logits (E, n) and their gradients in the features (E, n, d), of X as above."""
        first = self._first(as_tensor(X, self.U1))
        second = self._second(first)
        return self._output(second), (self.U1.mT @ self._pull(first, second)).mT

    def gradient(self, X):
        """Return the gradients of the logits in the features, shape (E, n, d), of X as above."""
        return self.logits_and_gradient(X)[1]

    def derivatives(self, X):
        """Return logits (E, n), gradients (E, n, d) and Hessians (E, n, d, d), of X (E, n, d).

        The Hessian has a term for each layer: its weights times the curvature of its sigmoids,
        sigmoid''(z) = a (1 - a) (1 - 2a), times what the output gains by each unit.
        """
        first = self._first(as_tensor(X, self.U1))
        second = self._second(first)
        pull = self._pull(first, second)
        inner = pull * (1 - 2 * first)
        outer = self.w.unsqueeze(-1) * _slope(second) * (1 - 2 * second)
        reach = torch.einsum("ekh,ehn,ehd->enkd", self.U2, _slope(first), self.U1)
        hessian = torch.einsum("enki,ekn,enkj->enij", reach, outer, reach)
        hessian = hessian + torch.einsum("ehi,ehn,ehj->enij", self.U1, inner, self.U1)
        return self._output(second), (self.U1.mT @ pull).mT, hessian

    def lipschitz(self):
        """Return an upper bound on each logit's Lipschitz constant in the l2 norm, shape (E,).

        The slope of a sigmoid is at most 1/4, and a layer stretches by at most its spectral norm.
        """
        stretch = [torch.linalg.matrix_norm(weights, ord=2) for weights in (self.U1, self.U2)]
        return torch.linalg.vector_norm(self.w, dim=-1) * stretch[0] * stretch[1] / 16

    def least_margin(self, X, sign, radius, *, q, chord=False):
        """Return a lower bound on the margin y h in an l_p ball around each row, shape (E, n).

        It is that of `interval_margin`; there are no chords here.
        """
        return self.interval_margin(X, sign, radius, q=q)

    def interval_margin(self, X, sign, radius, *, q):
        """Return a lower bound on the margin y h in an l_p ball around each row, shape (E, n).

        Each unit of the first layer lies in an interval, so each one of the second does, and there
        each is at its worst by itself.

        X (n, d), signs y and radii broadcast to (E, n), q is the dual exponent of p.
        """
        z = self.U1 @ X.mT + self.c1.unsqueeze(-1)
        length = torch.linalg.vector_norm(self.U1, ord=q, dim=-1)
        reach = length.unsqueeze(-1) * radius.unsqueeze(-2)
        high, low = torch.sigmoid(z + reach), torch.sigmoid(z - reach)
        middle = self.U2 @ ((high + low) / 2) + self.c2.unsqueeze(-1)
        away = self.U2.abs() @ ((high - low) / 2)
        towards = sign.unsqueeze(-2) * self.w.sign().unsqueeze(-1)
        return sign * self._output(torch.sigmoid(middle - towards * away))

    def around(self, X, width, moves):
        """Return the logits (E, n, S) at x_i + width_i move_j, up to rounding; moves (S, d)."""
        rise = (self.U1 @ moves.mT).unsqueeze(-2)
        at_rows = self.U1 @ X.mT + self.c1.unsqueeze(-1)
        first = (at_rows.unsqueeze(-1) + width.unsqueeze(-1) * rise).sigmoid_()
        logits = self._output(self._second(first.flatten(2)))
        return logits.unflatten(-1, first.shape[2:])

    def magnitude(self, X, radius):
        """Return the sum of the sizes of all terms of a logit within a radius of x, (E, n)."""
        fixed = 4 + self.c1.abs() + radius * torch.linalg.vector_norm(self.U1, dim=-1)
        terms = self.U1.abs() @ X.abs().mT + fixed.unsqueeze(-1)
        terms = self.U2.abs() @ terms / 4 + (4 + self.c2.abs()).unsqueeze(-1)
        return (self.w.abs().unsqueeze(1) @ terms).squeeze(1) / 4 + self.b.abs().unsqueeze(-1)

    def _first(self, X):
        """Return the units of the first hidden layer, (E, H, n)."""
        return (self.U1 @ X.mT + self.c1.unsqueeze(-1)).sigmoid()

    def _second(self, first):
        """Return the units of the second hidden layer, (E, K, n)."""
        return (self.U2 @ first + self.c2.unsqueeze(-1)).sigmoid()

    def _output(self, second):
        """Return the logits, (E, n)."""
        return (self.w.unsqueeze(1) @ second).squeeze(1) + self.b.unsqueeze(-1)

    def _pull(self, first, second):
        """Return the derivatives of the logits in the inputs of the first layer, (E, H, n)."""
        return _slope(first) * (self.U2.mT @ (self.w.unsqueeze(-1) * _slope(second)))


def _slope(a):
    """Return the slope of sigmoids where their values are a."""
    return a * (1 - a)


def init_two_layers(d, eps, seed, *, hidden=None):
    """Return a family with the same random weights for every eps, in float64.

    Weights and biases of a layer are uniform in +-1/sqrt(number of its inputs), as in
    `network.init_network`.

    Parameters
    ----------
    d : int
        Number of features.
    eps : array of shape (E,)
    seed : int
    hidden : int, optional
        Number of units of each hidden layer; 2d if omitted.
    """
    hidden = hidden or 2 * d
    eps = check_eps(eps)
    rng = np.random.default_rng(seed)
    shapes = ((hidden, d), (hidden,), (hidden, hidden), (hidden,), (hidden,), ())
    inputs = (d, d, hidden, hidden, hidden, hidden)
    drawn = []
    for shape, count in zip(shapes, inputs):
        parameter = rng.uniform(-1, 1, shape) / np.sqrt(count)
        drawn.append(torch.as_tensor(np.stack([parameter] * len(eps))))
    return TwoLayers(*drawn, torch.as_tensor(eps))

"""The paper's network: derivatives, Lipschitz bound, and adversarial training of a family."""

from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import softplus

from rrlib.models.attacks import descend_margin
from rrlib.models.family import as_tensor, check_eps, check_features, check_labels, to

BLOCK = 4096
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


def fit_network(
    X,
    y,
    eps,
    *,
    p=np.inf,
    seed,
    epochs=40,
    batch_size=256,
    rate=0.05,
    pgd_steps=5,
    dtype=torch.float32,
    device="cpu",
):
    """Train the network against perturbations of every radius of a grid together.

    The loss is Eq. 1, logistic. Each minibatch is perturbed by projected gradient descent from the
    centre of the ball, each model's rows in its own ball, and Adam takes a step on the loss at the
    perturbed rows; its rate falls linearly to zero.
    All models start from the same weights (`init_network`) and see the same minibatches, and none
    sees another: a family is, up to rounding, its members trained one after the other.

    Parameters
    ----------
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1
    eps : array of shape (E,)
        Radii, in scaled features; 0 is standard training.
    p : {2, inf}
        Norm of the perturbations.
    seed : int
        Of the initial weights and of the minibatches.
    epochs : int
        Passes over the rows; of each pass the rows that fill no minibatch are left out.
    batch_size : int
    rate : float
        Adam's rate at the start.
    pgd_steps : int
    dtype : torch.dtype
    device : str or torch.device

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        On malformed X, y, eps or p, or a setting out of range.
    """
    X, eps = check_features(X), check_eps(eps)
    sign = check_labels(y, len(X))
    if p not in (2, np.inf):
        raise ValueError(f"p must be 2 or numpy.inf, not {p!r}")
    if min(epochs, batch_size, pgd_steps) < 1 or not rate > 0:
        raise ValueError(
            "epochs, batch_size and pgd_steps must be at least 1 and rate positive, "
            f"not {epochs}, {batch_size}, {pgd_steps}, {rate}"
        )
    model = to(to(init_network(X.shape[1], eps, seed), dtype), device)
    X, sign = as_tensor(X, model.eps), as_tensor(sign, model.eps)
    weights = [parameter.requires_grad_() for parameter in model[:-1]]
    optimiser = torch.optim.Adam(weights, lr=rate)
    batches = _minibatches(len(X), min(batch_size, len(X)), epochs, seed)
    centre = X.new_zeros(1, X.shape[1])
    for step, rows in enumerate(batches):
        x, target = X[rows], sign[rows]
        with torch.no_grad():
            delta = descend_margin(model, x, target, model.eps, p, pgd_steps, centre)
        loss = softplus(-target * model(x + delta)).mean(-1).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.param_groups[0]["lr"] = rate * (1 - step / len(batches))
        optimiser.step()
    return Network(*(parameter.detach() for parameter in model))


def _minibatches(n, size, epochs, seed):
    """Return the rows of each step, shape (steps, size): a new permutation for each pass."""
    rng = np.random.default_rng([seed, 1])
    passes = []
    for _ in range(epochs):
        order = rng.permutation(n)[: n // size * size]
        passes.append(order.reshape(-1, size))
    return torch.as_tensor(np.concatenate(passes))

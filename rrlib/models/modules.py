"""A PyTorch module with one logit, as a member of a family."""

import copy
import math
from typing import NamedTuple

import torch
from torch import nn

STEADY = (nn.ReLU, nn.LeakyReLU, nn.Sigmoid, nn.Tanh, nn.Softplus, nn.ELU, nn.Identity, nn.Dropout)
"""Layers that stretch by at most 1: LeakyReLU and ELU while their slope does."""

PROBES = 64
"""Rows at which a module is asked whether it gives probabilities."""

CHUNK = 512
"""Rows whose derivatives are taken at once."""


class Module(NamedTuple):
    """A copy of a module in evaluation mode, and the units it takes.

    Attributes
    ----------
    net : torch.nn.Module
    center, scale : Tensor of shape (d,), float64
        The module is asked at X * scale + center.
    """

    net: nn.Module
    center: torch.Tensor
    scale: torch.Tensor

    @classmethod
    def of(cls, module, center, scale):
        """Return a copy of a module as a member; raise a ValueError where it has not one logit."""
        if any(isinstance(last, nn.Sigmoid) for last in _chain(module)[-1:]):
            raise ValueError(
                "the module ends in a sigmoid, so it gives probabilities and never a logit below "
                "0: leave its last layer out"
            )
        try:
            net = copy.deepcopy(module).eval()
        except RuntimeError as error:
            raise ValueError(f"the module cannot be copied: {error}") from error
        for parameter in net.parameters():
            parameter.requires_grad_(False)
        member = cls(net, center, scale)
        rows = torch.zeros(2, len(center), dtype=member.dtype, device=center.device)
        try:
            out = net.to(center.device)(rows)
        except Exception as error:  # of the reader's own code
            raise ValueError(
                f"the module does not take rows of {len(center)} features: {error}"
            ) from error
        if not isinstance(out, torch.Tensor):
            kind = type(out).__name__
            raise ValueError(f"the module must give a tensor of one logit a row, not a {kind}")
        if tuple(out.shape) not in ((2,), (2, 1)):
            raise ValueError(
                f"the module must give one logit a row, shape (n,) or (n, 1); for 2 rows it gives "
                f"{tuple(out.shape)}. Of two logits give the difference"
            )
        if member._gives_probabilities():
            raise ValueError(
                "the module gives values from 0 to 1 alone, so it gives probabilities and never a "
                "logit below 0: leave its sigmoid out"
            )
        return member

    @property
    def dtype(self):
        """Return the type of the module's parameters, float32 where it has none."""
        first = next(self.net.parameters(), None)
        return torch.float32 if first is None else first.dtype

    @property
    def size(self):
        """Return the number of parameters."""
        return sum(parameter.numel() for parameter in self.net.parameters())

    def to(self, dtype_or_device):
        """Return a copy in another dtype or on another device; units stay in float64."""
        units = (self.center, self.scale)
        if not isinstance(dtype_or_device, torch.dtype):
            units = (unit.to(dtype_or_device) for unit in units)
        return Module(copy.deepcopy(self.net).to(dtype_or_device), *units)

    def logits(self, X):
        """Return the logits (n,), of the type of X."""
        return self._own(X).to(X)

    def logits_and_gradient(self, X):
        """Return logits (n,) and gradients (n, d)."""
        with torch.inference_mode(False):
            both = torch.func.vmap(torch.func.grad_and_value(self._single), chunk_size=CHUNK)
            gradient, logits = both(X.clone())
        return logits, gradient

    def derivatives(self, X):
        """Return logits (n,), gradients (n, d) and Hessians (n, d, d)."""
        logits, gradient = self.logits_and_gradient(X)
        hessian = torch.func.vmap(torch.func.hessian(self._single), chunk_size=CHUNK)(X)
        return logits, gradient, hessian

    def lipschitz(self):
        """Return a bound on the logit's Lipschitz constant: a product of norms, inf if unknown.

        It is known of a chain of linear layers and of layers that stretch by at most 1.
        """
        stretch = math.prod(_stretch(layer) for layer in _chain(self.net))
        return stretch * self.scale.abs().max().item()

    def _gives_probabilities(self):
        """Whether the answers differ, but lie between 0 and 1, at rows far and wide."""
        generator = torch.Generator().manual_seed(0)
        wide = 10 * torch.randn(PROBES, len(self.center), generator=generator, dtype=torch.float64)
        logits = self.logits(wide.to(self.center.device))
        return bool((logits.min() >= 0) & (logits.max() <= 1) & (logits.min() < logits.max()))

    def _own(self, X):
        """Return the logits in the module's own type."""
        return self.net((X * self.scale + self.center).to(self.dtype)).reshape(len(X))

    def _single(self, x):
        """Return the logit of one row, of its type."""
        return self.logits(x.unsqueeze(0))[0]


def _chain(net):
    """Return the layers of a chain in their order, chains within it unfolded; else the module."""
    if not _works_as(net, nn.Sequential):
        return [net]
    return [layer for part in net for layer in _chain(part)]


def _stretch(layer):
    """Return how much a layer stretches at most, inf if that is not known."""
    if _works_as(layer, nn.Linear):
        return torch.linalg.matrix_norm(layer.weight.double(), 2).item()
    if not any(_works_as(layer, kind) for kind in STEADY):
        return math.inf
    slopes = getattr(layer, "negative_slope", 1.0), getattr(layer, "alpha", 1.0)
    return 1.0 if all(abs(slope) <= 1 for slope in slopes) else math.inf


def _works_as(layer, kind):
    """Whether a layer does what its kind does: a `forward` of its own may do otherwise."""
    return getattr(layer.forward, "__func__", None) is kind.forward

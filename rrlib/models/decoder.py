"""Decoders with one hidden layer beside a linear path, and bounds on how much they stretch."""

from typing import NamedTuple

import numpy as np
import torch

from rrlib.models.checks import as_tensor


class Residual(NamedTuple):
    """A map y = A x + c + W2 sigmoid(W1 x + b1): linear plus one hidden layer.

    With no hidden units it is linear.

    Attributes
    ----------
    A : Tensor of shape (out, in)
    c : Tensor of shape (out,)
    W1 : Tensor of shape (H, in)
    b1 : Tensor of shape (H,)
    W2 : Tensor of shape (out, H)
    """

    A: torch.Tensor
    c: torch.Tensor
    W1: torch.Tensor
    b1: torch.Tensor
    W2: torch.Tensor

    def __call__(self, X):
        """Return y, shape (..., out), at X of shape (..., in)."""
        return X @ self.A.mT + self.c + torch.sigmoid(X @ self.W1.mT + self.b1) @ self.W2.mT


def decode_around(decoder, Z, shifts):
    """Return G(z_i + delta_j), shape (d, n, S), for latents Z (n, k) and shifts delta (S, k).

    The shifts go through the first layer once for all rows.
    """
    columns, moves = Z.mT, shifts.mT
    at_centres = torch.addmm(decoder.b1[:, None], decoder.W1, columns).unsqueeze(-1)
    hidden = at_centres + (decoder.W1 @ moves).unsqueeze(1)
    points = (decoder.W2 @ hidden.sigmoid_().flatten(1)).unflatten(1, hidden.shape[1:])
    points += torch.addmm(decoder.c[:, None], decoder.A, columns).unsqueeze(-1)
    points += (decoder.A @ moves).unsqueeze(1)
    return points


def lipschitz_product(decoder):
    """Return the plain product bound on the Lipschitz constant: ||A|| + ||W2|| ||W1|| / 4."""
    straight = torch.linalg.matrix_norm(decoder.A, 2)
    if len(decoder.W1) == 0:
        return straight.item()
    outward = torch.linalg.matrix_norm(decoder.W2, 2)
    inward = torch.linalg.matrix_norm(decoder.W1, 2)
    return (straight + outward * inward / 4).item()


def lipschitz_upper(decoder, *, steps=100):
    """Return an upper bound on the decoder's Lipschitz constant, l2 to l2, valid everywhere.

    A Jacobian is J = A + W2 diag(s) W1 with slopes 0 <= s <= 1/4. With s = 1/8 + t/8, |t| <= 1, and
    any T diagonal and positive, ||J|| <= ||A + W2 W1 / 8|| + ||W2 T^-1|| ||T W1|| / 8, since
    diag(t) commutes with T. The bound holds for every T; a subgradient method looks for the best
    one. The product bound is returned if it is smaller. Exact for a linear decoder.
    """
    middle = torch.linalg.matrix_norm(decoder.A + decoder.W2 @ decoder.W1 / 8, 2).item()
    spread = _smallest_product(decoder, steps) if len(decoder.W1) else 0.0
    return min(middle + spread / 8, lipschitz_product(decoder))


def lipschitz_local(decoder, Z, radius):
    """Return how much the decoder stretches at most and at least in a ball around each centre.

    The bounds (L, mu), each of shape (n,), satisfy mu ||u - v|| <= ||G(u) - G(v)|| <= L ||u - v||
    for all u, v in the ball B(z, radius).

    On the ball the slopes lie in intervals of middle m and half-width w, so J = J_m + W2 diag(t) W1
    with |t| <= w and J_m = A + W2 diag(m) W1; the mean value theorem on the (convex) ball gives
    L = ||J_m|| + B and mu = (s_min(J_m) - B)_+, where B >= ||W2 diag(t) W1|| is the smaller of the
    norms of |W2| diag(w) |W1| and of the scaled product of `lipschitz_upper`.
    mu is 0 where the latent space has more dimensions than the features.

    Parameters
    ----------
    decoder : Residual from k to d
    Z : array or Tensor of shape (n, k)
        Centres.
    radius : float, or array or Tensor of shape (n,)
        Radii of the l2 balls.

    Raises
    ------
    ValueError
        If a radius is negative or not finite.
    """
    Z, radius = as_tensor(Z, decoder.c), as_tensor(radius, decoder.c)
    radius = radius.expand(len(Z)).unsqueeze(-1)
    if not ((radius >= 0) & torch.isfinite(radius)).all():
        smallest, largest = radius.min().item(), radius.max().item()
        raise ValueError(
            f"radius must be finite and >= 0; the smallest is {smallest}, the largest {largest}"
        )
    middle, width = _slopes(decoder, Z, radius)
    J = decoder.A + (decoder.W2 * middle.unsqueeze(1)) @ decoder.W1
    singular = torch.linalg.svdvals(J)
    B = torch.minimum(_scaled_product(decoder, width), _entrywise(decoder, width))
    upper = (singular[:, 0] + B).clamp_max(lipschitz_upper(decoder))
    d, k = J.shape[-2:]
    lower = (singular[:, -1] - B).clamp_min(0) if k <= d else torch.zeros_like(B)
    return upper, lower


def _smallest_product(decoder, steps):
    """Return the least ||W2 T^-1|| ||T W1|| that subgradient steps on log T find."""
    log_t = _balance(decoder).log()
    smallest = np.inf
    for step in range(steps):
        T = log_t.exp()
        _, left, outgoing = torch.linalg.svd(decoder.W2 / T, full_matrices=False)
        incoming, right, _ = torch.linalg.svd(T[:, None] * decoder.W1, full_matrices=False)
        smallest = min(smallest, (left[0] * right[0]).item())
        log_t = log_t + (outgoing[0].square() - incoming[:, 0].square()) / (step + 1) ** 0.5
    return smallest


def _slopes(decoder, Z, radius):
    """Return middle and half-width, each (n, H), of the slopes that sigmoids take on the balls."""
    centre = (Z @ decoder.W1.mT + decoder.b1).abs()
    reach = radius * torch.linalg.vector_norm(decoder.W1, dim=-1)
    nearest, farthest = (centre - reach).clamp_min(0), centre + reach
    steep, flat = (a.sigmoid() * (-a).sigmoid() for a in (nearest, farthest))
    return (steep + flat) / 2, (steep - flat) / 2


def _scaled_product(decoder, width):
    """Return ||W2 T^-1 diag(w)^1/2|| ||diag(w)^1/2 T W1||, shape (n,), for one T."""
    T = _balance(decoder)
    norms = []
    for M in (decoder.W2 / T, (T[:, None] * decoder.W1).mT):
        gram = (M * width.unsqueeze(1)) @ M.mT
        norms.append(torch.linalg.eigvalsh(gram)[:, -1].clamp_min(0).sqrt())
    return norms[0] * norms[1]


def _entrywise(decoder, width):
    """Return the norms of |W2| diag(w) |W1|, shape (n,)."""
    return torch.linalg.matrix_norm((decoder.W2.abs() * width.unsqueeze(1)) @ decoder.W1.abs(), 2)


def _balance(decoder):
    """Return T, shape (H,), that gives each hidden unit in- and outgoing weights of one length."""
    tiny = torch.finfo(decoder.W1.dtype).tiny
    outgoing = torch.linalg.vector_norm(decoder.W2.mT, dim=-1) + tiny
    incoming = torch.linalg.vector_norm(decoder.W1, dim=-1) + tiny
    return (outgoing / incoming).sqrt()

"""Variational autoencoders for tabular data, principal components as their linear case, and their Lipschitz constants."""

import math
from typing import NamedTuple

import numpy as np
import torch
from sklearn.decomposition import PCA

from rrlib.models import check_features


class Residual(NamedTuple):
    """A map y = A x + c + W2 sigmoid(W1 x + b1): linear plus one hidden layer; with no hidden units it is linear.

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


class VAE(NamedTuple):
    """An encoder and a decoder, in float64.

    Attributes
    ----------
    encoder : Residual from d to 2k
        The mean and the log-variance of the latent posterior; -inf for principal components, whose posterior is a point.
    decoder : Residual from k to d
        The mean of the features; scaled features.
    """

    encoder: Residual
    decoder: Residual


def fit_pca(X, *, latent):
    """Return principal components as a VAE: E(x) = S^-1 V^T (x - c), G(z) = V S z + c, S the components' standard deviations.

    It is probabilistic PCA [Tipping and Bishop, 1999] in the limit of no noise; G's singular values are the diagonal of S.

    Parameters
    ----------
    X : array of shape (n, d), scaled features
    latent : int
        Number of components k, at most the rank of X.

    Raises
    ------
    ValueError
        On malformed X, and where `latent` is not between 1 and the rank of the centred X.
    """
    X = check_features(X)
    rank = np.linalg.matrix_rank(X - X.mean(0)) if len(X) > 1 else 0
    if not (isinstance(latent, (int, np.integer)) and 1 <= latent <= rank):
        raise ValueError(f"latent must be an integer from 1 to {rank}, the rank of the {len(X)} centred rows of X, not {latent!r}")
    pca = PCA(latent, svd_solver="full").fit(X)
    c, V, S = (torch.as_tensor(v) for v in (pca.mean_, pca.components_.T.copy(), np.sqrt(pca.explained_variance_)))
    k, d = latent, X.shape[1]
    A = torch.cat([(V / S).mT, V.new_zeros(k, d)])
    point = torch.full((k,), -torch.inf, dtype=V.dtype)
    encoder = Residual(A, torch.cat([-A[:k] @ c, point]), V.new_zeros(0, d), V.new_zeros(0), V.new_zeros(2 * k, 0))
    return VAE(encoder, Residual(V * S, c, V.new_zeros(0, k), V.new_zeros(0), V.new_zeros(d, 0)))


def fit_vae(X, *, latent=4, hidden=16, seed, beta=0.05, decay=0.003, steps=1500, batch=512, rate=0.01):
    """Fit a VAE: minimise E ||x - G(z)||^2 / 2 + beta KL(q(z|x) || N(0, I)) + decay (||W1||_F^2 + ||W2||_F^2) / 2, z ~ q(z|x).

    W1 and W2 are the decoder's; `beta` is the variance of the decoder's noise, in scaled features. Training starts at principal
    components, to which both maps add a hidden layer whose output is 0 at first, so what it gains it gains over them.
    Adam, its rate falling linearly to 0.
    The batches are too small to share: one torch thread is fastest, and another number of threads changes the last digits.

    Parameters
    ----------
    X : array of shape (n, d), scaled features; the training rows
    latent, hidden : int
        Latent dimension k, at most d, and hidden units of encoder and of decoder.
    seed : int
        Of the initial weights, the batches and the posterior's samples.
    beta : float
        Weight of the KL term, positive.
    decay : float
        Weight of the penalty that keeps the decoder's Lipschitz constant small, at least 0.
    steps, batch : int
        Adam steps, and rows for each, drawn with replacement; steps, not epochs, so that small data are trained as long.
    rate : float
        Adam's first rate.

    Returns
    -------
    VAE

    Raises
    ------
    ValueError
        On malformed X, or an option out of range.
    """
    for name, value in (("beta", beta), ("hidden", hidden), ("steps", steps), ("batch", batch), ("rate", rate)):
        if not value > 0:
            raise ValueError(f"{name} must be positive, not {value!r}")
    if not decay >= 0:
        raise ValueError(f"decay must be at least 0, not {decay!r}")
    start = fit_pca(X, latent=latent)
    X, draw = torch.as_tensor(check_features(X), dtype=torch.float32), torch.Generator().manual_seed(seed)
    encoder = _add_hidden(start.encoder._replace(c=start.encoder.c.nan_to_num(neginf=math.log(beta))), hidden, draw)
    decoder = _add_hidden(start.decoder, hidden, draw)
    parameters = [p.requires_grad_() for p in (*encoder, *decoder)]
    optimiser = torch.optim.Adam(parameters, lr=rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, steps)
    for _ in range(steps):
        x = X[torch.randint(len(X), (min(batch, len(X)),), generator=draw)]
        mean, log_variance = encoder(x).chunk(2, -1)
        z = mean + torch.exp(log_variance / 2) * torch.randn(mean.shape, generator=draw)
        kl = (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1)
        bend = decoder.W1.square().sum() + decoder.W2.square().sum()
        loss = ((x - decoder(z)).square().sum(-1) + beta * kl).mean() / 2 + decay * bend / 2
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
    return VAE(*(Residual(*(p.detach().double() for p in part)) for part in (encoder, decoder)))


def rescale(vae, factor, shift):
    """Return the VAE of the rows u = factor * x + shift, given that of the rows x; factor (not 0) and shift have shape (d,).

    The latents are the same; the noise of the decoder is scaled with the features.
    """
    factor, shift = torch.as_tensor(factor), torch.as_tensor(shift)
    inward = lambda W, b: (W / factor, b - W @ (shift / factor))
    outward = lambda W: factor[:, None] * W
    encoder, decoder = vae
    encoder = Residual(*inward(encoder.A, encoder.c), *inward(encoder.W1, encoder.b1), encoder.W2)
    return VAE(encoder, Residual(outward(decoder.A), factor * decoder.c + shift, decoder.W1, decoder.b1, outward(decoder.W2)))


def _add_hidden(linear, hidden, draw):
    """Return a float32 copy of a linear map with random hidden units, steep enough to bend within the data, of output zero."""
    out, inputs = linear.A.shape
    W1 = 2 / math.sqrt(inputs) * torch.randn(hidden, inputs, generator=draw)
    return Residual(linear.A.float(), linear.c.float(), W1, 2 * torch.randn(hidden, generator=draw), torch.zeros(out, hidden))


def encode(vae, X):
    """Return the posterior means z = E(x), shape (n, k), float64, of the rows X, shape (n, d); nothing is sampled."""
    return vae.encoder(torch.as_tensor(X, dtype=torch.float64))[..., : vae.decoder.A.shape[1]]


def decode(vae, Z):
    """Return the features G(z), shape (..., d), at the latents Z, shape (..., k)."""
    return vae.decoder(torch.as_tensor(Z).to(vae.decoder.c))


def decode_around(decoder, Z, shifts):
    """Return G(z_i + delta_j), shape (d, n, S), for latents Z of shape (n, k) and shifts delta of shape (S, k).

    The shifts go through the first layer once for all rows.
    """
    centre, moved = Z.mT, shifts.mT
    hidden = torch.addmm(decoder.b1[:, None], decoder.W1, centre).unsqueeze(-1) + (decoder.W1 @ moved).unsqueeze(1)
    x = (decoder.W2 @ hidden.sigmoid_().flatten(1)).unflatten(1, hidden.shape[1:])
    return x.add_(torch.addmm(decoder.c[:, None], decoder.A, centre).unsqueeze(-1)).add_((decoder.A @ moved).unsqueeze(1))


def reconstruction_error(vae, X):
    """Return ||G(E(x)) - x||_2, shape (n,), in scaled features."""
    X = torch.as_tensor(X, dtype=torch.float64)
    return torch.linalg.vector_norm(decode(vae, encode(vae, X)) - X, dim=-1)


def active_latents(vae, X, *, threshold=0.01):
    """Return how many latents' posterior means vary over the rows X with a variance above the threshold [Burda et al., 2016]."""
    return int((encode(vae, X).var(0, correction=0) > threshold).sum())


def lipschitz_product(decoder):
    """Return the plain product bound on the Lipschitz constant: ||A|| + ||W2|| ||W1|| / 4."""
    norm = torch.linalg.matrix_norm
    return (norm(decoder.A, 2) + norm(decoder.W2, 2) * norm(decoder.W1, 2) / 4).item() if len(decoder.W1) else norm(decoder.A, 2).item()


def lipschitz_upper(decoder, *, steps=100):
    """Return an upper bound on the decoder's Lipschitz constant, l2 to l2, valid everywhere.

    A Jacobian is J = A + W2 diag(s) W1 with slopes 0 <= s <= 1/4. With s = 1/8 + t/8, |t| <= 1, and any T diagonal and positive,
    ||J|| <= ||A + W2 W1 / 8|| + ||W2 T^-1|| ||T W1|| / 8, since diag(t) commutes with T. The bound holds for every T;
    a subgradient method looks for the best one. The product bound is returned if it is smaller. Exact for a linear decoder.
    """
    log_t, half = _balance(decoder).log(), []
    for step in range(steps if len(decoder.W1) else 0):
        T = log_t.exp()
        _, left, outgoing = torch.linalg.svd(decoder.W2 / T, full_matrices=False)
        incoming, right, _ = torch.linalg.svd(T[:, None] * decoder.W1, full_matrices=False)
        half.append((left[0] * right[0]).item())
        log_t = log_t + (outgoing[0].square() - incoming[:, 0].square()) / (step + 1) ** 0.5
    centre = torch.linalg.matrix_norm(decoder.A + decoder.W2 @ decoder.W1 / 8, 2).item()
    return min(centre + min(half, default=0.0) / 8, lipschitz_product(decoder))


def lipschitz_local(decoder, Z, radius):
    """Return bounds (L, mu), each of shape (n,): mu ||u - v|| <= ||G(u) - G(v)|| <= L ||u - v|| for all u, v in the ball B(z, radius).

    On the ball the slopes lie in intervals of middle m and half-width w, so J = J_m + W2 diag(t) W1 with |t| <= w and
    J_m = A + W2 diag(m) W1; the mean value theorem on the (convex) ball gives L = ||J_m|| + B and mu = (s_min(J_m) - B)_+,
    where B >= ||W2 diag(t) W1|| is the smaller of the norms of |W2| diag(w) |W1| and of the scaled product of `lipschitz_upper`.
    mu is 0 where the latent space has more dimensions than the features.

    Parameters
    ----------
    decoder : Residual from k to d
    Z : Tensor of shape (n, k)
        Centres.
    radius : float or Tensor of shape (n,)
        Radii of the l2 balls.

    Raises
    ------
    ValueError
        If a radius is negative or not finite.
    """
    Z = torch.as_tensor(Z).to(decoder.c)
    radius = torch.as_tensor(radius).to(Z).expand(len(Z)).unsqueeze(-1)
    if not ((radius >= 0) & torch.isfinite(radius)).all():
        raise ValueError(f"radius must be finite and >= 0; the smallest is {radius.min().item()}, the largest {radius.max().item()}")
    centre, reach = (Z @ decoder.W1.mT + decoder.b1).abs(), radius * torch.linalg.vector_norm(decoder.W1, dim=-1)
    steep, flat = (a.sigmoid() * (-a).sigmoid() for a in ((centre - reach).clamp_min(0), centre + reach))
    middle, width = (steep + flat) / 2, (steep - flat) / 2
    J = decoder.A + (decoder.W2 * middle.unsqueeze(1)) @ decoder.W1
    T = _balance(decoder)
    left, right = decoder.W2 / T, T[:, None] * decoder.W1
    gram = [((M * width.unsqueeze(1)) @ M.mT) for M in (left, right.mT)]
    product = math.prod(torch.linalg.eigvalsh(G)[:, -1].clamp_min(0).sqrt() for G in gram)
    entrywise = torch.linalg.matrix_norm((decoder.W2.abs() * width.unsqueeze(1)) @ decoder.W1.abs(), 2)
    B, values = torch.minimum(product, entrywise), torch.linalg.svdvals(J)
    mu = (values[:, -1] - B).clamp_min(0) if J.shape[-1] <= J.shape[-2] else torch.zeros_like(B)
    return (values[:, 0] + B).clamp_max(lipschitz_upper(decoder)), mu


def _balance(decoder):
    """Return T of shape (H,) that gives each hidden unit incoming and outgoing weights of one length."""
    tiny = torch.finfo(decoder.W1.dtype).tiny
    outgoing, incoming = (torch.linalg.vector_norm(W, dim=-1) + tiny for W in (decoder.W2.mT, decoder.W1))
    return (outgoing / incoming).sqrt()

"""Variational autoencoders for tabular data, and principal components as their linear case."""

import math
from typing import NamedTuple

import numpy as np
import torch
from sklearn.decomposition import PCA

from rrlib.models.checks import as_tensor, check_features
from rrlib.models.decoder import Residual


class VAE(NamedTuple):
    """An encoder and a decoder, in float64.

    Attributes
    ----------
    encoder : Residual from d to 2k
        The mean and the log-variance of the latent posterior; -inf for principal components, whose
        posterior is a point.
    decoder : Residual from k to d
        The mean of the features; scaled features.
    """

    encoder: Residual
    decoder: Residual


def fit_pca(X, *, latent):
    """Return principal components as a VAE: E(x) = S^-1 V^T (x - c), G(z) = V S z + c.

    S holds the components' standard deviations, which are the singular values of G. It is
    probabilistic PCA [Tipping and Bishop, 1999] in the limit of no noise.

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
        raise ValueError(
            f"latent must be an integer from 1 to {rank}, "
            f"the rank of the {len(X)} centred rows of X, not {latent!r}"
        )
    pca = PCA(latent, svd_solver="full").fit(X)
    c = torch.as_tensor(pca.mean_)
    V = torch.as_tensor(pca.components_.T.copy())
    S = torch.as_tensor(np.sqrt(pca.explained_variance_))
    no_variance = torch.full((latent,), -torch.inf, dtype=V.dtype)
    inward = (V / S).mT
    encoder = _linear(
        torch.cat([inward, torch.zeros_like(inward)]), torch.cat([-inward @ c, no_variance])
    )
    return VAE(encoder, _linear(V * S, c))


@torch.inference_mode(False)
def fit_vae(
    X, *, latent=4, hidden=16, seed, beta=0.05, decay=0.003, steps=1500, batch=512, rate=0.01
):
    """Fit a VAE with Adam, its rate falling linearly to 0, starting at principal components.

    The loss is
    E ||x - G(z)||^2 / 2 + beta KL(q(z|x) || N(0, I)) + decay (||W1||_F^2 + ||W2||_F^2) / 2,
    with z drawn from q(z|x), and W1 and W2 those of the decoder; `beta` is the variance of the
    decoder's noise, in scaled features. To the principal components both maps add a hidden layer
    whose output is 0 at first, so what training gains it gains over them.
    Gradients are clipped to the norm 1. The batches are too small to share: one torch thread is
    fastest, and another number of threads changes the last digits.

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
        Adam steps, and rows for each, drawn with replacement; steps, not epochs, so that small data
        are trained as long.
    rate : float
        Adam's first rate.

    Returns
    -------
    VAE

    Raises
    ------
    ValueError
        On malformed X, an option out of range, or a training that diverged.
    """
    options = {"beta": beta, "hidden": hidden, "steps": steps, "batch": batch, "rate": rate}
    for name, value in options.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be finite and positive, not {value!r}")
    if not 0 <= decay < math.inf:
        raise ValueError(f"decay must be finite and at least 0, not {decay!r}")
    start = fit_pca(X, latent=latent)
    X = torch.as_tensor(check_features(X), dtype=torch.float32)
    draw = torch.Generator().manual_seed(seed)
    noisy = start.encoder.c.nan_to_num(neginf=math.log(beta))
    encoder = _add_hidden(start.encoder._replace(c=noisy), hidden, draw)
    decoder = _add_hidden(start.decoder, hidden, draw)
    parameters = [p.requires_grad_() for p in (*encoder, *decoder)]
    optimiser = torch.optim.Adam(parameters, lr=rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, steps)
    for _ in range(steps):
        x = X[torch.randint(len(X), (min(batch, len(X)),), generator=draw)]
        mean, log_variance = encoder(x).chunk(2, -1)
        z = mean + torch.exp(log_variance / 2) * torch.randn(
            mean.shape, generator=draw, dtype=X.dtype
        )
        error = (x - decoder(z)).square().sum(-1)
        twice_kl = (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1)
        bend = decoder.W1.square().sum() + decoder.W2.square().sum()
        loss = (error + beta * twice_kl).mean() / 2 + decay * bend / 2
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
    if not all(parameter.isfinite().all() for parameter in parameters):
        raise ValueError(
            "the training of the VAE diverged: scale X, to mean 0 and standard deviation 1 for "
            "example, or lower the rate"
        )
    return VAE(_finished(encoder), _finished(decoder))


def rescale(vae, factor, shift):
    """Return the VAE of the rows u = factor * x + shift, given that of the rows x.

    The latents are the same; the noise of the decoder is scaled with the features.

    Parameters
    ----------
    vae : VAE
    factor, shift : array of shape (d,)
        Of each feature; no factor is 0.
    """
    encoder, decoder = vae
    factor, shift = as_tensor(factor, decoder.c), as_tensor(shift, decoder.c)
    back = shift / factor
    encoder = encoder._replace(
        A=encoder.A / factor,
        c=encoder.c - encoder.A @ back,
        W1=encoder.W1 / factor,
        b1=encoder.b1 - encoder.W1 @ back,
    )
    decoder = decoder._replace(
        A=factor[:, None] * decoder.A,
        c=factor * decoder.c + shift,
        W2=factor[:, None] * decoder.W2,
    )
    return VAE(encoder, decoder)


def encode(vae, X):
    """Return the posterior means z = E(x), shape (n, k), of the rows X, shape (n, d).

    Nothing is sampled.
    """
    k = vae.decoder.A.shape[1]
    return vae.encoder(as_tensor(X, vae.encoder.c))[..., :k]


def decode(vae, Z):
    """Return the features G(z), shape (..., d), at the latents Z, shape (..., k)."""
    return vae.decoder(as_tensor(Z, vae.decoder.c))


def reconstruction_error(vae, X):
    """Return ||G(E(x)) - x||_2, shape (n,), in scaled features."""
    X = as_tensor(X, vae.decoder.c)
    return torch.linalg.vector_norm(decode(vae, encode(vae, X)) - X, dim=-1)


def active_latents(vae, X, *, threshold=0.01):
    """Return how many latents are active [Burda et al., 2016].

    A latent is active where its posterior mean varies over the rows X with a variance above the
    threshold.
    """
    return int((encode(vae, X).var(0, correction=0) > threshold).sum())


def _linear(A, c):
    """Return the map y = A x + c, with no hidden units."""
    out, inputs = A.shape
    return Residual(A, c, A.new_zeros(0, inputs), A.new_zeros(0), A.new_zeros(out, 0))


def _add_hidden(linear, hidden, draw):
    """Return a float32 copy of a linear map with random hidden units, of output zero.

    They are steep enough to bend within the data.
    """
    out, inputs = linear.A.shape
    A, c = linear.A.float(), linear.c.float()
    W1 = 2 / math.sqrt(inputs) * torch.randn(hidden, inputs, generator=draw, dtype=A.dtype)
    b1 = 2 * torch.randn(hidden, generator=draw, dtype=A.dtype)
    return Residual(A, c, W1, b1, A.new_zeros(out, hidden))


def _finished(part):
    """Return a trained map in float64, cut off from training."""
    return Residual(*(parameter.detach().double() for parameter in part))

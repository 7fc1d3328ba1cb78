"""Adversarial training of a family of networks."""

import numpy as np
import torch
from torch.nn.functional import softplus

from rrlib.models.attacks import descend_margin
from rrlib.models.checks import as_tensor, check_eps, check_features, check_labels
from rrlib.models.family import to
from rrlib.models.network import Network, init_network


@torch.inference_mode(False)
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
        On malformed X, y, eps or p, a setting out of range, or a training that diverged.

    Examples
    --------
    >>> X, y = np.array([[-1.0], [0.0], [0.5], [2.0]]), np.array([0, 1, 0, 1])
    >>> model = models.fit_network(X, y, [0.0, 0.3], seed=0, epochs=2, batch_size=2)
    >>> model.eps.numpy()
    array([0. , 0.3], dtype=float32)
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
    batches = minibatches(len(X), min(batch_size, len(X)), epochs, seed)
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
    if not all(parameter.isfinite().all() for parameter in model):
        raise ValueError("the training diverged: scale X, or lower the rate")
    return Network(*(parameter.detach() for parameter in model))


def minibatches(n, size, epochs, seed):
    """Return the rows of each step, shape (steps, size): a new permutation for each pass."""
    rng = np.random.default_rng([seed, 1])
    passes = []
    for _ in range(epochs):
        order = rng.permutation(n)[: n // size * size]
        passes.append(order.reshape(-1, size))
    return torch.as_tensor(np.concatenate(passes))

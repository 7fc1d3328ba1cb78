"""Adversarial training of any family, from the weights that it starts with."""

import numpy as np
import torch
from torch.nn.functional import softplus

from rrlib.models.attacks import descend_margin
from rrlib.models.checks import as_tensor, check_features, check_labels
from rrlib.models.family import to
from rrlib.models.training import minibatches


@torch.inference_mode(False)
def train_from(start, X, y, *, p=np.inf, seed, epochs=40, batch_size=256, rate=0.05, pgd_steps=5):
    """Train a family as `training.fit_network` trains the paper's network, in float32.

    From the start of that network it is the same training, step by step; a family with other layers
    or other numbers of units sees the same minibatches.

    Parameters
    ----------
    start : a family with `logits_and_gradient`
        Its weights at the start, and its radii.
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1
    p : {2, inf}
        Norm of the perturbations.
    seed : int
        Of the minibatches.
    epochs, batch_size, rate, pgd_steps
        As for `training.fit_network`.

    Returns
    -------
    a family of the type of `start`

    Raises
    ------
    ValueError
        On malformed X or y, or a training that diverged.
    """
    X = check_features(X)
    model = to(type(start)(*(parameter.clone() for parameter in start)), torch.float32)
    X, sign = as_tensor(X, model.eps), as_tensor(check_labels(y, len(X)), model.eps)
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
    return type(model)(*(parameter.detach() for parameter in model))

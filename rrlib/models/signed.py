"""Adversarial training of networks with a radius for each label, of either sign."""

import numpy as np
import torch
from torch.nn.functional import softplus

from rrlib.models.attacks import descend_margin
from rrlib.models.checks import as_tensor, check_features, check_labels
from rrlib.models.family import to
from rrlib.models.network import Network, init_network
from rrlib.models.training import minibatches


@torch.inference_mode(False)
def fit_signed_network(
    X, y, radii, *, p=np.inf, seed, epochs=40, batch_size=256, rate=0.05, pgd_steps=5
):
    """Train the network of `fit_network` with a radius for each label, in single precision.

    All is as there, initial weights and minibatches included, but that the attack is
    `attack_signed`. Equal radii give, up to rounding, the networks of `fit_network`.

    Parameters
    ----------
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1
    radii : array of shape (E, 2)
        Rows (eps_plus, eps_minus) for the favourable rows and the others, in scaled features.
    p : {2, inf}
        Norm of the perturbations.
    seed : int
        Of the initial weights and of the minibatches.
    epochs, batch_size, rate, pgd_steps : as in `fit_network`

    Returns
    -------
    Network
        Its field `eps` holds the mean radii.

    Raises
    ------
    ValueError
        On malformed X, y or p, radii of another shape or with a negative mean, or a training that
        diverged.
    """
    X = check_features(X)
    sign = check_labels(y, len(X))
    radii = np.asarray(radii, dtype=np.float64)
    if radii.ndim != 2 or radii.shape[1] != 2 or not (radii.mean(1) >= 0).all():
        raise ValueError(f"radii must be pairs with a mean >= 0, not {radii.tolist()}")
    if p not in (2, np.inf):
        raise ValueError(f"p must be 2 or numpy.inf, not {p!r}")
    model = to(init_network(X.shape[1], radii.mean(1), seed), torch.float32)
    X, sign, radii = (as_tensor(part, model.eps) for part in (X, sign, radii))
    weights = [parameter.requires_grad_() for parameter in model[:-1]]
    optimiser = torch.optim.Adam(weights, lr=rate)
    batches = minibatches(len(X), min(batch_size, len(X)), epochs, seed)
    for step, rows in enumerate(batches):
        x, target = X[rows], sign[rows]
        with torch.no_grad():
            delta = attack_signed(model, x, target, radii, p=p, steps=pgd_steps)
        loss = softplus(-target * model(x + delta)).mean(-1).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.param_groups[0]["lr"] = rate * (1 - step / len(batches))
        optimiser.step()
    if not all(parameter.isfinite().all() for parameter in model):
        raise ValueError("the training diverged: scale X, or lower the rate")
    return Network(*(parameter.detach() for parameter in model))


def attack_signed(model, X, sign, radii, *, p=np.inf, steps=5):
    """Return perturbations by projected gradients with a radius for each label, (E, n, d).

    Where the radius is negative, the row goes to the best margin of its ball instead of the worst.

    Parameters
    ----------
    model : a family
    X : Tensor of shape (n, d), of the family's type
    sign : Tensor of shape (n,)
        Labels as +1 and -1.
    radii : Tensor of shape (E, 2)
    p : {2, inf}
    steps : int
    """
    delta = X.new_zeros(len(radii), *X.shape)
    centre = X.new_zeros(1, X.shape[1])
    for label, radius in zip((1, -1), radii.T):
        rows = sign == label
        worse = label * radius.sign().unsqueeze(-1)
        found = descend_margin(model, X[rows], worse, radius.abs(), p, steps, centre)
        delta[:, rows] = found
    return delta

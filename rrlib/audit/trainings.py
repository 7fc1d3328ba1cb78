"""COMPAS's networks trained by other settings than the study's, and how robust they are.

``python -m rrlib.audit.trainings`` makes the stored table again.
"""

from functools import partial

import pandas as pd
import torch

from rrlib.audit import kept
from rrlib.data import datasets
from rrlib.data.shipped import BOOK
from rrlib.models.attacks import pgd, pgd_accuracy
from rrlib.models.family import EPS_GRID
from rrlib.models.training import fit_network

PLACE = BOOK / "trainings.csv"
SETTINGS = {
    "as used": {},
    "10 passes": {"epochs": 10},
    "160 passes": {"epochs": 160},
    "rate 0.01": {"rate": 0.01},
    "rate 0.2": {"rate": 0.2},
    "minibatches of 64": {"batch_size": 64},
    "of 1,024": {"batch_size": 1024},
}
"""Of `fit_network`, by name."""

STEPS = (1, 5, 20)
"""Of the attack that trains; the study's takes five."""


def network_loss(model, X, y):
    """Return the mean logistic loss of each model under PGD of its own radius, in nats.

    Parameters
    ----------
    model : a family of rrlib.models
    X : array of shape (n, d), scaled features
    y : array of shape (n,), labels 0 or 1

    Returns
    -------
    array of shape (E,)
    """
    delta = pgd(model, X, y, model.eps.numpy())
    sign = torch.as_tensor(2.0 * y - 1).to(delta)
    margin = sign * model(torch.as_tensor(X).to(delta) + delta)
    return torch.nn.functional.softplus(-margin).mean(-1).numpy()


def held_out_loss(data, setting):
    """Return `network_loss` on a fifth of the training rows, trained on the others.

    Parameters
    ----------
    data : Dataset
    setting : str
        Out of SETTINGS.

    Returns
    -------
    Series
        By the radius of training.
    """
    X, y = data.X_train, data.y_train
    kept = len(y) * 4 // 5
    model = fit_network(X[:kept], y[:kept], EPS_GRID, seed=0, **SETTINGS[setting])
    return _by_radius(network_loss(model, X[kept:], y[kept:]))


def own_accuracy(data, steps):
    """Return the accuracy under PGD at each model's own radius, trained by so many steps.

    A Series by the radius of training, on the test rows.
    """
    model = fit_network(data.X_train, data.y_train, EPS_GRID, seed=0, pgd_steps=steps)
    return _by_radius(pgd_accuracy(model, data.X_test, data.y_test, model.eps.numpy()))


def measure(data):
    """Return everything that is stored: a row for each setting, a column for each radius.

    Held-out losses for SETTINGS; accuracies for STEPS.
    """
    losses = {name: held_out_loss(data, name) for name in SETTINGS}
    accuracies = {str(steps): own_accuracy(data, steps) for steps in STEPS}
    parts = {"loss": pd.DataFrame(losses).T, "accuracy": pd.DataFrame(accuracies).T}
    return pd.concat(parts, names=["measure", "setting"])


def read():
    """Return what `measure` has stored."""
    table = pd.read_csv(PLACE, index_col=[0, 1])
    return table.rename(columns=float).rename_axis(columns="eps")


def _by_radius(values):
    return pd.Series(values, pd.Index(EPS_GRID, name="eps"), dtype=float)


if __name__ == "__main__":
    compas = datasets.load("compas", seed=0)
    kept.write("trainings", partial(measure, compas), digits=5, index=True)

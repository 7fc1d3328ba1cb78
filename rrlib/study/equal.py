"""Equal acceptance: the threshold at which a robust model denies as many as the standard one."""

from typing import NamedTuple

import numpy as np
import torch

from rrlib.data import datasets
from rrlib.models.attacks import adversarial_accuracy, pgd_accuracy
from rrlib.models.family import LogisticRegression, lipschitz, select
from rrlib.recourse import growing_spheres

NAMES = ("own", "equal", "rate")
"""The thresholds: the model's own; that of equal acceptance; and, for the standard model, the one
at which it denies as many as the robust model does at its own."""


class Thresholds(NamedTuple):
    """The models of a slice at three thresholds each, as one family of 3 E models.

    First come all models at their own threshold, then all at equal acceptance, then the standard
    model at the rate of each: `NAMES`.

    Attributes
    ----------
    family : a family of rrlib.models
        Logits less the threshold, so that a person is denied below 0.
    threshold : array of shape (3, E)
        In logits; NaN where there is none. The family has 0 there.
    denied : array of shape (3, E)
        The share of the training rows that is denied; NaN where there is no threshold.
    """

    family: NamedTuple
    threshold: np.ndarray
    denied: np.ndarray


def thresholds(one):
    """Return the models of a slice at their own thresholds and at equal acceptance.

    Thresholds are chosen on the training rows; the standard model keeps its own.

    Parameters
    ----------
    one : Slice
    """
    data = datasets.load(one.dataset, seed=one.seed, scaling=one.scaling)
    logits = one.model(data.X_train).numpy().astype(float)
    own = (logits < 0).mean(-1)
    equal = [threshold_at(row, own[0]) for row in logits]
    rate = [threshold_at(logits[0], share) for share in own]
    threshold = np.stack([np.zeros(len(own)), equal, rate])
    threshold[:, 0] = 0
    models = range(len(own))
    every = select(one.model, [*models, *models, *[0 for _ in models]])
    family = shift(every, np.nan_to_num(threshold).ravel())
    denied = (family(data.X_train).numpy() < 0).mean(-1).reshape(threshold.shape)
    return Thresholds(family, threshold, np.where(np.isnan(threshold), np.nan, denied))


def threshold_at(logits, share):
    """Return the threshold below which a share of some logits lies, as nearly as ties allow.

    It lies in the middle between two logits. NaN where all are the same, or where the share is 0
    or 1: then there is none, or any that is far enough off.

    Parameters
    ----------
    logits : array of shape (n,)
    share : float
    """
    values, counts = np.unique(logits, return_counts=True)
    if len(values) == 1 or not 0 < share < 1:
        return np.nan
    below = np.cumsum(counts)[:-1] / len(logits)
    best = np.abs(below - share).argmin()
    return (values[best] + values[best + 1]) / 2


def shift(model, threshold):
    """Return a family whose logits are less by a threshold each, shape (E,)."""
    bias = "b2" if hasattr(model, "b2") else "b"
    moved = getattr(model, bias) - torch.tensor(threshold, dtype=model.eps.dtype)
    return model._replace(**{bias: moved})


def divide(model, scale):
    """Return a family whose logits are divided by a positive number each, shape (E,)."""
    outer = ("w2", "b2") if hasattr(model, "b2") else ("w", "b")
    divided = {}
    for name in outer:
        parameter = getattr(model, name)
        by = torch.as_tensor(scale, dtype=parameter.dtype)
        divided[name] = parameter / by.reshape(-1, *[1] * (parameter.ndim - 1))
    return model._replace(**divided)


def least_cost(family, X, *, max_cost, seed):
    """Return the least l2 cost of a yes, and who has one within `max_cost`: arrays (M, n).

    The distance to the boundary for linear models, exact; by growing spheres for networks. Whoever
    has a yes already pays nothing.

    Parameters
    ----------
    family : a family of M models
    X : array of shape (n, d), scaled features
    max_cost : float, in scaled features
    seed : int
        Of growing spheres.
    """
    if not isinstance(family, LogisticRegression):
        found = growing_spheres(family, X, target=np.ones(1), max_cost=max_cost, seed=seed)
        return found.cost.numpy().astype(float), found.valid.numpy()
    missing = np.maximum(-family(X).numpy(), 0)
    slope = lipschitz(family).numpy()[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = np.where(missing > 0, missing / slope, 0)
    return cost, cost <= max_cost


def robust_accuracy(family, X, y, radius):
    """Return the accuracy under an l_inf attack, exact for linear models, by PGD for networks."""
    exact = isinstance(family, LogisticRegression)
    return (adversarial_accuracy if exact else pgd_accuracy)(family, X, y, radius)

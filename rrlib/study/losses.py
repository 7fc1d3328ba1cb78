"""Robust losses of the models of a slice, on the rows that trained them and on the test rows."""

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import softplus

from rrlib.data import datasets
from rrlib.models.attacks import pgd
from rrlib.models.certificate import certified_margin
from rrlib.models.family import EPS_GRID, to
from rrlib.study.common import named


def losses(slices):
    """Return mean robust losses of each model at its own radius, in nats.

    Returns
    -------
    DataFrame
        `dataset`, `kind`, `seed`, `eps`, `part` ("train" or "test", whole), `attacked` (under
        projected gradient descent, a lower bound), `certified` (an upper bound; both are exact for
        logistic regression), `constant` (of the best constant on the training rows), `accuracy`,
        and `accepted`, the share of rows.
    """
    parts = []
    for one in slices:
        data = datasets.load(one.dataset, seed=one.seed, scaling=one.scaling)
        rows = {"train": (data.X_train, data.y_train), "test": (data.X_test, data.y_test)}
        share = data.y_train.mean()
        for name, (X, y) in rows.items():
            accepted = one.model(X).numpy() >= 0
            part = pd.DataFrame({"eps": EPS_GRID, "part": name})
            part["attacked"], part["certified"] = _losses(one, X, y)
            part["constant"] = -np.mean(np.where(y == 1, np.log(share), np.log1p(-share)))
            part["accuracy"] = (accepted == (y == 1)).mean(-1)
            part["accepted"] = accepted.mean(-1)
            parts.append(named(part, one))
    return pd.concat(parts, ignore_index=True)


def _losses(one, X, y):
    """Return the losses under attack and their upper bounds, arrays of shape (E,)."""
    model = to(one.model, torch.float64)
    rows, sign = torch.as_tensor(X), torch.as_tensor(np.where(y == 1, 1.0, -1.0))
    radius = torch.as_tensor(EPS_GRID, dtype=torch.float64).unsqueeze(-1)
    attacked = sign * model(rows + pgd(model, X, y, EPS_GRID))
    certified = certified_margin(model, rows, sign, radius, q=1)
    return [softplus(-margins).mean(-1).numpy() for margins in (attacked, certified)]

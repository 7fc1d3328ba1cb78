"""How constant networks are that give everybody one label, with min-max scaling.

``python -m rrlib.audit.constants`` makes the stored table again.
"""

from itertools import product

import numpy as np
import pandas as pd

from rrlib.audit import kept
from rrlib.data import datasets
from rrlib.data.shipped import BOOK
from rrlib.models import fit_network

PLACE = BOOK / "constants.csv"
RADII = (0.1, 0.2, 0.3)
SEEDS = tuple(range(5))


def spreads(names=datasets.NAMES, seeds=SEEDS):
    """Return how far the logits of trained networks differ over the training rows.

    Parameters
    ----------
    names : sequence of dataset names
    seeds : sequence of int
        Of the split, the initial weights and the minibatches.

    Returns
    -------
    DataFrame
        `dataset`, `seed`, `eps`, `spread` (the largest logit of a training row less the smallest)
        and `accepted` (the share of training rows), networks as trained by PGD with min-max
        scaling.
    """
    parts = []
    for name, seed in product(names, seeds):
        data = datasets.load(name, seed=seed, scaling="minmax")
        model = fit_network(data.X_train, data.y_train, RADII, seed=seed)
        logits = model(data.X_train).numpy()
        part = pd.DataFrame({"dataset": name, "seed": seed, "eps": RADII})
        part["spread"] = np.ptp(logits, axis=1)
        part["accepted"] = (logits >= 0).mean(1)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


if __name__ == "__main__":
    kept.write("constants", spreads, digits=4)

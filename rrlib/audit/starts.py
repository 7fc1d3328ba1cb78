"""What the greedy start of certified training gains, and what training adds, for one seed.

``python -m rrlib.audit.starts`` makes the stored table again.
"""

from itertools import product

import pandas as pd

from rrlib.audit import kept
from rrlib.data import datasets
from rrlib.data.shipped import BOOK
from rrlib.models.certified import fit_certified
from rrlib.models.family import EPS_GRID

PLACE = BOOK / "starts.csv"
SCALINGS = ("standard", "minmax")
LOSSES = ("linear", "unit", "start", "loss")
"""Of `fit_certified`, in the order of the procedure."""

KEYS = ["scaling", "dataset", "eps"]


def measure(names=datasets.NAMES, scalings=SCALINGS):
    """Return the losses of certified training on its training rows, seed 0.

    Parameters
    ----------
    names : sequence of dataset names
    scalings : sequence out of SCALINGS

    Returns
    -------
    DataFrame
        Indexed by `scaling`, `dataset` and `eps`, in the order given; LOSSES, as `CertifiedFit`
        has them, in nats.
    """
    parts = []
    for scaling, name in product(scalings, names):
        data = datasets.load(name, seed=0, scaling=scaling)
        fit = fit_certified(data.X_train, data.y_train, EPS_GRID, seed=0)
        part = pd.DataFrame({"scaling": scaling, "dataset": name, "eps": EPS_GRID})
        for loss in LOSSES:
            part[loss] = getattr(fit, loss)
        parts.append(part)
    return pd.concat(parts).set_index(KEYS)


def read():
    """Return what `measure` has stored."""
    return pd.read_csv(PLACE, index_col=KEYS)


if __name__ == "__main__":
    kept.write("starts", measure, digits=8, index=True)

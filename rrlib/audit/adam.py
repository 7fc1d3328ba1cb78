"""SCFE as the field runs it, with Adam, beside the converged search, on the study's networks.

``python -m rrlib.audit.adam`` makes the stored table again.
"""

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from rrlib import study
from rrlib.audit import kept
from rrlib.data.shipped import BOOK
from rrlib.models.family import EPS_GRID
from rrlib.recourse import scfe_adam
from rrlib.study.common import MAX_COST
from rrlib.study.variations import SAMPLE

PLACE = BOOK / "adam.csv"
CASE = ["dataset", "seed", "eps"]


def compare(one, valid):
    """Return how the search with Adam and the converged one meet on the first rows of a slice.

    Parameters
    ----------
    one : study.Slice
        With recourses of SCFE.
    valid : array of bool of shape (E, n)
        Where Adam finds a recourse of its first n rows, within the cap.

    Returns
    -------
    DataFrame
        A line for each radius: the columns of CASE; `adam`, the share of rows on which Adam finds
        one; `adam_only` and `scfe_only`, on which one of the two does; `slope_valid` and
        `slope_failed`, the medians of the logit's slope at x where Adam finds one and where it
        does not, in logits for a unit of a scaled feature, NaN over no row.
    """
    n = valid.shape[1]
    converged = one.recourse["scfe"].valid[:, :n]
    slope = one.model.gradient(one.X[:n]).norm(dim=-1).numpy()
    return pd.DataFrame(
        {
            "dataset": one.dataset,
            "seed": one.seed,
            "eps": EPS_GRID,
            "adam": valid.mean(1),
            "adam_only": (valid & ~converged).mean(1),
            "scfe_only": (converged & ~valid).mean(1),
            "slope_valid": _medians(slope, valid),
            "slope_failed": _medians(slope, ~valid),
        }
    )


def _medians(values, chosen):
    """Return the median of the chosen values of each line, NaN where none is."""
    return pd.DataFrame(np.where(chosen, values, np.nan)).median(axis=1)


def measure(one):
    """Return `compare` of a slice, its first SAMPLE rows searched now."""
    found = scfe_adam(one.model, one.X[:SAMPLE])
    return compare(one, (found.valid & (found.cost <= MAX_COST)).numpy())


def aggregates():
    """Return `measure` of all slices of networks, one below the other."""
    slices = study.run(kinds=["network"], methods=["scfe"])
    return pd.concat(Parallel(2)(delayed(measure)(one) for one in slices))


if __name__ == "__main__":
    kept.write("adam", aggregates, digits=6)

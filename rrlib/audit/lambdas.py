"""SCFE on the study's networks, where the distance weighs less than in the study.

``python -m rrlib.audit.lambdas`` makes the stored table again.
"""

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from rrlib import study
from rrlib.audit import kept
from rrlib.data.shipped import BOOK
from rrlib.models.family import EPS_GRID, predict, select
from rrlib.recourse import scfe
from rrlib.study.common import MAX_COST

PLACE = BOOK / "lambdas.csv"
LAMBDAS = (1e-4, 1e-6)
"""The study's own is 0.01."""

RADII = (0.0, 0.1, 0.2, 0.3)
ROWS = 200
"""How many test rows of each network are searched from."""

CAPS = {"at most 10": MAX_COST, "any": np.inf}
CASE = ["dataset", "seed", "lambda", "cost", "eps"]
AT = [EPS_GRID.index(eps) for eps in RADII]


def shares(one, x_cf, lam):
    """Return how often SCFE's points are recourses, within each cap.

    Parameters
    ----------
    one : study.Slice
    x_cf : array of shape (E, n, d)
        From its first n rows, for its models of RADII, scaled features.
    lam : float
        With which they were found.

    Returns
    -------
    DataFrame
        The columns of CASE, and `validity`.
    """
    n = x_cf.shape[1]
    flipped = predict(select(one.model, AT), x_cf).numpy() != (one.logits[AT, :n] >= 0)
    cost = np.linalg.norm(x_cf - one.X[:n], axis=-1)
    validity = [(flipped & (cost <= cap)).mean(-1) for cap in CAPS.values()]
    wide = pd.DataFrame(validity, pd.Index(CAPS, name="cost"), pd.Index(RADII, name="eps"))
    named = {"dataset": one.dataset, "seed": one.seed, "lambda": lam}
    return wide.stack().rename("validity").reset_index().assign(**named)[[*CASE, "validity"]]


def measure(one):
    """Return `shares` of a slice for LAMBDAS, searched now."""
    model, X = select(one.model, AT), one.X[:ROWS]
    found = [shares(one, scfe(model, X, lam=lam).x_cf.numpy(), lam) for lam in LAMBDAS]
    return pd.concat(found, ignore_index=True)


def aggregates():
    """Return `measure` of all slices of networks, one below the other."""
    slices = study.run(kinds=["network"], methods=())
    return pd.concat(Parallel(2)(delayed(measure)(one) for one in slices))


if __name__ == "__main__":
    kept.write("lambdas", aggregates, digits=4)

"""Checks of the chapter on validity in the experiments."""

import numpy as np

from rrlib.exercises.checks import check, compare
from rrlib.models import EPS_GRID
from rrlib.recourse import Recourse
from rrlib.study import metrics

LAST = EPS_GRID[-1]


@check
def constants(answer):
    """The printed validity where everybody is accepted, and where everybody is denied."""
    X, zeros = np.zeros((5, 2)), np.zeros((1, 5))
    stuck = Recourse(X[None], zeros.astype(bool), zeros, zeros + 1, zeros)
    shares = []
    for accepted in (True, False):
        measures = metrics.summarise(stuck, np.full((1, 5), accepted), X)
        shares.append(measures.set_index("reading").loc["printed", "validity"])
    return compare(answer, shares)


@check
def still_valid(answer, table):
    """The names of a dataset, of a kind of model and of a method, as in the table."""
    dataset, kind, method = answer
    columns = ["dataset", "kind", "method"]
    cases = table[(table["reading"] == "flip") & (table["eps"] == LAST)].set_index(columns)
    if (dataset, kind, method) not in cases.index:
        known = [", ".join(sorted(set(table[column]))) for column in columns]
        return f"the table has no such case; it has {'; '.join(known)}."
    if cases.loc[[(dataset, kind, method)], "validity"].min() <= 0.9:
        return "in some seed the validity there is 90 % or less."
    return None


@check
def comes_back(answer, restart):
    """The validity with C-CHVAE's points at epsilon = 0.3, on Adult and on German Credit."""
    shares = []
    for name in ("adult", "german"):
        valid = []
        for one, _, _, better in restart(name, "cchvae"):
            own = one.recourse["scfe"].valid[-1, : better.shape[1]]
            valid.append((own | better[-1]).mean())
        shares.append(np.mean(valid))
    return compare(answer, shares)

"""Predictions for a table that nobody had looked at, and whether they came true.

``python -m rrlib.audit.prediction`` makes again the aggregates that they are judged by.
"""

from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from rrlib.audit import kept
from rrlib.audit.evidence import EXPLORING, LATER, effect
from rrlib.audit.parts import four_parts
from rrlib.data import credit
from rrlib.data.shipped import BOOK
from rrlib.study import foreign
from rrlib.theory import collapse_threshold

PLACE = BOOK / "prediction.csv"
RADII = {"standard": (0.0, 0.02, 0.05, 0.1, 0.2, 0.25, 0.3), "minmax": (0.0, 0.02, 0.05, 0.1)}
"""The radii that the predictions speak of."""

UNUSED = ["dataset", "measure", "raw", "raw_robust", "denied, 26 to 40", "denied, 26 to 40_equal"]

KINDS = {"logistic": "linear", "network": "networks as trained", "certified": "certified networks"}


class Check(NamedTuple):
    """A statement of one prediction about one quantity of one case.

    Attributes
    ----------
    number : int
        Of the prediction.
    column : str
        Of `with_quantities`.
    kind : str
        Out of KINDS.
    eps, low, high : float
        The mean over seeds is predicted to lie in [low, high].
    sign : {-1, 0, 1}
        If not 0, the whole 95 % interval lies on this side of 0 too.
    scaling : {"standard", "minmax"}
    """

    number: int
    column: str
    kind: str
    eps: float
    low: float
    high: float
    sign: int = 0
    scaling: str = "standard"


def _alike(number, column, eps, low, high):
    """Return the same statement for all kinds of model."""
    return [Check(number, column, kind, eps, low, high) for kind in KINDS]


NETWORKS = ("network", "certified")
CHECKS = (
    Check(1, "constant", "logistic", 0.25, 0, 0),
    Check(1, "constant", "logistic", 0.3, 1, 1),
    Check(2, "constant", "logistic", 0.02, 0, 0, scaling="minmax"),
    Check(2, "as the radius says", "logistic", 0.05, 1, 1, scaling="minmax"),
    Check(2, "constant", "logistic", 0.1, 1, 1, scaling="minmax"),
    Check(3, "seniority is last", "logistic", 0.0, 1, 1),
    Check(3, "seniority is last", "logistic", 0.0, 1, 1, scaling="minmax"),
    Check(4, "denied", "logistic", 0.3, 0, 0),
    Check(4, "denied, of the standard", "logistic", 0.1, 0, 0.25),
    Check(4, "denied", "logistic", 0.2, 0, 0.01),
    Check(5, "counts", "logistic", 0.1, 0, 0),
    Check(5, "counts", "logistic", 0.2, 0, 0),
    Check(6, "threshold", "logistic", 0.02, -0.25, -0.05, -1),
    Check(6, "geometry", "logistic", 0.02, -0.05, 0.05),
    Check(6, "composition", "logistic", 0.02, 0.05, 0.25),
    Check(6, "total", "logistic", 0.02, -0.10, 0.03),
    Check(7, "threshold", "network", 0.02, -0.20, -0.02, -1),
    Check(7, "geometry", "network", 0.02, -0.05, 0.10),
    Check(7, "composition", "network", 0.02, 0, 0.20),
    Check(8, "threshold", "certified", 0.02, -0.25, -0.02, -1),
    Check(8, "geometry", "certified", 0.02, -0.05, 0.15),
    Check(8, "composition", "certified", 0.02, 0, 0.20),
    *[Check(9, "denied, of the standard", kind, 0.1, 0, 0.25) for kind in NETWORKS],
    *[Check(9, "denied", kind, 0.2, 0, 0.02) for kind in NETWORKS],
    *[Check(9, "counts", kind, eps, 0, 0) for kind in NETWORKS for eps in (0.1, 0.2)],
    *[Check(10, "constant", kind, 0.3, 0, 0) for kind in NETWORKS],
    *[Check(10, "denied", kind, 0.3, 0, 0.01) for kind in NETWORKS],
    Check(11, "constant", "network", 0.1, 0.8, 1, scaling="minmax"),
    Check(11, "constant", "certified", 0.1, 0, 0.2, scaling="minmax"),
    *_alike(12, "validity", 0.02, 0.95, 1),
    *_alike(12, "validity", 0.05, 0.95, 1),
    *_alike(12, "validity", 0.1, 0.95, 1),
    *_alike(13, "accuracy, less the good", 0.2, -0.01, 0.01),
    Check(13, "gained at equal acceptance", "logistic", 0.2, -0.04, 0.01),
    *[Check(13, "gained at equal acceptance", kind, 0.2, -0.02, 0.035) for kind in NETWORKS],
    *_alike(14, "burden, of the standard", 0.1, 0, 0.5),
    *_alike(14, "false_yes", 0.1, 0.95, 1),
    *_alike(15, "burden at equal acceptance, of the standard", 0.1, 0.9, 1.8),
    Check(16, "denied, young less old", "logistic", 0.0, 0.05, 1),
    Check(16, "gap at equal acceptance, less the standard", "logistic", 0.2, 0.01, 1),
)
"""All that the text predicts, as it was written before any model was trained on the table."""


def with_quantities(table):
    """Return a table of `study.foreign` with all quantities that a check speaks of."""
    table = table.reset_index(drop=True)
    parts = four_parts(table)
    columns = ["counts", "total", "threshold", "geometry", "composition"]
    table[columns] = parts[columns]
    for column in columns[1:]:
        table[column] = table[column].where(table["counts"])
    keys = ["scaling", "kind", "seed"]
    standard = table[table["eps"] == 0].set_index(keys)
    before = standard.loc[pd.MultiIndex.from_frame(table[keys])].reset_index(drop=True)
    gap, gap_equal = (
        table[f"denied, 25 or younger{ending}"] - table[f"denied, over 40{ending}"]
        for ending in ("", "_equal")
    )
    gap_before = before["denied, 25 or younger"] - before["denied, over 40"]
    return table.assign(
        **{
            "as the radius says": table["constant"] == (table["radius"] <= table["eps"]),
            "seniority is last": table["last"] == "seniority",
            "denied, of the standard": table["denied"] / before["denied"],
            "accuracy, less the good": table["accuracy"] - table["favourable"],
            "gained at equal acceptance": table["accuracy_equal"] - table["accuracy"],
            "burden, of the standard": table["burden"] / before["burden"],
            "burden at equal acceptance, of the standard": table["burden_equal"] / before["burden"],
            "denied, young less old": gap,
            "gap at equal acceptance, less the standard": gap_equal - gap_before,
        }
    )


def judge(table, checks=CHECKS):
    """Return each statement with what was found.

    A mean takes in the seeds for which its quantity exists: a part of a cost where the case
    counts, a validity where somebody is denied. With fewer than two there is nothing to find.

    Parameters
    ----------
    table : DataFrame
        From `study.foreign.measure`, all seeds.
    checks : sequence of Check

    Returns
    -------
    DataFrame
        The fields of each check; `mean`, `from`, `to` (the 95 % interval over seeds), `seeds` (how
        many the mean takes in) and `outcome`: "hit", "miss" or, where nothing was found, "open".
    """
    table = with_quantities(table)
    rows = []
    for check in checks:
        case = (table["scaling"] == check.scaling) & (table["kind"] == check.kind)
        values = table.loc[case & (table["eps"] == check.eps), check.column]
        values = values.to_numpy(float)
        values = values[~np.isnan(values)]
        mean, low, high = effect(check.column, values)[1:]
        outcome = _outcome(check, mean, low, high)
        found = {"mean": mean, "from": low, "to": high, "seeds": len(values)}
        rows.append(check._asdict() | found | {"outcome": outcome})
    return pd.DataFrame(rows)


def _outcome(check, mean, low, high):
    if np.isnan(mean):
        return "open"
    on_its_side = check.sign == 0 or min(check.sign * low, check.sign * high) > 0
    rounding = 1e-9
    inside = check.low - rounding <= mean <= check.high + rounding
    return "hit" if inside and on_its_side else "miss"


def aggregates(rows, jobs=2):
    """Return `foreign.measure` of all seeds, kinds and scalings, at the radii of the predictions.

    Parameters
    ----------
    rows : DataFrame
        From `credit.frame`.
    jobs : int
    """
    keys = list(product((*EXPLORING, *LATER), foreign.KINDS, RADII))
    found = pd.concat(Parallel(jobs)(delayed(_measured)(rows, *key) for key in keys))
    asked = [eps in RADII[scaling] for eps, scaling in zip(found["eps"], found["scaling"])]
    return found[asked].drop(columns=UNUSED)


def _measured(rows, seed, kind, scaling):
    data = credit.split(rows, seed=seed, scaling=scaling)
    radius = collapse_threshold(data.X_train, data.y_train)
    return foreign.measure(data, kind, radius)


if __name__ == "__main__":
    table, reason = credit.frame()
    if table is None:
        raise SystemExit(f"The table is not to be had: {reason}")
    kept.write("prediction", partial(aggregates, table), digits=4)

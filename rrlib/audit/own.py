"""Claims of our own about equal acceptance, judged by the rule that the paper's are judged by.

They were chosen from the exploring seeds, and seeds 10 to 14 confirm.
"""

import numpy as np

from rrlib.audit.evidence import EXPLORING, LATER, Case, Finding, name_case
from rrlib.audit.parts import four_parts
from rrlib.audit.smallest import COST, NOTHING

UNIT = "mean l2 cost, standard deviations"
COSTS = ["before", "standard", "equal", "robust", "raw", "raw_robust"]


def own_claims(table):
    """Return what we claim of the four parts, as findings.

    Parameters
    ----------
    table : DataFrame
        The stored table "parts", standardised features.
    """
    rows = four_parts(table).join(table[COSTS])
    rows = rows[rows["measure"] == "least"]
    return [
        Finding(
            "Adult, linear models: of what the same people pay more, most is threshold",
            f"threshold, by the lesser order, less half of the rise, {UNIT}",
            _cases(rows, [("adult", "logistic", 0.2)], _more_than_half, COST),
        ),
        Finding(
            "COMPAS, networks: geometry makes recourse dearer",
            f"geometry, by the lesser order, {UNIT}",
            _cases(rows, COMPAS_NETWORKS, _geometry, COST),
        ),
        Finding(
            "COMPAS, linear models: the same people pay less",
            f"the fall of their mean cost, {UNIT}",
            _cases(rows, COMPAS_LINEAR, _same_fall, COST),
        ),
        Finding(
            "COMPAS, linear models: the mean of the denied rises all the same",
            f"the rise of the mean of those whom each model denies, {UNIT}",
            _cases(rows, COMPAS_LINEAR, _total, COST, of="before"),
        ),
        Finding(
            "Adult, networks: at equal acceptance the same people pay what they paid, to a tenth",
            f"a tenth of the standard mean less the size of the change, {UNIT}",
            _cases(rows, ADULT_NETWORKS, _within_a_tenth, NOTHING),
        ),
    ]


COMPAS_LINEAR = [("compas", "logistic", 0.1), ("compas", "logistic", 0.15)]
COMPAS_NETWORKS = [
    ("compas", "network", 0.1),
    ("compas", "network", 0.2),
    ("compas", "network", 0.3),
    ("compas", "certified", 0.05),
    ("compas", "certified", 0.1),
]
ADULT_NETWORKS = [
    ("adult", "network", 0.1),
    ("adult", "network", 0.2),
    ("adult", "certified", 0.1),
    ("adult", "certified", 0.2),
]


def _cases(rows, chosen, effect, share, of="standard"):
    """Return the cases of a claim; a seed where a case does not count has no value.

    The smallest effect is a share of the standard model's mean cost over the rows that the effect
    is about: the same people (`standard`), or those whom that model denies (`before`).
    """
    found = []
    for dataset, kind, eps in chosen:
        here = (rows["dataset"] == dataset) & (rows["kind"] == kind) & (rows["eps"] == eps)
        part = rows[here].set_index("seed")
        values = effect(part).where(part["counts"], np.nan)
        explored = part[of][part.index.isin(EXPLORING)]
        smallest = share * explored.mean(skipna=False)
        name = f"{name_case(dataset, kind)}, eps {eps:g}"
        found.append(Case(name, values.to_dict(), smallest, LATER))
    return found


def _more_than_half(part):
    least = part[["threshold, robust", "threshold, standard"]].min(axis=1)
    return least - (part["robust"] - part["standard"]) / 2


def _geometry(part):
    return part[["geometry, robust", "geometry, standard"]].min(axis=1)


def _same_fall(part):
    return part["raw"] - part["raw_robust"]


def _total(part):
    return part["total"]


def _within_a_tenth(part):
    return COST * part["standard"] - (part["equal"] - part["standard"]).abs()

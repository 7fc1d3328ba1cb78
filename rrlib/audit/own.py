"""Claims of our own about equal acceptance, judged by the rule that the paper's are judged by.

They were chosen from the exploring seeds, and seeds 10 to 14 confirm.
"""

from typing import NamedTuple

from rrlib.audit.evidence import EXPLORING, LATER, Case, name_case
from rrlib.audit.parts import four_parts
from rrlib.audit.smallest import COST, NOTHING

UNIT = "mean l2 cost, standard deviations"
FIGURE, SAME_PEOPLE = "fig-four-parts", "sec-four-costs"
"""Where the evidence stands on the page *equal*."""


class OwnClaim(NamedTuple):
    """A claim of our own, and where its evidence stands.

    Attributes
    ----------
    reading : str
        What we claim.
    measure : str
        What the effects are, with their unit.
    cases : list of Case
    anchor : str
        The label of the figure or section of the page *equal* that shows what is measured.
    """

    reading: str
    measure: str
    cases: list
    anchor: str


def own_claims(tables):
    """Return what we claim of recourse at equal acceptance, a list of OwnClaim.

    Parameters
    ----------
    tables : dict of name -> DataFrame
        The stored tables of the variation "equal", standardised features.
    """
    parts = _least_costs(tables["parts"])
    return [
        OwnClaim(
            "Adult, linear models: of what the same people pay more, most is threshold",
            f"threshold, by the lesser order, less half of the rise, {UNIT}",
            _cases(parts, [("adult", "logistic", 0.2)], _more_than_half, _tenth_of_same),
            FIGURE,
        ),
        OwnClaim(
            "COMPAS, networks: geometry makes recourse dearer",
            f"geometry, by the lesser order, {UNIT}",
            _cases(parts, COMPAS_NETWORKS, _geometry, _tenth_of_same),
            FIGURE,
        ),
        OwnClaim(
            "COMPAS, linear models: the same people pay less",
            f"the fall of their mean cost, {UNIT}",
            _cases(parts, COMPAS_LINEAR, _same_fall, _tenth_of_same),
            SAME_PEOPLE,
        ),
        OwnClaim(
            "COMPAS, linear models: the mean of the denied rises all the same",
            f"the rise of the mean of those whom each model denies, {UNIT}",
            _cases(parts, COMPAS_LINEAR, _total, _tenth_of_denied),
            FIGURE,
        ),
        OwnClaim(
            "Adult, networks: at equal acceptance the same people pay what they paid, to a tenth",
            f"a tenth of the standard mean less the size of the change, {UNIT}",
            _cases(parts, ADULT_NETWORKS, _within_a_tenth, NOTHING),
            SAME_PEOPLE,
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


def _least_costs(table):
    """Return the rows of the table "parts" on the least cost, and their four parts."""
    found = four_parts(table)
    rows = found.join(table[table.columns.difference(found.columns)])
    return rows[rows["measure"] == "least"]


def _cases(rows, chosen, effect, smallest):
    """Return the cases of a claim, with a value for each seed.

    Parameters
    ----------
    rows : DataFrame
        One row for each dataset, kind, eps and seed. Where it has a column `counts`, a row that
        does not count has no value.
    chosen : list of (dataset, kind, eps)
    effect : function of the rows of a case to a Series, positive in the direction of the claim
    smallest : float, or function of the rows of the exploring seeds to a float
        The smallest effect that counts; a number where it is the same in all cases, as a share of
        people is.

    Raises
    ------
    ValueError
        Where two rows are of one case and one seed.
    """
    found = []
    for dataset, kind, eps in chosen:
        here = (rows["dataset"] == dataset) & (rows["kind"] == kind) & (rows["eps"] == eps)
        part = rows[here].set_index("seed")
        if not part.index.is_unique:
            raise ValueError(f"{dataset}, {kind}, eps {eps:g}: a seed has more than one row")
        values = effect(part)
        if "counts" in part:
            values = values.where(part["counts"])
        least = smallest
        if callable(smallest):
            least = smallest(part[part.index.isin(EXPLORING)])
        name = f"{name_case(dataset, kind)}, eps {eps:g}"
        found.append(Case(name, values.to_dict(), least, LATER))
    return found


def _tenth_of_same(part):
    """Return a tenth of the standard model's mean cost over the same people."""
    return COST * part["standard"].mean(skipna=False)


def _tenth_of_denied(part):
    """Return a tenth of the standard model's mean cost over those whom it denies."""
    return COST * part["before"].mean(skipna=False)


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

"""Claims of our own about remedies, judged by the rule that the paper's are judged by.

Each is asked of every dataset, kind of model and radius for which the exploring seeds give an
interval, so that no case is picked; seeds 10 to 14 confirm.
"""

from typing import NamedTuple

from rrlib.audit.evidence import EXPLORING, LATER, Case, Finding, defined, name_case
from rrlib.audit.remedies import by_case, difference
from rrlib.audit.smallest import COST, SHARE, VALIDITY

OWN, EQUAL = ("none", "own"), ("none", "equal")
"""A model as it is, and with its threshold given back; recourse of least cost."""

HALF, LAX, FRIENDLY = ("both", "equal"), ("friendly", "own"), ("friendly", "equal")
NOISE, CHANGE = ("noise 0.1", "equal"), ("change 0.1", "equal")


class Sentence(NamedTuple):
    """A claim about a remedy: a column is larger under `more` than under `less`.

    Attributes
    ----------
    text : str
    column : str
        Of `remedies.each_seed`.
    more, less : pairs of remedy and threshold
    share : float
        The smallest effect that counts, as a share of `unit`.
    unit : pair of remedy and threshold, or None
        Whose mean over the exploring seeds a cost is counted in; None for shares of people.
    """

    text: str
    column: str
    more: tuple
    less: tuple
    share: float
    unit: tuple | None = None


SENTENCES = (
    Sentence("threshold: a yes is cheaper", "paid", OWN, EQUAL, COST, OWN),
    Sentence("threshold: fewer are denied", "denied", OWN, EQUAL, VALIDITY),
    Sentence("threshold: more accurate", "accuracy", EQUAL, OWN, SHARE),
    Sentence("threshold: less robust", "robust", OWN, EQUAL, SHARE),
    Sentence("half: a yes is cheaper", "paid", EQUAL, HALF, COST, EQUAL),
    Sentence("half: less robust", "robust", EQUAL, HALF, SHARE),
    Sentence("half: others accept fewer", "others", EQUAL, HALF, VALIDITY),
    Sentence("friendly, own: cheaper", "paid", OWN, LAX, COST, OWN),
    Sentence("friendly: a yes is cheaper", "paid", EQUAL, FRIENDLY, COST, EQUAL),
    Sentence("friendly: less robust", "robust", EQUAL, FRIENDLY, SHARE),
    Sentence("friendly: others accept fewer", "others", EQUAL, FRIENDLY, VALIDITY),
    Sentence("noise: dearer", "paid", NOISE, EQUAL, COST, EQUAL),
    Sentence("noise: others accept more", "others", NOISE, EQUAL, VALIDITY),
    Sentence("change: dearer", "paid", CHANGE, EQUAL, COST, EQUAL),
    Sentence("change: others accept more", "others", CHANGE, EQUAL, VALIDITY),
)
"""Compared at equal acceptance, but for the threshold given back and where a text says own."""


def remedy_claims(rows):
    """Return what we claim of remedies, as findings.

    Parameters
    ----------
    rows : DataFrame
        From `remedies.each_seed`.
    """
    return [Finding(one.text, one.column, _cases(rows, one)) for one in SENTENCES]


def _cases(rows, sentence):
    """Return the cases of a claim: those with an interval over the exploring seeds."""
    values = difference(rows, sentence.column, sentence.more, sentence.less)
    explored = list(EXPLORING)
    found = []
    for (dataset, kind, eps), each in values.iterrows():
        smallest = sentence.share
        if sentence.unit:
            costs = by_case(rows, sentence.column, sentence.unit)
            smallest *= costs.loc[(dataset, kind, eps), explored].mean(skipna=False)
        name = f"{name_case(dataset, kind)}, eps {eps:g}"
        case = Case(name, each.to_dict(), smallest, LATER)
        if defined(case.explored):
            found.append(case)
    return found

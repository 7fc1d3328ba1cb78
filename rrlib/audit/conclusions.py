"""The paper's conclusions and ours that are held against the choices, see `audit.choices`."""

from itertools import product
from typing import NamedTuple

from rrlib.audit.evidence import name_case
from rrlib.audit.smallest import COST, VALIDITY
from rrlib.study import METHODS
from rrlib.study.choices import RADIUS


class Conclusion(NamedTuple):
    """A conclusion: its name, the column of its effect, its sign, and the smallest that counts."""

    name: str
    kind: str
    column: str
    sign: int
    smallest: float
    datasets: tuple = tuple(RADIUS)


def _papers():
    """Return the paper's conclusions, one for each kind of model and method."""
    found = []
    ends = ("cost", "cost rises", 1, COST), ("valid", "validity falls", -1, VALIDITY)
    for kind, (what, end, *sized), method in product(("network", "logistic"), ends, METHODS):
        name = f"{name_case(kind, method)}: {end}"
        found.append(Conclusion(name, kind, f"{method} {what}", *sized))
    return tuple(found)


PAPERS = _papers()
OURS = (
    Conclusion("ours, linear: threshold is most of it", "logistic", "most", 1, COST, ("adult",)),
    Conclusion("ours, linear: the same people pay less", "logistic", "same", -1, COST, ("compas",)),
    Conclusion(
        "ours, networks: geometry makes it dearer", "network", "geometry", 1, COST, ("compas",)
    ),
    Conclusion(
        "ours, networks: a tenth at equal acceptance", "network", "next", 1, 0.0, ("adult",)
    ),
)

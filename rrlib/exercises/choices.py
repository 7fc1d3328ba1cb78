"""Checks of the chapter on the choices that the paper left open."""

import pandas as pd

from rrlib.audit.choices import verdicts
from rrlib.exercises.checks import check


@check
def without_scaling(answer, cells):
    """How many verdicts change, as a whole number."""
    scaled = cells["choice"].str.startswith("min-max")
    both = {"all": verdicts(cells)["verdict"], "rest": verdicts(cells[~scaled])["verdict"]}
    changed = int(pd.DataFrame(both).nunique(axis=1, dropna=False).gt(1).sum())
    if answer != changed:
        return "fewer of them change." if answer > changed else "more of them change."
    return None

"""Checks of the chapter on threshold, geometry and who is counted."""

import numpy as np

from rrlib.exercises.checks import check, compare

PLACES = np.array([-2.0, -1.0, 0.5, 3.0])
"""Where the four people stand; the standard model denies below 0, the robust one below 1."""


@check
def four_people(answer):
    """The total, the composition, the threshold and the geometry part, as four numbers."""
    standard, robust = (np.maximum(bar - PLACES, 0) for bar in (0, 1))
    total = robust[robust > 0].mean() - standard[standard > 0].mean()
    same = (robust - standard)[standard > 0].mean()
    return compare(answer, [total, total - same, same, 0.0])


@check
def order(answer, detail):
    """The part and its order, as the table of the parts heads its column."""
    here = detail.query("dataset == 'adult' and kind == 'logistic' and eps == 0.2")
    means = here.set_index("part")["mean"]
    if answer not in means.index:
        return f"the columns are {'; '.join(means.index)}."
    if not answer.startswith("geometry"):
        return "the sentence is about geometry."
    if means[answer] >= 0:
        return "in this order geometry does make recourse dearer."
    return None

"""The smallest effects that count, one for each unit, each with its reason.

They were fixed before the confirming seeds were run.
"""

import numpy as np

from rrlib.audit.evidence import by_seed

COST = 0.1
"""Of the standard model's mean cost at eps = 0.3 over the same rows.

A person would notice a tenth more in what is asked of them.
"""

VALIDITY = 0.05
"""One person in twenty."""

SHARE = 0.01
"""Of an accuracy, of the points around a person, of people: one in a hundred."""

GRID_LENGTH = 3
"""The grid from eps = 0 to 0.3 in units of 0.1: a slope counts if the change over the grid does."""

ROUGHNESS = 0.03
"""Of a curve's range: the markers of the figures are about a thirtieth of a panel high."""

BATCHES = 0.5
"""One more batch for every second person; a search draws whole ones."""

NOTHING = 0.0
"""Where the effect is already counted from a tolerance.

Such are a bound within a factor of two, and a share or a validity below one in a hundred.
"""


def standard_cost(part, column):
    """Return the standard model's mean cost in a case, NaN where it is not known.

    At eps = 0.3, or the last radius that every seed knows, over the rows that count there; for a
    mean over each model's own rows, over those of the standard model.

    Parameters
    ----------
    part : DataFrame
        The rows of one case.
    column : {"cost_gap", "displacement", "cost"}
    """
    if column == "cost":
        rows = part[part["eps"] == 0]
        standard = rows["cost"]
    else:
        rows = part[part["eps"] > 0]
        standard = rows["cost_common"] - rows["cost_gap"]
    rows = rows.assign(standard=standard)
    known = by_seed(rows, "standard").dropna(axis=1)
    return known.iloc[:, -1].mean() if known.size else np.nan


def cost_slope(part, column):
    """Return the smallest slope of a cost that counts in a case, per 0.1 of eps."""
    return COST * standard_cost(part, column) / GRID_LENGTH

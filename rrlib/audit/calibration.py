"""How often the rule is wrong where nothing is to be found, and right where something is."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from rrlib.audit import smallest
from rrlib.audit.evidence import EXPLORING, TEST_PER_TRAIN, curves_of, half_width, slope
from rrlib.audit.experiments import KINDS, SETTINGS, select_rows, tables_by_scaling
from rrlib.audit.rule import shown_by_holm
from rrlib.audit.validity import descent, fall_to_median

DRAWS = 2000
FALSE, RIGHT = 0.05, 0.8
"""The largest share of false cases, and the least share of planted worlds that are found."""


class AboutEps(NamedTuple):
    """A claim about curves against eps: whose, of what, and what is measured of a curve."""

    kinds: tuple
    column: str
    measure: object
    smallest: float | None = None


ABOUT_EPS = {
    "C1": AboutEps(("network",), "cost_gap", slope),
    "C2": AboutEps(("logistic",), "cost_gap", slope),
    "V1": AboutEps(("network",), "validity", descent, smallest.VALIDITY / smallest.GRID_LENGTH),
    "V2": AboutEps(("logistic",), "validity", descent, smallest.VALIDITY / smallest.GRID_LENGTH),
    "V5": AboutEps(KINDS, "validity", fall_to_median, smallest.VALIDITY),
}


def false_cases(evidence, *, draws=DRAWS, seed=0):
    """Return how often a case is decided where the order of eps means nothing.

    The values of each curve of the exploring seeds are permuted over eps, seed by seed; then the
    five seeds are judged as if they were the confirming ones.

    Returns
    -------
    DataFrame
        A row for each claim and scaling: `cases`, `false cases` (the share of permuted cases whose
        interval lies above the smallest effect that counts or below minus it), `worst case` (the
        largest such share of a single case) and `any named` (the share of permutations in which
        some case is above after Holm).
    """
    rng, found = np.random.default_rng(seed), {}
    for prefix, table in tables_by_scaling(evidence).items():
        for claim, asked in ABOUT_EPS.items():
            rows = select_rows(table[table["kind"].isin(asked.kinds)])
            permuted = _permuted(rows, asked, draws, rng)
            if permuted:
                values, least = map(np.stack, zip(*permuted))
                found[claim, SETTINGS[prefix]] = _wrong(np.moveaxis(values, 0, 1), least)
    return pd.DataFrame.from_dict(found, orient="index")


def _permuted(rows, asked, draws, rng):
    """Return values (draws, seeds) of permuted curves and the smallest effect, for each case."""
    found = []
    for _, case in rows.groupby(["kind", "dataset", "method"], sort=False):
        curves = curves_of(case, asked.column, EXPLORING)
        copies = np.broadcast_to(curves, (draws, *curves.shape))
        values = asked.measure(curves.columns.to_numpy(), rng.permuted(copies, axis=-1))
        if np.ndim(values):
            exploring = case[case["seed"].isin(EXPLORING)]
            least = asked.smallest or smallest.cost_slope(exploring, asked.column)
            found.append((values, least))
    return found


def _wrong(values, least):
    """Return how often cases without an effect are decided; values (draws, cases, seeds)."""
    mean, half = values.mean(-1), half_width(values)
    decided = np.abs(mean) - half > least
    named = shown_by_holm(mean - least, half)
    return {
        "cases": len(least),
        "false cases": decided.mean(),
        "worst case": decided.mean(0).max(),
        "any named": named.any(-1).mean(),
    }


def planted(cases, *, most=False, draws=DRAWS, seed=0):
    """Return how often a claim is found *reproduced* where each effect is twice the smallest one.

    A seed's value is twice the smallest effect, plus noise of its own with the standard deviation
    that the study has between its exploring seeds, plus noise that the five confirming seeds share
    because their splits share rows: as much of it as the half-width allows for.

    Parameters
    ----------
    cases : list of Case
        Those that are judged together; one without an exploring interval, or with an effect that
        is counted from a tolerance, is left out.
    most : bool
        Whether the claim is about most cases.

    Returns
    -------
    dict
        `cases`, `found` (a share of the draws) and `needed`: how many times the smallest
        effect would be reproduced in a share `RIGHT` of the draws; NaN for a claim about most.
    """
    seen = [[case.values.get(seed, np.nan) for seed in EXPLORING] for case in cases]
    spread = np.reshape(seen, (-1, len(EXPLORING))).std(-1, ddof=1)
    least = np.array([case.smallest for case in cases])
    known = np.isfinite(spread) & (least > 0)
    if not known.any():
        return {"cases": 0, "found": np.nan, "needed": np.nan}
    relative = spread[known] / least[known]
    rng = np.random.default_rng(seed)
    explored, confirmed = (_noise(relative, draws, rng) for _ in range(2))
    half = half_width(confirmed)
    needed = (1 - confirmed.mean(-1) + half).max(-1)
    found = {"cases": len(relative), "found": (needed < 2).mean()}
    if most:
        named = shown_by_holm(1 + confirmed.mean(-1), half)
        named &= 1 + explored.mean(-1) > half_width(explored)
        return found | {"found": (2 * named.sum(-1) > len(relative)).mean(), "needed": np.nan}
    return found | {"needed": np.quantile(needed, RIGHT)}


def _noise(spread, draws, rng):
    """Return the noise of five seeds, shape (draws, cases, 5), from the spread between seeds."""
    own = rng.standard_normal((draws, len(spread), len(EXPLORING)))
    shared = np.sqrt(TEST_PER_TRAIN) * rng.standard_normal((draws, len(spread), 1))
    return spread[:, None] * (own + shared)

"""How often the rule is wrong where nothing is to be found, and right where something is."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

from rrlib.audit import smallest
from rrlib.audit.accuracy import PAPERS_OWN
from rrlib.audit.evidence import EXPLORING, curves_of, slope
from rrlib.audit.experiments import BOXED, KINDS, SETTINGS, select_rows
from rrlib.audit.rule import shown_by_holm
from rrlib.audit.validity import descent, excess, fall_to_median
from rrlib.study.splits import LEVEL, TEST_PER_TRAIN, half_width

DRAWS = 2000
FALSE, RIGHT = 0.05, 0.8
"""The largest share of false cases, and the least share of planted worlds that are found."""


class AboutEps(NamedTuple):
    """A claim about curves against eps.

    Attributes
    ----------
    table : {"summary", "fewer", "attacked"}
    kinds : tuple of the kinds of model whose curves they are
    column : str
    measure : function of radii and curves, as in `evidence.by_case`
    smallest : float, optional
        That of a cost's slope if omitted.
    compared : bool
        Whether a case compares the two kinds, by `validity.excess`.
    """

    table: str
    kinds: tuple
    column: str
    measure: object
    smallest: float | None = None
    compared: bool = False


FALL = smallest.VALIDITY / smallest.GRID_LENGTH
ABOUT_EPS = {
    "C1": AboutEps("summary", ("network",), "cost_gap", slope),
    "C2": AboutEps("summary", ("logistic",), "cost_gap", slope),
    "C5": AboutEps("fewer", KINDS, "cost_gap", slope),
    "V1": AboutEps("summary", ("network",), "validity", descent, FALL),
    "V2": AboutEps("summary", ("logistic",), "validity", descent, FALL),
    "V4": AboutEps("summary", KINDS, "validity", fall_to_median, smallest.VALIDITY, compared=True),
    "V5": AboutEps("summary", KINDS, "validity", fall_to_median, smallest.VALIDITY),
    "R1": AboutEps("attacked", KINDS, "accuracy", slope, smallest.SHARE / smallest.GRID_LENGTH),
}
"""The trends alone of C5 and R1: where eps means nothing, some robust model is below the standard
one, and to say so is no error."""


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
    for prefix, tables in _tables(evidence).items():
        for claim, asked in ABOUT_EPS.items():
            if asked.table in tables:
                table = tables[asked.table]
                permuted = _permuted(table[table["kind"].isin(asked.kinds)], asked, draws, rng)
                if permuted:
                    values, least = map(np.stack, zip(*permuted))
                    found[claim, SETTINGS[prefix]] = _wrong(np.moveaxis(values, 0, 1), least)
    return pd.DataFrame.from_dict(found, orient="index")


def _tables(evidence):
    """Return the rows that count, by prefix of the scaling and by name of the table."""
    found = {}
    each = (("", evidence.usual, evidence.fewer), (BOXED, evidence.boxed, evidence.boxed_fewer))
    for prefix, usual, fewer in each:
        tables = found.setdefault(prefix, {})
        if usual:
            tables["summary"] = select_rows(usual["summary"])
        if fewer:
            rows = select_rows(fewer["summary"])
            tables["fewer"] = rows[rows["method"] != "scfe"]
        if "attacked" in usual:
            rows = usual["attacked"]
            tables["attacked"] = rows[rows["attack"] == PAPERS_OWN]
    return found


def _permuted(rows, asked, draws, rng):
    """Return values (draws, seeds) of permuted curves and the smallest effect, for each case."""
    by = [column for column in ("dataset", "method") if column in rows]
    if not asked.compared:
        by = ["kind", *by]
    found = []
    for _, case in rows.groupby(by):
        kinds = asked.kinds if asked.compared else case["kind"].unique()
        values = [_measured(case[case["kind"] == kind], asked, draws, rng) for kind in kinds]
        if all(map(np.ndim, values)):
            exploring = case[case["seed"].isin(EXPLORING)]
            least = asked.smallest or smallest.cost_slope(exploring, asked.column)
            found.append((excess(*values) if asked.compared else values[0], least))
    return found


def _measured(case, asked, draws, rng):
    """Return what is measured of permuted curves, shape (draws, seeds).

    NaN where it cannot be, or some exploring seed was not run: the rule is one for five.
    """
    curves = curves_of(case, asked.column, EXPLORING)
    if len(curves) < len(EXPLORING):
        return np.nan
    copies = np.broadcast_to(curves, (draws, *curves.shape))
    return asked.measure(curves.columns.to_numpy(), rng.permuted(copies, axis=-1))


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
    relative = _relative_spread(cases)
    if not len(relative):
        return {"cases": 0, "found": np.nan, "needed": np.nan}
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


def found_at_most(cases):
    """Return in which share of the worlds of `planted` ever more confirming seeds would find it.

    Their splits share rows, so the half-width does not vanish: of its factor, the root of one over
    the number of seeds and `TEST_PER_TRAIN`, the second part stays, and as much of the noise. For
    a claim about all of its cases; NaN without one.
    """
    lasting = np.sqrt(TEST_PER_TRAIN) * _relative_spread(cases)
    if not len(lasting):
        return np.nan
    with np.errstate(divide="ignore"):  # a case without noise is always found
        return norm.cdf(1 / lasting - norm.ppf(1 - LEVEL)).prod()


def _relative_spread(cases):
    """Return the standard deviation between exploring seeds, in units of the smallest effect.

    Of those cases that have an interval, and an effect to count.
    """
    seen = [[case.values.get(seed, np.nan) for seed in EXPLORING] for case in cases]
    spread = np.reshape(seen, (-1, len(EXPLORING))).std(-1, ddof=1)
    least = np.array([case.smallest for case in cases])
    known = np.isfinite(spread) & (least > 0)
    return spread[known] / least[known]


def _noise(spread, draws, rng):
    """Return the noise of five seeds, shape (draws, cases, 5), from the spread between seeds."""
    own = rng.standard_normal((draws, len(spread), len(EXPLORING)))
    shared = np.sqrt(TEST_PER_TRAIN) * rng.standard_normal((draws, len(spread), 1))
    return spread[:, None] * (own + shared)

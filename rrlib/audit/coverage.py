"""How often forecasts held what was found, and how wide they were."""

import numpy as np
import pandas as pd

from rrlib.audit.forecast import (
    CASE,
    COSTS,
    JUDGED,
    LEVEL,
    SMALLEST,
    STARTS,
    networks,
    others_rule,
    own_rule,
    read,
    starts,
)
from rrlib.audit.prediction import PLACE
from rrlib.data.datasets import NAMES

ROUNDING = 1e-9


def judge(wide, measure, start, way, level=LEVEL):
    """Return the forecast of each stored network that had no part in a rule, and what was found.

    Parameters
    ----------
    wide : DataFrame
        From `forecast.read(measure)`.
    measure, start, way : str
        Out of `forecast.MEASURES`, `forecast.STARTS` and `forecast.WAYS`.
    level : float

    Returns
    -------
    DataFrame
        See `compare`.
    """
    found, begin = networks(wide), starts(wide, start)
    more = found - begin
    if way == "own":
        rule = own_rule(more, level)
    else:
        rules = {name: others_rule(more, name, way, level) for name in NAMES}
        rule = _beside(pd.concat(rules, names=["dataset"]), more.index)
    seeds = list(JUDGED[measure])
    return compare(found[seeds], begin[seeds], rule, measure in COSTS)


def judge_fourth(start, level=LEVEL):
    """Return the forecast of each network of the fourth table, and what was found.

    The rule is made of all three datasets in both scalings; all stored seeds of the fourth table
    judge. Its mean costs are stored at few radii, in `prediction.PLACE`.

    Parameters
    ----------
    start : str
        Out of `forecast.STARTS`.
    level : float

    Returns
    -------
    DataFrame
        See `compare`.
    """
    wide, fourth = read("mean"), read_fourth()
    rule = others_rule(networks(wide) - starts(wide, start), "credit", level=level)
    found = networks(fourth)
    return compare(found, starts(fourth, start), _beside(rule, found.index), True)


def read_fourth():
    """Return the logarithm of the stored mean costs of the fourth table, as `forecast.read`."""
    table = pd.read_csv(PLACE).assign(dataset="credit")
    keys = ["scaling", "kind", "seed"]
    standard = table.groupby(keys)["before"].first().reset_index().assign(dataset="credit", eps=0.0)
    rest = table[table["eps"] > 0].rename(columns={"after": "mean"})
    rows = pd.concat([standard.rename(columns={"before": "mean"}), rest])
    return np.log(rows.pivot(index=CASE, columns="seed", values="mean"))


def _beside(rule, index):
    """Return the rows of a rule beside an index of cases; NaN where there is none."""
    on = list(rule.index.names)
    keys = index.to_frame(index=False)
    return keys.merge(rule.reset_index(), "left", on).set_axis(index)


def compare(found, begin, rule, ratio):
    """Return what was found beside the forecast for it, seed by seed.

    Parameters
    ----------
    found, begin : DataFrame
        What was found and what its forecast starts from: a row for each case, a column for each
        seed. Where `ratio` holds, logarithms.
    rule : DataFrame
        `mid` and `half` of what a network has more than its start, row by row.
    ratio : bool
        Whether these are costs, compared as ratios; else shares, which lie in [0, 1].

    Returns
    -------
    DataFrame
        The case, `seed`, `known` (what the forecast starts from), `low`, `mid`, `high`, `found`,
        `hit` (whether the interval holds what was found), `width` (high over low; for shares high
        less low) and `off` (how far the middle is from what was found, as a ratio of at least 1;
        for shares a difference). Only where there is a forecast and something was found.
    """
    half = rule["half"] if ratio else rule["half"].clip(lower=SMALLEST)
    mid = begin.add(rule["mid"], axis=0)
    ends = {"low": mid.sub(half, axis=0), "mid": mid, "high": mid.add(half, axis=0)}
    columns = {"known": begin, "found": found} | ends
    table = pd.DataFrame({name: each.stack() for name, each in columns.items()})
    table = table.dropna().reset_index()
    table["off"] = (table["found"] - table["mid"]).abs()
    table["hit"] = table["off"] <= table["high"] - table["mid"] + ROUNDING
    if not ratio:
        table[list(ends)] = table[list(ends)].clip(0, 1)
        return table.assign(width=table["high"] - table["low"])
    logarithms = [*columns, "off"]
    table[logarithms] = np.exp(table[logarithms])
    return table.assign(width=table["high"] / table["low"])


def compare_starts(measure, way, level=LEVEL):
    """Return `judge` for every start, on the networks for which all of them have a forecast.

    Standard networks are left out: there one start is what is forecast.

    Returns
    -------
    DataFrame
        The columns of `judge`, and `start`.
    """
    wide = read(measure)
    tables = [judge(wide, measure, start, way, level).assign(start=start) for start in STARTS]
    table = pd.concat(tables, ignore_index=True)
    keys = ["dataset", "scaling", "kind", "eps", "seed"]
    known = table.groupby(keys)["start"].transform("nunique") == len(STARTS)
    return table[known & (table["eps"] > 0)].reset_index(drop=True)


def score(table, by):
    """Return for each group how many forecasts there are, and how good and how wide they are.

    Parameters
    ----------
    table : DataFrame
        From `judge`, `compare` or `compare_starts`.
    by : sequence of columns

    Returns
    -------
    DataFrame
        `forecasts`, `coverage` (the share of hits), `width` and `off` (medians).
    """
    return table.groupby(list(by), sort=False).agg(
        forecasts=("hit", "size"),
        coverage=("hit", "mean"),
        width=("width", "median"),
        off=("off", "median"),
    )

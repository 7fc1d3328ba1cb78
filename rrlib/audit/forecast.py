"""Forecasts of the recourse that a network will offer, made before it is trained.

A forecast starts from a number that is known, such as the cost under an exact linear model, and
adds what networks that were trained elsewhere differed from it by. Costs are compared as ratios,
shares as differences.
"""

import numpy as np
import pandas as pd
from scipy.stats import t

from rrlib.audit.evidence import CONFIRMING, EXPLORING, LATER
from rrlib.study import stored

LEVEL = 0.8
"""The nominal level of an interval: five seeds carry no higher one without a normal shape."""

SMALLEST = 0.01
"""The least half-width of the interval of a share: the smallest difference that counts."""

COSTS = ("mean", "median")
MEASURES = {
    "mean": "mean cost",
    "median": "median cost",
    "within": "share within the budget",
}
"""Of those whom a model denies: the least l2 cost of a yes, and who has one within two standard
deviations, with min-max scaling .6."""

JUDGED = {"mean": LATER, "median": LATER, "within": CONFIRMING}
"""The seeds that judge: those stored that had no part in a rule."""

STARTS = {
    "nothing": None,
    "linear, same radius": ("logistic", True),
    "linear, standard": ("logistic", False),
    "network, standard": ("own", False),
}
"""What a forecast starts from: the kind of model, and whether it has the network's radius."""

WAYS = {
    "own": ["dataset", "scaling", "kind", "eps"],
    "others": ["kind", "eps"],
    "others, same scaling": ["scaling", "kind", "eps"],
}
"""Whose networks make the rule, and what they must share with the one that is forecast."""

CASE = ["dataset", "scaling", "kind", "eps"]
FOLDERS = {"standard": ("equal", "paper"), "minmax": ("equal_minmax", "minmax")}


def read(measure):
    """Return a measure of all stored models; of costs the logarithm.

    Parameters
    ----------
    measure : str
        Out of MEASURES.

    Returns
    -------
    DataFrame
        A row for each dataset, scaling, kind and eps, a column for each seed; NaN where nobody is
        denied, or, for a cost, where none of the denied has a recourse.

    Raises
    ------
    ValueError
        Unknown measure.
    """
    if measure not in MEASURES:
        raise ValueError(f"measure={measure!r} is unknown: choose one of {', '.join(MEASURES)}")
    parts = []
    for scaling, (equal, usual) in FOLDERS.items():
        rows = _costs(equal) if measure in COSTS else _within(usual)
        parts.append(rows.assign(scaling=scaling))
    wide = pd.concat(parts).pivot(index=CASE, columns="seed", values=measure)
    return np.log(wide) if measure in COSTS else wide


def _costs(variation):
    table = stored.read("acceptance", variation)
    return table[table["threshold"] == "own"]


def _within(variation):
    """Return the share of the denied within the budget: who is not left out, of all denied."""
    keys = ["dataset", "kind", "seed", "eps"]
    yes = stored.read("offers", variation).groupby(keys)["yes"].mean()
    rows = stored.read("summary", variation)
    rows = rows[(rows["method"] == "growing_spheres") & (rows["reading"] == "denied")]
    denied = rows.set_index(keys)["denied"].reindex(yes.index)
    within = 1 - (1 - yes) / denied.where(denied > 0)
    return within.rename("within").reset_index()


def networks(wide):
    """Return the rows of `read` that are forecast."""
    return wide.drop("logistic", level="kind")


def starts(wide, name):
    """Return what the forecast of each network starts from, row by row beside `networks`.

    Parameters
    ----------
    wide : DataFrame
        From `read`.
    name : str
        Out of STARTS.
    """
    forecast_rows = networks(wide)
    if STARTS[name] is None:
        return forecast_rows * 0
    kind, same_radius = STARTS[name]
    keys = forecast_rows.index.to_frame(index=False)
    if kind != "own":
        keys["kind"] = kind
    if not same_radius:
        keys["eps"] = 0.0
    return wide.reindex(pd.MultiIndex.from_frame(keys)).set_axis(forecast_rows.index)


def student(mean, spread, count, level=LEVEL):
    """Return the t prediction interval for one more value, as middle and half-width.

    It is m +- t s sqrt(1 + 1/k), with m and s mean and standard deviation of k values.

    Parameters
    ----------
    mean, spread, count : float or Series
    level : float

    Returns
    -------
    DataFrame
        `mid`, `half` and `count`.
    """
    half = t.ppf((1 + level) / 2, count - 1) * spread * np.sqrt(1 + 1 / count)
    return pd.DataFrame({"mid": mean, "half": half, "count": count})


def own_rule(more, level=LEVEL):
    """Return what each network has more than its start, from the exploring seeds of its row.

    Parameters
    ----------
    more : DataFrame
        `networks` less `starts`.
    level : float

    Returns
    -------
    DataFrame
        As from `student`, row by row; NaN where a seed has no value.
    """
    known = more[list(EXPLORING)].dropna()
    count = pd.Series(len(EXPLORING), known.index)
    return student(known.mean(axis=1), known.std(axis=1), count, level).reindex(more.index)


def others_rule(more, dataset, way="others", level=LEVEL):
    """Return what networks have more than their start on all datasets but one.

    Each dataset and scaling is one value, the mean over the exploring seeds, and counts only where
    all of these have one; with fewer than two such values there is no rule.

    Parameters
    ----------
    more : DataFrame
        `networks` less `starts`.
    dataset : str
        The dataset that is left out.
    way : {"others", "others, same scaling"}
    level : float

    Returns
    -------
    DataFrame
        As from `student`, a row for each combination of WAYS[way].
    """
    values = more[list(EXPLORING)].dropna().mean(axis=1)
    values = values[values.index.get_level_values("dataset") != dataset]
    groups = values.groupby(level=WAYS[way])
    return student(groups.mean(), groups.std(), groups.count(), level).dropna()


def forecast(start, kind, *, leave_out=None, known="linear, standard", level=LEVEL):
    """Forecast the mean cost of recourse under a network that has not been trained.

    The rule is made of the stored networks of all datasets and scalings, seeds 0 to 4: an interval
    for the ratio of a network's cost to what the forecast starts from.

    Parameters
    ----------
    start : float, or Series of floats indexed by eps
        The mean least l2 cost of those whom the known model denies, in scaled features; a Series
        where `known` has the network's radius.
    kind : {"network", "certified"}
        How the network is to be trained.
    leave_out : str, optional
        A dataset that has no part in the rule.
    known : str
        Out of STARTS.
    level : float

    Returns
    -------
    DataFrame
        `low`, `mid` and `high`, in the unit of `start`, and `count`, the number of pairs of dataset
        and scaling behind the rule; a row for each eps for which there are at least two.

    Raises
    ------
    ValueError
        Unknown kind, or a start that is not positive.
    """
    if kind not in ("network", "certified"):
        raise ValueError(f"kind={kind!r} is unknown: choose 'network' or 'certified'")
    if not np.all(np.asarray(start) > 0):
        raise ValueError(f"start={start!r}: a forecast starts from positive costs")
    wide = read("mean")
    rule = others_rule(networks(wide) - starts(wide, known), leave_out, level=level).loc[kind]
    middle = np.log(start) + rule["mid"]
    ends = {"low": middle - rule["half"], "mid": middle, "high": middle + rule["half"]}
    return np.exp(pd.DataFrame(ends)).assign(count=rule["count"])

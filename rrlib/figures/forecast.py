"""Figure of the chapter on forecasts before training."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from rrlib.figures.style import DATASETS, EPS_LABEL_NARROW, legend_below

FORECASTS = {
    "other datasets": {"color": "0.8", "linewidth": 9, "solid_capstyle": "butt", "zorder": 1},
    "the same dataset": {"color": "#56B4E9", "linewidth": 5, "solid_capstyle": "butt", "zorder": 2},
}
"""Whose networks made the forecast, and how its interval is drawn."""

FOUND = {"marker": "o", "color": "black", "markersize": 2, "linestyle": "none", "zorder": 3}
LINEAR = {"marker": "_", "color": "#D55E00", "markersize": 10, "linestyle": "none", "zorder": 2}
TRAINING = {"network": "as trained", "certified": "certified"}
ASIDE = 0.3
"""What was found stands so far to the right of its forecast."""

TICKS = (0.01, 0.1, 1, 10)


def forecast_intervals(forecasts, linear):
    """Draw forecasts of a cost against the radius, and what was found.

    A row of panels for each training, a column for each dataset of the tables.

    Parameters
    ----------
    forecasts : dict of key of FORECASTS -> DataFrame
        Rows with `dataset`, `kind`, `eps`, `seed`, `low`, `high` and `found`. An interval is drawn
        from the geometric mean of its lower ends over seeds to that of its upper ends.
    linear : DataFrame
        Rows with `dataset`, `eps` and `cost`: what the linear model of the same radius says.

    Examples
    --------
    >>> part = {"dataset": "german", "kind": "network", "eps": [0.1, 0.1], "seed": [0, 1]}
    >>> part |= {"low": [1.0, 1.1], "high": [2.0, 2.1], "found": [1.5, 1.4]}
    >>> linear = pd.DataFrame({"dataset": ["german"], "eps": [0.1], "cost": [1.3]})
    >>> fig = figures.forecast_intervals({"other datasets": pd.DataFrame(part)}, linear)
    >>> len(fig.axes)
    2
    """
    names = pd.concat([linear, *forecasts.values()])["dataset"].unique()
    shape = len(TRAINING), len(names)
    shared = {"sharex": True, "sharey": True, "squeeze": False}
    fig, grid = plt.subplots(*shape, figsize=(9, 4.4), **shared)
    radii = sorted(linear["eps"].unique())
    for (kind, training), line in zip(TRAINING.items(), grid):
        for name, ax in zip(names, line):
            for made, table in forecasts.items():
                part = table[(table["dataset"] == name) & (table["kind"] == kind)]
                _draw_intervals(ax, part, radii, made)
            cost = linear[linear["dataset"] == name].set_index("eps")["cost"]
            ax.plot(
                range(len(radii)),
                cost.reindex(radii),
                label="linear model of this radius",
                **LINEAR,
            )
            ax.set_title(f"{DATASETS[name].label}, {training}")
    for ax in grid[-1]:
        ax.set_xticks(range(len(radii)), [f"{eps:g}" for eps in radii], fontsize=8)
        ax.set_xlabel(EPS_LABEL_NARROW)
    for ax in grid[:, 0]:
        ax.set(
            yscale="log",
            ylim=(TICKS[0], 20),
            ylabel="mean cost of the denied\n(standard deviations)",
        )
        ax.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
        ax.minorticks_off()
    legend_below(fig, grid[0, 0])
    return fig


def _draw_intervals(ax, part, radii, made):
    """Draw the interval of each radius, and the values found there."""
    places = np.array([radii.index(eps) for eps in part["eps"]])
    ax.plot(places + ASIDE, part["found"], label="found, each seed", **FOUND)
    for eps, rows in part.groupby("eps"):
        place = radii.index(eps)
        low, high = np.exp(np.log(rows[["low", "high"]]).mean())
        ax.plot([place, place], [low, high], **FORECASTS[made])
    ax.plot([], [], label=f"forecast from {made}", **FORECASTS[made])

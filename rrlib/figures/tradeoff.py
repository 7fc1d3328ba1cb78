"""The figures of the chapter on the trade-off."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from rrlib.figures.style import (
    CROSS,
    DATASETS,
    EPS_LABEL,
    EPS_MAP,
    finish,
    label_outside,
    legend_below,
    panel_grid,
)

NAMED = {0.0: (-12, -12), 0.1: (12, 11), 0.3: (14, -14)}
"""Radii that are written beside their points, and how far from them, in points of print."""

NARROWEST = 0.1
"""The least width of a panel, so that noise in a share is not drawn as a difference."""

SHOWN = {
    "robust": "adversarial accuracy",
    "affordable": "share with a yes\nwithin the budget",
    "accuracy": "accuracy",
}
"""The measures of the plane, and what its colour bars call them."""

ON_FRONT = {"s": 14, "color": "white", "edgecolor": "black", "linewidth": 0.8, "zorder": 4}
PATH = {"color": "#D55E00", "marker": "s", "markersize": 4, "zorder": 3}
"""The marks of offers on the front, and of the models at their own thresholds."""

SPANS = {"linestyle": "none", "color": "0.45", "linewidth": 1.1, "capsize": 2, "zorder": 2}
LINK = {"arrowstyle": "-", "color": "0.3", "linewidth": 0.6, "shrinkB": 2}
NOTE = {"textcoords": "offset points", "fontsize": 8, "zorder": 5, "ha": "center", "va": "center"}


def tradeoff_map(eps, offers, one_class, label, source):
    """Draw what each model offers: recourse across, adversarial accuracy upwards.

    A row for each kind of model, a column for each dataset.

    Parameters
    ----------
    eps : array of shape (E,)
    offers : dict of (kind, dataset name) -> (robust, recourse)
        Intervals of adversarial accuracy and of the share on the axis, arrays of shape (E,).
    one_class : dict of (kind, dataset name) -> bool array of shape (E,)
        Where a cross marks that some seed's model gives all test rows one label.
    label : str
        Of the horizontal axis.
    source : "real" or "twin"

    Examples
    --------
    >>> eps = np.array(models.EPS_GRID)
    >>> share = study.Interval(0.8 - eps, 0.7 - eps, 0.9 - eps)
    >>> key = "network", "german"
    >>> fig = figures.tradeoff_map(
    ...     eps, {key: (share, share)}, {key: eps > 0.2}, "share helped", "twin"
    ... )
    >>> len(fig.axes)
    2
    """
    scale = Normalize(min(eps), max(eps))
    colours = [EPS_MAP(scale(e)) for e in eps]
    fig, panels = panel_grid(offers, 5.8)
    for (kind, name), (robust, recourse) in offers.items():
        ax, crossed = panels[kind, name], one_class[kind, name]
        across, upwards = recourse.mean, robust.mean
        ax.plot(across, upwards, color="0.7", linewidth=1, zorder=1)
        ax.errorbar(across, upwards, xerr=_spans(recourse), yerr=_spans(robust), **SPANS)
        ax.scatter(across, upwards, c=colours, s=30, zorder=3)
        ax.plot(across[crossed], upwards[crossed], **CROSS | {"markersize": 7, "zorder": 4})
        for e, offset in NAMED.items():
            at = list(eps).index(e)
            point = across[at], upwards[at]
            ax.annotate(f"{e:g}", point, xytext=offset, arrowprops=LINK, **NOTE)
        right = recourse.high.max()
        left = min(recourse.low.min(), right - NARROWEST)
        room = 0.15 * (right - left)
        ax.set(title=f"{DATASETS[name].label}, {kind}", xlim=(left - room, right + room))
        ax.margins(y=0.12)
    label_outside(panels, label, "adversarial accuracy")
    axes = list(panels.values())
    fig.colorbar(ScalarMappable(scale, EPS_MAP), ax=axes, label=EPS_LABEL, shrink=0.8)
    legend_below(fig, *axes)
    return finish(fig, source)


def tradeoff_plane(offers, source):
    """Draw the plane of radius and share denied: a row for each measure, a column for each dataset.

    Parameters
    ----------
    offers : dict of dataset name -> DataFrame
        The columns of `Choice.offers`; `denied` is NaN at the models' own thresholds.
    source : "real" or "twin"

    Examples
    --------
    >>> offer = {"eps": [0.0, 0.1] * 2, "denied": [0.2, 0.2, 0.3, 0.3], "acceptance": 0.8}
    >>> offer |= {"robust": [0.7, 0.8, 0.6, 0.7], "affordable": [0.5, 0.4, 0.4, 0.3]}
    >>> table = pd.DataFrame(offer | {"accuracy": 0.75, "front": [True, True, False, False]})
    >>> fig = figures.tradeoff_plane({"german": table}, "twin")
    >>> fig.axes[0].get_title()
    'German Credit'
    """
    keys = [(measure, name) for measure in SHOWN for name in offers]
    fig, panels = panel_grid(keys, 7.2, sharex=True, sharey=True)
    for measure, label in SHOWN.items():
        maps = [table[table["denied"].notna()] for table in offers.values()]
        every = np.concatenate([table[measure] for table in maps])
        scale = Normalize(every.min(), every.max())
        for name, table in offers.items():
            draw_plane(panels[measure, name], table, measure, scale)
        row = [panels[measure, name] for name in offers]
        fig.colorbar(ScalarMappable(scale, "cividis"), ax=row, label=label)
    for name in offers:
        panels["robust", name].set_title(DATASETS[name].label)
    label_outside(panels, "trained against $\\epsilon$", "share denied")
    legend_below(fig, *panels.values())
    return finish(fig, source)


def draw_plane(ax, table, measure, scale):
    """Draw one measure of the plane, the front, and the models at their own thresholds."""
    cells = table.dropna(subset="denied").pivot(index="denied", columns="eps", values=measure)
    radii = sorted(table["eps"].unique())
    cells = cells.reindex(columns=radii)
    across = np.arange(len(radii))
    ax.pcolormesh(across, cells.index, cells, norm=scale, cmap="cividis", shading="nearest")
    own = table["denied"].isna()
    up = table["denied"].where(~own, 1 - table["acceptance"])
    at = table["eps"].map(radii.index)
    ax.plot(at[own], up[own], label="at its own threshold", **PATH)
    front = table["front"]
    ax.scatter(at[front], up[front], label="on the front", **ON_FRONT)
    ax.set_xticks(across[::2], [f"{radius:g}" for radius in radii[::2]])


def _spans(interval):
    """Return how far an interval reaches below and above its mean, shape (2, E)."""
    return np.abs([interval.mean - interval.low, interval.high - interval.mean])

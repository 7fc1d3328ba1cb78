"""The figure of the chapter on the trade-off."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from rrlib.figures.style import (
    CROSS,
    DATASET_LABELS,
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
        ax.set(title=f"{DATASET_LABELS[name]}, {kind}", xlim=(left - room, right + room))
        ax.margins(y=0.12)
    label_outside(panels, label, "adversarial accuracy")
    axes = list(panels.values())
    fig.colorbar(ScalarMappable(scale, EPS_MAP), ax=axes, label=EPS_LABEL, shrink=0.8)
    legend_below(fig, *axes)
    return finish(fig, source)


def _spans(interval):
    """Return how far an interval reaches below and above its mean, shape (2, E)."""
    return np.abs([interval.mean - interval.low, interval.high - interval.mean])

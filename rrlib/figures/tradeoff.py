"""The figure of the chapter on the trade-off."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from rrlib.figures.style import DATASET_LABELS, EPS_MAP, finish

NAMED = {0.0: (-12, -12), 0.1: (12, 11), 0.3: (14, -14)}
"""Radii that are written beside their points, and how far from them, in points of print."""

NARROWEST = 0.1
"""The least width of a panel, so that noise in a share is not drawn as a difference."""


def tradeoff_map(eps, offers, one_class, label, source):
    """Draw what each model offers, recourse across and adversarial accuracy upwards: a row for each kind, a column for each dataset.

    Parameters
    ----------
    eps : array of shape (E,)
    offers : dict of (kind, dataset name) -> (Interval of adversarial accuracy, Interval of the share on the axis), arrays of shape (E,)
    one_class : dict of (kind, dataset name) -> bool array of shape (E,)
        Where a cross marks that some seed's model gives all test rows one label.
    label : str
        Of the horizontal axis.
    source : "real" or "twin"
    """
    kinds, names = (list(dict.fromkeys(key[part] for key in offers)) for part in (0, 1))
    scale = Normalize(min(eps), max(eps))
    fig, axes = plt.subplots(len(kinds), len(names), figsize=(9, 5.8), squeeze=False)
    for (kind, name), (robust, recourse) in offers.items():
        ax = axes[kinds.index(kind), names.index(name)]
        ax.plot(recourse.mean, robust.mean, color="0.7", linewidth=1, zorder=1)
        spans = {"xerr": np.abs([recourse.mean - recourse.low, recourse.high - recourse.mean]),
                 "yerr": np.abs([robust.mean - robust.low, robust.high - robust.mean])}
        ax.errorbar(recourse.mean, robust.mean, **spans, linestyle="none", color="0.45", linewidth=1.1, capsize=2, zorder=2)
        ax.scatter(recourse.mean, robust.mean, c=[EPS_MAP(scale(e)) for e in eps], s=30, zorder=3)
        crossed = one_class[kind, name]
        cross, = ax.plot(recourse.mean[crossed], robust.mean[crossed], "x", color="black", markersize=7, zorder=4)
        for e, offset in NAMED.items():
            at = list(eps).index(e)
            ax.annotate(f"{e:g}", (recourse.mean[at], robust.mean[at]), xytext=offset, textcoords="offset points", fontsize=8, zorder=5,
                        ha="center", va="center", arrowprops={"arrowstyle": "-", "color": "0.3", "linewidth": 0.6, "shrinkB": 2})
        right = recourse.high.max()
        left = min(recourse.low.min(), right - NARROWEST)
        room = 0.15 * (right - left)
        ax.set(title=f"{DATASET_LABELS[name]}, {kind}", xlim=(left - room, right + room))
        ax.margins(y=0.12)
    for ax in axes[-1]:
        ax.set_xlabel(label)
    for ax in axes[:, 0]:
        ax.set_ylabel("adversarial accuracy")
    fig.colorbar(ScalarMappable(scale, EPS_MAP), ax=axes, label="trained against $\\epsilon$ (standard deviations)", shrink=0.8)
    fig.legend([cross], ["one class on the test rows"], loc="outside lower center")
    return finish(fig, source)

"""The figure of the chapter on the trade-off."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from rrlib.figures.style import DATASET_LABELS, EPS_MAP, finish


def tradeoff_map(eps, offers, one_class, source):
    """Draw what each model offers, recourse across and adversarial accuracy upwards: a row for each kind, a column for each dataset.

    Parameters
    ----------
    eps : array of shape (E,)
    offers : dict of (kind, dataset name) -> (Interval of adversarial accuracy, Interval of the share with recourse), arrays of shape (E,)
    one_class : dict of (kind, dataset name) -> bool array of shape (E,)
        Where a cross marks that most seeds' models predict one class only.
    source : "real" or "twin"
    """
    kinds, names = (list(dict.fromkeys(key[part] for key in offers)) for part in (0, 1))
    scale = Normalize(min(eps), max(eps))
    fig, axes = plt.subplots(len(kinds), len(names), figsize=(9, 5.4), sharex=True, squeeze=False)
    for (kind, name), (robust, recourse) in offers.items():
        ax = axes[kinds.index(kind), names.index(name)]
        ax.plot(recourse.mean, robust.mean, color="0.7", linewidth=1, zorder=1)
        spans = {"xerr": np.abs([recourse.mean - recourse.low, recourse.high - recourse.mean]),
                 "yerr": np.abs([robust.mean - robust.low, robust.high - robust.mean])}
        ax.errorbar(recourse.mean, robust.mean, **spans, linestyle="none", color="0.8", linewidth=1, zorder=1)
        ax.scatter(recourse.mean, robust.mean, c=[EPS_MAP(scale(e)) for e in eps], s=36, zorder=2)
        crossed = one_class[kind, name]
        ax.plot(recourse.mean[crossed], robust.mean[crossed], "x", color="black", markersize=7, zorder=3)
        ax.set(title=f"{DATASET_LABELS[name]}, {kind}", xlim=(-0.05, 1.05))
    for ax in axes[-1]:
        ax.set_xlabel("share with a recourse\nwithin the budget")
    for ax in axes[:, 0]:
        ax.set_ylabel("adversarial accuracy")
    fig.colorbar(ScalarMappable(scale, EPS_MAP), ax=axes, label="trained against $\\epsilon$", shrink=0.8)
    return finish(fig, source)

"""Figures of the chapter on what a lender can do."""

import numpy as np

from rrlib.figures.equal import KIND_LABELS, THRESHOLD_COLOURS, THRESHOLD_LABELS
from rrlib.figures.style import (
    DATASETS,
    finish,
    label_outside,
    legend_below,
    panel_grid,
)

REMEDY_MARKERS = {
    "none": "o",
    "both": "D",
    "friendly": "v",
    "noise 0.1": "s",
    "change 0.05": "^",
    "change 0.1": "*",
}
"""One-sided training is drawn as training against half the radius: at equal acceptance it is that.
"""

GIVEN_BACK = {"color": "0.55", "linewidth": 1.2}
"""The way from a model's own threshold to that of equal acceptance."""

SHADE = 0.6
"""From this share on the numbers of a map are white."""


def remedies_plane(effects, labels, datasets, source):
    """Draw what recourse costs against how many other models accept it, a panel a kind and dataset.

    Parameters
    ----------
    effects : DataFrame
        From `audit.remedies.over_seeds`, for one eps.
    labels : dict of remedy -> label
    datasets : sequence of dataset names
    source : "real" or "twin"

    Examples
    --------
    >>> own, equal = study.Interval(2.0, 1.9, 2.1), study.Interval(0.5, 0.4, 0.6)
    >>> kinds = ("logistic", "network", "certified")
    >>> cells = {
    ...     ("german", kind, 0.1, at, "none"): {"paid": own, "others": equal}
    ...     for kind in kinds for at in ("own", "equal")
    ... }
    >>> effects = pd.DataFrame(cells).T
    >>> effects.index.names = ["dataset", "kind", "eps", "threshold", "remedy"]
    >>> labels = dict.fromkeys(["none", "both", "friendly", "noise 0.1"], "a remedy")
    >>> labels |= dict.fromkeys(["change 0.05", "change 0.1"], "another")
    >>> fig = figures.remedies_plane(effects.sort_index(), labels, ["german"], "twin")
    >>> fig.axes[0].get_title()
    'German Credit, logistic regression'
    """
    keys = [(kind, dataset) for kind in KIND_LABELS for dataset in datasets]
    fig, panels = panel_grid(keys, 7, sharey=True)
    for (kind, dataset), ax in panels.items():
        for threshold, colour in THRESHOLD_COLOURS.items():
            rows = effects.loc[dataset, kind, :, threshold].droplevel("eps")
            for remedy, marker in REMEDY_MARKERS.items():
                if remedy in rows.index:
                    cost, share = rows.loc[remedy, ["paid", "others"]]
                    _cross(ax, cost, share, colour, marker)
        _give_back(ax, effects.loc[dataset, kind].xs("none", level="remedy"))
        ax.set_ylim(-0.03, 1.03)
        ax.set_title(f"{DATASETS[dataset].label}, {KIND_LABELS[kind]}")
    first = next(iter(panels.values()))
    for threshold, colour in THRESHOLD_COLOURS.items():
        label = THRESHOLD_LABELS[threshold]
        first.plot([], [], color=colour, linewidth=4, label=label)
    first.plot([], [], label="the threshold is given back", **GIVEN_BACK)
    for remedy, marker in REMEDY_MARKERS.items():
        first.plot([], [], marker, color="0.5", label=labels[remedy])
    label_outside(panels, "cost of a yes, mean of all applicants, sd", "accepted by other models")
    legend_below(fig, first, ncols=2)
    return finish(fig, source)


def transfer_maps(matrices, source):
    """Draw which recourse, found under one radius, the model of another accepts.

    Parameters
    ----------
    matrices : dict of (row title, column title) -> DataFrame of finders by judges
    source : "real" or "twin"

    Examples
    --------
    >>> shares = pd.DataFrame([[1.0, 0.4], [0.9, 1.0]], index=[0.0, 0.1], columns=[0.0, 0.1])
    >>> fig = figures.transfer_maps({("own threshold", "Adult"): shares}, "twin")
    >>> [text.get_text() for text in fig.axes[0].texts]
    ['100', '40', '90', '100']
    """
    fig, panels = panel_grid(list(matrices), 5.2)
    for (row, column), ax in panels.items():
        found = matrices[row, column]
        ax.imshow(found, cmap="Blues", vmin=0, vmax=1)
        for (i, j), share in np.ndenumerate(found.to_numpy()):
            text = "–" if np.isnan(share) else f"{100 * share:.0f}"
            colour = "white" if share > SHADE else "black"
            ax.text(j, i, text, ha="center", va="center", fontsize=8, color=colour)
        ax.set_xticks(range(found.shape[1]), [f"{eps:g}" for eps in found.columns], fontsize=8)
        ax.set_yticks(range(found.shape[0]), [f"{eps:g}" for eps in found.index], fontsize=8)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set_title(f"{column},\n{row}")
    label_outside(panels, "judged under $\\epsilon$", "found under $\\epsilon$")
    return finish(fig, source)


def _give_back(ax, effects):
    """Draw an arrow from a model at its own threshold to the same at equal acceptance."""
    points = effects.droplevel("eps")[["paid", "others"]].map(lambda one: one.mean)
    arrow = {"arrowstyle": "->", "shrinkA": 4, "shrinkB": 4, **GIVEN_BACK}
    ax.annotate("", points.loc["equal"], points.loc["own"], arrowprops=arrow)


def _cross(ax, cost, share, colour, marker):
    """Draw one remedy: a mark with the intervals of both measures."""
    ends = [[cost.mean - cost.low], [cost.high - cost.mean]]
    sides = [[share.mean - share.low], [share.high - share.mean]]
    style = {"color": colour, "marker": marker, "markersize": 6, "elinewidth": 0.6, "alpha": 0.85}
    ax.errorbar([cost.mean], [share.mean], xerr=ends, yerr=sides, linestyle="none", **style)

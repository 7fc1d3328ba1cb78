"""Figures of the chapter on threshold, geometry and composition."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.style import DATASETS, finish, label_outside, legend_below, panel_grid

PART_COLOURS = {
    "total": "black",
    "threshold": "#0072B2",
    "geometry": "#D55E00",
    "composition": "#009E73",
}
PART_MARKERS = {"total": "o", "threshold": "s", "geometry": "^", "composition": "D"}
KIND_LABELS = {
    "logistic": "logistic regression",
    "network": "networks, as trained",
    "certified": "networks, certified",
}
THRESHOLD_COLOURS = {"own": "black", "equal": "#0072B2"}
THRESHOLD_LABELS = {"own": "at the model's own threshold", "equal": "at equal acceptance"}


def parts_of_a_rise(effects, datasets, source):
    """Draw the rise of the mean cost and its parts against eps, a panel a dataset and kind.

    Parameters
    ----------
    effects : DataFrame
        From `audit.parts.over_seeds`, of one measure; a case that does not count is left out.
    datasets : sequence of dataset names
    source : "real" or "twin"

    Examples
    --------
    >>> effect = {"dataset": "german", "eps": 0.1, "mean": 0.2, "low": 0.1, "high": 0.3}
    >>> kinds, parts = (
    ...     ("logistic", "network", "certified"),
    ...     ("total", "threshold", "geometry", "composition"),
    ... )
    >>> rows = [effect | {"kind": kind, "part": part} for kind in kinds for part in parts]
    >>> fig = figures.parts_of_a_rise(pd.DataFrame(rows), ["german"], "twin")
    >>> len(fig.axes)
    3
    """
    keys = [(kind, dataset) for kind in KIND_LABELS for dataset in datasets]
    fig, panels = panel_grid(keys, 7.5, sharex=True, sharey="col")
    for (kind, dataset), ax in panels.items():
        chosen = (effects["kind"] == kind) & (effects["dataset"] == dataset)
        for shift, (part, colour) in zip(np.linspace(-0.006, 0.006, 4), PART_COLOURS.items()):
            rows = effects[chosen & (effects["part"] == part)].dropna(subset=["mean"])
            ends = np.array([rows["mean"] - rows["low"], rows["high"] - rows["mean"]])
            style = {"color": colour, "marker": PART_MARKERS[part], "markersize": 4}
            ax.errorbar(rows["eps"] + shift, rows["mean"], yerr=ends, label=part, **style)
        ax.axhline(0, color="0.6", linewidth=0.8)
        ax.set_title(f"{DATASETS[dataset].label}, {KIND_LABELS[kind]}")
    label_outside(panels, "trained against $\\epsilon$", "change of the mean cost, sd")
    legend_below(fig, *panels.values())
    return finish(fig, source)


def changes_by_group(changes, source):
    """Draw the change in the cost of the same people by group, at two thresholds.

    Parameters
    ----------
    changes : dict of (panel, group label) -> dict of threshold -> (mean, low, high)
    source : "real" or "twin"

    Examples
    --------
    >>> change = {"own": (0.3, 0.1, 0.5), "equal": (0.1, -0.1, 0.3)}
    >>> fig = figures.changes_by_group({("German Credit", "women"): change}, "twin")
    >>> len(fig.axes)
    1
    """
    names = list(dict.fromkeys(panel for panel, _ in changes))
    fig, axes = plt.subplots(1, len(names), figsize=(9, 4.5), squeeze=False)
    panels = dict(zip(names, axes[0]))
    for name, ax in panels.items():
        groups = [group for panel, group in changes if panel == name]
        for place, group in enumerate(groups):
            for shift, (threshold, colour) in zip((-0.12, 0.12), THRESHOLD_COLOURS.items()):
                mean, low, high = changes[name, group][threshold]
                ends = [[mean - low], [high - mean]]
                style = {"color": colour, "marker": "o", "label": THRESHOLD_LABELS[threshold]}
                ax.errorbar([mean], [place + shift], xerr=ends, linestyle="none", **style)
        ax.set_yticks(range(len(groups)), groups)
        ax.invert_yaxis()
        ax.axvline(0, color="0.6", linewidth=0.8)
        ax.set_title(name)
        ax.set_xlabel("change of the mean cost, sd")
    legend_below(fig, *panels.values(), ncols=2)
    return finish(fig, source)

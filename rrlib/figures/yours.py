"""Figures of a reader's own table: one person's changes, and those of all."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from rrlib.figures.equal import (
    PART_COLOURS,
    PART_MARKERS,
    THRESHOLD_COLOURS,
    THRESHOLD_LABELS,
)
from rrlib.figures.style import METHODS, legend_below

COLOUR = METHODS["scfe"].colour
UNIT = "scaled units"
"""Standard deviations, or ranges with min-max scaling."""

NAMED = {
    "accuracy": "accuracy",
    "robust": "under attack",
    "denied": "denied",
    "validity": "denied with a recourse",
    "cost": "cost",
}
WIDTH = 40
"""Characters of a name that are drawn."""

MOST = 15
"""Features that are drawn, those that change most."""


def plain(text):
    """Return a text in which a dollar sign starts no formula, with its end cut off if long."""
    text = str(text)
    short = text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
    return short.replace("$", r"\$")


def draw_person(told, before, after, scale):
    """Draw what changes of one person, in scaled units, with the values beside it.

    Parameters
    ----------
    told : Series
        Her row of `Recommendations.table`.
    before, after : Series, original units
    scale : array of shape (d,)
    """
    change = (after - before) / scale
    moved = change[change != 0]
    moved = moved[moved.abs().sort_values(ascending=False).index][:MOST]
    fig, ax = plt.subplots(figsize=(7, 1.2 + 0.45 * max(len(moved), 1)))
    ax.barh(range(len(moved)), moved, color=COLOUR)
    for place, (name, size) in enumerate(moved.items()):
        words = f" {before[name]:,.6g} → {after[name]:,.6g} "
        ax.text(max(size, 0), place, words, ha="left", va="center")
    ax.set_yticks(range(len(moved)), [plain(name) for name in moved.index])
    ax.axvline(0, color="black", linewidth=0.8)
    ax.margins(x=0.35)
    ax.invert_yaxis()
    ax.set_xlabel(f"change ({UNIT})")
    if not len(moved):
        ax.text(0.5, 0.5, told["reason"], ha="center", transform=ax.transAxes)
        ax.set_xticks([])
    return fig


def draw_all(table, before, after, scale):
    """Draw how many people change each feature, and what their recourse costs.

    Parameters
    ----------
    table : DataFrame
        Of `Recommendations`.
    before, after : DataFrame, original units
    scale : array of shape (d,)
    """
    denied = (table["reason"] != "accepted already").to_numpy()
    helped = denied & table["valid"].to_numpy()
    change = ((after - before) / scale)[helped]
    share = (change != 0).mean().sort_values(ascending=False)[:MOST]
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 1.6 + 0.3 * max(len(share), 4)))
    left.barh(range(len(share)), share.fillna(0), color=COLOUR)
    left.set_yticks(range(len(share)), [plain(name) for name in share.index])
    left.invert_yaxis()
    left.set_xlim(0, 1)
    left.set_xlabel("share of recourses that change it")
    cost = np.sort(table.loc[helped, "cost"])
    reached = np.arange(1, len(cost) + 1) / max(denied.sum(), 1)
    right.step(np.append(0, cost), np.append(0, reached), where="post", color=COLOUR)
    right.set_ylim(0, 1)
    right.set_xlabel(f"$\\ell_2$ cost ({UNIT})")
    right.set_ylabel("share of the denied with a yes")
    return fig


def draw_curves(found):
    """Draw accuracy, validity and cost against eps, at the own threshold and at equal acceptance.

    Parameters
    ----------
    found : DataFrame
        `eps`, `threshold` and the means of `accuracy`, `robust`, `denied`, `validity` and `cost`.
    """
    panels = {
        "accuracy": ("accuracy", "robust"),
        "shares": ("denied", "validity"),
        f"mean $\\ell_2$ cost ({UNIT})": ("cost",),
    }
    fig, axes = plt.subplots(1, 3, figsize=(9, 3.4))
    for ax, (label, columns) in zip(axes, panels.items()):
        for column, line in zip(columns, ("-", "--")):
            for threshold, colour in THRESHOLD_COLOURS.items():
                rows = found[found["threshold"] == threshold]
                style = {"color": colour, "linestyle": line, "marker": "o", "markersize": 3}
                ax.plot(rows["eps"], rows[column], **style)
            ax.plot([], [], color="0.5", linestyle=line, label=NAMED[column])
        ax.legend()
        ax.set_xlabel("trained against $\\epsilon$")
        ax.set_ylabel(label)
    handles = [Line2D([], [], color=colour) for colour in THRESHOLD_COLOURS.values()]
    below = {"loc": "outside lower center", "ncols": 2}
    fig.legend(handles, [THRESHOLD_LABELS[name] for name in THRESHOLD_COLOURS], **below)
    return fig


def draw_parts(rise):
    """Draw the rise of the mean cost and the parts that it is the sum of, against eps.

    Parameters
    ----------
    rise : DataFrame
        `eps`, and the means of `total`, `threshold`, `geometry` and `composition`; NaN where a case
        does not count.
    """
    fig, ax = plt.subplots(figsize=(6, 3.4))
    for part, colour in PART_COLOURS.items():
        ax.plot(rise["eps"], rise[part], color=colour, marker=PART_MARKERS[part], label=part)
    ax.axhline(0, color="0.6", linewidth=0.8)
    ax.set_xlabel("trained against $\\epsilon$")
    ax.set_ylabel(f"change of the mean cost ({UNIT})")
    legend_below(fig, ax)
    return fig

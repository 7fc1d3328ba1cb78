"""Figures of a reader's own table: one person's changes, and those of all."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.style import METHOD_COLOURS

COLOUR = METHOD_COLOURS["scfe"]
UNIT = "standard deviations, or ranges with min-max scaling"
MOST = 15
"""Features that are drawn, those that change most."""


def plain(text):
    """Return a text in which a dollar sign starts no formula."""
    return str(text).replace("$", r"\$")


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
        ax.text(size, place, words, ha="left" if size > 0 else "right", va="center")
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
    right.set_xlabel(f"$\\ell_2$ cost\n({UNIT})")
    right.set_ylabel("share of the denied with a yes")
    return fig

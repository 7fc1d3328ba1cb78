"""The matrix of conclusions by choices."""

import re

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Patch, Rectangle

from rrlib.figures.style import DATASETS

SAYS_COLOURS = {
    "holds": "#8CC9A1",
    "opposite": "#E8A0B4",
    "too small": "#F2CE8A",
    "open": "#DDDDDD",
    "no value": "white",
}
SAYS_LABELS = {
    "holds": "beyond the smallest effect",
    "opposite": "beyond it the other way",
    "too small": "too small to count",
    "open": "undecided",
    "no value": "some seed without a value",
}
LETTERS = {"eps": "$\\epsilon =$", "lam": "$\\lambda$", "l2": "$\\ell_2$"}
SYMBOLS = re.compile(r"\b(eps|lam|l2)\b")

UNIT = 0.1
"""Of the vertical scale in a cell: a tenth, which is the smallest effect of a cost."""

WIDEST = 60.0
"""The scale ends at so many units on either side."""


def choices_matrix(cells, datasets):
    """Draw conclusions (rows) against choices (columns), in each cell a strip for each dataset.

    Parameters
    ----------
    cells : DataFrame
        From `audit.choices.matrix`.
    datasets : sequence of dataset names

    Examples
    --------
    >>> cell = {"conclusion": "recourse costs more", "choice": "class weights", "dataset": "german"}
    >>> cell |= {"says": "holds", "low": 0.1, "mean": 0.2, "high": 0.3}
    >>> fig = figures.choices_matrix(pd.DataFrame([cell]), ["german"])
    >>> len(fig.axes)
    1
    """
    rows = list(dict.fromkeys(cells["conclusion"]))
    columns = list(dict.fromkeys(cells["choice"]))
    tops, heads = _places(rows)
    height = 1 + max(tops.values())
    fig, ax = plt.subplots(figsize=(9, 0.42 * height + 2.4))
    for one in cells.itertuples():
        strip = list(datasets).index(one.dataset)
        left = columns.index(one.choice) + 0.04 + 0.92 * strip / len(datasets)
        width = 0.92 / len(datasets)
        _strip(ax, left, tops[one.conclusion], width, one)
    for edge in range(len(columns) + 1):
        ax.axvline(edge, color="0.92", linewidth=0.8, zorder=0)
    ax.set_xlim(0, len(columns))
    ax.set_ylim(height, 0)
    names = [SYMBOLS.sub(lambda match: LETTERS[match[0]], name) for name in columns]
    ax.set_xticks(
        np.arange(len(columns)) + 0.5, names, rotation=60, ha="left", rotation_mode="anchor"
    )
    ax.xaxis.tick_top()
    labels = [_parts(row)[1] for row in rows] + list(heads)
    ax.set_yticks([tops[row] + 0.5 for row in rows] + list(heads.values()), labels)
    for label in ax.get_yticklabels()[len(rows) :]:
        label.set_fontweight("bold")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    known = [says for says in SAYS_COLOURS if says in set(cells["says"])]
    style = {"edgecolor": "0.5", "linewidth": 0.5}
    keys = [Patch(facecolor=SAYS_COLOURS[says], label=SAYS_LABELS[says], **style) for says in known]
    names = ", ".join(DATASETS[name].label for name in datasets)
    title = f"strips of a cell, from the left: {names}"
    fig.legend(handles=keys, loc="outside lower center", ncols=3, title=title)
    return fig


def _parts(conclusion):
    """Return the heading of a conclusion's group and its name there; ours are one group."""
    before, _, claim = conclusion.partition(": ")
    kind, _, method = before.partition(", ")
    if not method:
        return "", conclusion
    return (kind, f"{method}: {claim}") if kind == "ours" else (f"{kind}: {claim}", method)


def _places(rows):
    """Return the top of every row, and where the heading of every group of rows is written."""
    tops, heads, top, last = {}, {}, 0.0, ""
    for row in rows:
        head = _parts(row)[0]
        if head != last:
            heads[head] = top + 0.55
            top, last = top + 0.85, head
        tops[row] = top
        top += 1
    return tops, heads


def _strip(ax, left, top, width, one):
    """Draw one effect: its ground by what it says, zero as a line, the mean and its interval."""
    ground = {"facecolor": SAYS_COLOURS[one.says], "edgecolor": "0.7", "linewidth": 0.4}
    ax.add_patch(Rectangle((left, top + 0.06), width, 0.88, **ground))
    if one.says == "no value":
        return
    ax.plot([left, left + width], [top + 0.5] * 2, color="0.45", linewidth=0.5)
    middle = left + width / 2
    low, mean, high = (top + height(x) for x in (one.low, one.mean, one.high))
    ax.plot([middle] * 2, [low, high], color="black", linewidth=1.1)
    ax.plot([middle], [mean], color="black", marker="o", markersize=2.2)


def height(effect):
    """Return where an effect stands in a cell, from 0.94 (far below zero) up to 0.06.

    The scale is linear up to about a `UNIT` and logarithmic beyond.
    """
    share = np.arcsinh(effect / UNIT) / np.arcsinh(WIDEST)
    return 0.5 - 0.44 * np.clip(share, -1, 1)

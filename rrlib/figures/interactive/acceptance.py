"""Threshold or geometry: what the same people pay, by radius of training and share denied."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.equal import KIND_LABELS, PART_COLOURS
from rrlib.figures.interactive.numbers import Interactive
from rrlib.figures.style import DATASETS, finish

START = 0.2
"""The radius that the picture shows, and from which the reader starts."""

CURVES = {"standard": ("--", "standard model"), "robust": ("-", "robust model")}


def move_acceptance(ways, source):
    """Draw what the same people pay under two models at each share denied; return what moves.

    Parameters
    ----------
    ways : dict of (dataset, kind) -> dict of arrays
        From `audit.acceptance`; the picture shows the first.
    source : "real" or "twin"

    Returns
    -------
    Interactive

    Examples
    --------
    >>> eps, share = np.array([0.2]), np.array([[0.5, 0.6]])
    >>> way = {"eps": eps, "share": share}
    >>> way |= {"standard": np.array([[1.0, 1.2]]), "robust": np.array([[1.1, 1.5]])}
    >>> moving = figures.move_acceptance({("german", "logistic"): way}, "twin")
    >>> "German Credit" in moving._repr_html_()
    True
    """
    (dataset, kind), way = next(iter(ways.items()))
    k = np.abs(way["eps"] - START).argmin()
    share, eps = way["share"][k], way["eps"][k]
    fig, ax = plt.subplots(figsize=(6.2, 3.8))
    for name, (line, label) in CURVES.items():
        ax.plot(share, way[name][k], line, color="black", label=label)
    corners = {"xycoords": "data", "textcoords": "data", "annotation_clip": False}
    low, middle, high = way["standard"][k][-1], way["robust"][k][-1], way["robust"][k][0]
    for part, start, end in (("geometry", low, middle), ("threshold", middle, high)):
        arrow = {"arrowstyle": "->", "color": PART_COLOURS[part], "linewidth": 2}
        ax.annotate("", (share[-1], end), (share[-1], start), arrowprops=arrow, **corners)
        place = {"textcoords": "offset points", "va": "center", "color": PART_COLOURS[part]}
        ax.annotate(part, (share[-1], (start + end) / 2), xytext=(6, 0), **place)
    ax.set(xlabel="share of training rows denied", ylabel="mean cost of the same people, sd")
    ax.set_title(f"{DATASETS[dataset].label}, {KIND_LABELS[kind]}, $\\epsilon = {eps:g}$")
    ax.legend(loc="upper center")
    finish(fig, source)
    cases = {}
    for (dataset, kind), way in ways.items():
        label = f"{DATASETS[dataset].label}, {KIND_LABELS[kind]}"
        cases[f"{dataset} {kind}"] = {"label": label} | way
    colours = {part: PART_COLOURS[part] for part in ("threshold", "geometry")}
    return Interactive("acceptance", source, cases=cases, start=START, colours=colours)

"""The look of every figure: colours, markers, bands, grids of panels, the stamp on a twin."""

import os
import sys
from io import BytesIO
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from rrlib.figures.numbers import describe


class Look(NamedTuple):
    """What every figure calls a dataset or a method, and how it draws it; `dash` of a curve."""

    label: str
    colour: str
    marker: str
    dash: str | tuple = "-"


class Looks(dict):
    """Looks by name. What has none is called by its name, and drawn in grey."""

    def __missing__(self, name):
        return Look(name, "0.45", "D")


METHODS = Looks(
    scfe=Look("SCFE", "#0072B2", "o"),
    cchvae=Look("C-CHVAE", "#D55E00", "s"),
    # They often lie on C-CHVAE, whose colour then shows in the gaps.
    growing_spheres=Look("growing spheres", "#009E73", "^", dash=(0, (4, 3))),
)
DATASETS = Looks(
    adult=Look("Adult", "#332288", "o"),
    compas=Look("COMPAS", "#CC6677", "s"),
    german=Look("German Credit", "#117733", "^"),
)

BOUND = {"color": "0.35", "linestyle": "--", "linewidth": 1.2}
EPS_MAP = plt.get_cmap("viridis_r")
EPS_LABEL = "trained against $\\epsilon$ (standard deviations)"
EPS_LABEL_NARROW = "trained against $\\epsilon$\n(standard deviations)"

ONE_CLASS = "one class on the test rows"
CROSS = {
    "linestyle": "none",
    "marker": "x",
    "color": "black",
    "markersize": 6,
    "label": ONE_CLASS,
}
"""The mark of models of which some seed's gives all test rows one label."""

DOTS, COLOURS = int(os.environ.get("RRLIB_DOTS", 220)), 128
"""Dots for an inch of a stored figure, twice those of the screen, and its colours.

Where `RRLIB_DOTS` says so, fewer: in tests, which draw every figure and look at none.
"""

STAMP = {"rotation": 20, "fontsize": 22, "color": "#B00020", "alpha": 0.45}


def use_style():
    """Set the look of every figure: legible in print and on a phone, no top and right spine.

    A notebook stores its figures by `palette_png`, and in words by `describe`.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> with plt.rc_context():
    ...     figures.use_style()
    ...     plt.rcParams["axes.spines.top"]
    ...
    False
    """
    shell = sys.modules.get("IPython")
    notebook = shell and shell.get_ipython()
    if notebook:
        plt.switch_backend(plt.get_backend())  # which sets a format of its own
        written = notebook.display_formatter.formatters
        written["image/png"].for_type(Figure, palette_png)
        written["text/plain"].for_type(Figure, lambda fig, printer, _: printer.text(describe(fig)))
    plt.rcParams.update(
        {
            "figure.dpi": 110,
            "savefig.dpi": 110,
            "figure.constrained_layout.use": True,
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 10,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "legend.frameon": False,
            "legend.fontsize": 9,
            "lines.linewidth": 1.6,
        }
    )


def palette_png(fig):
    """Return a figure as the bytes of a PNG of few colours, a third of the usual size."""
    full, small = BytesIO(), BytesIO()
    fig.savefig(full, dpi=DOTS, bbox_inches="tight", pil_kwargs={"compress_level": 0})
    image = Image.open(full).convert("RGB")
    few = image.quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(small, "png", compress_level=7, dpi=(DOTS, DOTS))
    return small.getvalue()


def finish(fig, source):
    """Stamp a figure that was drawn from a synthetic twin, and return it.

    So nobody takes a twin's figure for a result.
    """
    if source == "twin":
        fig.text(0.5, 0.5, "synthetic twin: not a result", ha="center", va="center", **STAMP)
    return fig


def band(ax, x, interval, *, within=(-np.inf, np.inf), **style):
    """Draw a mean over seeds as a line, and its interval as a band in the same colour.

    The band is cut at the ends of `within`, the values that the quantity can have: an interval
    over few seeds may go beyond them.
    """
    (line,) = ax.plot(x, interval.mean, **style)
    low, high = np.clip((interval.low, interval.high), *within)
    ax.fill_between(x, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    return line


def eps_colour(eps, largest):
    """Return the colour of a radius on a figure whose radii go up to the largest."""
    return EPS_MAP(0.1 + 0.9 * eps / largest)


def distinct(keys, part):
    """Return the different values of one part of the keys, in the order in which they come."""
    return list(dict.fromkeys(key[part] for key in keys))


def panel_grid(keys, height, **shared):
    """Return a figure nine inches wide, and its panels by (row, column).

    Parameters
    ----------
    keys : sequence of (row, column)
        Rows and columns stand in the order in which they first come.
    height : float
        Of the figure, in inches.
    shared : sharex and sharey of `matplotlib.pyplot.subplots`
    """
    rows, columns = distinct(keys, 0), distinct(keys, 1)
    fig, grid = plt.subplots(len(rows), len(columns), figsize=(9, height), squeeze=False, **shared)
    panels = {}
    for row, line in zip(rows, grid):
        for column, ax in zip(columns, line):
            panels[row, column] = ax
    return fig, panels


def label_outside(panels, xlabel, ylabel):
    """Label the horizontal axes of the last row and the vertical ones of the first column."""
    for ax in panels.values():
        place = ax.get_subplotspec()
        if place.is_last_row():
            ax.set_xlabel(xlabel)
        if place.is_first_col():
            ax.set_ylabel(ylabel)


def legend_entries(panels):
    """Return what the labels of the panels stand for, as a dict of label -> handle."""
    found = {}
    for ax in panels:
        handles, labels = ax.get_legend_handles_labels()
        found |= dict(zip(labels, handles))
    return found


def legend_below(fig, *panels, ncols=None, **style):
    """Put one legend below the whole figure, where it covers nothing: an entry for each label.

    Parameters
    ----------
    fig : Figure
    panels : Axes whose labels are collected
    ncols : int, optional
        The most entries side by side; without it all of them.
    style : further options of `Figure.legend`
    """
    found = legend_entries(panels)
    ncols = ncols or len(found)
    fig.legend(found.values(), found.keys(), loc="outside lower center", ncols=ncols, **style)

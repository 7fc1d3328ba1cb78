"""Figures of the chapter on Lemma 1: how far robust training moves the weights."""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import Normal, Stroke

from rrlib.figures.style import (
    DATASETS,
    EPS_LABEL_NARROW,
    band,
    eps_colour,
    finish,
    label_outside,
    legend_below,
    panel_grid,
)

DISTANCE_LABEL = "$\\ell_2$ distance (logits\nper standard deviation)"
STYLES = {
    "printed": {"color": "#882255", "linestyle": "--"},
    "stability": {"color": "#DDAA33", "linestyle": "-."},
    "gradients": {"color": "#CC6677", "linestyle": ":"},
    "metric": {"color": "#44AA99", "linestyle": "-."},
    "region": {"color": "#332288", "linestyle": "-"},
    "region, lower": {"color": "#332288", "linestyle": (0, (5, 1))},
    "value": {"color": "black", "marker": "o", "markersize": 3.5},
}
"""The look of each bound on the distance of the weights, and of the distance itself."""

ROBUST = {"marker": "D", "markersize": 6, "markeredgecolor": "white", "linestyle": "none"}
STANDARD = {"color": "black", "marker": "o", "markerfacecolor": "none", "linestyle": "none"}
"""The marks of the robust and of the standard model."""

BELOW = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2), "ncols": 1}
"""Where the legend of a panel stands whose lines the other panel does not have."""

GROWTH_STYLES = (("#332288", "-"), ("#117733", "-."), ("#CC6677", "--"))


def weights_steps(distance, bounds, eps, source):
    """Draw the distance of the two trainings after each step, and the bounds on it.

    Parameters
    ----------
    distance : array of shape (T + 1,)
    bounds : dict of (key of STYLES, label) -> array of shape (T + 1,)
    eps : float
    source : "real" or "twin"

    Examples
    --------
    >>> steps = np.array([0.0, 0.1, 0.2])
    >>> fig = figures.weights_steps(
    ...     steps, {("stability", "during training"): 2 * steps}, 0.1, "twin"
    ... )
    >>> len(fig.axes[0].lines)
    2
    """
    fig, ax = plt.subplots(figsize=(5.8, 2.9))
    steps = np.arange(1, len(distance))
    for (key, label), bound in bounds.items():
        ax.plot(steps, bound[1:], label=label, **STYLES[key])
    ax.plot(steps, distance[1:], color="black", label="distance of the weights")
    ax.set(xscale="log", xlabel="steps of gradient descent")
    ax.set(yscale="log", ylabel=DISTANCE_LABEL, title=f"$\\epsilon = {eps:g}$")
    ax.legend()
    return finish(fig, source)


def weights_bounds(eps, panels, source):
    """Draw the distance of the weights and its bounds against eps.

    A row for each way of training, a column for each dataset.

    Parameters
    ----------
    eps : array of shape (E,)
    panels : dict of (row title, dataset name) -> dict of label -> (key of STYLES, Interval)
        Arrays of shape (E,). Drawn where the interval is positive, as the axis is logarithmic.
    source : "real" or "twin"

    Examples
    --------
    >>> length = study.Interval(*np.array([[0.2, 0.5], [0.1, 0.4], [0.3, 0.6]]))
    >>> panels = {("at convergence", "german"): {"metric": ("metric", length)}}
    >>> fig = figures.weights_bounds(np.array([0.05, 0.1]), panels, "twin")
    >>> fig.axes[0].get_title()
    'German Credit, at convergence'
    """
    fig, axes = panel_grid(panels, 5.3, sharex=True, sharey="row")
    for (row, name), curves in panels.items():
        ax = axes[row, name]
        for label, (key, interval) in curves.items():
            band(ax, eps, _positive(interval), label=label, **STYLES[key])
        ax.set(yscale="log", title=f"{DATASETS[name].label}, {row}")
    label_outside(axes, EPS_LABEL_NARROW, DISTANCE_LABEL)
    legend_below(fig, *axes.values(), ncols=4)
    return finish(fig, source)


def weights_region(plane, near, panels, names, source):
    """Draw the regions that must hold every robust model, in the plane of two weights.

    On the left the outer regions, on the right the inner ones, enlarged; a colour for each eps.

    Parameters
    ----------
    plane, near : pairs of arrays of shapes (A,) and (B,)
        The grid of the two weights on the left, and on the right.
    panels : dict of eps -> dict with
        outer, shrunk : arrays of shape (B, A) on the plane, at most 0 inside the region;
        inner : the same on the part that is near;
        w_nr, w_r : arrays of shape (2,); box : Bounds of shape (2,).
    names : the two features' names
    source : "real" or "twin"

    Examples
    --------
    >>> line = np.linspace(-1, 1, 9)
    >>> disc = np.add.outer(line**2, line**2)
    >>> part = {"outer": disc - 0.8, "shrunk": disc - 0.6, "inner": disc - 0.4}
    >>> part |= {"w_nr": np.array([0.3, 0.3]), "w_r": np.array([0.2, 0.2])}
    >>> part["box"] = theory.Bounds(np.array([-0.8, -0.8]), np.array([0.8, 0.8]))
    >>> both, names = {0.1: part, 0.2: part}, ("age", "income")
    >>> fig = figures.weights_region((line, line), (line, line), both, names, "twin")
    >>> len(fig.axes)
    2
    """
    ratio = {"width_ratios": (2, 3)}
    fig, (whole, part) = plt.subplots(1, 2, figsize=(9, 3.8), gridspec_kw=ratio)
    for eps, panel in panels.items():
        colour = eps_colour(eps, max(panels))
        whole.contour(*plane, panel["outer"], [0], colors=[colour], linestyles="--")
        edge = whole.contour(*plane, panel["shrunk"], [0], colors=[colour])
        whole.clabel(edge, fmt=f"{eps:g}", colors="black", fontsize=9)
        part.contourf(*near, panel["inner"], [-np.inf, 0], colors=[colour], alpha=0.4)
        low, high = panel["box"]
        part.add_patch(Rectangle(low, *(high - low), fill=False, edgecolor=colour, linestyle=":"))
        part.plot(*panel["w_r"], color=colour, **ROBUST)
        _write(part, f"$\\epsilon = {eps:g}$", (panel["w_r"][0], high[1]), 4)
    corner, end = (np.array([line[place] for line in near]) for place in (0, -1))
    whole.add_patch(Rectangle(corner, *(end - corner), fill=False, edgecolor="0.5"))
    titles = ("outer regions, by $\\epsilon$", "inner regions (the frame, enlarged)")
    for ax, title in zip((whole, part), titles):
        ax.plot(0, 0, "+", color="0.35", markersize=9)
        ax.plot(*panel["w_nr"], **STANDARD)
        ax.set(xlabel=f"weight of {names[0]}", title=title)
    _write(part, "constant\nmodel", (0, 0), 10)
    _write(part, "standard model", panel["w_nr"], -8)
    whole.set_ylabel(f"weight of {names[1]}")
    grey = partial(plt.Line2D, [], [], color="0.3")
    lines = {"threshold of the standard model": "--", "threshold of the best shrunk model": "-"}
    keys = [grey(linestyle=line, label=label) for label, line in lines.items()]
    whole.legend(handles=keys, **BELOW)
    region = Patch(facecolor="0.3", alpha=0.4, label="inner region")
    box = grey(linestyle=":", label="certified box")
    trained = grey(label="robust model, trained afterwards", **ROBUST)
    part.legend(handles=[region, box, trained], **BELOW)
    return finish(fig, source)


def _write(ax, text, place, offset):
    """Write a text centred above a place, or below it where the offset is negative."""
    align = {"ha": "center", "va": "bottom" if offset > 0 else "top", "fontsize": 9}
    ground = [Stroke(linewidth=3, foreground="white"), Normal()]
    ax.annotate(text, place, (0, offset), textcoords="offset points", path_effects=ground, **align)


def weights_intervals(names, theta_nr, panels, source):
    """Draw each weight: the interval known before training, the standard one, the robust one.

    Parameters
    ----------
    names : sequence of D names
    theta_nr : array of shape (D,)
    panels : dict of eps -> (Bounds of shape (D,), theta_r of shape (D,))
    source : "real" or "twin"

    Examples
    --------
    >>> box = theory.Bounds(np.array([0.5, -1.0]), np.array([1.5, 0.0]))
    >>> weights = np.array([1.0, -0.5])
    >>> panels = {eps: (box, weights / 2) for eps in (0.1, 0.2)}
    >>> fig = figures.weights_intervals(["age", "income"], weights, panels, "twin")
    >>> len(fig.axes)
    2
    """
    bar = {"color": STYLES["region"]["color"], "linewidth": 5, "alpha": 0.35}
    trained = {"color": "#D55E00", **ROBUST}
    fig, axes = plt.subplots(1, len(panels), figsize=(9, 3.3), sharex=True, sharey=True)
    place = np.arange(len(names))[::-1]
    for ax, (eps, (box, theta_r)) in zip(axes, panels.items()):
        ax.axvline(0, color="0.8", linewidth=1)
        ax.hlines(place, box.lower, box.upper, label="interval known before training", **bar)
        ax.plot(theta_nr, place, label="standard weight", zorder=3, **STANDARD)
        ax.plot(theta_r, place, label="robust weight, trained afterwards", **trained)
        ax.set(xlabel="weight (logits per\nstandard deviation)", title=f"$\\epsilon = {eps:g}$")
    axes[0].set_yticks(place, names)
    legend_below(fig, axes[0])
    return finish(fig, source)


def weights_growth(eps, curves):
    """Draw the robust weight of the one-dimensional example against eps.

    `curves` maps a share pi to weights of the shape of eps.

    Examples
    --------
    >>> eps = np.linspace(0, 0.4, 5)
    >>> fig = figures.weights_growth(eps, {0.3: 1 + eps, 0.5: 1 - eps})
    >>> len(fig.axes[0].lines)
    2
    """
    fig, ax = plt.subplots(figsize=(5.6, 2.7))
    for (share, w), (colour, line) in zip(curves.items(), GROWTH_STYLES):
        ax.plot(eps, w, color=colour, linestyle=line, label=f"$\\pi = {share:g}$")
    ax.set(xlabel="trained against $\\epsilon$", ylabel="robust weight $w_R$", ylim=(0, None))
    ax.legend()
    return fig


def _positive(interval):
    """Return an interval with NaN wherever its lower end is not positive."""
    known = interval.low > 0
    return type(interval)(*(np.where(known, part, np.nan) for part in interval))

"""Figures of the chapter on SCFE's cost."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.style import (
    BOUND,
    DATASETS,
    METHODS,
    band,
    finish,
    label_outside,
    legend_below,
    panel_grid,
)

COST_STYLES = ({"color": METHODS["scfe"].colour}, BOUND, BOUND | {"linestyle": ":"})
UPPER, LOWER = "#882255", "#117733"
BOUND_STYLES = {
    "upper": {"color": UPPER, "linestyle": "none", "marker": "_", "markersize": 3},
    "lower": {"color": LOWER, "linestyle": "none", "marker": ".", "markersize": 1.5},
}


def definition1(lam, curves):
    """Draw the cost of SCFE against lambda in one dimension.

    `curves` maps a label to costs of the shape of lam; the first is the minimiser.

    Examples
    --------
    >>> lam = np.array([0.1, 1.0, 10.0])
    >>> fig = figures.definition1(lam, {"minimiser": 1 / (lam + 1), "as printed": lam / (lam + 1)})
    >>> len(fig.axes[0].lines)
    2
    """
    fig, ax = plt.subplots(figsize=(5.6, 2.7))
    for (label, cost), style in zip(curves.items(), COST_STYLES):
        ax.plot(lam, cost, label=label, **style)
    ax.set(xscale="log", xlabel="$\\lambda$", ylabel="cost $|\\zeta|$", ylim=(0, None))
    ax.legend()
    return fig


def theorem1_panels(value, printed, repaired, source):
    """Draw the distance between two recourses for every test instance, sorted, with its bounds.

    On the left the printed bounds, on the right the repaired ones.

    Parameters
    ----------
    value : array of shape (n,)
    printed, repaired : Bounds of arrays of shape (n,)
    source : "real" or "twin"

    Examples
    --------
    >>> value = np.array([0.5, 1.0, 2.0])
    >>> printed, repaired = theory.Bounds(value * 2, value * 3), theory.Bounds(value / 2, value * 2)
    >>> fig = figures.theorem1_panels(value, printed, repaired, "twin")
    >>> len(fig.axes)
    2
    """
    order = np.argsort(value)
    rank = np.arange(1, len(value) + 1)
    curve = {"color": METHODS["scfe"].colour, "linewidth": 2.2}
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
    panels = ("as printed", printed, -1), ("repaired", repaired, 1)
    for ax, (title, bounds, side) in zip(axes, panels):
        for text, bound, where in zip(("lower", "upper"), bounds, (-side, side)):
            ax.plot(rank, bound[order], **BOUND_STYLES[text])
            _name(ax, f"{text} bound", bound[order], where, BOUND_STYLES[text]["color"])
        ax.plot(rank, value[order], **curve)
        ax.set(yscale="log", ylim=(1e-4, 60), xlim=(0, len(rank)), title=f"Theorem 1, {title}")
        ax.set_xlabel("test instances, sorted by the distance")
    _name(axes[0], "distance of the two recourses", value[order], 1, curve["color"])
    axes[0].set_ylabel("$\\ell_2$ distance (standard deviations)")
    return finish(fig, source)


def _name(ax, text, values, side, colour):
    """Write a curve's name at its right end: above it, or below it where the side is -1."""
    end = 0.98, np.median(values[-len(values) // 10 :])
    place = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    align = {"ha": "right", "va": "bottom" if side > 0 else "top"}
    ax.annotate(text, end, xytext=(0, 7 * side), color=colour, **place, **align)


def theorem1_shares(lam, shares, source):
    """Draw the share of test instances that break each printed bound, against lambda.

    Parameters
    ----------
    lam : array of shape (K,)
    shares : dict of (row, dataset name) -> (eps, lower, upper)
        One panel each: the radius of the robust model, and Intervals of arrays of shape (K,).
        Bands are cut at 0 and at 1.
    source : "real" or "twin"

    Examples
    --------
    >>> share = study.Interval(*np.array([[0.2, 0.5], [0.1, 0.4], [0.3, 0.6]]))
    >>> panels = {("standard", "german"): (0.1, share, share)}
    >>> fig = figures.theorem1_shares(np.array([0.01, 1.0]), panels, "twin")
    >>> len(fig.axes)
    1
    """
    fig, panels = panel_grid(shares, 4.6, sharex=True, sharey=True)
    for (row, name), ax in panels.items():
        eps, lower, upper = shares[row, name]
        upper_style = {"color": UPPER, "label": "upper bound broken"}
        lower_style = {"color": LOWER, "label": "lower bound broken", "linestyle": "-."}
        band(ax, lam, upper, within=(0, 1), **upper_style)
        band(ax, lam, lower, within=(0, 1), **lower_style)
        ax.set(xscale="log", ylim=(-0.03, 1.03))
        ax.set_title(f"{DATASETS[name].label}, $\\epsilon = {eps:g}$")
    label_outside(panels, "$\\lambda$", "share of test instances")
    legend_below(fig, ax)
    return finish(fig, source)

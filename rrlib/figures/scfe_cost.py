"""Figures of the chapter on SCFE's cost."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.style import (
    BOUND,
    DATASET_LABELS,
    METHOD_COLOURS,
    band,
    finish,
    label_outside,
    legend_below,
    panel_grid,
)

COST_STYLES = ({"color": METHOD_COLOURS["scfe"]}, BOUND, BOUND | {"linestyle": ":"})


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
    fig, ax = plt.subplots(figsize=(5.6, 3.2))
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
    curve = {"color": METHOD_COLOURS["scfe"], "linewidth": 2.2}
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.5), sharey=True)
    for ax, bounds, title in zip(axes, (printed, repaired), ("as printed", "repaired")):
        ax.plot(rank, bounds.upper[order], "_", color="0.35", markersize=2, label="upper bound")
        ax.plot(rank, bounds.lower[order], ".", color="0.6", markersize=1, label="lower bound")
        ax.plot(rank, value[order], label="distance of the two recourses", **curve)
        ax.set(yscale="log", ylim=(1e-4, 30), xlim=(0, len(rank)), title=f"Theorem 1, {title}")
        ax.set_xlabel("test instances, sorted by the distance")
    axes[0].set_ylabel("$\\ell_2$ distance (standard deviations)")
    legend_below(fig, axes[0], markerscale=4)
    return finish(fig, source)


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
    fig, panels = panel_grid(shares, 5.4, sharex=True, sharey=True)
    for (row, name), ax in panels.items():
        eps, lower, upper = shares[row, name]
        upper_style = {"color": "#882255", "label": "upper bound broken"}
        lower_style = {"color": "#44AA99", "label": "lower bound broken", "linestyle": "-."}
        band(ax, lam, upper, within=(0, 1), **upper_style)
        band(ax, lam, lower, within=(0, 1), **lower_style)
        ax.set(xscale="log", ylim=(-0.03, 1.03))
        ax.set_title(f"{DATASET_LABELS[name]}, $\\epsilon = {eps:g}$")
    label_outside(panels, "$\\lambda$", "share of test instances")
    legend_below(fig, ax)
    return finish(fig, source)

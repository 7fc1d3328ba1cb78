"""Figures that compare the three methods: their excess over the least cost, and SCFE's traps."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.style import (
    BOUND,
    DATASETS,
    EPS_LABEL_NARROW,
    METHODS,
    band,
    finish,
    legend_below,
)


def cost_excess(panels, source):
    """Draw each method's cost as a multiple of the least possible one against eps.

    Parameters
    ----------
    panels : dict of dataset name -> dict of method -> (eps (K,), Interval of arrays of shape (K,))
        One panel for each dataset; bands are cut at 1.
    source : "real" or "twin"

    Examples
    --------
    >>> excess = study.Interval(*np.array([[1.1, 1.2], [1.0, 1.1], [1.2, 1.3]]))
    >>> panels = {name: {"scfe": (np.array([0.0, 0.1]), excess)} for name in ("adult", "german")}
    >>> fig = figures.cost_excess(panels, "twin")
    >>> len(fig.axes)
    2
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(9, 3.2), sharey=True)
    for ax, (name, curves) in zip(axes, panels.items()):
        for method, (eps, ratio) in curves.items():
            style = {"color": METHODS[method].colour, "marker": METHODS[method].marker}
            label = METHODS[method].label
            band(ax, eps, ratio, within=(1, np.inf), markersize=4, label=label, **style)
        ax.axhline(1, label="exact minimum", **BOUND)
        ax.set(yscale="log", xlim=(-0.01, 0.31))
        ax.set(xlabel=EPS_LABEL_NARROW, title=DATASETS[name].label)
        ax.yaxis.set_major_locator(plt.FixedLocator([1, 1.5, 2, 3, 4]))
        ax.yaxis.set_major_formatter(plt.FormatStrFormatter("%g"))
        ax.yaxis.set_minor_locator(plt.NullLocator())
    axes[0].set_ylabel("cost / least possible cost, median")
    legend_below(fig, axes[0])
    return finish(fig, source)


def scfe_traps(t, logit, objective, stop, other, left, right, valid, source):
    """Draw why SCFE stops: its objective along one person's line, and where it stopped.

    The left panel follows the line to a recourse that growing spheres found; the right one
    compares the objective's value at both methods' points for many rows.

    Parameters
    ----------
    t, logit, objective : arrays of shape (K,)
        Distance from x towards the point of growing spheres, and both functions there.
    stop, other : float
        Distance at which the objective is lowest near x, and the distance of the point of
        growing spheres.
    left, right : arrays of shape (n,)
        The objective where SCFE stopped and at the point of growing spheres.
    valid : bool array of shape (n,)
        Whether SCFE's point is valid.
    source : "real" or "twin"

    Examples
    --------
    >>> t = np.linspace(0, 1, 5)
    >>> fig = figures.scfe_traps(
    ...     t,
    ...     t - 0.5,
    ...     (t - 1) ** 2,
    ...     0.4,
    ...     0.9,
    ...     np.array([1.0, 0.5]),
    ...     np.array([0.5, 0.5]),
    ...     np.array([True, False]),
    ...     "twin",
    ... )
    >>> len(fig.axes)
    2
    """
    fig, (line, scatter) = plt.subplots(1, 2, figsize=(9, 3.7))
    line.plot(t, logit, color="0.35", linestyle="-.", label="logit $h$")
    line.plot(t, objective, color=METHODS["scfe"].colour, label="objective $J$")
    line.axhline(0, color="0.8", linewidth=0.8)
    for method, distance in (("scfe", stop), ("growing_spheres", other)):
        height = np.interp(distance, t, objective)
        style = {"color": METHODS[method].colour, "marker": METHODS[method].marker}
        style |= {"linestyle": "none", "markeredgecolor": "black"}
        line.plot(distance, height, label=METHODS[method].label, **style)
    line.set(xlabel="distance from $x$ (standard deviations)", title="One person")
    line.legend()
    dots = {"linestyle": "none", "marker": ".", "markersize": 1.5, "rasterized": True}
    for rows, colour, label in (
        (~valid, "#882255", "SCFE not valid"),
        (valid, METHODS["scfe"].colour, "SCFE valid"),
    ):
        scatter.plot(left[rows], right[rows], color=colour, label=label, **dots)
    low = min(left.min(), right.min()) / 1.5
    high = max(left.max(), right.max()) * 1.5
    scatter.plot([low, high], [low, high], **BOUND)
    scatter.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
    scatter.set(title="All denied test rows", xlabel="$J$ where SCFE stopped")
    scatter.set_ylabel("$J$ at the point of\ngrowing spheres")
    scatter.legend(markerscale=6)
    return finish(fig, source)

"""Figures of the chapter on the collapse threshold."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.style import (
    BOUND,
    DATASETS,
    band,
    distinct,
    finish,
    legend_below,
)

POSSIBLE = {"linear": (0, 1), "log": (0, np.inf)}
"""Values of what the panels of `approach` show, by their scale."""

RAY_STYLES = (("-", "#117733"), ("--", "0.3"), (":", "#882255"))


def loss_along_ray(t, curves):
    """Draw how the robust loss changes when one leaves the constant model.

    `curves` maps eps / eps* to arrays of the shape of t.

    Examples
    --------
    >>> t = np.linspace(0, 1, 5)
    >>> fig = figures.loss_along_ray(t, {0.5: -t, 1.0: t**2, 1.5: t})
    >>> len(fig.axes)
    1
    """
    fig, ax = plt.subplots(figsize=(5.6, 3.2))
    for (fraction, change), (line, colour) in zip(curves.items(), RAY_STYLES):
        label = f"$\\epsilon = {fraction:g}\\,\\epsilon^*$"
        ax.plot(t, change, linestyle=line, color=colour, label=label)
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set(xlabel="weight $w$", ylabel="robust loss minus that of\nthe best constant (nats)")
    ax.legend()
    return fig


def collapse_thresholds(thresholds, grid, source):
    """Draw the thresholds of every dataset, scaling and norm above the radii of the study.

    They share one axis; filled marks are for l_inf, empty ones for l2.

    Parameters
    ----------
    thresholds : dict of (dataset name, scaling, p) -> Interval over seeds
        p is "inf" or "2".
    grid : radii of the study
    source : "real" or "twin"

    Examples
    --------
    >>> threshold = study.Interval(0.3, 0.25, 0.35)
    >>> fig = figures.collapse_thresholds(
    ...     {("german", "standard", "inf"): threshold}, [0.1, 0.2], "twin"
    ... )
    >>> len(fig.axes)
    1
    """
    names, scalings = distinct(thresholds, 0), distinct(thresholds, 1)
    rows = [(scaling, name) for scaling in scalings for name in names]
    fig, ax = plt.subplots(figsize=(7.5, 3.0))
    for (name, scaling, p), interval in thresholds.items():
        colour, half = DATASETS[name].colour, (interval.high - interval.low) / 2
        style = {"fmt": DATASETS[name].marker, "color": colour, "markersize": 7}
        style["markerfacecolor"] = colour if p == "inf" else "white"
        ax.errorbar(interval.mean, rows.index((scaling, name)), xerr=half, **style)
    for radius in grid:
        ax.axvline(radius, color="0.85", linewidth=0.8, zorder=0)
    ax.axvline(0.2, **BOUND)
    above = {"xycoords": ("data", "axes fraction"), "ha": "center", "fontsize": 9}
    ax.annotate("validity zero beyond, says the paper", (0.2, 1.02), **above)
    ax.set_yticks(
        range(len(rows)), [f"{DATASETS[name].label}, {scaling}" for scaling, name in rows]
    )
    ax.set(xlim=(0, None), xlabel="collapse threshold $\\epsilon^*$ (scaled features)")
    ax.invert_yaxis()
    for fill, label in (("0.3", "$\\ell_\\infty$"), ("white", "$\\ell_2$")):
        ax.plot([], [], "o", color="0.3", markerfacecolor=fill, label=label)
    ax.legend(loc="lower right")
    return finish(fig, source)


def approach(fraction, panels, source):
    """Draw what happens to a linear model as eps approaches its threshold.

    Parameters
    ----------
    fraction : array of shape (K,)
        eps / eps*.
    panels : dict of (quantity, "linear" or "log") -> dict of dataset name -> Interval
        One panel for each quantity, arrays of shape (K,) or shorter. Bands of linear panels, which
        are of shares, are cut at 0 and at 1.
        Values that do not exist are infinite or cut off by the axis.
    source : "real" or "twin"

    Examples
    --------
    >>> shrinking = study.Interval(*np.array([[0.4, 0.0], [0.3, 0.0], [0.5, 0.0]]))
    >>> panels = {
    ...     ("share denied", "linear"): {"german": shrinking},
    ...     ("cost", "log"): {"german": shrinking},
    ... }
    >>> fig = figures.approach(np.array([0.5, 1.0]), panels, "twin")
    >>> len(fig.axes)
    4
    """
    fig, axes = plt.subplots(2, 2, figsize=(9, 5.4), sharex=True)
    for ax, ((quantity, scale), curves) in zip(axes.flat, panels.items()):
        for name, curve in curves.items():
            style = {"color": DATASETS[name].colour, "marker": DATASETS[name].marker}
            x = fraction[: len(curve.mean)]
            style |= {"markersize": 3.5, "label": DATASETS[name].label}
            band(ax, x, curve, within=POSSIBLE[scale], **style)
        ax.axvline(1, **BOUND)
        ax.set(yscale=scale, ylabel=quantity)
    for ax in axes[-1]:
        ax.set_xlabel("$\\epsilon / \\epsilon^*$")
    legend_below(fig, axes[0, 0])
    return finish(fig, source)


def worst_case_tails(panels, xlabel, source):
    """Draw the share of each class that is at least x after the adversary has moved everybody.

    Where the favourable class is ahead, a step at x beats the constant; that part is shaded.
    A panel without such a part says so.

    Parameters
    ----------
    panels : dict of heading -> (x, favourable, others)
        Arrays of one shape, shares in [0, 1]. One panel for each heading.
    xlabel : str
    source : "real" or "twin"

    Examples
    --------
    >>> x = np.linspace(0, 1, 5)
    >>> panels = {name: (x, 1 - x, (1 - x) ** 2) for name in ("age", "income")}
    >>> fig = figures.worst_case_tails(panels, "standard deviations", "twin")
    >>> len(fig.axes)
    2
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(9, 3.2), sharey=True)
    for ax, (heading, (x, favourable, others)) in zip(axes, panels.items()):
        ax.plot(x, favourable, color="#117733", label="favourable, moved down by $\\epsilon$")
        ax.plot(x, others, "--", color="#882255", label="others, moved up by $\\epsilon$")
        ahead = favourable > others
        shade = {"where": ahead, "color": "#117733", "alpha": 0.25}
        ax.fill_between(x, others, favourable, label="a step here beats the constant", **shade)
        ax.set(yscale="log", xlabel=xlabel, title=heading)
        ax.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
        if not ahead.any():
            note = "the others are ahead\nat every $x$: no step\nbeats the constant"
            ax.text(0.07, 0.08, note, transform=ax.transAxes, fontsize=9)
    axes[0].set_ylabel("share of its class\nat $x$ or above")
    legend_below(fig, axes[0])
    return finish(fig, source)

"""Figures of the chapter on the collapse threshold."""

import matplotlib.pyplot as plt

from rrlib.figures.style import BOUND, DATASET_COLOURS, DATASET_LABELS, DATASET_MARKERS, band, finish


def loss_along_ray(t, curves):
    """Draw how the robust loss changes when one leaves the constant model: `curves` maps eps / eps* to arrays of the shape of t."""
    fig, ax = plt.subplots(figsize=(5.6, 3.2))
    for (fraction, change), style, colour in zip(curves.items(), ("-", "--", ":"), ("#117733", "0.3", "#882255")):
        ax.plot(t, change, linestyle=style, color=colour, label=f"$\\epsilon = {fraction:g}\\,\\epsilon^*$")
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set(xlabel="weight $w$", ylabel="robust loss minus that of\nthe best constant (nats)")
    ax.legend()
    return fig


def collapse_thresholds(thresholds, grid, source):
    """Draw the thresholds of every dataset, scaling and norm on one axis, above the radii of the study.

    Parameters
    ----------
    thresholds : dict of (dataset name, scaling, p) -> Interval over seeds
        p is "inf" or "2".
    grid : radii of the study
    source : "real" or "twin"
    """
    names, scalings = (list(dict.fromkeys(key[part] for key in thresholds)) for part in (0, 1))
    fig, ax = plt.subplots(figsize=(7.5, 3.0))
    for (name, scaling, p), interval in thresholds.items():
        row = len(names) * scalings.index(scaling) + names.index(name)
        colour = DATASET_COLOURS[name]
        ax.errorbar(interval.mean, row, xerr=(interval.high - interval.low) / 2, fmt=DATASET_MARKERS[name], color=colour,
                    markerfacecolor=colour if p == "inf" else "white", markersize=7)
    for radius in grid:
        ax.axvline(radius, color="0.85", linewidth=0.8, zorder=0)
    ax.axvline(0.2, **BOUND)
    ax.annotate("validity zero beyond, says the paper", (0.2, 1.02), xycoords=("data", "axes fraction"), ha="center", fontsize=9)
    labels = [f"{DATASET_LABELS[name]}, {scaling}" for scaling in scalings for name in names]
    ax.set(yticks=range(len(labels)), yticklabels=labels, xlim=(0, None), xlabel="collapse threshold $\\epsilon^*$ (scaled features)")
    ax.invert_yaxis()
    for fill, label in (("0.3", "$\\ell_\\infty$"), ("white", "$\\ell_2$")):
        ax.plot([], [], "o", color="0.3", markerfacecolor=fill, label=label)
    ax.legend(loc="lower right")
    return finish(fig, source)


def approach(fraction, panels, source):
    """Draw what happens to a linear model as eps approaches its threshold, one panel for each quantity.

    Parameters
    ----------
    fraction : array of shape (K,)
        eps / eps*.
    panels : dict of (quantity, "linear" or "log") -> dict of dataset name -> Interval of arrays of shape (K,)
        Values that do not exist are infinite or cut off by the axis.
    source : "real" or "twin"
    """
    fig, axes = plt.subplots(2, 2, figsize=(9, 5.4), sharex=True)
    for ax, ((quantity, scale), curves) in zip(axes.flat, panels.items()):
        for name, curve in curves.items():
            band(ax, fraction[: len(curve.mean)], curve, color=DATASET_COLOURS[name], marker=DATASET_MARKERS[name], markersize=3.5,
                 label=DATASET_LABELS[name])
        ax.axvline(1, **BOUND)
        ax.set(yscale=scale, ylabel=quantity)
    for ax in axes[-1]:
        ax.set_xlabel("$\\epsilon / \\epsilon^*$")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return finish(fig, source)

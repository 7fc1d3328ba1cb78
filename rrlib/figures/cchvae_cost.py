"""Figures of the chapter on C-CHVAE's cost."""

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

LOWER_COLOURS = ("#44AA99", "#882255", "#999933")
SHARE_STYLES = (
    {"color": "#332288", "linestyle": "-", "marker": "o"},
    {"color": "#CC6677", "linestyle": "--", "marker": "s"},
)


def kinked_decoder(decode, thresholds, radii):
    """Draw a decoder of one latent and one feature, and where it reaches two thresholds.

    The thresholds lie on the feature; marked are the latents that first reach them.

    Parameters
    ----------
    decode : function of an array of latents
    thresholds, radii : pairs of floats
        For the standard and the robust model.

    Examples
    --------
    >>> fig = figures.kinked_decoder(np.abs, (0.5, 1.0), (0.5, 1.0))
    >>> len(fig.axes)
    1
    """
    end = 2.4
    z = np.linspace(-end, end, 481)
    near = {"textcoords": "offset points"}
    fig, ax = plt.subplots(figsize=(5.8, 2.9))
    ax.plot(z, decode(z), color=METHODS["cchvae"].colour, label="decoder $G$, slopes 1 and 1/2")
    ax.plot(z, z, **BOUND, label="slope $L = 1$, which the proof takes for granted")
    for threshold, radius, name in zip(thresholds, radii, ("NR", "R")):
        ax.hlines(threshold, -end, radius, color="0.7", linewidth=1)
        ax.vlines(radius, -end, threshold, color="0.7", linewidth=1)
        ax.plot(radius, threshold, "o", color="black", markersize=5)
        ax.annotate(f"$x_{{{name}}}$", (radius, threshold), xytext=(4, -13), **near)
        small = {"xytext": (0, 2), "fontsize": 8, "color": "0.35"}
        ax.annotate(f"threshold of {name}", (-2.3, threshold), **small, **near)
    ax.set(xlim=(-end, end), ylim=(-end, end))
    ax.set(xlabel="latent $z$ (the search starts at 0)", ylabel="feature $x = G(z)$")
    legend_below(fig, ax)
    return fig


def theorem2_panels(value, printed, repaired, source):
    """Draw the distance between two recourses, sorted, with the bounds on it.

    On the left the printed bounds, on the right the repaired ones.

    Parameters
    ----------
    value : array of shape (n,)
    printed : Bounds of arrays of shape (n,)
    repaired : tuple (upper, lowers)
        `upper` of shape (n,) and `lowers` a dict of label -> array of shape (n,).
        Only positive lower bounds show on the logarithmic axis.
    source : "real" or "twin"

    Examples
    --------
    >>> value = np.array([0.5, 1.0, 2.0])
    >>> repaired = value * 2, {"lower": value / 2}
    >>> fig = figures.theorem2_panels(value, theory.Bounds(value * 2, value * 3), repaired, "twin")
    >>> len(fig.axes)
    2
    """
    order, rank = np.argsort(value), np.arange(1, len(value) + 1)
    printed_lowers = {"lower bound as printed": printed.lower}
    panels = (
        ("as printed", printed.upper, printed_lowers, ("#332288",)),
        ("repaired", *repaired, LOWER_COLOURS),
    )
    dots = {"linestyle": "none", "marker": ".", "markersize": 2}
    curve = {"color": METHODS["cchvae"].colour, "linewidth": 2.2}
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
    for ax, (title, upper, lowers, colours) in zip(axes, panels):
        ax.plot(rank, upper[order], color="0.35", label="upper bound", **dots)
        for (label, bound), colour in zip(lowers.items(), colours):
            drawn = np.where(bound > 0, bound, np.nan)
            ax.plot(rank, drawn[order], color=colour, label=label, **dots)
        ax.plot(rank, value[order], label="distance of the two recourses", **curve)
        ax.set(yscale="log", ylim=(0.1, 60), xlim=(0, len(rank)), title=f"Theorem 2, {title}")
        ax.set_xlabel("test instances, sorted by the distance")
    axes[0].set_ylabel("$\\ell_2$ distance (standard deviations)")
    legend_below(fig, *axes, ncols=3, markerscale=5)
    return finish(fig, source)


def theorem2_shares(panels, source):
    """Draw the share of pairs that break the printed lower bound against eps.

    A row for each kind of model, a column for each dataset.

    Parameters
    ----------
    panels : dict of (kind, dataset name) -> dict of label -> (eps, Interval)
        Arrays of one shape; the same one or two labels everywhere. Bands are cut at 0 and at 1.
    source : "real" or "twin"

    Examples
    --------
    >>> share = study.Interval(*np.array([[0.2, 0.5], [0.1, 0.4], [0.3, 0.6]]))
    >>> panels = {("network", "german"): {"all pairs": (np.array([0.0, 0.1]), share)}}
    >>> fig = figures.theorem2_shares(panels, "twin")
    >>> len(fig.axes)
    1
    """
    fig, axes = panel_grid(panels, 4.4, sharex=True, sharey=True)
    for (kind, name), curves in panels.items():
        ax = axes[kind, name]
        for (label, (eps, interval)), style in zip(curves.items(), SHARE_STYLES):
            band(ax, eps, interval, within=(0, 1), label=label, markersize=4, **style)
        ax.set(ylim=(-0.03, 1.03), title=f"{DATASETS[name].label}, {kind}")
    label_outside(axes, "$\\epsilon$", "share of pairs")
    legend_below(fig, *axes.values())
    return finish(fig, source)

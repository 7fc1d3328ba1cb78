"""Figures of the chapter on C-CHVAE's cost."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.style import BOUND, DATASET_LABELS, METHOD_COLOURS, band, finish, legend_below

LOWER_COLOURS = ("#44AA99", "#882255", "#999933")


def kinked_decoder(decode, thresholds, radii):
    """Draw a decoder with one latent and one feature, two thresholds on the feature, and the latents that first reach them.

    Parameters
    ----------
    decode : function of an array of latents
    thresholds, radii : pairs of floats
        For the standard and the robust model.
    """
    z = np.linspace(-2.4, 2.4, 481)
    fig, ax = plt.subplots(figsize=(5.8, 3.3))
    ax.plot(z, decode(z), color=METHOD_COLOURS["cchvae"], label="decoder $G$, slopes 1 and 1/2")
    ax.plot(z, z, **BOUND, label="slope $L = 1$, which the proof takes for granted")
    for threshold, radius, name in zip(thresholds, radii, ("NR", "R")):
        ax.hlines(threshold, -2.4, radius, color="0.7", linewidth=1)
        ax.vlines(radius, -2.4, threshold, color="0.7", linewidth=1)
        ax.plot(radius, threshold, "o", color="black", markersize=5)
        ax.annotate(f"$x_{{{name}}}$", (radius, threshold), xytext=(4, -13), textcoords="offset points")
        ax.annotate(f"threshold of {name}", (-2.3, threshold), xytext=(0, 2), textcoords="offset points", fontsize=8, color="0.35")
    ax.set(xlabel="latent $z$ (the search starts at 0)", ylabel="feature $x = G(z)$", xlim=(-2.4, 2.4), ylim=(-2.4, 2.4))
    legend_below(fig, ax)
    return fig


def theorem2_panels(value, printed, repaired, source):
    """Draw the distance between two recourses, sorted, on the left with the printed bounds and on the right with the repaired ones.

    Parameters
    ----------
    value : array of shape (n,)
    printed : Bounds of arrays of shape (n,)
    repaired : tuple (upper, lowers), `upper` of shape (n,) and `lowers` a dict of label -> array of shape (n,)
        Only positive lower bounds show on the logarithmic axis.
    source : "real" or "twin"
    """
    order, rank = np.argsort(value), np.arange(1, len(value) + 1)
    upper, lowers = repaired
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True)
    panels = ((printed.upper, {"lower bound as printed": printed.lower}), (upper, lowers))
    for ax, (above, below), title in zip(axes, panels, ("as printed", "repaired")):
        ax.plot(rank, above[order], ".", color="0.35", markersize=2, label="upper bound")
        colours = ("#332288",) if title == "as printed" else LOWER_COLOURS
        for (label, bound), colour in zip(below.items(), colours):
            ax.plot(rank, np.where(bound > 0, bound, np.nan)[order], ".", color=colour, markersize=2, label=label)
        ax.plot(rank, value[order], color=METHOD_COLOURS["cchvae"], label="distance of the two recourses", linewidth=2.2)
        ax.set(yscale="log", ylim=(0.1, 60), xlim=(0, len(rank)), xlabel="test instances, sorted by the distance", title=f"Theorem 2, {title}")
    axes[0].set_ylabel("$\\ell_2$ distance (standard deviations)")
    handles = {label: handle for ax in axes for handle, label in zip(*ax.get_legend_handles_labels())}
    fig.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3, markerscale=5)
    return finish(fig, source)


def theorem2_shares(panels, source):
    """Draw the share of pairs that break the printed lower bound against eps: a row for each kind of model, a column for each dataset.

    Parameters
    ----------
    panels : dict of (kind, dataset name) -> dict of label -> (eps, Interval)
        Arrays of one shape; the same one or two labels everywhere.
    source : "real" or "twin"
    """
    kinds, names = (list(dict.fromkeys(key[part] for key in panels)) for part in (0, 1))
    fig, axes = plt.subplots(len(kinds), len(names), figsize=(9, 5), sharex=True, sharey=True, squeeze=False)
    for (kind, name), curves in panels.items():
        ax = axes[kinds.index(kind), names.index(name)]
        for (label, (eps, interval)), colour, line, marker in zip(curves.items(), ("#332288", "#CC6677"), ("-", "--"), "os"):
            band(ax, eps, interval, label=label, color=colour, linestyle=line, marker=marker, markersize=4)
        ax.set(ylim=(-0.03, 1.03), title=f"{DATASET_LABELS[name]}, {kind}")
    for ax in axes[-1]:
        ax.set_xlabel("$\\epsilon$")
    for ax in axes[:, 0]:
        ax.set_ylabel("share of pairs")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=2)
    return finish(fig, source)

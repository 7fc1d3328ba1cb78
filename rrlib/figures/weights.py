"""Figures of the chapter on Lemma 1: how far robust training moves the weights."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from rrlib.figures.style import BOUND, DATASET_LABELS, band, finish

VALUE = {"color": "black", "marker": "o", "markersize": 3.5}
STYLES = {
    "printed": {"color": "#882255", "linestyle": "--"},
    "stability": {"color": "#DDAA33", "linestyle": "-."},
    "gradients": {"color": "#CC6677", "linestyle": ":"},
    "metric": {"color": "#44AA99", "linestyle": "-."},
    "region": {"color": "#332288", "linestyle": "-"},
}


def weights_steps(distance, bounds, eps, source):
    """Draw the distance of the two trainings after each step, and the bounds on it.

    Parameters
    ----------
    distance : array of shape (T + 1,)
    bounds : dict of (key of STYLES, label) -> array of shape (T + 1,)
    eps : float
    source : "real" or "twin"
    """
    fig, ax = plt.subplots(figsize=(5.8, 3.4))
    steps = np.arange(1, len(distance))
    for (key, label), bound in bounds.items():
        ax.plot(steps, bound[1:], label=label, **STYLES[key])
    ax.plot(steps, distance[1:], color="black", label="distance of the weights")
    ax.set(xscale="log", yscale="log", xlabel="steps of gradient descent", ylabel="$\\ell_2$ distance\n(logits per standard deviation)",
           title=f"$\\epsilon = {eps:g}$")
    ax.legend()
    return finish(fig, source)


def weights_bounds(eps, panels, source):
    """Draw the distance of the weights and its bounds against eps: a row for each way of training, a column for each dataset.

    Parameters
    ----------
    eps : array of shape (E,)
    panels : dict of (row title, dataset name) -> dict of label -> (key of STYLES or "value", Interval of arrays of shape (E,))
        Drawn where the interval is positive, as the axis is logarithmic.
    source : "real" or "twin"
    """
    rows, names = (list(dict.fromkeys(key[part] for key in panels)) for part in (0, 1))
    fig, axes = plt.subplots(len(rows), len(names), figsize=(9, 6.4), sharex=True, sharey="row", squeeze=False)
    for (row, name), curves in panels.items():
        ax = axes[rows.index(row), names.index(name)]
        for label, (key, interval) in curves.items():
            drawn = type(interval)(*(np.where(interval.low > 0, part, np.nan) for part in interval))
            band(ax, eps, drawn, label=label, **(VALUE if key == "value" else STYLES[key]))
        ax.set(yscale="log", title=f"{DATASET_LABELS[name]}, {row}")
    for ax in axes[-1]:
        ax.set_xlabel("trained against $\\epsilon$\n(standard deviations)")
    for ax in axes[:, 0]:
        ax.set_ylabel("$\\ell_2$ distance\n(logits per standard deviation)")
    entries = {label: line for ax in axes[:, 0] for line, label in zip(*ax.get_legend_handles_labels())}
    fig.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=4)
    return finish(fig, source)


def weights_region(first, second, panels, names, source):
    """Draw the regions that must hold every robust model, in the plane of two weights, one panel for each eps.

    Parameters
    ----------
    first, second : arrays of shapes (A,) and (B,)
        The grid of the two weights.
    panels : dict of eps -> dict with
        outer, shrunk, inner : arrays of shape (B, A), at most 0 inside the region;
        w_nr, w_r : arrays of shape (2,); box : Bounds of shape (2,).
    names : the two features' names
    source : "real" or "twin"
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(9, 3.7), sharex=True, sharey=True)
    for ax, (eps, panel) in zip(axes, panels.items()):
        ax.contour(first, second, panel["outer"], [0], colors="0.35", linestyles="--", linewidths=1.2)
        ax.contour(first, second, panel["shrunk"], [0], colors="#882255", linewidths=1.2)
        ax.contourf(first, second, panel["inner"], [-np.inf, 0], colors=["#44AA99"], alpha=0.5)
        low, high = panel["box"]
        ax.add_patch(Rectangle(low, *(high - low), fill=False, edgecolor="#332288", linestyle=":", linewidth=1.2))
        ax.plot(*panel["w_nr"], "o", color="black")
        ax.plot(*panel["w_r"], "*", color="black", markersize=11)
        ax.plot(0, 0, "+", color="0.35", markersize=9)
        ax.set(xlabel=f"weight of {names[0]}", title=f"$\\epsilon = {eps:g}$")
    axes[0].set_ylabel(f"weight of {names[1]}")
    handles = [
        plt.Line2D([], [], marker="o", color="black", linestyle=""), plt.Line2D([], [], marker="*", color="black", linestyle="", markersize=10),
        plt.Line2D([], [], **BOUND), plt.Line2D([], [], color="#882255", linewidth=1.2),
        plt.Rectangle((0, 0), 1, 1, color="#44AA99", alpha=0.5), plt.Line2D([], [], color="#332288", linestyle=":"),
    ]
    labels = ["standard model", "robust model", "outer region", "outer, shrunk threshold", "inner, shrunk threshold", "box around the inner one"]
    fig.legend(handles, labels, loc="outside lower center", ncols=3)
    return finish(fig, source)


def weights_intervals(names, theta_nr, panels, source):
    """Draw, for each weight, the interval known before training, the standard weight and the robust one.

    Parameters
    ----------
    names : sequence of D names
    theta_nr : array of shape (D,)
    panels : dict of eps -> (Bounds of shape (D,), theta_r of shape (D,))
    source : "real" or "twin"
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(9, 3.3), sharex=True, sharey=True)
    place = np.arange(len(names))[::-1]
    for ax, (eps, (box, theta_r)) in zip(axes, panels.items()):
        ax.axvline(0, color="0.8", linewidth=1)
        ax.hlines(place, box.lower, box.upper, color=STYLES["region"]["color"], linewidth=5, alpha=0.35, label="interval known before training")
        ax.plot(theta_nr, place, "o", color="black", markerfacecolor="none", label="standard weight")
        ax.plot(theta_r, place, "*", color="black", markersize=8, label="robust weight, trained afterwards")
        ax.set(yticks=place, xlabel="weight (logits per\nstandard deviation)", title=f"$\\epsilon = {eps:g}$")
    axes[0].set_yticklabels(names)
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=3)
    return finish(fig, source)


def weights_growth(eps, curves):
    """Draw the robust weight of the one-dimensional example against eps: `curves` maps a share pi to weights of the shape of eps."""
    fig, ax = plt.subplots(figsize=(5.6, 3.2))
    for (share, w), colour, style in zip(curves.items(), ("#332288", "#117733", "#CC6677"), ("-", "-.", "--")):
        ax.plot(eps, w, color=colour, linestyle=style, label=f"$\\pi = {share:g}$")
    ax.set(xlabel="trained against $\\epsilon$", ylabel="robust weight $w_R$", ylim=(0, None))
    ax.legend()
    return fig

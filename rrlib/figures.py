"""The style of the book, and every figure in it. Each function draws one figure and returns it."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import Normalize
from matplotlib.cm import ScalarMappable

METHOD_COLOURS = {"scfe": "#0072B2", "cchvae": "#D55E00", "growing_spheres": "#009E73"}
METHOD_MARKERS = {"scfe": "o", "cchvae": "s", "growing_spheres": "^"}
METHOD_LABELS = {"scfe": "SCFE", "cchvae": "C-CHVAE", "growing_spheres": "Growing spheres"}
DATASET_COLOURS = {"adult": "#332288", "compas": "#CC6677", "german": "#117733"}
DATASET_LABELS = {"adult": "Adult", "compas": "COMPAS", "german": "German Credit"}
DATASET_MARKERS = {"adult": "o", "compas": "s", "german": "^"}
BOUND = {"color": "0.35", "linestyle": "--", "linewidth": 1.2}
EPS_MAP = plt.get_cmap("viridis_r")


def use_style():
    """Set the look of every figure: small, legible in print and on a phone, no top and right spine."""
    plt.rcParams.update({
        "figure.dpi": 110, "savefig.dpi": 110, "figure.constrained_layout.use": True, "font.size": 10,
        "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10, "axes.titleweight": "bold",
        "axes.titlelocation": "left", "legend.frameon": False, "legend.fontsize": 9, "lines.linewidth": 1.6,
    })


def finish(fig, source):
    """Stamp a figure that was drawn from a synthetic twin, so that nobody takes it for a result; returns the figure."""
    if source == "twin":
        fig.text(0.5, 0.5, "synthetic twin: not a result", rotation=20, ha="center", va="center", fontsize=22, color="#B00020", alpha=0.45)
    return fig


def legend_below(fig, ax):
    """Put the legend of one panel below the whole figure, where it covers nothing."""
    handles, labels = ax.get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=len(labels), markerscale=4)


def band(ax, x, interval, **style):
    """Draw a mean over seeds as a line, and its interval as a band in the same colour."""
    line, = ax.plot(x, interval.mean, **style)
    ax.fill_between(x, interval.low, interval.high, color=line.get_color(), alpha=0.2, linewidth=0)
    return line


def opening(person, goals, boundaries, eps, ranges, names, costs, thresholds, source):
    """Draw the question of the book: one person's recourse in two features, and everybody's cost against eps.

    Parameters
    ----------
    person : array of shape (2,), original units
    goals : array of shape (E, 2)
        The nearest point on each model's boundary.
    boundaries : array of shape (E, 2, 2)
        Two points on each boundary, original units.
    eps : array of shape (E,)
    ranges : ((low, high), (low, high)) of the two axes
    names : the two features' names
    costs : dict of name -> (eps, Interval)
        Median cost among the denied, in standard deviations, for radii below the collapse.
    thresholds : dict of name -> float
    source : "real" or "twin"
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.7))
    scale = Normalize(min(eps), max(eps))
    for radius, line, goal in zip(eps, boundaries, goals):
        colour = EPS_MAP(scale(radius))
        left.plot(*line.T, color=colour)
        left.annotate("", goal, person, arrowprops={"arrowstyle": "->", "color": colour, "shrinkA": 4, "shrinkB": 0})
    left.plot(*person, "o", color="black", zorder=3)
    left.annotate("denied", person, xytext=(-6, -12), textcoords="offset points", ha="right")
    left.set(xlim=ranges[0], ylim=ranges[1], xlabel=names[0], ylabel=names[1], title="One person, eight models")
    fig.colorbar(ScalarMappable(scale, EPS_MAP), ax=left, label="trained against $\\epsilon$ (standard deviations)")
    for name, (x, cost) in costs.items():
        style = {"color": DATASET_COLOURS[name], "marker": DATASET_MARKERS[name], "markersize": 3.5}
        band(right, x, cost, label=DATASET_LABELS[name], **style)
        right.axvline(thresholds[name], color=DATASET_COLOURS[name], linestyle=":", linewidth=1.2)
    right.set(yscale="log", ylim=(0.1, 100), xlabel="trained against $\\epsilon$ (standard deviations)", ylabel="median $\\ell_2$ cost (standard deviations)",
              title="Everyone whom the model denies")
    right.legend(loc="upper left")
    return finish(fig, source)


def definition1(lam, curves):
    """Draw the cost of SCFE against lambda in one dimension: `curves` maps a label to costs of the shape of lam; the first is the minimiser."""
    fig, ax = plt.subplots(figsize=(5.6, 3.2))
    for (label, cost), style in zip(curves.items(), ({"color": METHOD_COLOURS["scfe"]}, BOUND, BOUND | {"linestyle": ":"})):
        ax.plot(lam, cost, label=label, **style)
    ax.set(xscale="log", xlabel="$\\lambda$", ylabel="cost $|\\zeta|$", ylim=(0, None))
    ax.legend()
    return fig


def theorem1_panels(value, printed, repaired, source):
    """Draw the distance between two recourses for every test instance, sorted, once with the printed bounds and once with the repaired.

    Parameters
    ----------
    value : array of shape (n,)
    printed, repaired : Bounds of arrays of shape (n,)
    source : "real" or "twin"
    """
    order = np.argsort(value)
    rank = np.arange(1, len(value) + 1)
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.5), sharey=True)
    for ax, bounds, title in zip(axes, (printed, repaired), ("as printed", "repaired")):
        ax.plot(rank, bounds.upper[order], "_", color="0.35", markersize=2, label="upper bound")
        ax.plot(rank, bounds.lower[order], ".", color="0.6", markersize=1, label="lower bound")
        ax.plot(rank, value[order], color=METHOD_COLOURS["scfe"], label="distance of the two recourses", linewidth=2.2)
        ax.set(yscale="log", ylim=(1e-4, 30), xlim=(0, len(rank)), xlabel="test instances, sorted by the distance", title=f"Theorem 1, {title}")
    axes[0].set_ylabel("$\\ell_2$ distance (standard deviations)")
    legend_below(fig, axes[0])
    return finish(fig, source)


def theorem1_shares(lam, shares, eps, source):
    """Draw the share of test instances that break each printed bound, against lambda, one panel for each dataset.

    Parameters
    ----------
    lam : array of shape (K,)
    shares : dict of dataset name -> (Interval of the lower bound, Interval of the upper bound), arrays of shape (K,)
    eps : dict of dataset name -> radius of the robust model
    source : "real" or "twin"
    """
    fig, axes = plt.subplots(1, len(shares), figsize=(9, 3.1), sharey=True)
    for ax, (name, (lower, upper)) in zip(axes, shares.items()):
        band(ax, lam, upper, color="#882255", label="upper bound broken")
        band(ax, lam, lower, color="#44AA99", label="lower bound broken", linestyle="-.")
        ax.set(xscale="log", xlabel="$\\lambda$", ylim=(-0.03, 1.03), title=f"{DATASET_LABELS[name]}, $\\epsilon = {eps[name]:g}$")
    axes[0].set_ylabel("share of test instances")
    legend_below(fig, axes[0])
    return finish(fig, source)

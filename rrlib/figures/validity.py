"""Figures of the chapter on validity."""

import matplotlib.pyplot as plt
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm

from rrlib.figures.style import (
    BOUND,
    DATASETS,
    EPS_MAP,
    METHODS,
    band,
    distinct,
    eps_colour,
    finish,
    label_outside,
    legend_below,
    panel_grid,
)

SPLIT_STYLES = (
    BOUND | {"label": "standard"},
    {"color": "#009E73", "marker": "^", "label": "robust boundary alone"},
    {"color": "#0072B2", "marker": "o", "label": "robust budget alone"},
    {"color": "#D55E00", "marker": "s", "label": "robust: both"},
)


def score_budget(cost, curves, budgets, source):
    """Draw which share of the instances lies within each distance of the boundary.

    Beside it stands the budget of each model's SCFE.

    Parameters
    ----------
    cost : array of shape (K,)
        Distances, standard deviations.
    curves : dict of label -> Interval of arrays of shape (K,)
        Share of the instances within each distance.
    budgets : dict of the same labels -> float
        Where a vertical line of the same colour stands.
    source : "real" or "twin"

    Examples
    --------
    >>> share = study.Interval(*np.array([[0.0, 0.5], [0.0, 0.4], [0.0, 0.6]]))
    >>> curves, budgets = {"standard": share, "robust": share}, {"standard": 2.0, "robust": 1.0}
    >>> fig = figures.score_budget(np.array([0.5, 3.0]), curves, budgets, "twin")
    >>> len(fig.axes)
    1
    """
    colours = METHODS["scfe"].colour, METHODS["cchvae"].colour
    above = {"xycoords": ("data", "axes fraction"), "ha": "center", "fontsize": 9}
    fig, ax = plt.subplots(figsize=(6.2, 3.5))
    for (label, curve), colour in zip(curves.items(), colours):
        band(ax, cost, curve, color=colour, label=label)
        ax.axvline(budgets[label], color=colour, linestyle=":")
        ax.annotate("its budget", (budgets[label], 1.02), color=colour, **above)
    ax.set(xscale="log", xlim=(cost[0], cost[-1]), ylim=(0, 1.03))
    ax.set_xlabel("$\\ell_2$ distance to the boundary (standard deviations)")
    ax.set_ylabel("share of test instances within it")
    ax.legend(loc="upper left")
    return finish(fig, source)


def theorem3_differences(share, panels, copies, source):
    """Draw the sorted differences of the two models' own probabilities.

    A row for each lambda, a column for each dataset.

    Parameters
    ----------
    share : array of shape (K,)
        Position in the sorted test set, 0 to 1.
    panels : dict of (dataset name, lam) -> dict of eps -> Interval of arrays of shape (K,)
    copies : dict of (dataset name, lam) -> Interval of arrays of shape (K,)
        The same for the standard model and a copy of it with smaller logits.
    source : "real" or "twin"

    Examples
    --------
    >>> part = study.Interval(*np.array([[-0.2, 0.5], [-0.3, 0.4], [-0.1, 0.6]]))
    >>> key = "german", 0.01
    >>> fig = figures.theorem3_differences(
    ...     np.array([0.0, 1.0]), {key: {0.1: part}}, {key: part}, "twin"
    ... )
    >>> len(fig.axes)
    2
    """
    keys = [(lam, name) for name, lam in panels]
    fig, axes = panel_grid(keys, 4.6, sharex=True, sharey="row")
    for (name, lam), curves in panels.items():
        ax, copy = axes[lam, name], copies[name, lam]
        for eps, curve in curves.items():
            band(ax, share, curve, color=eps_colour(eps, max(curves)), linewidth=1.2)
        label = "the standard model against a shrunken copy of itself"
        band(ax, share, copy, label=label, **BOUND)
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set_title(f"{DATASETS[name].label}, $\\lambda = {lam:g}$")
    label_outside(axes, "share of test instances, sorted", "Pr, standard minus robust")
    _radius_bar(fig, list(axes.values()), list(curves))
    legend_below(fig, *axes.values())
    return finish(fig, source)


def validity_split(x, panels, source, *, xlabel, log=False):
    """Draw validity with the standard model and with the robust one, and with half of each.

    The halves: the robust boundary alone, and the robust budget alone.

    Parameters
    ----------
    x : array of shape (K,)
    panels : dict of (dataset name, subtitle) -> Intervals of arrays of shape (K,)
        In the order standard, robust boundary alone, robust budget alone, both.
        One column for each dataset, one row for each subtitle of a dataset.
    source : "real" or "twin"
    xlabel : str
    log : bool
        Whether x is on a logarithmic axis.

    Examples
    --------
    >>> share = study.Interval(*np.array([[0.8, 0.7], [0.7, 0.6], [0.9, 0.8]]))
    >>> panels = {("german", "network"): (share, share, share, share)}
    >>> fig = figures.validity_split(np.array([0.0, 0.1]), panels, "twin", xlabel="radius")
    >>> len(fig.axes)
    1
    """
    names = distinct(panels, 0)
    rows = len(panels) // len(names)
    keys = [(k % rows, name) for k, (name, _) in enumerate(panels)]
    fig, axes = panel_grid(keys, 0.8 + 2.0 * rows, sharex=True, sharey=True)
    for key, ((name, subtitle), curves) in zip(keys, panels.items()):
        ax = axes[key]
        for curve, style in zip(curves, SPLIT_STYLES):
            band(ax, x, curve, markersize=3.5, **style)
        ax.set(ylim=(-0.03, 1.03), title=f"{DATASETS[name].label}, {subtitle}")
        ax.set_xscale("log" if log else "linear")
    label_outside(axes, xlabel, "validity")
    legend_below(fig, *axes.values())
    return finish(fig, source)


def _radius_bar(fig, axes, radii):
    """Put a bar beside the panels, one field of equal height for each radius of training."""
    edges = [0, *(radius + 1e-9 for radius in radii)]
    norm, colours = BoundaryNorm(edges, len(radii)), EPS_MAP.resampled(len(radii))
    middles = [(low + high) / 2 for low, high in zip(edges, edges[1:])]
    bar = fig.colorbar(
        ScalarMappable(norm, colours),
        ax=axes,
        label="trained against $\\epsilon$",
        spacing="uniform",
    )
    bar.set_ticks(middles, labels=[f"{radius:g}" for radius in radii])

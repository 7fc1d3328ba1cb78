"""Figures of the chapter on validity."""

import matplotlib.pyplot as plt
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm

from rrlib.figures.style import BOUND, DATASET_LABELS, EPS_MAP, METHOD_COLOURS, band, finish, legend_below


def score_budget(cost, curves, budgets, source):
    """Draw which share of the instances lies within each distance of the boundary, and the budget of each model's SCFE.

    Parameters
    ----------
    cost : array of shape (K,)
        Distances, standard deviations.
    curves : dict of label -> Interval of arrays of shape (K,)
        Share of the instances within each distance.
    budgets : dict of the same labels -> float
        Where a vertical line of the same colour stands.
    source : "real" or "twin"
    """
    fig, ax = plt.subplots(figsize=(6.2, 3.5))
    for (label, curve), colour in zip(curves.items(), (METHOD_COLOURS["scfe"], METHOD_COLOURS["cchvae"])):
        band(ax, cost, curve, color=colour, label=label)
        ax.axvline(budgets[label], color=colour, linestyle=":")
        ax.annotate("its budget", (budgets[label], 1.02), xycoords=("data", "axes fraction"), ha="center", color=colour, fontsize=9)
    ax.set(xscale="log", xlim=(cost[0], cost[-1]), ylim=(0, 1.03), xlabel="$\\ell_2$ distance to the boundary (standard deviations)",
           ylabel="share of test instances within it")
    ax.legend(loc="upper left")
    return finish(fig, source)


def theorem3_differences(share, panels, copies, source):
    """Draw the sorted differences of the two models' own probabilities: a row for each lambda, a column for each dataset.

    Parameters
    ----------
    share : array of shape (K,)
        Position in the sorted test set, 0 to 1.
    panels : dict of (dataset name, lam) -> dict of eps -> Interval of arrays of shape (K,)
    copies : dict of (dataset name, lam) -> Interval of arrays of shape (K,)
        The same for the standard model and a copy of it with smaller logits.
    source : "real" or "twin"
    """
    names, lams = (list(dict.fromkeys(key[part] for key in panels)) for part in (0, 1))
    fig, axes = plt.subplots(len(lams), len(names), figsize=(9, 5.2), sharex=True, sharey="row", squeeze=False)
    for (name, lam), curves in panels.items():
        ax = axes[lams.index(lam), names.index(name)]
        for eps, curve in curves.items():
            band(ax, share, curve, color=EPS_MAP(0.1 + 0.9 * eps / max(curves)), linewidth=1.2)
        band(ax, share, copies[name, lam], **BOUND, label="the standard model against a shrunken copy of itself")
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set_title(f"{DATASET_LABELS[name]}, $\\lambda = {lam:g}$")
    for ax in axes[-1]:
        ax.set_xlabel("share of test instances, sorted")
    for ax in axes[:, 0]:
        ax.set_ylabel("Pr, standard minus robust")
    edges = [0, *(radius + 1e-9 for radius in curves)]
    levels = ScalarMappable(BoundaryNorm(edges, len(edges) - 1), EPS_MAP.resampled(len(edges) - 1))
    bar = fig.colorbar(levels, ax=axes, label="trained against $\\epsilon$", spacing="uniform")
    bar.set_ticks([(low + high) / 2 for low, high in zip(edges, edges[1:])], labels=[f"{radius:g}" for radius in curves])
    legend_below(fig, axes[0, 0])
    return finish(fig, source)


def validity_split(x, panels, source, *, xlabel, log=False):
    """Draw validity with the standard model, with the robust boundary or the robust budget alone, and with both.

    Parameters
    ----------
    x : array of shape (K,)
    panels : dict of (dataset name, subtitle) -> Intervals of arrays of shape (K,), in that order
        One column for each dataset, one row for each subtitle of a dataset.
    source : "real" or "twin"
    xlabel : str
    log : bool
        Whether x is on a logarithmic axis.
    """
    styles = (BOUND | {"label": "standard"}, {"color": "#009E73", "marker": "^", "label": "robust boundary alone"},
              {"color": "#0072B2", "marker": "o", "label": "robust budget alone"}, {"color": "#D55E00", "marker": "s", "label": "robust: both"})
    names = list(dict.fromkeys(name for name, _ in panels))
    rows = len(panels) // len(names)
    fig, axes = plt.subplots(rows, len(names), figsize=(9, 0.8 + 2.4 * rows), sharex=True, sharey=True, squeeze=False)
    for k, ((name, subtitle), curves) in enumerate(panels.items()):
        ax = axes[k % rows, names.index(name)]
        for curve, style in zip(curves, styles):
            band(ax, x, curve, markersize=3.5, **style)
        ax.set(ylim=(-0.03, 1.03), title=f"{DATASET_LABELS[name]}, {subtitle}", xscale="log" if log else "linear")
    for ax in axes[-1]:
        ax.set_xlabel(xlabel)
    for ax in axes[:, 0]:
        ax.set_ylabel("validity")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return finish(fig, source)

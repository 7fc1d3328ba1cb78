"""The figures of the chapter on the neighbourhood of an instance."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.style import BOUND, DATASET_LABELS, EPS_MAP, band, finish

VALID, OTHER = "#D55E00", "#9AA5B1"
RADIUS_STYLES = (("#332288", "o"), ("#44AA99", "s"), ("#DDAA33", "^"), ("#882255", "D"))


def neighbourhood_maps(maps, valid, eps, source):
    """Draw two-dimensional maps of neighbourhoods, a row for each, the same map for every model; valid points in one colour.

    Parameters
    ----------
    maps : dict of label -> array of shape (n, 2)
        The first point is the instance itself, drawn as a star.
    valid : dict of label -> bool array of shape (E, n)
    eps : sequence of E radii
    source : "real" or "twin"
    """
    fig, axes = plt.subplots(len(maps), len(eps), figsize=(9, 3 * len(maps)), squeeze=False)
    for (label, points), row in zip(maps.items(), axes):
        for ax, mark, radius in zip(row, valid[label], eps):
            ax.scatter(*points[1:][~mark[1:]].T, s=7, color=OTHER, label="same label as the instance", linewidth=0)
            ax.scatter(*points[1:][mark[1:]].T, s=9, color=VALID, label="valid recourse", linewidth=0)
            ax.scatter(*points[0], s=110, marker="*", color="black", zorder=3, label="the instance")
            ax.set(xticks=[], yticks=[], title=f"$\\epsilon = {radius:g}$: {mark[1:].mean():.1%} valid")
        row[0].set_ylabel(label)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return finish(fig, source)


def cap_shares(ratio, curves, dots, source):
    """Draw the share of valid points around an instance against its distance from the boundary, in units of the radius.

    Parameters
    ----------
    ratio : array of shape (K,)
    curves : dict of dimension -> closed form, array of shape (K,)
    dots : dict of dimension -> (ratios, sampled shares), arrays of one shape
    source : "real" or "twin"
    """
    fig, ax = plt.subplots(figsize=(6, 3.6))
    for (d, curve), (colour, marker) in zip(curves.items(), RADIUS_STYLES):
        ax.plot(ratio, curve, color=colour, label=f"closed form, $d = {d}$")
        if d in dots:
            ax.plot(*dots[d], marker, color=colour, markersize=3, alpha=0.6, label=f"sampled, $d = {d}$")
    ax.set(xlabel="distance to the boundary / radius of the ball", ylabel="share of valid points", xlim=(0, 1.2), ylim=(0, 0.52))
    ax.legend()
    return finish(fig, source)


def ball_shares(eps, curves, one_class, source):
    """Draw the share of valid points in balls against eps: a row for each kind of model, a column for each dataset.

    Parameters
    ----------
    eps : array of shape (E,)
    curves : dict of (kind, dataset name) -> dict of radius -> Interval of arrays of shape (E,)
    one_class : dict of (kind, dataset name) -> bool array of shape (E,)
        Where a cross marks that the model predicts one class only.
    source : "real" or "twin"
    """
    fig, axes = _panels(curves)
    for key, lines in curves.items():
        for (radius, interval), (colour, marker) in zip(lines.items(), RADIUS_STYLES):
            band(axes[key], eps, interval, color=colour, marker=marker, markersize=3.5, label=f"radius {radius:g}")
            axes[key].plot(np.asarray(eps)[one_class[key]], interval.mean[one_class[key]], "x", color="black", markersize=6)
    _finish_panels(fig, axes, "share of valid points")
    return finish(fig, source)


def ball_changes(curves, source):
    """Draw by how much the share of valid points changes around the same people, against eps, split by what both models tell them.

    Parameters
    ----------
    curves : dict of (kind, dataset name) -> dict of label -> (eps, Interval), arrays of one shape
    source : "real" or "twin"
    """
    fig, axes = _panels(curves)
    for key, lines in curves.items():
        for (label, (eps, interval)), (colour, marker) in zip(lines.items(), (("#882255", "o"), ("#117733", "s"))):
            band(axes[key], eps, interval, color=colour, marker=marker, markersize=3.5, label=label)
        axes[key].axhline(0, **BOUND)
    _finish_panels(fig, axes, "change of the share")
    return finish(fig, source)


def ball_radii(radii, curves, training_radius, source):
    """Draw the share of valid points against the radius of the ball, a line for each eps.

    Parameters
    ----------
    radii : array of shape (R,)
    curves : dict of eps -> Interval of arrays of shape (R,)
    training_radius : float
        Marked: the radius of the largest perturbations in training.
    source : "real" or "twin"
    """
    fig, ax = plt.subplots(figsize=(6, 3.6))
    for (eps, interval), marker in zip(curves.items(), "os^D"):
        band(ax, radii, interval, color=EPS_MAP(0.1 + 0.9 * eps / max(curves)), marker=marker, markersize=3.5, label=f"$\\epsilon = {eps:g}$")
    ax.axvline(training_radius, **BOUND)
    ax.set(xscale="log", xlabel="radius of the ball (standard deviations)", ylabel="share of valid points", ylim=(0, None))
    ax.legend()
    return finish(fig, source)


def _panels(curves):
    """Return a figure and its axes by (kind, dataset name): a row for each kind, a column for each dataset."""
    kinds, names = (list(dict.fromkeys(key[part] for key in curves)) for part in (0, 1))
    fig, grid = plt.subplots(len(kinds), len(names), figsize=(9, 5.6), sharex=True, sharey="row", squeeze=False)
    axes = {(kind, name): grid[kinds.index(kind), names.index(name)] for kind, name in curves}
    for (kind, name), ax in axes.items():
        ax.set_title(f"{DATASET_LABELS[name]}, {kind}")
    return fig, axes


def _finish_panels(fig, axes, ylabel):
    """Label the outer axes and put one legend below."""
    for ax in axes.values():
        if ax.get_subplotspec().is_last_row():
            ax.set_xlabel("trained against $\\epsilon$\n(standard deviations)")
        if ax.get_subplotspec().is_first_col():
            ax.set_ylabel(ylabel)
    handles, labels = max((ax.get_legend_handles_labels() for ax in axes.values()), key=lambda pair: len(pair[1]))
    fig.legend(handles, labels, loc="outside lower center", ncols=len(labels))

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
    ax.set(xlabel="distance to the boundary / radius of the ball", ylabel="share of valid points", xlim=(-0.02, 1.2), ylim=(-0.01, 0.55))
    ax.legend()
    return finish(fig, source)


def ball_shares(eps, curves, one_class, source):
    """Draw the share of valid points in balls against eps: a row for each kind of model, a column for each dataset.

    Parameters
    ----------
    eps : array of shape (E,)
    curves : dict of (kind, dataset name) -> dict of radius -> Interval of arrays of shape (E,)
    one_class : dict of (kind, dataset name) -> array of those eps at which some seed's model gives all test rows one label
        Marked by a cross.
    source : "real" or "twin"
    """
    fig, axes = _panels(curves)
    for key, lines in curves.items():
        for (radius, interval), (colour, marker) in zip(lines.items(), RADIUS_STYLES):
            band(axes[key], eps, interval, color=colour, marker=marker, markersize=3.5, label=f"radius {radius:g}")
        _cross(axes[key], [(eps, interval.mean) for interval in lines.values()], one_class[key])
    _finish_panels(fig, axes, "share of valid points")
    return finish(fig, source)


def ball_changes(curves, one_class, source):
    """Draw by how much the share of valid points changes around people whom two models treat alike, against eps, by what they tell them.

    Parameters
    ----------
    curves : dict of (kind, dataset name) -> dict of label -> (eps, Interval), arrays of one shape
    one_class : dict of (kind, dataset name) -> array of those eps at which some seed's model gives all test rows one label
        Marked by a cross.
    source : "real" or "twin"
    """
    fig, axes = _panels(curves)
    for key, lines in curves.items():
        for (label, (eps, interval)), (colour, marker) in zip(lines.items(), (("#882255", "o"), ("#117733", "s"))):
            band(axes[key], eps, interval, color=colour, marker=marker, markersize=3.5, label=label)
        axes[key].axhline(0, **BOUND)
        _cross(axes[key], [(eps, interval.mean) for eps, interval in lines.values()], one_class[key])
    _finish_panels(fig, axes, "change of the share")
    return finish(fig, source)


def ball_radii(radii, shares, relative, protected, cost, source):
    """Draw the share of valid points against the radius of the ball, a line for each eps: as it is, and relative to the standard model's.

    Parameters
    ----------
    radii : array of shape (R,)
    shares, relative : dict of eps -> Interval of arrays of shape (R,)
    protected : (low, high)
        Shaded: the radii up to which the largest of these eps can empty an l2 ball.
    cost : float
        Marked: the mean cost of a recourse.
    source : "real" or "twin"
    """
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharex=True)
    for ax, curves in zip(axes, (shares, relative)):
        for (eps, interval), marker in zip(curves.items(), "os^D"):
            band(ax, radii, interval, color=EPS_MAP(0.1 + 0.9 * eps / max(curves)), marker=marker, markersize=3.5, label=f"$\\epsilon = {eps:g}$")
        ax.axvspan(*protected, color="0.88", linewidth=0, zorder=0, label="$\\epsilon$ to $\\epsilon\\sqrt{d}$, " + f"$\\epsilon = {max(curves):g}$")
        ax.axvline(cost, **BOUND, label="mean cost of a recourse")
        ax.set(xscale="log", xlabel="radius of the ball (standard deviations)", ylim=(0, None))
    axes[0].set_ylabel("share of valid points")
    axes[1].set_ylabel("share / share at $\\epsilon = 0$")
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return finish(fig, source)


def _panels(curves):
    """Return a figure and its axes by (kind, dataset name): a row for each kind, a column for each dataset."""
    kinds, names = (list(dict.fromkeys(key[part] for key in curves)) for part in (0, 1))
    fig, grid = plt.subplots(len(kinds), len(names), figsize=(9, 5.6), sharex=True, sharey="row", squeeze=False)
    axes = {(kind, name): grid[kinds.index(kind), names.index(name)] for kind, name in curves}
    for (kind, name), ax in axes.items():
        ax.set_title(f"{DATASET_LABELS[name]}, {kind}")
    return fig, axes


def _cross(ax, curves, one_class):
    """Mark the points of curves, pairs of eps and values, at which some seed's model gives all test rows one label."""
    for eps, values in curves:
        marked = np.isin(eps, one_class)
        if marked.any():
            ax.plot(np.asarray(eps)[marked], values[marked], "x", color="black", markersize=6, label="one class on the test rows")


def _finish_panels(fig, axes, ylabel):
    """Label the outer axes and put one legend below."""
    for ax in axes.values():
        if ax.get_subplotspec().is_last_row():
            ax.set_xlabel("trained against $\\epsilon$\n(standard deviations)")
        if ax.get_subplotspec().is_first_col():
            ax.set_ylabel(ylabel)
    found = {}
    for ax in axes.values():
        found |= dict(zip(*reversed(ax.get_legend_handles_labels())))
    fig.legend(found.values(), found.keys(), loc="outside lower center", ncols=len(found))

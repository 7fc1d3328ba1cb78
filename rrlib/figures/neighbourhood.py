"""The figures of the chapter on the neighbourhood of an instance."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.style import (
    BOUND,
    CROSS,
    DATASETS,
    EPS_LABEL_NARROW,
    band,
    eps_colour,
    finish,
    label_outside,
    legend_below,
    panel_grid,
)

VALID, OTHER = "#D55E00", "#9AA5B1"
RADIUS_STYLES = (("#332288", "o"), ("#44AA99", "s"), ("#DDAA33", "^"), ("#882255", "D"))
CHANGE_STYLES = (("#882255", "o"), ("#117733", "s"))


def neighbourhood_maps(maps, valid, eps, source):
    """Draw two-dimensional maps of neighbourhoods, valid points in one colour.

    A row for each neighbourhood, a column for each model; the map is the same for every model.

    Parameters
    ----------
    maps : dict of label -> array of shape (n, 2)
        The first point is the instance itself, drawn as a star.
    valid : dict of label -> bool array of shape (E, n)
    eps : sequence of E radii
    source : "real" or "twin"

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(10, 2))
    >>> valid = points[None, :, 0] > np.array([[0.0], [0.5]])
    >>> fig = figures.neighbourhood_maps(
    ...     {"one person": points}, {"one person": valid}, [0.0, 0.1], "twin"
    ... )
    >>> len(fig.axes)
    2
    """
    fig, axes = plt.subplots(len(maps), len(eps), figsize=(9, 3 * len(maps)), squeeze=False)
    same = {"s": 7, "color": OTHER, "linewidth": 0, "label": "same label as the instance"}
    other = {"s": 9, "color": VALID, "linewidth": 0, "label": "valid recourse"}
    star = {"s": 110, "color": "black", "marker": "*", "zorder": 3, "label": "the instance"}
    for (label, points), row in zip(maps.items(), axes):
        instance, around = points[0], points[1:]
        for ax, marks, radius in zip(row, valid[label], eps):
            reached = marks[1:]
            ax.scatter(*around[~reached].T, **same)
            ax.scatter(*around[reached].T, **other)
            ax.scatter(*instance, **star)
            title = f"$\\epsilon = {radius:g}$: {reached.mean():.1%} valid"
            ax.set(xticks=[], yticks=[], title=title)
        row[0].set_ylabel(label)
    legend_below(fig, axes[0, 0])
    return finish(fig, source)


def cap_shares(ratio, curves, dots, source):
    """Draw the share of valid points around an instance against its distance from the boundary.

    The distance is in units of the radius of the ball.

    Parameters
    ----------
    ratio : array of shape (K,)
    curves : dict of dimension -> closed form, array of shape (K,)
    dots : dict of dimension -> (ratios, sampled shares), arrays of one shape
    source : "real" or "twin"

    Examples
    --------
    >>> ratio = np.array([0.0, 0.5, 1.0])
    >>> fig = figures.cap_shares(
    ...     ratio, {2: np.array([0.5, 0.2, 0.0])}, {2: (ratio, ratio / 3)}, "twin"
    ... )
    >>> len(fig.axes[0].lines)
    2
    """
    fig, ax = plt.subplots(figsize=(6, 3.6))
    for (d, curve), (colour, marker) in zip(curves.items(), RADIUS_STYLES):
        ax.plot(ratio, curve, color=colour, label=f"closed form, $d = {d}$")
        if d in dots:
            style = {"color": colour, "markersize": 3, "alpha": 0.6}
            ax.plot(*dots[d], marker, label=f"sampled, $d = {d}$", **style)
    ax.set(xlabel="distance to the boundary / radius of the ball", xlim=(-0.02, 1.2))
    ax.set(ylabel="share of valid points", ylim=(-0.01, 0.55))
    ax.legend()
    return finish(fig, source)


def ball_shares(eps, curves, one_class, source):
    """Draw the share of valid points in balls against eps.

    A row for each kind of model, a column for each dataset.

    Parameters
    ----------
    eps : array of shape (E,)
    curves : dict of (kind, dataset name) -> dict of radius -> Interval of arrays of shape (E,)
    one_class : dict of (kind, dataset name) -> array of eps
        Those at which some seed's model gives all test rows one label: marked by a cross.
    source : "real" or "twin"

    Examples
    --------
    >>> share = study.Interval(*np.array([[0.0, 0.2], [0.0, 0.1], [0.0, 0.3]]))
    >>> key = "network", "german"
    >>> fig = figures.ball_shares(
    ...     np.array([0.0, 0.1]), {key: {0.5: share}}, {key: np.array([0.1])}, "twin"
    ... )
    >>> fig.axes[0].get_title()
    'German Credit, network'
    """
    fig, panels = _kinds_and_datasets(curves)
    for key, lines in curves.items():
        ax = panels[key]
        for (radius, interval), (colour, marker) in zip(lines.items(), RADIUS_STYLES):
            style = {"color": colour, "marker": marker, "markersize": 3.5}
            band(ax, eps, interval, within=(0, 1), label=f"radius {radius:g}", **style)
        for interval in lines.values():
            _cross(ax, eps, interval.mean, one_class[key])
    label_outside(panels, EPS_LABEL_NARROW, "share of valid points")
    legend_below(fig, *panels.values())
    return finish(fig, source)


def ball_changes(curves, one_class, source):
    """Draw by how much the share of valid points changes, against eps, by the people's label.

    The change is taken around people whom two models treat alike, a line for each thing that
    the models tell them. A row for each kind of model, a column for each dataset.

    Parameters
    ----------
    curves : dict of (kind, dataset name) -> dict of label -> (eps, Interval), arrays of one shape
    one_class : dict of (kind, dataset name) -> array of eps
        Those at which some seed's model gives all test rows one label: marked by a cross.
    source : "real" or "twin"

    Examples
    --------
    >>> change = (
    ...     np.array([0.0, 0.1]),
    ...     study.Interval(*np.array([[0.0, 0.2], [-0.1, 0.1], [0.1, 0.3]])),
    ... )
    >>> key = "network", "german"
    >>> fig = figures.ball_changes({key: {"denied": change}}, {key: np.array([0.1])}, "twin")
    >>> fig.axes[0].get_title()
    'German Credit, network'
    """
    fig, panels = _kinds_and_datasets(curves)
    for key, lines in curves.items():
        ax = panels[key]
        for (label, (eps, interval)), (colour, marker) in zip(lines.items(), CHANGE_STYLES):
            band(ax, eps, interval, color=colour, marker=marker, markersize=3.5, label=label)
        ax.axhline(0, **BOUND)
        for eps, interval in lines.values():
            _cross(ax, eps, interval.mean, one_class[key])
    label_outside(panels, EPS_LABEL_NARROW, "change of the share")
    legend_below(fig, *panels.values())
    return finish(fig, source)


def ball_radii(radii, shares, relative, protected, cost, source):
    """Draw the share of valid points against the radius of the ball, a line for each eps.

    On the left as it is, on the right relative to the standard model's.

    Parameters
    ----------
    radii : array of shape (R,)
    shares, relative : dict of eps -> Interval of arrays of shape (R,)
    protected : (low, high)
        Shaded: the radii up to which the largest of these eps can empty an l2 ball.
    cost : float
        Marked: the mean cost of a recourse.
    source : "real" or "twin"

    Examples
    --------
    >>> share = study.Interval(*np.array([[0.0, 0.2], [0.0, 0.1], [0.0, 0.3]]))
    >>> fig = figures.ball_radii(
    ...     np.array([0.5, 1.0]), {0.0: share, 0.1: share}, {0.1: share}, (0.1, 0.3), 0.8, "twin"
    ... )
    >>> len(fig.axes)
    2
    """
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharex=True)
    for ax, curves in zip(axes, (shares, relative)):
        largest = max(curves)
        for (eps, interval), marker in zip(curves.items(), "os^D"):
            style = {"color": eps_colour(eps, largest), "marker": marker, "markersize": 3.5}
            band(ax, radii, interval, label=f"$\\epsilon = {eps:g}$", **style)
        stretch = f"$\\epsilon$ to $\\epsilon\\sqrt{{d}}$, $\\epsilon = {largest:g}$"
        ax.axvspan(*protected, color="0.88", linewidth=0, zorder=0, label=stretch)
        ax.axvline(cost, **BOUND, label="mean cost of a recourse")
        ax.set(xscale="log", xlabel="radius of the ball (standard deviations)", ylim=(0, None))
    axes[0].set_ylabel("share of valid points")
    axes[1].set_ylabel("share / share at $\\epsilon = 0$")
    legend_below(fig, axes[0])
    return finish(fig, source)


def _kinds_and_datasets(curves):
    """Return a figure and its titled panels: a row for each kind, a column for each dataset."""
    fig, panels = panel_grid(curves, 5.6, sharex=True, sharey="row")
    for kind, name in curves:
        panels[kind, name].set_title(f"{DATASETS[name].label}, {kind}")
    return fig, panels


def _cross(ax, eps, values, one_class):
    """Mark the points of a curve at which some seed's model gives all test rows one label."""
    marked = np.isin(eps, one_class)
    if marked.any():
        ax.plot(np.asarray(eps)[marked], values[marked], **CROSS)

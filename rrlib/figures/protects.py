"""Figures of the chapter on whom robustness protects."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from rrlib.figures.style import DATASETS, band, finish, legend_below

SIDES = {
    "the lender": {"color": "#882255", "linestyle": "--"},
    "both": {"color": "0.2", "linestyle": "-"},
    "the applicant": {"color": "#44AA99", "linestyle": "-."},
}
"""Whom training protects, and how that is drawn."""

GAP_STYLES = {
    "the pair's and the moved one": {"color": "#332288", "marker": "o"},
    "two starts of the mean radius": {"color": "#DDAA33", "marker": "s"},
    "the pair's and the standard one": {"color": "0.55", "marker": "^"},
}
"""Which two networks are compared, and how that is drawn."""


def three_boundaries(lines, ball, person, goals, ranges, labels, shares, source):
    """Draw the boundaries of three ways of training, and within what cost people reach a yes.

    Parameters
    ----------
    lines : dict of side -> array of shape (2, 2)
        Two points of each boundary; sides are those of `SIDES`.
    ball : (corner, width, height) of a ball around a point of the middle boundary
    person : array of shape (2,)
    goals : dict of side -> array of shape (2,)
        Where the person's cheapest recourse ends, all in one direction.
    ranges : ((low, high), (low, high)) of the two features
    labels : the names of the two features
    shares : (cost, dict of side -> Interval), arrays of shape (C,)
    source : "real" or "twin"

    Examples
    --------
    >>> sides = "the lender", "both", "the applicant"
    >>> line = np.array([[-1.0, 1.0], [1.0, -1.0]])
    >>> curve = study.Interval(*np.array([[0.2, 0.5], [0.1, 0.4], [0.3, 0.6]]))
    >>> fig = figures.three_boundaries(
    ...     {side: line + place for place, side in enumerate(sides)},
    ...     ((-0.5, -0.5), 1.0, 1.0),
    ...     np.array([-1.0, -1.0]),
    ...     {side: np.full(2, float(place)) for place, side in enumerate(sides)},
    ...     ((-2, 3), (-2, 3)),
    ...     ("age", "income"),
    ...     (np.array([0.5, 1.0]), {side: curve for side in sides}),
    ...     "twin",
    ... )
    >>> fig.axes[0].get_title()
    'one slope, three boundaries'
    """
    fig, (plane, ax) = plt.subplots(1, 2, figsize=(9, 3.8))
    plane.add_patch(Rectangle(*ball, facecolor="0.87", edgecolor="0.6", zorder=0))
    for side, ends in lines.items():
        plane.plot(*ends.T, label=side, **SIDES[side])
        plane.plot(*np.stack([person, goals[side]]).T, color="0.6", linewidth=0.8, zorder=1)
        plane.plot(*goals[side], "o", color=SIDES[side]["color"], markersize=4.5, zorder=3)
    plane.plot(*person, "ko", markersize=5)
    note = {"textcoords": "offset points", "ha": "right", "fontsize": 9}
    plane.annotate("denied", person, xytext=(-6, -3), **note)
    plane.set(xlim=ranges[0], xlabel=labels[0], ylim=ranges[1], ylabel=labels[1])
    plane.set_title("one slope, three boundaries")
    cost, curves = shares
    for side, curve in curves.items():
        band(ax, cost, curve, label=side, **SIDES[side])
    ax.set(xlabel="least $\\ell_\\infty$ cost (standard deviations)", ylim=(0, 1))
    ax.set(ylabel="share with a yes\nwithin that cost", title="one curve, moved sideways")
    legend_below(fig, plane, title="training protects")
    return finish(fig, source)


def signed_losses(w, kinked, descents):
    """Draw a loss with a radius of each sign along the weight, and one whose mean is negative.

    Parameters
    ----------
    w : array of shape (K,)
    kinked : dict of label -> losses, arrays of shape (K,)
    descents : dict of label -> (weights, losses), arrays of one shape

    Examples
    --------
    >>> w = np.linspace(-1, 1, 5)
    >>> fig = figures.signed_losses(
    ...     w, {"both": w**2, "the lender": abs(w)}, {"start at 0": (w, -w)}
    ... )
    >>> len(fig.axes)
    2
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    styles = (("-", "#882255"), ("--", "#44AA99"), (":", "0.2"))
    for (label, loss), (line, colour) in zip(kinked.items(), styles):
        left.plot(w, loss, line, color=colour, label=label)
    for (label, (weight, loss)), (line, colour) in zip(descents.items(), styles):
        right.plot(weight, loss, line, color=colour, label=label)
    left.set(xlabel="weight $w$", ylabel="loss (nats)", title="radii $-2$ and $2$")
    right.set(xlabel="weight $w$, with the best bias", title="a negative mean radius")
    right.set_ylim(0, None)
    for ax in (left, right):
        ax.legend()
    return fig


def network_gaps(pairs, panels, label, source):
    """Draw, for each pair of radii, how far apart three couples of networks are.

    Parameters
    ----------
    pairs : sequence of (eps_plus, eps_minus)
    panels : dict of dataset name -> dict of couple -> Interval, arrays of shape (K,)
        Couples are those of `GAP_STYLES`.
    label : str
        Of the horizontal axis.
    source : "real" or "twin"

    Examples
    --------
    >>> gap = study.Interval(np.array([0.2]), np.array([0.1]), np.array([0.3]))
    >>> panels = {name: {"the pair's and the moved one": gap} for name in ("adult", "german")}
    >>> fig = figures.network_gaps([(0.2, 0.0)], panels, "gap (logits)", "twin")
    >>> fig.axes[0].get_xlabel()
    'gap (logits)'
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(9, 4.2), sharey=True)
    places = np.arange(len(pairs))
    for ax, (name, gaps) in zip(axes, panels.items()):
        for offset, (couple, gap) in zip((-0.2, 0.0, 0.2), gaps.items()):
            reach = np.abs([gap.mean - gap.low, gap.high - gap.mean])
            style = {"linestyle": "none", "markersize": 4.5, "elinewidth": 1}
            ax.errorbar(
                gap.mean, places + offset, xerr=reach, label=couple, **style, **GAP_STYLES[couple]
            )
        ax.set(xlabel=label, title=DATASETS[name].label, xlim=(0, None))
        ax.grid(axis="y", color="0.92")
    axes[0].set_yticks(places, [f"$({plus:g},\\ {{{minus:g}}})$" for plus, minus in pairs])
    axes[0].set_ylabel("radii $(\\epsilon_+,\\ \\epsilon_-)$")
    axes[0].invert_yaxis()
    legend_below(fig, axes[0])
    return finish(fig, source)

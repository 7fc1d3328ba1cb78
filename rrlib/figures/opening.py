"""Figures of the opening page."""

import matplotlib.pyplot as plt
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from rrlib.figures.style import (
    DATASETS,
    EPS_LABEL,
    EPS_MAP,
    band,
    finish,
)


def opening(person, goals, boundaries, eps, ranges, names, costs, thresholds, source):
    """Draw the question of the book: one person's recourse, and everybody's cost against eps.

    Parameters
    ----------
    person : array of shape (2,), two features in original units
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

    Examples
    --------
    >>> cost = study.Interval(*np.array([[1.0, 1.5], [0.9, 1.4], [1.1, 1.6]]))
    >>> fig = figures.opening(
    ...     np.array([30.0, 8.0]),
    ...     np.array([[35.0, 9.0], [40.0, 10.0]]),
    ...     np.array([[[20.0, 12.0], [50.0, 6.0]], [[20.0, 14.0], [50.0, 8.0]]]),
    ...     [0.0, 0.1],
    ...     ((20, 50), (4, 16)),
    ...     ("age", "education"),
    ...     {"german": (np.array([0.0, 0.1]), cost)},
    ...     {"german": 0.3},
    ...     "twin",
    ... )
    >>> fig.axes[1].get_title()
    'Everyone whom the model denies'
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.7), gridspec_kw={"wspace": 0.12})
    scale = Normalize(min(eps), max(eps))
    for radius, line, goal in zip(eps, boundaries, goals):
        colour = EPS_MAP(scale(radius))
        arrow = {"arrowstyle": "->", "color": colour, "shrinkA": 4, "shrinkB": 0}
        left.plot(*line.T, color=colour)
        left.annotate("", goal, person, arrowprops=arrow)
    left.plot(*person, "o", color="black", zorder=3)
    left.annotate("denied", person, xytext=(-6, -12), textcoords="offset points", ha="right")
    left.set(xlim=ranges[0], xlabel=names[0], ylim=ranges[1], ylabel=names[1])
    left.set_title("One person, eight models")
    fig.colorbar(ScalarMappable(scale, EPS_MAP), ax=left, label=EPS_LABEL)
    for name, (x, cost) in costs.items():
        style = {"color": DATASETS[name].colour, "marker": DATASETS[name].marker, "markersize": 3.5}
        band(right, x, cost, label=DATASETS[name].label, **style)
        right.axvline(thresholds[name], color=DATASETS[name].colour, linestyle=":", linewidth=1.2)
    right.set(yscale="log", ylim=(0.1, 100), xlabel=EPS_LABEL)
    right.set_ylabel("median $\\ell_2$ cost (standard deviations)")
    right.set_title("Everyone whom the model denies")
    right.legend(loc="upper left")
    return finish(fig, source)

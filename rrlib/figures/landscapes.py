"""Figures of models in two features: the exact recourses, and how each method searches for one."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.style import BOUND, METHODS, finish, legend_below

FAVOURABLE = "#DCEBF5"
HIT, MISS = METHODS["growing_spheres"].colour, "0.65"
PERSON = {"color": "black", "marker": "*", "linestyle": "none", "markersize": 11}
"""The mark of the row whose recourse is searched."""


def exact_recourses(x, w, b, goals, names, source):
    """Draw the least ball of each norm around x that reaches a linear model's boundary.

    The model has two features; where each ball reaches the boundary is marked.

    Parameters
    ----------
    x, w : array of shape (2,)
    b : float
    goals : dict of p in {1, 2, inf} -> array of shape (2,)
    names : the two features' names
    source : "real" or "twin"

    Examples
    --------
    >>> x, w = np.zeros(2), np.array([1.0, 1.0])
    >>> goals = {1: np.array([1.0, 0.0]), 2: np.array([0.5, 0.5]), np.inf: np.array([0.5, 0.5])}
    >>> fig = figures.exact_recourses(x, w, -1.0, goals, ("age", "income"), "twin")
    >>> fig.axes[0].get_xlabel()
    'age (standard deviations)'
    """
    fig, ax = plt.subplots(figsize=(5.2, 4.2))
    angle = np.linspace(0, 2 * np.pi, 721)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    for (p, goal), colour, marker in zip(goals.items(), ("#CC6677", "#332288", "#DDAA33"), "so^"):
        radius = np.linalg.norm(goal - x, ord=p)
        outline = x + radius * circle / np.linalg.norm(circle, ord=p, axis=1, keepdims=True)
        norm = "\\infty" if p == np.inf else p
        label = f"$\\ell_{norm}$: {radius:.2f}"
        ax.plot(*outline.T, color=colour, linewidth=1.2)
        ax.plot(*goal, marker, color=colour, markeredgecolor="black", zorder=3, label=label)
    across = np.array([-w[1], w[0]]) / np.linalg.norm(w)
    foot = x - (w @ x + b) / (w @ w) * w
    ends = foot + np.array([[-6.0], [6.0]]) * across
    ax.plot(*ends.T, color="black", label="boundary")
    ax.plot(*x, **PERSON)
    reach = max(np.abs(goal - x).max() for goal in goals.values()) + 0.4
    ax.set(aspect="equal", xlim=(x[0] - reach, x[0] + reach), ylim=(x[1] - reach, x[1] + reach))
    ax.set(xlabel=_unit(names[0]), ylabel=_unit_below(names[1]))
    fig.legend(*ax.get_legend_handles_labels(), loc="outside right upper")
    return finish(fig, source)


def scfe_paths(x, landscapes, paths, names, source):
    """Draw the iterates of SCFE from x, one panel for each model.

    Parameters
    ----------
    x : array of shape (2,)
    landscapes : dict of title -> (first feature (G,), second feature (G,), logits (G, G))
    paths : dict of title -> dict of label -> array of shape (K, 2)
    names : the two features' names
    source : "real" or "twin"

    Examples
    --------
    >>> line = np.linspace(-1, 1, 5)
    >>> plane = line, line, np.add.outer(line, line)
    >>> path = np.array([[-0.5, -0.5], [0.0, 0.0], [0.1, 0.1]])
    >>> fig = figures.scfe_paths(
    ...     path[0],
    ...     {"standard": plane, "robust": plane},
    ...     {"standard": {"Newton": path}, "robust": {"Newton": path}},
    ...     ("age", "income"),
    ...     "twin",
    ... )
    >>> fig.axes[0].get_title()
    'standard'
    """
    looks = ((METHODS["scfe"].colour, "o"), ("#882255", "."))
    fig, axes = _panels(list(landscapes), names)
    for ax, (title, landscape) in zip(axes, landscapes.items()):
        _draw_landscape(ax, *landscape)
        first, second, logits = landscape
        ax.contour(first, second, logits, 12, colors="0.8", linewidths=0.6)
        for (label, path), (colour, marker) in zip(paths[title].items(), looks):
            style = {"color": colour, "marker": marker}
            ax.plot(*path.T, markersize=4, linewidth=1.2, label=label, **style)
            ax.plot(*path[-1], markersize=9, markeredgecolor="black", **style)
        ax.plot(*x, **PERSON)
    legend_below(fig, axes[0])
    return finish(fig, source)


def sphere_search(x, landscape, searches, ends, names, source):
    """Draw the layers of growing spheres and the samples in them, one panel for each search.

    Parameters
    ----------
    x : array of shape (2,)
    landscape : (first feature (G,), second feature (G,), logits (G, G))
    searches : dict of title -> list of (outer radius, points (S, 2), hits (S,))
    ends : dict of label -> array of shape (2,)
        The recourses, drawn in the last panel.
    names : the two features' names
    source : "real" or "twin"

    Examples
    --------
    >>> line = np.linspace(-1, 1, 5)
    >>> plane = line, line, np.add.outer(line, line)
    >>> points, hits = np.array([[0.1, 0.0], [0.2, 0.3]]), np.array([False, True])
    >>> fig = figures.sphere_search(
    ...     np.zeros(2),
    ...     plane,
    ...     {"dense": [(0.1, points, hits)], "sparse": [(0.1, points, hits)]},
    ...     {"closest": points[1]},
    ...     ("age", "income"),
    ...     "twin",
    ... )
    >>> fig.axes[0].get_title()
    'dense'
    """
    fig, axes = _panels(list(searches), names)
    for ax, layers in zip(axes, searches.values()):
        _draw_landscape(ax, *landscape)
        for radius, points, hits in layers:
            ax.add_patch(plt.Circle(x, radius, fill=False, **BOUND | {"linewidth": 0.5}))
            ax.plot(*points[~hits].T, ".", color=MISS, markersize=2.5)
            ax.plot(*points[hits].T, ".", color=HIT, markersize=4)
        ax.plot(*x, **PERSON)
    last = axes[-1]
    for (label, point), marker in zip(ends.items(), "s^"):
        last.plot(*point, marker, color=HIT, markeredgecolor="black", markersize=9, label=label)
        last.annotate("", point, x, arrowprops={"arrowstyle": "->"})
    legend_below(fig, last)
    return finish(fig, source)


def latent_search(x, centre, curve, shells, landscapes, ends, names, source):
    """Draw C-CHVAE with one latent, one panel for each model.

    The curve of all decoded points, its searched shells, and the recourse where there is one.

    Parameters
    ----------
    x, centre : arrays of shape (2,)
        The row and its reconstruction.
    curve : array of shape (K, 2)
        Decoded points.
    shells : dict of title -> int array of shape (K,)
        In which shell each of these points lies, -1 beyond the last one that was searched.
    landscapes : dict of title -> (first feature (G,), second feature (G,), logits (G, G))
    ends : dict of title -> array of shape (2,) or None
    names : the two features' names
    source : "real" or "twin"

    Examples
    --------
    >>> line = np.linspace(-1, 1, 5)
    >>> plane = line, line, np.add.outer(line, line)
    >>> curve, shells = np.stack([line, line], -1), np.array([2, 1, 0, 1, 2])
    >>> fig = figures.latent_search(
    ...     np.zeros(2),
    ...     np.zeros(2),
    ...     curve,
    ...     {"standard": shells, "robust": shells},
    ...     {"standard": plane, "robust": plane},
    ...     {"standard": np.array([0.5, 0.5]), "robust": None},
    ...     ("age", "income"),
    ...     "twin",
    ... )
    >>> fig.axes[0].get_title()
    'standard'
    """
    colour, marker = METHODS["cchvae"].colour, METHODS["cchvae"].marker
    goal = {"color": colour, "markeredgecolor": "black", "markersize": 9, "label": "recourse"}
    fig, axes = _panels(list(landscapes), names)
    for ax, (title, landscape) in zip(axes, landscapes.items()):
        _draw_landscape(ax, *landscape)
        ax.plot(*curve.T, color="0.5", linewidth=1, label="decoded points $G(z)$")
        searched = shells[title] >= 0
        even = curve[searched & (shells[title] % 2 == 0)]
        odd = curve[searched & (shells[title] % 2 == 1)]
        ax.plot(*even.T, ".", color=colour, markersize=5, label="searched shells")
        ax.plot(*odd.T, ".", color="#F5B58C", markersize=5)
        ax.plot(*x, **PERSON, label="$x$")
        ax.plot(*centre, "ko", markerfacecolor="white", label="$G(E(x))$")
        if ends[title] is not None:
            ax.plot(*ends[title], marker, **goal)
    legend_below(fig, axes[0])
    return finish(fig, source)


def _panels(titles, names):
    """Return a figure and its panels in one row, titled, the two features on their axes."""
    fig, axes = plt.subplots(1, len(titles), figsize=(8.4, 4), sharey=True)
    for ax, title in zip(axes, titles):
        ax.set(title=title, xlabel=_unit(names[0]))
    axes[0].set_ylabel(_unit_below(names[1]))
    return fig, axes


def _draw_landscape(ax, first, second, logits):
    """Shade the favourable side of a model and draw its boundary."""
    if logits.min() < 0 <= logits.max():
        ax.contourf(first, second, logits, [0, logits.max() + 1], colors=[FAVOURABLE])
        ax.contour(first, second, logits, [0], colors="black", linewidths=1.2)
    ax.set(aspect="equal", xlim=(first[0], first[-1]), ylim=(second[0], second[-1]))


def _unit(name):
    return f"{name} (standard deviations)"


def _unit_below(name):
    return f"{name}\n(standard deviations)"

"""Figures of the chapters on the three methods and on their speed."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.style import BOUND, DATASET_LABELS, METHOD_COLOURS, METHOD_LABELS, METHOD_MARKERS, band, finish

FAVOURABLE = "#DCEBF5"
HIT, MISS = METHOD_COLOURS["growing_spheres"], "0.65"


def exact_recourses(x, w, b, goals, names, source):
    """Draw a linear model in two features, the least ball of each norm around x that reaches its boundary, and where it does.

    Parameters
    ----------
    x, w : array of shape (2,)
    b : float
    goals : dict of p in {1, 2, inf} -> array of shape (2,)
    names : the two features' names
    source : "real" or "twin"
    """
    fig, ax = plt.subplots(figsize=(5.2, 4.2))
    angle = np.linspace(0, 2 * np.pi, 721)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    for (p, goal), colour, marker in zip(goals.items(), ("#CC6677", "#332288", "#DDAA33"), "so^"):
        radius = np.linalg.norm(goal - x, ord=p)
        outline = x + radius * circle / np.linalg.norm(circle, ord=p, axis=1, keepdims=True)
        label = "\\infty" if p == np.inf else p
        ax.plot(*outline.T, color=colour, linewidth=1.2)
        ax.plot(*goal, marker, color=colour, markeredgecolor="black", zorder=3, label=f"$\\ell_{label}$: {radius:.2f}")
    across = np.array([-w[1], w[0]]) / np.linalg.norm(w)
    ends = x - (w @ x + b) / (w @ w) * w + np.array([[-6.0], [6.0]]) * across
    ax.plot(*ends.T, color="black", label="boundary")
    ax.plot(*x, "k*", markersize=11)
    reach = max(np.abs(goal - x).max() for goal in goals.values()) + 0.4
    ax.set(aspect="equal", xlim=(x[0] - reach, x[0] + reach), ylim=(x[1] - reach, x[1] + reach), **_labels(names))
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
    """
    fig, axes = plt.subplots(1, len(landscapes), figsize=(8.4, 4), sharey=True)
    for ax, (title, landscape) in zip(axes, landscapes.items()):
        _draw_landscape(ax, *landscape, levels=True)
        for (label, path), style in zip(paths[title].items(), ({"color": METHOD_COLOURS["scfe"], "marker": "o"}, {"color": "#882255", "marker": "."})):
            ax.plot(*path.T, markersize=4, linewidth=1.2, label=label, **style)
            ax.plot(*path[-1], style["marker"], color=style["color"], markersize=9, markeredgecolor="black")
        ax.plot(*x, "k*", markersize=11)
        ax.set(title=title, **_labels(names))
    _outer_labels(axes)
    _common_legend(fig, axes[0])
    return finish(fig, source)


def sphere_search(x, landscape, searches, ends, names, source):
    """Draw the layers of growing spheres, the samples in them, and the recourses, one panel for each search.

    Parameters
    ----------
    x : array of shape (2,)
    landscape : (first feature (G,), second feature (G,), logits (G, G))
    searches : dict of title -> list of (outer radius, points (S, 2), hits (S,))
    ends : dict of label -> array of shape (2,)
        Drawn in the last panel.
    names : the two features' names
    source : "real" or "twin"
    """
    fig, axes = plt.subplots(1, len(searches), figsize=(8.4, 4), sharey=True)
    for ax, (title, layers) in zip(axes, searches.items()):
        _draw_landscape(ax, *landscape)
        for radius, points, hits in layers:
            ax.add_patch(plt.Circle(x, radius, fill=False, **BOUND | {"linewidth": 0.5}))
            ax.plot(*points[~hits].T, ".", color=MISS, markersize=2.5)
            ax.plot(*points[hits].T, ".", color=HIT, markersize=4)
        ax.plot(*x, "k*", markersize=11)
        ax.set(title=title, **_labels(names))
    for (label, point), style in zip(ends.items(), ("s", "^")):
        axes[-1].plot(*point, style, color=HIT, markeredgecolor="black", markersize=9, label=label)
        axes[-1].annotate("", point, x, arrowprops={"arrowstyle": "->"})
    _outer_labels(axes)
    _common_legend(fig, axes[-1])
    return finish(fig, source)


def latent_search(x, centre, curve, shells, landscapes, ends, names, source):
    """Draw C-CHVAE with one latent: the curve of all decoded points, its searched shells, and the recourse where there is one.

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
    """
    fig, axes = plt.subplots(1, len(landscapes), figsize=(8.4, 4), sharey=True)
    for ax, (title, landscape) in zip(axes, landscapes.items()):
        _draw_landscape(ax, *landscape)
        ax.plot(*curve.T, color="0.5", linewidth=1, label="decoded points $G(z)$")
        for parity, colour in enumerate((METHOD_COLOURS["cchvae"], "#F5B58C")):
            inside = (shells[title] >= 0) & (shells[title] % 2 == parity)
            ax.plot(*curve[inside].T, ".", color=colour, markersize=5, label="searched shells" if parity == 0 else None)
        ax.plot(*x, "k*", markersize=11, label="$x$")
        ax.plot(*centre, "ko", markerfacecolor="white", label="$G(E(x))$")
        if ends[title] is not None:
            ax.plot(*ends[title], METHOD_MARKERS["cchvae"], color=METHOD_COLOURS["cchvae"], markeredgecolor="black", markersize=9, label="recourse")
        ax.set(title=title, **_labels(names))
    _outer_labels(axes)
    _common_legend(fig, axes[0])
    return finish(fig, source)


def cost_excess(panels, source):
    """Draw each method's cost as a multiple of the least possible one against eps, one panel for each dataset.

    Parameters
    ----------
    panels : dict of dataset name -> dict of method -> (eps (K,), Interval of arrays of shape (K,))
    source : "real" or "twin"
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(9, 3.2), sharey=True)
    for ax, (name, curves) in zip(axes, panels.items()):
        for method, (eps, ratio) in curves.items():
            band(ax, eps, ratio, color=METHOD_COLOURS[method], marker=METHOD_MARKERS[method], markersize=4, label=METHOD_LABELS[method])
        ax.axhline(1, label="exact minimum", **BOUND)
        ax.set(yscale="log", xlim=(-0.01, 0.31), xlabel="trained against $\\epsilon$\n(standard deviations)", title=DATASET_LABELS[name])
        ax.yaxis.set_major_locator(plt.FixedLocator([1, 1.5, 2, 3, 4]))
        ax.yaxis.set_major_formatter(plt.FormatStrFormatter("%g"))
        ax.yaxis.set_minor_locator(plt.NullLocator())
    axes[0].set_ylabel("cost / least possible cost, median")
    _common_legend(fig, axes[0])
    return finish(fig, source)


def scfe_traps(t, logit, objective, stop, other, left, right, valid, source):
    """Draw why SCFE stops: the objective along one person's line to a recourse, and its value where it stopped for many rows.

    Parameters
    ----------
    t, logit, objective : arrays of shape (K,)
        Distance from x towards the point of growing spheres, and both functions there.
    stop, other : float
        Distance at which the objective is lowest near x, and the distance of the point of growing spheres.
    left, right : arrays of shape (n,)
        The objective where SCFE stopped and at the point of growing spheres.
    valid : bool array of shape (n,)
        Whether SCFE's point is valid.
    source : "real" or "twin"
    """
    fig, (line, scatter) = plt.subplots(1, 2, figsize=(9, 3.7))
    line.plot(t, logit, color="0.35", linestyle="-.", label="logit $h$")
    line.plot(t, objective, color=METHOD_COLOURS["scfe"], label="objective $J$")
    line.axhline(0, color="0.8", linewidth=0.8)
    line.plot(stop, np.interp(stop, t, objective), METHOD_MARKERS["scfe"], color=METHOD_COLOURS["scfe"], markeredgecolor="black", label="SCFE")
    line.plot(other, np.interp(other, t, objective), METHOD_MARKERS["growing_spheres"], color=HIT, markeredgecolor="black", label="growing spheres")
    line.set(xlabel="distance from $x$ (standard deviations)", title="One person")
    line.legend()
    for mask, colour, label in ((~valid, "#882255", "SCFE not valid"), (valid, METHOD_COLOURS["scfe"], "SCFE valid")):
        scatter.plot(left[mask], right[mask], ".", color=colour, markersize=1.5, label=label, rasterized=True)
    low, high = min(left.min(), right.min()) / 1.5, max(left.max(), right.max()) * 1.5
    scatter.plot([low, high], [low, high], **BOUND)
    scatter.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), title="All denied test rows",
                xlabel="$J$ where SCFE stopped", ylabel="$J$ at the point of\ngrowing spheres")
    scatter.legend(markerscale=6)
    return finish(fig, source)


def speed_rates(table, source):
    """Draw recourses per second of the batch and of the loop, a panel for each number of models.

    Parameters
    ----------
    table : DataFrame
        Rows of the benchmark: `method`, `model`, `models`, `batch, per second` and `loop, per second`.
    source : "real" or "twin"
    """
    counts = sorted(set(table["models"].tolist()))
    fig, axes = plt.subplots(1, len(counts), figsize=(9, 3.6), sharex=True, sharey=True)
    for ax, count in zip(axes, counts):
        part = table[table["models"] == count].iloc[::-1]
        height = np.arange(len(part))
        ax.hlines(height, part["loop, per second"], part["batch, per second"], color="0.7", linewidth=2)
        ax.plot(part["loop, per second"], height, "o", color="#882255", label="loop over persons")
        ax.plot(part["batch, per second"], height, "s", color="#117733", label="batch")
        ax.set(xscale="log", xlabel="recourses per second", title=f"{count} model{'s' * (count > 1)} at once")
        ax.set_yticks(height, [f"{method}, {model}" for method, model in zip(part["method"], part["model"])])
    _common_legend(fig, axes[0])
    return finish(fig, source)


def _draw_landscape(ax, first, second, logits, levels=False):
    """Shade the favourable side of a model, draw its boundary, and its level lines where asked."""
    if logits.min() < 0 <= logits.max():
        ax.contourf(first, second, logits, [0, logits.max() + 1], colors=[FAVOURABLE])
        ax.contour(first, second, logits, [0], colors="black", linewidths=1.2)
    if levels:
        ax.contour(first, second, logits, 12, colors="0.8", linewidths=0.6)
    ax.set(aspect="equal", xlim=(first[0], first[-1]), ylim=(second[0], second[-1]))


def _labels(names):
    return {"xlabel": f"{names[0]} (standard deviations)", "ylabel": f"{names[1]}\n(standard deviations)"}


def _outer_labels(axes):
    for ax in axes[1:]:
        ax.set_ylabel("")


def _common_legend(fig, ax):
    handles, labels = ax.get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=len(labels))

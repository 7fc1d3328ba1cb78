"""The figures of the chapter on training."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.style import (
    BOUND,
    CROSS,
    DATASETS,
    EPS_LABEL_NARROW,
    band,
    distinct,
    eps_colour,
    finish,
    label_outside,
    legend_below,
    panel_grid,
)

CURVE_STYLES = (("#332288", "o"), ("#DDAA33", "s"), ("#44AA99", "D"), ("#882255", "^"))


def inner_maximum(w, radius, worst):
    """Draw the balls of both norms around one point and the worst perturbation in each.

    The direction of the weights is an arrow, and dashed lines are orthogonal to it.

    Parameters
    ----------
    w : array of shape (2,)
    radius : float
    worst : dict of label -> perturbation, array of shape (2,), for p = inf and then p = 2

    Examples
    --------
    >>> worst = {"inf": np.array([-0.5, -0.5]), "2": np.array([-0.3, -0.4])}
    >>> fig = figures.inner_maximum(np.array([3.0, 4.0]), 0.5, worst)
    >>> len(fig.axes)
    1
    """
    fig, ax = plt.subplots(figsize=(4.6, 3.6))
    angle = np.linspace(0, 2 * np.pi, 200)
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]])
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    outlines = radius * square, radius * circle
    across = np.array([-w[1], w[0]]) / np.linalg.norm(w)
    for (label, delta), outline, colour in zip(worst.items(), outlines, ("#0072B2", "#D55E00")):
        ax.plot(*outline.T, color=colour, label=label)
        ax.plot(*delta, "o", color=colour)
        ax.plot(*np.transpose([delta - across, delta + across]), **BOUND)
    tip = radius * w / np.linalg.norm(w)
    ax.annotate("", tip, (0, 0), arrowprops={"arrowstyle": "->"})
    ax.annotate("$w$", tip, xytext=(4, 2), textcoords="offset points")
    ax.plot(0, 0, "k.")
    limits = -1.6 * radius, 1.6 * radius
    ax.set(aspect="equal", xlim=limits, ylim=limits)
    ax.set(xlabel="first feature, $\\delta_1$", ylabel="second feature, $\\delta_2$")
    legend_below(fig, ax)
    return fig


def attack_bracket(radii, brackets, one_class, source):
    """Draw how far an attack lowers the accuracy of networks, and how far none can.

    Both against the radius of the attack, one panel for each dataset.

    Parameters
    ----------
    radii : array of shape (K,)
    brackets : dict of dataset name -> dict of eps -> (certified, attacked), arrays of shape (K,)
    one_class : dict of dataset name -> list of the eps whose model gives all test rows one label
    source : "real" or "twin"

    Examples
    --------
    >>> shares = np.array([0.8, 0.5]), np.array([0.8, 0.6])
    >>> panels = {name: {0.1: shares} for name in ("adult", "german")}
    >>> fig = figures.attack_bracket(
    ...     np.array([0.0, 0.1]), panels, {"adult": [], "german": []}, "twin"
    ... )
    >>> len(fig.axes)
    2
    """
    fig, axes = plt.subplots(1, len(brackets), figsize=(9, 3.5), sharey=True)
    for ax, (name, pairs) in zip(axes, brackets.items()):
        for eps, (certified, attacked) in pairs.items():
            colour = eps_colour(eps, max(pairs))
            ax.plot(radii, attacked, color=colour, label=f"trained against $\\epsilon = {eps:g}$")
            ax.fill_between(radii, certified, attacked, color=colour, alpha=0.3, linewidth=0)
            if eps in one_class[name]:
                ax.plot(radii, attacked, **CROSS)
        ax.set(xlabel="radius of the attack\n(standard deviations)", title=DATASETS[name].label)
    axes[0].set_ylabel("adversarial accuracy")
    legend_below(fig, *axes, ncols=4)
    return finish(fig, source)


def adversarial_accuracy_panels(eps, curves, one_class, majority, source):
    """Draw accuracy under attack against the radius of training.

    A row for each kind of model, a column for each dataset.

    Parameters
    ----------
    eps : array of shape (E,)
    curves : dict of (kind, dataset name) -> dict of label -> Interval of arrays of shape (E,)
    one_class : dict of (kind, dataset name) -> bool array of shape (E,)
        Where a cross marks that some seed's model gives all test rows one label.
    majority : dict of dataset name -> share of the larger class
    source : "real" or "twin"

    Examples
    --------
    >>> accuracy = study.Interval(*np.array([[0.8, 0.7], [0.7, 0.6], [0.9, 0.8]]))
    >>> key = "network", "german"
    >>> fig = figures.adversarial_accuracy_panels(
    ...     np.array([0.0, 0.1]),
    ...     {key: {"radius 0.1": accuracy}},
    ...     {key: [False, True]},
    ...     {"german": 0.7},
    ...     "twin",
    ... )
    >>> fig.axes[0].get_title()
    'German Credit, network'
    """
    eps = np.asarray(eps)
    fig, panels = panel_grid(curves, 5.9, sharex=True, sharey="col")
    for (kind, name), lines in curves.items():
        ax, crossed = panels[kind, name], one_class[kind, name]
        for (label, interval), (colour, marker) in zip(lines.items(), CURVE_STYLES):
            style = {"color": colour, "marker": marker, "markersize": 3.5}
            band(ax, eps, interval, within=(0, 1), label=label, **style)
            ax.plot(eps[crossed], interval.mean[crossed], **CROSS)
        ax.axhline(majority[name], label="share of the larger class", **BOUND)
        ax.set_title(f"{DATASETS[name].label}, {kind}")
    label_outside(panels, EPS_LABEL_NARROW, "accuracy")
    legend_below(fig, *panels.values(), ncols=4)
    return finish(fig, source)


def adversarial_matrix(eps, matrices, best, one_class, source):
    """Draw accuracy under attack as one image for each model.

    Across stands the radius of training, upwards the radius of the attack.

    Parameters
    ----------
    eps : array of shape (E,)
    matrices : dict of (kind, dataset name) -> array of shape (E, E), attack first
    best : dict of (kind, dataset name) -> bool array of shape (E, E)
        Where a circle marks a model that is best for an attack, alone or with others.
    one_class : dict of (kind, dataset name) -> bool array of shape (E,)
        Where a cross above the image marks that some seed's model gives all test rows one label.
    source : "real" or "twin"

    Examples
    --------
    >>> key, none = ("network", "german"), np.zeros((2, 2), bool)
    >>> fig = figures.adversarial_matrix(
    ...     [0.0, 0.1], {key: np.eye(2)}, {key: none}, {key: none[0]}, "twin"
    ... )
    >>> fig.axes[0].get_title()
    'German Credit, network'
    """
    kinds, names = distinct(matrices, 0), distinct(matrices, 1)
    fig, panels = panel_grid(matrices, 6.2, sharex=True, sharey=True)
    for name in names:
        values = [matrices[kind, name] for kind in kinds]
        scale = {"vmin": np.min(values), "vmax": np.max(values)}
        column = [panels[kind, name] for kind in kinds]
        for ax, kind in zip(column, kinds):
            key = kind, name
            image = _draw_matrix(ax, eps, matrices[key], best[key], one_class[key], scale)
            ax.set_title(f"{DATASETS[name].label}, {kind}")
        bar = {"location": "bottom", "label": "adversarial accuracy", "shrink": 0.9}
        fig.colorbar(image, ax=column, **bar)
    label_outside(panels, EPS_LABEL_NARROW, "radius of the attack\n(standard deviations)")
    legend_below(fig, *panels.values(), ncols=4)
    return finish(fig, source)


def _draw_matrix(ax, eps, matrix, best, one_class, scale):
    """Draw one model's accuracies, its best radii and its crosses; return the image."""
    ticks, labels = np.arange(len(eps)), [f"{e:g}" for e in eps]
    image = ax.imshow(matrix, origin="lower", cmap="cividis", aspect="auto", **scale)
    circle = {"color": "white", "markeredgecolor": "black", "markersize": 5}
    attack, trained = np.nonzero(best)
    ax.plot(trained, attack, "o", label="best for this attack", **circle)
    crossed = ticks[one_class]
    ax.plot(crossed, np.full(len(crossed), len(eps)), **CROSS)
    ax.set_ylim(-0.5, len(eps) + 0.5)
    ax.set_xticks(ticks, labels, rotation=60)
    ax.set_yticks(ticks, labels)
    return image

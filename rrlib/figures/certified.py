"""Figures of the chapter on networks that are certified."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.style import (
    BOUND,
    DATASETS,
    band,
    finish,
    label_outside,
    legend_below,
    panel_grid,
)

TRAINED = "#D55E00"
ATTACKED = "#0072B2"
TRAINING_STYLES = {
    "certified": {"color": TRAINED, "marker": "D", "markersize": 3.5},
    "as the field trains them": {"color": ATTACKED, "marker": "o", "markersize": 3.5},
}
STEP_STYLES = {
    "best constant": BOUND,
    "exact linear minimiser": {"color": "#882255", "marker": "s"},
    "best single unit": {"color": "#44AA99", "marker": "^"},
    "greedy start": {"color": "#DDAA33", "marker": "o"},
    "after training": {"color": TRAINED, "marker": "D"},
    "as the field trains them": {"color": ATTACKED, "linestyle": ":"},
}


def interval_bound(x, panels, ball):
    """Draw models of one feature, what they do in a ball, and what the interval bound allows.

    Parameters
    ----------
    x : array of shape (n,)
    panels : dict of heading -> (dict of label -> values at x, true range, allowed range)
        The last curve is the model, the others are its units; ranges are (low, high).
    ball : (low, high)
        The ends of the ball.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 5)
    >>> panels = {"one unit": ({"network": x}, (-0.5, 0.5), (-0.5, 0.5))}
    >>> panels |= {"two units": ({"unit": x, "network": 0 * x}, (0, 0), (-1, 1))}
    >>> fig = figures.interval_bound(x, panels, (-0.5, 0.5))
    >>> len(fig.axes)
    2
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(9, 3.4), sharey=True)
    for ax, (heading, (curves, true, allowed)) in zip(axes, panels.items()):
        ax.axvspan(*ball, color="0.92", zorder=0, label="the ball")
        *units, model = curves.items()
        for (label, values), line in zip(units, ("--", "-.")):
            ax.plot(x, values, line, color="0.45", label=label, linewidth=1.2)
        ax.plot(x, model[1], color=TRAINED, label=model[0], linewidth=2)
        ax.fill_between(ball, *allowed, color=ATTACKED, alpha=0.18, label="interval bound")
        ax.fill_between(ball, *true, color=TRAINED, alpha=0.3, label="range in the ball")
        ax.set(xlabel="feature $x$", title=heading)
    axes[0].set_ylabel("logit $h(x)$")
    legend_below(fig, *axes, ncols=3)
    return fig


def certified_steps(eps, panels, source):
    """Draw the robust training loss that is proved at each step, against eps.

    Parameters
    ----------
    eps : array of shape (E,)
    panels : dict of (scaling, dataset name) -> dict of step -> losses, arrays of shape (E,)
        Steps are those of `STEP_STYLES`.
    source : "real" or "twin"

    Examples
    --------
    >>> steps = {"best constant": 0.6, "after training": np.array([0.5, 0.55])}
    >>> fig = figures.certified_steps(np.array([0.0, 0.1]), {("standard", "german"): steps}, "twin")
    >>> len(fig.axes[0].lines)
    2
    """
    fig, axes = panel_grid(panels, 5.4, sharex=True, sharey="col")
    for (scaling, name), steps in panels.items():
        ax = axes[scaling, name]
        for step, losses in steps.items():
            style = {"markersize": 3.5, "linewidth": 1.2} | STEP_STYLES[step]
            ax.plot(eps, np.broadcast_to(losses, len(eps)), label=step, **style)
        ax.set_title(f"{DATASETS[name].label}, {scaling}")
    label_outside(axes, "trained against $\\epsilon$\n(scaled features)", "robust loss (nats)")
    legend_below(fig, *axes.values(), ncols=3)
    return finish(fig, source)


def certified_gains(eps, panels, source):
    """Draw by how much certified networks are better than the others, held out and in training.

    Parameters
    ----------
    eps : array of shape (E,)
    panels : dict of (scaling, dataset name) -> (Interval, array), each of shape (E,)
        The gain held out, with its interval, and the mean gain on training rows, in nats.
    source : "real" or "twin"

    Examples
    --------
    >>> gain = study.Interval(*np.array([[0.0, 0.2], [-0.1, 0.1], [0.1, 0.3]]))
    >>> panels = {("standard", "german"): (gain, gain.mean)}
    >>> fig = figures.certified_gains(np.array([0.0, 0.1]), panels, "twin")
    >>> fig.axes[0].get_title()
    'German Credit, standard'
    """
    fig, axes = panel_grid(panels, 5.0, sharex=True)
    for (scaling, name), (held, training) in panels.items():
        ax, dashed = axes[scaling, name], {"color": "0.35", "linestyle": "--", "linewidth": 1.2}
        ax.axhline(0, color="black", linewidth=0.8)
        ax.plot(eps, training, label="training rows", **dashed)
        band(ax, eps, held, label="held-out rows", **TRAINING_STYLES["certified"])
        ax.set_title(f"{DATASETS[name].label}, {scaling}")
    label_outside(axes, "trained against $\\epsilon$\n(scaled features)", "gain (nats)")
    legend_below(fig, *axes.values())
    return finish(fig, source)


def recourse_by_training(eps, rows, source):
    """Draw what recourse becomes under two ways of training.

    Parameters
    ----------
    eps : array of shape (E,)
    rows : dict of (axis label, dataset name) -> dict of way of training -> Interval, (E,)
        Ways are those of `TRAINING_STYLES`; NaN where there is nothing to show. A label that starts
        with "validity" is of shares, and bands are cut at 0 and at 1.
    source : "real" or "twin"

    Examples
    --------
    >>> cost = study.Interval(*np.array([[1.0, 1.5], [0.9, 1.4], [1.1, 1.6]]))
    >>> rows = {("cost", "german"): {"certified": cost, "as the field trains them": cost}}
    >>> fig = figures.recourse_by_training(np.array([0.0, 0.1]), rows, "twin")
    >>> fig.axes[0].get_ylabel()
    'cost'
    """
    lines = len({label for label, _ in rows})
    fig, axes = panel_grid(rows, 1.2 + 1.8 * lines, sharex=True, sharey="row")
    for (label, name), curves in rows.items():
        ax = axes[label, name]
        for way, curve in curves.items():
            band(ax, eps, curve, label=way, **TRAINING_STYLES[way])
        if label.startswith("validity"):
            ax.set_ylim(-0.05, 1.05)
        place = ax.get_subplotspec()
        if place.is_first_row():
            ax.set_title(DATASETS[name].label)
        if place.is_first_col():
            ax.set_ylabel(label)
        if place.is_last_row():
            ax.set_xlabel("trained against $\\epsilon$\n(scaled features)")
    fig.align_ylabels()
    legend_below(fig, *axes.values())
    return finish(fig, source)

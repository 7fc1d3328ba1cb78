"""Figures of the chapters on cost and on validity.

Curves against eps and against the budget, and effects with their intervals.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from rrlib.figures.style import (
    BOUND,
    DATASETS,
    METHODS,
    ONE_CLASS,
    band,
    distinct,
    eps_colour,
    finish,
    label_outside,
    legend_below,
    legend_entries,
    panel_grid,
)
from rrlib.study.intervals import Interval
from rrlib.study.splits import split_interval

ROW = 1.7
"""Height of a row of panels, in inches."""

VERDICT_COLOURS = {True: "#0072B2", False: "0.55"}
"""Of an effect: whether its interval lies above the smallest one that counts."""


def seeds_of(table, column, by=("dataset", "method")):
    """Return the values of a column of the study's table, seed by seed.

    A dict of case -> array of shape (seeds, E), NaN where a seed has no value.

    Examples
    --------
    >>> table = pd.DataFrame({"eps": [0.0, 0.0], "seed": [0, 1], "cost": [1.0, 3.0]})
    >>> table = table.assign(dataset="german", method="scfe")
    >>> figures.seeds_of(table, "cost")["german", "scfe"].tolist()
    [[1.0], [3.0]]
    """
    found = {}
    for case, part in table.groupby(list(by), sort=False):
        values = part.pivot(index="seed", columns="eps", values=column)
        found[case] = values.to_numpy(dtype=np.float64)
    return found


def curves_over_seeds(table, column, by=("dataset", "method")):
    """Return the intervals over seeds of a column of the study's table, by `split_interval`.

    A dict of case -> Interval of arrays of shape (E,). At an eps where some seed has no value
    the interval is NaN, and the curve is not drawn.

    Examples
    --------
    >>> table = pd.DataFrame({"eps": [0.0, 0.0], "seed": [0, 1], "cost": [1.0, 3.0]})
    >>> table = table.assign(dataset="german", method="scfe")
    >>> figures.curves_over_seeds(table, "cost")["german", "scfe"].mean.tolist()
    [2.0]
    """
    found = {}
    for case, values in seeds_of(table, column, by).items():
        known = np.isfinite(values).all(0)
        ends = np.full((3, values.shape[1]), np.nan)
        ends[:, known] = split_interval(values[:, known])
        found[case] = Interval(*ends)
    return found


def curves_against_eps(
    eps, rows, marked, source, *, limits=None, seeds=None, majority=None, unit="standard deviations"
):
    """Draw curves against eps: a line for each method.

    A row of panels for each measure, a column for each dataset.

    Parameters
    ----------
    eps : array of shape (E,)
    rows : dict of axis label -> dict of (dataset, method) -> Interval of arrays of shape (E,)
        A curve of any other name than a method's is drawn in black.
    marked : dict of dataset -> bool array of shape (E,)
        Radii at which some seed's model predicts one class only: shaded.
    source : "real" or "twin"
    limits : dict of axis label -> (low, high), optional
        A measure without limits shows all of its bands.
    seeds : dict of axis label -> dict of (dataset, method) -> array of shape (S, E), optional
        Measures whose seeds are drawn one by one, as thin lines, and not as a band.
    majority : dict of dataset -> share, optional
        The accuracy of a constant model: a dashed line in the rows whose label starts with
        "accuracy".
    unit : str
        Of eps.

    Examples
    --------
    >>> cost = study.Interval(*np.array([[1.0, 1.5], [0.9, 1.4], [1.1, 1.6]]))
    >>> rows, marked = {"cost": {("german", "scfe"): cost}}, {"german": np.array([False, True])}
    >>> fig = figures.curves_against_eps(np.array([0.0, 0.1]), rows, marked, "twin")
    >>> len(fig.axes)
    1
    """
    eps, limits, seeds = np.asarray(eps), limits or {}, seeds or {}
    keys = [(label, name) for label in rows for name in marked]
    fig, panels = panel_grid(keys, 0.6 + ROW * len(rows), sharex=True)
    for label, curves in rows.items():
        for (name, method), curve in curves.items():
            ax, style = panels[label, name], _curve_style(method)
            if label in seeds:
                thin = {"color": style["color"], "linewidth": 0.5, "alpha": 0.6}
                ax.plot(eps, curve.mean, **style)
                ax.plot(eps, seeds[label][name, method].T, **thin)
            else:
                band(ax, eps, curve, **style)
    for (label, name), ax in panels.items():
        if majority and label.startswith("accuracy"):
            ax.axhline(majority[name], label="share of the larger class", **BOUND)
        if label in limits:
            ax.set_ylim(limits[label])
        place = ax.get_subplotspec()
        if place.is_first_col():
            ax.set_ylabel(label)
        if place.is_first_row():
            ax.set_title(DATASETS[name].label)
        if place.is_last_row():
            ax.set_xlabel(f"trained against $\\epsilon$\n({unit})")
        _shade(ax, eps, marked[name])
    entries = legend_entries(panels.values())
    legend_below(fig, *panels.values(), ncols=3 if len(entries) == 6 else 5)
    fig.align_ylabels()
    return finish(fig, source)


def budget_curves(budgets, panels, marked, mark, source):
    """Draw validity against the budget: a line for each eps.

    A row of panels for each method, a column for each dataset. The bands are cut at 0 and at 1.
    The curve of an eps at which some seed's model predicts one class only is dotted.

    Parameters
    ----------
    budgets : array of shape (B,), l2 costs
    panels : dict of (dataset, method) -> dict of eps -> Interval of arrays of shape (B,)
    marked : dict of dataset -> eps at which some seed's model predicts one class only
    mark : float
        The budget at which the curves against eps read these ones.
    source : "real" or "twin"

    Examples
    --------
    >>> share = study.Interval(*np.array([[0.0, 0.5], [0.0, 0.4], [0.0, 0.6]]))
    >>> panels = {("german", "scfe"): {0.0: share, 0.1: share}}
    >>> fig = figures.budget_curves(np.array([0.0, 1.0]), panels, {"german": {0.1}}, 1.0, "twin")
    >>> fig.axes[0].lines[1].get_linestyle()
    ':'
    """
    keys = [(method, name) for name, method in panels]
    height = 0.6 + ROW * len(distinct(keys, 0))
    fig, axes = panel_grid(keys, height, sharex=True, sharey=True)
    shown, some_dotted = {}, False
    for (name, method), curves in panels.items():
        ax = axes[method, name]
        for eps, curve in curves.items():
            colour = eps_colour(eps, max(curves))
            dotted = eps in marked[name]
            some_dotted |= dotted
            style = {"color": colour, "linestyle": ":" if dotted else "-"}
            band(ax, budgets, curve, within=(0, 1), **style)
            shown[f"$\\epsilon = {eps:g}$"] = Line2D([], [], color=colour)
        ax.axvline(mark, **BOUND)
        ax.set(ylim=(-0.03, 1.03), title=f"{DATASETS[name].label}, {METHODS[method].label}")
    label_outside(axes, "budget (largest $\\ell_2$ cost,\nstandard deviations)", "validity")
    if some_dotted:
        shown[ONE_CLASS] = Line2D([], [], color="0.35", linestyle=":")
    fig.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=len(shown))
    return finish(fig, source)


def effect_rows(findings, xlabel, source, *, shared=False):
    """Draw effects over the exploring seeds and their intervals in rows, a panel for each finding.

    Blue where the interval lies above the smallest effect that counts, which a tick marks.

    Parameters
    ----------
    findings : dict of panel title -> list of Case, see `rrlib.audit.evidence`
    xlabel : str
    source : "real" or "twin"
    shared : bool
        Whether the panels show one quantity, and so share their axis.

    Examples
    --------
    >>> from rrlib.audit.evidence import Case
    >>> finding = Case("German Credit, SCFE", {0: 0.9, 1: 1.0, 2: 1.1, 3: 1.0, 4: 1.0}, 0.1)
    >>> fig = figures.effect_rows({"cost": [finding]}, "change of cost", "twin")
    >>> fig.axes[0].get_xlabel()
    'change of cost'
    """
    names = list(dict.fromkeys(case.name for cases in findings.values() for case in cases))
    size = 9, 1.2 + 0.28 * len(names)
    fig, axes = plt.subplots(
        1, len(findings), figsize=size, sharex=shared, sharey=True, squeeze=False
    )
    for ax, (title, cases) in zip(axes[0], findings.items()):
        for case in cases:
            effect, at = case.explored, names.index(case.name)
            if np.isfinite(effect.mean):
                colour = VERDICT_COLOURS[effect.low > case.smallest]
                ax.plot([effect.low, effect.high], [at, at], color=colour)
                ax.plot(effect.mean, at, "o", color=colour, markersize=4)
                ax.plot(case.smallest, at, "|", color="black", markersize=7)
        ax.axvline(0, **BOUND)
        ax.set(title=title, xlabel=xlabel)
    axes[0, 0].set_yticks(range(len(names)), names)
    axes[0, 0].set_ylim(len(names) - 0.5, -0.5)
    return finish(fig, source)


def _curve_style(method):
    """Return how a curve is drawn: a method in its own look, any other curve in black."""
    style = {"markersize": 5, "markerfacecolor": "none"}
    if method not in METHODS:
        return style | {"color": "black", "marker": ".", "label": method}
    style |= {"color": METHODS[method].colour, "marker": METHODS[method].marker}
    return style | {"linestyle": METHODS[method].dash, "label": METHODS[method].label}


def _shade(ax, eps, marked):
    """Shade the marked radii, one span for neighbours."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(int), [0]])))
    label = ONE_CLASS
    for first, after in edges.reshape(-1, 2):
        low, high = eps[first] - 0.012, eps[after - 1] + 0.012
        ax.axvspan(low, high, color="0.88", linewidth=0, zorder=0, label=label)
        label = None

"""Figures of the chapters on cost and on validity: curves against eps and against the budget, and effects with their intervals."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from rrlib.figures.style import BOUND, DATASET_LABELS, EPS_MAP, METHOD_COLOURS, METHOD_LABELS, METHOD_MARKERS, finish
from rrlib.metrics import Interval, interval

PLAIN = {"color": "black", "marker": "."}
DASHES = {"scfe": "-", "cchvae": "-", "growing_spheres": (0, (4, 3))}
"""The growing spheres often lie on C-CHVAE, whose colour then shows in the gaps."""

VERDICT_COLOURS = {True: "#0072B2", False: "0.55"}
ONE_CLASS = "one class on the test rows"


def seeds_of(table, column, by=("dataset", "method")):
    """Return a dict of case -> array of shape (seeds, E) of a column of the study's table, NaN where a seed has no value."""
    return {case: part.pivot(index="seed", columns="eps", values=column).to_numpy(dtype=np.float64)
            for case, part in table.groupby(list(by), sort=False)}


def curves_over_seeds(table, column, by=("dataset", "method")):
    """Return a dict of case -> Interval over seeds, arrays of shape (E,), of a column of the study's table.

    At an eps where some seed has no value the interval is NaN, and the curve is not drawn.
    """
    found = {}
    for case, values in seeds_of(table, column, by).items():
        known = np.isfinite(values).all(0)
        ends = np.full((3, values.shape[1]), np.nan)
        ends[:, known] = interval(values[:, known])
        found[case] = Interval(*ends)
    return found


def curves_against_eps(eps, rows, marked, source, *, limits=None, seeds=None, majority=None, unit="standard deviations"):
    """Draw curves against eps: a row of panels for each measure, a column for each dataset, a line for each method.

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
        The accuracy of a constant model: a dashed line in the rows whose label starts with "accuracy".
    unit : str
        Of eps.
    """
    names, eps, limits, seeds = list(marked), np.asarray(eps), limits or {}, seeds or {}
    fig, axes = plt.subplots(len(rows), len(names), figsize=(9, 0.6 + 2.1 * len(rows)), sharex=True, squeeze=False)
    for (label, curves), line in zip(rows.items(), axes):
        for (name, method), curve in curves.items():
            style = {"color": METHOD_COLOURS[method], "marker": METHOD_MARKERS[method], "linestyle": DASHES[method]} if method in METHOD_COLOURS else PLAIN
            ax = line[names.index(name)]
            drawn, = ax.plot(eps, curve.mean, markersize=5, markerfacecolor="none", label=METHOD_LABELS.get(method, method), **style)
            if label in seeds:
                ax.plot(eps, seeds[label][name, method].T, color=drawn.get_color(), linewidth=0.5, alpha=0.6)
            else:
                ax.fill_between(eps, curve.low, curve.high, color=drawn.get_color(), alpha=0.2, linewidth=0)
        if label.startswith("accuracy") and majority:
            for ax, name in zip(line, names):
                ax.axhline(majority[name], label="share of the larger class", **BOUND)
        if label in limits:
            plt.setp(line, ylim=limits[label])
        line[0].set_ylabel(label)
    for ax, name in zip(axes[0], names):
        ax.set_title(DATASET_LABELS[name])
    for column, name in zip(axes.T, names):
        for ax in column:
            _shade(ax, eps, marked[name])
        column[-1].set_xlabel(f"trained against $\\epsilon$\n({unit})")
    found = {}
    for ax in axes.flat:
        found |= dict(zip(*reversed(ax.get_legend_handles_labels())))
    fig.legend(found.values(), found.keys(), loc="outside lower center", ncols=3 if len(found) == 6 else min(len(found), 5))
    fig.align_ylabels()
    return finish(fig, source)


def budget_curves(budgets, panels, marked, mark, source):
    """Draw validity against the budget: a row for each method, a column for each dataset, a line for each eps.

    The bands are cut at 0 and at 1. The curve of an eps at which some seed's model predicts one class only is dotted.

    Parameters
    ----------
    budgets : array of shape (B,), l2 costs
    panels : dict of (dataset, method) -> dict of eps -> Interval of arrays of shape (B,)
    marked : dict of dataset -> eps at which some seed's model predicts one class only
    mark : float
        The budget at which the curves against eps read these ones.
    source : "real" or "twin"
    """
    names, methods = (list(dict.fromkeys(key[part] for key in panels)) for part in (0, 1))
    fig, axes = plt.subplots(len(methods), len(names), figsize=(9, 0.6 + 2.1 * len(methods)), sharex=True, sharey=True, squeeze=False)
    shown = {}
    for (name, method), curves in panels.items():
        ax = axes[methods.index(method), names.index(name)]
        for eps, curve in curves.items():
            colour = EPS_MAP(0.1 + 0.9 * eps / max(curves))
            ax.plot(budgets, curve.mean, color=colour, linestyle=":" if eps in marked[name] else "-")
            ax.fill_between(budgets, np.clip(curve.low, 0, 1), np.clip(curve.high, 0, 1), color=colour, alpha=0.2, linewidth=0)
            shown[f"$\\epsilon = {eps:g}$"] = Line2D([], [], color=colour)
        ax.axvline(mark, **BOUND)
        ax.set(ylim=(-0.03, 1.03), title=f"{DATASET_LABELS[name]}, {METHOD_LABELS[method]}")
    for ax in axes[-1]:
        ax.set_xlabel("budget (largest $\\ell_2$ cost,\nstandard deviations)")
    for ax in axes[:, 0]:
        ax.set_ylabel("validity")
    if any(eps in marked[name] for (name, _), curves in panels.items() for eps in curves):
        shown[ONE_CLASS] = Line2D([], [], color="0.35", linestyle=":")
    fig.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=len(shown))
    return finish(fig, source)


def effect_rows(findings, xlabel, source, *, shared=False):
    """Draw effects and their intervals in rows, one panel for each finding; blue where the interval lies above zero.

    Parameters
    ----------
    findings : dict of panel title -> list of Effect
    xlabel : str
    source : "real" or "twin"
    shared : bool
        Whether the panels show one quantity, and so share their axis.
    """
    cases = list(dict.fromkeys(effect.case for found in findings.values() for effect in found))
    fig, axes = plt.subplots(1, len(findings), figsize=(9, 1.2 + 0.28 * len(cases)), sharex=shared, sharey=True, squeeze=False)
    for ax, (title, found) in zip(axes[0], findings.items()):
        for effect in found:
            if np.isfinite(effect.mean):
                at, colour = cases.index(effect.case), VERDICT_COLOURS[effect.low > 0]
                ax.plot([effect.low, effect.high], [at, at], color=colour)
                ax.plot(effect.mean, at, "o", color=colour, markersize=4)
        ax.axvline(0, **BOUND)
        ax.set(title=title, xlabel=xlabel)
    axes[0, 0].set_yticks(range(len(cases)), cases)
    axes[0, 0].invert_yaxis()
    return finish(fig, source)


def _shade(ax, eps, marked):
    """Shade the marked radii, one span for neighbours."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(int), [0]])))
    for k, (first, after) in enumerate(edges.reshape(-1, 2)):
        ax.axvspan(eps[first] - 0.012, eps[after - 1] + 0.012, color="0.88", linewidth=0, zorder=0, label=None if k else ONE_CLASS)

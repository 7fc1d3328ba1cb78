"""Figures of the chapters on cost and on validity: curves against eps and against the budget, and effects with their intervals."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.style import BOUND, DATASET_LABELS, EPS_MAP, METHOD_COLOURS, METHOD_LABELS, METHOD_MARKERS, finish
from rrlib.metrics import Interval, interval

PLAIN = {"color": "black", "marker": "."}
VERDICT_COLOURS = {True: "#0072B2", False: "0.55"}


def curves_over_seeds(table, column, by=("dataset", "method")):
    """Return a dict of case -> Interval over seeds, arrays of shape (E,), of a column of the study's table.

    At an eps where some seed has no value the interval is NaN, and the curve is not drawn.
    """
    found = {}
    for case, part in table.groupby(list(by), sort=False):
        values = part.pivot(index="seed", columns="eps", values=column).to_numpy(dtype=np.float64)
        known = np.isfinite(values).all(0)
        ends = np.full((3, values.shape[1]), np.nan)
        ends[:, known] = interval(values[:, known])
        found[case] = Interval(*ends)
    return found


def curves_against_eps(eps, rows, marked, source, *, limits=None):
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
    """
    names, eps = list(marked), np.asarray(eps)
    fig, axes = plt.subplots(len(rows), len(names), figsize=(9, 0.6 + 2.1 * len(rows)), sharex=True, squeeze=False)
    for (label, curves), line in zip(rows.items(), axes):
        for (name, method), curve in curves.items():
            style = {"color": METHOD_COLOURS[method], "marker": METHOD_MARKERS[method]} if method in METHOD_COLOURS else PLAIN
            ax = line[names.index(name)]
            drawn, = ax.plot(eps, curve.mean, markersize=4, label=METHOD_LABELS.get(method, method), **style)
            ax.fill_between(eps, curve.low, curve.high, color=drawn.get_color(), alpha=0.2, linewidth=0)
            ax.set_ylim((limits or {}).get(label))
        line[0].set_ylabel(label)
    for ax, name in zip(axes[0], names):
        ax.set_title(DATASET_LABELS[name])
    for column, name in zip(axes.T, names):
        for ax in column:
            for start in eps[marked[name]]:
                shade = ax.axvspan(start - 0.012, start + 0.012, color="0.88", linewidth=0, zorder=0)
            if marked[name].any():
                shade.set_label("one class only")
        column[-1].set_xlabel("trained against $\\epsilon$\n(standard deviations)")
    found = {}
    for ax in axes.flat:
        found |= dict(zip(*reversed(ax.get_legend_handles_labels())))
    fig.legend(found.values(), found.keys(), loc="outside lower center", ncols=len(found))
    fig.align_ylabels()
    return finish(fig, source)


def budget_curves(budgets, panels, mark, source):
    """Draw validity against the budget: a row for each method, a column for each dataset, a line for each eps.

    Parameters
    ----------
    budgets : array of shape (B,), l2 costs
    panels : dict of (dataset, method) -> dict of eps -> Interval of arrays of shape (B,)
    mark : float
        The budget at which the curves against eps read these ones.
    source : "real" or "twin"
    """
    names, methods = (list(dict.fromkeys(key[part] for key in panels)) for part in (0, 1))
    fig, axes = plt.subplots(len(methods), len(names), figsize=(9, 0.6 + 2.1 * len(methods)), sharex=True, sharey=True, squeeze=False)
    for (name, method), curves in panels.items():
        ax = axes[methods.index(method), names.index(name)]
        for eps, curve in curves.items():
            colour = EPS_MAP(0.1 + 0.9 * eps / max(curves))
            ax.plot(budgets, curve.mean, color=colour, label=f"$\\epsilon = {eps:g}$")
            ax.fill_between(budgets, curve.low, curve.high, color=colour, alpha=0.2, linewidth=0)
        ax.axvline(mark, **BOUND)
        ax.set(ylim=(-0.03, 1.03), title=f"{DATASET_LABELS[name]}, {METHOD_LABELS[method]}")
    for ax in axes[-1]:
        ax.set_xlabel("budget (largest $\\ell_2$ cost,\nstandard deviations)")
    for ax in axes[:, 0]:
        ax.set_ylabel("validity")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return finish(fig, source)


def effect_rows(findings, xlabel, source):
    """Draw effects and their intervals in rows, one panel for each finding; blue where the interval lies above zero.

    Parameters
    ----------
    findings : dict of panel title -> list of Effect
    xlabel : str
    source : "real" or "twin"
    """
    cases = list(dict.fromkeys(effect.case for found in findings.values() for effect in found))
    fig, axes = plt.subplots(1, len(findings), figsize=(9, 1.2 + 0.28 * len(cases)), sharey=True, squeeze=False)
    for ax, (title, found) in zip(axes[0], findings.items()):
        for effect in found:
            if np.isfinite(effect.mean):
                at, colour = cases.index(effect.case), VERDICT_COLOURS[effect.low > 0]
                ax.plot([effect.low, effect.high], [at, at], color=colour)
                ax.plot(effect.mean, at, "o", color=colour, markersize=4)
        ax.axvline(0, **BOUND)
        ax.set(title=title, xlabel=xlabel)
    axes[0, 0].set_yticks(range(len(cases)), [_pretty(case) for case in cases])
    axes[0, 0].invert_yaxis()
    return finish(fig, source)


def _pretty(case):
    """Return a case with the names of its dataset and its method as they are written in the book."""
    return ", ".join((DATASET_LABELS | METHOD_LABELS).get(part, part) for part in case.split(", "))

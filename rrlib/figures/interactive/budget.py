"""Boundary and budget: who is within SCFE's budget of which boundary."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.interactive.numbers import Interactive
from rrlib.figures.style import DATASETS, finish
from rrlib.figures.validity import SPLIT_STYLES

START = {"eps": 0.15, "s": 1.0, "lam": 1.0}
"""What the picture shows, and from where the reader starts."""

CURVES = {"standard boundary": "--", "robust boundary": "-"}


def move_budget(eps, cost, cases, source):
    """Draw who is within each distance of two boundaries, and two budgets; return what moves.

    Parameters
    ----------
    eps : array of shape (E,)
        Radii of training; the first is the standard model's.
    cost : array of shape (K,)
        Distances, standard deviations.
    cases : dict of dataset name -> (norms, within)
        Arrays of shape (E,), ||w||_2, and (E, K), the share of people within each distance. The
        picture shows the first.
    source : "real" or "twin"

    Returns
    -------
    Interactive

    Examples
    --------
    >>> cost, norms = np.array([0.1, 1.0, 10.0]), np.array([1.0, 0.5])
    >>> within = np.array([[0.2, 0.6, 1.0], [0.1, 0.4, 0.9]])
    >>> moving = figures.move_budget(
    ...     np.array([0.0, 0.15]), cost, {"german": (norms, within)}, "twin"
    ... )
    >>> "German Credit" in moving._repr_html_()
    True
    """
    name, (norms, within) = next(iter(cases.items()))
    pair = [0, list(eps).index(START["eps"])]
    budgets = START["s"] * np.asarray(norms)[pair] / START["lam"]
    fig, ax = plt.subplots(figsize=(6.2, 3.8))
    for row, (label, line) in zip(within[pair], CURVES.items()):
        ax.plot(cost, row, line, color="black", label=label)
    styles = iter(SPLIT_STYLES)
    for budget in budgets:
        ax.axvline(budget, color="0.5", linestyle=":")
        for row in within[pair]:
            style = next(styles) | {"marker": "o", "linestyle": "none", "markersize": 7}
            ax.plot(budget, np.interp(budget, cost, row), **style)
    ax.set(xscale="log", xlim=(0.05, 20), ylim=(-0.03, 1.03), ylabel="share of people within it")
    ax.set_xlabel("$\\ell_2$ distance to the boundary (standard deviations)")
    ax.set_title(DATASETS[name].label)
    ax.legend(loc="upper left")
    finish(fig, source)
    numbers = {"eps": eps, "cost": cost, "start": START}
    numbers["colours"] = {style["label"]: style["color"] for style in SPLIT_STYLES[1:]}
    numbers["cases"] = {
        name: {"label": DATASETS[name].label, "norms": norms, "within": np.round(within, 4)}
        for name, (norms, within) in cases.items()
    }
    return Interactive("budget", source, **numbers)

"""One person, the boundary of a linear model, and its radius of training."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.interactive.numbers import Interactive
from rrlib.figures.style import finish

COLOURS = {"standard": "#0072B2", "robust": "#D55E00"}
START = 0.2
"""The radius that the picture shows, and from which the reader starts."""

FAR = 100.0
"""How far a boundary is drawn, in scaled units."""


def move_person(model, center, scale, person, *, ranges, names, top, source):
    """Draw one person and the boundaries of two models, and return the figure that moves.

    Parameters
    ----------
    model : LogisticRegression on two features, scaled; the first is the standard one
    center, scale : arrays of shape (2,)
        A scaled feature is (original - center) / scale.
    person : array of shape (2,), original units
        Invented.
    ranges : ((low, high), (low, high)) of the two axes
    names : the two features' names
    top : float
        Where the scale of the first feature ends.
    source : "real" or "twin"

    Returns
    -------
    Interactive

    Examples
    --------
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 3.0], [3.0, 2.0], [0.5, 0.5], [2.0, 2.0]])
    >>> y = np.array([0, 0, 1, 1, 1, 0])
    >>> model = models.fit_logistic(X, y, [0.0, 0.2]).model
    >>> moving = figures.move_person(
    ...     model, np.zeros(2), np.ones(2), np.array([0.0, 0.0]), ranges=((-1, 4), (-1, 4)),
    ...     names=["education", "hours"], top=4, source="twin",
    ... )
    >>> "education" in moving._repr_html_()
    True
    """
    w, b, eps = (part.numpy() for part in model)
    x = (np.asarray(person) - center) / scale
    fig, ax = plt.subplots(figsize=(6.2, 3.8))
    for place, colour in zip((0, np.abs(eps - START).argmin()), COLOURS.values()):
        size = np.linalg.norm(w[place])
        normal = w[place] / size
        along = np.array([-normal[1], normal[0]])
        goal = x - (w[place] @ x + b[place]) / size * normal
        line = np.array([goal - FAR * along, goal + FAR * along]) * scale + center
        arrow = {"arrowstyle": "->", "color": colour, "shrinkA": 5, "shrinkB": 0}
        ax.plot(*line.T, color=colour, label=f"$\\epsilon = {eps[place]:g}$")
        ax.annotate("", goal * scale + center, person, arrowprops=arrow)
    ax.plot(*person, "o", color="black", zorder=3)
    ax.set(xlim=ranges[0], ylim=ranges[1], xlabel=names[0], ylabel=names[1])
    ax.legend(loc="upper right", title="boundary")
    finish(fig, source)
    numbers = {"w": w, "b": b, "eps": eps, "center": center, "scale": scale, "top": top}
    numbers |= {"person": person, "ranges": ranges, "names": names, "start": START}
    return Interactive("person", source, colours=COLOURS, **numbers)

"""Two class means, the balls of the adversary around them, and the kink of the robust loss."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.interactive.numbers import Interactive

COLOURS = {"favourable": "#009E73", "other": "#D55E00"}
RANGES = {"x": (-1.8, 1.8), "y": (-1.0, 1.0), "weight": (-0.8, 2.4), "loss": (-0.3, 0.3)}
BIASES = np.linspace(-6, 6, 601)


def move_means(means, spread, eps, share):
    """Draw two class means with their balls, and the robust loss along the ray between them.

    The classes are alike in all directions, so that the best robust model against an l2 adversary
    looks along the line through their means, and everything is a question in one dimension.

    Parameters
    ----------
    means : dict of "favourable" and "other" -> array of shape (2,)
    spread : array of shape (n,)
        Where the people of a class stand around its mean, along any line.
    eps : float
        Radius of the balls.
    share : float
        Of the favourable, between 0 and 1.

    Returns
    -------
    Interactive

    Examples
    --------
    >>> means = {"favourable": [0.9, 0.0], "other": [-0.9, 0.0]}
    >>> moving = figures.move_means(means, np.array([-0.5, 0.0, 0.5]), eps=0.6, share=0.3)
    >>> "favourable" in moving._repr_html_()
    True
    """
    fig, (plane, ray) = plt.subplots(1, 2, figsize=(9, 3.4))
    apart = np.subtract(means["favourable"], means["other"])
    for (name, mean), colour in zip(means.items(), COLOURS.values()):
        plane.add_patch(plt.Circle(mean, eps, color=colour, alpha=0.3))
        plane.plot(*mean, "o", color=colour, label=name)
    plane.set(xlim=RANGES["x"], ylim=RANGES["y"], aspect="equal", xlabel="first feature")
    plane.set(ylabel="second feature", title=f"$\\epsilon = {eps:g}$")
    plane.legend()
    weight = np.linspace(*RANGES["weight"], 161)
    loss = _loss(weight, np.linalg.norm(apart), spread, eps, share)
    ray.plot(weight, loss - loss[np.abs(weight).argmin()], color="black")
    ray.axhline(0, color="0.6", linewidth=0.8)
    ray.set(xlim=RANGES["weight"], ylim=RANGES["loss"], xlabel="weight along the ray")
    ray.set(ylabel="robust loss minus that of\nthe best constant (nats)")
    numbers = {"means": means, "spread": spread, "eps": eps, "share": share}
    return Interactive("means", "real", colours=COLOURS, ranges=RANGES, **numbers)


def _loss(weight, apart, spread, eps, share):
    """Return the robust logistic loss with the best bias, one for each weight."""
    slope, bias = weight[:, None, None], BIASES[:, None]
    reach = eps * np.abs(slope)
    upper = slope * (apart / 2 + spread) + bias - reach
    lower = slope * (apart / 2 + spread) - bias - reach
    lost = [np.logaddexp(0, -margin).mean(-1) for margin in (upper, lower)]
    return (share * lost[0] + (1 - share) * lost[1]).min(1)

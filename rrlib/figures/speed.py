"""The figure of the chapter on speed."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.style import finish, legend_below


def speed_rates(table, source):
    """Draw recourses per second of the batch and of the loop, a panel for each number of models.

    Parameters
    ----------
    table : DataFrame
        Rows of the benchmark: `method`, `model`, `models`, `batch, per second` and
        `loop, per second`.
    source : "real" or "twin"

    Examples
    --------
    >>> table = pd.DataFrame({"method": "scfe", "model": "network", "models": [1, 8]})
    >>> table["batch, per second"], table["loop, per second"] = 1000.0, 100.0
    >>> fig = figures.speed_rates(table, "twin")
    >>> len(fig.axes)
    2
    """
    counts = sorted(set(table["models"].tolist()))
    fig, axes = plt.subplots(1, len(counts), figsize=(9, 3.6), sharex=True, sharey=True)
    for ax, count in zip(axes, counts):
        part = table[table["models"] == count].iloc[::-1]
        height = np.arange(len(part))
        loop, batch = part["loop, per second"], part["batch, per second"]
        ax.hlines(height, loop, batch, color="0.7", linewidth=2)
        ax.plot(loop, height, "o", color="#882255", label="loop over persons")
        ax.plot(batch, height, "s", color="#117733", label="batch")
        plural = "s" if count > 1 else ""
        ax.set(xscale="log", xlabel="recourses per second", title=f"{count} model{plural} at once")
        ax.set_yticks(height, part["method"] + ", " + part["model"])
    legend_below(fig, axes[0])
    return finish(fig, source)

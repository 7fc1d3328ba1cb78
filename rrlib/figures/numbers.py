"""The numbers behind a figure, in a few words that a test can compare where it skips pictures."""

import numpy as np
from matplotlib.patches import FancyArrowPatch


def describe(fig):
    """Return a figure in words, a line for each panel: how many numbers it draws, and their size.

    Lines, points, areas, bars and images count, texts, arrows and colours do not. The size is the
    root mean square. The mean and the slope, of the numbers in their order against places from -1
    to 1, are shares of it: curves that change places, or bend, are told apart. Of a panel without
    ticks, a map whose places mean nothing, the numbers are counted and no more.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from rrlib.figures.numbers import describe
    >>> fig, ax = plt.subplots()
    >>> line = ax.plot([0, 1], [2, 3])
    >>> print(describe(fig))
    Figure of 1 panel
    4 numbers of size 1.87, mean 0.802, slope 0.356
    """
    panels = fig.axes
    lines = [f"Figure of {len(panels)} panel{'s' * (len(panels) != 1)}"]
    for ax in panels:
        values = numbers_of(ax)
        if not len(ax.get_xticks()) and not len(ax.get_yticks()):
            lines.append(f"{len(values)} numbers")
            continue
        size = np.sqrt(np.square(values).mean()) if len(values) else 0.0
        shares = values / (size or 1.0)
        slopes = shares * np.linspace(-1, 1, len(values))
        mean, slope = (part.sum() / max(len(part), 1) for part in (shares, slopes))
        lines.append(
            f"{len(values)} numbers of size {size:.3g}, mean {mean:z.3f}, slope {slope:z.3f}"
        )
    return "\n".join(lines)


def numbers_of(ax):
    """Return all finite numbers that the artists of a panel draw, in the order of drawing."""
    parts = [line.get_xydata() for line in ax.lines]
    for collection in ax.collections:
        parts.append(collection.get_offsets())
        parts += [path.vertices for path in collection.get_paths()]
    for patch in ax.patches:
        if not isinstance(patch, FancyArrowPatch):  # whose path depends on the size of the picture
            parts.append(patch.get_patch_transform().transform(patch.get_path().vertices))
    parts += [image.get_array() for image in ax.images]
    flat = [np.ma.filled(np.ma.asarray(part, dtype=float), np.nan).ravel() for part in parts]
    values = np.concatenate([np.zeros(0), *flat])
    return values[np.isfinite(values)]

"""The navigator: all radii and thresholds, and the offer that someone's wish chooses."""

import matplotlib.pyplot as plt
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_hex

from rrlib.figures.interactive.numbers import Interactive
from rrlib.figures.style import DATASETS, finish, legend_below
from rrlib.figures.tradeoff import PATH, SHOWN, draw_plane
from rrlib.study.navigate import MEASURES

MAP = "cividis"
SHADES = 24
START = {"wish": "robust", "robust": 0.0, "acceptance": 0.0}
"""The wish and the limits from which the reader starts."""


def move_navigator(offers, source):
    """Draw one measure of the plane of radius and share denied, and return what moves.

    Parameters
    ----------
    offers : dict of dataset name -> DataFrame
        As for `tradeoff_plane`; the picture shows the first.
    source : "real" or "twin"

    Returns
    -------
    Interactive

    Examples
    --------
    >>> offer = {"eps": [0.0, 0.1] * 2, "denied": [0.2, 0.2, 0.3, 0.3], "acceptance": 0.8}
    >>> offer |= {"robust": [0.7, 0.8, 0.6, 0.7], "affordable": [0.5, 0.4, 0.4, 0.3], "cost": 1.0}
    >>> table = pd.DataFrame(offer | {"accuracy": 0.75, "front": [True, True, False, False]})
    >>> moving = figures.move_navigator({"german": table}, "twin")
    >>> "German Credit" in moving._repr_html_()
    True
    """
    name, table = next(iter(offers.items()))
    fig, ax = plt.subplots(figsize=(6.2, 3.8))
    values = table.loc[table["denied"].notna(), START["wish"]]
    scale = Normalize(values.min(), values.max())
    draw_plane(ax, table, START["wish"], scale)
    fig.colorbar(ScalarMappable(scale, MAP), ax=ax, label=SHOWN[START["wish"]])
    ax.set(xlabel="trained against $\\epsilon$", ylabel="share denied")
    ax.set_title(DATASETS[name].label)
    legend_below(fig, ax)
    finish(fig, source)
    cases = {}
    for name, table in offers.items():
        first = table.sort_values(["eps", "denied"], na_position="first")
        columns = {column: first[column].to_numpy() for column in ("eps", "denied", *MEASURES)}
        columns["front"] = first["front"].to_numpy().astype(int)
        cases[name] = {"label": DATASETS[name].label} | columns
    shades = [to_hex(colormaps[MAP](k / (SHADES - 1))) for k in range(SHADES)]
    numbers = {"cases": cases, "start": START, "shades": shades, "own": PATH["color"]}
    return Interactive("navigator", source, **numbers)

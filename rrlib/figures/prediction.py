"""Figure of the chapter on a prediction that was made before looking."""

import matplotlib.pyplot as plt

PREDICTED = {"color": "0.8", "linewidth": 7, "solid_capstyle": "butt", "zorder": 1}
COLOURS = {"hit": "#117733", "miss": "#882255"}
MARKERS = {"hit": "o", "miss": "X"}


def predicted_and_found(panels):
    """Draw the interval that was predicted for each quantity, and the one that was found.

    Parameters
    ----------
    panels : dict of x label -> DataFrame
        Rows with `label`, `low`, `high` (predicted), `mean`, `from`, `to` and `outcome`, from the
        top down. Rows that are open are drawn without a mark.

    Examples
    --------
    >>> row = {"label": "claim", "low": 0.1, "high": 0.3, "mean": 0.2, "from": 0.15, "to": 0.25}
    >>> table = pd.DataFrame([row | {"outcome": "held"}])
    >>> fig = figures.predicted_and_found({"change of cost": table, "change of validity": table})
    >>> fig.axes[0].get_xlabel()
    'change of cost'
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(9, 4.2))
    for ax, (xlabel, rows) in zip(axes, panels.items()):
        for place, row in enumerate(rows.to_dict("records")):
            ax.plot([row["low"], row["high"]], [place, place], **PREDICTED)
            if row["outcome"] in COLOURS:
                style = {"color": COLOURS[row["outcome"]], "fmt": MARKERS[row["outcome"]]}
                span = [[row["mean"] - row["from"]], [row["to"] - row["mean"]]]
                ax.errorbar(row["mean"], place, xerr=span, capsize=2, **style)
        ax.axvline(0, color="black", linewidth=0.8, zorder=0)
        ax.set_yticks(range(len(rows)), rows["label"])
        ax.set_xlabel(xlabel)
        ax.invert_yaxis()
    axes[0].plot([], [], label="predicted", **PREDICTED)
    for outcome, colour in COLOURS.items():
        label = f"found: a {outcome}"
        axes[0].errorbar([], [], xerr=[], fmt=MARKERS[outcome], color=colour, label=label)
    fig.legend(loc="outside lower center", ncols=3)
    return fig

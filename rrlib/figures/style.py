"""The look of every figure: colours, markers, bands, the stamp on a twin."""

import matplotlib.pyplot as plt

METHOD_COLOURS = {"scfe": "#0072B2", "cchvae": "#D55E00", "growing_spheres": "#009E73"}
METHOD_MARKERS = {"scfe": "o", "cchvae": "s", "growing_spheres": "^"}
METHOD_LABELS = {"scfe": "SCFE", "cchvae": "C-CHVAE", "growing_spheres": "growing spheres"}
DATASET_COLOURS = {"adult": "#332288", "compas": "#CC6677", "german": "#117733"}
DATASET_LABELS = {"adult": "Adult", "compas": "COMPAS", "german": "German Credit"}
DATASET_MARKERS = {"adult": "o", "compas": "s", "german": "^"}
BOUND = {"color": "0.35", "linestyle": "--", "linewidth": 1.2}
EPS_MAP = plt.get_cmap("viridis_r")


def use_style():
    """Set the look of every figure: small, legible in print and on a phone, no top and right spine."""
    plt.rcParams.update({
        "figure.dpi": 110, "savefig.dpi": 110, "figure.constrained_layout.use": True, "font.size": 10,
        "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10, "axes.titleweight": "bold",
        "axes.titlelocation": "left", "legend.frameon": False, "legend.fontsize": 9, "lines.linewidth": 1.6,
    })


def finish(fig, source):
    """Stamp a figure that was drawn from a synthetic twin, so that nobody takes it for a result; returns the figure."""
    if source == "twin":
        fig.text(0.5, 0.5, "synthetic twin: not a result", rotation=20, ha="center", va="center", fontsize=22, color="#B00020", alpha=0.45)
    return fig


def legend_below(fig, ax):
    """Put the legend of one panel below the whole figure, where it covers nothing."""
    handles, labels = ax.get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=len(labels), markerscale=4)


def band(ax, x, interval, **style):
    """Draw a mean over seeds as a line, and its interval as a band in the same colour."""
    line, = ax.plot(x, interval.mean, **style)
    ax.fill_between(x, interval.low, interval.high, color=line.get_color(), alpha=0.2, linewidth=0)
    return line

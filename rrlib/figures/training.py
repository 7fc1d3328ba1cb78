"""The figures of the chapter on training."""

import matplotlib.pyplot as plt
import numpy as np

from rrlib.figures.style import BOUND, DATASET_LABELS, EPS_MAP, band, finish, legend_below

CROSS = {"linestyle": "none", "marker": "x", "color": "black", "markersize": 6, "label": "one class on the test rows"}
"""The mark of models of which some seed's gives all test rows one label."""


def inner_maximum(w, radius, worst):
    """Draw the balls of both norms around one point, the direction of the weights, and the worst perturbation in each ball.

    Parameters
    ----------
    w : array of shape (2,)
    radius : float
    worst : dict of label -> perturbation, array of shape (2,), for p = inf and then p = 2
    """
    fig, ax = plt.subplots(figsize=(4.6, 3.6))
    angle = np.linspace(0, 2 * np.pi, 200)
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]])
    outlines = radius * square, radius * np.column_stack([np.cos(angle), np.sin(angle)])
    across = np.array([-w[1], w[0]]) / np.linalg.norm(w)
    for (label, delta), outline, colour in zip(worst.items(), outlines, ("#0072B2", "#D55E00")):
        ax.plot(*outline.T, color=colour, label=label)
        ax.plot(*delta, "o", color=colour)
        ax.plot(*np.transpose([delta - across, delta + across]), **BOUND)
    ax.annotate("", radius * w / np.linalg.norm(w), (0, 0), arrowprops={"arrowstyle": "->"})
    ax.annotate("$w$", radius * w / np.linalg.norm(w), xytext=(4, 2), textcoords="offset points")
    ax.plot(0, 0, "k.")
    ax.set(aspect="equal", xlabel="first feature, $\\delta_1$", ylabel="second feature, $\\delta_2$", xlim=(-1.6 * radius, 1.6 * radius), ylim=(-1.6 * radius, 1.6 * radius))
    legend_below(fig, ax)
    return fig


def attack_bracket(radii, brackets, one_class, source):
    """Draw how far an attack lowers the accuracy of networks, and how far none can, against the radius of the attack.

    Parameters
    ----------
    radii : array of shape (K,)
    brackets : dict of dataset name -> dict of eps -> (certified, attacked), arrays of shape (K,)
    one_class : dict of dataset name -> list of the eps whose model gives all test rows one label
    source : "real" or "twin"
    """
    fig, axes = plt.subplots(1, len(brackets), figsize=(9, 3.5), sharey=True)
    for ax, (name, pairs) in zip(axes, brackets.items()):
        for eps, (certified, attacked) in pairs.items():
            colour = EPS_MAP(0.1 + 0.9 * eps / max(pairs))
            ax.plot(radii, attacked, color=colour, label=f"trained against $\\epsilon = {eps:g}$")
            ax.fill_between(radii, certified, attacked, color=colour, alpha=0.3, linewidth=0)
            if eps in one_class[name]:
                ax.plot(radii, attacked, **CROSS)
        ax.set(xlabel="radius of the attack\n(standard deviations)", title=DATASET_LABELS[name])
    axes[0].set_ylabel("adversarial accuracy")
    _legend(fig, axes)
    return finish(fig, source)


def adversarial_accuracy_panels(eps, curves, one_class, majority, source):
    """Draw accuracy under attack against the radius of training: a row for each kind of model, a column for each dataset.

    Parameters
    ----------
    eps : array of shape (E,)
    curves : dict of (kind, dataset name) -> dict of label -> Interval of arrays of shape (E,)
    one_class : dict of (kind, dataset name) -> bool array of shape (E,)
        Where a cross marks that some seed's model gives all test rows one label.
    majority : dict of dataset name -> share of the larger class
    source : "real" or "twin"
    """
    kinds, names = (list(dict.fromkeys(key[part] for key in curves)) for part in (0, 1))
    fig, axes = plt.subplots(len(kinds), len(names), figsize=(9, 5.9), sharex=True, sharey="col", squeeze=False)
    for (kind, name), lines in curves.items():
        ax = axes[kinds.index(kind), names.index(name)]
        for (label, interval), colour, marker in zip(lines.items(), ("#332288", "#DDAA33", "#44AA99", "#882255"), "osD^"):
            band(ax, eps, interval, color=colour, marker=marker, markersize=3.5, label=label)
            crossed = one_class[kind, name]
            ax.plot(np.asarray(eps)[crossed], interval.mean[crossed], **CROSS)
        ax.axhline(majority[name], label="share of the larger class", **BOUND)
        ax.set_title(f"{DATASET_LABELS[name]}, {kind}")
    for ax in axes[-1]:
        ax.set_xlabel("trained against $\\epsilon$\n(standard deviations)")
    for ax in axes[:, 0]:
        ax.set_ylabel("accuracy")
    _legend(fig, axes)
    return finish(fig, source)


def adversarial_matrix(eps, matrices, one_class, source):
    """Draw accuracy under attack by radius of training (across) and radius of the attack (upwards), as one image for each model.

    Parameters
    ----------
    eps : array of shape (E,)
    matrices : dict of (kind, dataset name) -> array of shape (E, E), attack first
        A circle marks the best model for each attack.
    one_class : dict of (kind, dataset name) -> bool array of shape (E,)
        Where a cross above the image marks that some seed's model gives all test rows one label.
    source : "real" or "twin"
    """
    kinds, names = (list(dict.fromkeys(key[part] for key in matrices)) for part in (0, 1))
    fig, axes = plt.subplots(len(kinds), len(names), figsize=(9, 6.2), sharex=True, sharey=True, squeeze=False)
    ticks = np.arange(len(eps))
    for column, name in enumerate(names):
        values = [matrices[kind, name] for kind in kinds]
        for row, kind in enumerate(kinds):
            ax = axes[row, column]
            image = ax.imshow(values[row], origin="lower", cmap="cividis", vmin=np.min(values), vmax=np.max(values), aspect="auto")
            ax.plot(values[row].argmax(1), ticks, "o", color="white", markersize=5, markeredgecolor="black", label="best for this attack")
            crossed = ticks[one_class[kind, name]]
            ax.plot(crossed, np.full(len(crossed), len(eps)), **CROSS)
            ax.set(xticks=ticks, yticks=ticks, ylim=(-0.5, len(eps) + 0.5), title=f"{DATASET_LABELS[name]}, {kind}")
            ax.set_xticklabels([f"{e:g}" for e in eps], rotation=60)
            ax.set_yticklabels([f"{e:g}" for e in eps])
        fig.colorbar(image, ax=axes[:, column], location="bottom", label="adversarial accuracy", shrink=0.9)
    for ax in axes[-1]:
        ax.set_xlabel("trained against $\\epsilon$\n(standard deviations)")
    for ax in axes[:, 0]:
        ax.set_ylabel("radius of the attack\n(standard deviations)")
    _legend(fig, axes)
    return finish(fig, source)


def _legend(fig, axes):
    """Put one entry for each label of the panels below the whole figure."""
    found = {label: handle for ax in axes.flat for handle, label in zip(*ax.get_legend_handles_labels())}
    fig.legend(found.values(), found.keys(), loc="outside lower center", ncols=min(len(found), 4))

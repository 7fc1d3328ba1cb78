"""What the paper left open, varied: networks, class weights, budgets, the settings of SCFE."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from rrlib.data import datasets
from rrlib.models.deep import init_two_layers
from rrlib.models.descent import train_from
from rrlib.models.family import EPS_GRID, select
from rrlib.models.logistic import fit_logistic
from rrlib.models.network import init_network
from rrlib.recourse import growing_spheres, scfe
from rrlib.study.common import cap, named
from rrlib.study.equal import least_cost, thresholds
from rrlib.study.results import SOME

RADIUS = {"adult": 0.2, "compas": 0.2, "german": 0.05}
"""Of the robust model: on German Credit linear models give one class from 0.1 on."""

BUDGETS = (5.0, 2.0)
"""Largest l2 costs that count, standard deviations."""

SCFE_SETTINGS = {
    "s = 0.25": {"s": 0.25},
    "s = 4": {"s": 4.0},
    "lam = 0.001": {"lam": 0.001},
    "lam = 0.1": {"lam": 0.1},
}
COLUMNS = (
    "choice",
    "scfe cost",
    "scfe valid",
    "growing_spheres cost",
    "growing_spheres valid",
    "apart",
    "n",
    "same",
    "threshold",
    "geometry",
    "equal",
)


class Searched(NamedTuple):
    """What a standard and a robust model recommend.

    Attributes
    ----------
    favourable : bool array of shape (2, n)
    flips : dict of method -> Recourse
        Towards the opposite of each model's own prediction.
    path : array of shape (3, 2, n)
        Least costs of a yes at the thresholds of `equal.NAMES`.
    helped : bool array of shape (3, 2, n)
        Who is denied and has a recourse there.
    apart : float
        How far the shares of denied training rows that should be equal are apart.
    """

    favourable: np.ndarray
    flips: dict
    path: np.ndarray
    helped: np.ndarray
    apart: float


def choices(slices):
    """Return what a robust model changes, under one choice after the other.

    The robust model is the one of `RADIUS`. Costs are relative to the standard model's mean over
    the same rows.

    Returns
    -------
    DataFrame
        `dataset`, `kind`, `seed`, `choice`; `scfe cost`, ... (the mean change of cost over the rows
        that both models give one label and a recourse), `scfe valid`, ... (the change of validity),
        both of all test rows towards the other label; and of the people who are denied and helped
        under all four models of `parts.parts`: `apart` and `n` as there, `same` (what they pay more
        under the robust model), `threshold` and `geometry` (the lesser of both orders) and `equal`
        (what they pay more at equal acceptance).
    """
    found = []
    for one in slices:
        e = EPS_GRID.index(RADIUS[one.dataset])
        usual = one._replace(model=select(one.model, [0, e]))
        rows = list(_of_usual(usual))
        for choice, model in retrained(one).items():
            searched = search(one._replace(model=model))
            rows.append({"choice": choice} | measure(searched, cap(one)))
        found.append(named(pd.DataFrame(rows).reindex(columns=COLUMNS), one))
    return pd.concat(found, ignore_index=True)


def _of_usual(one):
    """Yield the rows of the choices that leave the models as they are."""
    searched = search(one)
    yield {"choice": "usual"} | measure(searched, cap(one))
    for budget in BUDGETS:
        yield {"choice": f"budget {budget:g}"} | measure(searched, budget)
    for choice, options in SCFE_SETTINGS.items():
        flips = {"scfe": scfe(one.model, one.X, **options)}
        yield {"choice": choice} | of_flips(flips, searched.favourable, cap(one))


def retrained(one):
    """Return the standard and the robust model of each choice that needs others, by name."""
    data = datasets.load(one.dataset, seed=one.seed, scaling=one.scaling)
    eps, d = [0.0, RADIUS[one.dataset]], data.X_train.shape[1]
    X, y = data.X_train, data.y_train
    times = copies(y)
    balanced = np.repeat(X, times, axis=0), np.repeat(y, times)
    if one.kind == "logistic":
        return {"balanced classes": fit_logistic(*balanced, eps).model}
    start = {
        "half the units": init_network(d, eps, one.seed, hidden=d),
        "four times the units": init_network(d, eps, one.seed, hidden=8 * d),
        "two hidden layers": init_two_layers(d, eps, one.seed),
    }
    found = {name: train_from(model, X, y, seed=one.seed) for name, model in start.items()}
    usual = init_network(d, eps, one.seed)
    return found | {"balanced classes": train_from(usual, *balanced, seed=one.seed)}


def copies(y, most=7):
    """Return how often to take each row, so that the classes have nearly equal shares.

    Parameters
    ----------
    y : array of shape (n,), labels 0 or 1
    most : int
        The most copies of a row.
    """
    counts = np.bincount(y, minlength=2)
    times = np.arange(1, most + 1)
    off = np.abs(np.log(np.outer(times, 1 / times) * counts[0] / counts[1]))
    pair = np.unravel_index(off.argmin(), off.shape)
    return times[list(pair)][y]


def search(one):
    """Return what the two models of a slice recommend, as `Searched`."""
    models = thresholds(one)
    logits = models.family(one.X).numpy().reshape(3, 2, -1)
    cost, valid = least_cost(models.family, one.X, max_cost=cap(one), seed=one.seed)
    helped = (logits < 0) & valid.reshape(logits.shape)
    helped &= ~np.isnan(models.threshold)[:, :, None]
    apart = np.abs(models.denied[1:, 1] - models.denied[0]).max()
    flips = {
        "scfe": scfe(one.model, one.X),
        "growing_spheres": growing_spheres(one.model, one.X, max_cost=cap(one), seed=one.seed),
    }
    favourable = one.model(one.X).numpy() >= 0
    return Searched(favourable, flips, cost.reshape(logits.shape), helped, apart)


def measure(searched, budget):
    """Return the measures of `choices` where recourses count up to a budget."""
    row = of_flips(searched.flips, searched.favourable, budget)
    helped = searched.helped & (searched.path <= budget)
    people = helped[0, 0] & helped[2, 1] & helped[1, 1] & helped[0, 1]
    row |= {"apart": searched.apart, "n": people.sum()}
    if people.sum() >= SOME:
        path = searched.path[:, :, people].mean(-1)
        row |= of_path(path[0, 0], path[2, 1], path[1, 1], path[0, 1])
    return row


def of_flips(flips, favourable, budget):
    """Return the relative change of cost and the change of validity for each method.

    Parameters
    ----------
    flips : dict of method -> Recourse
        Of the standard and the robust model.
    favourable : bool array of shape (2, n)
    budget : float
        The largest cost that counts, in scaled features.
    """
    row = {}
    for method, found in flips.items():
        cost = found.cost.numpy()
        valid = found.valid.numpy() & (cost <= budget)
        before, after = valid.mean(-1)
        row[f"{method} valid"] = after - before
        common = valid.all(0) & (favourable[0] == favourable[1])
        if common.sum() >= SOME:
            before, after = cost[:, common].mean(-1)
            row[f"{method} cost"] = (after - before) / before
    return row


def of_path(standard, rate, equal, robust):
    """Return the parts of a rise from four mean costs of the same people, see `parts.parts`."""
    thresholds = robust - equal, rate - standard
    geometry = equal - standard, robust - rate
    return {
        "same": (robust - standard) / standard,
        "threshold": min(thresholds) / standard,
        "geometry": min(geometry) / standard,
        "equal": (equal - standard) / standard,
    }

"""The sweep: every dataset, kind of model, seed and method, slice by slice."""

from itertools import product
from numbers import Integral
from typing import NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from rrlib.data import datasets
from rrlib.study.pieces import (
    SEARCHES,
    TRAINERS,
    Setting,
    is_stored,
    models_of,
    remember,
    search,
    stamp_search,
)
from rrlib.study.spread import spread

METHODS = ("scfe", "cchvae", "growing_spheres")
KINDS = ("logistic", "network")
"""The paper's kinds of model, as the field trains them."""

SEEDS = tuple(range(5))
"""The seeds that explore; 5 to 9 confirm, see `datasets.load`."""


class Slice(NamedTuple):
    """One dataset, one kind of model, one seed: its models, and what each method recommends.

    Attributes
    ----------
    dataset, kind : str
    seed : int
    source : "real" or "twin"
    scaling : {"standard", "minmax"}
    model : LogisticRegression or Network
        At the radii of EPS_GRID.
    X : array of shape (n, d)
        The test rows that were searched from, scaled features.
    y : array of shape (n,)
        Their labels.
    logits : array of shape (E, n)
        Of the rows of X.
    accuracy : array of shape (E,)
        On all test rows.
    recourse : dict of method -> Recourse or LatentRecourse, as arrays, float32
        For every row of X, towards the opposite of each model's own prediction; not valid where
        the cost is above the cap.
    """

    dataset: str
    kind: str
    seed: int
    source: str
    scaling: str
    model: NamedTuple
    X: np.ndarray
    y: np.ndarray
    logits: np.ndarray
    accuracy: np.ndarray
    recourse: dict


def run(
    names=datasets.NAMES,
    kinds=KINDS,
    seeds=SEEDS,
    *,
    methods=METHODS,
    options=None,
    scaling="standard",
    p=np.inf,
    rows=None,
    jobs=2,
    cache=True,
):
    """Compute, or fetch from the cache, the slices of the study.

    A finished slice is stored at once, so an interrupted run goes on where it stopped. The cache
    lies in the folder that `RRLIB_CACHE` names, else in this machine's usual one.

    Parameters
    ----------
    names : sequence of dataset names
    kinds : sequence out of "logistic" (exact minimisers), "network" (PGD training) and "certified"
        (networks trained on a certificate)
    seeds : sequence of int
        A seed redraws everything that is random: split, initial weights, batches, VAE and search.
    methods : sequence out of METHODS and "scfe_adam", the field's setting of SCFE
    options : dict of method -> dict of its keyword arguments, optional
        A `seed` among them redraws the search alone.
    scaling : {"standard", "minmax"}
    p : {2, inf}
        Norm of the perturbations in training.
    rows : int, optional
        How many test rows of each split are searched from; all if None.
    jobs : int
        Worker processes, one torch thread each; two threads in one process gave erratic rates.
        Where the caller has activated another backend of joblib, that one decides.
    cache : bool
        Whether stored slices are used and new ones stored.

    Returns
    -------
    list of Slice
        In the order of names, kinds and seeds.

    Raises
    ------
    ValueError
        On an unknown dataset, kind, method or option, or a seed that is no whole number.

    Examples
    --------
    >>> slices = study.run(
    ...     ["german"], ["logistic"], [0], methods=("scfe",), rows=5, cache=False, jobs=1
    ... )
    >>> slices[0].recourse["scfe"].cost.shape
    (8, 5)
    """
    names = _chosen("names", names, datasets.NAMES)
    kinds = _chosen("kinds", kinds, TRAINERS)
    methods = _chosen("methods", methods, SEARCHES)
    seeds = [_whole(seed) for seed in seeds]
    options = options or {}
    unasked = set(options) - set(methods)
    if unasked:
        listed = ", ".join(sorted(unasked))
        raise ValueError(f"options are given for {listed}, which methods does not ask for")
    settings = [
        Setting(name, kind, seed, scaling, p, datasets.source(name), rows)
        for name, kind, seed in product(names, kinds, seeds)
    ]
    slices = [None] * len(settings)
    todo = []
    for i, setting in enumerate(settings):
        stored = [is_stored(setting, method, options.get(method, {})) for method in methods]
        if cache and all(stored):
            slices[i] = assemble(setting, methods, options)
        else:
            todo.append(i)
    if todo:
        calls = [(settings[i], methods, options, cache) for i in todo]
        found = spread(compute, calls, jobs)
        bar = tqdm(found, total=len(todo), desc="study", disable=None)
        for one, i in zip(bar, todo):  # the generator is asked to its end, and closes its workers
            slices[i] = one
    return slices


def _chosen(what, given, known):
    """Return some names as a list; raise unless they are known ones alone."""
    chosen = [given] if isinstance(given, str) else list(given)
    if isinstance(given, str) or not set(chosen) <= set(known):
        raise ValueError(f"{what} must be a sequence out of {', '.join(known)}, not {given!r}")
    return chosen


def _whole(seed):
    """Return a seed as Python's own int; raise unless it is a whole number, at least 0."""
    if not isinstance(seed, Integral) or seed < 0:
        raise ValueError(f"seeds must be whole numbers, at least 0, not {seed!r}")
    return int(seed)


def compute(setting, methods, options, cache=True):
    """Compute one slice in one torch thread."""
    torch.set_num_threads(1)
    return assemble(setting, methods, options, cache)


def assemble(setting, methods, options, cache=True):
    """Put one slice together; what is stored of it is fetched."""
    data = datasets.load(setting.name, seed=setting.seed, scaling=setting.scaling)
    model = models_of(setting, cache)
    logits = model(data.X_test).numpy()
    accuracy = ((logits >= 0) == (data.y_test == 1)).mean(-1)
    searched = slice(setting.rows)
    recourse = {}
    for method in methods:
        chosen = options.get(method, {})
        stamp = stamp_search(setting, method)
        recourse[method] = remember(search, cache)(setting, method, chosen, stamp, cache)
    return Slice(
        setting.name,
        setting.kind,
        setting.seed,
        data.source,
        data.scaling,
        model,
        data.X_test[searched],
        data.y_test[searched],
        logits[:, searched],
        accuracy,
        recourse,
    )

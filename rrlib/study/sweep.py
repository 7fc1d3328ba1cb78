"""The sweep: dataset x model x eps x method x seed, cached on disk.

The cache tells results apart by everything that they depend on.
"""

from itertools import product

import numpy as np
import torch
from joblib import Parallel, delayed, parallel_config
from tqdm import tqdm

from rrlib.data import datasets
from rrlib.models import logistic, network, vae
from rrlib.models.family import EPS_GRID
from rrlib.recourse import cchvae, growing_spheres, scfe, scfe_adam
from rrlib.study.results import Slice, fingerprint, remember

METHODS = ("scfe", "cchvae", "growing_spheres")
SEARCHES = {
    "scfe": scfe,
    "cchvae": cchvae,
    "growing_spheres": growing_spheres,
    "scfe_adam": scfe_adam,
}
MAX_COST, MAX_COST_BOX = 10.0, 3.0
"""The largest l2 cost of a recourse that counts, in standard deviations, and with min-max scaling.

There no two rows of the box [0, 1]^d are farther apart than sqrt(d) < 3. C-CHVAE and growing
spheres stop at the cap; SCFE has none of its own.
"""

KINDS = ("logistic", "network")
SEEDS = tuple(range(5))


def run(
    names=datasets.NAMES,
    kinds=KINDS,
    seeds=SEEDS,
    *,
    methods=METHODS,
    options=None,
    scaling="standard",
    p=np.inf,
    jobs=2,
    cache=True,
):
    """Compute, or fetch from the cache, the slices of the study.

    A finished slice is stored at once, so an interrupted run goes on where it stopped. The cache
    lies in the folder that `RRLIB_CACHE` names, else in this machine's usual one.

    Parameters
    ----------
    names : sequence of dataset names
    kinds : sequence out of "logistic" (exact minimisers) and "network" (PGD training)
    seeds : sequence of int
        A seed redraws everything that is random: split, initial weights, batches, VAE and search.
    methods : sequence out of METHODS and "scfe_adam", the field's setting of SCFE
    options : dict of method -> dict of its keyword arguments, optional
        A `seed` among them redraws the search alone.
    scaling : {"standard", "minmax"}
    p : {2, inf}
        Norm of the perturbations in training.
    jobs : int
        Worker processes, one torch thread each; two threads in one process gave erratic rates.
    cache : bool
        Whether stored slices are used and new ones stored.

    Returns
    -------
    list of Slice
        In the order of names, kinds and seeds.

    Raises
    ------
    ValueError
        On an unknown dataset, kind, method or option.
    """
    _check_choice("names", names, datasets.NAMES)
    _check_choice("kinds", kinds, KINDS)
    _check_choice("methods", methods, SEARCHES)
    options = options or {}
    unasked = set(options) - set(methods)
    if unasked:
        listed = ", ".join(sorted(unasked))
        raise ValueError(f"options are given for {listed}, which methods does not ask for")
    stamps = {name: fingerprint(name) for name in names}
    tasks = [
        (name, kind, seed, scaling, p, tuple(methods), options, stamps[name], cache)
        for name, kind, seed in product(names, kinds, seeds)
    ]
    worker = remember(compute, ignore=["cache"]) if cache else compute
    done = [cache and worker.check_call_in_cache(*task) for task in tasks]
    slices = [worker(*task) if ready else None for task, ready in zip(tasks, done)]
    todo = [i for i, ready in enumerate(done) if not ready]
    if todo:
        calls = [delayed(worker)(*tasks[i]) for i in todo]
        with parallel_config(backend="loky", inner_max_num_threads=1):
            found = Parallel(n_jobs=jobs, return_as="generator")(calls)
            for i, one in zip(todo, tqdm(found, total=len(todo), desc="study", disable=None)):
                slices[i] = one
    return slices


def _check_choice(what, given, known):
    """Raise unless a sequence of names holds known ones alone."""
    if isinstance(given, str) or not set(given) <= set(known):
        raise ValueError(f"{what} must be a sequence out of {', '.join(known)}, not {given!r}")


def compute(name, kind, seed, scaling, p, methods, options, stamp, cache):
    """Compute one slice in one torch thread.

    `stamp` is the fingerprint that the cache tells results apart by.
    """
    torch.set_num_threads(1)
    data = datasets.load(name, seed=seed, scaling=scaling)
    model = _stored(fit, cache)(name, kind, seed, scaling, p, stamp)
    logits = model(data.X_test).numpy()
    cap = MAX_COST if scaling == "standard" else MAX_COST_BOX
    recourse = {}
    for method in methods:
        chosen = dict(options.get(method, {}))
        if not method.startswith("scfe"):
            chosen = {"seed": seed, "max_cost": cap} | chosen
        if method == "cchvae":
            fitted = _stored(fit_vae, cache)(name, seed, stamp)
            chosen["vae"] = fitted if scaling == "standard" else in_units_of(data, fitted)
        found = SEARCHES[method](model, data.X_test, **chosen)
        found = found._replace(valid=found.valid & (found.cost <= cap))
        recourse[method] = type(found)(*map(_slim, found))
    accuracy = ((logits >= 0) == (data.y_test == 1)).mean(-1)
    return Slice(name, kind, seed, data.source, model, data.X_test, logits, accuracy, recourse)


def _stored(function, cache):
    """Return a function with its results stored in the study's cache, if `cache` asks for it."""
    return remember(function) if cache else function


def fit(name, kind, seed, scaling, p, stamp):
    """Train one kind of model at every eps."""
    data = datasets.load(name, seed=seed, scaling=scaling)
    if kind == "logistic":
        return logistic.fit_logistic(data.X_train, data.y_train, EPS_GRID, p=p).model
    return network.fit_network(data.X_train, data.y_train, EPS_GRID, p=p, seed=seed)


def fit_vae(name, seed, stamp):
    """Fit the VAE that all models of a dataset and a seed share, on standardised features."""
    return vae.fit_vae(datasets.load(name, seed=seed).X_train, seed=seed)


def in_units_of(data, fitted):
    """Return a VAE of standardised features for the same features in the scaling of `data`."""
    standard = datasets.load(data.name, seed=data.seed)
    scale = standard.scale / data.scale
    shift = (standard.center - data.center) / data.scale
    return vae.rescale(fitted, scale, shift)


def _slim(field):
    """Return a tensor as an array, real numbers in float32."""
    return field.float().numpy() if field.is_floating_point() else field.numpy()

"""The sweep: dataset x model x eps x method x seed, cached on disk by everything that a result depends on."""

import hashlib
import os
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from joblib import Memory, Parallel, delayed, parallel_config
from tqdm import tqdm

from rrlib import attacks, datasets, logistic, metrics, models, rawfiles, training, twins, vae
from rrlib.models import EPS_GRID
from rrlib.recourse import cchvae, growing_spheres, scfe, scfe_adam

METHODS = ("scfe", "cchvae", "growing_spheres")
SEARCHES = {"scfe": scfe, "cchvae": cchvae, "growing_spheres": growing_spheres, "scfe_adam": scfe_adam}
MAX_COST, MAX_COST_BOX = 10.0, 3.0
"""The largest l2 cost of a recourse that counts, in standard deviations, and with min-max scaling, where no two rows of the box
[0, 1]^d are farther apart than sqrt(d) < 3. C-CHVAE and growing spheres stop there; SCFE has no cap of its own."""

KINDS = ("logistic", "network")
SEEDS = tuple(range(5))
SOURCES = [Path(module.__file__) for module in (attacks, datasets, logistic, models, rawfiles, training, twins, vae)]
SOURCES += [Path(__file__), *sorted(Path(__file__).with_name("recourse").glob("*.py"))]
"""The code that a slice is computed with; metrics and figures are not part of it, so that a change there costs nothing."""


class Slice(NamedTuple):
    """One dataset, one kind of model, one seed: the models at every eps, and what each method recommends to the test set.

    Attributes
    ----------
    dataset, kind : str
    seed : int
    source : "real" or "twin"
    model : LogisticRegression or Network
        At the radii of EPS_GRID.
    X : array of shape (n, d)
        The test rows, scaled features.
    logits : array of shape (E, n)
        Of the test rows.
    accuracy : array of shape (E,)
        On the test rows.
    recourse : dict of method -> Recourse or LatentRecourse, as arrays, float32
        For every test row, towards the opposite of each model's own prediction; not valid where the cost is above the cap.
    """

    dataset: str
    kind: str
    seed: int
    source: str
    model: NamedTuple
    X: np.ndarray
    logits: np.ndarray
    accuracy: np.ndarray
    recourse: dict


def run(names=datasets.NAMES, kinds=KINDS, seeds=SEEDS, *, methods=METHODS, options=None, scaling="standard", p=np.inf, jobs=2, cache=True):
    """Compute, or fetch from the cache, the slices of the study.

    A finished slice is stored at once, so an interrupted run goes on where it stopped. The cache lies in the folder that
    `RRLIB_CACHE` names, else in this machine's usual one.

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
    for what, given, known in (("names", names, datasets.NAMES), ("kinds", kinds, KINDS), ("methods", methods, SEARCHES)):
        if isinstance(given, str) or not set(given) <= set(known):
            raise ValueError(f"{what} must be a sequence out of {', '.join(known)}, not {given!r}")
    options = options or {}
    if not set(options) <= set(methods):
        raise ValueError(f"options are given for {', '.join(sorted(set(options) - set(methods)))}, which methods does not ask for")
    worker = remember(compute) if cache else compute
    tasks = [(name, kind, seed, scaling, p, tuple(methods), options, fingerprint(name), cache) for name, kind, seed in product(names, kinds, seeds)]
    done = [cache and worker.check_call_in_cache(*task) for task in tasks]
    slices = [worker(*task) if ready else None for task, ready in zip(tasks, done)]
    todo = [i for i, ready in enumerate(done) if not ready]
    if todo:
        with parallel_config(backend="loky", inner_max_num_threads=1):
            found = Parallel(n_jobs=jobs, return_as="generator")(delayed(worker)(*tasks[i]) for i in todo)
            for i, one in zip(todo, tqdm(found, total=len(todo), desc="study", disable=None)):
                slices[i] = one
    return slices


def compute(name, kind, seed, scaling, p, methods, options, stamp, cache):
    """Compute one slice in one torch thread; `stamp` is the fingerprint that the cache tells results apart by."""
    torch.set_num_threads(1)
    data = datasets.load(name, seed=seed, scaling=scaling)
    kept = remember if cache else lambda function: function
    model = kept(fit)(name, kind, seed, scaling, p, stamp)
    logits = model(data.X_test).numpy()
    cap, recourse = MAX_COST if scaling == "standard" else MAX_COST_BOX, {}
    for method in methods:
        chosen = dict(options.get(method, {}))
        if not method.startswith("scfe"):
            chosen = {"seed": seed, "max_cost": cap} | chosen
        if method == "cchvae":
            fitted = kept(fit_vae)(name, seed, stamp)
            chosen["vae"] = fitted if scaling == "standard" else in_units_of(data, fitted)
        found = SEARCHES[method](model, data.X_test, **chosen)
        found = found._replace(valid=found.valid & (found.cost <= cap))
        recourse[method] = type(found)(*(_slim(field) for field in found))
    accuracy = ((logits >= 0) == (data.y_test == 1)).mean(-1)
    return Slice(name, kind, seed, data.source, model, data.X_test, logits, accuracy, recourse)


def fit(name, kind, seed, scaling, p, stamp):
    """Train one kind of model at every eps."""
    data = datasets.load(name, seed=seed, scaling=scaling)
    if kind == "logistic":
        return logistic.fit_logistic(data.X_train, data.y_train, EPS_GRID, p=p).model
    return training.fit_network(data.X_train, data.y_train, EPS_GRID, p=p, seed=seed)


def fit_vae(name, seed, stamp):
    """Fit the VAE that all models of a dataset and a seed share, on standardised features."""
    return vae.fit_vae(datasets.load(name, seed=seed).X_train, seed=seed)


def in_units_of(data, fitted):
    """Return a VAE of standardised features for the same features in another scaling, that of `data`."""
    standard = datasets.load(data.name, seed=data.seed)
    return vae.rescale(fitted, standard.scale / data.scale, (standard.center - data.center) / data.scale)


def table(slices):
    """Return one tidy table of all slices: a row for each dataset, kind, seed, method, eps and reading.

    The measures are those of `metrics.summarise`; `accuracy` is the model's on the test rows, `denied` the share of test rows
    that it denies, and `one_class` says that it predicts a single class for all of them.
    """
    parts = []
    for one in slices:
        favourable = one.logits >= 0
        for method, recourse in one.recourse.items():
            part = metrics.summarise(recourse, favourable, one.X)
            part.insert(0, "eps", np.asarray(EPS_GRID)[part.pop("model")])
            index = np.searchsorted(EPS_GRID, part["eps"])
            part["accuracy"], part["denied"] = one.accuracy[index], 1 - favourable.mean(-1)[index]
            part["one_class"] = (part["denied"] == 0) | (part["denied"] == 1)
            for column, value in (("method", method), ("seed", one.seed), ("kind", one.kind), ("dataset", one.dataset)):
                part.insert(0, column, value)
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def remember(function):
    """Return a function of this module with its results stored in the study's cache."""
    memory = Memory(os.environ.get("RRLIB_CACHE") or rawfiles.cache_folder() / "study", verbose=0)
    return memory.cache(function, ignore=["cache"] if function is compute else None)


def fingerprint(name):
    """Return what a slice depends on besides its arguments: the code, the data and their source, and the versions of torch and numpy."""
    text = [path.read_bytes() for path in SOURCES]
    text += [repr((torch.__version__, np.__version__, EPS_GRID, datasets.source(name))).encode()]
    text += [raw.sha256.encode() for raw in datasets.SPECS[name].files]
    if datasets.source(name) == "twin":
        text.append((twins.FOLDER / f"{name}.json").read_bytes())
    return hashlib.sha256(b"\0".join(text)).hexdigest()


def _slim(field):
    """Return a tensor as an array, real numbers in float32."""
    return field.float().numpy() if field.is_floating_point() else field.numpy()

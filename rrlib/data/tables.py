"""A table of the reader's own: what is read of it, what is left out and why, and its splits."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from rrlib.data.columns import in_order, sort_columns, without_copies
from rrlib.data.datasets import FOLDS, SCALINGS, Dataset
from rrlib.data.labels import as_groups, favourable_rows, find_columns
from rrlib.data.reading import read

LEAST = 10
"""Rows of each class that a table needs: a fifth of them is kept for the test."""


class Split(Dataset):
    """Training and test rows of a reader's table, scaled: a `Dataset` with ways in and out."""

    __slots__ = ()

    def scaled(self, people):
        """Return people in scaled features, shape (n, d), their columns matched by name.

        Parameters
        ----------
        people : DataFrame, original units

        Raises
        ------
        ValueError
            As `in_order`.
        """
        return (in_order(people, self.feature_names).to_numpy() - self.center) / self.scale

    def unscaled(self, X, index=None):
        """Return scaled features, shape (n, d), as a DataFrame in original units."""
        return pd.DataFrame(self.to_raw(np.asarray(X)), index, list(self.feature_names))

    def __repr__(self):
        return (
            f"{self.name}: {len(self.y_train):,} training and {len(self.y_test):,} test rows "
            f"(seed {self.seed}), {len(self.feature_names)} features ({self.scaling} scaling), "
            f"{self.y_train.mean():.1%} of the training rows favourable"
        )


class Table(NamedTuple):
    """The rows of a table that can be used, and what became of the others.

    Attributes
    ----------
    name : str
    features : DataFrame, float64
        Original units; its index counts the rows of the source from 0, the header not counted.
    favourable : int array of shape (n,)
        1 in a favourable row, 0 in an unfavourable one.
    groups : DataFrame
        Columns by which is reported, as text.
    label : str
        What counts as favourable, for example "approved = yes".
    left_out : DataFrame
        `column` and `reason`, in the order of the source.
    dropped : DataFrame
        `reason` and `rows`: how many rows are not used, and why.
    """

    name: str
    features: pd.DataFrame
    favourable: np.ndarray
    groups: pd.DataFrame
    label: str
    left_out: pd.DataFrame
    dropped: pd.DataFrame

    @property
    def whole(self):
        """Return the features that have whole values alone."""
        return tuple(name for name, column in self.features.items() if (column % 1 == 0).all())

    def split(self, *, seed, scaling="standard"):
        """Return four in five of the rows for training and the others for the test, scaled.

        Both parts have the classes in the same shares. A feature that does not vary over the
        training rows has the scale 1.

        Parameters
        ----------
        seed : int
        scaling : {"standard", "minmax"}
            Mean 0 and standard deviation 1, or range 0 to 1, on the training rows.

        Returns
        -------
        Split

        Raises
        ------
        ValueError
            On another scaling, or a seed that is no whole number of at least 0.
        """
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            raise ValueError(f"seed must be a whole number of at least 0, not {seed!r}")
        if scaling not in SCALINGS:
            raise ValueError(f"scaling must be one of {', '.join(SCALINGS)}, not {scaling!r}")
        X, y = self.features.to_numpy(), self.favourable
        places = np.arange(len(y))
        parts = train_test_split(places, test_size=1 / FOLDS, random_state=seed, stratify=y)
        train, test = parts
        center, scale = SCALINGS[scaling](X[train])
        scale = np.where(scale > 0, scale, 1.0)
        return Split(
            name=self.name,
            X_train=(X[train] - center) / scale,
            y_train=y[train],
            X_test=(X[test] - center) / scale,
            y_test=y[test],
            groups_train=self.groups.iloc[train].reset_index(drop=True),
            groups_test=self.groups.iloc[test].reset_index(drop=True),
            feature_names=tuple(self.features),
            center=center,
            scale=scale,
            source="real",
            scaling=scaling,
            seed=seed,
        )

    def __repr__(self):
        return (
            f"{self.name}: {len(self.features):,} rows of {self.features.shape[1]} features, "
            f"{self.favourable.mean():.1%} favourable ({self.label}); "
            f"{len(self.left_out)} columns and {self.dropped['rows'].sum():,} rows left out"
        )


def read_table(
    source,
    *,
    label,
    favourable,
    unfavourable=None,
    columns=None,
    groups=(),
    missing=(),
    most=None,
    name=None,
):
    """Read a table and keep what models and recourse can use: numbers and booleans.

    Dates, text, constant columns and copies of other columns are left out, and so are rows in
    which a feature or the label is missing; `Table.left_out` and `Table.dropped` say so. Infinite
    values count as missing.

    Parameters
    ----------
    source : str, Path or DataFrame
        See `rrlib.data.reading.read`.
    label : str
        The column of the label.
    favourable : value, or its text
        The value of the label that people want.
    unfavourable : value or sequence of values, optional
        Needed where the label has more than two; rows with none of these are left out.
    columns : sequence of str, optional
        The features; all other columns, if omitted.
    groups : sequence of str
        Columns by which is reported. One that holds numbers is a feature too, unless `columns`
        leaves it out.
    missing : sequence of str
        Texts, or numbers, that stand for a missing value.
    most : int, optional
        Of a larger table so many rows are used, drawn at random, always the same ones.
    name : str, optional
        Of the table; that of the file, if omitted.

    Returns
    -------
    Table

    Raises
    ------
    OSError, ValueError
        Where `read` does; on a column that does not exist, a label as of
        `rrlib.data.labels.favourable_rows`, no feature that is left, or too few rows.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> people = pd.DataFrame({"age": rng.integers(20, 60, 90), "income": rng.normal(50, 9, 90)})
    >>> people["loan"] = np.where(people["income"] > 50, "yes", "no")
    >>> table = yours.read_table(people, label="loan", favourable="yes")
    >>> list(table.features), table.label
    (['age', 'income'], 'loan = yes')
    """
    if isinstance(missing, str):
        raise ValueError(f"missing must be a list of texts: write missing=[{missing!r}]")
    frame, others = read(source, missing=missing, most=most)
    if frame.shape[1] < 2:
        raise ValueError(
            f"the table has one column, {frame.columns[0]!r}: it needs the label and a feature"
        )
    (label,) = find_columns(frame.columns, [label], "label")
    groups = find_columns(frame.columns, groups, "group")
    if columns is not None:
        columns = find_columns(frame.columns, columns, "column")
        if label in columns:
            raise ValueError(f"the label {label!r} cannot be a feature: leave it out of columns")
    y = favourable_rows(frame[label], favourable, unfavourable)
    features, reasons = sort_columns(frame.drop(columns=label), columns)
    if not features.shape[1]:
        raise ValueError(f"no column is left as a feature: {_first(reasons)}")
    unknown, gaps = np.isnan(y), features.isna().any(axis=1).to_numpy()
    kept = ~unknown & ~gaps
    _check_classes(y, kept, features)
    features, more = without_copies(features[kept])
    if not features.shape[1]:
        raise ValueError(f"no column is left as a feature: {_first(more)}")
    reasons = reasons | more
    ordered = [(column, reasons[column]) for column in frame if column in reasons]
    dropped = [
        ("the label is missing or neither value", int(unknown.sum())),
        ("a feature is missing", int((gaps & ~unknown).sum())),
        *([("not drawn", others)] if others else []),
    ]
    if name is None:
        name = "your table" if isinstance(source, pd.DataFrame) else Path(source).stem
    return Table(
        name=name,
        features=features,
        favourable=y[kept].astype(np.int64),
        groups=as_groups(frame[kept], groups),
        label=f"{label} = {favourable}",
        left_out=pd.DataFrame(ordered, columns=["column", "reason"]),
        dropped=pd.DataFrame(dropped, columns=["reason", "rows"]),
    )


def _check_classes(y, kept, features):
    """Raise a ValueError unless enough rows of both classes are left."""
    for value, what in ((1, "favourable"), (0, "unfavourable")):
        count, before = int((y[kept] == value).sum()), int((y == value).sum())
        if count < LEAST:
            gaps = features.isna().sum()
            remedy = "add rows"
            if count < before:
                remedy = (
                    f"{before - count} lack a feature, most often {gaps.idxmax()!r}; leave that "
                    "column out, or fill in its values"
                )
            raise ValueError(
                f"{count} {what} rows are left, and at least {LEAST} are needed: {remedy}"
            )


def _first(reasons):
    listed = [f"{column!r} is left out ({reason})" for column, reason in reasons.items()]
    return "; ".join(listed[:3])

"""Which columns of a table are features, why the others are not, and in which order they come."""

import hashlib
import re
from datetime import date

import numpy as np
import pandas as pd

DATE = re.compile(r"\s*(\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})([ T].*)?")

SAMPLE = 1000
"""Texts that are looked at before a column counts as dates."""

MOSTLY = 0.5
"""A column that lacks more of its values is left out, so that its rows need not be."""

FEW = 5
"""A column in which fewer rows differ from its most frequent value counts as constant."""


def as_numbers(column):
    """Return a column as floats, missing and infinite values as NaN, or why it is no feature.

    Booleans become 0 and 1.

    Parameters
    ----------
    column : Series

    Returns
    -------
    array of shape (n,), or None
    str
        The reason; "" where there is an array.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    kind = column.dtype
    if pd.api.types.is_datetime64_any_dtype(kind) or isinstance(kind, pd.PeriodDtype):
        return None, "dates"
    if pd.api.types.is_timedelta64_dtype(kind):
        return None, "durations: give them as numbers"
    if pd.api.types.is_complex_dtype(kind):
        return None, "complex numbers"
    if not pd.api.types.is_numeric_dtype(kind):
        return _from_objects(column)
    values = column.to_numpy(np.float64, na_value=np.nan, copy=True)
    values[np.isinf(values)] = np.nan
    return values, ""


def _from_objects(column):
    """Return a column of Python objects as numbers, or why it is none."""
    known = column.dropna()
    if not len(known):
        return np.full(len(column), np.nan), ""
    if known.map(lambda value: isinstance(value, str)).all():
        return _from_texts(known)
    if known.map(lambda value: isinstance(value, date)).all():
        return None, "dates"
    try:
        plain = pd.to_numeric(column)
    except (TypeError, ValueError):
        return None, "neither numbers nor text alone"
    if pd.api.types.is_object_dtype(plain):  # booleans and missing values, or other objects
        try:
            plain = plain.astype("Float64")
        except (TypeError, ValueError):
            return None, "neither numbers nor text alone"
    return as_numbers(plain)


def _from_texts(known):
    """Say why a column of texts is no feature."""
    if known[:SAMPLE].map(DATE.fullmatch).notna().all():
        return None, "dates"
    number = pd.to_numeric(known, errors="coerce").notna()
    if number.mean() > MOSTLY:
        other = known[~number]
        if not len(other):
            return None, "numbers written as text"
        return None, (
            f"text, though {number.mean():.0%} are numbers: if {other.iloc[0]!r} stands for a "
            f"missing value, say missing=[{other.iloc[0]!r}]"
        )
    if known.nunique() == 1:
        return None, "text, the same in every row"
    return None, f"text, {known.nunique():,} different ones"


def sort_columns(frame, asked=None):
    """Return the features of a table as floats, and the columns that are left out.

    Parameters
    ----------
    frame : DataFrame
        Without its label.
    asked : sequence of str, optional
        Columns that shall be features; all, if omitted.

    Returns
    -------
    DataFrame
        Features in their order, with NaN where a value is missing.
    dict of column -> reason
    """
    features, reasons = {}, {}
    for name in frame:
        if asked is not None and name not in asked:
            reasons[name] = "not asked for"
            continue
        if not name.strip() or re.fullmatch(r"Unnamed: \d+", name):
            reasons[name] = "a column without a name"
            continue
        values, reason = as_numbers(frame[name])
        if values is None:
            reasons[name] = reason
        elif np.isnan(values).all():
            reasons[name] = "no value at all"
        elif asked is None and np.isnan(values).mean() > MOSTLY:
            reasons[name] = f"missing in {np.isnan(values).mean():.0%} of the rows"
        else:
            features[name] = values
    return pd.DataFrame(features, index=frame.index), reasons


def without_copies(features):
    """Return features without those that are constant or copies, and why these are left out.

    Parameters
    ----------
    features : DataFrame without missing values

    Returns
    -------
    DataFrame
    dict of column -> reason
    """
    reasons, seen = {}, {}
    for name, column in features.items():
        values, counts = np.unique(column, return_counts=True)
        other = len(column) - counts.max(initial=0)
        most = values[counts.argmax()] if len(values) else np.nan
        digest = hashlib.blake2b(np.ascontiguousarray(column + 0.0).tobytes()).digest()
        if len(values) < 2:
            reasons[name] = f"constant: {most:g} in every row"
        elif other < min(FEW, len(column) / 10):
            reasons[name] = f"nearly constant: {most:g} in all rows but {other}"
        elif digest in seen:
            reasons[name] = f"the same in every row as {seen[digest]!r}"
        else:
            seen[digest] = name
    return features.drop(columns=list(reasons)), reasons


def in_order(people, names):
    """Return people as floats with the columns `names`, in this order.

    Parameters
    ----------
    people : DataFrame, original units
    names : sequence of str

    Raises
    ------
    ValueError
        If a column is missing or not among the names, or a value is no finite number: the message
        names row and column.
    """
    if not isinstance(people, pd.DataFrame):
        raise ValueError(f"people must be a DataFrame with the columns {', '.join(names)}")
    given = [str(name) for name in people.columns]
    lacking = [name for name in names if name not in given]
    extra = [name for name in given if name not in names]
    if lacking or extra or len(given) > len(names):
        said = [f"column {name!r} is missing" for name in lacking[:3]]
        said += [f"column {name!r} is none of the features: drop it" for name in extra[:3]]
        raise ValueError("; ".join(said) or "people have two columns of one name: drop one")
    people = people.set_axis(given, axis=1)[list(names)]
    numbers = people.apply(pd.to_numeric, errors="coerce").astype(np.float64)
    wrong = np.argwhere(~np.isfinite(numbers.to_numpy()))
    if len(wrong):
        row, column = wrong[0]
        raise ValueError(
            f"row {people.index.tolist()[row]!r}, column {names[column]!r}: "
            f"{people.iloc[row, column]} is no finite number; leave the row out or fill it in"
        )
    return numbers

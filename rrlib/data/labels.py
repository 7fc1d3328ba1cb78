"""The label of a table: which of its values is favourable, and which rows have one."""

import difflib
import numbers

import numpy as np
import pandas as pd

SHOWN = 5
"""How many values of a column an error lists."""

MISSING = ("NA", "N/A", "n/a", "nan", "null", "NULL", "None")
"""Texts that pandas takes for missing values, and that people may mean as words."""


def favourable_rows(column, favourable, unfavourable=None):
    """Return 1 for the favourable rows, 0 for the others, NaN where the label is neither.

    Parameters
    ----------
    column : Series
        The label.
    favourable : value, or its text
    unfavourable : value or sequence of values, optional
        Needed where the label has more than two values; rows with none of these are left out.

    Returns
    -------
    array of shape (n,)

    Raises
    ------
    ValueError
        If a value that is named does not occur, a label has more than two values and it is not
        said which are unfavourable, or one class alone occurs.
    """
    name, values = column.name, column.dropna().unique().tolist()
    if len(values) == 0:
        raise ValueError(f"label {name!r} has no value in any row: choose another column")
    yes = _occurring(name, values, favourable)
    if unfavourable is None:
        rest = [value for value in values if value != yes]
        if len(rest) > 1:
            raise ValueError(
                f"label {name!r} has {len(values):,} values ({_listed(values)}): say which are "
                f"unfavourable, for example unfavourable={rest[0]!r}; rows with others are left out"
            )
    else:
        given = unfavourable if isinstance(unfavourable, list | tuple | set) else [unfavourable]
        rest = [_occurring(name, values, value) for value in given]
    if not rest or yes in rest:
        raise ValueError(
            f"label {name!r} has the value {yes!r} alone: models need rows of both classes"
        )
    label = np.full(len(column), np.nan)
    label[column.isin(rest)] = 0
    label[column.isin([yes])] = 1
    return label


def _occurring(name, values, asked):
    """Return the value of a label that is asked for, itself or as text."""
    for value in values:
        if type(value) is type(asked) and value == asked:
            return value
    for value in values:
        if _text(value) == _text(asked):
            return value
    remedy = "name one of these"
    if _text(asked) in MISSING:
        remedy += (
            f", or write another word for {asked!r}, which stands for a missing value in files"
        )
    raise ValueError(f"{asked!r} is no value of label {name!r}: it has {_listed(values)}; {remedy}")


def _text(value):
    """Return a value as text: 1, 1.0 and "1" are one, and so are True and "true"."""
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    if isinstance(value, numbers.Real):
        return f"{float(value):.15g}"
    text = str(value).strip()
    if text.lower() in ("true", "false"):
        return text.lower()
    try:
        return f"{float(text):.15g}"
    except ValueError:
        return text


def _listed(values):
    ordered = sorted(values, key=str)
    dots = ", …" if len(ordered) > SHOWN else ""
    return ", ".join(repr(value) for value in ordered[:SHOWN]) + dots


def find_columns(names, asked, role):
    """Raise a ValueError unless all columns that are asked for occur; it names what is close."""
    for name in asked:
        if name not in names:
            close = difflib.get_close_matches(str(name), list(names), 1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {_listed(names)}"
            raise ValueError(f"{role} {name!r} is no column of the table: {hint}")


def as_groups(frame, names, *, most=10):
    """Return columns as text, for reports by group: "missing" where there is no value.

    Numbers of more than `most` different values are cut into three parts of about the same size.

    Parameters
    ----------
    frame : DataFrame
    names : sequence of str
    most : int
    """
    groups = {}
    for name in names:
        column = frame[name]
        plain = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        if plain and column.nunique() > most:
            column = pd.qcut(column.astype("float64"), 3, duplicates="drop")
            column = column.map(lambda part: f"{part.left:g} to {part.right:g}").astype(object)
        groups[name] = column.astype(object).where(column.notna(), "missing").astype(str)
    return pd.DataFrame(groups, index=frame.index)

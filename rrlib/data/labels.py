"""The label of a table: which of its values is favourable, and which rows have one."""

import difflib
import numbers

import numpy as np
import pandas as pd

SHOWN = 5
"""How many values of a column an error lists."""

GROUPS = 50
"""The most groups of a column by which is reported."""

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
    try:
        name, values = column.name, column.dropna().unique().tolist()
    except TypeError:
        kind = type(column.dropna().iloc[0]).__name__
        raise ValueError(
            f"label {column.name!r} holds a {kind} in a row: write one value"
        ) from None
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
    if yes in rest:
        raise ValueError(f"{yes!r} is named as favourable and as unfavourable: name it once")
    if not rest:
        raise ValueError(
            f"label {name!r} has the value {yes!r} alone: models need rows of both classes"
        )
    label = np.full(len(column), np.nan)
    label[column.isin(rest)] = 0
    label[column.isin([yes])] = 1
    return label


def _occurring(name, values, asked):
    """Return the value of a label that is asked for; raise a ValueError if there is none."""
    found = _matching(values, asked)
    if found is not None:
        return found
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


def _matching(values, asked):
    """Return the value that is asked for: itself, as text, or True for 1; None where none is."""
    for value in values:
        if type(value) is type(asked) and value == asked:
            return value
    for as_text in (_text, _bit):
        for value in values:
            if as_text(value) == as_text(asked):
                return value
    return None


def _bit(value):
    """Return a value as text, True as 1 and False as 0."""
    return {"true": "1", "false": "0"}.get(_text(value), _text(value))


def _listed(values):
    ordered = sorted(values, key=str)
    dots = ", …" if len(ordered) > SHOWN else ""
    return ", ".join(repr(value) for value in ordered[:SHOWN]) + dots


def find_columns(names, asked, role):
    """Return the columns that are asked for, as text.

    Raises
    ------
    ValueError
        If one does not occur: it names what is close.
    """
    if isinstance(asked, str):
        raise ValueError(f"{role}s must be a list of names: write [{asked!r}]")
    asked = [str(name) for name in asked]
    for name in asked:
        if name not in names:
            close = difflib.get_close_matches(name, list(names), 1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {_listed(names)}"
            raise ValueError(f"{role} {name!r} is no column of the table: {hint}")
    return asked


def as_groups(frame, names, *, most=10):
    """Return columns as text, for reports by group: "missing" where there is no value.

    Numbers of more than `most` different values are cut into three parts of about the same size,
    each named by its least and its largest value.

    Parameters
    ----------
    frame : DataFrame
    names : sequence of str
    most : int

    Raises
    ------
    ValueError
        If a column has more than GROUPS different values, or values that are no text or number.
    """
    groups = {}
    for name in names:
        column = frame[name]
        plain = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        if plain and column.nunique() > most:
            column = _thirds(column.astype("float64"))
        texts = column.astype(object).where(column.notna(), "missing").astype(str)
        if texts.nunique() > GROUPS:
            raise ValueError(
                f"group {name!r} has {texts.nunique():,} different values, and at most {GROUPS} "
                "can be reported: join them in a new column"
            )
        groups[name] = texts
    return pd.DataFrame(groups, index=frame.index)


def _thirds(column):
    """Return the name of the third in which each number is; missing where there is none."""
    part = pd.qcut(column.replace([np.inf, -np.inf], np.nan), 3, labels=False, duplicates="drop")
    ends = column.groupby(part).agg(["min", "max"])
    return part.map({place: f"{low:g} to {high:g}" for place, low, high in ends.itertuples()})

"""Reading a table of the reader's own: a CSV or Parquet file, or a DataFrame."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd

from rrlib.data.blocks import csv_blocks, draw_rows, kinds, parquet_blocks

SEPARATORS = (",", ";", "\t", "|")
SAMPLE = 2**16
"""Characters of a file from which its separator is told."""

DECIMAL_COMMA = re.compile(r"\s*[+-]?\d{1,3}((\.\d{3})*|\d*)(,\d+)?\s*")


def read(source, *, missing=(), most=None):
    """Return a table as a DataFrame whose columns have different names, all of them text.

    Files are read in blocks, so that of a large one no more is held than the rows that are drawn.

    Parameters
    ----------
    source : str, Path or DataFrame
        A CSV file in UTF-8, with or without a byte-order mark, whose separator is a comma, a
        semicolon, a tab or a bar; or a Parquet file, by its ending ``.parquet`` or ``.pq``. Where
        the separator is no comma, numbers may have decimal commas.
    missing : sequence of str
        Texts or numbers that stand for a missing value, besides those that pandas knows in files.
    most : int, optional
        Of a larger table so many rows are drawn at random, always the same ones.

    Returns
    -------
    DataFrame
        Its rows are numbered from 0, as they stand in the source.
    int
        How many others there are, which are not drawn.

    Raises
    ------
    OSError
        If there is no such file, or something else stands in its place.
    ValueError
        On a source that is none of these, `most` below 1, an empty file or table, a file that is
        no text in UTF-8 or no table, two columns of one name, or decimal commas beside points.
    """
    if most is not None and (not isinstance(most, int | np.integer) or most < 1):
        raise ValueError(f"at least 1 row must be drawn, a whole number, not {most!r}")
    if isinstance(source, pd.DataFrame):
        frame, others = draw_rows([source.reset_index(drop=True)], most)
        frame = _without(frame, missing)
    elif isinstance(source, str | Path):
        frame, others = _read_file(Path(source), list(missing), most)
    else:
        kind = type(source).__name__
        raise ValueError(f"a table is the path of a file or a DataFrame, not a {kind}")
    names = ["" if name is None or name != name else str(name) for name in frame.columns]
    _refuse_twice([name for name in names if name], "the table")
    if not len(frame):
        raise ValueError("the table has no rows: hand over one row a person, below their names")
    return frame.set_axis(names, axis=1), others


def _read_file(path, missing, most):
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: name the file in it")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: check the name, and where you are")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is no file that can be read twice: save the table as one")
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty: save the table again")
    if path.suffix.lower() in (".parquet", ".pq"):
        frame, others = _read_parquet(path, most)
        return _without(frame, missing), others
    try:
        return _read_csv(path, missing, most)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is no text in UTF-8 ({error.reason} at byte {error.start}): save it as CSV "
            "in UTF-8"
        ) from None


def _read_parquet(path, most):
    try:
        return draw_rows(parquet_blocks(path), most)
    except ImportError:
        raise ValueError(
            f"{path}: Parquet files need the package pyarrow; install it, or save as CSV"
        ) from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is no Parquet file that can be read: {error}") from None


def _without(frame, missing):
    """Return a table without the texts and numbers that stand for a missing value.

    A column whose other texts are numbers holds numbers then.
    """
    if not missing:
        return frame
    numbers = pd.to_numeric(pd.Series(list(missing), dtype=object), errors="coerce").dropna()
    plain = {}
    for place, (_, column) in enumerate(frame.items()):
        text = pd.api.types.is_string_dtype(column) or pd.api.types.is_object_dtype(column)
        gaps = column.isin(missing if text else numbers)
        if gaps.any():
            known = column.mask(gaps)
            values = pd.to_numeric(known, errors="coerce")
            plain[place] = values if (values.isna() == known.isna()).all() else known
    return pd.concat([plain.get(j, frame.iloc[:, j]) for j in range(frame.shape[1])], axis=1)


def _read_csv(path, missing, most):
    with path.open(encoding="utf-8-sig") as file:
        sample = file.read(SAMPLE)
    if not sample.strip():
        raise ValueError(f"{path} is empty: it holds no more than blanks")
    separator = separator_of(sample)
    header = next(row for row in csv.reader(io.StringIO(sample), **_dialect(separator)) if row)
    _refuse_twice([name for name in header if name.strip()], str(path))
    options = {"sep": separator, "encoding": "utf-8-sig", "na_values": missing}
    options |= {"index_col": False, "skipinitialspace": True}
    found = {}
    try:
        frame, others = draw_rows(kinds(csv_blocks(path, **options), found), most)
        mixed = [name for name, held in found.items() if len(held) > 1]
        if mixed:  # a text in one block makes texts of the numbers in all others
            again = csv_blocks(path, usecols=mixed, dtype=str, **options)
            frame = frame.assign(**draw_rows(again, most)[0])
    except pd.errors.ParserError as error:
        raise ValueError(
            f"{path}: {str(error).strip()}; every line needs the header's {len(header)} fields "
            f"(the first is {header[0]!r}), and a field that holds the separator needs quotes"
        ) from None
    return (frame if separator == "," else _with_decimal_commas(frame)), others


def separator_of(sample):
    """Return the separator that divides the first lines of a CSV file into the most fields.

    Separators that give all lines as many fields as the header go first.
    """
    whole = sample if len(sample) < SAMPLE else sample[: sample.rfind("\n")]
    best, most = ",", (False, 0)
    for separator in SEPARATORS:
        rows = [row for row in csv.reader(io.StringIO(whole), **_dialect(separator)) if row][:50]
        fields = len(rows[0])
        even = fields > 1 and all(len(row) == fields for row in rows)
        if (even, fields) > most:
            best, most = separator, (even, fields)
    return best


def _dialect(separator):
    return {"delimiter": separator, "skipinitialspace": True}


def _with_decimal_commas(frame):
    """Return a table whose numbers with decimal commas are numbers."""
    commas, points = [], []
    for name, column in frame.items():
        if pd.api.types.is_float_dtype(column):
            points += [name] if (column.dropna() % 1 != 0).any() else []
        elif not pd.api.types.is_numeric_dtype(column):
            texts = column.dropna().astype(str)
            numbers = texts.map(DECIMAL_COMMA.fullmatch).notna().all()
            commas += [name] if numbers and texts.str.contains(",").any() else []
    if commas and points:
        raise ValueError(
            f"column {commas[0]!r} has decimal commas and column {points[0]!r} decimal points: "
            "write all numbers one way"
        )
    plain = {}
    for name in commas:
        text = frame[name].str.strip().str.replace(".", "", regex=False)
        plain[name] = pd.to_numeric(text.str.replace(",", ".", regex=False))
    return frame.assign(**plain)


def _refuse_twice(names, where):
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two columns of {where} are called {name!r}: rename one of them")

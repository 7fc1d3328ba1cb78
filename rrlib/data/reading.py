"""Reading a table of the reader's own: a CSV or Parquet file, or a DataFrame."""

import csv
import io
import re
from pathlib import Path

import pandas as pd

SEPARATORS = (",", ";", "\t", "|")
SAMPLE = 2**16
"""Characters of a file from which its separator is told."""

DECIMAL_COMMA = re.compile(r"\s*[+-]?\d{1,3}((\.\d{3})*|\d*)(,\d+)?\s*")


def read(source, *, missing=()):
    """Return a table as a DataFrame whose columns have different names, all of them text.

    Parameters
    ----------
    source : str, Path or DataFrame
        A CSV file in UTF-8, with or without a byte-order mark, whose separator is a comma, a
        semicolon, a tab or a bar; or a Parquet file, by its ending ``.parquet`` or ``.pq``. Where
        the separator is no comma, numbers may have decimal commas.
    missing : sequence of str
        Texts that stand for a missing value in a CSV file, besides those that pandas knows.

    Returns
    -------
    DataFrame
        Its rows are numbered from 0, as they stand in the source.

    Raises
    ------
    OSError
        If there is no such file, or a folder stands in its place.
    ValueError
        On an empty file or table, a file that is no text in UTF-8 or no table, two columns of one
        name, or decimal commas beside decimal points.
    """
    if isinstance(source, pd.DataFrame):
        frame = source.reset_index(drop=True)
    else:
        frame = _read_file(Path(source), list(missing))
    names = [str(name) for name in frame.columns]
    _refuse_twice(names, "the table")
    if not len(frame):
        raise ValueError("the table has no rows: hand over one row a person")
    return frame.set_axis(names, axis=1)


def draw_rows(frame, most):
    """Return at most so many rows of a table, drawn at random, and how many others there are.

    They stay in their order.

    Parameters
    ----------
    frame : DataFrame
    most : int, optional
        All rows, if None.
    """
    if most is None or len(frame) <= most:
        return frame, 0
    return frame.sample(most, random_state=0).sort_index(), len(frame) - most


def _read_file(path, missing):
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: name the file in it")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: check the name, and where you are")
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty: save the table again")
    if path.suffix.lower() in (".parquet", ".pq"):
        return _read_parquet(path)
    try:
        return _read_csv(path, missing)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is no text in UTF-8 ({error.reason} at byte {error.start}): save it as CSV "
            "in UTF-8"
        ) from None


def _read_parquet(path):
    try:
        return pd.read_parquet(path).reset_index(drop=True)
    except ImportError:
        raise ValueError(
            f"{path}: Parquet files need the package pyarrow; install it, or save as CSV"
        ) from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is no Parquet file that can be read: {error}") from None


def _read_csv(path, missing):
    with path.open(encoding="utf-8-sig", newline="") as file:
        sample = file.read(SAMPLE)
    if not sample.strip():
        raise ValueError(f"{path} is empty: it holds no more than blanks")
    separator = separator_of(sample)
    header = next(row for row in csv.reader(io.StringIO(sample), delimiter=separator) if row)
    _refuse_twice([name for name in header if name.strip()], str(path))
    options = {"sep": separator, "encoding": "utf-8-sig", "na_values": missing}
    try:
        frame = pd.read_csv(path, low_memory=False, index_col=False, **options)
    except pd.errors.ParserError as error:
        raise ValueError(
            f"{path}: {str(error).strip()}; every line needs the header's {len(header)} fields, "
            "and a field that holds the separator needs quotes"
        ) from None
    return frame if separator == "," else _with_decimal_commas(frame)


def separator_of(sample):
    """Return the separator that divides the first lines of a CSV file into the most fields.

    Separators that give all lines as many fields as the header go first.
    """
    whole = sample if len(sample) < SAMPLE else sample[: sample.rfind("\n")]
    best, most = ",", (False, 0)
    for separator in SEPARATORS:
        rows = [row for row in csv.reader(io.StringIO(whole), delimiter=separator) if row][:50]
        fields = len(rows[0])
        even = fields > 1 and all(len(row) == fields for row in rows)
        if (even, fields) > most:
            best, most = separator, (even, fields)
    return best


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

"""A table in blocks of rows, of which some are drawn while it is read."""

import warnings

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

ROWS = 50_000
"""Rows of a block."""


def draw_rows(blocks, most):
    """Return at most so many rows of a table, drawn at random, and how many others there are.

    They stay in their order, and are the same ones however the table is cut into blocks: each row
    has a random number, in the order of the table, and those with the least are drawn.

    Parameters
    ----------
    blocks : iterable of DataFrame
        With different indices.
    most : int, optional
        All rows, if None.
    """
    rng = np.random.default_rng(0)
    rows, keys, total, limit = [], [], 0, 1.0
    for block in blocks:
        key = rng.random(len(block))
        total += len(block)
        rows.append(block[key < limit])
        keys.append(key[key < limit])
        if most is not None and sum(map(len, keys)) > 2 * most:
            rows, keys, limit = _least(rows, keys, most)
    if most is not None and sum(map(len, keys)) > most:
        rows, keys, limit = _least(rows, keys, most)
    return _joined(rows), total - sum(map(len, rows))


def csv_blocks(path, **options):
    """Yield a CSV file in blocks, as pandas reads it, with the options of `pandas.read_csv`.

    Raises
    ------
    pandas.errors.ParserError
        If a line has more fields than the header.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            with pd.read_csv(path, chunksize=ROWS, low_memory=False, **options) as blocks:
                yield from blocks
        except pd.errors.ParserWarning:
            raise pd.errors.ParserError("lines have more fields than the header") from None


def parquet_blocks(path):
    """Yield a Parquet file in blocks; an index that was saved with a name is a column."""
    from pyarrow.parquet import ParquetFile

    start = 0
    with ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS):
            block = batch.to_pandas()
            named = [name for name in block.index.names if name is not None]
            block = block.reset_index(named).reset_index(drop=True)
            yield block.set_axis(range(start, start + len(block)))
            start += len(block)


def kinds(blocks, found):
    """Yield blocks, and note in `found` whether each column is text: True, False or both."""
    for block in blocks:
        for name, column in block.items():
            if column.notna().any():
                found.setdefault(name, set()).add(infer_dtype(column, skipna=True) == "string")
        yield block


def _least(rows, keys, most):
    """Return the rows with the least keys, these, and the limit below which keys are from now."""
    keys = np.concatenate(keys)
    limit = np.partition(keys, most)[most]
    return [_joined(rows)[keys < limit]], [keys[keys < limit]], limit


def _joined(rows):
    return rows[0] if len(rows) == 1 else pd.concat(rows)

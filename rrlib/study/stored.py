"""Stored tables of the study: aggregates only, each with a stamp of what made it.

They lie in ``book/results``: a folder for each variation with a file for each kind of table, and
``manifest.csv``, which has a line for each group of rows, those of one slice, and of one method
where the table has methods. The line holds the stamp of what the rows depend on, a hash of the
rows, and the seconds they took.
``python -m rrlib.study`` makes again what is stale.
"""

import io
from time import perf_counter

import numpy as np
import pandas as pd

from rrlib.data import datasets
from rrlib.data.shipped import BOOK
from rrlib.study import fingerprint, results, sweep, variations
from rrlib.study.tables import (
    TABLES,
    Group,
    groups,
    made,
    methods_behind,
    setting_of,
    stamp,
    tables_of,
)
from rrlib.study.variations import VARIATIONS

FOLDER = BOOK / "results"
SLICE = ["dataset", "kind", "seed"]
GROUP = ["table", "variation", *SLICE, "method"]
ORDER = {"variation": list(VARIATIONS), "dataset": list(datasets.NAMES)}
CLOSE = 1e-3
"""How far a value may be from the stored one, absolutely or relatively, on another machine."""


def manifest():
    """Return the manifest as text, without rows where nothing is stored."""
    return _load(_path("manifest"), [*GROUP, "stamp", "rows", "seconds"])


def stale(names=tuple(VARIATIONS)):
    """Return the groups that are not stored, or were made by other code, data or options."""
    known = dict(zip(_groups_of(manifest()), manifest()["stamp"]))
    return [group for group in groups(names) if known.get(group) != stamp(group)]


def altered():
    """Return the groups whose stored rows are not those that were written."""
    lines = manifest()
    written = dict(zip(_groups_of(lines), lines["rows"]))
    now = {}
    for table, variation in lines[["table", "variation"]].drop_duplicates().to_numpy():
        now |= _hashes(table, variation, _load(_path(table, variation)))
    return sorted(key for key in now.keys() | written.keys() if now.get(key) != written.get(key))


def read(table, variation):
    """Return a stored table of a variation.

    Raises
    ------
    FileNotFoundError
        Where nothing of it is stored.
    """
    path = _path(table, variation)
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: python -m rrlib.study makes it")
    return pd.read_csv(path)


def _path(table, *folders):
    """Return the file of a table of a variation, or of the manifest."""
    return FOLDER.joinpath(*folders, f"{table}.csv")


def compute(variation, name, kind, seed, tables=None, cache=True):
    """Return tables of one slice of a variation, by name, and the seconds that they took.

    All that the slice has, unless some are named.
    """
    start = perf_counter()
    chosen = VARIATIONS[variation]
    asked = tables or tables_of(variation, name, kind)
    one = _slice(variation, name, kind, seed, methods_behind(variation, asked), cache)
    found = made(variation, [one], asked)
    if "batches" in asked:
        usual = _slice(chosen.usual, name, kind, seed, chosen.methods, cache)
        found["batches"] = results.more_batches([usual], [one], variations.BATCH)
    return found, perf_counter() - start


def named(one, tables):
    """Return a slice, some tables of it, and the seconds that they took."""
    return one, *compute(*one, tables)


def _slice(variation, name, kind, seed, methods, cache):
    options = VARIATIONS[variation].options
    options = {method: options[method] for method in methods if method in options}
    return sweep.compute(setting_of(variation, name, kind, seed), methods, options, cache)


def write(variation, tables, seconds):
    """Put tables of one slice of a variation into the files, in place of what these hold of it."""
    lines = manifest()
    for table, rows in tables.items():
        rows = _as_text(rows, TABLES[table].digits)
        path = _path(table, variation)
        _save(_with(_load(path, rows.columns), rows), path)
        for group, rows_hash in _hashes(table, variation, rows).items():
            line = [*map(str, group), stamp(group), rows_hash, f"{seconds:.1f}"]
            lines = _with(lines, pd.DataFrame([line], columns=lines.columns), GROUP)
    _save(lines, _path("manifest"))


def largest_difference(live, kept):
    """Return how far two tables are apart: 1 is as far as `CLOSE` allows.

    Parameters
    ----------
    live, kept : DataFrame
        The same rows in the same order; a value that only one of them has is infinitely far.
    """
    if len(live) != len(kept):
        return np.inf
    return differences(live, kept).max(initial=0.0)


def differences(live, kept):
    """Return the same for each row, shape (n,); infinite where the tables have not the same rows.

    Parameters are those of `largest_difference`.
    """
    numbers = live.select_dtypes("number").columns
    texts = live.columns.difference(numbers)
    if len(live) != len(kept) or not live[texts].equals(kept[texts]):
        return np.full(len(live), np.inf)
    a, b = live[numbers].to_numpy(float), kept[numbers].to_numpy(float)
    apart = np.abs(a - b) / (CLOSE + CLOSE * np.abs(b))
    apart = np.where(np.isnan(a) & np.isnan(b), 0.0, apart)
    return np.nan_to_num(apart, nan=np.inf).max(axis=1, initial=0.0)


def _hashes(table, variation, rows):
    """Return a hash of the rows of each group, rows as text."""
    columns = [*SLICE, "method"] if table == "summary" else SLICE
    found = {}
    for key, part in rows.groupby(columns, sort=False):
        method = key[3] if table == "summary" else ""
        group = Group(table, variation, *key[:2], int(key[2]), method)
        found[group] = fingerprint.digest(part.to_numpy().tolist())
    return found


def _groups_of(lines):
    """Return the groups of the lines of a manifest."""
    rows = lines[GROUP].to_numpy().tolist()
    return [Group(*row[:4], int(row[4]), row[5]) for row in rows]


def _as_text(rows, digits):
    """Return rows as a file holds them, so many digits of each number."""
    text = rows.to_csv(index=False, float_format=f"%.{digits}g")
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def _load(path, columns=()):
    """Return a file as text, without rows where there is none."""
    if not path.exists():
        return pd.DataFrame(columns=list(columns), dtype=str)
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _with(rows, others, key=SLICE):
    """Return rows with those of the same key replaced, in the usual order."""
    replaced = rows.set_index(key).index.isin(others.set_index(key).index)
    found = pd.concat([rows[~replaced], others])
    order = [column for column in ("variation", *SLICE) if column in found]
    return found.sort_values(order, key=_places, kind="stable")


def _places(column):
    """Return what a column is sorted by."""
    if column.name == "seed":
        return column.astype(int)
    return column.map(ORDER[column.name].index) if column.name in ORDER else column


def _save(rows, path):
    """Write a file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    rows.to_csv(part, index=False, lineterminator="\n")
    part.replace(path)

"""Stored tables of the study: aggregates only, each with a stamp of what made it.

They lie in ``book/results``: a file for each kind of table, and ``manifest.csv``, which has a line
for each group of rows, those of one slice, and of one method where the table has methods. The line
holds the stamp of what the rows depend on, a hash of the rows, and the seconds they took.
``python -m rrlib.study`` makes again what is stale.
"""

import io
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np
import pandas as pd

import rrlib
from rrlib.data import datasets
from rrlib.study import fingerprint, metrics, pieces, results, sweep, variations
from rrlib.study.variations import VARIATIONS

FOLDER = Path(rrlib.__file__).parents[1] / "book" / "results"
SLICE = ["variation", "dataset", "kind", "seed"]
GROUP = ["table", *SLICE, "method"]
ORDER = {"variation": list(VARIATIONS), "dataset": list(datasets.NAMES)}
CLOSE = 1e-3
"""How far a value may be from the stored one, absolutely or relatively, on another machine."""


class Group(NamedTuple):
    """Rows that are made together; `method` is empty where a table compares methods."""

    table: str
    variation: str
    dataset: str
    kind: str
    seed: int
    method: str


def groups(names=tuple(VARIATIONS)):
    """Return all groups of some variations."""
    found = []
    for name in names:
        chosen = VARIATIONS[name]
        for table, *part in product(chosen.tables, datasets.NAMES, sweep.KINDS, sweep.SEEDS):
            methods = chosen.methods if table == "summary" else ("",)
            found += [Group(table, name, *part, method) for method in methods]
    return found


def stamp(group):
    """Return the fingerprint of a group on the real data."""
    own = _search_stamps(group, group.variation)
    if group.table == "summary":
        measure = fingerprint.body(results.table, results.safe_distance, results.cap)
        return fingerprint.digest(own[group.method], fingerprint.code(metrics.summarise), measure)
    if group.table == "differences":
        measure = fingerprint.body(results.differences, results._rows_in_common)
        return fingerprint.digest(own, measure, results.SOME)
    measure = fingerprint.body(results.more_batches, results._mean_change)
    return fingerprint.digest(own, _search_stamps(group, "paper"), measure)


def _search_stamps(group, variation):
    """Return the stamp of each method's search in the slice of a group, options included."""
    chosen = VARIATIONS[variation]
    setting = _setting(chosen, group.dataset, group.kind, group.seed)
    return {
        method: [pieces.stamp_search(setting, method), chosen.options.get(method, {})]
        for method in chosen.methods
    }


def _setting(chosen, name, kind, seed):
    return pieces.Setting(name, kind, seed, chosen.scaling, np.inf, "real")


def manifest():
    """Return the manifest as text, without rows where nothing is stored."""
    return _load("manifest", [*GROUP, "stamp", "rows", "seconds"])


def stale(names=tuple(VARIATIONS)):
    """Return the groups that are not stored, or were made by other code, data or options."""
    known = dict(zip(_groups_of(manifest()), manifest()["stamp"]))
    return [group for group in groups(names) if known.get(group) != stamp(group)]


def altered():
    """Return the groups whose stored rows are not those that were written."""
    found = []
    lines = manifest()
    written = dict(zip(_groups_of(lines), lines["rows"]))
    for table in lines["table"].unique():
        now = _hashes(table, _load(table))
        found += [
            group
            for group in now.keys() | written.keys()
            if group.table == table and now.get(group) != written.get(group)
        ]
    return sorted(found)


def read(table, variation):
    """Return a stored table of a variation, "summary", "differences" or "batches".

    Raises
    ------
    FileNotFoundError
        Where nothing of it is stored.
    """
    path = FOLDER / f"{table}.csv"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: python -m rrlib.study makes it")
    rows = pd.read_csv(path)
    return rows[rows["variation"] == variation].drop(columns="variation").reset_index(drop=True)


def compute(variation, name, kind, seed, cache=True):
    """Return the tables of one slice of a variation, by name, and the seconds that they took."""
    start = perf_counter()
    one = _slice(variation, name, kind, seed, cache)
    found = {}
    for table in VARIATIONS[variation].tables:
        if table == "summary":
            rows = results.table([one])
        elif table == "differences":
            rows = results.all_differences([one])
        else:
            usual = _slice("paper", name, kind, seed, cache)
            rows = results.more_batches([usual], [one], variations.BATCH)
        rows.insert(0, "variation", variation)
        found[table] = rows
    return found, perf_counter() - start


def _slice(variation, name, kind, seed, cache):
    chosen = VARIATIONS[variation]
    setting = _setting(chosen, name, kind, seed)
    return sweep.compute(setting, chosen.methods, chosen.options, cache)


def write(tables, seconds):
    """Put the tables of one slice into the files, in place of what these hold of it."""
    FOLDER.mkdir(exist_ok=True)
    lines = manifest()
    for table, rows in tables.items():
        rows = _as_text(rows)
        _save(_with(_load(table, rows.columns), rows), table)
        for group, rows_hash in _hashes(table, rows).items():
            line = [*map(str, group), stamp(group), rows_hash, f"{seconds:.1f}"]
            lines = _with(lines, pd.DataFrame([line], columns=lines.columns), GROUP)
    _save(lines, "manifest")


def largest_difference(live, kept):
    """Return how far two tables are apart: 1 is as far as `CLOSE` allows.

    Parameters
    ----------
    live, kept : DataFrame
        The same rows in the same order; a value that only one of them has is infinitely far.
    """
    numbers = live.select_dtypes("number").columns
    texts = live.columns.difference(numbers)
    if len(live) != len(kept) or not live[texts].equals(kept[texts]):
        return np.inf
    a, b = live[numbers].to_numpy(float), kept[numbers].to_numpy(float)
    apart = np.abs(a - b) / (CLOSE + CLOSE * np.abs(b))
    apart = np.where(np.isnan(a) & np.isnan(b), 0.0, apart)
    return np.nan_to_num(apart, nan=np.inf).max()


def _hashes(table, rows):
    """Return a hash of the rows of each group, rows as text."""
    columns = [*SLICE, "method"] if table == "summary" else SLICE
    found = {}
    for key, part in rows.groupby(columns, sort=False):
        method = key[4] if table == "summary" else ""
        group = Group(table, *key[:3], int(key[3]), method)
        found[group] = fingerprint.digest(part.to_numpy().tolist())
    return found


def _groups_of(lines):
    """Return the groups of the lines of a manifest."""
    rows = lines[GROUP].to_numpy().tolist()
    return [Group(*row[:4], int(row[4]), row[5]) for row in rows]


def _as_text(rows):
    """Return rows as a file holds them, six digits of each number."""
    text = rows.to_csv(index=False, float_format="%.6g")
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def _load(name, columns=()):
    """Return a file as text, without rows where there is none."""
    path = FOLDER / f"{name}.csv"
    if not path.exists():
        return pd.DataFrame(columns=list(columns), dtype=str)
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _with(rows, others, key=SLICE):
    """Return rows with those of the same key replaced, in the usual order."""
    replaced = rows.set_index(key).index.isin(others.set_index(key).index)
    return pd.concat([rows[~replaced], others]).sort_values(SLICE, key=_places, kind="stable")


def _places(column):
    """Return what a column is sorted by."""
    if column.name == "seed":
        return column.astype(int)
    return column.map(ORDER[column.name].index) if column.name in ORDER else column


def _save(rows, name):
    """Write a file in one step."""
    path = FOLDER / f"{name}.csv"
    part = path.with_suffix(".part")
    rows.to_csv(part, index=False, lineterminator="\n")
    part.replace(path)

"""Tables of aggregates that stand beside the pages, each with a stamp of what made it.

``python -m rrlib.audit.<name>`` makes `book/<name>.csv` again, and its stamp.
"""

import hashlib

import pandas as pd
import torch

from rrlib.data import credit, datasets
from rrlib.data.shipped import BOOK
from rrlib.study import fingerprint

STAMPS = BOOK / "kept.csv"


def names():
    """Return the names of the tables, sorted."""
    return sorted(path.stem for path in BOOK.glob("*.csv") if path.name != STAMPS.name)


def maker(name):
    """Return the module whose code, with all of rrlib that it imports, makes a table."""
    return "rrlib.study.foreign" if name == "prediction" else f"rrlib.audit.{name}"


def write(name, make, *, digits, index=False):
    """Make a table, and write it and its stamp.

    Parameters
    ----------
    name : str
        That of the module that makes it.
    make : function without arguments to a DataFrame
    digits : int
        How many of each number are stored.
    index : bool
        Whether the rows' names are stored.

    Raises
    ------
    SystemExit
        Where a synthetic twin stands in for a dataset: what is stored is of the real data.
    """
    if any(datasets.source(dataset) == "twin" for dataset in datasets.NAMES):
        raise SystemExit("The stored tables are those of the real data, and these are not here.")
    torch.set_num_threads(1)
    style = {"float_format": f"%.{digits}g", "lineterminator": "\n"}
    make().to_csv(BOOK / f"{name}.csv", index=index, **style)
    lines = stamps()
    lines.loc[name] = stamp(name), rows(name)
    lines.sort_index().to_csv(STAMPS, lineterminator="\n")


def stamps():
    """Return the stored stamps: `stamp` and `rows`, by the name of the table."""
    if STAMPS.exists():
        return pd.read_csv(STAMPS, index_col="name")
    return pd.DataFrame(columns=["stamp", "rows"], index=pd.Index([], name="name"), dtype=str)


def stale():
    """Return the tables whose stamp is not that of the code, the data and the packages at hand."""
    lines = stamps()
    return [name for name in names() if lines["stamp"].get(name) != stamp(name)]


def altered():
    """Return the tables whose rows are not those that were written."""
    lines = stamps()
    return [name for name in names() if lines["rows"].get(name) != rows(name)]


def stamp(name):
    """Return the fingerprint of what makes a table."""
    code = fingerprint.of_modules(maker(name))
    if name == "prediction":
        data = fingerprint.body(credit.frame, credit.split), credit.FILE.sha256
    else:
        data = [fingerprint.data(dataset, "real") for dataset in datasets.NAMES]
    return fingerprint.digest(code, data, fingerprint.versions())


def rows(name):
    """Return a hash of a table's file, 16 hexadecimal digits."""
    return hashlib.sha256((BOOK / f"{name}.csv").read_bytes()).hexdigest()[:16]

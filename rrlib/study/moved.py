"""What moved between two computations of the stored tables, as a table in Markdown."""

from pathlib import Path

import pandas as pd

from rrlib.study import stored
from rrlib.study.variations import VARIATIONS

HEAD = "| variation | table | rows | moved | largest difference |\n|---|---|---|---|---|"
"""A difference is in units of what is allowed between machines, `stored.CLOSE`."""


def report(earlier, variations):
    """Return a line for each stored table of some variations.

    Parameters
    ----------
    earlier : str or Path
        A folder like `stored.FOLDER`, with tables as they were.
    variations : sequence of names of VARIATIONS
    """
    lines = [HEAD]
    for variation in variations:
        for table in VARIATIONS[variation].tables:
            path = Path(earlier, variation, f"{table}.csv")
            now, then = stored.read(table, variation), pd.read_csv(path)
            lines.append(f"| {variation} | {table} | {compare(now, then)} |")
    return "\n".join(lines)


def compare(now, then):
    """Return how many rows there are, how many moved beyond what is allowed, and how far."""
    apart = stored.differences(now, then)
    largest = apart.max(initial=0.0)
    return f"{len(now)} | {(apart > 1).sum()} | {largest:.2g}"

"""Make the stored tables of the study again: ``python -m rrlib.study``.

What is finished is kept at once, so that an interrupted run goes on where it stopped.
"""

import argparse
import hashlib
import sys
import warnings

from joblib import parallel_config
from tqdm import tqdm

from rrlib.data import datasets
from rrlib.study import moved, stored
from rrlib.study.spread import spread
from rrlib.study.variations import VARIATIONS

UNKNOWN = 20.0
"""Seconds that a slice is taken to need where nobody has timed it."""


def main():
    """Run the command."""
    options = parse()
    if options.moved:
        print(moved.report(options.moved, options.variations or list(VARIATIONS)))
        return
    if any(datasets.source(name) == "twin" for name in datasets.NAMES):
        sys.exit("The stored tables are those of the real data, and these are not to be had here.")
    if options.check is not None:
        check(options.check)
        return
    names = options.variations or list(VARIATIONS)
    todo = by_slice(stored.groups(names) if options.all else stored.stale(names))
    if options.list:
        show(todo)
    elif options.backend:
        with parallel_config(backend=options.backend, **to_cluster(options)):
            make(todo, options.jobs)
    else:
        make(todo, options.jobs)


def parse():
    """Return the options of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m rrlib.study", description="Make the stored tables of the study again."
    )
    parser.add_argument("variations", nargs="*", help=f"out of {', '.join(VARIATIONS)}; all")
    parser.add_argument(
        "--list", action="store_true", help="say what is stale, and how long it takes"
    )
    parser.add_argument("--all", action="store_true", help="what is up to date as well")
    parser.add_argument("--jobs", type=int, default=2, help="processes of this machine (2)")
    parser.add_argument("--backend", help="of joblib, such as dask, instead of processes")
    parser.add_argument("--address", help="of the scheduler of a Dask cluster")
    parser.add_argument(
        "--check", metavar="TEXT", help="compute one slice, chosen by a text, and compare it"
    )
    parser.add_argument(
        "--moved", metavar="FOLDER", help="compare the stored tables with earlier ones"
    )
    options = parser.parse_args()
    unknown = set(options.variations) - set(VARIATIONS)
    if unknown:
        parser.error(f"no variation is named {', '.join(sorted(unknown))}")
    return options


def by_slice(groups):
    """Return the tables that some groups belong to, by variation, dataset, kind and seed."""
    found = {}
    for group in groups:
        found.setdefault(group[1:5], {})[group.table] = None
    return {one: tuple(tables) for one, tables in found.items()}


def estimate(todo):
    """Return the seconds that each slice takes, as long as its slowest table the last time."""
    known = {}
    for line in stored.manifest().itertuples():
        key = line.variation, line.dataset, line.kind, int(line.seed), line.table
        known[key] = float(line.seconds)
    return {one: max(known.get((*one, table), UNKNOWN) for table in todo[one]) for one in todo}


def show(todo):
    """Print what is stale, and how long it takes."""
    known = estimate(todo)
    for variation, chosen in VARIATIONS.items():
        part = [one for one in todo if one[0] == variation]
        minutes = sum(known[one] for one in part) / 60
        print(f"{variation:12} {len(part):4} slices stale, {minutes:5.1f} min  ({chosen.title})")
    print("Minutes are the sum over two processes that make everything, and share models and")
    print("searches through the cache; the two need half.")


def make(todo, jobs):
    """Compute tables of slices and store them, slice by slice as they are finished."""
    known = estimate(todo)
    calls = [(one, todo[one]) for one in sorted(todo, key=known.get, reverse=True)]
    bar = tqdm(total=round(sum(known.values())), desc="study", unit="s", disable=None)
    # joblib replaces a worker whose memory has grown, between two slices, and warns of it.
    warnings.filterwarnings("ignore", "A worker stopped", UserWarning)
    for one, tables, took in spread(stored.named, calls, jobs, ordered=False):
        stored.write(one[0], tables, took)
        bar.update(round(known[one]))
    bar.close()
    print(f"{len(todo)} slices made")


def to_cluster(options):
    """Return what joblib's Dask backend is told, nothing for other backends."""
    if not options.address:
        return {}
    from distributed import Client

    return {"client": Client(options.address)}


def check(text):
    """Compute one slice without any cache, and leave with an error if it is not as stored."""
    every = list(by_slice(stored.groups()))
    chosen = every[int(hashlib.sha256(text.encode()).hexdigest(), 16) % len(every)]
    tables, took = stored.compute(*chosen, cache=False)
    print(f"{', '.join(map(str, chosen))}: {took:.0f} s")
    for table, rows in tables.items():
        kept = stored.read(table, chosen[0])
        same = (kept[["dataset", "kind", "seed"]] == list(chosen[1:])).all(axis=1)
        apart = stored.largest_difference(rows, kept[same].reset_index(drop=True))
        print(f"  {table}: {apart:.2g} of the difference that is allowed")
        if not apart <= 1:
            sys.exit(f"The stored table {table} of {chosen} is not what is computed.")


if __name__ == "__main__":
    main()

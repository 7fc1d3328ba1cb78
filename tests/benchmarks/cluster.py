"""What a cluster costs and gains, measured on this machine: ``python tests/benchmarks/cluster.py``.

The same slices by one process, by two, and by a cluster of two workers: their seconds, and whether
the results are the same bit for bit. Then calls that do nothing: what a cluster adds to each. And
what one process needs for a table, nothing cached. All of it goes to `book/cluster.json`.
"""

import json
import os
from contextlib import contextmanager, nullcontext
from pathlib import Path
from time import perf_counter

import numpy as np
from distributed import Client, LocalCluster
from joblib import parallel_config

from rrlib import study
from rrlib.data import datasets
from rrlib.study import fingerprint, spread

PLACE = Path(__file__).resolve().parents[2] / "book" / "cluster.json"
SEEDS = range(8)
CALL = (["rrlib.data.published"],)
CALLS = 100
WORKERS = 2
KEPT = "268435456"
"""Bytes of freed memory that a worker keeps; by default dask's return them at every step."""


@contextmanager
def cluster():
    """Activate a cluster on this machine."""
    with (
        LocalCluster(WORKERS, threads_per_worker=1, dashboard_address=None) as workers,
        Client(workers),
        parallel_config(backend="dask"),
    ):
        yield


def slices(seeds, jobs):
    """Return the costs of networks on German Credit, an array a slice, and the seconds."""
    start = perf_counter()
    found = study.run(["german"], ["network"], seeds, jobs=jobs, cache=False)
    seconds = perf_counter() - start
    return [one.recourse[method].cost for one in found for method in study.METHODS], seconds


def table(name):
    """Return the seconds that one process needs for one seed of a dataset, both kinds of models."""
    start = perf_counter()
    study.run([name], seeds=[0], jobs=1, cache=False)
    return perf_counter() - start


def added():
    """Return the seconds of a worker that a cluster adds to each call."""
    start = perf_counter()
    list(spread.spread(fingerprint.behind, [CALL] * CALLS, 1))
    return (perf_counter() - start) * WORKERS / CALLS


def main():
    """Measure and write."""
    os.environ["MALLOC_TRIM_THRESHOLD_"] = KEPT  # of the workers: this process has started
    ways = {"one process": (1, nullcontext), "two processes": (2, nullcontext)}
    ways["two workers"] = 2, cluster
    costs, measured = {}, {"workers": WORKERS, "slices": len(SEEDS)}
    for way, (jobs, where) in ways.items():
        with where():
            slices(SEEDS[:2], jobs)  # who starts imports the packages first
            costs[way], seconds = slices(SEEDS, jobs)
            measured[way] = round(seconds, 1)
            if where is cluster:
                measured["seconds a slice"] = round(added(), 3)
        print(f"{way}: {seconds:.1f} s for {len(SEEDS)} slices", flush=True)
    measured["seconds a seed"] = {name: round(table(name), 1) for name in datasets.NAMES}
    for way in ways:
        pairs = zip(costs["one process"], costs[way], strict=True)
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in pairs), way
    PLACE.write_text(json.dumps(measured) + "\n")
    print(f"{PLACE}: {measured}")


if __name__ == "__main__":
    main()

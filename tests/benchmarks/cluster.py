"""What a slice costs on a cluster beside its own work: ``python tests/benchmarks/cluster.py``.

Two workers on this machine, calls that do nothing; the seconds a call go to `book/cluster.json`.
"""

import json
from pathlib import Path
from time import perf_counter

from distributed import Client, LocalCluster
from joblib import parallel_config

from rrlib.study import fingerprint, spread

PLACE = Path(__file__).resolve().parents[2] / "book" / "cluster.json"
CALL = (["rrlib.data.published"],)
CALLS = 100
WORKERS = 2


def main():
    """Measure and write."""
    with (
        LocalCluster(WORKERS, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
        parallel_config(backend="dask"),
    ):
        list(spread.spread(fingerprint.behind, [CALL] * WORKERS, 1))
        start = perf_counter()
        list(spread.spread(fingerprint.behind, [CALL] * CALLS, 1))
        seconds = (perf_counter() - start) * WORKERS / CALLS
    PLACE.write_text(json.dumps({"workers": WORKERS, "seconds a slice": round(seconds, 3)}) + "\n")
    print(f"{PLACE}: {seconds:.3f} s of a worker beside each slice")


if __name__ == "__main__":
    main()

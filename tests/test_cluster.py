"""The study on a cluster: bit for bit that of one machine, also where a worker dies."""

import os
import signal
from threading import Thread, current_thread
from time import sleep

import numpy as np
import pytest
from joblib import parallel_config
from joblib.parallel import get_active_backend

from rrlib import study
from rrlib.data import datasets
from rrlib.study import fingerprint, moved, spread, stored

ASKED = {"names": ["german"], "kinds": ["network"], "seeds": range(4), "rows": 40}
CALL = fingerprint.behind, (["rrlib.data.published"],)
FOUND = ["rrlib.data.published"]
HOW = {"methods": ("scfe", "growing_spheres"), "cache": False}


@pytest.mark.parametrize("what", ["code", "packages", "data"])
def test_a_worker_that_is_not_as_the_caller_is_refused(what):
    here = spread.circumstances(fingerprint.behind)
    assert spread.as_here(here, *CALL) == FOUND
    with pytest.raises(RuntimeError, match=f"a worker has other {what} than the caller"):
        spread.as_here(here | {what: "another"}, *CALL)


def test_results_come_from_the_backend_that_is_active(monkeypatch):
    function, call = CALL
    monkeypatch.setattr(spread, "as_here", lambda here, *rest: (current_thread().name, *rest))
    with parallel_config(backend="threading", n_jobs=2):
        found = list(spread.spread(function, [call] * 2, jobs=1))
    assert [one[1:] for one in found] == [CALL] * 2
    assert current_thread().name not in [one[0] for one in found]


@pytest.fixture
def asked(monkeypatch):
    """What joblib is asked for, and on which backend."""
    found = {}

    def parallel(**how):
        backend = get_active_backend()[0]
        found.update(how, backend=type(backend).__name__)
        found["threads"] = getattr(backend, "inner_max_num_threads", None)
        return lambda calls: [call[0] for call in calls]

    monkeypatch.setattr(spread, "Parallel", parallel)
    return found


@pytest.mark.parametrize(
    "how, returned",
    [
        ({}, "generator"),
        ({"ordered": True}, "generator"),
        ({"ordered": False}, "generator_unordered"),
    ],
)
def test_processes_of_this_machine_have_one_thread_each(asked, how, returned):
    assert spread.spread(CALL[0], [CALL[1]] * 2, 5, **how) == [CALL[0]] * 2
    assert asked == {"n_jobs": 5, "return_as": returned, "backend": "LokyBackend", "threads": 1}


def test_another_backend_gets_slice_by_slice_and_takes_as_many_as_it_will(asked):
    with parallel_config(backend="threading", n_jobs=2):
        assert spread.spread(CALL[0], [CALL[1]] * 2, 5) == [spread.as_here] * 2
    known = {"batch_size": 1, "return_as": "generator", "threads": None}
    assert asked == known | {"backend": "ThreadingBackend"}


def test_in_a_table_without_rows_nothing_moved():
    table = stored.read("losses", "paper")[:0]
    assert moved.compare(table, table) == "0 | 0 | 0"


def test_what_moved_is_counted():
    table = stored.read("losses", "paper")
    assert moved.compare(table, table) == f"{len(table)} | 0 | 0"
    other = table.copy()
    column = other.select_dtypes("float").columns[-1]
    other.loc[3, column] += 1
    assert moved.compare(other, table).startswith(f"{len(table)} | 1 | ")
    rows = len(table) - 1
    assert moved.compare(table[1:], table) == f"{rows} | {rows} | inf"
    rows = len(stored.read("summary", "again"))
    line = f"| again | summary | {rows} | 0 | 0 |"
    assert moved.report(stored.FOLDER, ["again"]).splitlines()[2:] == [line]


@pytest.fixture
def cluster():
    """Two workers of one thread each, on this machine."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def kill_at_work(client, killed):
    """Kill a worker that is at a slice."""
    pids = client.run(os.getpid)
    busy = []
    while not busy:
        sleep(0.05)
        busy = [worker for worker, keys in client.processing().items() if keys]
    os.kill(pids[busy[0]], signal.SIGKILL)
    killed.append(busy[0])


def same(one, other):
    """Whether two slices are the same, bit for bit."""
    pairs = list(zip([*one.model, one.X, one.logits], [*other.model, other.X, other.logits]))
    for method in one.recourse:
        pairs += zip(one.recourse[method], other.recourse[method])
    return one[:5] == other[:5] and all(np.array_equal(*pair, equal_nan=True) for pair in pairs)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_worker_that_dies_costs_its_slice_alone(cluster):
    alone = study.run(**ASKED, **HOW, jobs=1)
    killed = []
    killer = Thread(target=kill_at_work, args=(cluster, killed))
    killer.start()
    with parallel_config(backend="dask"):
        found = study.run(**ASKED, **HOW)
    killer.join()
    assert killed, "a worker was killed while it was at a slice"
    assert all(same(*pair) for pair in zip(alone, found))
    log = [step[:3] for step in cluster.cluster.scheduler.transition_log if "as_here" in step[0]]
    finished = [key for key, start, end in log if (start, end) == ("processing", "memory")]
    lost = [key for key, start, end in log if start == "processing" and end != "memory"]
    assert len(finished) == len(set(finished)) == len(alone), "no finished slice is done again"
    assert lost and set(lost) < set(finished)
    assert datasets.source("german") == found[0].source

"""Slices spread over processes of this machine, or over whatever backend of joblib is active.

On a cluster a slice is a task of its own: a worker that dies costs the slice it was at, which
another worker computes again. What a slice gives depends on its seed alone, not on who computes
it, where code, packages and data are the same; workers where they are not raise an error.
"""

from joblib import Parallel, delayed, parallel_config
from joblib.parallel import BACKENDS, get_active_backend

from rrlib.data import datasets
from rrlib.study import fingerprint


def spread(function, calls, jobs, *, ordered=True):
    """Return a generator over what a function gives, call by call.

    Parameters
    ----------
    function : function of a module of rrlib
    calls : sequence of tuples of its arguments
    jobs : int
        Processes of this machine, one thread each, where the caller has activated no other
        backend; on another one, as many at a time as it takes.
    ordered : bool
        Whether results come in the order of the calls, or as they are finished.

    Raises
    ------
    RuntimeError
        Where a worker of another backend has other code, packages or data.
    """
    how = {"return_as": "generator" if ordered else "generator_unordered"}
    if isinstance(get_active_backend()[0], BACKENDS["loky"]):
        with parallel_config(backend="loky", inner_max_num_threads=1):
            return Parallel(n_jobs=jobs, **how)(delayed(function)(*call) for call in calls)
    here = circumstances(function)
    parts = [delayed(as_here)(here, function, call) for call in calls]
    return Parallel(batch_size=1, **how)(parts)


def as_here(here, function, call):
    """Return what a call gives, where circumstances are those of the caller."""
    there = circumstances(function)
    wrong = [name for name in here if here[name] != there[name]]
    if wrong:
        raise RuntimeError(
            f"a worker has other {' and '.join(wrong)} than the caller: install the same rrlib "
            "and the same packages on both, and let RRLIB_DATA name the data on both"
        )
    return function(*call)


def circumstances(function):
    """Return what results depend on besides the arguments."""
    return {
        "code": fingerprint.code(function),
        "packages": fingerprint.versions(),
        "data": [datasets.source(name) for name in datasets.NAMES],
    }

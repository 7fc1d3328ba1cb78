"""Sphinx extension: every page shows what its code gives today.

Before Sphinx reads the pages, those are executed, two at a time, for which the
notebook cache in ``_build/.jupyter_cache`` has no outputs under today's key
(:mod:`_ext.dependencies`). Then each page is read with the outputs from the cache.
All pages are read at every build: a warning is given again until it is mended.
"""

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

# Importing it builds Matplotlib's font cache, which would warn in a first cell.
import matplotlib.font_manager  # noqa: F401
import nbformat
from filelock import FileLock
from joblib import Parallel, delayed
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient, exceptions
from sphinx.errors import ExtensionError

from _ext import kernels
from _ext.dependencies import BOOK, ROOT, code_cells, key_of, key_to, modules_behind
from rrlib.data import places, rawfiles

FOLDER = ROOT / "_build" / ".jupyter_cache"
KEPT = 200
"""How many executed pages the notebook cache keeps, earlier ones among them."""

TIMEOUT = 600
"""Seconds that a cell may take."""

SURROUNDINGS = {
    "OMP_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
}
"""What every kernel starts with: one thread, and memory that is kept.

By default glibc gives the memory of an array back at once, and the next array of
its size costs page faults: a tenth of the time of a chapter of large arrays.
"""

FAILURES = (
    exceptions.CellExecutionError,
    exceptions.CellTimeoutError,
    exceptions.DeadKernelError,
)

GATHER = "from rrlib.audit import experiments; experiments.gather()"
RUN = "from rrlib import study; study.run()"
SHARED = {"rrlib.audit.experiments": GATHER, "rrlib.study.sweep": RUN}
"""What the pages that depend on a module share: two at once would both compute it.

Where pages depend on several of these modules, the first counts.
"""


class Run(NamedTuple):
    """A page that has run: its outputs, its seconds, what is wrong, if anything."""

    name: str
    notebook: nbformat.NotebookNode
    seconds: float
    problem: str


def update(pages, timeout=TIMEOUT):
    """Execute those pages that the cache does not hold; return seconds by page.

    Raises
    ------
    ExtensionError
        Where a cell raises, takes too long, or writes to stderr.
    """
    settle()
    cache = open_cache()
    stale = [name for name, page in pages.items() if find(page, cache) is None]
    seconds, problems = {}, []
    if stale:
        print(f"Pages to execute: {', '.join(stale)}", flush=True)
    if len(stale) > 1:
        kernels.preload()
        seconds["what pages share"] = prepare([pages[name] for name in stale])
    order = longest_first({name: pages[name] for name in stale}, cache)
    calls = [delayed(run)(name, pages[name], timeout) for name in order]
    two = Parallel(2, prefer="threads", return_as="generator_unordered")
    for done in two(calls):
        seconds[done.name] = done.seconds
        print(f"{done.seconds:7.1f} s  {done.name}", flush=True)
        problem = done.problem or keep(done, cache)
        if problem:
            problems.append(f"{done.name}: {problem}")
    if problems:
        raise ExtensionError("\n\n".join(["pages that failed", *problems]))
    return seconds


def settle():
    """Give kernels started from now on, in another folder, what they need."""
    places.settle()
    for name, value in SURROUNDINGS.items():
        os.environ.setdefault(name, value)


def open_cache():
    """Return the notebook cache of the book."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    cache = get_cache(FOLDER)
    cache.change_cache_limit(KEPT)
    return cache


def read_pages():
    """Return all pages by name, each with its key."""
    paths = sorted(BOOK.glob("*.ipynb"))
    pages = [nbformat.read(path, as_version=4) for path in paths]
    return {path.stem: with_key(page) for path, page in zip(paths, pages)}


def with_key(notebook):
    """Put a notebook's key where the cache looks, beside the name of the kernel."""
    notebook.metadata.setdefault("kernelspec", {})["key"] = key_of(notebook)
    return notebook


def find(page, cache=None):
    """Return a page with its outputs from the cache, None where it has none."""
    cache = cache or open_cache()
    try:
        _, found = cache.merge_match_into_notebook(page, cell_meta=())
    except KeyError:
        return None
    del found.metadata.kernelspec["key"]
    return found


def keep(done, cache):
    """Put a page into the cache; say why not, where its key is another by now."""
    page = done.notebook
    if page.metadata.kernelspec.key != key_of(page):
        return "what it depends on was changed meanwhile; build again"
    seconds = {"execution_seconds": done.seconds}
    bundle = CacheBundleIn(page, done.name, data=seconds)
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    return ""


def longest_first(pages, cache):
    """Return names by their seconds last time, new ones first, by their code."""
    records = sorted(cache.list_cache_records(), key=lambda record: record.created)
    last = {record.uri: record.data["execution_seconds"] for record in records}

    def length(name):
        code = sum(len(cell.source) for cell in code_cells(pages[name]))
        return last.get(name, float("inf")), code

    return sorted(pages, key=length, reverse=True)


def prepare(pages):
    """Compute what these pages share, once on this machine; return the seconds."""
    start = perf_counter()
    cells = [cell for page in pages for cell in code_cells(page)]
    behind = modules_behind([cell.source for cell in cells])
    shared = [module for module in SHARED if module in behind]
    if shared:
        command = SHARED[shared[0]]
        key = key_to(modules_behind([command]))
        folder = rawfiles.study_folder()
        mark = folder / f"shared-{key[:16]}"
        with FileLock(folder / "shared.lock"):
            if not mark.exists():
                call = [sys.executable, "-c", command]
                subprocess.run(call, cwd=BOOK, check=True)
                mark.touch()
    return perf_counter() - start


def run(name, notebook, timeout):
    """Run a page, and say what is wrong with it."""
    start = perf_counter()
    try:
        execute(notebook, timeout)
        problem = complaint(notebook, allowed="remove-stderr")
    except FAILURES as error:
        problem = str(error)
    return Run(name, notebook, perf_counter() - start, problem)


def execute(notebook, timeout):
    """Run all cells in a fresh kernel, in the folder of the book.

    Raises where a cell raises.
    """
    settle()
    client = NotebookClient(
        notebook,
        timeout=timeout,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(BOOK)}},
        extra_arguments=["--log-level=ERROR"],  # no advice on encryption
    )
    client.execute()


def complaint(notebook, allowed=None):
    """Say what a cell without the allowed tag wrote to stderr, if any did."""
    for cell in code_cells(notebook):
        if allowed not in cell.metadata.get("tags", []):
            for output in cell.outputs:
                if output.get("name") == "stderr":
                    return f"stderr was found:\n\n{cell.source}\n\n{output.text}"
    return ""


def before_reading(app):
    update(read_pages())


def read_all(app, env, added, changed, removed):
    """Have Sphinx read every page."""
    return env.found_docs


def fill_in(app, docname, source):
    """Put the outputs from the cache into the source of a page."""
    path = Path(app.env.doc2path(docname))
    if path.suffix == ".ipynb":
        page = find(with_key(nbformat.reads(source[0], as_version=4)))
        if page is None:
            raise ExtensionError(f"{path.name} was changed meanwhile; build again")
        source[0] = nbformat.writes(page)


def setup(app):
    app.connect("builder-inited", before_reading)
    app.connect("env-get-outdated", read_all)
    app.connect("source-read", fill_in)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

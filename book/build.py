"""Build the book: ``python book/build.py``.

Pages that are not up to date are executed, two at a time. Then Jupyter Book reads
all pages, and every warning is an error. Where nothing has changed since a build
without one, nothing is done.
"""

import shutil
import sys
from time import perf_counter

from sphinx.errors import ExtensionError

from _ext import dependencies, execution, kernels
from _ext.dependencies import ROOT

HTML = ROOT / "_build" / "html"
STAMP = HTML / ".state"
"""The state of the book in a build without a warning; not there after another."""


def main():
    start = perf_counter()
    state = dependencies.state()
    if STAMP.exists() and STAMP.read_text() == state:
        print(f"Nothing has changed: {HTML / 'index.html'}")
        return
    if not execution.FOLDER.exists():  # every page is to be executed
        execution.settle()
        kernels.preload()
    try:
        seconds = execution.update(execution.read_pages())
    except ExtensionError as error:
        sys.exit(str(error))
    shutil.rmtree(HTML, ignore_errors=True)
    executed = perf_counter()
    written = write_pages()
    end = perf_counter()
    report(seconds | {"reading and writing": end - executed}, end - start)
    if not written:
        sys.exit("The build failed; the reason is above.")
    STAMP.write_text(state)


def write_pages():
    """Have Jupyter Book read and write the pages; return whether none warned."""
    # It imports Sphinx, which takes seconds.
    from jupyter_book.cli.main import main as jupyter_book

    options = ["-W", "--keep-going", "-n"]
    try:
        jupyter_book(["build", str(ROOT), *options], standalone_mode=False)
    except SystemExit:
        return False
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return False
    return True


def report(seconds, total):
    """Print seconds by page, longest first."""
    print("\nSeconds by page:")
    for name in sorted(seconds, key=seconds.get, reverse=True):
        print(f"{seconds[name]:7.1f} s  {name}")
    print(f"{total:7.1f} s  in total, two pages at a time")


if __name__ == "__main__":
    main()

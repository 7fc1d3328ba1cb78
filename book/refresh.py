"""Write the notebooks from their text: ``python book/refresh.py [chapter ...]``.

The cells of every ``book/text/<chapter>.md`` are formatted where they stand. Then
the chapter becomes ``book/<chapter>.ipynb``, executed from top to bottom, with its
outputs stored; they are those of the real data. Nothing is written when a cell
raises or writes to stderr. Chapters are executed two at a time, those alone whose
outputs the notebook cache does not hold yet, from a build or from an earlier call.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
from sphinx.errors import ExtensionError

from _ext import execution
from rrlib.data import datasets

BOOK = Path(__file__).resolve().parent
TEXT = BOOK / "text"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}
METADATA = {"kernelspec": KERNEL, "language_info": LANGUAGE}


def convert(path):
    """Notebook without outputs; an edit of one cell changes no other cell's id."""
    notebook = jupytext.read(path, fmt="md:myst")
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen = Counter()
    for cell in notebook.cells:
        content = f"{cell.cell_type}\n{cell.source}".encode()
        digest = hashlib.sha256(content).hexdigest()[:10]
        cell.id = f"{digest}-{seen[digest]}" if seen[digest] else digest
        seen[digest] += 1
    return notebook


def ruff(source, name, *command):
    """A notebook's source as ruff leaves it, under the settings of the book."""
    call = [sys.executable, "-m", "ruff", *command, "--stdin-filename", BOOK / name]
    done = subprocess.run(
        [*call, "-"], input=source, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def tidy(path):
    """Format the cells of a text where they stand."""
    notebook = convert(path)
    name = f"{path.stem}.ipynb"
    source = ruff(nbformat.writes(notebook), name, "check", "--fix-only", "--quiet")
    source = ruff(source, name, "format", "--quiet")
    text, end = path.read_text(), 0
    for old, new in zip(notebook.cells, nbformat.reads(source, as_version=4).cells):
        if old.cell_type == "code":
            start = text.index(old.source, end)
            end = start + len(old.source)
            text = text[:start] + new.source + text[end:]
            end = start + len(new.source)
    path.write_text(text)


def parse():
    parser = argparse.ArgumentParser(
        description="Execute chapters and store their outputs."
    )
    parser.add_argument(
        "chapters", nargs="*", help="names such as scfe_cost (default: all)"
    )
    parser.add_argument(
        "--allow-twin",
        action="store_true",
        help="without the real data, store the twins' outputs",
    )
    parser.add_argument(
        "--timeout",
        type=int,
        default=600,
        help="seconds that a cell may take (default: 600)",
    )
    options = parser.parse_args()
    known = sorted(path.stem for path in TEXT.glob("*.md"))
    unknown = sorted(set(options.chapters) - set(known))
    if unknown:
        missing = ", ".join(unknown)
        sys.exit(f"No text for {missing}; book/text has {', '.join(known)}.")
    options.chapters = options.chapters or known
    return options


def choose_data(allow_twin):
    """Leave unless all data are real; with `allow_twin`, use the twins of all."""
    twins = [name for name in datasets.NAMES if datasets.source(name) == "twin"]
    if twins and not allow_twin:
        sys.exit(
            f"No real data for {', '.join(twins)}: stored outputs are those of the "
            f"real data.\nSet RRLIB_DATA to the folder that holds the raw files, "
            f"or pass --allow-twin to try things out."
        )
    if twins:
        os.environ["RRLIB_DATA"] = "twin"


def main():
    options = parse()
    choose_data(options.allow_twin)
    pages = {}
    for name in options.chapters:
        tidy(TEXT / f"{name}.md")
        pages[name] = execution.with_key(convert(TEXT / f"{name}.md"))
    try:
        execution.update(pages, options.timeout)
    except ExtensionError as error:
        sys.exit(str(error))
    for name, page in pages.items():
        write(execution.find(page), BOOK / f"{name}.ipynb")


def write(notebook, target):
    """Write a notebook that has run; leave where a cell wrote to stderr."""
    problem = execution.complaint(notebook)
    if problem:
        sys.exit(f"{target.stem}: {problem}")
    notebook.metadata = nbformat.from_dict(METADATA)
    nbformat.validate(notebook)
    nbformat.write(notebook, target)
    count = sum(cell.cell_type == "code" for cell in notebook.cells)
    print(f"{target.relative_to(BOOK.parent)}: {count} code cells")


if __name__ == "__main__":
    main()

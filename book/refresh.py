"""Write the notebooks from their text: ``python book/refresh.py [chapter ...]``.

Every ``book/text/<chapter>.md`` becomes ``book/<chapter>.ipynb``, executed from top to bottom, with its outputs stored.
The stored outputs are those of the real data. Nothing is written when a cell raises or writes to stderr.
"""

import argparse
import hashlib
import os
import sys
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

from rrlib import datasets

BOOK = Path(__file__).resolve().parent
TEXT = BOOK / "text"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}


def convert(path):
    """Notebook without outputs; a cell's id follows from its source, so that an edit changes no other id."""
    notebook = jupytext.read(path, fmt="md:myst")
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen = Counter()
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:10]
        cell.id = f"{digest}-{seen[digest]}" if seen[digest] else digest
        seen[digest] += 1
    return notebook


def execute(notebook, timeout):
    """Run all cells in a fresh kernel, in the folder of the book; raise if one raises or writes to stderr."""
    resources = {"metadata": {"path": str(BOOK)}}
    NotebookClient(notebook, timeout=timeout, record_timing=False, resources=resources).execute()
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise RuntimeError(f"this cell writes to stderr:\n\n{cell.source}\n\n{output.text}")


def main():
    parser = argparse.ArgumentParser(description="Execute chapters and store their outputs.")
    parser.add_argument("chapters", nargs="*", help="names such as scfe_cost (default: all)")
    parser.add_argument("--allow-twin", action="store_true", help="without the real data, store the twins' outputs")
    parser.add_argument("--timeout", type=int, default=600, help="seconds that a cell may take (default: 600)")
    options = parser.parse_args()

    twins = [name for name in datasets.NAMES if datasets.source(name) == "twin"]
    if twins and not options.allow_twin:
        sys.exit(
            f"No real data for {', '.join(twins)}: stored outputs are those of the real data.\n"
            "Set RRLIB_DATA to the folder that holds the raw files, or pass --allow-twin to try things out."
        )
    if twins:
        os.environ["RRLIB_DATA"] = "twin"

    known = sorted(path.stem for path in TEXT.glob("*.md"))
    unknown = sorted(set(options.chapters) - set(known))
    if unknown:
        sys.exit(f"No text for {', '.join(unknown)}; book/text has {', '.join(known)}.")
    for name in options.chapters or known:
        notebook = convert(TEXT / f"{name}.md")
        execute(notebook, options.timeout)
        nbformat.validate(notebook)
        target = BOOK / f"{name}.ipynb"
        nbformat.write(notebook, target)
        print(f"{target.relative_to(BOOK.parent)}: {sum(c.cell_type == 'code' for c in notebook.cells)} code cells")


if __name__ == "__main__":
    main()

"""The students' edition: ``python book/students.py [folder]``.

Every chapter with exercises becomes a notebook without solutions and without
outputs, in `_build/students` or in the folder named.
"""

import re
import sys
from pathlib import Path

import jupytext
import nbformat

from refresh import METADATA, TEXT

FOLDER = Path(__file__).resolve().parents[1] / "_build" / "students"
SOLUTION = re.compile(
    r"^```\{solution-start\} .*?^```\{solution-end\}\n```\n\n",
    re.MULTILINE | re.DOTALL,
)


def editions():
    """Yield the name of every chapter with exercises, and its notebook."""
    for path in sorted(TEXT.glob("*.md")):
        text = path.read_text()
        if SOLUTION.search(text):
            notebook = jupytext.reads(SOLUTION.sub("", text), fmt="md:myst")
            notebook.metadata = nbformat.from_dict(METADATA)
            yield path.stem, notebook


def write(folder):
    """Write the edition into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, notebook in editions():
        nbformat.write(notebook, folder / f"{name}.ipynb")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)

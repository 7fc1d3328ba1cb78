"""The chapter on the reader's own data, executed with her parameters, as one HTML file."""

import html
import logging
import os
import re
from pathlib import Path

from rrlib.data.places import BOOK

CHAPTER = BOOK / "text" / "yours.md"
"""The text of the chapter."""

STYLE = """
body {font-family: system-ui, sans-serif; line-height: 1.5; max-width: 62rem;
      margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff}
table {border-collapse: collapse; font-size: .85rem; margin: 1rem 0;
       display: block; overflow-x: auto}
th, td {padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #ddd}
th {text-align: left}
img {max-width: 100%; height: auto}
pre {white-space: pre-wrap}
.anchor-link, .jp-InputPrompt, .jp-OutputPrompt, .prompt {display: none}
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{style}</style></head>
<body><main>{body}</main></body>
</html>
"""


class ReportError(RuntimeError):
    """The chapter could not be executed, or a package for that is not installed."""


def write_report(out, parameters, *, progress=True):
    """Execute the chapter with some parameters and write it as one HTML file.

    The file holds its figures and loads nothing.

    Parameters
    ----------
    out : str or Path
    parameters : dict of str -> value
        Of the chapter's first cell.
    progress : bool
        Whether a bar shows how far it is.

    Raises
    ------
    ReportError
        If a package or the chapter is missing, or a cell raises; with that cell's message.
    """
    notebook = execute(parameters, progress=progress)
    body = to_body(notebook)
    title = f"Robust models and recourse: {Path(str(parameters.get('table') or 'a twin')).name}"
    page = PAGE.format(title=html.escape(title), style=STYLE, body=body)
    Path(out).write_text(page, "utf-8")


def execute(parameters, *, progress=True):
    """Return the chapter as a notebook that has run with some parameters."""
    try:
        import jupytext
        import papermill
        from papermill.exceptions import PapermillExecutionError
    except ImportError as error:
        raise ReportError(
            f"{error.name} is not installed: install rrlib with the extra packages of 'yours', "
            "in a clone by pip install -c constraints.txt -e '.[yours]'"
        ) from None
    if not CHAPTER.exists():
        raise ReportError(f"{CHAPTER} is missing: install rrlib anew, from a wheel or a clone")
    notebook = jupytext.read(CHAPTER, fmt="md:myst")
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # else the kernel warns
    logging.getLogger("papermill").setLevel(logging.ERROR)
    try:
        return papermill.execute_notebook(
            notebook,
            None,
            parameters,
            kernel_name="python3",
            language="python",
            extra_arguments=["--log-level=ERROR"],
            progress_bar=progress and {"desc": "report", "unit": "cell"},
        )
    except PapermillExecutionError as error:
        raise ReportError(f"{error.ename}: {error.evalue}") from None


def to_body(notebook):
    """Return the text and the outputs of an executed chapter as HTML, without its code."""
    from nbconvert import HTMLExporter

    kept = []
    for cell in notebook.cells:
        if "book-only" in cell.metadata.get("tags", []):
            continue
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\{doc\}`([^`]+)`", r"the book's chapter \1", cell.source)
        kept.append(cell)
    notebook.cells = kept
    exporter = HTMLExporter(template_name="basic", exclude_input=True, exclude_output_prompt=True)
    body, _ = exporter.from_notebook_node(notebook)
    return body

"""The chapter on the reader's own data, executed with her parameters, as one HTML file."""

import html
import logging
import os
import re
from pathlib import Path

from rrlib.data.shipped import BOOK

CHAPTER = BOOK / "text" / "yours.md"
"""The text of the chapter."""

STYLE = """
body {font-family: system-ui, sans-serif; line-height: 1.5; max-width: 68rem;
      margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff;
      overflow-wrap: anywhere}
table {border: 0; border-collapse: collapse; font-size: .85rem; margin: 1rem 0;
       display: block; width: fit-content; max-width: 100%; overflow-x: auto}
th, td {padding: .2rem .45rem; text-align: right; vertical-align: top; overflow-wrap: normal;
        border: 0; border-bottom: 1px solid #ddd}
th, td.text {text-align: left}
td.text {min-width: 9rem}
div:has(> img) {overflow-x: auto}
img {max-width: 100%; height: auto; background: #fff}
pre {white-space: pre-wrap}
@media screen and (max-width: 40rem) {
  img {max-width: none; width: 38rem}
}
@media screen and (prefers-color-scheme: dark) {
  html, body {color: #e4e4e4; background: #16181c}
  th, td {border-color: #444}
}
@media print {
  @page {margin: 14mm}
  body {max-width: none; margin: 0; padding: 0; font-size: 9.5pt; line-height: 1.35}
  table {display: table; width: auto; font-size: 6.5pt}
  th, td {padding: .1rem .3rem; overflow-wrap: break-word}
  thead {display: table-header-group}
  img, pre {break-inside: avoid}
  img {max-height: 110mm}
  h1, h2 {break-after: avoid}
  p {orphans: 3; widows: 3}
}
.anchor-link, .jp-InputPrompt, .jp-OutputPrompt, .prompt {display: none}
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{style}</style></head>
<body><main>{body}</main></body>
</html>
"""


TEXT = re.compile(r"<td>(?=[^<]*[a-z]{2})(?!True|False|NaN)")
"""A cell of a table that holds words."""


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
        import papermill
        from papermill.exceptions import PapermillExecutionError

        notebook = chapter()
    except ImportError as error:
        raise ReportError(
            f"{error.name} is not installed: install rrlib with the extra packages of 'yours', "
            "in a clone by pip install -c constraints.txt -e '.[yours]'"
        ) from None
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # else the kernel warns
    logging.getLogger("papermill").setLevel(logging.ERROR)
    try:
        return papermill.execute_notebook(
            notebook,
            None,
            parameters,
            kernel_name="python3",
            language="python",
            extra_arguments=["--log-level=CRITICAL"],  # else it writes that its end interrupts it
            progress_bar=progress and {"desc": "report", "unit": "cell"},
        )
    except PapermillExecutionError as error:
        raise ReportError(f"{error.ename}: {error.evalue}") from None


def chapter():
    """Return the chapter as a notebook, without what is of the book alone."""
    import jupytext

    if not CHAPTER.exists():
        raise ReportError(f"{CHAPTER} is missing: install rrlib anew, from a wheel or a clone")
    notebook = jupytext.read(CHAPTER, fmt="md:myst")
    notebook.cells = [cell for cell in notebook.cells if "book-only" not in _tags(cell)]
    return notebook


def to_body(notebook):
    """Return the text and the outputs of an executed chapter as HTML, without its code."""
    from nbconvert import HTMLExporter
    from nbformat.v4 import new_markdown_cell

    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        shown = cell.metadata.get("mystnb")
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\{doc\}`([^`]+)`", r"the book's chapter \1", cell.source)
        elif shown and any("image/png" in output.get("data", {}) for output in cell.outputs):
            cell.metadata["alt"] = shown["image"]["alt"].strip()
            cells.append(new_markdown_cell(shown["figure"]["caption"]))
    notebook.cells = cells
    exporter = HTMLExporter(template_name="basic", exclude_input=True, exclude_output_prompt=True)
    body, _ = exporter.from_notebook_node(notebook)
    return re.sub(TEXT, '<td class="text">', body)


def _tags(cell):
    return cell.metadata.get("tags", [])

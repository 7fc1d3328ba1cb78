"""Sphinx extension: every page renders with no network, formulas included.

The formulas' renderer comes from the installed package ``sphinx-mathjax-offline``.
Of its 24 MB, one script and the fonts that it asks for go into the built book.
"""

from importlib.resources import as_file, files
from pathlib import Path
from shutil import copy, copytree

# Importing it builds Matplotlib's font cache, which would warn in a first cell.
import matplotlib.font_manager  # noqa: F401

SCRIPT = "tex-chtml-full.js"
FONTS = "output/chtml/fonts"

QUIET = {"inTabOrder": False}
"""The keyboard passes over formulas, of which a page has hundreds."""


def copy_renderer(app, error):
    """Copy the script and its fonts to ``_static/mathjax``."""
    if error is not None or app.builder.format != "html":
        return
    target = Path(app.outdir, "_static", "mathjax")
    with as_file(files("sphinx-mathjax-offline") / "static" / "mathjax") as source:
        target.mkdir(parents=True, exist_ok=True)
        copy(source / SCRIPT, target)
        copytree(source / FONTS, target / FONTS, dirs_exist_ok=True)


def drop_thebe(app, page, template, context, doctree):
    """Drop the scripts of live code cells from a page: they come from elsewhere."""
    scripts = context["script_files"]
    kept = [script for script in scripts if "thebe" not in str(script).lower()]
    context["script_files"] = kept


def setup(app):
    app.config.mathjax_path = f"mathjax/{SCRIPT}"
    app.config.mathjax3_config = {"options": {"menuOptions": {"settings": QUIET}}}
    app.config.nb_ipywidgets_js = {}
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("build-finished", copy_renderer)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

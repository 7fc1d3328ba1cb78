"""Sphinx extension: what the theme leaves to do on a page.

Landmarks and roles for screen readers, a footer, tables (:mod:`_ext.tables`), ends
of lines (:mod:`_ext.lines`), figures in their size with a link to the whole, and
the page that a search finds first.
"""

import re
from itertools import chain
from pathlib import Path

from docutils import nodes
from PIL import Image
from sphinx import addnodes

from _ext import lines, tables
from _ext.dependencies import ROOT

TEMPLATES = Path(__file__).with_name("templates")

FIRST = {
    "book/scfe_cost": ["Theorem 1"],
    "book/cchvae_cost": ["Theorem 2"],
    "book/weights": ["Lemma 1"],
    "book/validity": ["Theorem 3"],
    "book/collapse": ["collapse threshold"],
    "book/about": ["licence", "license", "citation"],
}
"""What is searched for, by the page that a search for it finds first."""

ROLES = {
    ' role="list" class="citation-list"': ' class="citation-list"',
    ' role="doc-biblioentry"': "",
    '<summary aria-label="Toggle hidden content">': "<summary>",
}
"""Roles and labels that say another thing than what is there."""

DOTS = 110
"""CSS pixels for an inch of a figure, whose letters then have the text's size."""

LEGIBLE = 0.66
"""How much of its size a figure keeps on a phone, so that letters have 9 pixels."""

SIZE = re.compile(r'(?<=style="width: )(\d+)px;(?=" />\s*</a>)')
SOLUTION = re.compile(r"(Solution to)(<a [^>]*>) ([^<]*)")


def size_figures(app, doctree):
    """Give a cell's figure its size in print; it is then a link to the whole."""
    for image in doctree.findall(nodes.image):
        path = Path(app.srcdir, image["uri"])
        if path.suffix == ".png" and path.exists() and "width" not in image:
            with Image.open(path) as picture:
                dots = picture.info.get("dpi", (DOTS, DOTS))[0]
                image["width"] = f"{round(picture.width * DOTS / dots)}px"


def find_first(doctree, docname):
    """Put into the index of the search what this page is found for first."""
    for index in list(doctree.findall(addnodes.index)):
        if any(entry[1] in chain(*FIRST.values()) for entry in index["entries"]):
            index.parent.remove(index)
    words = FIRST.get(docname, [])
    entries = [("single", word, "", "main", None) for word in words]
    if entries:
        doctree.insert(0, addnodes.index(entries=entries))


def complete(app, doctree, docname):
    tables.widen(doctree)
    lines.wrap_outputs(doctree)
    lines.break_formulas(doctree)
    size_figures(app, doctree)
    find_first(doctree, docname)


def mend(app, page, template, context, doctree):
    """Mend the HTML of a page, and tell its footer the address of the project."""
    context["repository_url"] = app.config.html_theme_options.get("repository_url")
    if "body" in context:
        body = context["body"]
        for wrong, right in ROLES.items():
            body = body.replace(wrong, right)
        body = SIZE.sub(keep_legible, body)
        body = SOLUTION.sub(set_apart, body)
        context["body"] = lines.hold_printed(lines.hold(tables.mend(body)))
    for step in ("prev", "next"):
        if context.get(step):
            title = lines.hold(context[step]["title"])
            context[step] = {**context[step], "title": title}


def set_apart(match):
    """Put a space before the title of an exercise, and set its apostrophes."""
    return f"{match[1]} {match[2]}" + match[3].replace("'", "’")


def keep_legible(match):
    """Give a figure, which is as wide as its column allows, a least width."""
    return f"{match[0]} min-width: {round(LEGIBLE * int(match[1]))}px;"


def settle(app, config):
    """Find the templates; without an address of the project, launch nothing."""
    config.templates_path.insert(0, str(TEMPLATES.relative_to(ROOT)))
    if not config.html_theme_options.get("repository_url"):
        config.html_theme_options.pop("launch_buttons", None)


def setup(app):
    app.connect("config-inited", settle)
    app.connect("doctree-resolved", complete)
    app.connect("html-page-context", mend)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

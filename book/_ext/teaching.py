"""Sphinx extension: what a course needs beside the pages.

Every chapter says how long it takes to read, ``reading-times`` makes a table of
that, and slides of the lecture and the students' edition go into the built book.
"""

from pathlib import Path
from shutil import make_archive
from tempfile import TemporaryDirectory

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

import slides
import students

PACE = 200
"""Words a minute."""
FORMULA = 8
"""Words that a displayed formula counts for."""
SKIPPED = ("Fold", "solution_node", "table", "literal_block", "figure")
"""What a first reading leaves out."""


class Times(nodes.General, nodes.Element):
    """Where the table of reading times goes."""


class ReadingTimes(SphinxDirective):
    def run(self):
        return [Times()]


def words(node):
    """Return how many words of a part are read the first time."""
    if type(node).__name__ in SKIPPED or is_cell(node):
        return 0
    if isinstance(node, nodes.math_block):
        return FORMULA
    if isinstance(node, nodes.Text):
        return len(node.split())
    return sum(map(words, node.children))


def is_cell(node):
    """Return whether a part is code and what it printed."""
    is_container = isinstance(node, nodes.container)
    return is_container and node.get("nb_element") == "cell_code"


def note_time(app, doctree):
    """Say below a chapter's title how long it takes, and keep it for the table."""
    page = app.env.docname
    if not app.env.doc2path(page).endswith(".ipynb"):
        return
    minutes = max(1, round(words(doctree) / PACE))
    if not hasattr(app.env, "reading_times"):
        app.env.reading_times = {}
    app.env.reading_times[page] = minutes
    title = next(iter(doctree.findall(nodes.title)), None)
    if title is not None:
        text = f"{minutes} minutes to read, without folds and solutions"
        note = nodes.paragraph("", text, classes=["reading-time"])
        title.parent.insert(title.parent.index(title) + 1, note)


def fill_tables(app, doctree, page):
    """Put a table of all chapters and their minutes where one is asked for."""
    for place in list(doctree.findall(Times)):
        place.replace_self(table(app, page))


def table(app, page):
    """Return the table: the chapters in their order, linked, with their minutes."""
    order = [name for name in in_order(app.env) if name in app.env.reading_times]
    body = nodes.tbody()
    for name in order:
        title = app.env.titles[name].astext()
        address = app.builder.get_relative_uri(page, name)
        link = nodes.reference("", title, refuri=address, internal=True)
        minutes = nodes.paragraph("", f"{app.env.reading_times[name]} min")
        cells = [nodes.paragraph("", "", link), minutes]
        body += nodes.row("", *(nodes.entry("", cell) for cell in cells))
    heads = [
        nodes.entry("", nodes.paragraph("", head))
        for head in ("chapter", "to read")
    ]
    columns = [nodes.colspec(colwidth=width) for width in (80, 20)]
    head = nodes.thead("", nodes.row("", *heads))
    return nodes.table("", nodes.tgroup("", *columns, head, body, cols=2))


def in_order(env):
    """Return the pages as the table of contents has them."""
    root = env.config.root_doc
    below = env.toctree_includes.get(root, [])
    return [root, *below]


def write(app, error):
    """Put the slides and an archive of students' notebooks into the built book."""
    if error is None and app.builder.format == "html":
        slides.write(Path(app.outdir, "lecture.html"))
        with TemporaryDirectory() as folder:
            students.write(Path(folder, "students"))
            make_archive(Path(app.outdir, "students"), "zip", folder)


def pass_over(self, node):
    """The table takes its place before a page is written."""


def setup(app):
    app.add_node(Times, html=(pass_over, pass_over))
    app.add_directive("reading-times", ReadingTimes)
    app.connect("doctree-read", note_time)
    app.connect("doctree-resolved", fill_tables)
    app.connect("build-finished", write)
    return {
        "version": "1",
        "parallel_read_safe": False,
        "parallel_write_safe": True,
    }

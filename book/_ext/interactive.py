"""Sphinx extension: scripts of figures that a reader moves, where there are any."""

import re

from docutils import nodes

FIGURE = re.compile(r'class="interactive" data-figure="([\w-]+)"')


def add_scripts(app, page, template, context, doctree):
    """Give a page the scripts of its figures, what they share first."""
    found = set()
    for node in doctree.findall(nodes.raw) if doctree else ():
        found.update(FIGURE.findall(node.astext()))
    if found:
        app.add_css_file("interactive/interactive.css")
        for name in ("common", *sorted(found)):
            app.add_js_file(f"interactive/{name}.js", loading_method="defer")


def setup(app):
    app.connect("html-page-context", add_scripts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

"""Sphinx extension: what stands between ``fold-start`` and ``fold-end`` folds away.

Unlike other directives the pair may hold code cells with their outputs::

    ```{fold-start} The same for the other datasets
    ```
    ...
    ```{fold-end}
    ```

Both stand in the same section, and folds do not hold each other. The keyboard opens
a fold, and so does the browser's search; no script is needed.
"""

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

LOGGER = logging.getLogger(__name__)


class Start(nodes.General, nodes.Element):
    """Where a fold begins; it holds what stays visible."""


class End(nodes.General, nodes.Element):
    """Where a fold ends."""


class Title(nodes.General, nodes.TextElement):
    """What stays visible of a fold."""


class Fold(nodes.General, nodes.Element):
    """A title, and what folds away below it."""


class FoldStart(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        title, messages = self.state.inline_text(self.arguments[0], self.lineno)
        start = Start("", Title("", "", *title))
        self.set_source_info(start)
        return [start, *messages]


class FoldEnd(SphinxDirective):
    def run(self):
        end = End()
        self.set_source_info(end)
        return [end]


class Gather(SphinxTransform):
    """Move what stands between a start and its end into one fold."""

    default_priority = 10

    def apply(self):
        for start in list(self.document.findall(Start)):
            self.close(start)
        for end in list(self.document.findall(End)):
            LOGGER.error("a fold-end without its fold-start", location=end)
            end.parent.remove(end)

    def close(self, start):
        parent = start.parent
        first = parent.index(start)
        following = parent.children[first + 1 :]
        marks = [node for node in following if isinstance(node, (Start, End))]
        if not marks or not isinstance(marks[0], End):
            LOGGER.error(
                "a fold-start without its fold-end in the same section",
                location=start,
            )
            parent.remove(start)
            return
        inside = following[: following.index(marks[0])]
        for node in [*inside, marks[0]]:
            parent.remove(node)
        parent.replace(start, Fold("", *start.children, *inside))


def open_fold(self, node):
    self.body.append('<details class="fold">')


def close_fold(self, node):
    self.body.append("</details>\n")


def open_title(self, node):
    self.body.append("<summary>")


def close_title(self, node):
    self.body.append("</summary>\n")


def pass_over(self, node):
    """Other formats show what a fold holds as it stands."""


def setup(app):
    shown = dict.fromkeys(
        ("latex", "text", "man", "texinfo"), (pass_over, pass_over)
    )
    app.add_node(Fold, html=(open_fold, close_fold), **shown)
    app.add_node(Title, html=(open_title, close_title), **shown)
    app.add_directive("fold-start", FoldStart)
    app.add_directive("fold-end", FoldEnd)
    app.add_transform(Gather)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

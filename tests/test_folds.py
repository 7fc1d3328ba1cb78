"""Folds of the book: what they hold, and what is said where a mark is missing."""

from io import StringIO

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

PAGE = "# Page\n\nBefore.\n\n{start}Inside.\n\nAlso inside.\n\n{end}After.\n"
START = "```{fold-start} What $x$ is\n```\n\n"
END = "```{fold-end}\n```\n\n"


def build(folder, page):
    """Build one page; return its HTML and the warnings."""
    (folder / "index.md").write_text(page)
    options = {
        "extensions": ["myst_parser", "_ext.folds"],
        "myst_enable_extensions": ["dollarmath"],
    }
    warnings = StringIO()
    with docutils_namespace():
        app = Sphinx(
            folder,
            None,
            folder / "out",
            folder / "trees",
            "html",
            confoverrides=options,
            status=None,
            warning=warnings,
        )
        app.build()
    return (folder / "out" / "index.html").read_text(), warnings.getvalue()


def test_a_fold_holds_what_stands_between_its_marks(tmp_path):
    html, warnings = build(tmp_path, PAGE.format(start=START, end=END))
    before, rest = html.split('<details class="fold"><summary>')
    title, rest = rest.split("</summary>")
    inside, after = rest.split("</details>")
    assert "Before." in before
    assert title.startswith("What <span class=") and title.endswith(" is")
    assert "<p>Inside.</p>" in inside and "<p>Also inside.</p>" in inside
    assert "After." in after
    assert not warnings


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("", END, "a fold-end without its fold-start"),
        (START, "", "a fold-start without its fold-end"),
        (START + START, END, "a fold-start without its fold-end"),
        (START, "## Section\n\n" + END, "a fold-start without its fold-end"),
    ],
)
def test_a_mark_without_its_other_is_an_error(tmp_path, start, end, message):
    html, warnings = build(tmp_path, PAGE.format(start=start, end=end))
    assert message in warnings
    assert "Inside." in html and "After." in html

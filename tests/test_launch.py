"""Buttons that launch a chapter: there with the project's address, and nowhere without it."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
import yaml
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

import refresh

ROOT = Path(__file__).resolve().parents[1]
OPTIONS = yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]["config"]

ADDRESS = "https://github.com/someone/a-project"
BINDER = "https://mybinder.org/v2/gh/someone/a-project/main?urlpath=lab/tree/book/chapter.ipynb"
COLAB = "https://colab.research.google.com/github/someone/a-project/blob/main/book/chapter.ipynb"
FETCH = [f"!git clone {ADDRESS} project", "%pip install ./project", "%cd project/book"]


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """A function that builds a chapter and a text with an address; returns the HTML of both."""

    def build(address):
        project = tmp_path_factory.mktemp("project")
        shutil.copytree(ROOT / "book" / "_ext" / "templates", project / "book/_ext/templates")
        (project / "index.md").write_text("# Book\n\n```{toctree}\nbook/chapter\nbook/about\n```\n")
        (project / "book" / "about.md").write_text("# About\n")
        cells = [nbformat.v4.new_markdown_cell("# Chapter")]
        chapter = nbformat.v4.new_notebook(cells=cells, metadata=refresh.METADATA)
        nbformat.write(chapter, project / "book" / "chapter.ipynb")
        options = {
            "extensions": ["myst_nb", "_ext.pages"],
            "html_theme": "sphinx_book_theme",
            "html_theme_options": {**OPTIONS["html_theme_options"], "repository_url": address},
            "nb_execution_mode": "off",
            "source_suffix": {".ipynb": "myst-nb", ".md": "myst-nb"},
        }
        target = project / "out"
        places = project, None, target, project / "trees"
        with docutils_namespace():
            Sphinx(*places, "html", confoverrides=options, status=None).build()
        return [(target / "book" / f"{name}.html").read_text() for name in ("chapter", "about")]

    return build


def hosts(page):
    return re.findall(r'href="(https://(?:mybinder|colab)[^"]*)"', page)


def test_a_chapter_is_launched_where_the_project_has_an_address(build):
    chapter, text = build(ADDRESS)
    assert hosts(chapter) == [BINDER, COLAB]
    assert not hosts(text), "only what runs is launched"
    assert all(f"<code>{line}</code>" in chapter for line in FETCH)


def test_without_an_address_nothing_is_launched(build):
    chapter, text = build("")
    for page in (chapter, text):
        assert not hosts(page) and "rocket" not in page
    assert ".venv/bin/jupyter lab book/chapter.ipynb" in chapter and "Colab" not in chapter

"""A build that cannot go stale: what a page depends on, and that red stays red until mended."""

import ast
import inspect
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import nbformat
import pytest

import refresh
from _ext import dependencies, execution

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
PAGES = {path.stem: nbformat.read(path, as_version=4) for path in sorted(BOOK.glob("*.ipynb"))}


def code(page):
    return [cell.source for cell in page.cells if cell.cell_type == "code"]


def keys(names=PAGES):
    return {name: dependencies.key_of(PAGES[name]) for name in names}


def changed(before):
    return {name for name, key in keys(before).items() if key != before[name]}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of rrlib that can be edited."""
    copy = tmp_path / "rrlib"
    shutil.copytree(dependencies.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for module in (dependencies, import_module("rrlib.study.fingerprint")):
        monkeypatch.setattr(module, "PACKAGE", copy)
    return copy


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_calls_is_behind_it(name):
    sources = code(PAGES[name])
    behind = dependencies.modules_behind(sources)
    tree = ast.parse("\n".join(sources))
    _, rooms = dependencies.imports(tree)
    taken = [(rooms[node.value.id], node.attr) for node in attributes(tree, rooms)]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and dependencies.is_ours(node.module):
            taken += [(node.module, alias.name) for alias in node.names]
    for module, attribute in taken:
        thing = getattr(import_module(module), attribute, None)
        if inspect.isroutine(thing) or inspect.isclass(thing):
            assert thing.__module__ in behind


def attributes(tree, rooms):
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", None) in rooms:
            yield node


@pytest.mark.parametrize(
    "file, stale, fresh",
    [
        ("figures/weights.py", {"weights"}, {"index", "validity"}),
        ("figures/__init__.py", {"index", "weights"}, {"audit"}),
        ("models/vae.py", {"methods", "cchvae_cost"}, {"protects", "weights"}),
        ("models/minimiser.py", {"index", "weights", "ledger"}, {"audit"}),
        ("data/twin_statistics/german.json", {"index", "weights", "ledger"}, set()),
    ],
)
def test_a_change_in_the_package_executes_what_depends_on_it(package, file, stale, fresh):
    before = keys(stale | fresh)
    with open(package / file, "a") as edited:
        edited.write("\n")
    assert changed(before) == stale


def test_a_room_that_is_handed_about_counts_whole():
    few = dependencies.modules_behind(["from rrlib import figures\nfigures.opening()"])
    whole = dependencies.modules_behind(["from rrlib import figures as f\nprint(dir(f))"])
    assert "rrlib.figures.opening" in few and "rrlib.figures.weights" not in few
    assert {"rrlib.figures.opening", "rrlib.figures.weights"} <= set(whole)
    everything = dependencies.modules_behind(["from rrlib import figures\n%magic"])
    assert set(whole) < set(everything)


@pytest.mark.slow
def test_data_and_packages_are_part_of_every_key(monkeypatch):
    before = keys()
    assert not changed(before)
    with monkeypatch.context() as patch:
        patch.setattr(dependencies.datasets, "source", lambda name: "another")
        patch.setenv("RRLIB_DATA", "real")
        assert changed(before) == set(PAGES)
    with monkeypatch.context() as patch:
        patch.setattr(dependencies, "packages", lambda: [("torch", "0.0")])
        assert changed(before) == set(PAGES)


def test_files_of_results_are_part_of_the_keys_of_those_who_read_them(tmp_path, monkeypatch):
    stale = {"index", "cost", "ledger", "stored", "speed"}
    fresh = {"protects", "weights", "scfe_cost"}
    monkeypatch.setattr(dependencies, "BOOK", tmp_path)
    before = keys(stale | fresh)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "table.csv").write_text("a\n1\n")
    (tmp_path / "speed.json").write_text("{}")
    assert changed(before) == stale


def test_a_table_beside_the_pages_is_part_of_the_keys_of_those_who_read_it(tmp_path, monkeypatch):
    monkeypatch.setattr(dependencies, "BOOK", tmp_path)
    before = keys()
    (tmp_path / "prediction.csv").write_text("a\n1\n")
    assert changed(before) == {"prediction", "forecast"}


def test_prose_is_no_part_of_a_key():
    page = nbformat.from_dict(PAGES["index"])
    before = dependencies.key_of(page)
    page.cells = [cell for cell in page.cells if cell.cell_type == "code"]
    assert dependencies.key_of(page) == before
    page.cells[0].source += "\n1"
    assert dependencies.key_of(page) != before


@pytest.mark.slow
def test_what_pages_share_is_computed_once(tmp_path, monkeypatch):
    monkeypatch.setenv("RRLIB_CACHE", str(tmp_path))
    log = tmp_path / "log"
    slow = f"import time; time.sleep(1); open({str(log)!r}, 'a').write('once')"
    monkeypatch.setattr(execution, "SHARED", {"rrlib.study.sweep": slow})
    execution.prepare([PAGES["weights"]])
    assert not list(tmp_path.iterdir()), "this page needs no study"
    call = f"execution.SHARED = {execution.SHARED!r}; execution.prepare(pages.values())"
    script = f"from _ext import execution; pages = execution.read_pages(); {call}"
    both = [subprocess.Popen([sys.executable, "-c", script], cwd=BOOK) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert log.read_text() == "once"


@pytest.fixture
def project(tmp_path):
    """A book of one page, to be filled."""
    for name in ("_config.yml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    (tmp_path / "book" / "text").mkdir(parents=True)
    (tmp_path / "book" / "lecture.yml").write_text("[]\n")
    scripts = [path.name for path in BOOK.glob("*.py")]
    for name in (*scripts, "lecture.html", "references.bib"):
        shutil.copy(BOOK / name, tmp_path / "book")
    for folder in ("_ext", "_static"):
        shutil.copytree(BOOK / folder, tmp_path / "book" / folder)
    return tmp_path


def write(project, source, text="# Page"):
    """Write the page: a text, and a cell whose stored output is another one than it gives."""
    wrong = [nbformat.v4.new_output("stream", name="stdout", text="an old output\n")]
    cells = [
        nbformat.v4.new_markdown_cell(text),
        nbformat.v4.new_code_cell(source, outputs=wrong, execution_count=1),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=refresh.METADATA)
    nbformat.write(notebook, project / "book" / "index.ipynb")


def build(project, *command):
    """Build the book; return the exit status and what was printed."""
    command = command or (sys.executable, project / "book" / "build.py")
    done = subprocess.run(command, capture_output=True, text=True, cwd=project)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "source, text, complaint",
    [
        pytest.param("1 / 0", "# Page", "ZeroDivisionError", marks=pytest.mark.slow),
        pytest.param(
            "import warnings\nwarnings.warn('beware')",
            "# Page",
            "stderr was found",
            marks=pytest.mark.slow,
        ),
        pytest.param("1", "# Page\n\n[nowhere](nowhere.md)", "nowhere", marks=pytest.mark.slow),
    ],
    ids=["a cell raises", "a cell warns", "Sphinx warns"],
)
def test_a_bad_page_fails_the_build_until_it_is_mended(project, source, text, complaint):
    write(project, source, text)
    for _ in range(2):
        status, log = build(project)
        assert status and complaint in log, log


@pytest.mark.slow
def test_a_build_shows_what_the_code_gives_and_a_second_one_does_nothing(project):
    write(project, "print(6 * 7)")
    status, log = build(project)
    assert not status and "Seconds by page" in log, log
    page = project / "_build" / "html" / "book" / "index.html"
    assert "42" in page.read_text() and "an old output" not in page.read_text()
    for folder in (".ruff_cache", "__pycache__"):
        (project / "book" / folder).mkdir()
        (project / "book" / folder / "left by a program").touch()
    status, log = build(project)
    assert not status and "Nothing has changed" in log, log


@pytest.mark.slow
def test_jupyter_book_alone_shows_no_stale_output(project):
    write(project, "print(6 * 7)")
    status, log = build(project, Path(sys.executable).with_name("jupyter-book"), "build", project)
    assert not status, log
    page = project / "_build" / "html" / "book" / "index.html"
    assert "42" in page.read_text() and "an old output" not in page.read_text()

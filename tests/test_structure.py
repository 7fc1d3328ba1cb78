"""The shape of the code: which room may import which, how long a file is, what a line may hold."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "rrlib"
SOURCES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = [
    *SOURCES,
    *sorted((ROOT / "tests").rglob("*.py")),
    *sorted((ROOT / "book").rglob("*.py")),
]
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))

MAY_IMPORT = {
    "data": set(),
    "models": set(),
    "recourse": {"models"},
    "theory": {"models"},
    "study": {"data", "models", "recourse"},
    "figures": {"study", "theory"},
    "audit": {"data", "models", "recourse", "theory", "study", "figures"},
    "yours": {"data", "models", "recourse", "theory", "study", "figures", "audit"},
    "exercises": {"data", "models", "recourse", "theory", "study", "audit"},
}
"""The rooms of the package, and what each may import beside itself."""

DOORS = {"claims"}
"""Modules beside the rooms: commands that a user types, at most 60 lines each."""

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def imported_rooms(path):
    """The rooms that a file imports from."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rrlib":
            parts = node.module.split(".")
            yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("rrlib."):
                    yield alias.name.split(".")[1]


def cells(path):
    """The code of a chapter, cell by cell."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            yield cell.source


def levels(node, depth=0):
    """How many loops the deepest comprehension below a node stands in."""
    if isinstance(node, COMPREHENSIONS):
        depth += len(node.generators)
    return max([depth, *(levels(child, depth) for child in ast.iter_child_nodes(node))])


def complaints(source):
    """What in a piece of code takes more than one reading."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.NamedExpr):
            yield f"line {node.lineno}: a walrus"
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Tuple) and len(target.elts) > 4:
                    yield f"line {node.lineno}: {len(target.elts)} names in one assignment"
        if isinstance(node, COMPREHENSIONS) and levels(node) > 2:
            yield f"line {node.lineno}: a comprehension of {levels(node)} levels"


def test_the_package_has_these_rooms_and_its_doors():
    folders = {
        path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"
    }
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert folders == set(MAY_IMPORT)
    assert modules == DOORS


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_run_downwards(room):
    for path in sorted((PACKAGE / room).rglob("*.py")):
        wrong = set(imported_rooms(path)) - MAY_IMPORT[room] - {room}
        assert not wrong, f"{path.relative_to(ROOT)} imports from {', '.join(sorted(wrong))}"


def test_rooms_have_no_circle():
    floors = []
    left = dict(MAY_IMPORT)
    while left:
        ready = [room for room, below in left.items() if not below & left.keys()]
        assert ready, f"a circle among {', '.join(left)}"
        floors.append(ready)
        for room in ready:
            del left[room]
    assert len(floors) == 6


def without_examples(source):
    """A source without the examples of its docstrings, which are no part of how long a file is."""
    return re.sub(r"\n\n    Examples\n    -+\n.*?(?=\n    \"\"\")", "", source, flags=re.DOTALL)


def test_examples_are_no_part_of_a_file():
    text = (
        'def f():\n    """Do.\n\n    Examples\n    --------\n    >>> f()\n    """\n    return 1\n'
    )
    assert without_examples(text) == 'def f():\n    """Do.\n    """\n    return 1\n'


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_is_short(path):
    lines = without_examples(path.read_text()).count("\n")
    limit = 60 if path.parent == PACKAGE else 250
    assert lines <= limit, f"{lines} lines: is it one noun?"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_line_is_read_once(path):
    assert not list(complaints(path.read_text()))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_line_of_a_chapter_is_read_once(path):
    for source in cells(path):
        assert not list(complaints(source)), source


def test_complaints_are_made():
    loops = "[[c for c in b for d in c] for b in a]"
    assert list(complaints(loops)) == ["line 1: a comprehension of 3 levels"]
    assert list(complaints("a, b, c, d, e = f")) == ["line 1: 5 names in one assignment"]
    assert list(complaints("while x := f():\n    pass")) == ["line 1: a walrus"]
    assert not list(complaints("a, b, c, d = [[c for c in b] for b in a]"))


def test_the_commit_hook_formats_as_the_environment_does():
    pin = next(line for line in (ROOT / "constraints.txt").read_text().split() if "ruff" in line)
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert all(hook["additional_dependencies"] == [pin] for hook in hooks)

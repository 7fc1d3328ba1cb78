"""What the outputs of a page depend on, as one key; and the state of the book.

A page depends on its code, on the modules of rrlib behind it, on stored tables, on
the data, on the installed packages, and on how it is executed.
"""

import ast
import hashlib
import os
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import rrlib
from rrlib.data import datasets
from rrlib.data.specs import SPECS

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
PACKAGE = Path(rrlib.__file__).resolve().parent
EXECUTION = Path(__file__).with_name("execution.py")
READER = "rrlib.study.stored"
"""The module that reads stored tables."""


def key_of(notebook):
    """Return the key to all that a notebook's outputs depend on."""
    cells = code_cells(notebook)
    parts = [(cell.source, cell.metadata.get("tags", [])) for cell in cells]
    sources = [cell.source for cell in cells]
    return digest(
        parts, contents(files_named(sources)), key_to(modules_behind(sources))
    )


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def files_named(sources):
    """Return the files of measurements of the book that code names."""
    text = "\n".join(sources)
    measured = [*BOOK.glob("*.json"), *BOOK.glob("*.csv")]
    return [path for path in measured if path.name in text]


def key_to(modules):
    """Return the key to modules of rrlib and to what they need besides.

    Stored tables count where the module that reads them does; `book/<name>.csv` is
    read by `rrlib.audit.<name>`.
    """
    rooms = {module.rpartition(".")[0] for module in modules} - {""}
    code = [file_of(module) for module in {*modules, *rooms}]
    tables = files_in(BOOK / "results") if READER in modules else []
    tables += [
        path for path in BOOK.glob("*.csv") if f"rrlib.audit.{path.stem}" in modules
    ]
    files = [*code, *PACKAGE.rglob("*.json"), *tables, EXECUTION]
    return digest(contents(files), surroundings())


def state():
    """Return the key to the whole book: equal keys are equal books."""
    files = [*files_in(BOOK), *files_in(PACKAGE), *ROOT.glob("_*.yml")]
    return digest(contents(files), surroundings())


def files_in(folder):
    """Return all files in a folder but those that programs put there.

    Python puts them into `__pycache__`, Jupyter and ruff into hidden folders.
    """
    found = []
    for path in folder.rglob("*"):
        places = path.relative_to(folder).parts
        put_there = any(part == "__pycache__" or part[0] == "." for part in places)
        if path.is_file() and not put_there:
            found.append(path)
    return found


def contents(paths):
    """Return the place and a hash of each file."""
    places = [os.path.relpath(path, ROOT) for path in sorted(paths)]
    return places, [digest(path.read_bytes()) for path in sorted(paths)]


def surroundings():
    """Return what every page depends on: data, Python, installed packages."""
    names = datasets.NAMES
    files = [raw.sha256 for name in names for raw in SPECS[name].files]
    sources = [datasets.source(name) for name in names]
    asked_for_twins = os.environ.get("RRLIB_DATA") == "twin"
    return files, sources, asked_for_twins, sys.version, packages()


@cache
def packages():
    """Return the installed version of each package that `constraints.txt` pins."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    names = [line.split("==")[0] for line in lines if not line.startswith("#")]
    return [(name, installed(name)) for name in names if name]


def installed(name):
    """Return the version of a package, None where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def digest(*parts):
    """Return a hash of the printed form of some parts."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def modules_behind(sources):
    """Return the modules of rrlib that code takes names from, and all they import.

    Of a room that is imported whole, such as `figures`, only the modules count
    whose names the code uses. Of code that is not plain Python, all modules count.
    """
    try:
        tree = ast.parse("\n".join(sources))
    except SyntaxError:
        return [module_of(path) for path in PACKAGE.rglob("*.py")]
    found, rooms = imports(tree)
    found |= uses(tree, rooms)
    if not found:
        return []
    # It imports torch, which takes seconds.
    from rrlib.study.fingerprint import behind

    return behind(found)


def imports(tree):
    """Return the modules that code imports from, and its rooms by their names."""
    found, rooms = set(), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names if is_ours(alias.name))
        elif isinstance(node, ast.ImportFrom) and is_ours(node.module):
            for alias in node.names:
                origin = origin_of(node.module, alias.name)
                if is_room(origin):
                    rooms[alias.asname or alias.name] = origin
                else:
                    found.add(origin)
    return found, rooms


def uses(tree, rooms):
    """Return the modules whose names code takes from rooms.

    A room counts whole where the code hands it about.
    """
    nodes = list(ast.walk(tree))
    dotted = [node for node in nodes if isinstance(node, ast.Attribute)]
    taken = {node.value: node.attr for node in dotted}
    found = set()
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in rooms:
            room = rooms[node.id]
            found.add(origin_of(room, taken[node]) if node in taken else room)
    return found


def origin_of(module, name):
    """Return the module that a name comes from, through what a room hands on."""
    if file_of(f"{module}.{name}"):
        return f"{module}.{name}"
    if is_room(module):
        for node in ast.parse(file_of(module).read_text("utf-8")).body:
            if isinstance(node, ast.ImportFrom) and name in names_in(node):
                return node.module
    return module


def names_in(node):
    return [alias.asname or alias.name for alias in node.names]


def is_ours(module):
    """Whether a module is one of rrlib."""
    return module.split(".")[0] == "rrlib"


def is_room(module):
    """Whether a module of rrlib is a folder."""
    return file_of(module).name == "__init__.py"


def file_of(module):
    """Return the file of a module of rrlib; None where there is none."""
    place = PACKAGE.joinpath(*module.split(".")[1:])
    paths = [place / "__init__.py", place.with_suffix(".py")]
    return next((path for path in paths if path.exists()), None)


def module_of(path):
    """Return the name of the module in a file of rrlib."""
    place = path.relative_to(PACKAGE).with_suffix("")
    return ".".join(["rrlib", *place.parts]).removesuffix(".__init__")

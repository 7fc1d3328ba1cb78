"""What a stored result depends on: code, data and versions of packages, each as a hash.

Code counts as parsed and without docstrings: a comment or a reworded sentence changes nothing, a
changed formula changes what depends on it and nothing else.
"""

import ast
import hashlib
import inspect
import textwrap
from functools import cache
from importlib.metadata import version
from pathlib import Path

import rrlib
from rrlib.data import specs, twins

PACKAGE = Path(rrlib.__file__).parent
READING = ("datasets", "twins")
"""Modules that turn files into rows, of all datasets alike."""

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch")
"""Packages that compute."""


@cache
def code(*functions):
    """Return a hash of the modules of some functions, and of all of rrlib that these import.

    But for those of `rrlib.data`: what they make of the files is a matter of `data`.
    """
    return of_modules(*(function.__module__ for function in functions))


@cache
def of_modules(*modules):
    """Return the same hash for some modules, given by name."""
    followed = [module for module in behind(modules) if not _is_data(module)]
    sources = [_file(module).read_text("utf-8") for module in followed]
    return digest(*map(_bare, sources))


@cache
def body(*functions):
    """Return a hash of some functions alone, without what they call."""
    return digest(*(_bare(textwrap.dedent(inspect.getsource(one))) for one in functions))


def behind(modules):
    """Return the names of the given modules of rrlib and of all that they import, sorted."""
    found, left = set(), list(modules)
    while left:
        module = left.pop()
        if module not in found:
            found.add(module)
            left += _imports(module)
    return sorted(found)


@cache
def data(name, source):
    """Return a hash of a dataset's files, or of its twin, and of what makes rows of them.

    That is its own specification and the code that all datasets share: another dataset beside it
    changes nothing. `source` is "real" or "twin". How the files are found plays no role.
    """
    spec = specs.SPECS[name]
    shared = [_bare(_file(f"rrlib.data.{part}").read_text("utf-8")) for part in READING]
    rows = shared, spec.rows, spec.features, spec.groups, body(spec.read)
    if source == "twin":
        return digest(rows, (twins.FOLDER / f"{name}.json").read_text("ascii"))
    return digest(rows, [raw.sha256 for raw in spec.files])


@cache
def versions():
    """Return a hash of the installed versions of the packages that compute."""
    return digest(*(version(package).partition("+")[0] for package in PACKAGES))


def digest(*parts):
    """Return a hash of the printed form of some parts, 16 hexadecimal digits."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@cache
def _bare(source):
    """Return the syntax tree of a source as text, without docstrings and places."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        parts = getattr(node, "body", None)
        if isinstance(parts, list):
            node.body = [part for part in parts if not _is_text(part)] or [ast.Pass()]
    return ast.dump(tree)


def _is_text(node):
    """Whether a statement is a string and nothing else."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


@cache
def _imports(module):
    """Return the modules of rrlib that a module takes names from, or imports whole."""
    found = set()
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rrlib":
            found.update(_defining(node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            found.update(name for name in names if name.startswith("rrlib."))
    return sorted(found)


def _defining(module, name):
    """Return the module that a name comes from, through what folders hand on."""
    if _file(f"{module}.{name}"):
        return f"{module}.{name}"
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rrlib"):
            handed_on = {alias.asname or alias.name: alias.name for alias in node.names}
            if name in handed_on and _is_folder(module):
                return _defining(node.module, handed_on[name])
    return module


def _tree(module):
    return ast.parse(_file(module).read_text("utf-8"))


def _is_data(module):
    return module.split(".")[:2] == ["rrlib", "data"]


def _is_folder(module):
    return _file(module).name == "__init__.py"


def _file(module):
    """Return the file of a module of rrlib; None where there is none."""
    place = PACKAGE.joinpath(*module.split(".")[1:])
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.exists():
            return path
    return None

"""The reference: every public function has an example there, which gives what it says."""

import doctest
import inspect
import re
import warnings
from importlib import import_module
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from rrlib import figures, models, recourse, study, theory, yours
from rrlib.audit import rule
from rrlib.data import datasets

matplotlib.use("Agg")

REFERENCE = (Path(__file__).resolve().parents[1] / "book" / "reference.md").read_text()
ROOMS = (models, recourse, theory, study, figures, yours)
"""Those whose door names what is public; of the others the reference names the functions."""

NAMES = {"np": np, "pd": pd, "torch": torch, "datasets": datasets, "rule": rule}
NAMES |= {room.__name__.partition(".")[2]: room for room in ROOMS}
"""What an example may use without importing it; the reference says so."""


def public():
    """The full names of the public functions."""
    for room in ROOMS:
        functions = [name for name in room.__all__ if inspect.isroutine(getattr(room, name))]
        yield from [f"{room.__name__}.{name}" for name in functions]
    yield from re.findall(r"^\.\. autofunction:: (\S+)$", REFERENCE, re.MULTILINE)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("name", list(public()))
def test_the_example_of_a_public_function_gives_what_it_says(name):
    module, _, attribute = name.rpartition(".")
    function = getattr(import_module(module), attribute)
    example = doctest.DocTestParser().get_doctest(function.__doc__, dict(NAMES), name, None, 0)
    assert example.examples, "it has an example"
    assert any(one.want for one in example.examples), "its example prints something"
    said = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", datasets.TwinWarning)
        failed = doctest.DocTestRunner().run(example, out=said.append).failed
    assert not failed, "".join(said)


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_a_room_with_a_door_stands_in_the_reference(room):
    assert f".. automodule:: {room.__name__}\n   :members:\n" in REFERENCE


def test_the_reference_says_what_an_example_may_use():
    for name in NAMES:
        assert re.search(rf"\b{name}\b", REFERENCE.split("## ")[0]), name

"""What ``pytest --nbval book/`` compares.

A cell tagged ``data`` prints what depends on the data. Where a synthetic twin
stands in for a dataset, those cells run and must not raise, but what they print is
not compared. Every other output is compared, always; of a figure the numbers that
it draws, in words, up to a hundredth.

Where tests run in several processes, what notebooks share is computed by one of
them, before the first cell of the first notebook that needs it.
"""

import os

# Importing it builds Matplotlib's font cache, which would warn in a first cell.
import matplotlib.font_manager  # noqa: F401
import pytest
from nbval.plugin import IPyNbCell

from _ext import alike, execution, kernels
from rrlib.data import datasets

# Figures are drawn, and nobody looks at them.
os.environ.setdefault("RRLIB_DOTS", "40")

SOURCES = pytest.StashKey[dict]()
ON_TWINS = (
    "SYNTHETIC TWINS in use: "
    "cells tagged `data` run, and their outputs are NOT compared"
)


def pytest_configure(config):
    execution.settle()
    config.stash[SOURCES] = {name: datasets.source(name) for name in datasets.NAMES}


def has_twin(config):
    return "twin" in config.stash[SOURCES].values()


def pytest_report_header(config):
    sources = [f"{name} {source}" for name, source in config.stash[SOURCES].items()]
    lines = [f"data: {', '.join(sources)}"]
    if has_twin(config):
        lines.append(f"data: {ON_TWINS}")
    return lines


def pytest_itemcollected(item):
    if not isinstance(item, IPyNbCell):
        return
    alike.take_in(item)
    if has_twin(item.config) and "data" in item.cell.metadata.get("tags", []):
        item.options["check"] = False


def pytest_collection_modifyitems(items):
    if len({item.path for item in items if isinstance(item, IPyNbCell)}) > 1:
        kernels.preload()


def pytest_runtest_setup(item):
    several = "PYTEST_XDIST_WORKER" in os.environ
    if several and isinstance(item, IPyNbCell) and item.cell_num == 0:
        execution.prepare([item.parent.nb])

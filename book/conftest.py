"""What ``pytest --nbval book/`` compares.

A cell tagged ``data`` prints what depends on the data. Where a synthetic twin stands in for a dataset, those cells run
and must not raise, but what they print is not compared. Every other output is compared, always.
"""

import matplotlib.font_manager  # noqa: F401  builds Matplotlib's font cache, which would otherwise warn in a first cell
import pytest
from nbval.plugin import IPyNbCell

from rrlib import datasets

SOURCES = pytest.StashKey[dict]()


def pytest_configure(config):
    config.stash[SOURCES] = {name: datasets.source(name) for name in datasets.NAMES}


def has_twin(config):
    return "twin" in config.stash[SOURCES].values()


def pytest_report_header(config):
    lines = ["data: " + ", ".join(f"{name} {source}" for name, source in config.stash[SOURCES].items())]
    if has_twin(config):
        lines.append("data: SYNTHETIC TWINS in use: cells tagged `data` run, and their outputs are NOT compared")
    return lines


def pytest_itemcollected(item):
    if isinstance(item, IPyNbCell) and has_twin(item.config) and "data" in item.cell.metadata.get("tags", []):
        item.options["check"] = False

"""Tables beside the pages: made by the code at hand, and not altered since."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from rrlib.audit import kept
from rrlib.data.shipped import BOOK
from rrlib.study import fingerprint


def test_no_table_is_stale_or_altered():
    assert kept.stale() == [], "python -m rrlib.audit.<name> makes it again"
    assert kept.altered() == []


def test_every_table_beside_the_pages_has_a_stamp():
    found = {path.stem for path in BOOK.glob("*.csv")} - {"kept"}
    assert found == set(kept.names()) == set(kept.stamps().index)


@pytest.mark.parametrize("name", kept.names())
def test_a_module_of_its_name_makes_each_table(name):
    place = Path(find_spec(f"rrlib.audit.{name}").origin)
    assert f'kept.write("{name}", ' in place.read_text()


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A copy of the tables and their stamps."""
    for path in BOOK.glob("*.csv"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(kept, "BOOK", tmp_path)
    monkeypatch.setattr(kept, "STAMPS", tmp_path / "kept.csv")
    return tmp_path


def test_an_altered_digit_is_noticed(elsewhere):
    path = elsewhere / "constants.csv"
    path.write_text(path.read_text().replace("0.1,", "0.2,", 1))
    assert kept.altered() == ["constants"] and kept.stale() == []


def test_another_formula_is_noticed(monkeypatch):
    usual = fingerprint.of_modules
    changed = {"rrlib.audit.lambdas", "rrlib.study.foreign"}
    monkeypatch.setattr(
        fingerprint, "of_modules", lambda name: "new" if name in changed else usual(name)
    )
    assert kept.stale() == ["lambdas", "prediction"]


def test_what_is_written_is_neither_stale_nor_altered(elsewhere, monkeypatch):
    monkeypatch.setattr(kept.datasets, "source", lambda name: "real")
    (elsewhere / "kept.csv").unlink()
    assert kept.stale() == kept.altered() == kept.names() != []
    kept.write("constants", lambda: pd.DataFrame({"eps": [1 / 3]}), digits=2)
    assert (elsewhere / "constants.csv").read_text() == "eps\n0.33\n"
    assert "constants" not in kept.stale() + kept.altered()
    monkeypatch.setattr(kept.datasets, "source", lambda name: "twin")
    with pytest.raises(SystemExit, match="are those of the real data"):
        kept.write("constants", pd.DataFrame, digits=2)


def test_one_dataset_that_is_a_twin_is_enough_to_store_nothing(elsewhere, monkeypatch):
    monkeypatch.setattr(
        kept.datasets, "source", lambda name: "twin" if name == "german" else "real"
    )
    with pytest.raises(SystemExit, match="are those of the real data"):
        kept.write("constants", pd.DataFrame, digits=2)


def test_tables_are_made_with_one_thread(elsewhere, monkeypatch):
    monkeypatch.setattr(kept.datasets, "source", lambda name: "real")
    asked = []
    monkeypatch.setattr(kept.torch, "set_num_threads", asked.append)
    kept.write("constants", lambda: pd.DataFrame({"eps": asked}), digits=2)
    assert (elsewhere / "constants.csv").read_text() == "eps\n1\n", "before they are made"


def test_a_stamp_is_of_the_real_data(monkeypatch):
    asked = []
    monkeypatch.setattr(fingerprint, "data", lambda *given: asked.append(given) or "")
    kept.stamp("constants")
    assert asked == [(name, "real") for name in kept.datasets.NAMES]

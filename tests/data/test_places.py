"""The folders that environment variables name: made absolute, refused where they cannot serve."""

import os

import pytest

from rrlib.data import places, rawfiles
from rrlib.data.published import DataError
from rrlib.study import pieces


def test_a_relative_folder_means_the_one_from_where_python_was_started(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RRLIB_DATA", "raw")
    monkeypatch.setenv("RRLIB_CACHE", "")
    places.settle()
    monkeypatch.chdir("/")
    assert places.named("RRLIB_DATA") == tmp_path / "raw"
    assert os.environ["RRLIB_DATA"] == str(tmp_path / "raw")
    assert places.named("RRLIB_CACHE") is None and os.environ["RRLIB_CACHE"] == ""


def test_twins_are_no_folder(monkeypatch):
    monkeypatch.setenv("RRLIB_DATA", "twin")
    places.settle()
    assert os.environ["RRLIB_DATA"] == "twin"


@pytest.mark.parametrize("variable", places.VARIABLES)
def test_a_home_that_is_not_there(variable, monkeypatch):
    monkeypatch.setenv(variable, "~nosuchuser/raw")
    with pytest.raises(DataError, match=f"{variable}='~nosuchuser/raw' begins with a home"):
        places.named(variable)


def test_no_home_at_all(monkeypatch):
    def fail(project):
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr(rawfiles.pooch, "os_cache", fail)
    with pytest.raises(DataError, match="home directory.*RRLIB_DATA, or 'twin', and in RRLIB_CAC"):
        rawfiles.cache_folder()


def test_a_study_cache_that_is_a_file_or_read_only(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for place, why in (("file", "cannot be made .File exists"), ("file/in", "Not a directory")):
        monkeypatch.setenv("RRLIB_CACHE", str(tmp_path / place))
        with pytest.raises(DataError, match=f"{why}.*written in RRLIB_CACHE"):
            pieces.remember(pieces.fit)
    monkeypatch.setenv("RRLIB_CACHE", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    with pytest.raises(DataError, match="cannot be written: name a folder"):
        pieces.remember(pieces.fit)


def test_a_string_and_a_path_are_one_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(rawfiles, "cache_folder", lambda: tmp_path)
    monkeypatch.delenv("RRLIB_CACHE", raising=False)
    usual = pieces.remember(pieces.fit).store_backend.location
    monkeypatch.setenv("RRLIB_CACHE", str(tmp_path / "study"))
    assert pieces.remember(pieces.fit).store_backend.location == usual

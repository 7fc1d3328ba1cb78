"""Adversarial training and algorithmic recourse: what the book computes."""

from importlib.metadata import version


def __getattr__(name):
    """Return the version of the package that is installed, as `__version__`."""
    if name == "__version__":
        return version("rrlib")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

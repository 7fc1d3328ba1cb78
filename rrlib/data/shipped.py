"""Where what the book stores lies: in the book's folder of a clone, in the package of a wheel."""

from pathlib import Path

import rrlib

PACKAGE = Path(rrlib.__file__).parent
WITHIN = PACKAGE / "book"
BOOK = WITHIN if WITHIN.exists() else PACKAGE.parent / "book"

"""The built book, and the Chromium that opens it."""

import shutil
from pathlib import Path

HTML = Path(__file__).resolve().parents[1] / "_build" / "html"
PAGES = sorted((HTML / "book").glob("*.html"))
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

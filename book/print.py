"""Print the whole book: ``python book/print.py`` writes ``_build/book.pdf``.

The built pages are printed by Chromium and joined: a cover, the contents, every
page of the book, each with its number, and an outline for the reader's sidebar.
"""

import argparse
import shutil
import sys
from html import escape
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import yaml
from playwright.sync_api import sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, NameObject

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"
TARGET = ROOT / "_build" / "book.pdf"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PAPER = {"format": "A4", "print_background": True, "prefer_css_page_size": True}
WIDTH = 658
"""CSS pixels between the margins of a sheet."""

HEADINGS = """() => [...document.querySelectorAll(".bd-article :is(h1, h2)")].map(
    heading => {
        const copy = heading.cloneNode(true);
        const id = heading.querySelector(".headerlink")?.hash.slice(1);
        const unread = copy.querySelectorAll(".headerlink, mjx-assistive-mml");
        unread.forEach(part => part.remove());
        return { id, text: copy.textContent.trim() };
    })"""
DRAWN = "!window.MathJax || MathJax.startup.promise.then(() => true)"
LETTERS = "body { margin: 0; font: 11pt/1.6 sans-serif }"


class Chapter(NamedTuple):
    """A page of the book: part, name, title, sections with their sheets, sheets."""

    part: str
    name: str
    title: str
    sections: list
    sheets: PdfReader


def main(names=(), target=TARGET):
    """Print all pages of the book, or those that are named, into a file."""
    if not (HTML / "index.html").exists():
        sys.exit("There is no built book: run book/build.py first.")
    pages = listed()
    unknown = set(names) - {Path(name).name for _, name in pages}
    if unknown:
        sys.exit(f"No page is named {', '.join(sorted(unknown))}.")
    command = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if command is None:
        sys.exit("There is no Chromium on the PATH, which prints the pages.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=command)
        window = browser.new_page(viewport={"width": WIDTH, "height": 900})
        window.emulate_media(media="print", color_scheme="light")
        wanted = [
            page for page in pages if not names or Path(page[1]).name in names
        ]
        chapters = [print_page(window, *page) for page in wanted]
        front = print_front(window, chapters)
        total = sum(len(chapter.sheets.pages) for chapter in chapters) + len(
            front.pages
        )
        numbers = print_numbers(window, total)
        browser.close()
    join(front, chapters, numbers).write(target)
    print(f"{target}: {total} sheets, {target.stat().st_size / 1e6:.1f} MB")


def listed():
    """Return the part and the name of each page, in the book's order."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    pages = [("", contents["root"])]
    for part in contents["parts"]:
        pages += [
            (part["caption"], chapter["file"]) for chapter in part["chapters"]
        ]
    return pages


def print_page(window, part, name):
    """Print a built page."""
    window.goto((HTML / f"{name}.html").as_uri())
    window.wait_for_function(DRAWN)
    window.evaluate("dispatchEvent(new Event('beforeprint'))")
    title, *sections = window.evaluate(HEADINGS)
    sheets = PdfReader(BytesIO(window.pdf(**PAPER)))
    print(f"{len(sheets.pages):4} sheets  {title['text']}", flush=True)
    places = [
        (section["text"], sheet_of(section["id"], sheets)) for section in sections
    ]
    return Chapter(part, name, title["text"], places, sheets)


def sheet_of(anchor, sheets):
    """Return on which sheet an anchor stands; the first, where none links to it."""
    target = sheets.named_destinations.get(f"/{anchor}")
    return 0 if target is None else sheets.get_destination_page_number(target)


def print_html(window, body, style=""):
    """Print a text of our own."""
    window.set_content(f"<style>{LETTERS} {style}</style>{body}")
    return PdfReader(BytesIO(window.pdf(**PAPER)))


def print_front(window, chapters):
    """Print cover and contents, whose own sheets count too."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    title, _, kind = config["title"].partition(": ")
    cover = (
        f"<h1>{escape(title)}</h1><p>{escape(kind)}</p>"
        f"<p>{escape(config['author'])}, {escape(config['copyright'])}</p>"
        "<p>Text and figures: CC BY 4.0. Code: MIT License.</p>"
    )
    style = (
        "@page { size: A4; margin: 25mm }"
        "h1 { font-size: 30pt; margin-top: 8cm; line-height: 1.2 }"
        "h2 { break-before: page; margin: 0 } p { line-height: 1.35 }"
        ".part { font-weight: bold; margin: 0.7em 0 0 }"
        ".line { display: flex; gap: 2em; margin: 0 }"
        ".line :first-child { flex-grow: 1 }"
    )
    front = print_html(window, cover + contents(chapters, 0), style)
    return print_html(window, cover + contents(chapters, len(front.pages)), style)


def contents(chapters, sheet):
    """Return a list of the chapters, the first of which begins after a sheet."""
    lines, part = ["<h2>Contents</h2>"], ""
    for chapter in chapters:
        if chapter.part != part:
            part = chapter.part
            lines.append(f'<p class="part">{escape(part)}</p>')
        text = f"<span>{escape(chapter.title)}</span><span>{sheet + 1}</span>"
        lines.append(f'<p class="line">{text}</p>')
        sheet += len(chapter.sheets.pages)
    return "".join(lines)


def print_numbers(window, total):
    """Print sheets that are empty but for their numbers; the cover has none."""
    style = (
        "@page { size: A4; margin: 0 } p { margin: 0; height: 286mm;"
        "display: flex; align-items: end; justify-content: center }"
        "p + p { break-before: page }"
    )
    sheets = [
        f"<p>{number if number > 1 else ''}</p>" for number in range(1, total + 1)
    ]
    return print_html(window, "".join(sheets), style)


def join(front, chapters, numbers):
    """Join all sheets, and add numbers, an outline and links between them."""
    writer = PdfWriter()
    writer.append(front, import_outline=False)
    starts, parts = {}, {"": None}
    for chapter in chapters:
        start = starts[chapter.name] = len(writer.pages)
        writer.append(chapter.sheets, import_outline=False)
        if chapter.part not in parts:
            parts[chapter.part] = writer.add_outline_item(
                title=chapter.part, page_number=start
            )
        place = writer.add_outline_item(
            title=chapter.title, page_number=start, parent=parts[chapter.part]
        )
        for title, sheet in chapter.sections:
            writer.add_outline_item(
                title=title, page_number=start + sheet, parent=place
            )
        for sheet in range(start, len(writer.pages)):
            lead_on(writer, sheet, chapter, start)
    for sheet in range(len(writer.pages)):
        lead_across(writer, sheet, starts)
        writer.pages[sheet].merge_page(numbers.pages[sheet])
    writer.compress_identical_objects()
    return writer


def links_on(writer, sheet):
    """Return the links on a sheet."""
    notes = writer.pages[sheet].get("/Annots", [])
    return [note.get_object() for note in notes]


def lead_on(writer, sheet, chapter, start):
    """Lead links within a chapter to the sheet on which their target stands."""
    for link in links_on(writer, sheet):
        target = chapter.sheets.named_destinations.get(str(link.get("/Dest")))
        if target is not None:
            number = chapter.sheets.get_destination_page_number(target)
            lead(writer, link, start + number)


def lead_across(writer, sheet, starts):
    """Lead links to other pages of the book to the first sheet of these."""
    for link in links_on(writer, sheet):
        address = urlsplit(str(link.get("/A", {}).get("/URI", "")))
        if address.scheme == "file":
            name = Path(unquote(address.path)).relative_to(HTML).with_suffix("")
            lead(writer, link, starts.get(name.as_posix(), 0))


def lead(writer, link, sheet):
    """Lead a link to a sheet."""
    link.pop("/A", None)
    page = writer.pages[sheet].indirect_reference
    link[NameObject("/Dest")] = ArrayObject([page, NameObject("/Fit")])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="pages, cost say; without: all")
    parser.add_argument("--to", type=Path, default=TARGET, help="the file")
    asked = parser.parse_args()
    main(asked.names, asked.to)

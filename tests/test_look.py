"""What a reader does on a page: search, enlarge, look up a word, print; and how large it all is."""

import re
import subprocess
import sys
import unicodedata

import pytest
import yaml
from pypdf import PdfReader

from browser import CHROMIUM, HTML, PAGES

pytestmark = [
    pytest.mark.skipif(not PAGES, reason="no built book: run jupyter-book build ."),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH"),
]

MEGABYTE = 1_000_000
BOOK = HTML.parents[1] / "book"

CUT = """() => {
    const edge = document.querySelector('.bd-article').getBoundingClientRect().right + 1;
    const wide = document.querySelectorAll('.bd-article :is(table, img, mjx-math, pre)');
    return [...wide].filter(node => node.checkVisibility())
        .filter(node => node.getBoundingClientRect().right > edge)
        .map(node => node.outerHTML.slice(0, 200));
}"""


CLIPPED = """() => [...document.querySelectorAll('.bd-article :is(.output, .cell_output)')]
    .filter(node => getComputedStyle(node).overflowX !== 'visible').length"""

MEANINGS = """words => words.map(word => {
    word.focus();
    const meaning = document.getElementById(word.getAttribute('aria-describedby'));
    const {left, right} = meaning.getBoundingClientRect();
    return [word.textContent, left, right];
})"""
"""Each word with the place of its meaning, which shows while the word has the focus."""


@pytest.fixture(scope="module")
def open_page(browser):
    """A function that opens a page of the book and waits for its formulas, all in one window."""
    window = browser.new_page()

    def open_page(name, width=1400):
        window.set_viewport_size({"width": width, "height": 900})
        window.emulate_media(media="screen")
        window.goto(f"{HTML.as_uri()}/{name}")
        window.wait_for_function("!window.MathJax || MathJax.startup.promise.then(() => true)")
        return window

    yield open_page
    window.close()


@pytest.mark.parametrize(
    "words, page",
    [
        ("Theorem 1", "scfe_cost"),
        ("Theorem 3", "validity"),
        ("collapse threshold", "collapse"),
        ("licence", "about"),
        ("license", "about"),
        ("Lipschitz constant", "glossary"),
    ],
)
def test_a_search_finds_the_right_page_first(open_page, words, page):
    window = open_page(f"search.html?q={words.replace(' ', '+')}")
    found = window.locator("ul.search a").first
    assert found.get_attribute("href").startswith(f"book/{page}.html")


def test_a_figure_opens_at_its_full_size(open_page):
    window = open_page("book/collapse.html")
    figure = window.locator("a.image-reference:visible").first
    figure.focus()
    window.keyboard.press("Enter")
    whole = window.locator("dialog.enlarged img")
    whole.wait_for()
    assert whole.get_attribute("alt") == figure.locator("img").get_attribute("alt")
    assert whole.evaluate("image => image.clientWidth >= image.naturalWidth")
    window.keyboard.press("Escape")
    assert not whole.is_visible()


def test_a_word_is_explained_to_pointer_and_keyboard(open_page):
    window = open_page("book/collapse.html")
    word = window.locator("a.meaning").first
    meaning = window.locator(f"#{word.get_attribute('aria-describedby')}")
    assert not meaning.is_visible()
    word.hover()
    assert meaning.is_visible() and len(meaning.inner_text()) > 20
    window.keyboard.press("Escape")
    assert not meaning.is_visible()
    window.mouse.move(0, 0)
    word.focus()
    assert meaning.is_visible()


@pytest.mark.slow
@pytest.mark.parametrize("width", [400, 1400])
def test_a_meaning_stays_inside_the_window(open_page, width):
    window = open_page("book/scfe_cost.html", width)
    places = window.locator("a.meaning:visible").evaluate_all(MEANINGS)
    assert len(places) > 5
    for word, left, right in places:
        assert 0 <= left < right <= width, word


def test_words_of_the_glossary_are_used(open_page):
    glossary = (BOOK / "glossary.md").read_text()
    words = re.findall(r"^(\S.*)\n    \S", glossary, re.MULTILINE)
    text = "".join(path.read_text().lower() for path in (BOOK / "text").glob("*.md"))
    assert len(words) >= 30
    assert not [word for word in words if word.lower() not in text]


def test_the_book_is_small():
    files = [path for path in HTML.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 40 * MEGABYTE


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_small(path):
    text = path.read_text()
    images = {HTML / "_images" / name for name in re.findall(r"_images/([\w.-]+)", text)}
    own = [path, *images]
    assert sum(file.stat().st_size for file in own) < 3 * MEGABYTE


@pytest.mark.slow
@pytest.mark.parametrize("name", ["scfe_cost", "ledger"])
def test_nothing_is_cut_off_on_paper(open_page, name):
    window = open_page(f"book/{name}.html", 658)
    window.emulate_media(media="print")
    window.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not window.evaluate(CUT)
    assert not window.evaluate(CLIPPED)
    assert not window.locator(".bd-sidebar-primary, .bd-header-article").first.is_visible()
    assert window.locator("h1").is_visible()


@pytest.mark.slow
def test_the_whole_book_is_printed(open_page, tmp_path):
    target = tmp_path / "book.pdf"
    done = subprocess.run([sys.executable, BOOK / "print.py", "--to", target], check=True)
    assert not done.returncode
    book = PdfReader(target)
    toc = yaml.safe_load((BOOK.parent / "_toc.yml").read_text())
    first, *rest = [item for item in book.outline if not isinstance(item, list)]
    assert [item.title for item in rest] == [part["caption"] for part in toc["parts"]]
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    inner = [entry for entry in book.outline if isinstance(entry, list)]
    chapters = [first, *(item for part in inner[-len(rest) :] for item in titles(part))]
    assert len(chapters) == len(files) + 1
    contents = flat(book.pages[1].extract_text() + book.pages[2].extract_text())
    for chapter in chapters:
        sheet = book.get_destination_page_number(chapter)
        text = flat(book.pages[sheet].extract_text())
        assert flat(chapter.title) in text and text.endswith(str(sheet + 1))
        assert flat(chapter.title) + str(sheet + 1) in contents
    for page in book.pages:
        for note in page.get("/Annots", []):
            assert "file:" not in str(note.get_object().get("/A", ""))


def titles(outline):
    return [item for item in outline if not isinstance(item, list)]


def flat(text):
    """A text without its blanks, which a PDF need not keep, and without its ligatures."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))

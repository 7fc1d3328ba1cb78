"""Slides of the lecture: what they show is the book's, and they present without a network."""

import pytest
import yaml

import slides
from browser import CHROMIUM, HTML

LECTURE = yaml.safe_load((slides.BOOK / "lecture.yml").read_text())
FILE = HTML / "lecture.html"


def test_the_lecture_has_ninety_minutes():
    assert sum(slide["minutes"] for slide in LECTURE) == 90


def test_every_slide_finds_what_it_shows():
    page = slides.lecture()
    assert page.count("<section ") == len(LECTURE)
    assert page.count("<figure ") == sum("figure" in slide for slide in LECTURE)
    assert page.count('class="statement"') == sum("statement" in slide for slide in LECTURE)
    assert "{" + "prf:" not in page and "{cite" not in page and "{numref" not in page


@pytest.mark.parametrize("make", [slides.statement, slides.figure, slides.numbered_list])
def test_what_no_chapter_has_is_an_error(make):
    with pytest.raises(LookupError, match="'nowhere'"):
        make("nowhere")


def test_an_unknown_key_is_an_error():
    with pytest.raises(ValueError, match="slide 1 has pictures"):
        slides.section({"title": "A", "pictures": "fig-opening", "minutes": 1}, 1, 0)


def test_formulas_are_left_to_the_renderer():
    assert slides.render("Let $a < b$ ({prf:ref}`the lemma <lem>`).") == (
        "<p>Let \\(a &lt; b\\) (the lemma).</p>\n"
    )


@pytest.mark.skipif(not FILE.exists() or CHROMIUM is None, reason="no built book or no Chromium")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_slides_fit_a_projector(browser, scheme):
    page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme=scheme)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(FILE.as_uri())
    page.wait_for_function("MathJax.startup && MathJax.startup.promise.then(() => true)")
    heights = page.eval_on_selector_all("section", "all => all.map(one => one.scrollHeight)")
    assert max(heights) <= 720, "a slide is cut"
    assert not page.query_selector("mjx-merror")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("document.querySelector('#slide-2').getBoundingClientRect().top < 5")
    assert all(url.startswith(("file:", "data:")) for url in requests)
    page.close()

"""The built book in a browser: nothing from elsewhere, every formula drawn, nothing too wide."""

from itertools import product
from urllib.parse import urlsplit

import pytest

from browser import CHROMIUM, HTML, PAGES

LOCAL = {"", "localhost", "127.0.0.1"}

PROBLEMS = r"""() => {
    const root = document.documentElement;
    const problems = [];
    const UNREAD = 'script, style, mjx-assistive-mml, .headerlink, .search-button__kbd-shortcut';

    const channels = colour => colour.match(/[\d.]+/g).map(Number);
    const ground = node => {  // what is painted behind a node, translucent layers blended
        if (!node) return [255, 255, 255];
        const [r, g, b, alpha = 1] = channels(getComputedStyle(node).backgroundColor);
        if (alpha === 1) return [r, g, b];
        const below = ground(node.parentElement);
        return [r, g, b].map((c, i) => alpha * c + (1 - alpha) * below[i]);
    };
    const luminance = colour => {
        const linear = c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        const [r, g, b] = colour.map(c => linear(c / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = node => {
        const ends = [channels(getComputedStyle(node).color), ground(node)].map(luminance);
        return (Math.max(...ends) + 0.05) / (Math.min(...ends) + 0.05);
    };

    if (root.scrollWidth > root.clientWidth)
        problems.push(`${root.scrollWidth} px wide in a window of ${root.clientWidth} px`);
    for (const node of document.querySelectorAll('mjx-merror, merror, [mathcolor="red"]'))
        problems.push(`formula not rendered: ${node.textContent}`);
    const formulas = document.querySelectorAll('.math').length;
    const rendered = document.querySelectorAll('.math mjx-container').length;
    if (rendered < formulas)
        problems.push(`${formulas - rendered} of ${formulas} formulas not rendered`);
    const main = document.querySelector('main') || document.body;
    const texts = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const [text, parent] = [texts.currentNode.data.trim(), texts.currentNode.parentElement];
        if (!text || !parent.checkVisibility() || parent.closest(UNREAD)) continue;
        if (/\$|\\[a-z([]/i.test(text) && !parent.closest('pre, code'))
            problems.push(`formula left as source: ${text}`);
        if (contrast(parent) < 4.5)
            problems.push(`contrast of only ${contrast(parent).toFixed(1)}: ${text}`);
    }
    for (const image of document.images) {
        if (!image.alt.trim())
            problems.push(`image without alt text: ${image.src}`);
        if (image.complete && !image.naturalWidth)
            problems.push(`image not loaded: ${image.src}`);
    }
    return problems;
}"""

pytestmark = [
    pytest.mark.skipif(not PAGES, reason="no built book: run jupyter-book build ."),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH"),
]


@pytest.fixture
def window(browser):
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.parametrize(
    "path", PAGES, ids=lambda path: path.relative_to(HTML).with_suffix("").as_posix()
)
def test_page(window, path):
    requests = []
    window.on("request", lambda request: requests.append(request.url))
    window.goto(path.as_uri())
    window.wait_for_function(
        "!window.MathJax || MathJax.startup && MathJax.startup.promise.then(() => true)"
    )
    for width, scheme in product((400, 1400), ("light", "dark")):
        window.set_viewport_size({"width": width, "height": 900})
        window.emulate_media(color_scheme=scheme)
        window.wait_for_function(
            "scheme => document.documentElement.dataset.theme === scheme", arg=scheme
        )
        assert not window.evaluate(PROBLEMS), f"{width} px, {scheme} theme"
    remote = [
        url
        for url in requests
        if urlsplit(url).scheme != "data" and (urlsplit(url).hostname or "") not in LOCAL
    ]
    assert not remote

"""The built book in a browser: nothing from elsewhere, every formula drawn, nothing too wide.

Nothing that axe-core finds in the way of readers who hear a page or use no mouse.
"""

from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

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
    for (const node of document.querySelectorAll('span.math.more'))
        problems.push(`formula of the text that scrolls: ${node.textContent}`);
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
    const say = (problem, nodes) => nodes.forEach(node =>
        problems.push(`${problem}: ${node.textContent.trim().slice(0, 60) || node.outerHTML}`));
    const all = (selector, wrong = () => true) =>
        [...document.querySelectorAll(selector)].filter(n => n.checkVisibility() && wrong(n));
    const style = (node, name) => parseFloat(getComputedStyle(node)[name]);
    const above = formula => {  // pixels of a formula that its frame cuts at the top
        const ink = formula.firstElementChild.getBoundingClientRect().top;
        return formula.closest('.math').getBoundingClientRect().top - ink;
    };
    if (document.querySelectorAll('h1').length !== 1)
        problems.push('not one heading of the first level');
    say('a formula is a tab stop', all('mjx-container[tabindex="0"]'));
    say('a formula is cut at the top', all('div.math mjx-container', n => above(n) > 0));
    say('a line of code is broken', all('pre',
        n => getComputedStyle(n).whiteSpace !== 'pre' && !n.closest('.sentences')));
    say('cells of a table touch', all('td', n => style(n, 'paddingLeft') < 4));
    const middle = ({left, right}) => (left + right) / 2;
    say('no number of a table is in sight', all('.cell_output table.dataframe',
        n => middle(n.querySelector('td').getBoundingClientRect())
            > n.closest('.cell_output').getBoundingClientRect().right));
    say('letters of a figure are too small', all('a.image-reference img', n =>
        n.clientWidth < 0.65 * parseFloat(n.style.width)));
    if (root.clientWidth > 1000)
        say('a table scrolls sideways', all('.output:has(table.dataframe)',
            n => n.scrollWidth > n.clientWidth + 1));
    const footer = document.querySelector('.bd-footer-content').textContent;
    for (const word of ['CC BY 4.0', 'MIT License', 'How to cite', 'ow to run'])
        if (!footer.includes(word)) problems.push(`the footer lacks: ${word}`);
    return problems;
}"""

UNFOLD = """() => {
    document.querySelectorAll('.bd-article details').forEach(fold => fold.open = true);
    document.querySelectorAll('.toggle-hidden').forEach(
        solution => solution.querySelector('.toggle-button').click());
}"""
"""Open what is folded away: tables, proofs, code, and the solutions of exercises."""

AXE = """([context, options]) => axe.run(context, {
    resultTypes: ['violations'], preload: false, ...options,
}).then(({violations}) => violations.filter(({impact}) => impact !== 'minor').map(
    ({id, impact, nodes}) => `${impact} ${id}: ${nodes.map(node => node.html)}`))"""

NO_FORMULAS = {"exclude": [["mjx-container"]]}
NO_CODE = {"exclude": [["mjx-container"], [".highlight"]]}
"""What axe-core need not read: thousands of nodes of one kind, read by PROBLEMS above."""

NAMES = {"label-content-name-mismatch": {"enabled": True}, "color-contrast": {"enabled": False}}
SHOWN = [(400, "dark")]
ALSO_SHOWN = [(400, "light"), (1400, "dark"), (1400, "light")]
AXE_CHECKS = [
    (400, "light", NO_FORMULAS, {"runOnly": ["scrollable-region-focusable"]}),
    (1400, "light", NO_FORMULAS, {"rules": NAMES}),
    (1400, "light", NO_CODE, {"runOnly": ["color-contrast"]}),
    (1400, "dark", NO_CODE, {"runOnly": ["color-contrast"]}),
]
"""Width of the window, theme, and what axe-core does there."""

pytestmark = [
    pytest.mark.skipif(not PAGES, reason="no built book: run jupyter-book build ."),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH"),
]


FRAMES = """() => new Promise(then =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(then))))"""
"""Two frames: what a change of size calls for is done between them."""

STILL = """const still = new CSSStyleSheet();
still.replaceSync('* { transition: none !important; }');
document.adoptedStyleSheets = [still];"""


@pytest.fixture(scope="module")
def window(browser):
    """One window for all pages, in which nothing moves: a new one starts a process each time."""
    page = browser.new_page()
    page.add_init_script(STILL)
    yield page
    page.close()


@pytest.fixture
def requests(window):
    """The addresses that the window asks for during a test."""
    asked = []

    def note(request):
        asked.append(request.url)

    window.on("request", note)
    yield asked
    window.remove_listener("request", note)


each_page = pytest.mark.parametrize(
    "path", PAGES, ids=lambda path: path.relative_to(HTML).with_suffix("").as_posix()
)


def open_page(window, path):
    """Open a page in the first width and theme, and wait until its formulas are drawn."""
    window.goto("about:blank")  # on which the window changes its width at no cost
    dress(window, *SHOWN[0])
    window.goto(path.as_uri())
    window.wait_for_function(
        "!window.MathJax || MathJax.startup && MathJax.startup.promise.then(() => true)"
    )


def dress(window, width, scheme):
    window.set_viewport_size({"width": width, "height": 900})
    window.emulate_media(color_scheme=scheme)


def show(window, width, scheme):
    """Give the window a width and a theme, and wait until the page has followed."""
    dress(window, width, scheme)
    window.wait_for_function(
        "scheme => document.documentElement.dataset.theme === scheme", arg=scheme
    )
    window.evaluate(FRAMES)


@each_page
def test_page(window, requests, path):
    open_page(window, path)
    window.evaluate(UNFOLD)
    for width, scheme in SHOWN:
        show(window, width, scheme)
        assert not window.evaluate(PROBLEMS), f"{width} px, {scheme} theme"
    remote = [
        url
        for url in requests
        if urlsplit(url).scheme != "data" and (urlsplit(url).hostname or "") not in LOCAL
    ]
    assert requests and not remote


@pytest.mark.slow
@each_page
def test_page_in_the_other_themes(window, path):
    open_page(window, path)
    window.evaluate(UNFOLD)
    for width, scheme in ALSO_SHOWN:
        show(window, width, scheme)
        assert not window.evaluate(PROBLEMS), f"{width} px, {scheme} theme"


@pytest.mark.slow
@each_page
def test_axe(window, path):
    open_page(window, path)
    window.evaluate(Axe().axe_script)
    for width, scheme, context, options in AXE_CHECKS:
        show(window, width, scheme)
        assert not window.evaluate(AXE, [context, options]), f"{width} px, {scheme} theme"

"""Sphinx extension: the words of the glossary, explained where they stand.

On every page the first occurrence of a word in running text becomes a link to the
glossary. Its meaning appears beside such a link, and beside those that the text
sets itself, while the pointer is over it or the keyboard has reached it.
"""

import re
from html import escape
from itertools import count

from docutils import nodes

PAGE = "book/glossary"

APART = (
    nodes.reference,
    nodes.literal,
    nodes.math,
    nodes.strong,
    nodes.caption,
    nodes.table,
    nodes.title,
)
"""What a word may not be part of."""

LINK = re.compile(
    r'<a class="[^"]*" href="[^"]*#(term-[^"]+)"[^>]*>.*?</a>', re.DOTALL
)


def collect(app, doctree):
    """Keep the words of the glossary and their meanings."""
    if app.env.docname == PAGE:
        items = doctree.findall(nodes.definition_list_item)
        app.env.meanings = dict(map(read, items))


def read(item):
    """Return a word of the glossary and its meaning, on one line."""
    word = next(item.findall(nodes.term)).astext()
    meaning = next(item.findall(nodes.definition)).astext()
    return word, " ".join(meaning.split())


def meanings(app):
    """Return the meanings by word; none in a book without a glossary."""
    return getattr(app.env, "meanings", {})


def link_first(app, doctree, docname):
    """Make a link of the first occurrence of each word on a page."""
    words = {word.lower(): word for word in meanings(app)}
    if docname == PAGE or not words:
        return
    page = app.builder.get_relative_uri(docname, PAGE)
    for text in list(doctree.findall(nodes.Text)):
        if words and in_prose(text):
            link_words(text, words, page)


def in_prose(node):
    """Whether a text is part of a paragraph, and of nothing that stands apart."""
    paragraph = False
    while node.parent is not None:
        node = node.parent
        if isinstance(node, APART):
            return False
        paragraph = paragraph or isinstance(node, nodes.paragraph)
    return paragraph


def link_words(text, words, page):
    """Replace a text by itself with links; what is linked leaves the words."""
    parts, rest = [], text.astext()
    found = pattern_of(words).search(rest)
    while found:
        word = words.pop(found["word"].lower())
        parts += [nodes.Text(rest[: found.start()]), link(found[0], word, page)]
        rest = rest[found.end() :]
        found = pattern_of(words).search(rest)
    if parts:
        place = text.parent.index(text)
        text.parent[place : place + 1] = [*parts, nodes.Text(rest)]


def pattern_of(words):
    """Return what finds a word, one or many; a long one before its parts."""
    longest_first = sorted(words, key=len, reverse=True)
    choices = "|".join(map(re.escape, longest_first)) or "(?!)"
    return re.compile(rf"\b(?P<word>{choices})s?\b", re.IGNORECASE)


def link(text, word, page):
    uri = f"{page}#term-{place_of(word)}"
    return nodes.reference("", text, internal=True, refuri=uri, classes=["meaning"])


def place_of(word):
    """Return the end of a word's address in the glossary, as Sphinx forms it."""
    return re.sub(r"[^a-zA-Z0-9.]+", "-", word).strip("-")


def explain(app, page, template, context, doctree):
    """Put its meaning beside each link to a word of the glossary."""
    known = {f"term-{place_of(word)}": text for word, text in meanings(app).items()}
    numbers = count(1)

    def with_meaning(match):
        meaning = known.get(match[1])
        if meaning is None:
            return match[0]
        name = f"meaning-{next(numbers)}"
        opening = f'<a aria-describedby="{name}" '
        linked = match[0].replace("<a ", opening, 1)
        box = f'<span class="meaning-box" role="tooltip" id="{name}">'
        return (
            f'<span class="explained">{linked}{box}{escape(meaning)}</span></span>'
        )

    if "body" in context and page != PAGE:
        context["body"] = LINK.sub(with_meaning, context["body"])


def setup(app):
    app.connect("doctree-read", collect)
    app.connect("doctree-resolved", link_first)
    app.connect("html-page-context", explain)
    return {
        "version": "1",
        "parallel_read_safe": False,
        "parallel_write_safe": True,
    }

"""Where lines end: between words and before relations, not within a number.

Printed sentences wrap, printed columns do not.
"""

import re
from itertools import chain

from docutils import nodes

WHOLE = re.compile(
    r"(<(script|style|svg|pre|select|title)\b.*?</\2>)"
    r"|C-CHVAE|t-SNE|min-max|trade-off"
    r"|± \d[\d.]*"
    r"|(?:Fig\.|Eq\.|Figure|Table|Theorem|Lemma) \d[\d.]*(?:\(\w\))?"
    r"|(?:\b(?:\w|eps|lambda) = )?\d[\d.]* to \d+(?:\.\d+)?(?: %)?"
    r"|\b(?:\w|eps|lambda) = (?:−?\d[\d./]*|inf\b)"
    r"|[−+]?\d[\d.,]*(?:e-\d+)?(?: %)? \[[−+]?\d[\d.e-]*, [−+]?\d[\d.e-]*\]"
    r"|\d[\d.,]* (?:%|min\b)"
    r"|\((?:[−+]?\d[\d.]*, )+[−+]?\d[\d.]*\)"
    r'|[(“]*<span class="math notranslate nohighlight">[^<]*</span>'
    r"(?:-\w+)?[).,;:?”]*"
    r"|<[^>]*>",
    re.DOTALL,
)
"""What a page holds, and between its tags what no end of a line may part."""

SCROLLS = 40
"""The characters of a formula beyond which it may be wider than a phone."""

PRINTED = re.compile(r'<div class="[^"]*\bsentences\b[^"]*">.*?</pre>', re.DOTALL)
VALUE = re.compile(r"\w+ (?:=|&[lg]t;) -?\d[\d.]*(?:e-\d+)?|\d[\d.]*e-\d+")
KEPT = r'<span class="whole">\g<0></span>'
"""A printed number with its name or with a hyphen, in which no line ends."""

ALIGNED = re.compile(r"\S {2,}\S.*\n.*\S {2,}\S")
"""Columns of a printed text."""

TOKEN = re.compile(r":=|\\[A-Za-z]+|\\?.", re.DOTALL)
RELATIONS = {"=", "<", ">", ":=", r"\le", r"\ge", r"\approx"}
OPENING = {"{", "(", "[", r"\{", r"\left", r"\begin"}
CLOSING = {"}", ")", "]", r"\}", r"\right", r"\end"}
"""What a formula is made of, and where a line may end in it: before a relation."""


def wrap_outputs(doctree):
    """Let printed sentences wrap, and leave printed columns as they are."""
    for block in doctree.findall(nodes.literal_block):
        if "output" in block["classes"] and not ALIGNED.search(block.astext()):
            block["classes"].append("sentences")


def cut(formula):
    """The parts of a formula: each begins with a relation outside all brackets."""
    parts, depth = [""], 0
    for token in TOKEN.findall(formula):
        if token in RELATIONS and not depth and parts[-1].strip():
            parts.append("")
        depth += (token in OPENING) - (token in CLOSING)
        parts[-1] += token
    return parts


def break_formulas(doctree):
    """Let a line end before a relation of a long formula in the text."""
    for formula in list(doctree.findall(nodes.math)):
        text = formula.astext()
        if len(text) > SCROLLS:
            parts = [nodes.math(part, part) for part in cut(text)]
            spaces = [nodes.Text(" ") for part in parts]
            formula.replace_self([*chain(*zip(parts, spaces))][:-1])


def keep_whole(match):
    """Hold together what belongs together; tags and what is no text stay.

    A long formula may be too wide for a phone: it scrolls, its marks stay with it.
    """
    is_tag = match[1] or (match[0].startswith("<") and match[0].endswith(">"))
    formula = re.search(r">([^<]*)</span>", match[0])
    name = "whole long" if formula and len(formula[1]) > SCROLLS else "whole"
    return match[0] if is_tag else f'<span class="{name}">{match[0]}</span>'


def hold(text):
    """Hold together, in some HTML, what no end of a line may part."""
    return WHOLE.sub(keep_whole, text)


def hold_printed(page):
    """Hold together the numbers in the printed sentences of a page."""
    return PRINTED.sub(lambda match: VALUE.sub(KEPT, match[0]), page)

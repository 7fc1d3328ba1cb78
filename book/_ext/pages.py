"""Sphinx extension: what the theme leaves to do on a page.

Landmarks and roles for screen readers, a footer, columns of tables that line up,
labels of rows that leave room on a phone, wide tables in the margin, lines that
break between words and before relations, figures in their size with a link to the
whole, and the page that a search finds first.
"""

import re
from itertools import chain
from pathlib import Path

from docutils import nodes
from PIL import Image
from sphinx import addnodes

from _ext.dependencies import ROOT

TEMPLATES = Path(__file__).with_name("templates")

FIRST = {
    "book/scfe_cost": ["Theorem 1"],
    "book/cchvae_cost": ["Theorem 2"],
    "book/weights": ["Lemma 1"],
    "book/validity": ["Theorem 3"],
    "book/collapse": ["collapse threshold"],
    "book/about": ["licence", "license", "citation"],
}
"""What is searched for, by the page that a search for it finds first."""

ROLES = {
    ' role="list" class="citation-list"': ' class="citation-list"',
    ' role="doc-biblioentry"': "",
    '<summary aria-label="Toggle hidden content">': "<summary>",
}
"""Roles and labels that say another thing than what is there."""

PLACES = 89
"""How many characters of a row have room in the column of text."""

LONGEST = 30
"""The characters of a cell after which it is broken into lines."""

DOTS = 110
"""CSS pixels for an inch of a figure, whose letters then have the text's size."""

LEGIBLE = 0.66
"""How much of its size a figure keeps on a phone, so that letters have 9 pixels."""

SIZE = re.compile(r'(?<=style="width: )(\d+)px;(?=" />\s*</a>)')
SOLUTION = re.compile(r"(Solution to)(<a [^>]*>) ([^<]*)")
TABLE = re.compile(r'<table border="1" class="dataframe">.*?</table>', re.DOTALL)
ROW = re.compile(r"<tr[^>]*>.*?</tr>", re.DOTALL)
CELL = re.compile(r"<(t[hd])([^>]*)>(.*?)</t[hd]>", re.DOTALL)
NUMBER = re.compile(
    r"([-−+±\d.,:%/→\[\]() –]|to|of|for)*(e[-+]\d+)?|nan|inf|NaN|<NA>|None"
)

SHORT = 12
"""The characters of a word that may stand among numbers, such as "none"."""

NO_SIGN = re.compile(r"^-(?=0\.0+(?!\d))")
MINUS = re.compile(r"(?<![\w.)-])-(?=[\d.])|(?<= )-(?= )")

WHOLE = re.compile(
    r"(<(script|style|svg|pre|select|title)\b.*?</\2>)"
    r"|C-CHVAE|t-SNE|min-max|trade-off"
    r"|± \d[\d.]*"
    r"|\d[\d.,]* %|(?:Fig\.|Eq\.|Figure|Table|Theorem|Lemma) \d[\d.]*(?:\(\w\))?"
    r"|(?:\b(?:\w|eps|lambda) = )?\d[\d.]* to \d+(?:\.\d+)?"
    r"|\b(?:\w|eps|lambda) = (?:−?\d[\d./]*|inf\b)"
    r"|[−+]?\d[\d.,]*(?:e-\d+)?(?: %)? \[[−+]?\d[\d.e-]*, [−+]?\d[\d.e-]*\]"
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


def join_heads(table):
    """Put the names of the labels of rows into the line of the columns' names.

    They stay in a line of their own where a column's name stands above one of them.
    """
    rows = ROW.findall(table.partition("<tbody>")[0])
    if len(rows) < 2 or "colspan" in rows[-2]:
        return table
    names = zip(*[[text for _, _, text in CELL.findall(row)] for row in rows[-2:]])
    names = list(names)
    if any(above and below for above, below in names):
        return table
    cells = "".join(f"<th>{above or below}</th>" for above, below in names)
    return table.replace(rows[-2], "", 1).replace(rows[-1], f"<tr>{cells}</tr>", 1)


def is_words(column, heads):
    """Whether a column holds words: a long one, or more of them than numbers.

    Below a number as its head, short words only say why there is no number.
    """
    words = [text for text in column if not NUMBER.fullmatch(text)]
    below = any(head and NUMBER.fullmatch(head) for head in heads)
    most = 2 * len(words) > len(column) and not below
    return most or max(map(len, words), default=0) > SHORT


def kind_of(column, heads):
    """The class of a column: none for numbers, and one more for long words."""
    if not is_words(column, heads):
        return ""
    return "words phrases" if max(map(len, column)) > LONGEST else "words"


def polish(text):
    """Give a number its minus sign, and none where it is rounded to zero."""
    return MINUS.sub("−", NO_SIGN.sub("", text))


def line_up(table):
    """Set the columns of a cell's table: numbers to the right, words to the left.

    A column counts from the right, where no cell spans several rows.
    """
    table = join_heads(table)
    body = table.partition("<tbody>")[2]
    rows = [
        re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for row in ROW.findall(body)
    ]
    columns = list(zip(*rows))
    lines = map(CELL.findall, ROW.findall(table.partition("<tbody>")[0]))
    heads = [[text for _, _, text in line][-len(columns) :] for line in lines]
    heads = [line for line in heads if len(line) == len(columns)]
    heads = heads or [[""] * len(columns)]
    kinds = [kind_of(*pair) for pair in zip(columns, zip(*heads))]

    def mark_row(match):
        cells = CELL.findall(match[0])
        if "colspan" in match[0] or len(cells) < len(kinds):
            return match[0]
        marks = iter(["words"] * (len(cells) - len(kinds)) + kinds)

        def mark_cell(cell):
            tag, options, text = cell.groups()
            kind = next(marks)
            style = f' class="{kind}"' if kind else ""
            return f"<{tag}{options}{style}>{polish(text)}</{tag}>"

        return CELL.sub(mark_cell, match[0])

    return ROW.sub(mark_row, table)


def lift_labels(table):
    """Put the outer labels of rows in lines above them, which only a phone shows.

    There three columns of labels or more would leave no room for numbers.
    """
    head, _, body = table.partition("<tbody>")
    rows = ROW.findall(body)
    depth = rows[0].count("<th") if rows else 0
    outer = max((row.count("rowspan=") for row in rows), default=0)
    if depth < 3 or not outer:
        return table
    names = [text for _, _, text in CELL.findall(ROW.findall(head)[-1])][:outer]
    width = len(CELL.findall(rows[0])) - outer
    labels = [""] * outer

    def mark(row, count):
        return re.sub("<th", '<th data-level="outer"', row, count=count)

    def lift(match):
        first = depth - match[0].count("<th")
        if first >= outer:
            return match[0]
        cells = CELL.findall(match[0])[: outer - first]
        labels[first:] = [text for _, _, text in cells]
        said = ", ".join(
            f"{name} {label}".strip() if NUMBER.fullmatch(label) else label
            for name, label in zip(names, labels)
            if label
        )
        line = f'<th colspan="{width}"><span>{said}</span></th>'
        return f'<tr class="lifted">{line}</tr>\n{mark(match[0], outer - first)}'

    head = ROW.sub(lambda row: mark(row[0], outer), head)
    return f"{head}<tbody>{ROW.sub(lift, body)}"


def is_wide(rows):
    """Whether one of some rows, lists of texts, has no room in the column."""
    lengths = [sum(min(len(text), LONGEST) + 2 for text in row) for row in rows]
    return max(lengths, default=0) > PLACES


def widen_tables(doctree):
    """Let wide tables, of the text and of cells, use the right margin."""
    for table in list(doctree.findall(nodes.table)):
        rows = table.findall(nodes.row)
        if is_wide([[entry.astext() for entry in row] for row in rows]):
            frame = nodes.container(classes=["full-width"])
            table.replace_self(frame)
            frame += table
    for output in doctree.findall(nodes.raw):
        rows = (
            ROW.findall(output.astext()) if "dataframe" in output.astext() else []
        )
        texts = [[text for _, _, text in CELL.findall(row)] for row in rows]
        if is_wide(texts):
            output.parent["classes"].append("full-width")


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


def size_figures(app, doctree):
    """Give a cell's figure its size in print; it is then a link to the whole."""
    for image in doctree.findall(nodes.image):
        path = Path(app.srcdir, image["uri"])
        if path.suffix == ".png" and path.exists() and "width" not in image:
            with Image.open(path) as picture:
                dots = picture.info.get("dpi", (DOTS, DOTS))[0]
                image["width"] = f"{round(picture.width * DOTS / dots)}px"


def find_first(doctree, docname):
    """Put into the index of the search what this page is found for first."""
    for index in list(doctree.findall(addnodes.index)):
        if any(entry[1] in chain(*FIRST.values()) for entry in index["entries"]):
            index.parent.remove(index)
    words = FIRST.get(docname, [])
    entries = [("single", word, "", "main", None) for word in words]
    if entries:
        doctree.insert(0, addnodes.index(entries=entries))


def complete(app, doctree, docname):
    widen_tables(doctree)
    wrap_outputs(doctree)
    break_formulas(doctree)
    size_figures(app, doctree)
    find_first(doctree, docname)


def mend(app, page, template, context, doctree):
    """Mend the HTML of a page, and tell its footer the address of the project."""
    context["repository_url"] = app.config.html_theme_options.get("repository_url")
    if "body" in context:
        body = context["body"]
        for wrong, right in ROLES.items():
            body = body.replace(wrong, right)
        body = SIZE.sub(keep_legible, body)
        body = SOLUTION.sub(set_apart, body)
        body = TABLE.sub(lambda match: lift_labels(line_up(match[0])), body)
        body = WHOLE.sub(keep_whole, body)
        context["body"] = PRINTED.sub(lambda match: VALUE.sub(KEPT, match[0]), body)
    for step in ("prev", "next"):
        if context.get(step):
            title = WHOLE.sub(keep_whole, context[step]["title"])
            context[step] = {**context[step], "title": title}


def set_apart(match):
    """Put a space before the title of an exercise, and set its apostrophes."""
    return f"{match[1]} {match[2]}" + match[3].replace("'", "’")


def keep_legible(match):
    """Give a figure, which is as wide as its column allows, a least width."""
    return f"{match[0]} min-width: {round(LEGIBLE * int(match[1]))}px;"


def keep_whole(match):
    """Hold together what belongs together; tags and what is no text stay.

    A long formula may be too wide for a phone: it scrolls, its marks stay with it.
    """
    is_tag = match[1] or (match[0].startswith("<") and match[0].endswith(">"))
    formula = re.search(r">([^<]*)</span>", match[0])
    name = "whole long" if formula and len(formula[1]) > SCROLLS else "whole"
    return match[0] if is_tag else f'<span class="{name}">{match[0]}</span>'


def settle(app, config):
    """Find the templates; without an address of the project, launch nothing."""
    config.templates_path.insert(0, str(TEMPLATES.relative_to(ROOT)))
    if not config.html_theme_options.get("repository_url"):
        config.html_theme_options.pop("launch_buttons", None)


def setup(app):
    app.connect("config-inited", settle)
    app.connect("doctree-resolved", complete)
    app.connect("html-page-context", mend)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

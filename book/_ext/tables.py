"""Tables as the theme leaves them, made legible.

Columns line up, numbers to the right and words to the left; wide tables use the
margin; labels of rows leave room on a phone.
"""

import re

from docutils import nodes

PLACES = 89
"""How many characters of a row have room in the column of text."""

LONGEST = 30
"""The characters of a cell after which it is broken into lines."""

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


def widen(doctree):
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


def mend(page):
    """Line up the tables of cells in the HTML of a page, and lift their labels."""
    return TABLE.sub(lambda match: lift_labels(line_up(match[0])), page)

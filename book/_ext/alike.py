"""When two figures are alike in words: the same number of numbers, about as large.

Other processors round otherwise, so the words of `rrlib.figures.numbers.describe`
may differ in their last digit.
"""

import math
import re
from functools import partial

PANEL = re.compile(r"(\d+) numbers of size (\S+), mean (\S+), slope (\S+)")
SHARE = 0.01
"""How far sizes may be apart, as a share; means and slopes, which are shares."""


def take_in(item):
    """Let a cell of a notebook compare its figures so."""
    item.compare_outputs = partial(compare, item.compare_outputs)


def compare(usual, outputs, stored, *options):
    """Compare outputs as usual, but that figures which are alike count as equal."""
    figures = [words for words in map(words_of, stored) if words]
    taken = []
    for output in outputs:
        known = figures.pop(0) if words_of(output) and figures else None
        if known and are_alike(words_of(output), known):
            data = {**output["data"], "text/plain": known}
            output = type(output)({**output, "data": data})
        taken.append(output)
    return usual(taken, stored, *options)


def words_of(output):
    """Return the words of a figure, None of any other output."""
    text = output.get("data", {}).get("text/plain", "")
    return text if text.startswith("Figure of ") else None


def are_alike(words, stored):
    """Whether two figures have the same panels, up to `SHARE`."""
    lines, known = words.splitlines(), stored.splitlines()
    return len(lines) == len(known) and all(map(same_panel, lines, known))


def same_panel(line, known):
    one, other = PANEL.fullmatch(line), PANEL.fullmatch(known)
    if not (one and other):
        return line == known
    count, size, *shares = one.groups()
    count_known, size_known, *shares_known = other.groups()
    near = partial(math.isclose, rel_tol=0, abs_tol=SHARE)
    return (
        count == count_known
        and math.isclose(float(size), float(size_known), rel_tol=SHARE)
        and all(map(near, map(float, shares), map(float, shares_known)))
    )

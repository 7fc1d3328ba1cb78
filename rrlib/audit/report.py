"""Effects, verdicts and the ledger in words: as text, as tables, as a page of the book."""

import html

import pandas as pd

from rrlib.audit.claims import verdict
from rrlib.audit.evidence import against, defined, in_favour

WIDTHS = {"reading": 34, "weakest and strongest effect": 28, "in favour": 22, "verdict": 16}
"""The columns of the ledger on a page, and their widths in per cent."""


def to_html(table):
    """Return a ledger as an HTML table for the book, each claim linked to its page."""
    header = "".join(
        f'<th style="width: {width}%; text-align: left">{name}</th>'
        for name, width in WIDTHS.items()
    )
    lines = [f"<tr>{header}</tr>"]
    for _, part in table.groupby("id", sort=False):
        rows = list(part.itertuples())
        lines.append(_claim_to_html(rows[0]))
        measure_above = ""
        for row in rows:
            lines.append(_reading_to_html(row, measure_above))
            measure_above = row.measure
    body = "".join(lines)
    return (
        '<div style="overflow-x: auto; font-size: 0.85em">'
        f'<table style="min-width: 44em; table-layout: fixed">{body}</table></div>'
    )


def _claim_to_html(row):
    """Return the line of a claim, from the first of its rows in the ledger."""
    address = f"{row.chapter}.html#{row.anchor}" if row.anchor else f"{row.chapter}.html"
    link = f'<a href="{address}">{row.id}</a>'
    text = f"{link} ({row.where}). {html.escape(row.statement)}."
    cell = f'<th colspan="4" style="text-align: left">{text}</th>'
    return f'<tr style="border-top: 2px solid">{cell}</tr>'


def _reading_to_html(row, measure_above):
    """Return the line of a reading; it names its measure where the line above has another one."""
    reading = row.reading
    if row.measure != measure_above:
        reading += f'<br><span style="font-size: 0.9em">{html.escape(row.measure)}</span>'
    if row.counterexample:
        reading += f"<br><em>{html.escape(row.counterexample)}</em>"
    ends = [describe(effect) for effect in (row.weakest, row.strongest) if effect]
    effects = "<br>".join(dict.fromkeys(ends))
    counts = "<br>".join(count(row.effects))
    cells = "".join(
        f'<td style="text-align: left">{cell}</td>'
        for cell in (reading, effects, counts, row.verdict)
    )
    return f'<tr style="vertical-align: top; border-top: 1px solid #8884">{cells}</tr>'


def count(effects):
    """Return how many effects are in favour, against and undefined, as lines of text.

    The cases of those in favour are named if not all are.
    """
    if not effects:
        return []
    holds = [effect.case for effect in effects if in_favour(effect)]
    n_against = sum(map(against, effects))
    n_undefined = len(effects) - sum(map(defined, effects))
    favour = f"{len(holds)} of {len(effects)}"
    if 0 < len(holds) < len(effects):
        favour += f": {name_cases(holds)}"
    lines = [favour]
    if n_against:
        lines.append(f"{n_against} against")
    if n_undefined:
        lines.append(f"{n_undefined} undefined")
    return lines


def describe(effect):
    """Return an effect as text: its mean and its interval, two digits or whole numbers."""
    if not effect:
        return ""
    case, *numbers = effect
    mean, low, high = (f"{x:.2g}" if abs(x) < 100 else f"{x:.0f}" for x in numbers)
    return f"{mean} [{low}, {high}] ({case})"


def name_cases(cases):
    """Return cases as text, with their last part collected.

    "Adult, SCFE" and "Adult, C-CHVAE" become "Adult (SCFE, C-CHVAE)".
    """
    groups = {}
    for case in cases:
        *first, last = case.split(", ")
        groups.setdefault(", ".join(first), []).append(last)
    parts = []
    for first, last in groups.items():
        ends = ", ".join(last)
        parts.append(f"{first} ({ends})" if first else ends)
    return "; ".join(parts)


def answer(findings, *, most=False):
    """Return one table of the readings of a claim.

    Its columns are the cases in favour, those against and undefined, the weakest effect, and the
    verdict.
    """
    rows = {}
    for reading, _, effects, counterexample in findings:
        favour, *others = count(effects) or ["0 of 0"]
        known = filter(defined, effects)
        weakest = min(known, key=lambda effect: effect.low, default=None)
        judgement = verdict(effects, counterexample=counterexample, most=most)
        rows[reading] = favour, ", ".join(others), describe(weakest), judgement
    columns = ["in favour", "others", "weakest case", "verdict"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.rename_axis("reading")

"""The ledger as a page: every claim in one look, and below it the readings, with filters."""

import html

import pandas as pd

from rrlib.audit.claims import OURS, PAPERS, in_one_look
from rrlib.audit.report import count, describe, ends, summarise

COLOURS = {
    "reproduced": "#1b6e3c",
    "in": "#0b57a4",
    "undecided": "#5a5f66",
    "contradicted": "#a3123a",
    "not": "#8a4500",
    "false": "#6b1fa8",
    "depends": "#00606b",
}
"""The ground of a verdict, by its first word; the word on it is white."""

HEADS = {
    PAPERS: ["claim", "the paper says", "we find in its own setting", "verdict"],
    OURS: ["claim", "this book says", "we find on seeds 10 to 14", "verdict"],
}
CAPTIONS = {PAPERS: "The paper's claims", OURS: "Ours: claims that this book is the first to make"}
SETTINGS = {PAPERS: "the paper's own setting", OURS: "ours"}

STYLE = """<style>
.ledger { overflow-x: auto; font-size: 0.85em; line-height: 1.3; }
.ledger table { width: 100%; min-width: 44em; border-collapse: collapse; }
.ledger :is(th, td) { text-align: left; vertical-align: top; padding: 0.25em 0.5em; }
.ledger tr { border-top: 1px solid #8886; }
.ledger tr[hidden] { display: none; }
.ledger caption { caption-side: top; text-align: left; font-weight: bold; color: inherit; }
.ledger .ours { margin-top: 1em; border-left: 0.4em solid #8886; padding-left: 0.4em; }
.ledger b { color: #fff; padding: 0.1em 0.4em; border-radius: 0.3em; display: inline-block; }
.ledger form:not([hidden]) { display: flex; flex-wrap: wrap; gap: 0.4em 1em; margin: 0.6em 0; }
@media print {
  .ledger { font-size: 0.6em; line-height: 1.15; overflow: visible; break-inside: avoid; }
  .ledger table { min-width: 0; }
  .ledger b { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .ledger details { display: none; }
}
</style>"""

SCRIPT = """<script>
for (const form of document.querySelectorAll(".ledger form[data-filter]")) {
  const rows = [...form.parentElement.querySelectorAll("tr[data-id]")];
  const show = () => {
    const asked = [...new FormData(form)].filter(([, value]) => value);
    const fits = row => asked.every(([name, value]) =>
      name === "text" ? row.textContent.toLowerCase().includes(value.toLowerCase())
                      : row.dataset[name] === value);
    for (const row of rows) row.hidden = !fits(row);
    const number = rows.filter(row => !row.hidden).length;
    form.querySelector("output").textContent = `${number} of ${rows.length} readings`;
  };
  form.addEventListener("input", show);
  form.addEventListener("reset", () => setTimeout(show));
  form.addEventListener("submit", event => event.preventDefault());
  form.hidden = false;
  show();
}
</script>"""


def to_html(papers, ours):
    """Return the ledgers as HTML for the book: the claims in one look, and the readings folded.

    The paper's claims come first, and ours stand in a table of their own. The filters of the
    readings need scripts and nothing from elsewhere; without scripts there are no filters, and all
    rows.

    Parameters
    ----------
    papers, ours : DataFrame
        From `claims.ledger` and `claims.own_ledger`.
    """
    looks = _claims(papers, PAPERS) + f'<div class="ours">{_claims(ours, OURS)}</div>'
    readings = _readings(pd.concat([papers, ours], ignore_index=True))
    return f'{STYLE}<div class="ledger">{looks}{readings}</div>{SCRIPT}'


def badge(verdict):
    """Return a verdict as a word on its colour."""
    colour = COLOURS[verdict.split()[0]]
    return f'<b style="background-color: {colour}">{html.escape(verdict)}</b>'


def _claims(table, whose):
    """Return the table of the claims, a row for each."""
    rows = [_row("th", HEADS[whose])]
    for row in in_one_look(table).itertuples():
        statement = f"{html.escape(row.statement)} ({html.escape(row.where)})"
        cells = [_link(row), statement, html.escape(summarise(row)), badge(row.verdict)]
        rows.append(_row("td", cells))
    caption = f"<caption>{html.escape(CAPTIONS[whose])}</caption>"
    return f"<table>{caption}{''.join(rows)}</table>"


def _readings(table):
    """Return the table of the readings, folded, and its filters."""
    names = ["claim", "reading", "weakest and strongest effect", "in favour", "verdict"]
    rows = [_row("th", names)]
    kinds = table["verdict"].map(_kind)
    for row, kind in zip(table.itertuples(), kinds):
        reading = html.escape(row.reading)
        if row.setting:
            whose = SETTINGS[row.whose]
            reading += f"<br><strong>{whose}, {html.escape(row.setting)}</strong>"
        details = [row.measure, row.counterexample]
        reading += "".join(f"<br><em>{html.escape(each)}</em>" for each in details if each)
        effects = dict.fromkeys(map(describe, ends(row.cases)))
        lines = count(row.cases, row)
        cells = [_link(row), reading, _lines(effects), _lines(lines), badge(row.verdict)]
        own = "yes" if row.setting and row.whose == PAPERS else "no"
        rows.append(_row("td", cells, whose=row.whose, id=row.id, verdict=kind, own=own))
    choices = [
        _select("whose", "whose", dict.fromkeys(table["whose"])),
        _select("id", "claim", dict.fromkeys(table["id"])),
        _select("verdict", "verdict", sorted(set(kinds))),
        _select("own", "the paper's own setting", ["yes", "no"]),
        '<label>text <input type="search" name="text"></label>',
        '<button type="reset">all</button><output aria-live="polite"></output>',
    ]
    form = f"<form data-filter hidden>{''.join(choices)}</form>"
    body = f"<table>{''.join(rows)}</table>"
    return f"<details><summary>All {len(table)} readings</summary>{form}{body}</details>"


def _kind(verdict):
    """Return the kind of a verdict, without its numbers."""
    return "in k of n cases" if verdict.startswith("in ") else verdict


def _link(row):
    """Return the name of a claim as a link to the figure or section that answers it."""
    address = f"{row.chapter}.html#{row.anchor}" if row.anchor else f"{row.chapter}.html"
    return f'<a href="{address}">{row.id}</a>'


def _lines(texts):
    """Return texts as lines of a cell."""
    return "<br>".join(map(html.escape, texts))


def _row(tag, cells, **data):
    """Return a row of a table."""
    named = "".join(f' data-{name}="{html.escape(value)}"' for name, value in data.items())
    return f"<tr{named}>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"


def _select(name, label, options):
    """Return a choice among options, or all of them."""
    listed = "".join(f"<option>{html.escape(option)}</option>" for option in options)
    listed = f'<option value="">all</option>{listed}'
    return f'<label>{label} <select name="{name}">{listed}</select></label>'

"""The ledger: every claim of the paper, and the verdict that follows from what was measured, by one rule.

``python -m rrlib.claims`` prints it, ``--json`` for machines.
"""

import argparse
import html
import json
import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import pandas as pd
import torch

from rrlib.evidence import experiments, neighbourhood, theorems, tradeoff
from rrlib.evidence.common import against, in_favour
from rrlib.models import EPS_GRID


class Claim(NamedTuple):
    """A claim of the paper: where it stands, what it says in our words, what answers it, and where that is derived.

    Attributes
    ----------
    id, where, statement : str
    chapter, anchor : str
        A page of the book, and the label of the figure or section on it; "" where there is none.
    test : function from `Evidence` to a list of Finding
        One for each reading.
    most : bool
        Whether the claim is about most cases instead of all.
    """

    id: str
    where: str
    statement: str
    chapter: str
    anchor: str
    test: Callable
    most: bool = False


CLAIMS = (
    Claim("T1", "Theorem 1, Fig. 1(b)", "Bounds on SCFE's cost difference hold for every Adult test row at eps = 0.3, and are tight",
          "scfe_cost", "fig-theorem-1", partial(theorems.bounds_hold, radii=EPS_GRID[-1:], method="scfe")),
    Claim("T2", "Theorem 2, Fig. 1(a)", "Bounds on C-CHVAE's cost difference hold for every Adult test row at eps = 0.3, and are tight",
          "cchvae_cost", "fig-theorem-2", partial(theorems.bounds_hold, radii=EPS_GRID[-1:], method="cchvae")),
    Claim("L1", "Lemma 1", "Robust training moves the weights by at most n eta (y ||x|| + eps sqrt(d))", "weights", "fig-weights-bounds", theorems.lemma1),
    Claim("T3", "Theorem 3, Fig. 1(c)", "The standard model's recourse scores at least as high as the robust one's, for every test row",
          "validity", "fig-theorem-3", partial(theorems.standard_scores_higher, radii=EPS_GRID[-1:])),
    Claim("A1", "Fig. 1, App. C", "The bounds of Fig. 1(a) and (b) hold and are tight, and Theorem 3 holds, at every other eps", "ledger", "sec-other-radii", theorems.other_radii),
    Claim("C1", "Fig. 2", "Networks: the cost difference grows with eps, on every dataset and for every method",
          "cost", "fig-2", partial(experiments.cost_grows, kind="network")),
    Claim("C2", "Fig. 6", "Logistic regression: the cost difference grows with eps, on every dataset and for every method",
          "cost", "fig-6", partial(experiments.cost_grows, kind="logistic")),
    Claim("C3", "Sec. 4.2", "SCFE's cost curve is smoother than those of C-CHVAE and growing spheres", "cost", "sec-smooth", experiments.smoother),
    Claim("C4", "Sec. 4.2", "SCFE has the largest cost difference on most datasets", "cost", "sec-order", experiments.dearest, most=True),
    Claim("C5", "Sec. 4.2", "With fewer samples the cost trend stays, and more iterations are needed", "cost", "sec-samples", experiments.fewer_samples),
    Claim("V1", "Fig. 3", "Networks: validity falls as eps grows, on every dataset and for every method",
          "validity_experiments", "fig-3", partial(experiments.validity_falls, kind="network")),
    Claim("V2", "Fig. 5", "Logistic regression: validity falls as eps grows, on every dataset and for every method",
          "validity_experiments", "fig-5", partial(experiments.validity_falls, kind="logistic")),
    Claim("V3", "Sec. 4.2", "Validity is zero, on average, for eps > 0.2", "validity_experiments", "sec-zero", experiments.validity_vanishes),
    Claim("V4", "Sec. 4.2", "Validity falls further for networks than for logistic regression",
          "validity_experiments", "sec-stronger", experiments.stronger_for_networks),
    Claim("V5", "Fig. 8", "Recourse is valid more often under the standard model than under the robust ones",
          "validity_experiments", "fig-8", experiments.standard_is_more_valid),
    Claim("S1", "Fig. 4", "Fewer valid points lie around an Adult instance as eps grows, network", "neighbourhood", "fig-neighbourhood-shares",
          neighbourhood.fewer_valid_points),
    Claim("R1", "Fig. 7", "Adversarial accuracy is lowest for the standard model and improves with eps", "training", "fig-7", theorems.robust_accuracy),
    Claim("F1", "Conclusion", "Future work: let people navigate the trade-off by their own preferences", "tradeoff", "fig-tradeoff", tradeoff.tradeoff),
)


def verdict(effects, *, counterexample="", most=False):
    """Return the verdict that follows from what was measured.

    *False as printed* where an exact counterexample stands against the statement; *open* where no effect has an interval;
    *reproduced* where the interval of every effect lies above 0 (with `most`, of more than half of them);
    *reproduced under stated conditions* where that of some does; *not reproduced* where none does.
    An effect without an interval (NaN) is not in favour.

    Parameters
    ----------
    effects : list of Effect
        Positive in the direction of the claim.
    counterexample : str
    most : bool
    """
    if counterexample:
        return "false as printed"
    if all(math.isnan(effect.low) for effect in effects):
        return "open"
    hold = sum(map(in_favour, effects))
    if hold == len(effects) or (most and 2 * hold > len(effects)):
        return "reproduced"
    return "reproduced under stated conditions" if hold else "not reproduced"


def ledger(evidence):
    """Return one table of all claims, a row for each reading.

    Parameters
    ----------
    evidence : Evidence
        From `experiments.gather`; a claim about what it does not hold is open.

    Returns
    -------
    DataFrame
        `id`, `where`, `statement`, `reading`, `measure`, `verdict`, `holds`, `fails` and `undefined` (the cases), `weakest` and
        `strongest` (the effects whose intervals start lowest and highest), `effects`, `counterexample`, `chapter`, `anchor`.
    """
    rows = []
    for claim in CLAIMS:
        for reading, measure, effects, counterexample in claim.test(evidence) or [("", "", [], "")]:
            known = sorted((effect for effect in effects if not math.isnan(effect.low)), key=lambda effect: effect.low)
            rows.append({
                "id": claim.id, "where": claim.where, "statement": claim.statement, "reading": reading, "measure": measure,
                "verdict": verdict(effects, counterexample=counterexample, most=claim.most),
                "holds": [effect.case for effect in effects if in_favour(effect)],
                "fails": [effect.case for effect in known if not in_favour(effect)],
                "undefined": [effect.case for effect in effects if math.isnan(effect.low)],
                "weakest": known[0] if known else None, "strongest": known[-1] if known else None, "effects": effects,
                "counterexample": counterexample, "chapter": claim.chapter, "anchor": claim.anchor,
            })
    return pd.DataFrame(rows)


def to_html(table):
    """Return a ledger as an HTML table for the book, each claim linked to the page that answers it."""
    widths = {"reading": 34, "weakest and strongest effect": 28, "in favour": 22, "verdict": 16}
    lines = ["<tr>" + "".join(f'<th style="width: {width}%; text-align: left">{name}</th>' for name, width in widths.items()) + "</tr>"]
    for (name, where, statement), part in table.groupby(["id", "where", "statement"], sort=False):
        chapter, anchor = part.iloc[0][["chapter", "anchor"]]
        link = f'<a href="{chapter}.html{"#" * bool(anchor)}{anchor}">{name}</a>'
        lines.append(f'<tr style="border-top: 2px solid"><th colspan="4" style="text-align: left">{link} ({where}). {html.escape(statement)}.</th></tr>')
        above = ""
        for row in part.itertuples():
            effects = "<br>".join(dict.fromkeys(describe(effect) for effect in (row.weakest, row.strongest) if effect))
            exact = f"<br><em>{html.escape(row.counterexample)}</em>" if row.counterexample else ""
            measure = f'<br><span style="font-size: 0.9em">{html.escape(row.measure)}</span>' if row.measure != above else ""
            above = row.measure
            cells = (f"{row.reading}{measure}{exact}", effects, "<br>".join(count(row.effects)), row.verdict)
            lines.append('<tr style="vertical-align: top; border-top: 1px solid #8884">' + "".join(f'<td style="text-align: left">{cell}</td>' for cell in cells) + "</tr>")
    return f'<div style="overflow-x: auto; font-size: 0.85em"><table style="min-width: 44em; table-layout: fixed">{"".join(lines)}</table></div>'


def count(effects):
    """Return how many effects are in favour, with their cases if not all are, how many against, and how many are undefined, as lines of text."""
    if not effects:
        return []
    holds, opposed = ([effect.case for effect in effects if test(effect)] for test in (in_favour, against))
    undefined = sum(math.isnan(effect.low) for effect in effects)
    some = f": {name_cases(holds)}" if 0 < len(holds) < len(effects) else ""
    others = [f"{len(cases)} {name}" for cases, name in ((opposed, "against"), (range(undefined), "undefined")) if cases]
    return [f"{len(holds)} of {len(effects)}{some}", *others]


def describe(effect):
    """Return an effect as text: its mean and its interval, two digits or whole numbers."""
    if not effect:
        return ""
    mean, low, high = (f"{value:.2g}" if abs(value) < 100 else f"{value:.0f}" for value in effect[1:])
    return f"{mean} [{low}, {high}] ({effect.case})"


def name_cases(cases):
    """Return cases as text, with their last part collected: "Adult, SCFE" and "Adult, C-CHVAE" become "Adult (SCFE, C-CHVAE)"."""
    groups = {}
    for case in cases:
        *first, last = case.split(", ")
        groups.setdefault(", ".join(first), []).append(last)
    return "; ".join(f"{first} ({', '.join(last)})" if first else ", ".join(last) for first, last in groups.items())


def answer(findings, *, most=False):
    """Return one table of the readings of a claim: the cases in favour, against and undefined, the weakest effect, and the verdict."""
    rows = {}
    for reading, _, effects, counterexample in findings:
        favour, *others = count(effects) or ["0 of 0"]
        known = [effect for effect in effects if not math.isnan(effect.low)]
        weakest = min(known, key=lambda effect: effect.low, default=None)
        rows[reading] = (favour, ", ".join(others), describe(weakest), verdict(effects, counterexample=counterexample, most=most))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["in favour", "others", "weakest case", "verdict"]).rename_axis("reading")


def main():
    parser = argparse.ArgumentParser(prog="python -m rrlib.claims", description="Print the ledger: every claim of the paper and its verdict.")
    parser.add_argument("--json", action="store_true", help="every effect with its interval, for machines")
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = ledger(experiments.gather())
    if options.json:
        known = lambda effect: {key: None if value != value else value for key, value in effect._asdict().items()}
        table["effects"] = [[known(effect) for effect in effects] for effects in table["effects"]]
        print(json.dumps(table.drop(columns=["weakest", "strongest"]).to_dict("records"), indent=2, allow_nan=False))
        return
    for (name, where, statement), part in table.groupby(["id", "where", "statement"], sort=False):
        print(f"{name}  {where}: {statement}")
        for row in part.itertuples():
            print(f"    {row.verdict}  {row.reading}  {'; '.join(count(row.effects))}  {row.counterexample or describe(row.weakest)}")


if __name__ == "__main__":
    main()

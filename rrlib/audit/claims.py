"""The ledger: every claim of the paper, each reading of it, and the verdicts by one rule.

The claims of this book have a ledger of their own, by the same rule.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import pandas as pd

from rrlib.audit import cost, theorem3, theorems, tradeoff, validity
from rrlib.audit.accuracy import robust_accuracy
from rrlib.audit.evidence import Finding
from rrlib.audit.experiments import BOXED
from rrlib.audit.neighbourhood import fewer_valid_points
from rrlib.audit.own import own_claims
from rrlib.audit.rule import judge, settle

STATEMENTS = {
    "T1": (
        "Bounds on SCFE's cost difference hold for every Adult test row at eps = 0.3, and are tight"
    ),
    "T2": (
        "Bounds on C-CHVAE's cost difference hold for every Adult test row at eps = 0.3, "
        "and are tight"
    ),
    "L1": "Robust training moves the weights by at most n eta (y ||x|| + eps sqrt(d))",
    "T3": (
        "The standard model's recourse scores at least as high as the robust one's, "
        "for every test row"
    ),
    "A1": (
        "The bounds of Fig. 1(a) and (b) hold and are tight, and Theorem 3 holds, "
        "at every other eps"
    ),
    "C1": "Networks: the cost difference grows with eps, on every dataset and for every method",
    "C2": (
        "Logistic regression: the cost difference grows with eps, "
        "on every dataset and for every method"
    ),
    "C3": "SCFE's cost curve is smoother than those of C-CHVAE and growing spheres",
    "C4": "SCFE has the largest cost difference on most datasets",
    "C5": "With fewer samples the cost trend stays, and more iterations are needed",
    "V1": "Networks: validity falls as eps grows, on every dataset and for every method",
    "V2": "Logistic regression: validity falls as eps grows, on every dataset and for every method",
    "V3": "Validity is zero, on average, for eps > 0.2",
    "V4": "Validity falls further for networks than for logistic regression",
    "V5": "Recourse is valid more often under the standard model than under the robust ones",
    "S1": "Fewer valid points lie around an Adult instance as eps grows, network",
    "R1": "Adversarial accuracy is lowest for the standard model and improves with eps",
    "F1": "Future work: let people navigate the trade-off by their own preferences",
}
"""What the paper claims, in our words."""


PAPERS, OURS = "the paper", "ours"
"""Whose a claim is."""


class Claim(NamedTuple):
    """A claim of the paper: where it stands, where we answer it, and what answers it.

    Attributes
    ----------
    id, where : str
    chapter, anchor : str
        A page of the book, and the label of the figure or section on it; "" where there is none.
    test : function from `Evidence` to a list of Finding
        One for each reading.
    most : bool
        Whether the claim is about most cases instead of all.
    """

    id: str
    where: str
    chapter: str
    anchor: str
    test: Callable
    most: bool = False

    @property
    def statement(self):
        """Return what the claim says, in our words."""
        return STATEMENTS[self.id]


def networks(test):
    """Return the test of a claim for networks alone."""
    return partial(test, kind="network")


def logistic(test):
    """Return the test of a claim for logistic regression alone."""
    return partial(test, kind="logistic")


CLAIMS = (
    Claim("T1", "Theorem 1, Fig. 1(b)", "scfe_cost", "fig-theorem-1", theorems.theorem1),
    Claim("T2", "Theorem 2, Fig. 1(a)", "cchvae_cost", "fig-theorem-2", theorems.theorem2),
    Claim("L1", "Lemma 1", "weights", "fig-weights-bounds", theorems.lemma1),
    Claim("T3", "Theorem 3, Fig. 1(c)", "validity", "fig-theorem-3", theorem3.theorem3),
    Claim("A1", "Fig. 1, App. C", "ledger", "sec-other-radii", theorems.other_radii),
    Claim("C1", "Fig. 2", "cost", "fig-2", networks(cost.cost_grows)),
    Claim("C2", "Fig. 6", "cost", "fig-6", logistic(cost.cost_grows)),
    Claim("C3", "Sec. 4.2", "cost", "sec-smooth", cost.smoother),
    Claim("C4", "Sec. 4.2", "cost", "sec-order", cost.dearest, most=True),
    Claim("C5", "Sec. 4.2", "cost", "sec-samples", cost.fewer_samples),
    Claim("V1", "Fig. 3", "validity_experiments", "fig-3", networks(validity.validity_falls)),
    Claim("V2", "Fig. 5", "validity_experiments", "fig-5", logistic(validity.validity_falls)),
    Claim("V3", "Sec. 4.2", "validity_experiments", "sec-zero", validity.validity_vanishes),
    Claim("V4", "Sec. 4.2", "validity_experiments", "sec-stronger", validity.stronger_for_networks),
    Claim("V5", "Fig. 8", "validity_experiments", "fig-8", validity.standard_is_more_valid),
    Claim("S1", "Fig. 4", "neighbourhood", "fig-neighbourhood-shares", fewer_valid_points),
    Claim("R1", "Fig. 7", "training", "fig-7", robust_accuracy),
    Claim("F1", "Conclusion", "tradeoff", "fig-tradeoff", tradeoff.tradeoff),
)


def ledger(evidence):
    """Return one table of all claims, a row for each reading.

    Parameters
    ----------
    evidence : Evidence
        From `experiments.gather`.

    Returns
    -------
    DataFrame
        `id`, `whose` ("the paper" or "ours"), `where`, `statement`, `reading`, `setting` (of the
        paper, "" for another reading), `measure`, `cases`, `counterexample`, the fields of the
        reading's `Judgement`, `chapter`, `anchor`.
    """
    rows = []
    for claim in CLAIMS:
        about = {"id": claim.id, "whose": PAPERS, "where": claim.where}
        about |= {"statement": claim.statement}
        place = {"chapter": claim.chapter, "anchor": claim.anchor}
        for finding in claim.test(evidence) or [Finding("", "", [])]:
            example = finding.counterexample
            judgement = judge(finding.cases, counterexample=example, most=claim.most)
            rows.append(about | finding._asdict() | judgement._asdict() | place)
    return pd.DataFrame(rows)


def own_ledger(tables):
    """Return one table of our own claims, O1, O2, ..., in the form of `ledger`, a row for each.

    Parameters
    ----------
    tables : dict of name -> DataFrame
        The stored tables of the variation "equal", standardised features.
    """
    rows = []
    for number, claim in enumerate(own_claims(tables), 1):
        about = {"id": f"O{number}", "whose": OURS, "where": "ours", "statement": claim.reading}
        finding = Finding("as first stated", claim.measure, claim.cases, setting="standardised")
        row = about | finding._asdict() | judge(claim.cases)._asdict()
        rows.append(row | {"chapter": "equal", "anchor": claim.anchor})
    return pd.DataFrame(rows)


def in_one_look(table):
    """Return the verdict on each claim in the paper's own setting, a row for each.

    All cases of the readings that count under one scaling are judged together, and the verdicts
    under the scalings are settled.

    Parameters
    ----------
    table : DataFrame
        From `ledger` or `own_ledger`.

    Returns
    -------
    DataFrame
        `id`, `where`, `statement`, `verdict`, `judgements` (dict of setting -> Judgement),
        `counterexample` (the first one), `cases` (dict of setting -> list of Case), `chapter`,
        `anchor`.
    """
    most = {claim.id for claim in CLAIMS if claim.most}
    rows = []
    for name, part in table.groupby("id", sort=False):
        cases = {}
        for row in part[part["setting"] != ""].itertuples():
            cases.setdefault(row.setting, []).extend(_with_reading(row))
        example = next(filter(None, part["counterexample"]), "")
        judgements = {
            setting: judge(each, counterexample=example, most=name in most)
            for setting, each in cases.items()
        }
        row = part.iloc[0][["id", "where", "statement", "chapter", "anchor"]].to_dict()
        row |= {"verdict": settle(list(judgements.values()) or [judge([])])}
        rows.append(row | {"judgements": judgements, "counterexample": example, "cases": cases})
    return pd.DataFrame(rows)


def _with_reading(row):
    """Return the cases of a reading with its name in theirs, without that of the scaling."""
    reading = row.reading.removeprefix(BOXED)
    return [case._replace(name=f"{reading}: {case.name}") for case in row.cases]

"""Effects, judgements and verdicts in words: for terminals, tables and pages."""

import numpy as np
import pandas as pd

from rrlib.audit.evidence import against, defined, in_favour, shown
from rrlib.audit.rule import judge

NOT_RUN = "confirming seeds not run"


def count(cases, judgement):
    """Return how many cases are in favour, against, too small and undefined, as lines of text.

    Those in favour are named if not all are. Where the confirming seeds were not run, the lines
    speak of the exploring ones, and say so.
    """
    if not cases:
        return []
    if judgement.ran:
        named, opposed = judgement.named, len(judgement.against)
        small, unknown = len(judgement.small), len(judgement.undefined)
    else:
        named = [case.name for case in cases if in_favour(case.explored, case.smallest)]
        opposed = sum(against(case.explored, case.smallest) for case in cases)
        small = 0
        known = [defined(case.explored) and not pd.isna(case.smallest) for case in cases]
        unknown = known.count(False)
    favour = f"{len(named)} of {len(cases)}"
    if 0 < len(named) < len(cases):
        favour += f": {name_cases(named)}"
    lines = [favour]
    words = {"against": opposed, "too small": small, "undefined": unknown}
    lines += [f"{number} {word}" for word, number in words.items() if number]
    return lines if judgement.ran else [*lines, NOT_RUN]


def ends(cases):
    """Return the effects whose intervals start lowest and highest; None twice without any."""
    known = sorted(filter(defined, shown(cases)), key=lambda effect: effect.low)
    return (known[0], known[-1]) if known else (None, None)


def describe(effect):
    """Return an effect as text: its mean and its interval, two digits or whole numbers."""
    if not effect:
        return ""
    case, *numbers = effect
    mean, low, high = (f"{x:.2g}" if abs(x) < 100 else f"{x:.0f}" for x in numbers)
    return f"{mean} [{low}, {high}] ({case})"


def to_dict(case):
    """Return a case for machines: what is judged, each part of it, and the value of every seed."""
    (judged,) = shown([case])
    found = numbers(judged) | {"smallest": known(case.smallest)}
    found |= {"exploring": numbers(case.explored), "confirming": numbers(case.confirmed)}
    seeds = {str(seed): known(value) for seed, value in case.values.items()}
    return {"case": case.name} | found | {"seeds": seeds}


def numbers(effect):
    """Return the mean and the interval of an effect as a dict, with None where it has none."""
    return {name: known(getattr(effect, name)) for name in ("mean", "low", "high")}


def known(number):
    """Return a number as a float, None where it is not known or without bound."""
    return float(number) if np.isfinite(number) else None


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
        joined = ", ".join(last)
        parts.append(f"{first} ({joined})" if first else joined)
    return "; ".join(parts)


def summarise(row):
    """Return in one line what was found in the paper's own setting, from a row of `in_one_look`."""
    if row.counterexample:
        return f"counterexample: {row.counterexample}"
    parts = []
    for setting, judgement in row.judgements.items():
        favour, *others = count(row.cases[setting], judgement) or [NOT_RUN]
        lines = [favour.partition(":")[0], *others]
        parts.append(f"{setting}: {', '.join(lines)}")
    return "; ".join(parts)


def answer(findings, *, most=False):
    """Return one table of the readings of a claim.

    Its columns are the cases in favour, the others, the weakest effect, and the verdict.
    """
    rows = {}
    for finding in findings:
        cases = finding.cases
        judgement = judge(cases, counterexample=finding.counterexample, most=most)
        favour, *others = count(cases, judgement) or ["0 of 0"]
        weakest, _ = ends(cases)
        row = favour, ", ".join(others), describe(weakest), judgement.verdict
        rows[finding.reading] = row
    columns = ["in favour", "others", "weakest case", "verdict"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.rename_axis("reading")

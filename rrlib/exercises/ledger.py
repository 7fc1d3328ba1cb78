"""Checks of the page with the ledger."""

from scipy.stats import t

from rrlib.audit.evidence import against, in_favour, shown
from rrlib.exercises.checks import check, compare


@check
def stricter(answer):
    """The factor, as a number."""
    return compare(answer, t.ppf(0.995, 4) / t.ppf(0.975, 4), rtol=2e-3)


@check
def two_answers(answer, ledger):
    """The names of the claims, as a list."""
    asked = ledger[ledger["id"].str.match("[CVSR]")]
    given, right = set(answer), set()
    unknown = given - set(asked["id"])
    if unknown:
        return f"no empirical claim is called {min(unknown)}."
    for name, part in asked.groupby("id"):
        answers = {all(_above(cases)) for cases in part["cases"] if cases}
        if len(answers) == 2:
            right.add(name)
    if given - right:
        return f"the readings of {min(given - right)} do not differ in this."
    if right - given:
        return f"{len(right - given)} of these claims are missing."
    return None


@check
def for_and_against(answer, ledger):
    """The names of a claim and of its reading, as a pair."""
    claim, reading = answer
    rows = ledger[(ledger["id"] == claim) & (ledger["reading"] == reading)]
    if rows.empty:
        return "the ledger has no such reading of that claim."
    (cases,) = rows["cases"]
    pairs = zip(cases, shown(cases))
    if not any(against(effect, case.smallest) for case, effect in pairs):
        return "no case of it lies below minus the smallest effect."
    if not any(_above(cases)):
        return "no case of it lies above the smallest effect."
    return None


def _above(cases):
    """Whether each case lies above its smallest effect."""
    return [in_favour(effect, case.smallest) for case, effect in zip(cases, shown(cases))]

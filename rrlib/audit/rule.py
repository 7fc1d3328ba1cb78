"""The rule: the verdict that follows from the cases of a claim."""

from typing import NamedTuple

import numpy as np
from scipy.stats import t

from rrlib.audit.evidence import CONFIRMING, ROUNDING, in_favour
from rrlib.study.splits import LEVEL


class Judgement(NamedTuple):
    """What follows from cases.

    Attributes
    ----------
    verdict : str
    named, against, small, undefined : tuple of str
        The cases that are confirmed, contradicted, shown to be below the smallest effect that
        counts, and without an interval over the confirming seeds.
    n : int
        The number of cases.
    ran : bool
        Whether any case has a confirming seed.
    """

    verdict: str
    named: tuple
    against: tuple
    small: tuple
    undefined: tuple
    n: int
    ran: bool


def judge(cases, *, counterexample="", most=False):
    """Return what follows from cases, by the rule.

    An interval below is the one over the confirming seeds, and the smallest effect is that of its
    case. With five seeds and this half-width an interval that leaves out zero has all five values
    on one side of it: a value is at most 4 / sqrt(5) = 1.79 standard deviations from the mean of
    five, the half-width is 1.86.

    - *false as printed*: an exact counterexample stands against the statement.
    - *reproduced*: every interval lies above the smallest effect. With `most`: the cases that the
      next rule names are more than half.
    - *in k of n cases*: k of the intervals do, corrected for the n that were tried (Holm), and the
      exploring seeds have shown the same cases by their intervals.
    - *contradicted*: none is named, and some interval lies below minus the smallest effect, again
      after Holm. With `most`: so many that no majority is left.
    - *not reproduced*: none is named, and some interval lies below the smallest effect, in the
      same way: what is there is too small to count.
    - *undecided*: all else, in particular where the confirming seeds were not run.

    A claim that is asked under two scalings of the features has a seventh verdict, *depends on the
    scaling (not stated)*: see `settle`.

    Parameters
    ----------
    cases : list of Case
    counterexample : str
    most : bool
        Whether the claim is about most cases instead of all.

    Examples
    --------
    >>> from rrlib.audit.evidence import Case
    >>> values = {seed: 0.5 + 0.01 * seed for seed in range(10)}
    >>> rule.judge([Case("German Credit", values, 0.1)]).verdict
    'reproduced'
    """
    effects = [case.confirmed for case in cases]
    smallest = np.array([case.smallest for case in cases])
    mean, low, high = np.array([one[1:] for one in effects]).reshape(-1, 3).T
    above = shown_by_holm(mean - smallest, mean - low)
    below = shown_by_holm(-mean - smallest, high - mean)
    small = shown_by_holm(smallest - mean, high - mean)
    explored = np.array([in_favour(case.explored, case.smallest) for case in cases], bool)
    whole = low > smallest + ROUNDING
    named = whole if len(cases) and whole.all() else above & explored
    n = len(cases)
    room = max(n - 1, 0) // 2 if most else 0
    if counterexample:
        verdict = "false as printed"
    elif n and named.sum() >= n - room:
        verdict = "reproduced"
    elif named.any():
        verdict = f"in {named.sum()} of {n} cases"
    elif below.sum() > room:
        verdict = "contradicted"
    elif small.sum() > room:
        verdict = "not reproduced"
    else:
        verdict = "undecided"
    unknown = np.isnan(low) | np.isnan(smallest)
    groups = [_names(cases, chosen) for chosen in (named, below, small & ~below, unknown)]
    ran = any(seed in case.values for case in cases for seed in case.confirming)
    return Judgement(verdict, *groups, n, ran)


def settle(judgements):
    """Return the verdict on a claim from its judgements, one for each scaling of the features.

    The same verdict on the same cases is the claim's. Otherwise it *depends on the scaling (not
    stated)*; that is said only where the confirming seeds were run under each.

    Examples
    --------
    >>> from rrlib.audit.evidence import Case
    >>> values = {seed: 0.5 + 0.01 * seed for seed in range(10)}
    >>> same = rule.judge([Case("German Credit", values, 0.1)])
    >>> rule.settle([same, same])
    'reproduced'
    """
    if len({(one.verdict, frozenset(one.named)) for one in judgements}) == 1:
        return judgements[0].verdict
    if not all(one.ran for one in judgements):
        return "undecided"
    return "depends on the scaling (not stated)"


def holm(p):
    """Return which of some hypotheses Holm's procedure rejects at `LEVEL`, from their p-values.

    Examples
    --------
    >>> rule.holm(np.array([0.001, 0.04, 0.03])).tolist()
    [True, False, False]
    """
    order = np.argsort(p)
    allowed = LEVEL / np.arange(np.shape(p)[-1], 0, -1)
    passed = np.take_along_axis(np.asarray(p), order, -1) <= allowed
    rejected = np.empty(np.shape(p), bool)
    np.put_along_axis(rejected, order, np.logical_and.accumulate(passed, -1), -1)
    return rejected


def shown_by_holm(distance, half):
    """Return which distances are above zero after Holm, shape (..., n).

    They are means over the confirming seeds, and `half` has the half-widths of their intervals.
    """
    freedom = len(CONFIRMING) - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (distance - ROUNDING) / half
    return holm(np.nan_to_num(t.sf(t.ppf(1 - LEVEL, freedom) * ratio, freedom), nan=1.0))


def _names(cases, chosen):
    """Return the names of those cases that are chosen."""
    return tuple(case.name for case, one in zip(cases, chosen) if one)

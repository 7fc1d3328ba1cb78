"""The rule: intervals, Holm, the seven verdicts and what they are about, on cases made by hand."""

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from rrlib.audit import rule, smallest
from rrlib.audit.evidence import (
    CONFIRMING,
    EXPLORING,
    Case,
    against,
    effect,
    in_favour,
)
from rrlib.study.splits import LEVEL, TEST_PER_TRAIN, half_width, split_interval

STEPS = np.linspace(-1, 1, 5)


def case(mean, spread=0.01, least=1.0, *, explored=None, name=None):
    """A case whose five confirming values are even steps around a mean, the exploring ones too.

    `explored` is another mean for these.
    """
    first = mean if explored is None else explored
    values = [*(first + spread * STEPS), *(mean + spread * STEPS)]
    return Case(name or f"{mean:g}", dict(enumerate(values)), least)


UP, ZERO, DOWN = case(2.0), case(0.0), case(-2.0)
WIDE = case(2.0, 9.0, name="wide")
NOTHING = Case("nothing", dict.fromkeys(range(10), nan), 1.0)
EXPLORED = Case("explored", dict.fromkeys(EXPLORING, 2.0), 1.0)


@pytest.mark.parametrize(
    "cases, every, most",
    [
        ([UP], "reproduced", "reproduced"),
        ([UP, UP, DOWN], "in 2 of 3 cases", "reproduced"),
        ([UP, DOWN], "in 1 of 2 cases", "in 1 of 2 cases"),
        ([UP, DOWN, DOWN], "in 1 of 3 cases", "in 1 of 3 cases"),
        ([UP, UP, NOTHING], "in 2 of 3 cases", "reproduced"),
        ([UP, WIDE], "in 1 of 2 cases", "in 1 of 2 cases"),
        ([DOWN], "contradicted", "contradicted"),
        ([DOWN, ZERO], "contradicted", "contradicted"),
        ([DOWN, WIDE, WIDE], "contradicted", "undecided"),
        ([DOWN, DOWN, WIDE], "contradicted", "contradicted"),
        ([DOWN, ZERO, WIDE], "contradicted", "not reproduced"),
        ([ZERO], "not reproduced", "not reproduced"),
        ([ZERO, WIDE, NOTHING], "not reproduced", "undecided"),
        ([ZERO, ZERO, NOTHING], "not reproduced", "not reproduced"),
        ([WIDE], "undecided", "undecided"),
        ([NOTHING], "undecided", "undecided"),
        ([EXPLORED], "undecided", "undecided"),
        ([], "undecided", "undecided"),
    ],
)
def test_verdicts(cases, every, most):
    assert rule.judge(cases).verdict == every
    assert rule.judge(cases, most=True).verdict == most
    refuted = rule.judge(cases, most=True, counterexample="1 > 0")
    assert refuted.verdict == "false as printed"
    assert refuted.ran == (cases not in ([], [EXPLORED]))


def test_cases_are_told_apart():
    cases = [UP, DOWN, ZERO, WIDE, NOTHING, EXPLORED]
    found = rule.judge(cases)
    assert found.named == ("2",) and found.against == ("-2",) and found.small == ("0",)
    assert found.undefined == ("nothing", "explored") and found.n == 6


def test_the_smallest_effect_decides():
    for least, expected in ((0.5, "reproduced"), (1.5, "not reproduced")):
        assert rule.judge([case(1.0, least=least)]).verdict == expected
        mirrored = "contradicted" if least < 1 else "not reproduced"
        assert rule.judge([case(-1.0, least=least)]).verdict == mirrored
    edge = Case("edge", dict.fromkeys(range(10), 1.0 + 0.5e-9), 1.0)
    assert rule.judge([edge]).verdict == "undecided", "rounding confirms nothing"
    unknown = rule.judge([case(1.0, least=nan)])
    assert unknown.verdict == "undecided" and unknown.undefined == ("1",)


def test_a_subset_is_named_by_the_exploring_seeds_and_confirmed_by_the_others():
    seen = case(2.0, name="seen")
    unseen = case(2.0, explored=0.0, name="unseen")
    found = rule.judge([seen, unseen, ZERO])
    assert found.verdict == "in 1 of 3 cases" and found.named == ("seen",)
    faded = case(0.0, explored=2.0, name="faded")
    assert rule.judge([faded]).verdict == "not reproduced", "what was only explored is not named"
    assert rule.judge([unseen]).verdict == "reproduced", "all cases are the claim, not a choice"


def test_all_confirming_seeds_are_needed_and_no_other():
    values = dict.fromkeys(CONFIRMING, 2.0)
    assert rule.judge([Case("all", values, 1.0)]).verdict == "reproduced"
    others = values | dict.fromkeys(range(10, 15), -9.0)
    assert rule.judge([Case("more", others, 1.0)]).verdict == "reproduced"
    values.pop(7)
    found = rule.judge([Case("four", values, 1.0)])
    assert found.verdict == "undecided" and found.undefined == ("four",) and found.ran


def test_a_subset_pays_for_the_number_of_cases():
    """The spread at which one interval just lies above 1; beside others that is not enough."""
    factor = half_width(STEPS)
    close = case(2.0, 0.99 / factor, name="close")
    assert in_favour(close.confirmed, 1.0)
    assert rule.judge([close]).verdict == "reproduced"
    assert rule.judge([close] * 5).verdict == "reproduced", "all must hold, each at its level"
    assert rule.judge([close, WIDE]).verdict == "undecided"


def test_holm_by_hand():
    """The levels are .025 / 3, .025 / 2 and .025, from the smallest p on, until one is above."""
    assert rule.holm(np.array([0.02, 0.008, 0.012])).tolist() == [True, True, True]
    assert rule.holm(np.array([0.02, 0.008, 0.013])).tolist() == [False, True, False]
    assert rule.holm(np.array([0.009, 0.009, 0.009])).tolist() == [False] * 3
    batch = rule.holm(np.array([[0.02, 0.001], [0.03, 0.013]]))
    assert batch.tolist() == [[True, True], [False, False]]


def test_one_case_after_holm_is_its_interval():
    for mean in (0.9, 1.1):
        above = rule.shown_by_holm(np.array([mean]), np.array([1.0]))
        assert above.tolist() == [mean > 1]
    assert rule.shown_by_holm(np.array([1.0, 0.0, nan]), np.zeros(3)).tolist() == [
        True,
        False,
        False,
    ]


def test_two_cases_after_holm_need_a_quarter_more():
    """Of two, the larger effect is asked at .0125: t with four degrees is 3.495, not 2.776."""
    for ratio, expected in ((1.25, False), (1.27, True)):
        above = rule.shown_by_holm(np.array([ratio, -1.0]), np.ones(2))
        assert above.tolist() == [expected, False]
    assert not rule.shown_by_holm(np.array([0.9e-9]), np.zeros(1)).any(), "what rounding leaves"


def test_the_half_width_by_hand():
    """1 to 5: standard deviation sqrt(2.5), t = 2.776, sqrt(1/5 + 1/4)."""
    found = effect("case", [1, 2, 3, 4, 5])
    half = 2.7764451052 * np.sqrt(2.5) * np.sqrt(0.45)
    assert found == ("case", 3, pytest.approx(3 - half), pytest.approx(3 + half))
    usual = t.ppf(1 - LEVEL, 4) * np.sqrt(2.5 / 5)
    assert half / usual == pytest.approx(np.sqrt((1 / 5 + TEST_PER_TRAIN) / (1 / 5)))


def test_an_interval_over_splits_is_the_rules():
    values = np.random.default_rng(0).normal(size=(5, 3))
    found = split_interval(values)
    for k, column in enumerate(values.T):
        assert tuple(end[k] for end in found) == pytest.approx(effect("", column)[1:])
    for wrong in ([1.0], [1.0, nan]):
        with pytest.raises(ValueError, match="splits|missing"):
            split_interval(wrong)


def test_two_splits_make_an_interval():
    """2 and 4: standard deviation sqrt(2), t = 12.706 of one degree of freedom, sqrt(1/2 + 1/4)."""
    found = split_interval([2.0, 4.0])
    half = 12.7062047362 * np.sqrt(2) * np.sqrt(0.75)
    assert found == (3, pytest.approx(3 - half), pytest.approx(3 + half))


def test_an_interval_over_splits_is_in_double_precision():
    found = split_interval(np.float32([0.1, 0.2]))
    assert [end.dtype for end in found] == [np.float64] * 3


@given(st.lists(st.floats(-10, 10, allow_subnormal=False), min_size=5, max_size=5))
def test_an_interval_without_zero_has_five_values_of_one_sign(values):
    found = effect("case", values)
    if in_favour(found):
        assert min(values) > 0
    if against(found):
        assert max(values) < 0


def test_scalings_are_settled():
    up, down, wide = (rule.judge([one]) for one in (UP, DOWN, WIDE))
    some = rule.judge([case(2.0, name="a"), case(2.0, name="b"), ZERO])
    other = rule.judge([ZERO, case(2.0, name="b"), case(2.0, name="c")])
    fewer = rule.judge([ZERO, ZERO, case(2.0, name="b")])
    not_run = rule.judge([EXPLORED])
    depends = "depends on the scaling (not stated)"
    assert rule.settle([up]) == rule.settle([up, up]) == "reproduced"
    assert rule.settle([up, down]) == rule.settle([up, wide]) == depends
    assert rule.settle([some]) == rule.settle([some, some]) == "in 2 of 3 cases"
    assert rule.settle([some, other]) == depends, "as many cases, and not the same"
    assert rule.settle([some, fewer]) == depends and rule.settle([some, up]) == depends
    assert rule.settle([up, not_run]) == rule.settle([not_run, not_run]) == "undecided"


def test_the_smallest_effects():
    cost, validity, share = smallest.COST, smallest.VALIDITY, smallest.SHARE
    assert (cost, validity, share) == (0.1, 0.05, 0.01)
    others = smallest.ROUGHNESS, smallest.BATCHES, smallest.NOTHING, smallest.GRID_LENGTH
    assert others == (0.03, 0.5, 0.0, 3)


def test_two_seeds_explore_and_one_does_not():
    two = Case("two", {0: 1.0, 3: 3.0}, 1.0)
    assert two.explored.mean == 2 and isnan(two.confirmed.mean)
    assert isnan(Case("one", {0: 1.0}, 1.0).explored.mean)

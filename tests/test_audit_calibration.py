"""The calibration of the rule: nothing is found in noise, what is planted is found."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from rrlib import study
from rrlib.audit import calibration
from rrlib.audit.accuracy import PAPERS_OWN
from rrlib.audit.evidence import Case, Evidence
from rrlib.audit.validity import fall_to_median
from rrlib.models.family import EPS_GRID
from rrlib.study.splits import half_width

EPS = np.array(EPS_GRID)


def summary(curve, kinds=calibration.KINDS, seeds=range(5)):
    """A summary with the gap curve(rng) and a validity of 1 less a tenth of it."""
    parts = []
    index = pd.MultiIndex.from_product([kinds, ["adult", "german"], study.METHODS, seeds])
    for k, (kind, dataset, method, seed) in enumerate(index):
        gap = curve(np.random.default_rng(k))
        part = pd.DataFrame({"eps": EPS, "cost_gap": gap, "validity": 1 - gap / 10})
        part = part.assign(kind=kind, dataset=dataset, method=method, seed=seed, reading="flip")
        part = part.assign(n=100, n_common=100, cost=1, cost_common=1 + gap, displacement=gap)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def test_order_that_means_nothing_decides_next_to_nothing():
    table = summary(lambda rng: 20 * EPS + rng.normal(size=len(EPS)))
    found = calibration.false_cases(Evidence([], {"summary": table}, {"summary": table}), draws=500)
    assert list(found["cases"]) == [6, 6, 6, 6, 6, 12] * 2
    claims = ("C1", "C2", "V1", "V2", "V4", "V5")
    settings = [(claim, name) for name in ("standardised", "min-max") for claim in claims]
    assert list(found.index) == settings
    assert (found["false cases"] <= calibration.FALSE).all()
    assert (found["any named"] <= calibration.FALSE).all()
    assert (found["worst case"] >= found["false cases"]).all()
    again = calibration.false_cases(Evidence([], {"summary": table}), draws=500)
    pd.testing.assert_frame_equal(again, found.iloc[:6])


def test_a_rule_that_is_too_eager_would_be_seen(monkeypatch):
    """Without its half-width everything beyond the smallest effect is decided."""
    table = summary(lambda rng: 20 * EPS + rng.normal(size=len(EPS)))
    monkeypatch.setattr(calibration, "half_width", lambda values: np.zeros(values.shape[:-1]))
    found = calibration.false_cases(Evidence([], {"summary": table}), draws=100)
    assert (found["false cases"] > 10 * calibration.FALSE).all()


def test_one_radius_alone_is_no_fall_from_the_standard_model(monkeypatch):
    """A validity of 0 at one radius of eight: at random order 7 of 8 curves start with a 1.

    In every other world or so all five do, and the mean over the others is then less by 1/7 in all
    five; the median is not.
    """
    table = summary(lambda rng: 10.0 * (EPS == 0.3))
    found = calibration.false_cases(Evidence([], {"summary": table}), draws=500)
    for claim in ("V4", "V5"):
        assert found.loc[(claim, "standardised"), "false cases"] <= calibration.FALSE

    def fall_to_mean(eps, values):
        return values[..., 0] - values[..., 1:].mean(-1)

    eager = calibration.ABOUT_EPS["V5"]._replace(measure=fall_to_mean)
    assert calibration.ABOUT_EPS["V5"].measure is fall_to_median
    monkeypatch.setattr(calibration, "ABOUT_EPS", {"V5": eager})
    found = calibration.false_cases(Evidence([], {"summary": table}), draws=500)
    assert found.loc[("V5", "standardised"), "false cases"] == pytest.approx((7 / 8) ** 5, abs=0.05)


def test_the_claims_of_other_tables_are_asked_too():
    """C5 of few samples without SCFE, R1 of the attack that counts, both for five seeds alone."""
    table = summary(lambda rng: 20 * EPS + rng.normal(size=len(EPS)))
    attacked = table[table["method"] == "scfe"].drop(columns="method")
    attacks = [
        attacked.assign(attack=name, accuracy=attacked["validity"] * factor)
        for name, factor in ((PAPERS_OWN, 1), ("another", np.nan))
    ]
    usual = {"summary": table, "attacked": pd.concat(attacks)}
    found = calibration.false_cases(Evidence([], usual, {}, {"summary": table}), draws=500)
    assert list(found.index.get_level_values(0)) == list(calibration.ABOUT_EPS)
    cases = found["cases"].droplevel(1)
    assert cases["C5"] == 8 and cases["R1"] == 4
    assert (found["false cases"] <= calibration.FALSE).all()
    three = {"summary": table[table["seed"] < 3]}
    found = calibration.false_cases(Evidence([], {}, {}, {}, three), draws=10)
    assert found.empty, "the rule is one for five seeds"


def largest(eps, values):
    """A measure that does not depend on the order."""
    return values.max(-1) if len(eps) else np.nan


@pytest.mark.parametrize("network, logistic, lesser", [(0.6, 0.1, 0.5), (0.6, -0.3, 0.6)])
def test_two_kinds_are_compared_by_the_lesser(network, logistic, lesser):
    """Five seeds of each of the cases that have both kinds."""
    table = summary(lambda rng: 20 * EPS)
    table["validity"] = table["kind"].map({"network": network, "logistic": logistic})
    table.loc[(table["dataset"] == "german") & (table["kind"] == "logistic"), "validity"] = np.nan
    asked = calibration.ABOUT_EPS["V4"]._replace(measure=largest)
    permuted = calibration._permuted(table, asked, 3, np.random.default_rng(0))
    assert len(permuted) == 3, "both kinds are needed"
    for values, least in permuted:
        assert least == 0.05
        assert values.shape == (3, 5) and values == pytest.approx(lesser)


def test_curves_that_cannot_be_asked_are_left_out():
    table = summary(lambda rng: rng.normal(size=len(EPS)))
    table.loc[(table["eps"] > 0.02) & (table["method"] == "scfe"), "n_common"] = 5
    found = calibration.false_cases(Evidence([], {"summary": table}), draws=10)
    assert found.loc[("C1", "standardised"), "cases"] == 4, "two points have no slope"
    assert found.loc[("V1", "standardised"), "cases"] == 6


def test_what_is_decided_by_hand():
    """Two draws of two cases without spread, of which 3 and -3 are beyond 2, and 2 is not."""
    values = np.array([[3.0, 0.0], [-3.0, 2.0]])[..., None] + np.zeros(5)
    found = calibration._wrong(values, np.array([2.0, 2.0]))
    expected = {"cases": 2, "false cases": 0.5, "worst case": 1.0, "any named": 0.5}
    assert found == expected


def test_the_smallest_effects_of_what_is_permuted():
    least = {claim: asked.smallest for claim, asked in calibration.ABOUT_EPS.items()}
    costs, falls = dict.fromkeys(("C1", "C2", "C5")), dict.fromkeys(("V1", "V2"), 0.05 / 3)
    assert least == costs | falls | {"V4": 0.05, "V5": 0.05, "R1": 0.01 / 3}
    assert (calibration.DRAWS, calibration.FALSE, calibration.RIGHT) == (2000, 0.05, 0.8)


def case(spread, least=1.0):
    """A case with a standard deviation between its exploring seeds."""
    values = spread * np.array([-1, -1, 0, 1, 1])
    return Case(f"{spread}", dict(enumerate(values)), least)


def test_what_is_planted_is_found_where_seeds_agree():
    found = calibration.planted([case(0.01), case(0.1)])
    assert found["cases"] == 2 and found["found"] == 1 and 1 < found["needed"] < 2
    found = calibration.planted([case(0.01), case(3.0)])
    assert found["found"] < 0.1 and found["needed"] > 2, "one noisy case is enough"
    most = calibration.planted([case(0.01), case(0.01), case(3.0)], most=True)
    assert most["found"] == 1 and np.isnan(most["needed"]), "the other two are most"
    assert most["cases"] == 3
    most = calibration.planted([case(0.01), case(3.0), case(3.0)], most=True)
    assert most["found"] < 0.1
    half = calibration.planted([case(0.01), case(3.0)], most=True)
    assert half["found"] < 0.1, "one of two is not most"


@pytest.mark.parametrize(
    "explored, confirmed, expected",
    [
        ((0, 0.9), (0, 0.9), 1.0),
        ((0, 1.1), (0, 0.9), 0.0),
        ((0, 0.9), (0, 1.1), 0.0),
        ((-0.5, 0.7), (0, 0.7), 0.0),
        ((0, 0.7), (-0.5, 0.7), 0.0),
        ((0.5, 1.1), (0.5, 1.1), 1.0),
        ((0.2, 1.4), (0, 0.9), 0.0),
    ],
)
def test_most_are_named_by_both_halves_of_the_seeds(monkeypatch, explored, confirmed, expected):
    """The mean of the noise of one case, and the half-width, in units of the smallest effect."""
    steps = np.linspace(-1, 1, 5) / half_width(np.linspace(-1, 1, 5))
    noise = iter([mean + half * steps for mean, half in (explored, confirmed)])
    monkeypatch.setattr(calibration, "_noise", lambda *given: next(noise)[None, None])
    assert calibration.planted([case(1.0)], most=True)["found"] == expected


@pytest.mark.parametrize("mean, half, needed", [(0.5, 0.7, 1.2), (-0.5, 0.7, 2.2)])
def test_needed_is_one_less_the_noise_and_its_half_width(monkeypatch, mean, half, needed):
    """An interval around k + mean, in units of the smallest effect, lies above 1 for k > needed."""
    steps = np.linspace(-1, 1, 5) / half_width(np.linspace(-1, 1, 5))
    noise = (mean + half * steps)[None, None]
    monkeypatch.setattr(calibration, "_noise", lambda *given: noise)
    expected = {"cases": 1, "found": float(needed < 2), "needed": pytest.approx(needed)}
    assert calibration.planted([case(1.0)]) == expected


def test_the_noise_is_that_between_the_exploring_seeds(monkeypatch):
    """Standard deviations of 1 and 3 between them, in units of smallest effects of 1 and 2."""
    asked = []

    def noise(spread, draws, rng):
        asked.append((spread.tolist(), draws))
        return np.zeros((draws, len(spread), 5))

    monkeypatch.setattr(calibration, "_noise", noise)
    later = {5: 100.0, 6: -100.0}
    cases = [one._replace(values=one.values | later) for one in (case(1.0), case(3.0, least=2.0))]
    found = calibration.planted(cases, draws=7)
    assert asked == [([1.0, 1.5], 7)] * 2
    assert found == {"cases": 2, "found": 1.0, "needed": 1.0}


def test_noise_that_splits_share_outlasts_any_number_of_seeds():
    """A spread of twice the smallest effect leaves noise of one, as each split tests a fifth."""
    assert calibration.found_at_most([case(2.0)]) == pytest.approx(norm.cdf(1 - 1.959964))
    both = calibration.found_at_most([case(2.0), case(1.0), case(0.0)])
    assert both == pytest.approx(norm.cdf(1 - 1.959964) * norm.cdf(2 - 1.959964))
    assert np.isnan(calibration.found_at_most([case(1.0, least=0.0)]))


def test_five_seeds_find_no_more_than_any_number():
    for spread in (0.1, 0.5, 2.0):
        cases = [case(spread)]
        assert calibration.planted(cases)["found"] <= calibration.found_at_most(cases) + 0.03


def test_needed_is_where_four_in_five_are_found():
    """Twice the smallest effect, found in a share p, is needed for a share p."""
    for spread in (0.3, 0.6):
        found = calibration.planted([case(spread)])
        scaled = calibration.planted([case(spread, least=found["needed"] - 1)])
        assert scaled["found"] == pytest.approx(calibration.RIGHT, abs=0.001)


def test_the_noise_is_as_correlated_as_the_half_width_says():
    """Of a mean of five the variance is 1/5 of the seeds' and 1/4 for the rows that they share."""
    noise = calibration._noise(np.array([2.0]), 20_000, np.random.default_rng(0))
    assert noise.mean(-1).var() == pytest.approx(4 * (1 / 5 + 1 / 4), rel=0.05)
    assert noise.var(-1, ddof=1).mean() == pytest.approx(4, rel=0.05)
    inside = np.abs(noise.mean(-1)) < half_width(noise)
    assert inside.mean() == pytest.approx(0.95, abs=0.01)


def test_tolerances_and_the_unknown_are_left_out():
    unknown = Case("unknown", {0: 1.0, 1: np.nan}, 1.0)
    nothing = calibration.planted([case(1.0, least=0.0), unknown])
    assert nothing["cases"] == 0 and np.isnan(nothing["found"])
    assert calibration.planted([])["cases"] == 0
    with_one = calibration.planted([case(0.01), case(9.0, least=0.0), unknown])
    assert with_one["cases"] == 1 and with_one["found"] == 1

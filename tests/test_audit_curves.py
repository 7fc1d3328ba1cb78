"""The claims on cost and validity, and the trade-off, on tables and slices made by hand."""

import numpy as np
import pandas as pd
import pytest
import torch

from rrlib import study
from rrlib.audit import cost, experiments, validity
from rrlib.audit.evidence import Evidence
from rrlib.models.family import EPS_GRID, LogisticRegression
from rrlib.recourse import Recourse
from rrlib.study import results, variations
from rrlib.study.metrics import READINGS

EPS = np.array(EPS_GRID)
RATES = {
    ("flip", "cost_gap"): 1,
    ("denied", "cost_gap"): 2,
    ("flip", "cost"): 3,
    ("printed", "cost"): 4,
    ("flip", "displacement"): 5,
    ("denied", "displacement"): 6,
    ("flip", "validity"): -0.1,
    ("denied", "validity"): -0.2,
    ("printed", "validity"): -0.3,
}
"""Growth per unit of eps, of networks; of logistic regression it is twice as large."""


def straight(rates=RATES, *, kinds=study.KINDS, datasets=("adult",), methods=("scfe",), seeds=2):
    """A table of straight lines; each seed's is steeper by 1 (by 0.1 for a validity) than the last.

    So the mean slope of two seeds is 0.5 more than the rate.
    """
    parts = []
    index = pd.MultiIndex.from_product([kinds, datasets, methods, range(seeds), READINGS])
    for kind, dataset, method, seed, reading in index:
        part = pd.DataFrame({"eps": EPS, "n": 100, "n_common": 100, "one_class": False})
        for column in ("cost_gap", "cost", "cost_common", "displacement", "validity"):
            factor = 2 if kind == "logistic" else 1
            extra = -0.1 * seed if column == "validity" else seed
            rate = factor * rates.get((reading, column), 90) + extra
            part[column] = (1 if column == "validity" else 0) + rate * EPS
        part = part.assign(kind=kind, dataset=dataset, method=method, seed=seed, reading=reading)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def means(findings):
    """The mean of each finding's only effect, by reading."""
    return {one.reading: one.effects[0].mean for one in findings}


def about(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("kind, factor", [("network", 1), ("logistic", 2)])
def test_each_reading_of_cost_has_its_own_column(kind, factor):
    table = straight()
    late = (table["eps"] > 0.2) & (table["reading"] == "flip")
    table.loc[late, "one_class"] = True
    slopes = {
        "flip, cost gap": 1,
        "denied, cost gap": 2,
        "flip, cost gap, before the collapse": 1,
        "flip, own valid rows": 3,
        "printed, cost": 4,
        "flip, displacement": 5,
        "denied, displacement": 6,
    }
    expected = {name: (factor * rate + 0.5) / 10 for name, rate in slopes.items()}
    found = cost.cost_grows(Evidence([], {"summary": table}), kind)
    assert means(found) == about(expected)
    assert {one.measure for one in found} == {cost.COSTS}
    both = cost.cost_grows(
        Evidence([], {"summary": table}, {"summary": table.assign(cost_gap=7 * table["eps"])}), kind
    )
    boxed = {one.reading: one for one in both[len(found) :]}
    settings = {one.reading: one.setting for one in both if one.setting}
    assert settings == {
        "flip, cost gap": "standardised",
        "min-max scaling, flip, cost gap": "min-max",
    }
    assert list(boxed) == ["min-max scaling, flip, cost gap", "min-max scaling, denied, cost gap"]
    assert means(boxed.values()) == about(dict.fromkeys(boxed, 0.7))
    assert {one.measure for one in boxed.values()} == {"slope against eps, scaled l2 cost per 0.1"}


def test_before_the_collapse_is_without_the_constant_models():
    table = straight()
    late = table["eps"] > 0.2
    table.loc[late, "one_class"] = True
    table.loc[late, ["cost_gap", "validity"]] = 50.0
    found = means(cost.cost_grows(Evidence([], {"summary": table}), "network"))
    assert found["flip, cost gap, before the collapse"] == about(0.15)
    assert found["flip, cost gap"] > 1
    found = means(validity.validity_falls(Evidence([], {"summary": table}), "network"))
    assert found["flip, before the collapse"] == about(0.015)
    assert found["flip"] < -1


def zigzag(height):
    """A curve on the grid that leaves its chords by at most `height`."""
    return height * (np.arange(len(EPS)) % 2)


def rough_table(heights):
    """Curves (method, seed) -> a rough or a smooth line, for both kinds and readings."""
    table = straight({}, datasets=("german", "adult"), methods=("scfe", "cchvae"))
    for (method, seed), height in heights.items():
        own = (table["method"] == method) & (table["seed"] == seed)
        curve = EPS + zigzag(height)
        table.loc[own, "cost_gap"] = np.tile(curve, own.sum() // len(EPS))
    return table


def test_excess_roughness_is_the_others_less_scfes():
    heights = {("scfe", 0): 0.1, ("scfe", 1): 0.1, ("cchvae", 0): 0.2, ("cchvae", 1): 0.3}
    table = rough_table(heights)
    rough = []
    for height in (0.1, 0.2, 0.3):
        values = EPS + zigzag(height)
        share = np.diff(EPS)[:-1] / (EPS[2:] - EPS[:-2])
        away = values[1:-1] - (1 - share) * values[:-2] - share * values[2:]
        rough.append(np.abs(away).mean() / np.ptp(values))
    excess = (rough[1] + rough[2]) / 2 - rough[0]
    found = cost.smoother(Evidence([], {"summary": table}))
    assert [one.setting for one in found] == ["standardised", ""] * 2
    readings = [one.reading for one in found]
    assert readings == [
        "networks, flip, cost gap",
        "networks, denied, cost gap",
        "logistic regression, flip, cost gap",
        "logistic regression, denied, cost gap",
    ]
    for one in found:
        assert [effect.case for effect in one.effects] == [
            "German Credit, C-CHVAE",
            "Adult, C-CHVAE",
        ]
        assert [effect.mean for effect in one.effects] == [about(excess), about(excess)]
    lacking = (table["eps"] == 0.1) & (table["seed"] == 1) & (table["method"] == "scfe")
    lacking &= table["kind"] == "network"
    table.loc[lacking & (table["reading"] == "flip"), "n_common"] = 9
    with_gap, without = cost.smoother(Evidence([], {"summary": table}))[:2]
    assert without.effects[0].mean == about(excess), "another reading, another curve"
    mean = with_gap.effects[0].mean
    assert np.isfinite(mean) and mean != without.effects[0].mean, "one radius fewer for all curves"


def test_chance_in_one_search_by_hand():
    """A curve from 0 to 2 with a zigzag of 0.3, and the same but for 0, 1, 0, 1, ... .

    On an even grid each inner point of the change leaves its chord by 1; in one search that is
    1 / sqrt(2), of a range of 2.3.
    """
    grid = np.arange(len(EPS), dtype=float)
    curve = 2 * grid / grid[-1] + zigzag(0.3)
    one = straight({}, kinds=("network",), datasets=("german", "adult"), methods=("cchvae",))
    copies = len(one) // len(EPS)
    one = one.assign(eps=np.tile(grid, copies), cost_gap=np.tile(curve, copies))
    other = one.assign(cost_gap=np.tile(curve - zigzag(1.0), copies))
    found = cost.roughness_by_chance(one, other)
    for name, expected in (("roughness", 0.3 / 2.3), ("by chance", 1 / np.sqrt(2) / 2.3)):
        cases = {effect.case: effect.mean for effect in found[name]}
        names = ["networks, German Credit, C-CHVAE", "networks, Adult, C-CHVAE"]
        assert list(cases) == names and cases == about(dict.fromkeys(names, expected))
    few = (other["eps"] == grid[-1]) & (other["seed"] == 0)
    other.loc[few, "n_common"] = 9
    found = cost.roughness_by_chance(one, other)
    height = np.ptp(curve[:-1])  # without the last point, which one search does not know
    assert found["by chance"][0].mean == about(1 / np.sqrt(2) / height)
    assert found["roughness"][0].mean == about(0.3 / height)


STEEP = LogisticRegression(torch.ones(len(EPS), 1), torch.zeros(len(EPS)), torch.tensor(EPS))


def tables(usual, fewer):
    """The tables of a repetition with few samples, in which SCFE is the usual one."""
    both = [one._replace(recourse=one.recourse | few.recourse) for one, few in zip(usual, fewer)]
    return {
        "summary": study.table(both),
        "differences": results.all_differences(both),
        "batches": study.more_batches(usual, fewer, variations.BATCH),
    }


def slice_of(costs, seed, kind="network", *, n=10, evals=None, dataset="adult"):
    """A slice with n people alike, all denied; costs (E,) by method, and evaluations."""
    recourse = {}
    for method, each in costs.items():
        table = np.repeat(np.reshape(each, (-1, 1)), n, 1).astype(float)
        valid, used = np.ones(table.shape, bool), np.zeros(table.shape)
        if evals:
            used = used + evals[method]
        recourse[method] = Recourse(-3 * table[..., None], valid, table, used, np.zeros(()))
    X, logits = np.zeros((n, 1)), -np.ones((len(EPS), n))
    named = dataset, kind, seed, "twin", "standard", STEEP
    return study.Slice(*named, X, None, logits, np.ones(len(EPS)), recourse)


def all_methods(rates, seed, kind="network", **options):
    costs = {method: 1 + rate * EPS for method, rate in zip(study.METHODS, rates)}
    return slice_of(costs, seed, kind, **options)


def usual_tables(slices):
    """Evidence from slices alone."""
    apart = results.all_differences(slices)
    return Evidence(slices, {"summary": study.table(slices), "differences": apart})


def test_the_lead_of_scfe_in_every_reading():
    """SCFE's cost grows by 5 per unit of eps, the others' by 1 and 2 + seed: leads 3 and 2.

    For logistic regression they are 1 and 0. Displacements are three times as large. All standard
    recourses cost 1, so a lead of 0.1 counts.
    """
    slices = [all_methods((5, 1, 2 + seed), seed) for seed in (0, 1)]
    slices += [all_methods((3, 1, 2 + seed), seed, "logistic") for seed in (0, 1)]
    mean_eps = EPS[1:].mean()
    leads = {"networks": 2.5, "logistic regression": 0.5}
    expected = {}
    for kind, lead in leads.items():
        for column, factor in (("cost gap", 1), ("displacement", 3)):
            for reading in ("flip", "denied"):
                expected[f"{kind}, {reading}, {column}"] = factor * lead * mean_eps
    evidence = usual_tables(slices)
    found = cost.dearest(evidence)
    assert means(found) == about(expected) and list(means(found)) == list(expected)
    cases = {(one.cases[0].name, round(one.cases[0].smallest, 9)) for one in found}
    assert cases == {("Adult", 0.1)}
    assert all(one.measure.endswith("up to: Adult 0.3") for one in found)
    own = [one.reading for one in found if one.setting]
    assert own == ["networks, flip, cost gap", "logistic regression, flip, cost gap"]
    boxed = evidence._replace(boxed=evidence.usual)
    both = cost.dearest(boxed)
    assert [one.reading for one in both[len(found) :]] == [
        f"min-max scaling, {r}" for r in expected
    ]
    assert {one.setting for one in both[len(found) :]} == {"min-max", ""}
    apart, summary = evidence.usual["differences"], evidence.usual["summary"]
    further = apart.assign(scfe=apart["scfe"] + (apart["reading"] == "denied"))
    dearer = summary.assign(cost_common=summary["cost_common"] + 1)
    other = evidence._replace(usual={"differences": further, "summary": dearer})
    found = cost.dearest(other)
    assert means(found) == about({name: expected[name] + ("denied" in name) for name in expected})
    assert {round(one.cases[0].smallest, 9) for one in found} == {0.2}, "standard costs of 2"
    lacking = evidence.usual["differences"].drop(columns="cchvae")
    usual = evidence.usual | {"differences": lacking}
    assert cost.dearest(evidence._replace(usual=usual)) == [], "some method was not run"
    assert cost.dearest(evidence._replace(usual={})) == []


def test_the_lead_put_down_to_the_samples():
    """With few samples C-CHVAE grows by 4 and growing spheres by 0: leads 1 and 1, not 3 and 2.

    SCFE's growth is 5; of logistic regression it is 3: leads -1 and -1, not 1.5 and 0.5.
    Nothing is known at the last radius with few samples, so it counts for neither.
    """
    usual = [all_methods((5, 1, 2 + seed), seed, "network") for seed in (0, 1)]
    usual += [all_methods((3, 1, 1.5 + seed), seed, "logistic") for seed in (0, 1)]
    fewer = []
    for one in usual:
        costs = {"cchvae": 1 + 4 * EPS, "growing_spheres": 1 + 0 * EPS}
        few = slice_of(costs, one.seed, one.kind)
        few.recourse["cchvae"].valid[-1, 0] = False
        fewer.append(few)
    found = cost.dearest(usual_tables(usual)._replace(fewer=tables(usual, fewer)))[-2:]
    assert [one.reading.split(",")[0] for one in found] == ["networks", "logistic regression"]
    for one, change in zip(found, (np.mean([3 - 1, 2 - 1]), np.mean([1.5 + 1, 0.5 + 1]))):
        assert one.reading.endswith("flip, cost gap, put down to the sample size")
        (effect,) = one.effects
        assert effect.case == "Adult" and one.setting == ""
        assert effect.mean == about(change * EPS[1:-1].mean())
    networks = [one for one in usual if one.kind == "network"]
    evidence = usual_tables(networks)._replace(fewer=tables(usual, fewer))
    assert cost.dearest(evidence)[-1].cases == [], "no logistic regression to compare with"


def test_batches_of_samples_by_hand():
    """Few: 95 evaluations are 3 batches of 30. Usual: 650 are 2 of 300. One batch more.

    Of growing spheres 100 and 900 are 1 of 100 and 0 of 1000. Where one of the two failed the row
    does not count.
    """
    usual, fewer = [], []
    for kind in study.KINDS:
        for seed in (0, 1):
            costs = dict.fromkeys(("cchvae", "growing_spheres"), 1 + EPS)
            many = {"scfe": 1, "cchvae": 650, "growing_spheres": 900}
            few = {"cchvae": 95 + 30 * (kind == "logistic"), "growing_spheres": 100}
            usual.append(slice_of(costs | {"scfe": 1 + 9 * EPS}, seed, kind, evals=many))
            fewer.append(slice_of(costs, seed, kind, evals=few))
            for one, row in ((usual[-1], 0), (fewer[-1], 1)):
                found = one.recourse["cchvae"]
                found.valid[2, row] = False
                fewer[-1].recourse["cchvae"].n_evals[2, row] = 90_000
    found = cost.fewer_samples(Evidence(usual, fewer=tables(usual, fewer)))
    assert [one.reading for one in found] == [
        "networks, the trend, flip, cost gap",
        "networks, the trend, denied, cost gap",
        "networks, the iterations",
        "logistic regression, the trend, flip, cost gap",
        "logistic regression, the trend, denied, cost gap",
        "logistic regression, the iterations",
    ]
    for finding, extra in ((found[2], 0), (found[5], 1)):
        each = {effect.case: effect.mean for effect in finding.effects}
        assert each == {"Adult, C-CHVAE": 1 + extra, "Adult, growing spheres": 1}
    for trend in (found[0], found[1], found[3], found[4]):
        trends = {effect.case: effect.mean for effect in trend.effects}
        expected = {"Adult, C-CHVAE": about(0.1), "Adult, growing spheres": about(0.1)}
        assert trends == expected, "SCFE draws no samples"
    own = [bool(one.setting) for one in found]
    assert own == [True, False, True] * 2, "the denied do not count"
    boxed = cost.fewer_samples(Evidence(usual, boxed_fewer=tables(usual, fewer)))
    assert [one.reading for one in boxed] == [f"min-max scaling, {one.reading}" for one in found]
    assert {one.setting for one in boxed} == {"min-max", ""}
    assert cost.fewer_samples(Evidence(usual)) == []
    for one in fewer:
        one.recourse["cchvae"].valid[:] = False
    unknown = cost.fewer_samples(Evidence(usual, fewer=tables(usual, fewer)))[2].effects[0]
    assert np.isnan(unknown.mean), "no row, no number"


@pytest.mark.parametrize("kind, factor", [("network", 1), ("logistic", 2)])
def test_falls_of_validity_by_hand(kind, factor):
    table = straight()
    boxed = table.assign(validity=1 - 0.7 * table["eps"])
    found = validity.validity_falls(Evidence([], {"summary": table}, {"summary": boxed}), kind)
    own = {
        reading: (factor * rate + 0.05) / 10
        for reading, rate in zip(READINGS, (0.1, 0.2, 0.3), strict=True)
    }
    expected = own | {"flip, before the collapse": own["flip"]}
    expected |= {f"min-max scaling, {reading}": 0.07 for reading in READINGS}
    assert means(found) == about(expected) and list(means(found)) == list(expected)


def flat(shares, *, kinds=("network",)):
    """A table of validities (dataset, method) -> one share beyond eps = 0.2, and 1 up to there."""
    parts = []
    for (dataset, method), share in shares.items():
        part = straight(kinds=kinds, datasets=[dataset], methods=[method])
        part["validity"] = np.where(part["eps"] > 0.2, share, 1.0)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def test_zero_means_less_than_a_hundredth_beyond_a_fifth():
    """0.002 and 0.004, less 0.01: 0.008 and 0.006 are in favour, on average 0.007."""
    table = flat({("adult", "scfe"): 0.002, ("german", "scfe"): 0.004})
    each, average = validity.validity_vanishes(Evidence([], {"summary": table}))[:2]
    assert (each.reading, average.reading) == ("flip, each case", "flip, on average")
    cases = {effect.case: effect.mean for effect in each.effects}
    expected = {"networks, Adult, SCFE": 0.008, "networks, German Credit, SCFE": 0.006}
    assert cases == about(expected)
    (effect,) = average.effects
    assert (effect.case, effect.mean) == ("networks, Adult, German Credit", about(0.007))
    assert each.measure == "0.01 less the validity at eps > 0.2"
    readings = [
        one.reading
        for one in validity.validity_vanishes(Evidence([], {"summary": table}, {"summary": table}))
    ]
    kinds = [f"{prefix}{name}" for prefix in ("", "min-max scaling, ") for name in READINGS]
    ends = ("each case", "on average")
    assert readings == [f"{name}, {end}" for name in kinds for end in ends]


def test_a_dataset_that_lacks_a_value_is_left_out_of_the_average():
    table = flat({("adult", "scfe"): 0.002, ("german", "scfe"): 0.5}, kinds=cost.KINDS)
    few = (table["dataset"] == "german") & (table["kind"] == "network") & (table["eps"] == 0.3)
    table.loc[few & (table["seed"] == 1), "n"] = 9
    each, average = validity.validity_vanishes(Evidence([], {"summary": table}))[:2]
    found = {effect.case: effect.mean for effect in average.effects}
    both = 0.01 - (0.002 + 0.5) / 2
    expected = {"networks, Adult": 0.008, "logistic regression, Adult, German Credit": both}
    assert found == about(expected) and list(found) == list(expected), "networks come first"
    means = {effect.case: effect.mean for effect in each.effects}
    assert means["networks, German Credit, SCFE"] == about(-0.49), "at 0.25, which both seeds know"
    table.loc[few.index[table["eps"] > 0.2], "n"] = 9
    each, average = validity.validity_vanishes(Evidence([], {"summary": table}))[:2]
    assert all(np.isnan(effect.mean) for effect in each.effects) and average.effects == []


@pytest.mark.parametrize(
    "network, logistic, last, median",
    [
        (0.6, 0.1, 0.5, 0.4),  # the network's fall less the linear model's
        (0.6, -0.3, 0.6, 0.5),  # that one rises: its rise is no merit of the network's fall
        (-0.2, -0.5, -0.2, -0.3),  # both rise: then the network's own fall is the less
    ],
)
def test_the_network_must_fall_itself(network, logistic, last, median):
    """Validity falls at once, by a constant, and by 0.1 less at the radii before the last."""
    table = straight(datasets=("german", "adult"))
    falls = table["kind"].map({"network": network, "logistic": logistic})
    inner = (table["eps"] > 0) & (table["eps"] < 0.3) & (table["kind"] == "network")
    table["validity"] = 1 - falls * (table["eps"] > 0) + 0.1 * inner
    found = validity.stronger_for_networks(Evidence([], {"summary": table}))
    assert means(found[:2]) == about(
        {
            "flip, fall from eps = 0 to 0.3": last,
            "flip, fall from eps = 0 to the median of eps > 0": median,
        }
    )
    cases = [[effect.case for effect in one.effects] for one in found]
    assert cases == [["German Credit, SCFE", "Adult, SCFE"]] * 6
    alone = table[table["kind"] == "network"]
    assert validity.stronger_for_networks(Evidence([], {"summary": alone})) == []
    both = validity.stronger_for_networks(Evidence([], {"summary": alone}, {"summary": table}))
    assert {one.reading.split(",")[0] for one in both} == {"min-max scaling"}


def test_falls_are_compared_where_both_kinds_are_known():
    table = straight(methods=("scfe",))
    falls = table["kind"].map({"network": 2.0, "logistic": 1.0})
    table["validity"] = 1 - falls * table["eps"]
    few = (table["eps"] == 0.3) & (table["kind"] == "logistic") & (table["seed"] == 1)
    table.loc[few & (table["reading"] == "flip"), "n"] = 9
    last, median = validity.stronger_for_networks(Evidence([], {"summary": table}))[:2]
    assert np.isnan(last.effects[0].mean), "nothing is known at 0.3"
    assert median.effects[0].mean == about(np.median(EPS[1:-1]))


def test_two_radii_are_enough_for_a_fall():
    assert validity.fall_to_median([0.0, 0.1], np.array([1.0, 0.25])) == 0.75
    for eps in ([0.0], [0.1, 0.2]):
        assert np.isnan(validity.fall_to_median(eps, np.ones(len(eps))))


def test_the_standard_models_validity_less_the_median_of_the_others():
    """The median of the seven radii above 0 is 0.15."""
    table = straight()
    found = validity.standard_is_more_valid(Evidence([], {"summary": table}, {"summary": table}))
    first = {effect.case: effect.mean for effect in found[0].effects}
    networks, linear = (rate * 0.15 for rate in (0.15, 0.25))
    expected = {"logistic regression, Adult, SCFE": linear, "networks, Adult, SCFE": networks}
    assert first == about(expected)
    prefixes = ("", experiments.BOXED)
    assert [one.reading for one in found] == [a + b for a in prefixes for b in READINGS]
    few = table.assign(n=np.where(table["eps"] == 0, 9, 100))
    found = validity.standard_is_more_valid(Evidence([], {"summary": few}))
    assert np.isnan(found[0].effects[0].mean), "nothing is known of the standard model"
    few = table.assign(n=np.where(table["eps"] > 0, 9, 100))
    found = validity.standard_is_more_valid(Evidence([], {"summary": few}))
    assert np.isnan(found[0].effects[0].mean), "nothing is known of the others"

"""Effects, curves, the rows that count, and SCFE's lead: cases small enough to check by hand."""

import inspect
from math import isnan

import numpy as np
import pandas as pd
import pytest

from rrlib import study
from rrlib.audit import evidence, experiments, leads, smallest
from rrlib.audit.evidence import Case, Effect, departure, effect, roughness, slope
from rrlib.models.family import EPS_GRID
from rrlib.recourse import Recourse, cchvae, growing_spheres
from rrlib.study import variations
from rrlib.study.variations import VARIATIONS

UNKNOWN = Effect("case", *[float("nan")] * 3)


def test_names_of_cases():
    assert evidence.name_case("adult", "scfe", "eps = 0.3") == "Adult, SCFE, eps = 0.3"
    assert evidence.name_case("logistic", "network") == "logistic regression, networks"


@pytest.mark.parametrize("low, expected", [(0.9e-9, False), (1e-9, False), (1.1e-9, True)])
def test_an_effect_counts_beyond_rounding_alone(low, expected):
    assert evidence.in_favour(Effect("", 1.0, low, 2.0)) is expected
    assert evidence.against(Effect("", -1.0, -2.0, -low)) is expected, "the mirror image"


def test_zero_is_neither_in_favour_nor_against():
    assert not evidence.in_favour(Effect("", 0.0, 0.0, 0.0))
    assert not evidence.against(Effect("", 0.0, 0.0, 0.0))
    assert evidence.defined(Effect("", 0.0, 0.0, 0.0)) and evidence.defined(Effect("", 1, 1, 1))
    assert not evidence.defined(UNKNOWN)


def test_two_seeds_make_an_interval_and_one_does_not():
    """1 and 3: mean 2, standard deviation sqrt(2), sqrt(1/2 + 1/4), t = 12.706."""
    found = effect("case", [1, 3])
    half = 12.7062047 * np.sqrt(1.5)
    assert found == ("case", 2, pytest.approx(2 - half), pytest.approx(2 + half))
    for values in ([1.0], [], [1.0, np.nan], [1.0, np.inf, 2.0]):
        found = effect("case", values)
        assert found.case == "case" and all(map(isnan, found[1:]))
    one, other = evidence.cases_of({"a": {0: 1, 1: 1}, "b": {5: 2}}, 0.1)
    assert one == Case("a", {0: 1, 1: 1}, 0.1) and other == Case("b", {5: 2}, 0.1)
    assert one.confirming == evidence.CONFIRMING
    assert one.explored == ("a", 1, 1, 1)


def test_five_seeds_explore_and_five_confirm():
    assert (evidence.EXPLORING, evidence.CONFIRMING) == ((0, 1, 2, 3, 4), (5, 6, 7, 8, 9))


def test_what_is_shown_is_confirmed_where_a_seed_was_run():
    seen = Case("seen", dict.fromkeys(range(5), 1.0), 0.1)
    both = Case("both", dict.fromkeys(range(10), 2.0), 0.1)
    assert [one.mean for one in evidence.shown([seen])] == [1.0]
    mixed = evidence.shown([both, seen])
    assert mixed[0].mean == 2.0 and isnan(mixed[1].mean)
    finding = evidence.Finding("reading", "measure", [seen, both])
    assert [one.mean for one in finding.effects] == [1.0, 2.0]


def test_nothing_is_assumed_that_was_not_given():
    given = evidence.Evidence([])
    assert given.usual == given.boxed == given.fewer == given.boxed_fewer == {}
    finding = evidence.Finding("reading", "measure", [])
    assert (finding.counterexample, finding.setting) == ("", "")


def test_slopes_and_chords_by_hand():
    assert slope([0.1, 0.2, 0.6], [1, 2, 3]) == pytest.approx(0.5 / 0.14 / 10)  # mean eps is 0.3
    assert isnan(slope([0, 1], [0, 1])) and isnan(departure([0, 1], [0, 1]))
    assert departure([1, 2, 5], [0, 4, 4]) == 3  # the chord is at 4 * 1/4 = 1 there, not at 4
    assert departure([1, 2, 4, 5], [0, 1, 0, 4]) == 2  # |1 - 0| and |0 - 1/3 - 8/3| = 3
    assert roughness([1, 2, 5], [0, 4, 4]) == 0.75  # a departure of 3 over a range of 4
    assert roughness([1, 2, 5], [0, 1, 1]) == 0.75  # of 3/4 over 1
    assert isnan(roughness([1, 2, 3], [2, 2, 2])) and isnan(roughness([], []))
    both = np.array([[0, 4, 4], [0, 1, 1]])
    for measure in (slope, departure, roughness):
        each = [measure([1, 2, 5], curve) for curve in both]
        assert measure([1, 2, 5], both) == pytest.approx(each), "a batch equals its curves"


def test_a_curve_is_read_where_every_seed_has_a_value():
    """The exploring seeds 0 and 1 lack the third radius, the confirming one lacks none."""
    values = {0: [1, 2, 9], 1: [3, 5, np.nan], 5: [4, 6, 7], 10: [0, 0, 0]}
    parts = []
    for (seed, curve), dataset in [(one, name) for one in values.items() for name in "ba"]:
        part = {"seed": seed, "eps": [0.0, 0.1, 0.2], "validity": curve}
        parts.append(pd.DataFrame(part).assign(dataset=dataset, method="scfe", kind="network"))
    seen = []
    rows = pd.concat(parts)

    def last(eps, curves):
        seen.append(eps.tolist())
        return curves[..., -1]

    found = evidence.by_case(rows, "validity", last, 0.1)
    assert [one.name for one in found] == ["b, SCFE", "a, SCFE"], "in the table's order"
    assert [one.values for one in found] == [{0: 2, 1: 5, 5: 7}] * 2
    assert [one.smallest for one in found] == [0.1, 0.1]
    assert seen == [[0.0, 0.1], [0.0, 0.1, 0.2]] * 2

    def largest(part, column):
        return part[column].max()

    (one,) = evidence.by_case(rows[rows["dataset"] == "a"], "validity", last, largest, ["kind"])
    assert one.name == "networks" and one.smallest == 9, "exploring rows fix the smallest effect"
    no_seed = evidence.by_case(rows[rows["seed"] == 10], "validity", slope, 0.1)
    assert [one.values for one in no_seed] == [{}, {}]
    with pytest.raises(ValueError, match="more than one case"):
        evidence.by_seed(rows, "validity")


def priced(standard, seed=0):
    """A case of the study's table whose standard model costs `standard` at each eps."""
    eps, standard = np.array(EPS_GRID), np.array(standard, float)
    part = pd.DataFrame({"seed": seed, "eps": eps, "cost": 40 + eps, "cost_gap": 7 * eps})
    return part.assign(cost_common=standard + part["cost_gap"])


def test_the_smallest_cost_is_a_tenth_of_the_standard_models():
    """Standard means 2.5 and 5.5 at eps = 0.3; where one seed lacks it, 2 and 4 at 0.25."""
    both = pd.concat([priced([1] * 6 + [2, 2.5]), priced([1] * 6 + [4, 5.5], seed=1)])
    for column in ("cost_gap", "displacement"):
        assert smallest.standard_cost(both, column) == pytest.approx(4)
        assert smallest.cost_slope(both, column) == pytest.approx(0.4 / 3), "over the grid 0.4"
    assert smallest.standard_cost(both, "cost") == 40
    both.loc[(both["eps"] == 0.3) & (both["seed"] == 1), "cost_common"] = np.nan
    assert smallest.standard_cost(both, "cost_gap") == pytest.approx(3)
    both.loc[both["eps"] > 0, "cost_common"] = np.nan
    assert isnan(smallest.standard_cost(both, "cost_gap"))


def test_groups_by_training():
    kinds = ["logistic", "network", "certified"]
    table = pd.DataFrame({"kind": kinds, "x": [1, 2, 3]})
    groups = experiments.by_training(table)
    assert {kind: part["x"].tolist() for kind, part in groups.items()} == {
        "network": [1, 2],
        "certified": [3],
    }
    assert list(experiments.by_training(table[:2])) == ["network"]
    assert experiments.trained(["network", "logistic"], table) == [
        "network",
        "logistic",
        "certified",
    ]
    assert experiments.trained(["logistic"], table) == ["logistic"]
    assert experiments.trained(["network"], table[:1]) == []
    assert experiments.name_reading("a, ", "certified", "flip") == "a, certified networks, flip"
    assert experiments.name_reading("a, ", "network", "flip") == "a, flip"
    settings = [experiments.setting_of(prefix, "network") for prefix in ("", experiments.BOXED)]
    assert settings == ["standardised", "min-max"] and experiments.setting_of("", "certified") == ""


def counted(n, n_common, validity, reading, kind="network"):
    """A row of the study's table."""
    means = dict.fromkeys(["cost_common", "cost_gap", "displacement", "cost"], 5.0)
    return {"n": n, "n_common": n_common, "validity": validity, "reading": reading} | {
        "kind": kind,
        **means,
    }


def test_ten_rows_make_a_mean_and_nine_do_not():
    rows = [
        counted(10, 10, 1.0, "flip"),
        counted(9, 10, 1.0, "flip"),
        counted(20, 9, 0.5, "flip"),
        counted(20, 9, 0.45, "flip", "logistic"),
        counted(0, 0, np.nan, "flip"),
        counted(20, 10, 0.45, "printed"),
        counted(20, 10, 1.0, "denied"),
    ]
    table = pd.DataFrame(rows)
    found = experiments.select_rows(table)
    assert len(found) == 5, "flip, if no reading is asked for, and both kinds"
    for column in ("cost_common", "cost_gap", "displacement"):
        assert found[column].notna().tolist() == [True, True, False, False, False]
    assert found["validity"].notna().tolist() == [True, False, True, True, False]
    known = found["cost"].notna().tolist()
    assert known == [True, False, True, False, False], "20 * 0.45 = 9 valid rows are too few"
    printed = experiments.select_rows(table, "printed")
    assert printed["cost"].tolist() == [5.0], "the printed cost is a mean over all rows"
    assert experiments.select_rows(table, "flip", "logistic")["validity"].tolist() == [0.45]
    assert experiments.select_rows(table, "denied", "network")["validity"].tolist() == [1.0]
    assert table["cost_gap"].notna().all(), "the table itself is left as it is"


def test_fewer_samples_are_a_tenth():
    usual = {"cchvae": cchvae, "growing_spheres": growing_spheres}
    for method, search in usual.items():
        options = inspect.signature(search).parameters
        samples = options["samples"].default
        assert variations.FEWER[method] == {"samples": samples // 10}
        assert variations.BATCH[method] == samples // 10
        assert variations.AGAIN[method] == {"samples": samples // 10, "seed": 1000}
    assert set(variations.FEWER) == set(usual)
    assert experiments.BOXED == "min-max scaling, "


def live(seeds=(0, 1), kinds=("logistic", "network"), scale=1.0):
    """A table with every key and one value, which no two rows share."""
    others = ["dataset", "method", "reading", "column", "eps"]
    pairs = [(0.1, 0.2) if name == "eps" else ("a", "b") for name in others]
    index = pd.MultiIndex.from_product([kinds, seeds, *pairs], names=["kind", "seed", *others])
    table = index.to_frame(index=False)
    return table.assign(value=scale * np.arange(1.0, len(table) + 1))


def gathered(monkeypatch, summary, differences=None, real=True):
    """What is gathered where the study is live() and these are the stored tables."""
    both = {"summary": summary, "differences": summary if differences is None else differences}
    monkeypatch.setattr(study, "run", lambda: "slices")
    monkeypatch.setattr(study, "table", lambda slices: live())
    monkeypatch.setattr(experiments.results, "all_differences", lambda slices: live())
    monkeypatch.setattr(experiments, "all_real", lambda: real)
    monkeypatch.setattr(experiments.tables, "made", lambda name, slices: {name: slices})
    monkeypatch.setattr(
        experiments, "variation", lambda name: both if name == "paper" else {"of": name}
    )
    return experiments.gather()


def test_what_is_gathered(monkeypatch):
    more = live(seeds=range(7), kinds=("certified", "logistic", "network"), scale=100.0)
    same = more["seed"].isin((0, 1)) & (more["kind"] != "certified")
    more.loc[same, "value"] = live()["value"].to_numpy()
    shuffled = more.sample(frac=1, random_state=0)
    monkeypatch.setattr(study, "SEEDS", (0, 1))
    found = gathered(monkeypatch, shuffled)
    beyond = [{"of": name} for name in ("minmax", "fewer", "fewer_minmax")]
    assert found == ("slices", {"summary": shuffled, "differences": shuffled}, *beyond)
    assert experiments.tables_by_scaling(found) == {"": shuffled}
    boxed = found._replace(boxed={"summary": "boxed"})
    both = {"": shuffled, experiments.BOXED: "boxed"}
    assert experiments.tables_by_scaling(boxed) == both
    assert experiments.tables_by_scaling(boxed, "offers") == {}
    twins = gathered(monkeypatch, None, real=False)
    assert twins.usual == {"paper": "slices"}, "twins have no stored tables"


def test_stored_tables_are_those_of_the_study(monkeypatch):
    monkeypatch.setattr(study, "SEEDS", (0, 1))
    for kept in (live(scale=1.01), live()[1:], live(seeds=(5, 6))):
        with pytest.raises(ValueError, match="not this study's"):
            gathered(monkeypatch, kept)
    for summary, differences in ((live(), live(scale=1.01)), (live(scale=1.01), live())):
        with pytest.raises(ValueError, match="not this study's"):
            gathered(monkeypatch, summary, differences)


def test_a_stored_table_may_differ_by_what_is_allowed(monkeypatch):
    monkeypatch.setattr(study, "SEEDS", (0, 1))
    monkeypatch.setattr(experiments.stored, "largest_difference", lambda *pair: 1.0)
    gathered(monkeypatch, live())
    monkeypatch.setattr(experiments.stored, "largest_difference", lambda *pair: 1.001)
    with pytest.raises(ValueError, match="not this study's"):
        gathered(monkeypatch, live())


@pytest.mark.parametrize("source", ["real", "twin"])
def test_a_variation_is_stored_unless_a_twin_stands_in(monkeypatch, source):
    def run(name, small, kinds):
        assert small, "nothing on a twin is a result"
        asked.append((name, kinds))
        return [name]

    asked = []

    sources = dict.fromkeys(experiments.datasets.NAMES, "real") | {"compas": source}
    monkeypatch.setattr(experiments.datasets, "source", sources.get)
    monkeypatch.setattr(experiments.stored, "read", lambda table, name: f"{table} of {name}")
    monkeypatch.setattr(experiments.variations, "run", run)
    monkeypatch.setattr(experiments.tables, "made", lambda name, slices: {name: slices})
    monkeypatch.setattr(study, "more_batches", lambda *given: given)
    found = experiments.variation("fewer_minmax")
    if source == "real":
        names = VARIATIONS["fewer_minmax"].tables
        assert found == {table: f"{table} of fewer_minmax" for table in names}
    else:
        batches = ["minmax"], ["fewer_minmax"], variations.SMALL_BATCH
        assert found == {"fewer_minmax": ["fewer_minmax"], "batches": batches}
        assert experiments.variation("minmax") == {"minmax": ["minmax"]}
        few, every = ("logistic", "network"), ("logistic", "network", "certified")
        assert asked == [("fewer_minmax", few), ("minmax", few), ("minmax", every)]


def slice_by_hand():
    """Fourteen people, each of whom shows by a cost out of proportion whether the row counts.

    All are denied by all models, except: 8 is accepted by the second model alone; 11 is accepted
    from the fourth model on; 12 is accepted by all and 13 by the standard model alone, with a logit
    of 0 exactly. For C-CHVAE, 10 fails under the standard model alone. SCFE fails for 0 under the
    fifth and the sixth model, and for all under the seventh. A recourse of person i costs 1 + i
    under the standard model and e more under model e, those of C-CHVAE 2 e more; SCFE's move by
    5 e, those of C-CHVAE by 10 e.
    """
    e = np.arange(len(EPS_GRID))[:, None]
    logits = np.full((len(EPS_GRID), 14), -1.0)
    logits[1, 8] = 1.0
    logits[3:, 11] = logits[:, 12] = logits[0, 13] = 0.0
    valid = np.ones(logits.shape, bool)
    scfe_valid, other_valid = valid.copy(), valid.copy()
    other_valid[0, 10] = False
    scfe_valid[4:6, 0] = False
    scfe_valid[6] = False
    cost = np.float32(1 + np.arange(14) + e)
    cost[1:, 10] = cost[1:, 13] = 1e6
    shift = np.stack([3 * e + 0 * cost, 4 * e + 0 * cost], -1)
    nothing = np.zeros(())
    scfe = Recourse(shift + 7, scfe_valid, cost, nothing, nothing)
    other = Recourse(2 * shift - 7, other_valid, cost + e, nothing, nothing)
    both = {"scfe": scfe, "cchvae": other}
    rest = None, None, None, logits, None, both
    return study.Slice("adult", "network", 7, "twin", "standard", *rest)


def test_differences_are_taken_over_the_rows_in_common():
    found = leads.differences([slice_by_hand()], "flip", "cost_gap")
    assert found.index.tolist() == [("adult", 7, eps) for eps in EPS_GRID[1:]]
    assert found.columns.tolist() == ["scfe", "cchvae"]
    e = np.arange(1, len(EPS_GRID))
    known = np.array([True] * 5 + [False, True])
    assert found["scfe"].to_numpy() == pytest.approx(np.where(known, e, np.nan), nan_ok=True)
    assert found["cchvae"].to_numpy() == pytest.approx(np.where(known, 2 * e, np.nan), nan_ok=True)
    moved = leads.differences([slice_by_hand()], "flip", "displacement")
    assert moved["scfe"].to_numpy() == pytest.approx(np.where(known, 5 * e, np.nan), nan_ok=True)
    denied = leads.differences([slice_by_hand()], "denied", "cost_gap")["cchvae"].to_numpy()
    # 0 to 9, but 8 under the second model, and at first 11: ten rows or eleven, later nine
    expected = [2, 4, 6, np.nan, np.nan, np.nan, 14]
    assert denied == pytest.approx(expected, nan_ok=True)
    assert leads.differences([], "flip", "cost_gap").empty


def with_costs(one, method, row, cost):
    """The slice with one row's costs under every robust model."""
    found = one.recourse[method]
    changed = found.cost.copy()
    changed[1:, row] = cost
    return one._replace(recourse=one.recourse | {method: found._replace(cost=changed)})


@pytest.mark.parametrize(
    "reading, row, second, fourth",
    [
        ("flip", 8, 1.0, (30 + 991) / 11),  # the second model gives it another label
        ("flip", 9, (10 + 990) / 11, (30 + 990) / 11),
        ("flip", 10, 1.0, 3.0),  # C-CHVAE fails for it under the standard model
        ("flip", 11, (10 + 988) / 11, 3.0),  # the fourth model gives it another label
        ("flip", 12, (10 + 987) / 11, (30 + 987) / 11),
        ("flip", 13, 1.0, 3.0),  # all robust models give it another label
        ("denied", 11, (9 + 988) / 10, 3.0),
        ("denied", 12, 1.0, 3.0),  # it is accepted, with a logit of 0
        ("denied", 13, 1.0, 3.0),  # it is denied, but not by the standard model
    ],
)
def test_each_row_counts_where_it_should(reading, row, second, fourth):
    """A cost of 1000 in one row of SCFE's, less 1 + row, beside ten rows with gaps of 1 or 3."""
    one = with_costs(slice_by_hand(), "scfe", row, 1000.0)
    found = leads.differences([one], reading, "cost_gap")["scfe"].to_numpy()
    assert found[[0, 2]] == pytest.approx([second, fourth])


def test_differences_are_summed_in_double_precision():
    """2^24 and ten ones: in single precision each one would be lost."""
    one = with_costs(slice_by_hand(), "scfe", 0, 2.0**24 + 2)
    found = leads.differences([one], "flip", "cost_gap")["scfe"].to_numpy()
    gap = float(np.float32(2.0**24 + 2) - np.float32(1))
    assert found[0] == pytest.approx((gap + 10) / 11, rel=1e-12)


def lead_table():
    """Adult with two radii that both seeds know, German Credit with one."""
    nan = np.nan
    rows = {
        ("german", 1, 0.1): (5.0, 1.0, 2.0),
        ("german", 1, 0.2): (5.0, 1.0, nan),
        ("german", 0, 0.1): (5.0, 1.0, 2.0),
        ("german", 0, 0.2): (5.0, 1.0, 2.0),
        ("adult", 1, 0.1): (5.0, 1.0, 2.0),
        ("adult", 1, 0.2): (99.0, nan, 0.0),
        ("adult", 1, 0.3): (7.0, 9.0, 2.0),
        ("adult", 0, 0.1): (1.0, 4.0, 0.0),
        ("adult", 0, 0.2): (99.0, 0.0, 0.0),
        ("adult", 0, 0.3): (1.0, 2.0, 0.0),
    }
    index = pd.MultiIndex.from_tuples(rows, names=["dataset", "seed", "eps"])
    columns = ["scfe", "cchvae", "growing_spheres"]
    return pd.DataFrame(list(rows.values()), index=index, columns=columns)


def test_the_lead_is_over_the_larger_of_the_others_means():
    """Over 0.1 and 0.3: 6 less max(5, 2) = 1, and 1 less max(3, 0) = -2."""
    found = leads.leads(lead_table())
    assert list(found) == ["german", "adult"]
    assert found["adult"] == (0.3, {1: 1.0, 0: -2.0})
    largest, lead = found["german"]
    assert largest == 0 and all(map(isnan, lead.values())), "one radius is too few"
    told = lead_table().reset_index().assign(kind="network", reading="flip", column="cost_gap")
    assert leads.by_radius(told).equals(lead_table()), "texts are no methods"
    german, adult = leads.lead_effects(lead_table())
    assert (adult.case, adult.mean) == ("Adult", -0.5)
    assert german.case == "German Credit" and isnan(german.low)
    assert leads.name_radii(lead_table()) == "German Credit none, Adult 0.3"
    assert leads.lead_effects(pd.DataFrame()) == []
    assert leads.name_radii(pd.DataFrame()) == ""


def test_the_lead_of_the_confirming_seeds_has_its_own_radii():
    """Seeds 5 and 6 know all three radii: 6 less 5, and 1 less 2, with 99 less 3 and 99 less 0."""
    table = lead_table().loc[["adult"]]
    later = table.rename(index={0: 5, 1: 6}, level="seed").fillna(3.0)
    both = pd.concat([table, later])
    (one,) = leads.lead_cases(both, {"adult": 0.7})
    assert one.name == "Adult" and one.smallest == 0.7
    assert leads.name_radii(both) == "Adult 0.3"
    longer = later.rename(index={0.2: 0.25, 0.3: 0.35}, level="eps")
    assert leads.name_radii(pd.concat([table, longer])) == "Adult 0.3 and 0.35"
    assert {seed: one.values[seed] for seed in (0, 1)} == {0: -2.0, 1: 1.0}
    assert one.values[6] == pytest.approx((5 + 99 + 7) / 3 - (1 + 3 + 9) / 3)
    assert one.values[5] == pytest.approx((1 + 99 + 1) / 3 - (4 + 0 + 2) / 3)
    (alone,) = leads.lead_cases(table, {})
    assert set(alone.values) == {0, 1} and isnan(alone.smallest)

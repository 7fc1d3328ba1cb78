"""Effects, curves, the rows that count, and SCFE's lead: cases small enough to check by hand."""

import inspect
from math import isnan

import numpy as np
import pandas as pd
import pytest

from rrlib import study
from rrlib.audit import evidence, experiments, leads
from rrlib.audit.evidence import Effect, departure, effect, roughness, slope
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
    """1 and 3: mean 2, standard deviation sqrt(2), over sqrt(2) seeds 1, times t = 12.706."""
    found = effect("case", [1, 3])
    assert found == ("case", 2, pytest.approx(2 - 12.7062, 1e-5), pytest.approx(14.7062, 1e-5))
    for values in ([1.0], [], [1.0, np.nan], [1.0, np.inf, 2.0]):
        found = effect("case", values)
        assert found.case == "case" and all(map(isnan, found[1:]))
    one, other = evidence.effects_of({"a": [1, 1], "b": [2, 2]})
    assert one == ("a", 1, 1, 1) and other == ("b", 2, 2, 2)


def test_nothing_is_assumed_that_was_not_given():
    given = evidence.Evidence([], None)
    assert given.fewer == {} and given.boxed is None
    assert evidence.Finding("reading", "measure", []).counterexample == ""


def test_slopes_and_chords_by_hand():
    assert slope([0.1, 0.2, 0.6], [1, 2, 3]) == pytest.approx(0.5 / 0.14 / 10)  # mean eps is 0.3
    assert isnan(slope([0, 1], [0, 1])) and isnan(departure([0, 1], [0, 1]))
    assert departure([1, 2, 5], [0, 4, 4]) == 3  # the chord is at 4 * 1/4 = 1 there, not at 4
    assert departure([1, 2, 4, 5], [0, 1, 0, 4]) == 2  # |1 - 0| and |0 - 1/3 - 8/3| = 3
    assert roughness([1, 2, 5], [0, 4, 4]) == 0.75  # a departure of 3 over a range of 4
    assert roughness([1, 2, 5], [0, 1, 1]) == 0.75  # of 3/4 over 1
    assert isnan(roughness([1, 2, 3], [2, 2, 2])) and isnan(roughness([], []))


def test_a_curve_is_read_where_every_seed_has_a_value():
    values = {0: [1, 2, 9], 1: [3, 5, np.nan]}
    parts = []
    for (seed, curve), dataset in [(one, name) for one in values.items() for name in "ba"]:
        part = {"seed": seed, "eps": [0.0, 0.1, 0.2], "validity": curve}
        parts.append(pd.DataFrame(part).assign(dataset=dataset, method="scfe", kind="network"))
    seen = []
    rows = pd.concat(parts)

    def last(eps, curve):
        seen.append(eps.tolist())
        return curve[-1]

    found = evidence.by_case(rows, "validity", last)
    assert [one.case for one in found] == ["b, SCFE", "a, SCFE"], "in the table's order"
    assert [one.mean for one in found] == [3.5, 3.5], "of 2 and 5: the third radius is left out"
    assert seen == [[0.0, 0.1]] * 4
    (one,) = evidence.by_case(rows[rows["dataset"] == "a"], "validity", last, ["kind"])
    assert one.case == "networks"


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
    assert table["cost_gap"].notna().all(), "the table itself is left as it is"


def test_fewer_samples_are_a_tenth():
    usual = {"cchvae": cchvae, "growing_spheres": growing_spheres}
    for method, search in usual.items():
        options = inspect.signature(search).parameters
        samples, evals = options["samples"].default, options["max_evals"].default
        assert variations.FEWER[method] == {"samples": samples // 10}
        assert variations.BATCH[method] == samples // 10
        assert variations.AGAIN[method] == {"samples": samples // 10, "seed": 1000}
        assert variations.BOX[method] == {"samples": samples // 10, "max_evals": evals // 10}
    assert set(variations.FEWER) == set(variations.BOX) == set(usual)
    assert experiments.BOXED == "min-max scaling, "


def test_what_is_gathered(monkeypatch):
    monkeypatch.setattr(study, "run", lambda: "slices")
    monkeypatch.setattr(study, "table", lambda slices: ("table", slices))
    monkeypatch.setattr(experiments, "variation", lambda name: {"summary": name})
    found = experiments.gather()
    assert found == ("slices", ("table", "slices"), {"summary": "fewer"}, "minmax")
    both = {"": ("table", "slices"), experiments.BOXED: "minmax"}
    assert experiments.scalings(found) == both
    assert experiments.scalings(evidence.Evidence([], "table")) == {"": "table"}


@pytest.mark.parametrize("source", ["real", "twin"])
def test_a_variation_is_stored_unless_a_twin_stands_in(monkeypatch, source):
    def run(name, small):
        assert small, "nothing on a twin is a result"
        return [name]

    sources = {"adult": "real", "compas": source, "german": "real"}
    monkeypatch.setattr(experiments.datasets, "source", sources.get)
    monkeypatch.setattr(experiments.stored, "read", lambda table, name: f"{table} of {name}")
    monkeypatch.setattr(experiments.variations, "run", run)
    monkeypatch.setattr(study, "table", lambda slices: ("table", slices))
    monkeypatch.setattr(experiments.results, "all_differences", lambda slices: ("apart", slices))
    monkeypatch.setattr(study, "more_batches", lambda *given: given)
    found = experiments.variation("fewer")
    assert experiments.variation("minmax").keys() == {"summary"}
    if source == "real":
        assert found == {table: f"{table} of fewer" for table in VARIATIONS["fewer"].tables}
    else:
        batches = ["paper"], ["fewer"], variations.SMALL_BATCH
        expected = {"summary": ("table", ["fewer"]), "differences": ("apart", ["fewer"])}
        assert found == expected | {"batches": batches}


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
    return study.Slice("adult", "network", 7, "twin", "standard", None, None, logits, None, both)


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
    largest, lead = found["adult"]
    assert largest == 0.3 and lead.tolist() == [1.0, -2.0], "in the order of the seeds"
    largest, lead = found["german"]
    assert largest == 0 and np.isnan(lead).tolist() == [True, True], "one radius is too few"
    german, adult = leads.lead_effects(lead_table())
    assert (adult.case, adult.mean) == ("Adult, eps up to 0.3", -0.5)
    assert german.case == "German Credit, too few eps" and isnan(german.low)
    assert leads.lead_effects(pd.DataFrame()) == []

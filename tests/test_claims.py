"""The ledger: the rule, what the effects measure, and the whole of it computed again from a small study."""

import json
import re
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rrlib import claims, study
from rrlib.evidence import common, experiments, theorems
from rrlib.evidence.common import Effect
from rrlib.models import EPS_GRID
from rrlib.recourse import Recourse

TEXT = Path(__file__).resolve().parents[1] / "book" / "text"
SMALL = {"cchvae": {"samples": 60, "max_evals": 3000}, "growing_spheres": {"samples": 100, "max_evals": 5000}}
UP, DOWN, OPEN = Effect("up", 1.0, 0.4, 1.6), Effect("down", -1.0, -1.6, -0.4), Effect("open", 0.5, -0.1, 1.1)
NOTHING = Effect("nothing", *[float("nan")] * 3)


@pytest.mark.parametrize("effects, expected", [
    ([UP], "reproduced"), ([UP, UP], "reproduced"), ([UP, OPEN], "reproduced under stated conditions"),
    ([UP, DOWN], "reproduced under stated conditions"), ([DOWN], "not reproduced"), ([OPEN, DOWN], "not reproduced"),
    ([UP, NOTHING], "reproduced under stated conditions"), ([DOWN, NOTHING], "not reproduced"), ([NOTHING], "open"), ([], "open"),
    ([Effect("zero", 1e-16, 1e-16, 1e-16)], "not reproduced"),
])
def test_the_rule(effects, expected):
    assert claims.verdict(effects) == expected
    assert claims.verdict(effects, counterexample="1 > 0") == "false as printed"


def test_most_is_more_than_half():
    assert claims.verdict([UP, UP, DOWN], most=True) == "reproduced"
    assert claims.verdict([UP, DOWN], most=True) == "reproduced under stated conditions"
    assert claims.verdict([UP, NOTHING, NOTHING], most=True) == "reproduced under stated conditions"


def table_of(curves, **columns):
    """A table of the study's form, networks only, from a dict of (dataset, method, seed) -> cost gaps along EPS_GRID."""
    rows = [{"dataset": dataset, "method": method, "seed": seed, "kind": "network", "eps": eps, "cost_gap": gap, "cost": 1 + gap,
             "displacement": abs(gap), "cost_common": 1 + gap, "n": 100, "n_common": 100, "reading": reading, "one_class": False, "validity": 1 - gap / 10} | columns
            for (dataset, method, seed), gaps in curves.items() for eps, gap in zip(EPS_GRID, gaps) for reading in ("flip", "denied", "printed")]
    return pd.DataFrame(rows)


def evidence_of(table):
    return common.Evidence(slices=[], table=table)


def growth(rate, seed):
    return rate * np.array(EPS_GRID) + 0.01 * np.random.default_rng(seed).normal(size=len(EPS_GRID))


@pytest.mark.parametrize("rate, expected", [(2.0, "reproduced"), (-2.0, "not reproduced")])
def test_both_directions_of_a_claim(rate, expected):
    table = table_of({("adult", method, seed): growth(rate, seed) for method in study.METHODS for seed in range(5)})
    evidence = evidence_of(table)
    grows = experiments.cost_grows(evidence, "network")[0]
    assert claims.verdict(grows.effects) == expected
    assert grows.effects[0].mean == pytest.approx(rate / 10, abs=0.01), "the slope is per 0.1 of eps"
    falls = experiments.validity_falls(evidence, "network")[0]
    assert claims.verdict(falls.effects) == expected, "here validity falls by a tenth of the cost gap"
    assert falls.effects[0].mean == pytest.approx(rate / 100, abs=0.001)
    assert claims.verdict(experiments.standard_is_more_valid(evidence)[0].effects) == expected


def test_a_subset_is_named():
    rates = {"scfe": 2.0, "cchvae": -2.0, "growing_spheres": 2.0}
    table = table_of({("adult", method, seed): growth(rate, seed) for method, rate in rates.items() for seed in range(5)})
    answer = claims.answer(experiments.cost_grows(evidence_of(table), "network"))
    assert answer.loc["flip, cost gap", ["in favour", "others", "verdict"]].tolist() == [
        "2 of 3: Adult (SCFE, growing spheres)", "1 against", "reproduced under stated conditions"]


def test_thin_means_are_left_out():
    table = table_of({("adult", "scfe", seed): growth(2.0, seed) for seed in range(5)})
    table.loc[(table["eps"] > 0.02) & (table["seed"] == 3), "n_common"] = experiments.SOME - 1
    gap = experiments.cost_grows(evidence_of(table), "network")[0]
    assert np.isnan(gap.effects[0].mean), "a seed with two points has no slope, so the case has no interval"


def test_all_seeds_speak_of_the_same_radii():
    table = table_of({("adult", "scfe", seed): np.where(np.array(EPS_GRID) > 0.2, 50, growth(2.0, seed)) for seed in range(5)})
    table.loc[(table["eps"] > 0.2) & (table["seed"] == 3), "n_common"] = experiments.SOME - 1
    gap = experiments.cost_grows(evidence_of(table), "network")[0]
    assert gap.effects[0].mean == pytest.approx(0.2, abs=0.02), "the radii that one seed lacks count for none"


def test_smoothness_and_order():
    smooth, rough = 2 * np.array(EPS_GRID), 1.5 * np.array(EPS_GRID) + 0.1 * (np.arange(len(EPS_GRID)) % 2)
    noise = lambda seed: 1e-3 * np.random.default_rng(seed).normal(size=len(EPS_GRID))
    curves = {("adult", method, seed): (smooth if method == "scfe" else rough) + noise(seed) for method in study.METHODS for seed in range(5)}
    evidence = evidence_of(table_of(curves))
    assert claims.verdict(experiments.smoother(evidence)[0].effects) == "reproduced"
    swapped = {(dataset, {"scfe": "cchvae", "cchvae": "scfe"}.get(method, method), seed): gaps for (dataset, method, seed), gaps in curves.items()}
    found = experiments.smoother(common.Evidence([], table_of(swapped), []))[0]
    assert claims.verdict(found.effects) == "not reproduced"


def slice_of(costs, valid, seed=0, dataset="adult"):
    """A slice of the study's form from a dict of method -> costs (E,), the same for all rows, and of method -> valid (E, n)."""
    one = lambda method, cost: Recourse(np.zeros((len(EPS_GRID), 20, 1)) + np.reshape(cost, (-1, 1, 1)), valid[method],
                                        np.repeat(np.reshape(cost, (-1, 1)), 20, 1), np.zeros((len(EPS_GRID), 20)), np.zeros(()))
    logits = -np.ones((len(EPS_GRID), 20))
    return study.Slice(dataset, "network", seed, "twin", None, np.zeros((20, 1)), logits, np.ones(len(EPS_GRID)), {m: one(m, c) for m, c in costs.items()})


@pytest.mark.parametrize("rate, expected", [(3.0, "reproduced"), (1.0, "not reproduced")])
def test_the_dearest_method(rate, expected):
    all_valid = {method: np.ones((len(EPS_GRID), 20), bool) for method in study.METHODS}
    eps = np.array(EPS_GRID)
    slices = [slice_of({"scfe": 1 + rate * eps, "cchvae": 1 + eps, "growing_spheres": 2 + (2 + 0.01 * seed) * eps}, all_valid, seed) for seed in range(3)]
    found = experiments.dearest(common.Evidence(slices, None))
    assert found[0].reading == "networks, flip, cost gap" and claims.verdict(found[0].effects, most=True) == expected
    assert found[0].effects[0].mean == pytest.approx((rate - 2.01) * eps[1:].mean()), "SCFE's mean growth less growing spheres'"


def test_methods_are_compared_over_the_same_rows():
    valid = {method: np.ones((len(EPS_GRID), 20), bool) for method in study.METHODS}
    valid["scfe"][3, :15] = False
    valid["cchvae"][4, :5] = False
    slices = [slice_of(dict.fromkeys(study.METHODS, np.array(EPS_GRID)), valid)]
    slices[0].recourse["growing_spheres"].cost[4, :5] += 100
    table = experiments.differences(slices, "flip", "cost_gap").loc["adult", 0]
    assert table.loc[EPS_GRID[3]].isna().all(), "five rows are too few"
    assert table.loc[EPS_GRID[4]].to_numpy() == pytest.approx(EPS_GRID[4]), "rows that one method fails count for none"
    assert experiments.leads(experiments.differences(slices, "denied", "displacement"))["adult"] == (0.3, pytest.approx([0]))


def test_chance_is_what_two_searches_differ_by():
    smooth = 2 * np.array(EPS_GRID)
    one, other = (table_of({("adult", "cchvae", seed): smooth + 0.01 * np.random.default_rng([seed, k]).normal(size=len(EPS_GRID))
                            for seed in range(300)}) for k in (0, 1))
    found = experiments.roughness_by_chance(one, other)
    assert found["by chance"][0].mean == pytest.approx(found["roughness"][0].mean, rel=0.1), "noise is all the roughness of a line with noise"
    same = experiments.roughness_by_chance(one, one)
    assert same["by chance"][0].mean == 0


@pytest.mark.parametrize("validity, expected", [(0.0, "reproduced"), (0.02, "not reproduced")])
def test_zero_validity(validity, expected):
    table = table_of({("adult", "scfe", seed): growth(0, seed) for seed in range(5)}, validity=validity)
    findings = experiments.validity_vanishes(evidence_of(table))
    assert {claims.verdict(found.effects) for found in findings} == {expected}


def test_roughness_and_slope_by_hand():
    assert common.roughness([0, 0.02, 0.3], [1, 1.2, 4.0]) == pytest.approx(0), "a line on an uneven grid"
    assert common.roughness([0, 1, 2], [0, 1, 0]) == 1
    assert np.isnan(common.roughness([0, 1, 2], [1, 1, 1])) and np.isnan(common.roughness([0, 1], [0, 1]))
    assert common.slope([0, 0.1, 0.3], [1, 3, 7]) == pytest.approx(2)
    assert common.slope(EPS_GRID, np.full(len(EPS_GRID), 0.3)) == 0


def test_the_counterexamples_are_what_the_paper_would_have_to_explain():
    lower, upper = theorems.scfe_counterexamples()
    assert "distance 1/10, lower bound 1" in lower and "distance 495/101, upper bound 13/22" in upper
    assert "distance 1/2, lower bound 1" in theorems.cchvae_counterexample()
    assert theorems.theorem3_counterexample() and "-0.5" in theorems.lemma1(evidence_of(None))[0].counterexample


def test_a_counterexample_that_breaks_nothing_is_none(monkeypatch):
    monkeypatch.setattr(theorems, "lemma1_printed", lambda *args, **options: 0.5)
    assert theorems.lemma1(evidence_of(None))[0].counterexample == ""
    monkeypatch.setattr(theorems.theory, "theorem3_printed", lambda *args, **options: False)
    assert theorems.theorem3_counterexample() == ""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    run = partial(study.run, ["german"], seeds=[0, 1], jobs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RRLIB_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("RRLIB_DATA", "twin")
        patch.setitem(experiments.FEWER, "cchvae", {"samples": 6})
        slices = run(options=SMALL)
        table, boxed = study.table(slices), study.table(run(options=SMALL, scaling="minmax"))
        few = run(methods=tuple(experiments.FEWER), options=experiments.FEWER)
        yield claims.ledger(common.Evidence(slices, table, few, boxed)), table


def test_the_ledger_follows_from_the_study(small):
    ledger, table = small
    assert list(ledger["id"].unique()) == [claim.id for claim in claims.CLAIMS]
    most = {claim.id: claim.most for claim in claims.CLAIMS}
    for row in ledger.itertuples():
        assert row.verdict == claims.verdict(row.effects, counterexample=row.counterexample, most=most[row.id])
        assert len(row.holds) + len(row.fails) + len(row.undefined) == len(row.effects)
    rows = table[(table["kind"] == "network") & (table["reading"] == "printed") & (table["method"] == "scfe")]
    slopes = [np.polyfit(part["eps"], part["cost"], 1)[0] / 10 for _, part in rows.groupby("seed")]
    effects = ledger[(ledger["id"] == "C1") & (ledger["reading"] == "printed, cost")]["effects"].item()
    assert {effect.case: effect.mean for effect in effects}["German Credit, SCFE"] == pytest.approx(np.mean(slopes))


def test_what_was_not_run_is_open(small):
    ledger, _ = small
    assert set(ledger[ledger["id"] == "S1"]["verdict"]) == {"open"}, "no Adult here"
    iterations = ledger[(ledger["id"] == "C5") & (ledger["reading"] == "networks, the iterations")]["verdict"].item()
    assert iterations != "open"


def test_every_claim_links_to_its_page():
    for claim in claims.CLAIMS:
        text = TEXT / f"{claim.chapter}.md"
        if claim.anchor:
            labels = re.findall(r"^\s+name: (\S+)|^\(([\w-]+)\)=", text.read_text(), re.M)
            assert claim.anchor in {label for pair in labels for label in pair}, f"{claim.id}: no label {claim.anchor} in {text.name}"


def test_the_command_prints_the_ledger(monkeypatch, capsys, small):
    monkeypatch.setattr(claims, "ledger", lambda *args: small[0].copy())
    monkeypatch.setattr(experiments, "gather", lambda: None)
    monkeypatch.setattr("sys.argv", ["claims"])
    claims.main()
    printed = capsys.readouterr().out
    assert all(claim.id in printed for claim in claims.CLAIMS) and "false as printed" in printed
    monkeypatch.setattr("sys.argv", ["claims", "--json"])
    claims.main()
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == len(small[0]) and {"id", "reading", "verdict", "effects"} <= set(rows[0])


def test_no_verdict_is_typed_by_hand():
    words = ("reproduced", "false as printed", '"open"')
    package = Path(claims.__file__).parent
    hits = {path.name: sum(path.read_text().count(word) for word in words) for path in [Path(claims.__file__), *(package / "evidence").glob("*.py")]}
    inside = claims.verdict.__code__.co_consts
    assert {name for name, count in hits.items() if count} == {"claims.py"}
    assert all(word in " ".join(map(str, inside)) for word in ("reproduced", "false as printed"))
    assert not any(word in repr(claims.CLAIMS) for word in words)

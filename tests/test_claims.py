"""The ledger: the rule, what the effects measure, and all of it from a small study."""

import ast
import json
import re
import signal
import subprocess
import sys
from fractions import Fraction
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from rrlib import claims as door
from rrlib import study
from rrlib.audit import (
    claims,
    cost,
    counterexamples,
    experiments,
    leads,
    report,
    rule,
    theorems,
    validity,
)
from rrlib.audit.evidence import Evidence, roughness, slope
from rrlib.data import datasets
from rrlib.models import EPS_GRID, LogisticRegression, vae
from rrlib.recourse import Recourse
from rrlib.study import pieces, results, stored, sweep, tables
from rrlib.study.variations import VARIATIONS

TEXT = Path(__file__).resolve().parents[1] / "book" / "text"
SMALL = {
    "cchvae": {"samples": 60, "max_evals": 3000},
    "growing_spheres": {"samples": 100, "max_evals": 5000},
}
SEEDS = range(10)
OURS = range(1, 6)
"""The numbers of our own claims."""


def verdict(finding, **options):
    """The verdict on one finding."""
    return rule.judge(finding.cases, counterexample=finding.counterexample, **options).verdict


def table_of(curves, kind="network"):
    """A table of the study's form, of one kind of model.

    `curves` is a dict of (dataset, method, seed) -> cost gaps along EPS_GRID. The standard model's
    recourses cost 1, and validity falls by a tenth of the gap.
    """
    table = pd.DataFrame(curves, index=pd.Index(EPS_GRID, name="eps"))
    table = table.unstack().rename_axis(["dataset", "method", "seed", "eps"])
    table = table.rename("cost_gap").reset_index()
    gap = table["cost_gap"]
    table = table.assign(displacement=gap.abs(), cost=1 + gap, cost_common=1 + gap)
    table = table.assign(validity=1 - gap / 10, kind=kind, n=100, n_common=100, one_class=False)
    readings = ("flip", "denied", "printed")
    return pd.concat([table.assign(reading=reading) for reading in readings], ignore_index=True)


def stored_tables(variation):
    """The stored tables of a variation, whatever the source of the data."""
    return {name: stored.read(name, variation) for name in VARIATIONS[variation].tables}


def one_method(curve):
    """A table of SCFE's curves on Adult, from a function of the seed."""
    return table_of({("adult", "scfe", seed): curve(seed) for seed in SEEDS})


def evidence_of(table):
    return Evidence([], {"summary": table})


def growth(rate, seed):
    return rate * np.array(EPS_GRID) + 0.01 * np.random.default_rng(seed).normal(size=len(EPS_GRID))


@pytest.mark.parametrize(
    "rate, expected", [(2.0, "reproduced"), (-2.0, "contradicted"), (0.2, "not reproduced")]
)
def test_both_directions_of_a_claim(rate, expected):
    """A tenth of the standard cost of 1 is a change of 0.1 over the grid, a rate of 1/3."""
    cases = product(study.METHODS, SEEDS)
    curves = {("adult", method, seed): growth(rate, seed) for method, seed in cases}
    evidence = evidence_of(table_of(curves))
    grows = cost.cost_grows(evidence, "network")[0]
    assert verdict(grows) == expected
    per_tenth = pytest.approx(rate / 10, abs=0.01)
    assert grows.effects[0].mean == per_tenth, "the slope is per 0.1 of eps"
    falls = validity.validity_falls(evidence, "network")[0]
    assert verdict(falls) == expected, "here validity falls by a tenth of the cost gap"
    assert falls.effects[0].mean == pytest.approx(rate / 100, abs=0.001)
    assert falls.cases[0].smallest == pytest.approx(0.05 / 3), "five points over the grid"
    less = validity.standard_is_more_valid(evidence)[0]
    assert less.cases[0].smallest == 0.05 and less.effects[0].mean == pytest.approx(
        0.015 * rate, abs=0.003
    )


def test_a_subset_is_named():
    rates = {"scfe": 2.0, "cchvae": -2.0, "growing_spheres": 2.0}
    cases = product(rates, SEEDS)
    curves = {("adult", method, seed): growth(rates[method], seed) for method, seed in cases}
    answer = report.answer(cost.cost_grows(evidence_of(table_of(curves)), "network"))
    assert answer.loc["flip, cost gap", ["in favour", "others", "verdict"]].tolist() == [
        "2 of 3: Adult (SCFE, growing spheres)",
        "1 against",
        "in 2 of 3 cases",
    ]


TESTS = {
    "C1": lambda evidence: cost.cost_grows(evidence, "network"),
    "C3": cost.smoother,
    "V1": lambda evidence: validity.validity_falls(evidence, "network"),
    "V3": validity.validity_vanishes,
    "V4": validity.stronger_for_networks,
    "V5": validity.standard_is_more_valid,
}


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
def test_certified_networks_stand_below(test):
    """They are asked for themselves, and change nothing about the paper's own setting."""
    cases = list(product(study.METHODS, SEEDS))
    parts = {}
    for kind, rate in (("network", 2.0), ("logistic", 1.0), ("certified", -3.0)):
        curves = {
            ("adult", method, seed): growth(rate, [seed, len(method)]) for method, seed in cases
        }
        parts[kind] = table_of(curves, kind)
    paper = pd.concat([parts["network"], parts["logistic"]], ignore_index=True)
    every = pd.concat([paper, parts["certified"]], ignore_index=True)
    usual, both = test(Evidence([], {"summary": paper})), test(Evidence([], {"summary": every}))
    settings = [(one.reading, one.setting) for one in usual]
    assert [one for one in both if "certified" not in one.reading] == usual
    certified = [one for one in both if "certified networks, " in one.reading]
    assert len(certified) * (2 if test is cost.smoother else 1) == len(usual)
    assert not any(one.setting for one in certified) and any(setting for _, setting in settings)
    assert certified[0].effects[0].mean != usual[0].effects[0].mean


def test_thin_means_are_left_out():
    table = one_method(lambda seed: growth(2.0, seed))
    table.loc[(table["eps"] > 0.02) & (table["seed"] == 3), "n_common"] = experiments.SOME - 1
    gap = cost.cost_grows(evidence_of(table), "network")[0]
    mean = gap.effects[0].mean
    assert np.isnan(mean), "a seed with two points has no slope, so the case has no interval"


def test_all_seeds_speak_of_the_same_radii():
    large = np.array(EPS_GRID) > 0.2
    table = one_method(lambda seed: np.where(large, 50, growth(2.0, seed)))
    table.loc[(table["eps"] > 0.2) & (table["seed"] == 3), "n_common"] = experiments.SOME - 1
    gap = cost.cost_grows(evidence_of(table), "network")[0]
    expected = pytest.approx(0.2, abs=0.02)
    assert gap.effects[0].mean == expected, "the radii that one seed lacks count for none"


def test_smoothness_and_order():
    smooth = 2 * np.array(EPS_GRID)
    rough = 1.5 * np.array(EPS_GRID) + 0.1 * (np.arange(len(EPS_GRID)) % 2)
    curves = {}
    for method, seed in product(study.METHODS, SEEDS):
        noise = 1e-3 * np.random.default_rng(seed).normal(size=len(EPS_GRID))
        curves["adult", method, seed] = noise + (smooth if method == "scfe" else rough)
    evidence = evidence_of(table_of(curves))
    assert verdict(cost.smoother(evidence)[0]) == "reproduced"
    other = {"scfe": "cchvae", "cchvae": "scfe", "growing_spheres": "growing_spheres"}
    swapped = {("adult", other[method], seed): gaps for (_, method, seed), gaps in curves.items()}
    found = cost.smoother(evidence_of(table_of(swapped)))[0]
    assert verdict(found) == "contradicted"


def slice_of(costs, valid, seed=0, dataset="adult"):
    """A slice of the study's form with 20 rows.

    `costs` is a dict of method -> costs (E,), the same for all rows, and `valid` one of
    method -> valid (E, n).
    """
    shape = len(EPS_GRID), 20
    recourse = {}
    for method, each in costs.items():
        cost = np.repeat(np.reshape(each, (-1, 1)), 20, 1)
        n_evals, radius = np.zeros(shape), np.zeros(())
        recourse[method] = Recourse(cost[..., None], valid[method], cost, n_evals, radius)
    X, logits, accuracy = np.zeros((20, 1)), -np.ones(shape), np.ones(len(EPS_GRID))
    named = dataset, "network", seed, "twin", "standard", None
    return study.Slice(*named, X, None, logits, accuracy, recourse)


STEEP = LogisticRegression(
    torch.ones(len(EPS_GRID), 1), torch.zeros(len(EPS_GRID)), torch.tensor(EPS_GRID)
)


@pytest.mark.parametrize("rate, expected", [(3.0, "reproduced"), (1.0, "contradicted")])
def test_the_dearest_method(rate, expected):
    all_valid = {method: np.ones((len(EPS_GRID), 20), bool) for method in study.METHODS}
    eps = np.array(EPS_GRID)
    slices = []
    for seed in SEEDS:
        costs = {"scfe": 1 + rate * eps, "cchvae": 1 + eps}
        costs["growing_spheres"] = 2 + (2 + 0.01 * seed) * eps
        slices.append(slice_of(costs, all_valid, seed)._replace(model=STEEP))
    table = results.all_differences(slices)
    gap = cost.dearest(Evidence(slices, {"summary": study.table(slices), "differences": table}))[0]
    assert gap.reading == "networks, flip, cost gap"
    assert verdict(gap, most=True) == expected
    lead = pytest.approx((rate - 2.02) * eps[1:].mean())
    assert gap.effects[0].mean == lead, "SCFE's mean growth less growing spheres'"
    assert gap.cases[0].smallest == pytest.approx(0.1), "a tenth of what SCFE costs at eps = 0"


def test_methods_are_compared_over_the_same_rows():
    valid = {method: np.ones((len(EPS_GRID), 20), bool) for method in study.METHODS}
    valid["scfe"][3, :15] = False
    valid["cchvae"][4, :5] = False
    slices = [slice_of(dict.fromkeys(study.METHODS, np.array(EPS_GRID)), valid)]
    slices[0].recourse["growing_spheres"].cost[4, :5] += 100
    table = leads.differences(slices, "flip", "cost_gap").loc["adult", 0]
    assert table.loc[EPS_GRID[3]].isna().all(), "five rows are too few"
    means = table.loc[EPS_GRID[4]].to_numpy()
    assert means == pytest.approx(EPS_GRID[4]), "rows that one method fails count for none"
    found = leads.leads(leads.differences(slices, "denied", "displacement"))
    assert found["adult"] == (0.3, {0: pytest.approx(0)})


def test_chance_is_what_two_searches_differ_by():
    smooth = 2 * np.array(EPS_GRID)
    tables = []
    for k in (0, 1):
        curves = {}
        for seed in range(300):
            noise = 0.01 * np.random.default_rng([seed, k]).normal(size=len(EPS_GRID))
            curves["adult", "cchvae", seed] = smooth + noise
        tables.append(table_of(curves))
    one, other = tables
    found = cost.roughness_by_chance(one, other)
    all_of_it = pytest.approx(found["roughness"][0].mean, rel=0.1)
    by_chance = found["by chance"][0].mean
    assert by_chance == all_of_it, "noise is all the roughness of a line with noise"
    same = cost.roughness_by_chance(one, one)
    assert same["by chance"][0].mean == 0


@pytest.mark.parametrize("share, expected", [(0.0, "reproduced"), (0.02, "contradicted")])
def test_zero_validity(share, expected):
    table = one_method(lambda seed: growth(0, seed)).assign(validity=share)
    findings = validity.validity_vanishes(evidence_of(table))
    assert {verdict(found) for found in findings} == {expected}


def test_roughness_and_slope_by_hand():
    assert roughness([0, 0.02, 0.3], [1, 1.2, 4.0]) == pytest.approx(0), "a line on an uneven grid"
    assert roughness([0, 1, 2], [0, 1, 0]) == 1
    assert np.isnan(roughness([0, 1, 2], [1, 1, 1])) and np.isnan(roughness([0, 1], [0, 1]))
    assert slope([0, 0.1, 0.3], [1, 3, 7]) == pytest.approx(2)
    assert slope(EPS_GRID, np.full(len(EPS_GRID), 0.3)) == 0


def test_the_counterexamples_are_what_the_paper_would_have_to_explain():
    lower, upper = counterexamples.scfe_counterexamples()
    assert lower == "w = 1 and 2, m = 2 and 5/2, lambda = 1: distance 0, lower bound 3/4"
    text = "w = 1 and 1/10, m = 22 and 4, lambda = 1/1000: distance 14400/1001, upper bound "
    assert upper == f"{text}2011/1011010", "1/1001 + 1/1010"
    latent = "slopes 1 and 1/2, radii 1 and 2: distance 1/2, lower bound 1"
    assert counterexamples.cchvae_counterexample() == latent
    same = "w = 1 and 2, x' = 1 for both: the condition holds at 0, but 1 < 2"
    assert counterexamples.theorem3_counterexample() == same, "m = 4 and 5, gains 1/2 and 2/5"
    assert "-0.5" in theorems.lemma1(evidence_of(None))[0].counterexample


def test_a_counterexample_that_breaks_nothing_is_none(monkeypatch):
    monkeypatch.setattr(theorems, "lemma1_printed", lambda *args, **options: 0.5)
    assert theorems.lemma1(evidence_of(None))[0].counterexample == ""
    monkeypatch.setattr(counterexamples, "theorem3_printed", lambda *args, **options: False)
    assert counterexamples.theorem3_counterexample() == ""
    holds = Fraction(1), Fraction(2), Fraction(2), Fraction(2)
    monkeypatch.setattr(counterexamples, "theorem1_by_reading", lambda *given: broken)
    for bounds in (holds, (Fraction(3), Fraction(2), Fraction(1), Fraction(2))):
        broken = {"minimiser, m at x": (Fraction(3), Fraction(2), Fraction(1), Fraction(1))}
        broken["another"] = bounds
        lower, upper = counterexamples.scfe_counterexamples()
        assert upper == "", "the larger of both upper bounds is met in the other reading"
        assert (lower == "") == (bounds is holds)


def fit_vae(name, seed, stamp):
    """Fit a VAE in a few steps: the ledger follows from whatever the study has found."""
    return vae.fit_vae(datasets.load(name, seed=seed).X_train, seed=seed, steps=100)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    run = partial(study.run, ["german"], seeds=[0, 1], jobs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RRLIB_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("RRLIB_DATA", "twin")
        patch.setattr(pieces, "fit_vae", fit_vae)
        slices = run(options=SMALL)
        usual = tables.made("paper", slices)
        boxed = tables.made("minmax", run(options=SMALL, scaling="minmax"))
        few = run(options={"cchvae": {"samples": 6}, "growing_spheres": {"samples": 100}})
        batches = {"cchvae": 6, "growing_spheres": 100}
        fewer = {
            "summary": study.table(few),
            "differences": results.all_differences(few),
            "batches": study.more_batches(slices, few, batches),
        }
        yield claims.ledger(Evidence(slices, usual, boxed, fewer)), usual["summary"]


def test_the_ledger_follows_from_the_study(small):
    ledger, table = small
    assert list(ledger["id"].unique()) == [claim.id for claim in claims.CLAIMS]
    most = {claim.id: claim.most for claim in claims.CLAIMS}
    for row in ledger.itertuples():
        options = {"counterexample": row.counterexample, "most": most[row.id]}
        assert row.verdict == rule.judge(row.cases, **options).verdict
    look = claims.in_one_look(ledger)
    assert list(look["id"]) == [claim.id for claim in claims.CLAIMS]
    refuted = set(look[look["verdict"] == "false as printed"]["id"])
    assert refuted == {"T1", "T2", "L1", "T3", "A1"}
    assert set(look[~look["id"].isin(refuted)]["verdict"]) == {"undecided"}, "two seeds explore"
    rows = table.query("kind == 'network' and reading == 'printed' and method == 'scfe'")
    slopes = [np.polyfit(part["eps"], part["cost"], 1)[0] / 10 for _, part in rows.groupby("seed")]
    (row,) = ledger.query("id == 'C1' and reading == 'printed, cost'").itertuples()
    means = {case.name: case.explored.mean for case in row.cases}
    assert means["German Credit, SCFE"] == pytest.approx(np.mean(slopes))


def test_what_was_not_run_is_undecided(small):
    ledger, _ = small
    (row,) = ledger[ledger["id"] == "S1"].itertuples()
    assert (row.verdict, row.cases) == ("undecided", []), "no Adult here"
    (row,) = ledger.query("id == 'C5' and reading == 'networks, the iterations'").itertuples()
    assert row.cases and report.count(row.cases, row)[-1] == "confirming seeds not run"


def test_every_claim_has_its_own_setting(small):
    """Each claim has readings that count; under min-max scaling those of the summary's claims."""
    ledger, _ = small
    own = ledger[ledger["setting"] != ""].groupby("setting")["id"].agg(set)
    without_adult = {"S1"}
    assert own["standardised"] == set(claims.STATEMENTS) - without_adult
    two_scalings = {"C1", "C2", "C3", "C4", "V1", "V2", "V3", "V4", "V5", "R1", "F1"}
    assert own["min-max"] == two_scalings, "C5 was not run, and S1 has no Adult"
    named = set(ledger[ledger["reading"].str.startswith(experiments.BOXED)]["setting"])
    assert named == {"", "min-max"}


def labels(chapter):
    """The labels of the figures and sections of a chapter."""
    text = (TEXT / f"{chapter}.md").read_text()
    pairs = re.findall(r"^\s+name: (\S+)|^\(([\w-]+)\)=", text, re.M)
    return {label for pair in pairs for label in pair if label}


def test_every_claim_links_to_its_page():
    for claim in claims.CLAIMS:
        known = labels(claim.chapter)
        if claim.anchor:
            assert claim.anchor in known, f"{claim.id}: no label {claim.anchor}"


def test_our_claims_link_to_their_page_and_speak_of_their_cases_alone():
    ours = claims.own_ledger(stored_tables("equal"))
    assert list(ours["id"]) == [f"O{k}" for k in OURS]
    for row in ours.itertuples():
        assert row.anchor in labels(row.chapter)
        names = [case.name for case in row.cases]
        assert names and all(row.statement.split(",")[0] == name.split(",")[0] for name in names)
        assert all(set(case.confirming) == set(range(10, 15)) for case in row.cases)


def test_every_claim_has_one_statement():
    assert [claim.id for claim in claims.CLAIMS] == list(claims.STATEMENTS)


def test_the_command_prints_the_ledger(monkeypatch, capsys, small):
    monkeypatch.setattr(claims, "ledger", lambda *args: small[0].copy())
    monkeypatch.setattr(experiments, "gather", lambda: None)
    monkeypatch.setattr(experiments, "variation", stored_tables)
    monkeypatch.setattr("sys.argv", ["claims"])
    door.main()
    printed = capsys.readouterr().out
    papers, ours = printed.split("\nOurs, judged on seeds 10 to 14:\n")
    assert all(claim.id in papers for claim in claims.CLAIMS) and "false as printed" in papers
    assert [line[:2] for line in ours.splitlines() if line[0] == "O"] == [f"O{k}" for k in OURS]
    assert "confirming seeds not run" in printed and "[standardised]" in printed
    monkeypatch.setattr("sys.argv", ["claims", "--json"])
    door.main()
    rows = json.loads(capsys.readouterr().out)
    fields = {"id", "reading", "setting", "verdict", "claim verdict", "effects"}
    assert len(rows) == len(small[0]) + len(OURS) and fields <= set(rows[0]) & set(rows[-1])
    assert [row["whose"] for row in rows] == ["the paper"] * len(small[0]) + ["ours"] * len(OURS)
    assert rows[-1]["claim verdict"] == rows[-1]["verdict"]
    rows = rows[: -len(OURS)]
    effects = [effect for row in rows for effect in row["effects"]]
    assert {"case", "mean", "low", "high", "smallest", "seeds"} <= set(effects[0])
    assert all(set(effect["seeds"]) == {"0", "1"} for effect in effects)


def test_who_waits_is_told_what_is_computed_and_where_it_is_stored(monkeypatch, tmp_path):
    monkeypatch.setenv("RRLIB_CACHE", str(tmp_path))
    said = experiments.announce()
    assert said.startswith("Computing 30 of the 30 slices") and str(tmp_path) in said
    asked = []
    monkeypatch.setattr(pieces, "is_stored", lambda setting, *rest: asked.append(setting) or True)
    assert experiments.announce().startswith(f"The study is stored in {tmp_path};")
    run = []
    monkeypatch.setattr(sweep, "is_stored", lambda setting, *rest: run.append(setting) or True)
    monkeypatch.setattr(sweep, "assemble", lambda *rest: None)
    study.run()
    assert asked == run, "these are the slices that the study then asks for"


def test_what_json_cannot_say_is_null():
    numbers = [1, float("nan"), float("inf"), -float("inf")]
    assert [report.known(number) for number in numbers] == [1.0, None, None, None]


def test_no_verdict_is_typed_by_hand():
    words = ("reproduced", "false as printed", "contradicted", "undecided", "depends on")
    home = Path(rule.__file__)
    files = [Path(door.__file__), *home.parent.glob("*.py")]
    hits = {path.name for path in files if any(word in _code(path) for word in words)}
    assert hits == {"rule.py", "page.py"}, "the page has a colour for each, and says none"
    assert not any(word in repr((claims.CLAIMS, claims.STATEMENTS)) for word in words)


def _code(path):
    """The code of a file without its docstrings."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""
    return ast.unparse(tree)


@pytest.mark.slow
def test_a_reader_may_stop_before_the_ledger_ends():
    call = [sys.executable, "-m", "rrlib.claims", "--help"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(call, **pipes) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == -signal.SIGPIPE

"""Equal acceptance, the four parts and who pays, on models of one feature made by hand."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from rrlib import study
from rrlib.audit import own
from rrlib.audit.evidence import LATER, Case
from rrlib.audit.own import own_claims
from rrlib.audit.parts import four_parts, over_seeds
from rrlib.models import LogisticRegression, Network
from rrlib.models.family import EPS_GRID
from rrlib.study import equal
from rrlib.study.acceptance import acceptance
from rrlib.study.parts import COLUMNS, parts
from rrlib.study.payers import payers

E = len(EPS_GRID)
EMPTY = study.Slice(*[None] * len(study.Slice._fields))


def about(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


def linear(at, slope):
    """Linear models of one feature, favourable from `at` on."""
    at, slope = (torch.as_tensor(np.array(each, dtype=float)) for each in (at, slope))
    return LogisticRegression(slope[:, None], -at * slope, torch.as_tensor(EPS_GRID))


@pytest.fixture
def one(monkeypatch):
    """The standard boundary is at 0, the robust ones at 2 with half the slope.

    Of ten training rows, -4.5 to 4.5, the first denies five and the others seven.
    """
    rows = np.repeat([-1.0, 1.0, 3.0], [20, 12, 3])[:, None]
    labels = np.repeat([0, 1], [20, 15])
    data = SimpleNamespace(
        X_train=np.arange(-4.5, 5)[:, None],
        y_train=np.repeat([0, 1], 5),
        X_test=rows,
        y_test=labels,
        feature_names=("hours per week",),
        scale=np.array([5.0]),
        groups_test=pd.DataFrame({"sex": ["many"] * 31 + ["few"] * 4}),
    )
    for module in ("equal", "acceptance", "parts", "payers"):
        monkeypatch.setattr(f"rrlib.study.{module}.datasets.load", lambda name, **how: data)
    model = linear([0] + [2] * (E - 1), [1] + [0.5] * (E - 1))
    made = EMPTY._replace(dataset="adult", kind="logistic", seed=3, scaling="standard")
    return made._replace(model=model, X=rows, y=labels, logits=model(rows).numpy())


def test_a_threshold_lies_between_two_logits():
    logits = np.array([3.0, 0.0, 1.0, 2.0])
    assert equal.threshold_at(logits, 0.5) == 1.5
    assert equal.threshold_at(logits, 0.3) == 0.5, "a quarter is nearer than a half"
    assert equal.threshold_at(logits, 0.99) == 2.5, "but never all"
    assert equal.threshold_at(np.array([0.0, 0.0, 0.0, 1.0]), 0.4) == 0.5, "three are tied"
    for share in (0.0, 1.0):
        assert np.isnan(equal.threshold_at(logits, share))
    assert np.isnan(equal.threshold_at(np.zeros(4), 0.5)), "a constant has none"


def test_shifted_and_divided_families():
    """Both change all logits alike, of either family, and leave the gradient's direction."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5, 2))
    W1, b1, w2, b2 = (torch.as_tensor(rng.normal(size=s)) for s in ((2, 3, 2), (2, 3), (2, 3), 2))
    eps = torch.zeros(2).double()
    for model in (Network(W1, b1, w2, b2, eps), LogisticRegression(W1[:, 0], b2, eps)):
        before = model(X).numpy()
        moved = equal.shift(model, np.array([1.0, -2.0]))(X).numpy()
        assert moved == about(before - [[1.0], [-2.0]])
        smaller = equal.divide(model, np.array([2.0, 4.0]))(X).numpy()
        assert smaller == about(before / [[2.0], [4.0]])


def test_thresholds_of_a_slice(one):
    found = equal.thresholds(one)
    own, same, rate = found.threshold
    assert own.tolist() == [0.0] * E
    assert same.tolist() == about([0.0] + [-1.0] * (E - 1)), "the boundary is back at 0"
    assert rate.tolist() == about([0.0] + [2.0] * (E - 1))
    assert found.denied[0].tolist() == about([0.5] + [0.7] * (E - 1))
    assert found.denied[1].tolist() == about([0.5] * E)
    assert found.denied[2].tolist() == about([0.5] + [0.7] * (E - 1))
    boundary = -(found.family.b / found.family.w[:, 0]).numpy()
    assert boundary.reshape(3, E)[:, -1].tolist() == about([2.0, 0.0, 2.0])


def test_a_constant_has_no_threshold(one):
    flat = one.model._replace(w=one.model.w.clone(), b=one.model.b.clone())
    flat.w[-1], flat.b[-1] = 0.0, 1.0
    found = equal.thresholds(one._replace(model=flat))
    assert np.isnan(found.threshold[1:, -1]).all() and np.isnan(found.denied[1:, -1]).all()
    table = parts([one._replace(model=flat)])
    last = table[(table["eps"] == 0.3)]
    assert (last["n"] == 0).all() and last["standard"].isna().all()
    assert list(table)[3:] == list(COLUMNS)


def test_least_costs_of_linear_models():
    model = linear([0, 2, 0], [1, 0.5, 0])._replace(b=torch.tensor([0.0, -1.0, -1.0]).double())
    cost, valid = equal.least_cost(model, np.array([[-1.0], [3.0]]), max_cost=2.5, seed=0)
    assert cost.tolist() == [[1.0, 0.0], [3.0, 0.0], [np.inf, np.inf]]
    assert valid.tolist() == [[True, True], [False, True], [False, False]]


def test_the_parts_of_a_rise(one):
    """Twenty people pay 1, and 3 at the robust bar; twelve more are denied there and pay 1."""
    table = parts([one])
    least, scfe = (table[table["measure"] == name].iloc[-1] for name in ("least", "scfe"))
    assert (least["before"], least["after"], least["apart"]) == about((1.0, 2.25, 0.0))
    same = least[["n", "standard", "rate", "equal", "robust", "raw", "raw_robust", "error"]]
    assert same.tolist() == about([20, 1, 3, 1, 3, 1, 3, 0])
    assert least[["gain", "lose", "gain_equal", "lose_equal"]].tolist() == [0, 1, 0, 0]
    raw = 2 / 1.01, (1 + 1.5) * 0.5 / (0.01 + 0.25)
    assert (scfe["raw"], scfe["raw_robust"]) == about(raw)
    assert (scfe["standard"], scfe["robust"]) == about((2 / 1.01, 4 / 1.01)), "at unit slope"
    split = four_parts(table.assign(n=40))
    row = split[split["measure"] == "least"].iloc[-1]
    named = ["total", "threshold", "geometry", "composition", "scale"]
    assert row[named].tolist() == about([1.25, 2.0, 0.0, -0.75, 0.0])
    row = split[split["measure"] == "scfe"].iloc[-1]
    assert row["scale"] == about(raw[1] - raw[0] - 2 / 1.01)
    assert row[named[1:]].sum() == about(row["total"])


def test_what_counts(one):
    table = parts([one])
    assert not four_parts(table)["counts"].any(), "twenty people are too few"
    assert four_parts(table.assign(n=30))["counts"].all()
    assert not four_parts(table.assign(n=30, apart=0.011))["counts"].any()
    many = pd.concat([table.assign(n=30, seed=seed) for seed in range(2)])
    found = over_seeds(four_parts(many), (0, 1), ["total"])
    assert (found["counted"] == 2).all() and found["low"].notna().all()
    many.loc[many["seed"] == 1, "n"] = 29
    found = over_seeds(four_parts(many), (0, 1), ["total"])
    assert (found["counted"] == 1).all() and found["mean"].isna().all()


def test_what_lender_and_applicant_get(one, monkeypatch):
    actions = {("adult", "hours per week"): 5.0, ("german", "duration"): -12.0}
    monkeypatch.setattr("rrlib.study.acceptance.ACTIONS", actions)
    table = acceptance([one]).set_index(["threshold", "eps"])
    standard, robust = table.loc["own", 0.0], table.loc["own", 0.3]
    assert standard[["denied_train", "denied"]].tolist() == about([0.5, 20 / 35])
    assert robust[["denied", "accuracy"]].tolist() == about([32 / 35, 23 / 35])
    assert robust[["false_yes", "true_yes", "favourable"]].tolist() == about([0, 3 / 15, 15 / 35])
    assert robust[["n", "validity", "mean", "median"]].tolist() == about([32, 1, 2.25, 3])
    assert robust["burden"] == about(12 / 15), "three are accepted and pay nothing"
    assert standard["hours per week"] == 1.0, "five hours are one unit"
    assert robust["hours per week"] == about(12 / 32)
    assert np.isnan(robust["duration"]), "no such action for this dataset"
    same = table.loc["equal", 0.3]
    assert same[["logit", "denied_train", "denied"]].tolist() == about([-1, 0.5, 20 / 35])
    assert standard["robust"] == 1.0 and robust["held"] == 1.0


def test_who_pays(one):
    table = payers([one])
    assert set(zip(table["by"], table["group"])) == {("all", "all"), ("sex", "many")}
    row = table.query("by == 'sex' and eps == 0.3 and threshold == 'own'").iloc[0]
    assert row[["n", "denied", "cost", "same", "change"]].tolist() == about(
        [31, 1.0, (20 * 3 + 11) / 31, 20, 2.0]
    )
    assert row["burden"] == about(1.0), "eleven favourable people, each at 1"
    row = table.query("by == 'all' and eps == 0.3 and threshold == 'equal'").iloc[0]
    assert row[["denied", "cost", "change"]].tolist() == about([20 / 35, 1.0, 0.0])


def test_our_claims_are_confirmed_on_other_seeds(one):
    case = Case("", dict.fromkeys(range(10), 1.0), 0.5, LATER)
    assert np.isnan(case.confirmed.low) and case.explored.low == 1.0
    row = parts([one])
    row = row[(row["measure"] == "least") & (row["eps"] == 0.2)].assign(n=30)
    table = pd.concat([row.assign(seed=seed) for seed in (*range(5), *LATER)], ignore_index=True)
    first = own_claims({"parts": table})[0]
    (case,) = first.cases
    assert case.values == dict.fromkeys((*range(5), *LATER), about(1.0)), "2 less half of 2"
    assert case.smallest == about(0.1) and case.confirming == LATER
    table.loc[table["seed"] == 12, "n"] = 10
    counted = own_claims({"parts": table})[0].cases[0]
    assert np.isnan(counted.values[12]), "a seed that does not count"


def test_a_claim_about_people_has_a_smallest_effect_of_its_own():
    seeds = (*range(5), *LATER)
    rows = pd.DataFrame({"dataset": "adult", "kind": "logistic", "eps": 0.2, "seed": seeds})
    rows["held"] = 0.01 * rows["seed"]
    chosen = [("adult", "logistic", 0.2)]
    (case,) = own._cases(rows, chosen, lambda part: part["held"] - 0.5, 0.05)
    assert case.values == {seed: about(0.01 * seed - 0.5) for seed in seeds}
    assert case.smallest == 0.05 and case.name == "Adult, logistic regression, eps 0.2"
    twice = pd.concat([rows.assign(threshold=threshold) for threshold in ("own", "equal")])
    with pytest.raises(ValueError, match="adult, logistic, eps 0.2: a seed has more than one row"):
        own._cases(twice, chosen, lambda part: part["held"], 0.05)

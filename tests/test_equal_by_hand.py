"""Equal acceptance, the four parts and who pays, on models of one feature made by hand."""

from itertools import product
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
from rrlib.study import acceptance as acceptance_room
from rrlib.study import equal
from rrlib.study import parts as parts_room
from rrlib.study import payers as payers_room
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

    def load(name, *, seed, scaling):
        assert (name, seed, scaling) == ("adult", 3, "standard"), "the split of the slice"
        return data

    for module in ("equal", "acceptance", "parts", "payers"):
        monkeypatch.setattr(f"rrlib.study.{module}.datasets.load", load)
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


def test_the_standard_model_keeps_its_own_threshold(one):
    """Denied below 0.2, five of ten; the middle of the gap would be at 0."""
    found = equal.thresholds(one._replace(model=linear([0.2] + [2] * (E - 1), [1] * E)))
    assert found.threshold[:, 0].tolist() == [0, 0, 0]


@pytest.fixture
def at_the_bar(one):
    """Training and searched rows stand at a logit of 0: at 0.5 of the first, at 1 of the others."""
    return lambda at: one._replace(model=linear([at] + [2] * (E - 1), [1] * E))


def test_a_training_row_at_the_bar_is_accepted(at_the_bar):
    assert equal.thresholds(at_the_bar(0.5)).denied[0, 0] == 0.5


@pytest.fixture
def hours(monkeypatch):
    """The one feature of these tables is hours per week."""
    actions = {("adult", "hours per week"): 5.0, ("german", "duration"): -12.0}
    monkeypatch.setattr("rrlib.study.acceptance.ACTIONS", actions)


def test_a_test_row_at_the_bar_is_accepted(at_the_bar, hours):
    table = acceptance([at_the_bar(1.0)])
    assert table["denied"][0] == about(20 / 35)


def test_whoever_is_at_the_bar_pays_nothing_and_is_not_among_the_denied(at_the_bar):
    table = parts([at_the_bar(1.0)])
    assert table["before"][0] == about(2.0)
    row = payers([at_the_bar(1.0)]).iloc[0]
    assert (row["denied"], row["cost"]) == about((20 / 35, 2.0))


def test_a_shifted_family_keeps_its_precision():
    model = linear([0.0], [1.0])
    single = LogisticRegression(*(part.float() for part in model))
    assert equal.shift(single, np.array([0.1])).b.dtype == torch.float32


def test_two_slices_have_one_numbering(one, hours):
    for table in (acceptance([one, one]), parts([one, one]), payers([one, one])):
        assert table.index.tolist() == [*range(len(table))]


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


def test_a_recourse_of_just_the_largest_cost_counts():
    _, valid = equal.least_cost(linear([0.0], [1.0]), [[-2.5]], max_cost=2.5, seed=0)
    assert valid.tolist() == [[True]]


def test_least_costs_of_networks():
    """One unit, favourable from 0 on, whose slope falls off: spheres go to the boundary itself."""
    parts = [[[1.0]]], [[0.0]], [[4.0]], [-2.0], [0.0]
    model = Network(*(torch.tensor(part).double() for part in parts))
    cost, valid = equal.least_cost(model, [[-1.0], [1.0], [-3.0]], max_cost=2, seed=0)
    assert cost[0, :2].tolist() == pytest.approx([1.0, 0.0], abs=0.02), "whoever has a yes: nothing"
    assert valid.tolist() == [[True, True, False]]


def costs(lacks):
    """Costs of 1 for each of twelve people under two models; some lack a model's recourse."""
    denied = np.ones((3, 2, 12), bool)
    for person, at, e in lacks:
        denied[at, e, person] = False
    return parts_room._Costs(np.ones((3, 2, 12)), denied, np.ones((3, 2, 12), bool))


def test_the_same_people_have_a_recourse_under_all_four_models():
    """The standard one; the same at the rate; the robust one at equal acceptance; the same."""
    four = [(0, 0, 0), (1, 2, 1), (2, 1, 1), (3, 0, 1)]
    others = [(4, 1, 0), (5, 2, 0)]
    assert (~costs(four + others).same(1)).nonzero()[0].tolist() == [0, 1, 2, 3]


def test_whoever_is_accepted_is_not_among_those_who_are_helped():
    valid, denied = np.ones((3, 1, 2), bool), np.ones((3, 1, 2), bool)
    denied[0, 0, 1] = False
    assert parts_room._Costs(np.zeros(6), valid, denied).helped[0].tolist() == [[True, False]]


def part_of(monkeypatch, raw, even, train):
    monkeypatch.setattr(parts_room, "EPS_GRID", (0.0, 0.1))
    one = EMPTY._replace(dataset="adult", kind="logistic", seed=3)
    return parts_room._part(one, "scfe", np.array(train), raw, even).iloc[0]


def test_the_same_people_have_a_recourse_on_either_scale(monkeypatch):
    raw, even = costs([(0, 0, 0)]), costs([(1, 0, 1)])
    row = part_of(monkeypatch, raw, even, [[0.5, 0.7], [0.5, 0.5], [0.5, 0.7]])
    assert row["n"] == 10 and row["standard"] == 1.0


@pytest.mark.parametrize("equal, rate", [(0.46, 0.7), (0.54, 0.7), (0.5, 0.66), (0.5, 0.74)])
def test_shares_apart_in_either_direction_count(monkeypatch, equal, rate):
    """The standard model denies a half and the robust one 0.7 of the training rows."""
    row = part_of(monkeypatch, costs([]), costs([]), [[0.5, 0.7], [0.5, equal], [0.5, rate]])
    assert row["apart"] == about(0.04)


def test_the_error_of_a_rise_is_the_standard_error_of_its_mean():
    """Two people pay 1 and 3 more: the deviation is the root of 2, and its error 1."""
    path = np.array([[5.0, 5.0], [9.0, 9.0], [7.0, 7.0], [6.0, 8.0]])
    found = parts_room._means(path, path)
    assert found["error"] == about(1.0)
    assert [found[role] for role in parts_room.ROLES] == [5, 9, 7, 7]


def test_a_change_of_just_a_tenth_is_neither_gain_nor_loss():
    """Of 10 in the mean: the four change by -2, -1, 1 and 2."""
    path = np.full((4, 4), 10.0)
    path[3] += [-2, -1, 1, 2]
    found = parts_room._means(path, path)
    assert (found["gain"], found["lose"]) == (0.25, 0.25)


def test_scfe_beyond_the_cap_is_no_recourse(one):
    """Towards a logit of 1, at the weight 0.01: (1 + 9) / 1.01 from -9, and 11 / 1.01 from -10."""
    model = linear([0] * E, [1] * E)
    cost, valid = parts_room._scfe(one._replace(X=np.array([[-9.0], [-10.0]])), model)
    assert cost[0].tolist() == about([10 / 1.01, 11 / 1.01])
    assert valid[0].tolist() == [True, False]


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


def test_the_four_parts_of_a_rise_by_hand():
    """It is 3, while the same people pay 0.5 less, and on even terms 3 more."""
    costs = {"before": 2.0, "after": 5.0, "raw": 3.0, "raw_robust": 2.5}
    costs |= {"standard": 4.0, "rate": 6.0, "equal": 4.2, "robust": 7.0}
    names = {"dataset": "adult", "kind": "network", "seed": 1, "eps": 0.1, "measure": "scfe"}
    known = {"n": 30, "apart": 0.01, "error": 0.5}
    row = four_parts(pd.DataFrame([names | known | costs])).iloc[0].to_dict()
    assert {name: row.pop(name) for name in names} == names
    assert row == {
        "n": 30,
        "error": 0.5,
        "counts": True,
        "total": about(3.0),
        "composition": about(3.5),
        "scale": about(-3.5),
        "threshold, robust": about(2.8),
        "geometry, robust": about(0.2),
        "threshold, standard": about(2.0),
        "geometry, standard": about(1.0),
        "threshold": about(2.4),
        "geometry": about(0.6),
    }


def test_a_rise_and_its_four_parts_are_shown_if_nothing_is_said(one):
    found = over_seeds(four_parts(parts([one])), (3,))
    assert [*found["part"].unique()] == ["total", "threshold", "geometry", "composition", "scale"]


def test_a_rise_over_seeds_takes_in_those_that_are_asked_for():
    """1 and 3 of the seeds 0 and 1: the mean is 2, and the t interval 19.06 standard errors."""
    names = {"dataset": "adult", "kind": "network", "eps": 0.1, "measure": "least"}
    rows = [names | {"seed": seed, "counts": True, "total": 2.0 * seed + 1} for seed in range(3)]
    (row,) = over_seeds(pd.DataFrame(rows), (0, 1), ["total"]).to_dict("records")
    half = 12.7062047362 * np.sqrt(2) * np.sqrt(0.75)
    found = {"part": "total", "mean": about(2.0), "counted": 2}
    assert row == names | found | {"low": about(2 - half), "high": about(2 + half)}


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


def test_what_lender_and_applicant_get(one, hours):
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


OF_ADULT, OF_GERMAN = ("hours per week", "education", "capital gain"), ("duration",)


@pytest.mark.parametrize(
    "dataset, feature", [*product(["adult"], OF_ADULT), *product(["german"], OF_GERMAN)]
)
def test_an_action_helps_whom_it_brings_to_the_bar(one, monkeypatch, dataset, feature):
    """In units of four: of two people one is a hundredth too far from the bar, one is near."""
    amounts = {"hours per week": 5, "education": 2, "capital gain": 5000, "duration": -12}
    data = SimpleNamespace(feature_names=(*amounts,), scale=np.full(4, 4.0))
    monkeypatch.setattr("rrlib.study.acceptance.datasets.load", lambda *name, **how: data)
    way = np.array([[name == feature for name in amounts]]) * amounts[feature] / 4
    model = LogisticRegression(*(torch.tensor(part).double() for part in (way, [0.0], [0.0])))
    X = np.concatenate([-0.99 * way, -1.01 * way])
    found = acceptance_room._helped(one._replace(dataset=dataset, X=X), model)
    assert found[feature].tolist() == [0.5]
    others = OF_GERMAN if dataset == "adult" else OF_ADULT
    assert all(np.isnan(found[name]) for name in others), "actions of other datasets"


def band(low, high):
    """A network of one feature that says yes between two values alone."""
    steep = 4000.0
    parts = [[[steep], [steep]]], [[-steep * low, -steep * high]], [[2.0, -2.0]], [-1.0], [0.0]
    return Network(*(torch.tensor(part).double() for part in parts))


@pytest.mark.parametrize("step", [0.1, 0.3, 1.0])
def test_an_action_is_tried_in_ten_steps(one, hours, step):
    """A yes that begins and ends within a hundredth of a step of the way is met."""
    model, X = band(step - 0.01, step + 0.01), np.array([[0.0]])
    found = acceptance_room._helped(one._replace(X=X), model)
    assert found["hours per week"].tolist() == [1.0]


def test_whom_a_lenient_model_accepts_wrongly(one, hours):
    """Below the bar at -2 nobody stands, so that all unfavourable rows get a yes."""
    table = acceptance([one._replace(model=linear([-2] * E, [1] * E))])
    assert table["false_yes"][0] == 1 and table["true_yes"][0] == 1


def test_a_group_of_thirty_is_shown_and_one_of_29_is_not(one):
    for count, shown in ((30, ["all", "many"]), (29, ["all"])):
        labels = pd.DataFrame({"sex": ["many"] * count + ["few"] * (35 - count)})
        payers_room.datasets.load("adult", seed=3, scaling="standard").groups_test = labels
        assert [group for _, group, _ in payers_room.groups(one)] == shown


COST = np.array([[1.0, 2.0, np.inf, 0.0], [3.0, 2.5, np.inf, 1.0]])
DENIED = np.array([[True, True, True, False], [True, True, True, True]])


def test_a_group_pays_what_its_helped_pay():
    """Three are denied by both models, and the third has no recourse."""
    found = payers_room._measures(COST, DENIED, np.isfinite(COST), 1)
    assert found == {"cost": about(6.5 / 3), "same": 2, "change": about(1.25)}


def test_a_burden_takes_the_cap_for_who_has_no_recourse(one):
    members = np.array([True, True, True, False])
    for e, expected in ((0, (2 + 10) / 2), (1, (2.5 + 10) / 2)):
        four = one._replace(y=np.array([0, 1, 1, 1]))
        given = COST[e], DENIED[e], np.isfinite(COST[e]), members
        assert payers_room._burden(four, *given) == about(expected)


@pytest.mark.filterwarnings("error")
def test_nobody_pays_no_mean():
    assert np.isnan(payers_room._mean(np.zeros(0)))


def test_who_pays(one):
    table = payers([one])
    assert table["eps"].unique().tolist() == [0, 0.1, 0.2, 0.3]
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


SEEDS = (*range(5), *LATER)


@pytest.fixture
def everywhere():
    """The same costs for every dataset, kind, radius and seed; by SCFE they are others."""
    costs = {"before": 2.0, "after": 5.0, "raw": 3.0, "raw_robust": 2.5}
    costs |= {"standard": 4.0, "rate": 6.0, "equal": 4.2, "robust": 7.0}
    names = product(("adult", "compas"), ("logistic", "network", "certified"), EPS_GRID[1:], SEEDS)
    rows = pd.DataFrame(names, columns=["dataset", "kind", "eps", "seed"])
    rows = rows.assign(**costs, measure="least", n=30, apart=0.0, error=0.0)
    others = rows.assign(measure="scfe", before=99, standard=99)
    return pd.concat([rows, others], ignore_index=True)


def test_what_our_claims_measure(everywhere):
    """Threshold 2.8 or 2, geometry 0.2 or 1, of a rise of 3; the mean of the denied rises by 3."""
    findings = own_claims({"parts": everywhere})
    first = [one.cases[0] for one in findings]
    assert [case.values[0] for case in first] == about([2 - 3 / 2, 0.2, 0.5, 3.0, 0.4 - 0.2])
    assert [case.smallest for case in first] == about([0.4, 0.4, 0.4, 0.2, 0.0])


def test_a_cost_at_equal_acceptance_may_fall_as_well(everywhere):
    everywhere["equal"] = 3.8
    within = own_claims({"parts": everywhere})[4]
    assert within.cases[0].values[0] == about(0.4 - 0.2)


def test_what_our_claims_are_asked_of(everywhere):
    linear, network, certified = "logistic regression", "networks", "certified networks"
    of_compas = [f"COMPAS, {network}, eps {eps}" for eps in (0.1, 0.2, 0.3)]
    of_compas += [f"COMPAS, {certified}, eps {eps}" for eps in (0.05, 0.1)]
    of_adult = [f"Adult, {kind}, eps {eps}" for kind in (network, certified) for eps in (0.1, 0.2)]
    of_both = [f"COMPAS, {linear}, eps {eps}" for eps in (0.1, 0.15)]
    findings = own_claims({"parts": everywhere})
    names = [[case.name for case in one.cases] for one in findings]
    assert names == [[f"Adult, {linear}, eps 0.2"], of_compas, of_both, of_both, of_adult]
    assert all(set(case.values) == set(SEEDS) for one in findings for case in one.cases)


def test_without_a_cost_in_every_exploring_seed_nothing_is_the_smallest(everywhere):
    lost = (everywhere["seed"] == 3) & (everywhere["measure"] == "least")
    everywhere.loc[lost, ["standard", "before"]] = np.nan
    smallest = [one.cases[0].smallest for one in own_claims({"parts": everywhere})]
    assert np.isnan(smallest[:4]).all() and smallest[4] == 0


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

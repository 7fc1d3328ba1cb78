"""What is made of the stored tables of remedies, on tables made by hand."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from rrlib import figures
from rrlib.audit import remedies
from rrlib.audit.evidence import effect
from rrlib.audit.remedy_claims import remedy_claims
from rrlib.study import remedies as study
from rrlib.study import stored

matplotlib.use("Agg")

SEEDS = (0, 1)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def row(seed, remedy, threshold, **measures):
    """One row of the table of remedies."""
    named = {"dataset": "adult", "kind": "logistic", "seed": seed, "eps": 0.1}
    usual = {"denied": 0.5, "accuracy": 0.8, "robust": 0.7, "n": 30, "validity": 1.0}
    usual |= {"cost": 2.0, "standard": 0.5, "others": 0.25}
    return named | {"remedy": remedy, "threshold": threshold} | usual | measures


@pytest.fixture
def table():
    rows = []
    for seed in SEEDS:
        rows.append(row(seed, "none", "own", cost=2.0 + seed))
        rows.append(row(seed, "none", "equal", denied=0.25, others=0.5))
        rows.append(row(seed, "change 0.1", "own", cost=3.0 + 2 * seed, others=0.75))
    return pd.DataFrame(rows)


def transfers(**shares):
    """Finders of radius 0.05 at two thresholds, by the shares that three judges accept."""
    named = {"dataset": "adult", "kind": "logistic", "eps": 0.05}
    judges = {"judge 0": 0.5, "judge 0.05": 1.0, "judge 0.1": 0.25} | shares
    keys = [(seed, at) for seed in SEEDS for at in ("own", "equal")]
    return pd.DataFrame([named | {"seed": seed, "threshold": at} | judges for seed, at in keys])


def test_every_stored_remedy_is_shown():
    assert set(remedies.REMEDIES) == set(stored.read("remedies", "equal")["remedy"])
    assert set(remedies.SIDES) == set(study.SIDES)


def test_all_applicants_share_the_cost_of_the_denied(table):
    rows = remedies.each_seed(table, transfers())
    assert rows["paid"].tolist() == [1.0, 0.5, 1.5, 1.5, 0.5, 2.5]
    assert rows["others"].tolist() == table["others"].tolist()
    assert "paid" not in table


def test_no_model_judges_itself():
    """Training against half the radius is judged by other radii than that half."""
    rows = [row(0, side, at) for side in remedies.SIDES for at in ("own", "equal")]
    found = remedies.each_seed(pd.DataFrame(rows), transfers())
    np.testing.assert_array_equal(found["others"], [np.nan, 0.375, 0.375, 0.375, np.nan, 0.375])
    one = remedies.each_seed(pd.DataFrame(rows), transfers(**{"judge 0.1": np.nan}))
    np.testing.assert_array_equal(one["others"], [np.nan, 0.5, 0.5, 0.5, np.nan, 0.5])


def test_a_seed_with_few_people_has_no_value_and_its_case_no_effect(table):
    table.loc[3, "n"] = 29
    rows = remedies.each_seed(table, transfers())
    assert rows.loc[3, ["validity", "cost", "paid", "standard", "others"]].isna().all()
    assert rows.loc[3, "accuracy"] == 0.8
    found = remedies.over_seeds(rows, SEEDS)
    case = ("adult", "logistic", 0.1, "own", "none")
    assert np.isnan(found.loc[case, "paid"].mean)
    assert found.loc[case, "accuracy"].mean == pytest.approx(0.8)
    assert found.loc[case[:3] + ("equal", "none"), "paid"].mean == pytest.approx(0.5)
    assert np.isnan(remedies.over_seeds(rows, (0, 1, 2)).loc[case, "accuracy"].mean), "no seed 2"


def test_differences_are_taken_seed_by_seed(table):
    rows = remedies.each_seed(table, transfers())
    case = ("adult", "logistic", 0.1)
    extra = remedies.difference(rows, "cost", ("change 0.1", "own"), ("none", "own"))
    assert extra.loc[case].tolist() == [1.0, 2.0]
    back = remedies.difference(rows, "paid", ("none", "equal"), ("none", "own"))
    assert back.loc[case].tolist() == [-0.5, -1.0]


def test_claims_are_asked_of_all_cases_with_an_interval():
    """Kind "network" has no value at seed 4, so nothing is claimed of its costs."""
    rows = []
    for seed in (*range(5), *range(10, 15)):
        for kind in ("logistic", "network"):
            few = {"n": 10} if (kind, seed) == ("network", 4) else {}
            for threshold, cost in (("own", 3.0), ("equal", 2.0 + 0.01 * (seed % 5))):
                rows.append(row(seed, "none", threshold, cost=cost, kind=kind) | few)
    found = remedies.each_seed(pd.DataFrame(rows), transfers())
    for remedy in ("both", "friendly", "noise 0.1", "change 0.1"):
        copies = [found[found["remedy"] == "none"].assign(remedy=remedy)]
        found = pd.concat([found, *copies])
    cheaper, fewer, *_ = remedy_claims(found)
    (case,) = cheaper.cases
    assert case.name == "Adult, logistic regression, eps 0.1"
    assert case.smallest == pytest.approx(0.15), "a tenth of 0.5 times 3"
    assert case.values[0] == pytest.approx(0.5) and case.values[14] == pytest.approx(0.48)
    assert case.explored.mean == case.confirmed.mean == pytest.approx(0.49)
    assert [case.name.split(",")[1] for case in fewer.cases] == [
        " logistic regression",
        " networks",
    ]
    assert all(case.smallest == 0.05 for case in fewer.cases)


def test_each_claim_compares_its_two_remedies():
    """Powers of two, so that each difference tells which; each measure in a unit of its own."""
    units = {"paid": 1, "denied": 10, "accuracy": 100, "robust": 1000, "others": 10_000}
    values = {("none", "own"): 1, ("none", "equal"): 2, ("both", "equal"): 4}
    values |= {("friendly", "own"): 8, ("friendly", "equal"): 16}
    values |= {("noise 0.1", "equal"): 32, ("change 0.1", "equal"): 64}
    rows = []
    for seed in (*range(5), *range(10, 15)):
        for (remedy, threshold), value in values.items():
            measures = {name: unit * value for name, unit in units.items()}
            rows.append(row(seed, remedy, threshold, **measures))
    own, half, friendly = 1, 2, 14
    noise, change = 30, 62
    expected = [("paid", -own, 0.1), ("denied", -own, 0.05)]
    expected += [("accuracy", own, 0.01), ("robust", -own, 0.01)]
    expected += [("paid", -half, 0.2), ("robust", -half, 0.01), ("others", -half, 0.05)]
    expected += [("paid", -7, 0.1), ("paid", -friendly, 0.2)]
    expected += [("robust", -friendly, 0.01), ("others", -friendly, 0.05)]
    expected += [("paid", noise, 0.2), ("others", noise, 0.05)]
    expected += [("paid", change, 0.2), ("others", change, 0.05)]
    found = []
    for finding in remedy_claims(pd.DataFrame(rows)):
        (case,) = finding.cases
        value = case.values[0] / units[finding.measure]
        found.append((finding.measure, pytest.approx(value), pytest.approx(case.smallest)))
    assert found == expected


def test_the_matrix_of_finders_and_judges():
    named = {"dataset": "adult", "kind": "logistic", "threshold": "own"}
    rows = [
        named | {"seed": seed, "eps": eps, "judge 0": 1 - eps * seed, "judge 0.3": other}
        for seed, other in ((0, 0.5), (1, np.nan), (2, 0.0))
        for eps in (0.0, 0.3)
    ]
    table = pd.DataFrame(rows)
    found = remedies.matrix(table, (0, 2), "adult", "logistic", "own")
    assert found.columns.tolist() == found.index.tolist() == [0.0, 0.3]
    np.testing.assert_allclose(found, [[1, 0.25], [0.7, 0.25]])
    assert np.isnan(remedies.matrix(table, (0, 1), "adult", "logistic", "own").loc[0.0, 0.3])


def of(mean):
    """An effect, with an interval of 0.1 on either side."""
    return effect("", [mean - 0.1, mean, mean + 0.1])


def test_the_plane_draws_who_has_values_and_the_way_back():
    """An arrow leads from the own threshold, where a panel has both points, to equal acceptance."""
    cells = {}
    for kind, at, remedy in (
        ("logistic", "own", "none"),
        ("logistic", "equal", "none"),
        ("logistic", "equal", "both"),
        ("network", "own", "none"),
        ("network", "equal", "none"),
        ("certified", "own", "none"),
        ("certified", "equal", "none"),
    ):
        places = (2.0, 0.4) if at == "own" else (1.0, 0.6)
        cells["adult", kind, 0.1, at, remedy] = dict(zip(("paid", "others"), map(of, places)))
    table = pd.DataFrame(cells).T.rename_axis(remedies.CASE).sort_index()
    fig = figures.remedies_plane(table, remedies.REMEDIES, ["adult"], "real")
    linear, *_ = fig.axes
    assert len(linear.containers) == 3 and len(fig.axes[1].containers) == 2
    (arrow,) = linear.texts
    assert arrow.xy == pytest.approx((1.0, 0.6)) and arrow.xyann == pytest.approx((2.0, 0.4))


def test_maps_write_what_is_not_known_as_a_dash():
    shares = pd.DataFrame([[1.0, 0.249], [np.nan, 1.0]], [0.0, 0.1], [0.0, 0.1])
    (ax,) = figures.transfer_maps({("own", "Adult"): shares}, "real").axes
    assert [text.get_text() for text in ax.texts] == ["100", "25", "–", "100"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["0", "0.1"]

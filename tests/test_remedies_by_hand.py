"""What is made of the stored tables of remedies, on tables made by hand."""

import numpy as np
import pandas as pd
import pytest

from rrlib.audit import remedies

SEEDS = (0, 1)


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


def test_all_applicants_share_the_cost_of_the_denied(table):
    rows = remedies.each_seed(table)
    assert rows["paid"].tolist() == [1.0, 0.5, 1.5, 1.5, 0.5, 2.5]
    assert "paid" not in table


def test_a_seed_with_few_people_has_no_value_and_its_case_no_effect(table):
    table.loc[3, "n"] = 29
    rows = remedies.each_seed(table)
    assert rows.loc[3, ["cost", "paid", "others"]].isna().all()
    assert rows.loc[3, "accuracy"] == 0.8
    found = remedies.over_seeds(rows, SEEDS)
    case = ("adult", "logistic", 0.1, "own", "none")
    assert np.isnan(found.loc[case, "paid"].mean)
    assert found.loc[case, "accuracy"].mean == pytest.approx(0.8)
    assert found.loc[case[:3] + ("equal", "none"), "paid"].mean == pytest.approx(0.5)
    assert np.isnan(remedies.over_seeds(rows, (0, 1, 2)).loc[case, "accuracy"].mean), "no seed 2"


def test_differences_are_taken_seed_by_seed(table):
    rows = remedies.each_seed(table)
    extra = remedies.change(rows, SEEDS, "cost", "change 0.1")["adult", "logistic", 0.1, "own"]
    assert extra.mean == pytest.approx(1.5)
    half = 12.7062 * np.sqrt(0.5) * np.sqrt(1 / 2 + 1 / 4)
    assert extra.high - extra.mean == pytest.approx(half, rel=1e-4)
    back = remedies.change(rows, SEEDS, "paid", ("none", "equal"), ("none", "own"))
    assert back["adult", "logistic", 0.1].mean == pytest.approx(-0.75)


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

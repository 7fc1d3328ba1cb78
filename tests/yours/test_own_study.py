"""The study on a reader's own table: separable rows, the cap on rows, the four parts, the twin."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer

from rrlib.data import twins
from rrlib.models import EPS_GRID, fit_logistic
from rrlib.study import foreign
from rrlib.yours import read_table, study
from rrlib.yours.people import draw


@pytest.fixture(scope="module")
def credit():
    """German Credit's twin, as a table of the reader's own."""
    rows = twins.draw("german").rename(columns={"favourable": "good"})
    rows["band"] = np.where(rows["age"] > 30, "over 30", "30 or younger")
    return read_table(rows, label="good", favourable=1, groups=["band"], name="credit")


@pytest.fixture(scope="module")
def tumours():
    """A table whose classes a hyperplane separates."""
    rows = load_breast_cancer(as_frame=True).frame
    return read_table(rows, label="target", favourable=1, name="tumours")


def test_it_measures_what_the_book_measures(credit):
    split = credit.split(seed=0)
    radius, last = study.collapse(split)
    known = foreign.measure(split, "logistic", radius)
    found, rise = study.measure(split)
    every = found[found["by"] == "all"]
    for threshold, ending in (("own", ""), ("equal", "_equal")):
        rows = every[every["threshold"] == threshold]
        for column in ("denied", "accuracy", "validity", "burden"):
            theirs = known[f"{column}{ending}"]
            np.testing.assert_allclose(rows[column], theirs, err_msg=f"{column}, {threshold}")
    np.testing.assert_allclose(rise["n"], known["n"].dropna())
    assert known["last"][0] == last
    own = every[every["threshold"] == "own"].set_index("eps")
    before, after = (known[column].to_numpy() for column in ("before", "after"))
    np.testing.assert_allclose(own.loc[EPS_GRID[1], "cost"], after[1])
    np.testing.assert_allclose(own.loc[0.0, "cost"], before[1])


def test_groups_add_up(credit):
    found, _ = study.measure(credit.split(seed=0))
    own = found[(found["threshold"] == "own") & (found["eps"] == 0.0)].set_index("group")
    members = own[own["by"] == "band"]
    assert members["n"].sum() == own.loc["all", "n"] == 200
    mean = (members["denied"] * members["n"]).sum() / 200
    assert mean == pytest.approx(own.loc["all", "denied"])


def test_no_more_rows_are_searched_than_asked_for(credit):
    split = credit.split(seed=0)
    found, _ = study.measure(split, most=5)
    first = found[(found["by"] == "all") & (found["eps"] == 0) & (found["threshold"] == "own")]
    assert round(first["denied"].item() * first["n"].item()) == 5
    assert study.measure(split, most=10**6)[0]["n"].max() == 200


def test_separable_rows_start_at_the_first_radius_with_a_minimiser(tumours):
    split = tumours.split(seed=0)
    with pytest.raises(ValueError, match="hyperplane"):
        fit_logistic(split.X_train, split.y_train, [0.0])
    found, rise = study.measure(split)
    first = found["eps"].min()
    assert first == min(study.fit_from(split.X_train, split.y_train).eps.tolist()) > 0
    assert rise["eps"].min() > first
    assert found["accuracy"].min() > 0.9
    overlapping = split._replace(y_train=np.roll(split.y_train, 1))
    assert study.fit_from(split.X_train, overlapping.y_train).eps[0] == 0
    both, _ = study.measure_all([overlapping, split])
    assert (both["eps"].value_counts() == 4).all() and both["eps"].min() == first
    later, _ = study.measure(split, least=0.1)
    assert later["eps"].min() == 0.1
    same = found["eps"] >= 0.1
    theirs, ours = found[same & (found["threshold"] == "own")], later[later["threshold"] == "own"]
    np.testing.assert_allclose(theirs["cost"], ours["cost"])
    with pytest.raises(ValueError, match="at every radius up to 0.3"):
        study.fit_from(np.array([[-9.0], [9.0]] * 9), np.array([0, 1] * 9))


def test_means_over_seeds_have_no_gaps():
    rows = pd.DataFrame({"eps": [0, 0, 1, 1], "cost": [1.0, 3.0, 2.0, np.nan]})
    found = study.over_seeds(rows, ["eps"], ["cost"])
    assert found["cost"][0] == 2 and found["cost, spread"][0] == 2
    assert np.isnan(found.loc[1]).all()


def test_people_are_like_the_table_and_nobody_in_it(tumours, credit):
    drawn = draw(tumours, 2000, seed=0)
    assert list(drawn) == list(tumours.features) and drawn.index[-1] == 1999
    real = tumours.features
    assert ((drawn.mean() - real.mean()).abs() < 0.15 * real.std()).all()
    spread = real.max() - real.min()
    assert (drawn.max() <= real.max() + spread / 100).all()
    assert (drawn.min() >= real.min() - spread / 100).all()
    apart = np.abs(drawn.corr() - real.corr()).to_numpy().max()
    assert apart < 0.3
    assert not set(map(tuple, drawn.to_numpy())) & set(map(tuple, real.to_numpy()))
    pd.testing.assert_frame_equal(drawn, draw(tumours, 2000, seed=0))
    assert (draw(credit, 50, seed=1) % 1 == 0).all().all(), "whole numbers stay whole"


def test_a_feature_may_be_constant_in_a_class():
    y = np.arange(60) % 2
    rows = pd.DataFrame({"a": np.arange(60) * y, "b": np.arange(60) * 1.5, "y": y})
    assert (draw(read_table(rows, label="y", favourable=0), 20, seed=0)["a"] >= 0).all()


def test_a_radius_at_which_the_solver_fails_counts_as_one_without(credit, monkeypatch):
    split = credit.split(seed=0)

    def fail(X, y, eps):
        if eps[0] < 0.05:
            raise RuntimeError("the linear program that looks for separation failed: time")
        return fit_logistic(X, y, eps)

    monkeypatch.setattr(study, "fit_logistic", fail)
    assert study.fit_from(split.X_train, split.y_train).eps[0] == 0.05
    monkeypatch.setattr(study, "fit_logistic", lambda X, y, eps: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        study.fit_from(split.X_train, split.y_train)


@pytest.mark.slow
def test_two_processes_measure_what_one_does(credit):
    splits = [credit.split(seed=seed) for seed in (0, 1)]
    one, two = (study.measure_all(splits, most=5, jobs=jobs) for jobs in (1, 2))
    for alone, beside in zip(one, two):
        pd.testing.assert_frame_equal(alone, beside)
    assert one[0]["seed"].tolist() == sorted(one[0]["seed"]) and one[0]["seed"].nunique() == 2

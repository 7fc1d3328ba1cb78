"""The study's tables: whom a difference is taken over, ties, caps and counts, by hand."""

import numpy as np
import pytest
import torch

from rrlib.models import LogisticRegression
from rrlib.recourse import Recourse
from rrlib.study import metrics, results
from rrlib.study.sweep import Slice

EPS = (0.0, 0.1, 0.3)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Three radii, and two rows are enough for a mean."""
    monkeypatch.setattr(results, "EPS_GRID", EPS)
    monkeypatch.setattr(results, "SOME", 2)


def slice_of(logits, recourse, *, seed=4, scaling="standard"):
    """A slice whose models have the Lipschitz constants 5, 0 and 5."""
    w = torch.tensor([[3.0, 4.0], [0.0, 0.0], [0.0, 5.0]]).double()
    model = LogisticRegression(w, torch.zeros(3).double(), torch.tensor(EPS).double())
    logits = np.array(logits, float)
    X = np.zeros((logits.shape[1], 2))
    accuracy = np.array([0.7, 0.4, 0.9])
    rest = X, None, logits, accuracy, recourse
    return Slice("german", "network", seed, "real", scaling, model, *rest)


def recourse_of(cost, valid, x_cf=None, n_evals=None):
    cost, valid = np.array(cost), np.array(valid, bool)
    x_cf = np.zeros((*cost.shape, 2)) if x_cf is None else x_cf
    n_evals = np.ones(cost.shape, int) if n_evals is None else np.array(n_evals)
    return Recourse(x_cf, valid, cost, n_evals, cost)


def five_people():
    """What two methods, `a` and `b`, recommend to five people under three models.

    0: denied by all, and `a` fails under the third model. 1: denied by all. 2: accepted by all, the
    standard logit is 0. 3: accepted by the standard and the third model. 4: denied by all, and `b`
    fails under the standard model.
    """
    logits = [[-1, -1, 0, 1, -1], [-2, -2, 2, -2, -2], [-3, -3, 3, 3, -3]]
    cost = [[1.0, 1, 1, 1, 1], [2, 4, 9, 100, 200], [50, 3, 5, 6, 70]]
    valid = np.ones((3, 5))
    valid[2, 0] = 0
    lengths = np.array([[0, 0, 0, 0, 0], [1, 2, 3, 90, 90], [90, 1, 1, 4, 90]])
    a = recourse_of(cost, valid, 7 + lengths[..., None] * np.array([3.0, 4.0]))
    cost = [[0.0, 0, 0, 0, 9], [1, 1, 4, 90, 90], [90, 3, 3, 9, 90]]
    valid = np.ones((3, 5))
    valid[0, 4] = 0
    return slice_of(logits, {"a": a, "b": recourse_of(cost, valid)})


@pytest.mark.parametrize(
    "reading, column, a, b",
    [
        ("flip", "cost_gap", [(1 + 3 + 8) / 3, (2 + 4 + 5) / 3], [2, 5]),
        ("denied", "cost_gap", [(1 + 3) / 2, np.nan], [1, np.nan]),
        ("flip", "displacement", [5 * (1 + 2 + 3) / 3, 5 * (1 + 1 + 4) / 3], [0, 0]),
        ("denied", "displacement", [5 * (1 + 2) / 2, np.nan], [0, np.nan]),
    ],
)
def test_differences_by_hand(reading, column, a, b):
    """People 0, 1, 2 count for the second model, 1, 2, 3 for the third; denied: 0, 1; 1 alone."""
    found = results.differences([five_people()], reading, column)
    assert list(found) == ["dataset", "kind", "seed", "eps", "a", "b"]
    assert found[["dataset", "kind", "seed"]].values.tolist() == 2 * [["german", "network", 4]]
    assert found["eps"].tolist() == [0.1, 0.3]
    twice = results.differences([five_people(), five_people()._replace(seed=5)], reading, column)
    assert twice.index.tolist() == [0, 1, 2, 3] and twice["seed"].tolist() == [4, 4, 5, 5]
    assert found["a"].tolist() == pytest.approx(a, nan_ok=True)
    assert found["b"].tolist() == pytest.approx(b, nan_ok=True)


def test_a_mean_over_one_row_and_over_none(monkeypatch):
    monkeypatch.setattr(results, "SOME", 1)
    found = results.differences([five_people()], "denied", "cost_gap")
    assert found["a"].tolist() == [2, 2] and found["b"].tolist() == [1, 3]
    one = five_people()
    one.recourse["b"].valid[1] = False
    found = results.differences([one], "flip", "cost_gap")
    assert np.isnan(found["a"][0]) and found["a"][1] == 11 / 3
    assert len(results.differences([], "flip", "cost_gap")) == 0


def test_differences_are_summed_in_double_precision():
    cost = np.array([[0.0, 0, 0], [2.0**24, 1, 1], [0, 0, 0]], np.float32)
    one = slice_of(np.ones((3, 3)), {"a": recourse_of(cost, np.ones((3, 3)))})
    assert results.differences([one], "flip", "cost_gap")["a"][0] == (2**24 + 2) / 3


def test_all_differences_are_named():
    slices = [five_people(), five_people()._replace(seed=5)]
    found = results.all_differences(slices)
    assert list(found)[:6] == ["dataset", "kind", "seed", "reading", "column", "eps"]
    assert found.index.tolist() == list(range(16))
    parts = found.groupby(["reading", "column"], sort=False)
    assert list(parts.groups) == [
        (reading, column)
        for reading in ("flip", "denied")
        for column in ("cost_gap", "displacement")
    ]
    for (reading, column), part in parts:
        expected = results.differences(slices, reading, column)
        assert part[["seed", "eps"]].equals(expected[["seed", "eps"]].set_index(part.index))
        assert np.array_equal(part[["a", "b"]], expected[["a", "b"]], equal_nan=True)


@pytest.mark.parametrize("scaling, ruled_out", [("standard", 1 / 3), ("minmax", 2 / 3)])
def test_a_table_by_hand(scaling, ruled_out):
    """Logits -60, 0 and 50 are safe within 12, 0 and 10; without a slope they are for ever."""
    logits = np.array([[-60, 0, 50], [-1, -1, -2], [2, 1, 3]])
    methods = {name: recourse_of(np.ones((3, 3)), np.ones((3, 3))) for name in ("scfe", "cchvae")}
    one = slice_of(logits, methods, scaling=scaling)
    assert results.safe_distance(one)[0].tolist() == [12, 0, 10]
    assert np.isinf(results.safe_distance(one)[1]).all()
    table = results.table([one, one._replace(seed=5)])
    assert list(table)[:6] == ["dataset", "kind", "seed", "method", "eps", "reading"]
    assert table.index.tolist() == list(range(2 * 2 * 3 * 3))
    assert table["method"].tolist() == 2 * (9 * ["scfe"] + 9 * ["cchvae"])
    assert table["seed"].tolist() == 18 * [4] + 18 * [5]
    part = table[:9]
    assert part["eps"].tolist() == 3 * [0.0] + 3 * [0.1] + 3 * [0.3]
    assert part["accuracy"].tolist() == 3 * [0.7] + 3 * [0.4] + 3 * [0.9]
    assert part["denied"].tolist() == pytest.approx(3 * [1 / 3] + 3 * [1] + 3 * [0])
    assert part["one_class"].tolist() == 3 * [False] + 6 * [True]
    assert part["ruled_out"].tolist() == pytest.approx(3 * [ruled_out] + 3 * [1] + 3 * [0])
    measures = metrics.summarise(methods["scfe"], logits >= 0, one.X).drop(columns="model")
    assert part[measures.columns].equals(measures)


def test_more_batches_by_hand():
    """Batches of 300 and of 30: 95 less 610 evaluations are 3 - 2, and 60 less 899 are 2 - 2."""
    usual = recourse_of(np.ones((2, 3)), [[1, 1, 0], [1, 1, 1]], n_evals=[[610, 0, 0], [899, 0, 0]])
    few = recourse_of(np.ones((2, 3)), [[1, 0, 1], [1, 0, 0]], n_evals=[[95, 900, 900], [60, 0, 0]])
    none = recourse_of(np.ones((2, 3)), np.zeros((2, 3)))
    one = slice_of(np.ones((3, 3)), {"a": usual, "b": usual, "c": usual})
    other = one._replace(recourse={"a": few, "b": none})
    found = results.more_batches([one, one], [other, other], {"a": 30, "b": 30})
    assert list(found) == ["dataset", "kind", "seed", "method", "more"]
    assert found["method"].tolist() == ["a", "b", "a", "b"] and found.index.tolist() == [0, 1, 2, 3]
    assert found["more"][0] == 0.5 and found["more"][2] == 0.5
    assert found["more"][[1, 3]].isna().all(), "no row has a recourse in both"


def test_no_slices_make_no_table():
    for make in (results.table, lambda slices: results.more_batches(slices, slices, {})):
        with pytest.raises(ValueError, match="is empty: hand over at least one"):
            make([])

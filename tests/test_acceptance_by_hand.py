"""The way to equal acceptance, on two models of two features and on tables made by hand."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from rrlib.audit import acceptance as way
from rrlib.models import EPS_GRID, LogisticRegression, fit_logistic, select

SAME = way.PEOPLE


def about(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


def people(*places):
    """Rows (a, 2 a)."""
    return np.array([[a, 2 * a] for a in places], dtype=float)


@pytest.fixture
def split(monkeypatch):
    """One split: the standard model asks for a > 0, the robust one for 2 a > 4.

    The first denies five and the other seven of ten training rows. At thresholds halfway both ask
    for a > 1; a step in a costs 1 under the standard model and 2 under the robust one.
    """
    monkeypatch.setattr(way, "EPS_GRID", (0.0, 0.1))
    monkeypatch.setattr(way, "POSITIONS", np.array([0.0, 0.5, 1.0]))
    w, b = torch.tensor([[1.0, 0.0], [0.0, 1.0]]).double(), torch.tensor([0.0, -4.0]).double()
    model = LogisticRegression(w, b, torch.tensor([0.0, 0.1]).double())
    data = SimpleNamespace(X_train=people(*np.arange(-4.5, 5)), X_test=people(*[-1] * SAME))
    made = {"data": data, "model": model}
    monkeypatch.setattr(way, "linear_models", lambda name, seed: (made["data"], made["model"]))
    return made


def test_what_the_same_people_pay_on_the_way(split):
    found = way.linear_way("adult", [0])
    assert found["eps"].tolist() == [0.1]
    assert found["share"].tolist() == [about([0.7, 0.6, 0.5])]
    assert found["standard"].tolist() == [about([3, 2, 1])]
    assert found["robust"].tolist() == [about([6, 4, 2])]


def test_only_those_whom_both_ends_deny_and_help_are_the_same(split):
    """At 1 the later thresholds accept; from -4 the robust model's own bar costs 12, too much."""
    split["data"].X_test = people(*[-1] * SAME, *[1] * 50, *[-4] * 50)
    assert way.linear_way("adult", [0])["robust"].tolist() == [about([6, 4, 2])]


def test_the_same_people_have_a_recourse_at_all_four_ends(split, monkeypatch):
    """Of six people each lacks the recourse of one of three thresholds of either model.

    The second and the fifth lack one halfway, which does not matter.
    """
    X = people(*[-9] * (6 + SAME))
    valid = np.ones((6, len(X)), bool)
    valid[range(6), range(6)] = False
    cost = np.zeros((6, len(X)))
    cost[:, :6] = [1, 2, 4, 8, 16, 32]
    monkeypatch.setattr(way, "least_cost", lambda *given, **how: (cost, valid))
    family = select(split["model"], [0, 0, 0, 1, 1, 1])
    found = way._same_people(family, X, 0)
    assert found.tolist() == about([(2 + 16) / (SAME + 2)] * 6)


def test_the_way_has_ten_steps():
    assert way.POSITIONS.tolist() == about(np.arange(11) / 10)


def test_one_person_less_than_enough_is_too_few(split):
    split["data"].X_test = people(*[-1] * (SAME - 1))
    assert way.linear_way("adult", [0])["eps"].size == 0


def test_as_many_test_rows_are_searched_as_for_the_stored_tables(split):
    """The 2,000th stands at -2 and counts, the next one at -3 does not."""
    split["data"].X_test = people(*[-1] * 1999, -2, -3)
    assert way.linear_way("adult", [0])["standard"][0, 0] == about(3 + 1 / 2000)


@pytest.mark.parametrize("apart, known", [(0.125, True), (0.1, False)])
def test_shares_may_be_apart_by_what_is_allowed(split, monkeypatch, apart, known):
    """Of eight rows, two of them tied, no threshold denies half: three or five are below it.

    The standard model's own denies three, the robust one's two.
    """
    split["data"].X_train = people(-3, -2, -1, 5, 5, 6, 7, 8)
    split["model"].b[1] = 3.0
    monkeypatch.setattr(way, "POSITIONS", np.array([0.0, 2.0]))
    monkeypatch.setattr(way, "APART", apart)
    monkeypatch.setattr(way, "_same_people", lambda family, X, seed: np.ones(4))
    assert (way.linear_way("adult", [0])["eps"].size == 1) == known


def test_a_constant_has_no_way(split):
    split["model"].w[1] = 0.0
    assert way.linear_way("adult", [0])["eps"].size == 0


def test_a_mean_is_over_all_seeds_and_known_only_where_each_is():
    each = np.array([[[[1.0], [2.0], [3.0]]] * 2, [[[3.0], [6.0], [9.0]]] * 2])
    each[1, 1, 0] = np.nan
    found = way._means(np.array([0.1, 0.2]), each)
    assert found["eps"].tolist() == [0.1]
    assert [found[key].tolist() for key in ("share", "standard", "robust")] == [[[2]], [[4]], [[6]]]


def test_a_way_is_a_mean_over_its_seeds(split, monkeypatch):
    asked = []
    monkeypatch.setattr(way, "_one_split", lambda *key: asked.append(key) or np.ones((1, 3, 3)))
    way.linear_way("adult", [4, 5])
    assert asked == [("adult", 4), ("adult", 5)]


def test_linear_models_are_exact_fits_of_their_split(monkeypatch):
    data = SimpleNamespace(X_train=np.array([[-1.0], [0.0], [0.5], [2.0]]), y_train=[0, 1, 0, 1])
    monkeypatch.setattr(way.datasets, "load", lambda name, seed: {("a", 4): data}[name, seed])
    found, model = way.linear_models.__wrapped__("a", 4)
    expected = fit_logistic(data.X_train, data.y_train, EPS_GRID).model
    assert found is data and all(torch.equal(*pair) for pair in zip(model, expected))


@pytest.fixture
def tables():
    """The ends of the way for two seeds, 40 people each; other models and measures cost 99."""
    usual = {"dataset": "adult", "kind": "network", "measure": "least", "n": 40, "apart": 0.0}
    costs = {"standard": 1.0, "rate": 2.0, "equal": 3.0, "robust": 5.0}
    parts, own = [], []
    for seed in (0, 1):
        for eps in EPS_GRID[1:]:
            row = usual | costs | {"seed": seed, "eps": eps, "rate": 2.0 + seed}
            parts += [row, row | {"measure": "scfe", "rate": 99}]
            parts += [
                row | {"kind": "logistic", "rate": 99},
                row | {"dataset": "german", "rate": 99},
            ]
        for eps in EPS_GRID:
            row = {"dataset": "adult", "kind": "network", "seed": seed, "eps": eps}
            row |= {"threshold": "own", "denied_train": 0.7 if eps else 0.5}
            own += [row, row | {"threshold": "equal", "denied_train": 99}]
    return {"parts": pd.DataFrame(parts), "acceptance": pd.DataFrame(own)}


def stored(tables):
    return way.stored_way(tables, "adult", "network", (0, 1))


def test_the_stored_ends_of_the_way(tables):
    found, radii = stored(tables), len(EPS_GRID) - 1
    assert found["eps"].tolist() == list(EPS_GRID[1:])
    assert found["share"].tolist() == [about([0.7, 0.5])] * radii
    assert found["standard"].tolist() == [about([2.5, 1])] * radii
    assert found["robust"].tolist() == [about([5, 3])] * radii


@pytest.mark.parametrize(
    "column, value, kept",
    [("n", 30, True), ("n", 29, False), ("apart", 0.01, True), ("apart", 0.02, False)],
)
def test_an_end_counts_by_its_people_and_its_shares(tables, column, value, kept):
    parts = tables["parts"]
    parts.loc[(parts["seed"] == 1) & (parts["eps"] == 0.2), column] = value
    assert (0.2 in stored(tables)["eps"]) == kept

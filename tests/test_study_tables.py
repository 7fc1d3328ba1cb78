"""Tables of the models alone, and of what they offer, on slices made by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rrlib import study
from rrlib.models import LogisticRegression
from rrlib.models.family import EPS_GRID
from rrlib.recourse import Recourse
from rrlib.study import attacked, losses, offers, surroundings, tables
from rrlib.study.variations import VARIATIONS

E = len(EPS_GRID)
EMPTY = study.Slice(*[None] * len(study.Slice._fields))


def about(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


def thresholds(at):
    """Linear models of one feature, favourable from `at` on, of slope 1."""
    at = torch.as_tensor(np.array(at, dtype=float))
    return LogisticRegression(torch.ones(len(at), 1).double(), -at, torch.as_tensor(EPS_GRID))


def slice_of(model, X, y, **fields):
    X, y = np.array(X, dtype=float)[:, None], np.array(y)
    one = EMPTY._replace(dataset="german", kind="logistic", seed=3, scaling="standard")
    return one._replace(model=model, X=X, y=y, logits=model(X).numpy())._replace(**fields)


@pytest.mark.parametrize("kind", ["logistic", "network"])
def test_accuracy_under_attack_by_hand(kind):
    """All boundaries stand at 0; the favourable rows at 0.05, 0.12 and 0.4, the other at -0.27."""
    one = slice_of(thresholds([0] * E), [0.05, 0.12, 0.4, -0.27], [1, 1, 1, 0], kind=kind)
    found = attacked.attacked([one])
    shares = found.pivot(index="eps", columns="attack", values="accuracy")
    assert shares["radius 0.1"].tolist() == [0.75] * E
    assert shares["radius 0.3"].tolist() == [0.25] * E
    own = [1, 1, 1, 0.75, 0.5, 0.5, 0.5, 0.25]  # at 0.05 a tie, which is favourable
    assert shares["the model's own radius"].tolist() == about(own)
    assert (found["certified"] <= found["accuracy"]).all()
    assert (found["kind"] == kind).all() and (found["seed"] == 3).all()


def test_losses_by_hand(monkeypatch):
    """Margins 2 and 1 less the radius in training, of three rows; 0.5 on the one test row."""
    model = thresholds([0] * E)
    train = np.array([[2.0], [1.0], [-2.0]]), np.array([1, 1, 0])
    test = np.array([[0.5]]), np.array([1])
    data = SimpleNamespace(X_train=train[0], y_train=train[1], X_test=test[0], y_test=test[1])
    asked = []

    def load(name, **how):
        asked.append((name, how))
        return data

    monkeypatch.setattr(losses.datasets, "load", load)
    found = losses.losses([slice_of(model, [0.0], [1], scaling="minmax")])
    assert asked == [("german", {"seed": 3, "scaling": "minmax"})]
    eps = np.array(EPS_GRID)
    expected = {
        "train": (2 * np.log1p(np.exp(eps - 2)) + np.log1p(np.exp(eps - 1))) / 3,
        "test": np.log1p(np.exp(eps - 0.5)),
    }
    constant = {"train": -(2 * np.log(2 / 3) + np.log(1 / 3)) / 3, "test": -np.log(2 / 3)}
    accepted = {"train": 2 / 3, "test": 1.0}
    for part, rows in found.groupby("part"):
        assert rows["attacked"].tolist() == about(expected[part].tolist())
        assert rows["certified"].tolist() == about(expected[part].tolist())
        assert rows["constant"].tolist() == about([constant[part]] * E)
        assert rows["accepted"].tolist() == about([accepted[part]] * E)
        assert rows["accuracy"].tolist() == [1.0] * E


def test_offers_of_the_halves_by_hand():
    """Five rows in halves of two and three; the budget is 2, and with min-max scaling 0.6.

    The boundary stands at 0; the rows' distances are 0.5 (denied), 0.05 (accepted); 1, 3 (denied),
    2 (accepted), all to the right label but the third.
    """
    X, y = [-0.5, 0.05, -1.0, -3.0, 2.0], [0, 1, 1, 0, 1]
    model = thresholds([0] * E)
    cost = np.abs(np.array(X)) * np.ones((E, 1))
    nothing = Recourse(*[None] * len(Recourse._fields))
    found = nothing._replace(valid=np.ones((E, 5), bool), cost=cost)
    one = slice_of(model, X, y, recourse={"growing_spheres": found})
    table = offers.offers([one, one._replace(scaling="minmax", seed=4)])
    assert len(table) == 2 * 2 * E
    first = table[table["eps"] == 0.0]
    assert first["robust"].tolist() == about([0.5, 2 / 3] * 2)
    assert first["yes"].tolist() == about([1, 2 / 3, 1, 1 / 3])
    assert first["flip"].tolist() == about([1, 2 / 3, 1, 0])
    assert first["half"].tolist() == [0, 1, 0, 1]


def test_surroundings_shrink_with_the_scaling(monkeypatch):
    people = SimpleNamespace(X_train=np.linspace(-1, 1, 200)[:, None])
    monkeypatch.setattr(surroundings.datasets, "load", lambda name, **how: people)
    at = np.zeros(E)
    at[EPS_GRID.index(0.25)] = 9.0
    one = slice_of(thresholds(at), [-0.4, 0.4], [0, 1], dataset="adult")
    found = surroundings.surroundings([one, one._replace(scaling="minmax")])
    names = [f"ball of radius {radius:g}" for radius in (0.5, 1, 2, 4, 0.15, 0.3, 0.6, 1.2)]
    assert set(found["where"]) == {*names, "100 nearest training rows"}
    alone = found[(found["group"] == "denied by all three") & (found["eps"] == 0.0)]
    share = alone.set_index("where")["share"]
    assert share["ball of radius 1"] == pytest.approx(0.3, abs=0.01), "from 0 to 0.6 of 2"
    assert share["ball of radius 0.3"] == 0.0, "the other side is 0.4 away"
    everybody = found[(found["group"] == "all test rows") & (found["eps"] == 0.25)]
    assert (everybody["share"] == 0).all(), "that model denies all around"


def test_a_slice_has_the_tables_that_are_asked_for():
    whole = set(VARIATIONS["paper"].tables)
    assert set(tables.tables_of("paper", "adult", "network")) == whole
    assert set(tables.tables_of("paper", "adult", "logistic")) == whole - {"surroundings"}
    assert set(tables.tables_of("paper", "german", "network")) == whole - {"surroundings"}
    assert set(tables.tables_of("again", "adult", "network")) == {"summary"}


def test_groups_have_the_seeds_of_their_kind():
    found = tables.groups(["l2"])
    seeds = {}
    for group in found:
        seeds.setdefault(group.kind, set()).add(group.seed)
    assert seeds == {
        "logistic": set(range(10)),
        "network": set(range(10)),
        "certified": set(range(5)),
    }

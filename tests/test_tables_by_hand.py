"""Which rule judges which models, on which rows and in which columns: tables of the study."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from rrlib import study
from rrlib.models import LogisticRegression
from rrlib.models.family import EPS_GRID
from rrlib.recourse import Recourse
from rrlib.study import attacked, common, losses, offers, surroundings, tables
from rrlib.study.tables import Group

E = len(EPS_GRID)
EMPTY = study.Slice(*[None] * len(study.Slice._fields))
NAMED = ["dataset", "kind", "seed"]


def doubles(values):
    return torch.tensor(np.array(values), dtype=torch.float64)


def thresholds(*at):
    """Models h(x) = x - at, one for each radius of the grid; the last place serves the rest."""
    at = [*at, *[at[-1]] * (E - len(at))]
    return LogisticRegression(*map(doubles, ([[1.0]] * E, np.negative(at), EPS_GRID)))


def slice_of(model, X, y, **fields):
    X, y = np.array(X, dtype=float).reshape(len(X), -1), np.array(y)
    one = EMPTY._replace(dataset="german", kind="logistic", seed=3, scaling="standard")
    return one._replace(model=model, X=X, y=y, logits=model(X).numpy())._replace(**fields)


def two(*fields, **same):
    """Two slices, of seeds 3 and 4."""
    one = slice_of(*fields, **same)
    return [one, one._replace(seed=4)]


def test_a_part_begins_with_its_slice():
    part = pd.DataFrame({"value": [1.0, 2.0], "more": [3, 4]})
    found = common.named(part, EMPTY._replace(dataset="adult", kind="network", seed=7))
    assert list(found) == [*NAMED, "value", "more"]
    assert found.iloc[1].tolist() == ["adult", "network", 7, 2.0, 4]


def test_the_cap_is_that_of_the_scaling():
    caps = [common.cap(EMPTY._replace(scaling=scaling)) for scaling in ("standard", "minmax")]
    assert caps == [10, 3]


def judge(share, asked, model, X, y, radius):
    """A measure that notes what it is asked, and gives each model one share."""
    asked.append((share, len(model.eps), len(X), len(y), radius))
    return np.full(len(model.eps), share)


EXACT, ATTACKED, PROVED = 0.1, 0.2, 0.3
KINDS = [
    ("logistic", EXACT, EXACT),
    ("network", ATTACKED, PROVED),
    ("certified", ATTACKED, PROVED),
]


@pytest.mark.parametrize("kind, rule, bound", KINDS)
def test_linear_models_are_judged_exactly_and_networks_from_both_sides(
    monkeypatch, kind, rule, bound
):
    asked = []
    monkeypatch.setattr(attacked, "adversarial_accuracy", partial(judge, EXACT, asked))
    monkeypatch.setattr(attacked, "pgd_accuracy", partial(judge, ATTACKED, asked))
    monkeypatch.setattr(attacked, "certified_accuracy", partial(judge, PROVED, asked))
    found = attacked.attacked(two(thresholds(0.0), [1.0, 2.0], [1, 0], kind=kind))
    assert list(found) == [*NAMED, "eps", "attack", "accuracy", "certified"]
    assert found["accuracy"].tolist() == [rule] * len(found)
    assert found["certified"].tolist() == [bound] * len(found)
    attacks = ["radius 0.1", "radius 0.3", "the model's own radius"]
    assert found["attack"].tolist() == 2 * [attack for attack in attacks for _ in range(E)]
    assert found["eps"].tolist() == 6 * list(EPS_GRID)
    assert found["seed"].tolist() == [3] * 3 * E + [4] * 3 * E
    assert found.index.tolist() == list(range(6 * E))
    shared = [(share, E, 2, 2, radius) for radius in (0.1, 0.3) for share in (rule, bound)]
    own = [(share, 1, 2, 2, eps) for eps in EPS_GRID for share in (rule, bound)]
    assert asked == 2 * (shared + own)


def test_each_model_is_attacked_at_its_own_radius():
    """Two rows at 0.12: the boundary is 0 up to the radius 0.15, and further off beyond."""
    model = thresholds(*[0.0 if eps < 0.2 else -0.28 for eps in EPS_GRID])
    found = attacked.attacked([slice_of(model, [0.12, 0.12], [1, 0])])
    own = found[found["attack"] == "the model's own radius"]
    assert own["accuracy"].tolist() == [0.0 if eps == 0.15 else 0.5 for eps in EPS_GRID]
    assert own["certified"].tolist() == own["accuracy"].tolist()


def test_losses_of_two_parts(monkeypatch):
    """Of four training rows three are favourable; a logit of 0 is a yes."""
    data = SimpleNamespace(
        X_train=np.array([[2.0], [0.0], [-1.0], [-3.0]]),
        y_train=np.array([1, 0, 1, 1]),
        X_test=np.array([[1.0], [-1.0]]),
        y_test=np.array([0, 0]),
    )
    asked = []
    monkeypatch.setattr(
        losses.datasets, "load", lambda name, **how: asked.append((name, how)) or data
    )
    found = losses.losses(two(thresholds(0.0, 1.5), [0.0], [1], scaling="minmax"))
    assert asked == [("german", {"seed": seed, "scaling": "minmax"}) for seed in (3, 4)]
    measures = ["attacked", "certified", "constant", "accuracy", "accepted"]
    assert list(found) == [*NAMED, "eps", "part", *measures]
    assert found.index.tolist() == list(range(4 * E)) and found["eps"].tolist() == 4 * [*EPS_GRID]
    assert found["part"].tolist() == 2 * (["train"] * E + ["test"] * E)
    assert found["seed"].tolist() == [3] * 2 * E + [4] * 2 * E
    first, second = found.iloc[0], found.iloc[1]
    assert (first["accepted"], first["accuracy"]) == (2 / 4, 1 / 4)
    assert (second["accepted"], second["accuracy"]) == (1 / 4, 2 / 4)
    test = found.iloc[E]
    assert (test["accepted"], test["accuracy"]) == (1 / 2, 1 / 2)
    entropy = -(3 * np.log(3 / 4) + np.log(1 / 4)) / 4
    assert first["constant"] == pytest.approx(entropy)
    assert test["constant"] == pytest.approx(-np.log(1 / 4)), "what the training rows made best"
    for one, at in ((first, 0.0), (second, 1.5)):
        margins = np.array([2 - at, -(0 - at), -1 - at, -3 - at]) - one["eps"]
        assert one["attacked"] == pytest.approx(np.log1p(np.exp(-margins)).mean(), rel=1e-12)
        assert one["certified"] == pytest.approx(one["attacked"], rel=1e-12)


def test_losses_are_taken_in_double_precision(monkeypatch):
    """A float32 model is judged at its own weights, and its radius in full."""
    data = SimpleNamespace(
        X_train=np.array([[0.1], [0.7]]),
        y_train=np.array([0, 1]),
        X_test=np.array([[0.3]]),
        y_test=np.array([1]),
    )
    monkeypatch.setattr(losses.datasets, "load", lambda name, **how: data)
    single = LogisticRegression(*(part.float() for part in thresholds(0.25)))
    found = losses.losses([slice_of(single, [0.0], [1])])
    expected = np.log1p(np.exp(np.array(EPS_GRID) - 0.05))
    test = found[found["part"] == "test"]
    assert np.allclose(test["certified"], expected, rtol=0, atol=1e-12)


def test_an_attack_moves_both_features(monkeypatch):
    """h = 3 x - 4 z at (1, 0): an l_inf ball takes 7 eps, an l2 ball would take 5, l1 only 4."""
    one_row = {"X_test": np.array([[1.0, 0.0]]), "y_test": np.array([1])}
    data = SimpleNamespace(X_train=np.eye(2), y_train=np.array([1, 0]), **one_row)
    monkeypatch.setattr(losses.datasets, "load", lambda name, **how: data)
    model = LogisticRegression(*map(doubles, ([[3.0, -4.0]] * E, [0.0] * E, EPS_GRID)))
    found = losses.losses([slice_of(model, [[1.0, 0.0]], [1])])
    test = found[found["part"] == "test"]
    expected = np.log1p(np.exp(7 * np.array(EPS_GRID) - 3))
    assert np.allclose(test["attacked"], expected, rtol=0, atol=1e-12)
    assert np.allclose(test["certified"], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind, rule", [one[:2] for one in KINDS])
def test_what_is_offered_is_judged_as_the_kind_asks(monkeypatch, kind, rule):
    asked = []
    monkeypatch.setattr(offers, "adversarial_accuracy", partial(judge, EXACT, asked))
    monkeypatch.setattr(offers, "pgd_accuracy", partial(judge, ATTACKED, asked))
    one = slice_of(thresholds(0.0), [1.0, 2.0, 3.0], [1, 0, 1], kind=kind)
    assert offers.robustness(one, slice(1, None)).tolist() == [rule] * E
    offers.robustness(one, slice(None, 1), attack=0.7)
    assert asked == [(rule, E, 2, 2, 0.1), (rule, E, 1, 1, 0.7)]


def searched(model, X, cost, valid):
    """A slice with recourses of these costs, the same for each model."""
    nothing = Recourse(*[None] * len(Recourse._fields))
    each = np.ones((E, 1))
    found = nothing._replace(valid=np.array(valid) & (each > 0), cost=np.array(cost) * each)
    return slice_of(model, X, [1] * len(X), recourse={"growing_spheres": found})


def test_who_hears_yes_by_hand():
    """Of four people one is accepted, one has a recourse of cost 2, one of 2.1, one has none.

    The second model accepts everybody, and the third denies everybody.
    """
    model = thresholds(0.0, -9.0, 9.0, 0.0)
    one = searched(model, [0.0, -1.0, -2.0, -3.0], [2.5, 2.0, 2.1, 1.0], [True, True, True, False])
    everybody = slice(None)
    assert offers.share_yes(one, everybody)[:4].tolist() == [2 / 4, 1, 1 / 4, 2 / 4]
    assert offers.share_yes(one, everybody, budget=2.1)[:3].tolist() == [3 / 4, 1, 2 / 4]
    assert offers.share_flip(one, everybody).tolist() == [1 / 4] * E
    assert offers.share_flip(one, everybody, budget=2.5).tolist() == [3 / 4] * E
    last = slice(2, None)
    assert offers.share_yes(one, last)[:3].tolist() == [0, 1, 0]
    assert offers.share_flip(one, last, budget=2.1).tolist() == [1 / 2] * E


def test_offers_are_listed_half_by_half():
    """Of five rows two are the first half; with min-max scaling the budget is 0.6."""
    one = searched(thresholds(0.0), [-1.0] * 5, [0.6, 2.0, 0.7, 0.5, 3.0], [True] * 5)
    found = offers.offers([one, one._replace(scaling="minmax", seed=4)])
    assert list(found) == [*NAMED, "eps", "half", "robust", "yes", "flip"]
    assert found.index.tolist() == list(range(4 * E)) and found["eps"].tolist() == 4 * [*EPS_GRID]
    first = found[found["eps"] == 0.0]
    assert first["half"].tolist() == [0, 1, 0, 1] and first["seed"].tolist() == [3, 3, 4, 4]
    assert first["yes"].tolist() == pytest.approx([1, 2 / 3, 1 / 2, 1 / 3])
    assert first["flip"].tolist() == pytest.approx([1, 2 / 3, 1 / 2, 1 / 3])
    assert first["robust"].tolist() == [0] * 4, "all are denied, and to the wrong label"


def test_the_nearest_people_by_hand():
    """People at 0, 1, 2, 5; a logit of 0 is a yes, so the first model splits them at 1."""
    people, X = np.array([[0.0], [1.0], [2.0], [5.0]]), np.array([[0.4], [4.0]])
    model = thresholds(1.0, 3.0)
    share = surroundings.share_valid_among_nearest
    assert share(model, people, X, 1)[:2].tolist() == [[0, 0], [0, 0]]
    assert share(model, people, X, 2)[:2].tolist() == [[1 / 2, 0], [0, 1 / 2]]
    assert share(model, people, X, np.int64(3))[:2].tolist() == [[2 / 3, 0], [0, 2 / 3]]
    assert share(model, people, X, 4)[:2].tolist() == [[3 / 4, 1 / 4], [1 / 4, 3 / 4]]
    for k in (0, 5, 1.0, None):
        with pytest.raises(ValueError, match=f"from 1 to 4, the number of .* rows, not {k!r}"):
            share(model, people, X, k)


@pytest.fixture
def around(monkeypatch):
    """Balls whose share is that of their radius; the people all stand at 9. Notes what is asked."""
    asked = []

    def shares(model, X, radii, *, samples, seed):
        asked.append((model.eps.tolist(), len(X), list(radii), samples, seed))
        return np.arange(len(X))[:, None] + np.array(radii) * np.ones((len(model.eps), 1, 1))

    def load(name, **how):
        asked.append((name, how))
        return SimpleNamespace(X_train=np.full((100, 1), 9.0))

    monkeypatch.setattr(surroundings, "share_valid_in_ball", shares)
    monkeypatch.setattr(surroundings.datasets, "load", load)
    return asked


def test_surroundings_are_listed_place_by_place(around):
    """All deny the second row; the last is denied by two, and a logit of 0 is a yes."""
    at = np.zeros(E)
    chosen = [EPS_GRID.index(eps) for eps in (0.0, 0.15, 0.25)]
    at[chosen] = [0.0, 0.5, 0.5]
    one = slice_of(thresholds(*at), [1.0, -2.0, 0.0], [1, 0, 1])
    found = surroundings.surroundings([one, one._replace(scaling="minmax", seed=4)])
    assert list(found) == [*NAMED, "eps", "where", "group", "share"]
    assert found.index.tolist() == list(range(2 * 2 * 5 * 3))
    eps = [EPS_GRID[k] for k in chosen]
    assert found["eps"].tolist() == 20 * eps
    assert around == [
        (eps, 3, [0.5, 1, 2, 4], 512, 3),
        ("german", {"seed": 3, "scaling": "standard"}),
        (eps, 3, pytest.approx([0.15, 0.3, 0.6, 1.2]), 512, 4),
        ("german", {"seed": 4, "scaling": "minmax"}),
    ]
    first = found[(found["seed"] == 3) & (found["eps"] == 0.0)].set_index(["group", "where"])
    share = first["share"]
    assert share["all test rows", "ball of radius 2"] == 2 + 1, "the mean of 2, 3 and 4"
    assert share["denied by all three", "ball of radius 2"] == 2 + 1, "the second row alone"
    nearest = "100 nearest training rows"
    assert share["all test rows", nearest] == 1 / 3, "who is denied differs from those at 9"
    assert share["denied by all three", nearest] == 1
    boxed = found[found["seed"] == 4]["where"].unique().tolist()
    assert boxed == [*(f"ball of radius {radius}" for radius in (0.15, 0.3, 0.6, 1.2)), nearest]


def test_nobody_denied_by_all_three_has_no_mean(around):
    one = slice_of(thresholds(0.0), [1.0, 2.0], [1, 1])
    found = surroundings.surroundings([one]).set_index("group")["share"]
    assert found["denied by all three"].isna().all() and len(found["denied by all three"]) == 15
    assert found["all test rows"].notna().all()


def test_the_tables_of_a_slice(monkeypatch):
    """Made of those slices that have them, and `batches` of none."""

    def shown(slices):
        rows = [(one.dataset, one.kind, "cchvae") for one in slices]
        return pd.DataFrame(rows, columns=["dataset", "kind", "method"])

    for name, table in tables.TABLES.items():
        monkeypatch.setitem(tables.TABLES, name, table._replace(make=shown))
    keys = [("adult", "logistic"), ("adult", "certified"), ("german", "network")]
    slices = [EMPTY._replace(dataset=dataset, kind=kind) for dataset, kind in keys]
    found = tables.made("paper", slices)
    found = {name: [*zip(rows["dataset"], rows["kind"])] for name, rows in found.items()}
    every = ["summary", "differences", "losses", "attacked", "offers"]
    assert found == dict.fromkeys(every, keys) | {"surroundings": keys[1:2]}
    assert list(tables.made("paper", slices[:1])) == every, "a table of no slices is left out"
    assert list(tables.made("fewer", slices)) == ["summary", "differences"]


def test_whose_recourses_a_table_has():
    methods = {name: table.methods for name, table in tables.TABLES.items()}
    assert methods == {
        "summary": None,
        "differences": None,
        "batches": None,
        "attacked": (),
        "losses": (),
        "offers": ("growing_spheres",),
        "surroundings": (),
        "acceptance": (),
        "parts": (),
        "payers": (),
        "choices": (),
        "remedies": (),
        "transfers": (),
    }
    for kind, some in (("logistic", False), ("network", True), ("certified", True)):
        assert ("surroundings" in tables.tables_of("paper", "adult", kind)) == some
        for name in ("compas", "german"):
            assert "surroundings" not in tables.tables_of("paper", name, kind)
    found = tables.groups(["paper"])
    own = [group for group in found if group.table == "surroundings"]
    kinds = ["network"] * 10 + ["certified"] * 10
    assert own == [
        Group("surroundings", "paper", "adult", kind, seed, "")
        for kind, seed in zip(kinds, 2 * [*range(10)])
    ]

"""Conclusions by choices: other networks, the effects of a choice, cells and verdicts, by hand."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from rrlib.audit import choices as audit
from rrlib.data import datasets
from rrlib.figures.choices import SAYS_COLOURS, height
from rrlib.models import EPS_GRID, LogisticRegression, fit_logistic, fit_network, select
from rrlib.models.certificate import certified_radius
from rrlib.models.deep import TwoLayers, init_two_layers
from rrlib.models.descent import train_from
from rrlib.models.network import init_network
from rrlib.recourse import growing_spheres
from rrlib.study import Slice, stored
from rrlib.study import choices as study


def about(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.fixture
def deep():
    return init_two_layers(3, [0.0, 0.1], 5, hidden=4)


def test_two_layers_by_hand():
    """One unit in each layer: sigmoid(0) = 1/2, and the second layer has 2/2 - 1 = 0."""
    one = [torch.tensor(value).double() for value in ([[[1.0]]], [[0.0]], [[[2.0]]], [[-1.0]])]
    model = TwoLayers(*one, torch.tensor([[4.0]]).double(), torch.tensor([-1.0]).double(), None)
    logits, slope = model.logits_and_gradient(np.array([[0.0]]))
    assert logits.item() == about(4 / 2 - 1)
    assert slope.item() == about(4 / 4 * 2 / 4)
    assert model.lipschitz().item() == about(4 * 2 / 16)


def layers(*weights):
    """One model, from its weights in the order of the layers; nobody asks for its radius."""
    return TwoLayers(*(torch.tensor([value], dtype=torch.float64) for value in weights), None)


@pytest.mark.parametrize("q, radius", [(1, 1 / 7), (2, 1 / 5)])
def test_the_interval_of_two_layers_by_hand(q, radius):
    """The first unit lies between 1/4 and 3/4, so two units of the second layer do.

    A rise of y h takes the first of them up and the second one down, a fall the other way round.
    The other unit of the first layer, and the third one of the second, have no effect.
    """
    log3 = np.log(3)
    first = [[3 * log3, 4 * log3], [5.0, 5.0]], [log3, 0.0]
    second = [[4 * log3, 0.0], [-4 * log3, 0.0], [0.0, 0.0]], [-2 * log3, 2 * log3, 0.0]
    model = layers(*first, *second, [4.0, -8.0, 0.0], -1.0)
    X = torch.tensor([[1.0, -1.0]]).double()
    for sign, least in ((1.0, 4 / 4 - 8 * 3 / 4 - 1), (-1.0, -(4 * 3 / 4 - 8 / 4 - 1))):
        ball = X, torch.tensor([[sign]]).double(), torch.full((1, 1), radius, dtype=torch.float64)
        assert model.interval_margin(*ball, q=q).item() == about(least)
        for chord in (False, True):
            assert model.least_margin(*ball, q=q, chord=chord).item() == about(least)


def test_the_size_of_all_terms_by_hand():
    """Terms of 27 in the first unit; of 59 and 33 in the second layer's; a sigmoid takes 1/4."""
    first, second = [[-3.0, 4.0], [6.0, 8.0]], [[-8.0, 0.0], [4.0, 0.0]]
    model = layers(first, [-2.0, 0.0], second, [-1.0, -2.0], [-4.0, 8.0], -3.0)
    X = torch.tensor([[1.0, -2.0]]).double()
    first = 4 + 2 + 2 * 5 + (3 * 1 + 4 * 2)
    second = 4 + 1 + 8 * first / 4, 4 + 2 + 4 * first / 4
    assert (first, *second) == (27, 59, 33)
    assert model.magnitude(X, 2.0).item() == about((4 * 59 + 8 * 33) / 4 + 3)


def test_the_slope_of_two_layers_by_hand():
    """The first layer stretches by 5 or 10, the second one by 2, the outputs by 5 or 1."""
    first, second = np.array([[3.0, 4.0], [4.0, -3.0]]), np.array([[0.0, 2.0], [2.0, 0.0]])
    zeros, outputs = np.zeros((2, 2)), np.array([[3.0, 4.0], [0.0, 1.0]])
    weights = np.stack([first, 2 * first]), zeros, np.stack([second] * 2), zeros, outputs
    model = TwoLayers(*map(torch.as_tensor, weights), torch.zeros(2), None)
    assert model.lipschitz().tolist() == about([5 * 2 * 5 / 16, 10 * 2 * 1 / 16])


def test_each_row_has_its_own_width(deep):
    X = torch.eye(3).double()[:2]
    moves = torch.tensor([[1.0, -1.0, 0.0], [0.0, 2.0, 1.0]]).double()
    around = deep.around(X, torch.tensor([0.5, 3.0]).double(), moves)
    assert torch.allclose(around[:, 0], deep(X[0] + 0.5 * moves))
    assert torch.allclose(around[:, 1], deep(X[1] + 3.0 * moves))


def test_rows_are_taken_in_blocks(deep, monkeypatch):
    X = np.random.default_rng(4).normal(size=(2, 5, 3))
    whole = deep(X)
    monkeypatch.setattr("rrlib.models.deep.BLOCK", 2)
    sizes = []
    first = TwoLayers._first
    monkeypatch.setattr(
        TwoLayers, "_first", lambda self, rows: sizes.append(rows.shape[-2]) or first(self, rows)
    )
    assert torch.allclose(deep(X), whole) and sizes == [2, 2, 1]


def test_two_layers_begin_like_one():
    """Weights and biases are drawn layer by layer, within 1 / sqrt(inputs), the same for all."""
    rng = np.random.default_rng(5)
    model = init_two_layers(4, [0.0, 0.1], 5, hidden=9)
    shapes = ((9, 4), 2), ((9,), 2), ((9, 9), 3), ((9,), 3), ((9,), 3), ((), 3)
    for parameter, (shape, root) in zip(model, shapes):
        drawn = torch.as_tensor(rng.uniform(-1, 1, shape) / root)
        assert torch.equal(parameter, torch.stack([drawn, drawn]))
    one = init_network(4, [0.0], 5, hidden=9)
    assert torch.equal(model.U1[:1], one.W1) and torch.equal(model.c1[:1], one.b1)
    assert model.eps.tolist() == [0.0, 0.1] and init_two_layers(4, [0.0], 5).U2.shape == (1, 8, 8)


def test_derivatives_are_those_of_the_logit(deep):
    X = torch.as_tensor(np.random.default_rng(0).normal(size=(2, 4, 3)))
    logits, slope, bend = deep.derivatives(X)
    assert torch.allclose(logits, deep(X)) and torch.allclose(slope, deep.gradient(X))
    for e, i in np.ndindex(2, 4):

        def logit(x, e=e):
            return deep(x.expand(2, 1, 3))[e, 0]

        assert torch.allclose(torch.autograd.functional.jacobian(logit, X[e, i]), slope[e, i])
        assert torch.allclose(torch.autograd.functional.hessian(logit, X[e, i]), bend[e, i])


@pytest.mark.parametrize("q, p", [(1, np.inf), (2, 2)])
def test_no_point_of_a_ball_is_below_the_interval(deep, q, p):
    rng = np.random.default_rng(1)
    X = torch.as_tensor(rng.normal(size=(5, 3)))
    sign = torch.as_tensor(rng.choice([-1.0, 1.0], size=(2, 5)))
    radius = torch.full((2, 5), 0.7).double()
    moves = rng.normal(size=(400, 3))
    moves = torch.as_tensor(0.7 * moves / np.linalg.norm(moves, ord=p, axis=1, keepdims=True))
    around = deep.around(X, torch.ones(5).double(), moves)
    assert torch.allclose(around[0, 1], deep(X[1] + moves)[0])
    least = deep.interval_margin(X, sign, radius, q=q)
    assert (least <= (sign.unsqueeze(-1) * around).amin(-1)).all()
    at_zero = deep.interval_margin(X, sign, 0 * radius, q=q)
    assert torch.allclose(at_zero, sign * deep(X)), "a ball of no size is the row"
    slopes = deep.gradient(X).norm(dim=-1)
    assert (slopes <= deep.lipschitz().unsqueeze(-1)).all()
    assert (deep.magnitude(X, 0.0) >= deep(X).abs()).all()


def test_spheres_find_a_flip_outside_the_certified_ball(deep):
    X = np.random.default_rng(2).normal(size=(20, 3))
    middle = deep(X).median(1).values
    model = deep._replace(b=deep.b - middle, w=20 * deep.w)
    model = model._replace(b=model.b - (model(X).median(1).values))
    found = growing_spheres(model, X, seed=0)
    assert found.valid.float().mean() > 0.5
    safe = certified_radius(model, torch.as_tensor(X), most=10.0)
    assert (found.cost[found.valid] >= safe[found.valid]).all()


def test_training_from_the_usual_start_is_the_usual_training():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(300, 3))
    y = (X[:, 0] + 0.5 * rng.normal(size=300) > 0).astype(int)
    start = init_network(3, [0.0, 0.2], 7)
    kept = [parameter.clone() for parameter in start]
    mine = train_from(start, X, y, seed=7, epochs=2)
    usual = fit_network(X, y, [0.0, 0.2], seed=7, epochs=2)
    assert all(torch.equal(a, b) for a, b in zip(mine, usual))
    assert all(torch.equal(a, b) for a, b in zip(start, kept)), "the start stays as it was"
    deep = train_from(init_two_layers(3, [0.0, 0.2], 7), X, y, seed=7, epochs=20)
    right = ((deep(X) >= 0).numpy() == (y == 1)).mean(-1)
    assert (right > 0.75).all()


@pytest.mark.parametrize(
    "counts, times", [((3, 1), (1, 3)), ((2, 2), (1, 1)), ((2, 3), (3, 2)), ((1, 30), (7, 1))]
)
def test_copies_by_hand(counts, times):
    y = np.repeat([0, 1], counts)
    assert study.copies(y).tolist() == np.repeat(times, counts).tolist()


E = len(EPS_GRID)
NETWORKS = "half the units", "four times the units", "two hidden layers", "balanced classes"


def linear(at, slope):
    """Linear models of one feature, favourable from `at` on."""
    at, slope = (torch.tensor(each, dtype=torch.float64) for each in (at, slope))
    return LogisticRegression(slope[:, None], -at * slope, torch.tensor(EPS_GRID).double())


def slice_of(kind, model, X, monkeypatch, train, labels):
    """A slice of Adult, split 3, that is loaded as such alone."""
    data = SimpleNamespace(X_train=train, y_train=labels)

    def load(name, *, seed, scaling):
        assert (name, seed, scaling) == ("adult", 3, "standard"), "the split of the slice"
        return data

    monkeypatch.setattr(study.datasets, "load", load)
    known = {"dataset": "adult", "kind": kind, "seed": 3, "scaling": "standard"}
    unknown = dict.fromkeys(("source", "y", "logits", "accuracy", "recourse"))
    return Slice(**known, **unknown, model=model, X=X)


@pytest.fixture
def one(monkeypatch):
    """The standard boundary is at 0, the robust ones at 2 with half the slope.

    Twenty people at -1 are denied by both models, twelve at 1 by the robust one, three at 3 by
    none. Of ten training rows the standard model denies five and the robust ones seven.
    """
    X = np.repeat([-1.0, 1.0, 3.0], [20, 12, 3])[:, None]
    train, labels = np.arange(-4.5, 5)[:, None], np.array([0, 0, 0, 1, 0, 1, 0, 1, 1, 1])
    model = linear([0.0] + [2.0] * (E - 1), [1.0] + [0.5] * (E - 1))
    return slice_of("logistic", model, X, monkeypatch, train, labels)


def test_each_choice_of_linear_models_has_its_row(one):
    """The columns are those that are stored."""
    found = study.choices([one, one])
    names = ["usual", "budget 5", "budget 2", *study.SCFE_SETTINGS, "balanced classes"]
    assert found["choice"].tolist() == 2 * names and found.index.is_unique
    assert list(found) == list(stored.read("choices", "choices"))
    assert (found["seed"] == 3).all()


def test_the_usual_choice_by_hand(one):
    """The same twenty pay 1 and 3; three more, who flip the other way, 3 and 1."""
    row = study.choices([one]).set_index("choice").loc["usual"]
    assert row[["n", "apart"]].tolist() == [20, 0]
    assert row[["same", "threshold", "geometry", "equal"]].tolist() == about([2, 2, 0, 0])
    assert row["growing_spheres cost"] == pytest.approx(34 / 29, rel=0.02)
    before, after = (20 * 2 + 3 * 4) / 1.01, (20 * 2.5 + 3 * 1.5) * 0.5 / 0.26
    assert row["scfe cost"] == pytest.approx(after / before - 1, rel=1e-5)
    assert row["scfe valid"] == row["growing_spheres valid"] == 0


def test_settings_of_scfe_are_used(one):
    """Towards a logit of a quarter; or of 4, where the twenty pay 5.5 x 0.5 / 0.26, too much."""
    rows = study.choices([one]).set_index("choice")
    before, after = (20 * 1.25 + 3 * 3.25) / 1.01, (20 * 1.75 + 3 * 0.75) * 0.5 / 0.26
    assert rows["scfe cost"]["s = 0.25"] == pytest.approx(after / before - 1, rel=1e-5)
    assert rows["scfe valid"]["s = 4"] == about(-20 / 35)
    before, after = (20 * 2 + 3 * 4) / 1.001, (20 * 2.5 + 3 * 1.5) * 0.5 / 0.251
    assert rows["scfe cost"]["lam = 0.001"] == pytest.approx(after / before - 1, rel=1e-5)


def test_a_budget_is_used(one):
    """Nobody of the twenty pays 2 or less under the robust model."""
    rows = study.choices([one]).set_index("choice")
    assert rows["n"][["usual", "budget 5", "budget 2"]].tolist() == [20, 20, 0]


@pytest.mark.parametrize("name", study.SCFE_SETTINGS)
def test_a_setting_is_called_what_it_is(name):
    ((option, value),) = study.SCFE_SETTINGS[name].items()
    assert name == f"{option} = {value:g}"


def test_each_dataset_has_a_radius_of_the_grid():
    assert set(study.RADIUS) == set(datasets.NAMES)
    assert set(study.RADIUS.values()) <= set(EPS_GRID)


def retrained(monkeypatch, people):
    """What each choice trains: the shape of its first weights, the rows, and the seed."""
    trained, start = {}, init_network(2, EPS_GRID, 3)
    X, y = np.arange(2.0 * people).reshape(-1, 2), np.arange(people) % 4 // 3

    def train(model, X, y, seed):
        return model[0].shape, len(y), y.sum(), seed

    monkeypatch.setattr(study, "train_from", train)
    one = slice_of("network", start, None, monkeypatch, X, y)
    trained.update(study.retrained(one))
    return trained


def test_what_other_networks_are_trained_from(monkeypatch):
    """Of eight people two are favourable: three times as many make the classes equal."""
    shapes = (2, 2, 2), (2, 16, 2), (2, 4, 2), (2, 4, 2)
    rows = (8, 2, 3), (8, 2, 3), (8, 2, 3), (12, 6, 3)
    expected = {name: (each, *row) for name, each, row in zip(NETWORKS, shapes, rows)}
    assert retrained(monkeypatch, 8) == expected


def test_other_networks_are_trained_on_all_rows(monkeypatch):
    found = retrained(monkeypatch, 40_000)
    assert {rows[1] for name, rows in found.items() if name != NETWORKS[-1]} == {40_000}


def test_balanced_classes_of_linear_models_are_fitted_exactly(one):
    """Of ten people three are favourable; some copies make both classes about as large."""
    labels = np.array([0, 0, 0, 1, 0, 0, 0, 1, 0, 1])
    data = study.datasets.load("adult", seed=3, scaling="standard")
    data.y_train = labels
    found = study.retrained(one)
    times = study.copies(labels)
    rows = np.repeat(data.X_train, times, axis=0), np.repeat(labels, times)
    expected = fit_logistic(*rows, [0.0, 0.2]).model
    assert list(found) == ["balanced classes"]
    assert torch.equal(found["balanced classes"].w, expected.w)


@pytest.fixture
def pair(one):
    """The standard and one robust model."""
    return one._replace(model=select(one.model, [0, 5]))


def test_a_search_has_the_cap_and_the_seed_of_its_slice(pair, monkeypatch):
    asked = []

    def spy(model, X, *, max_cost, seed):
        asked.append((max_cost, seed))

    monkeypatch.setattr(study, "growing_spheres", spy)
    study.search(pair)
    assert asked == [(10.0, 3)]


def test_a_row_at_the_bar_is_accepted(pair):
    found = study.search(pair._replace(X=np.array([[0.0], [2.0]])))
    assert found.favourable.tolist() == [[True, True], [False, True]]
    assert found.helped[0].tolist() == [[False, False], [True, False]]


@pytest.mark.parametrize("equal, rate", [(0.46, 0.72), (0.54, 0.7), (0.52, 0.66), (0.5, 0.74)])
def test_shares_are_compared_with_those_that_they_should_equal(pair, monkeypatch, equal, rate):
    """The standard model denies a half and the robust one 0.7 of the training rows."""
    denied = np.array([[0.5, 0.7], [0.9, equal], [0.9, rate]])
    every = study.thresholds(pair)._replace(denied=denied)
    monkeypatch.setattr(study, "thresholds", lambda one: every)
    assert study.search(pair).apart == about(0.04)


def test_a_model_without_a_threshold_helps_nobody(pair, monkeypatch):
    threshold = np.array([[0.0, 0.0], [0.0, np.nan], [0.0, 0.0]])
    every = study.thresholds(pair)._replace(threshold=threshold)
    monkeypatch.setattr(study, "thresholds", lambda one: every)
    helped = study.search(pair).helped.any(-1)
    assert helped.tolist() == [[True, True], [True, False], [True, True]]


def searched(path, lacks=()):
    """Costs of four models for six people, each of whom lacks one recourse or none."""
    helped = np.ones((3, 2, 6), bool)
    for person, where in enumerate(lacks):
        helped[*where, person] = False
    path = np.repeat(np.array(path, dtype=float)[:, :, None], 6, axis=2)
    return study.Searched(np.zeros((2, 6), bool), {}, path, helped, 0.0)


def test_the_path_leads_over_the_rate_and_over_equal_acceptance(monkeypatch):
    """From 2 over 3 or 2.5 to 5; the standard model's own share is no step."""
    monkeypatch.setattr(study, "SOME", 1)
    row = study.measure(searched([[2, 5], [9, 2.5], [9, 3]]), 10.0)
    assert {name: row[name] for name in ("same", "threshold", "geometry", "equal")} == {
        name: about(value) for name, value in study.of_path(2.0, 3.0, 2.5, 5.0).items()
    }


def test_the_same_people_have_a_recourse_under_all_four(monkeypatch):
    lacks = (0, 0), (2, 1), (1, 1), (0, 1), (1, 0), (2, 0)
    assert study.measure(searched(np.ones((3, 2)), lacks), 10.0)["n"] == 2


def test_the_lesser_order_of_either_part_is_taken():
    """From 2 over 6 or 4.5 to 5: the threshold costs 0.5 or 4, geometry 2.5 or saves 1."""
    row = study.of_path(2.0, 6.0, 4.5, 5.0)
    assert (row["threshold"], row["geometry"]) == (about(0.25), about(-0.5))


def recourse(cost, valid):
    return SimpleNamespace(cost=torch.tensor(cost), valid=torch.tensor(valid))


def test_effects_of_a_method_by_hand(monkeypatch):
    """Five rows; the last has another label, the fourth no recourse; at a budget of 3 one less."""
    monkeypatch.setattr(study, "SOME", 2)
    cost = [[1.0, 2.0, 3.0, 1.0, 9.0], [2.0, 3.0, 4.0, 1.0, 1.0]]
    valid = [[True] * 5, [True, True, True, False, True]]
    favourable = np.array([[False] * 5, [False] * 4 + [True]])
    flips = {"scfe": recourse(cost, valid)}
    row = study.of_flips(flips, favourable, 10.0)
    assert row == {"scfe valid": about(-0.2), "scfe cost": about(1 / 2)}
    row = study.of_flips(flips, favourable, 3.0)
    assert row["scfe valid"] == about(3 / 5 - 4 / 5) and row["scfe cost"] == about(1 / 1.5)
    monkeypatch.setattr(study, "SOME", 3)
    assert "scfe cost" not in study.of_flips(flips, favourable, 3.0), "two rows are too few"


def test_parts_of_a_path_by_hand():
    """From 2 by way of 3 (the rate) or 2.5 (equal acceptance) to 5."""
    row = study.of_path(2.0, 3.0, 2.5, 5.0)
    expected = {"same": 1.5, "threshold": 0.5, "geometry": 0.25, "equal": 0.25}
    assert row == {name: about(value) for name, value in expected.items()}


def test_people_are_helped_under_all_four_within_the_budget(monkeypatch):
    monkeypatch.setattr(study, "SOME", 1)
    path, helped = np.ones((3, 2, 4)), np.ones((3, 2, 4), bool)
    path[0, 1] = 2.0
    path[1, 1, 1] = 6.0
    helped[2, 1, 2] = False
    helped[2, 0, 3] = False  # the standard model at its own rate is no step of the path
    searched = study.Searched(np.zeros((2, 4), bool), {}, path, helped, 0.0)
    assert study.measure(searched, 10.0)["n"] == 3
    row = study.measure(searched, 5.0)
    assert row["n"] == 2 and row["same"] == about(1.0) and row["equal"] == about(0.0)
    assert "same" not in study.measure(searched, 0.5)


def effect_of(low, high):
    return audit.Effect("", (low + high) / 2, low, high)


@pytest.mark.parametrize(
    "low, high, says",
    [
        (0.11, 0.3, "holds"),
        (0.1, 0.3, "open"),  # a tie is not above
        (-0.3, -0.11, "opposite"),
        (-0.3, -0.1, "too small"),
        (-0.05, 0.09, "too small"),
        (-0.05, 0.1, "open"),
        (np.nan, np.nan, "no value"),
    ],
)
def test_what_a_cell_says(low, high, says):
    assert audit.say(effect_of(low, high), 0.1) == says


def rows_of(values, column="scfe cost", **fields):
    rows = pd.DataFrame({"seed": range(len(values)), column: values})
    return rows.assign(dataset="adult", kind="network", **fields)


def test_a_cell_has_the_sign_of_its_conclusion_and_the_exploring_seeds():
    up = audit.PAPERS[0]
    tables = rows_of([7.0], "other"), rows_of([1.0, 2.0, 3.0, 4.0, 5.0, 99.0])
    assert audit.cell(tables, up, "adult").mean == about(3.0)
    assert audit.cell(tables, up._replace(sign=-1), "adult").mean == about(-3.0)
    assert audit.cell(tables, up, "compas") is None
    assert audit.cell(tables, up._replace(kind="logistic"), "adult") is None
    assert audit.cell(tables[:1], up, "adult") is None
    assert audit.cell(tables[1:], up._replace(column="other"), "adult") is None
    assert np.isnan(audit.cell([rows_of([1.0, np.nan, 1.0, 1.0, 1.0])], up, "adult").low)


def test_which_seeds_are_asked_again():
    """5 to 9 for the paper's conclusions where these are there; 10 to 14 for ours."""
    paper, ours = audit.PAPERS[0], audit.OURS[3]
    rows = rows_of(np.arange(15.0)).assign(next=np.arange(15.0))
    assert audit.cell([rows], paper, "adult", exploring=False).mean == about(7.0)
    assert audit.cell([rows], ours, "adult", exploring=False).mean == about(12.0)
    assert audit.asked_again(rows[rows["seed"].isin(audit.CONFIRMING)], paper) == audit.CONFIRMING
    rows = rows[(rows["seed"] < 5) | (rows["seed"] >= 10)]
    assert audit.cell([rows], paper, "adult", exploring=False).mean == about(12.0)


def test_parts_count_where_rates_agree_and_people_are_enough():
    rows = rows_of([0.5] * 3, "same", threshold=0.4, geometry=0.1, equal=-0.02)
    rows = rows.assign(apart=[0.01, 0.011, 0.0], n=[30, 30, 29])
    before = rows.copy()
    found = audit.completed(rows)
    pd.testing.assert_frame_equal(rows, before)
    assert found["threshold"].notna().tolist() == [True, False, False]
    assert found["same"].notna().tolist() == [True, True, False], "it compares no rates"
    assert found["most"][0] == about(0.4 - 0.25) and found["next"][0] == about(0.1 - 0.02)


def test_what_the_paper_concludes():
    """For either kind and each of three methods: costs rise by a tenth, validity falls by 0.05."""
    found = {(one.kind, one.column): one[3:] for one in audit.PAPERS}
    datasets = "adult", "compas", "german"
    expected = {}
    for kind, method in product(("network", "logistic"), ("scfe", "cchvae", "growing_spheres")):
        expected[kind, f"{method} cost"] = 1, 0.1, datasets
        expected[kind, f"{method} valid"] = -1, 0.05, datasets
    assert found == expected and len(audit.PAPERS) == 12
    assert audit.PAPERS[0].name == "networks, SCFE: cost rises"
    assert audit.PAPERS[-1].name == "logistic regression, growing spheres: validity falls"


def test_what_we_conclude():
    assert [one[1:] for one in audit.OURS] == [
        ("logistic", "most", 1, 0.1, ("adult",)),
        ("logistic", "same", -1, 0.1, ("compas",)),
        ("network", "geometry", 1, 0.1, ("compas",)),
        ("network", "next", 1, 0.0, ("adult",)),
    ]


def test_each_choice_has_its_cells():
    """Twelve of the paper's conclusions for three datasets and our four, as far as they apply.

    A tenth of the samples concerns two of three methods, settings of SCFE one, other networks two.
    """
    both, networks = 2 * 2 * 2 * 3 + 4, 2 * 2 * 3 + 2
    expected = {"usual": 40, "min-max": 40, "min-max, eps 0.02": 40, "trained against l2": 36}
    expected |= {"the denied alone": 36, "certified": 6 * 3 + 2, "a tenth of the samples": 24}
    expected |= {"budget 5": both, "budget 2": both} | dict.fromkeys(study.SCFE_SETTINGS, 12)
    expected |= {"balanced classes": both, "half the units": networks}
    expected |= {"four times the units": networks, "two hidden layers": networks}
    expected |= {"equal acceptance": 6}
    found = audit.gather()
    for exploring in (True, False):
        cells = audit.matrix(found, exploring)
        assert cells.groupby("choice", sort=False).size().to_dict() == expected
    settings = [*study.SCFE_SETTINGS, "balanced classes", "half the units"]
    assert list(found)[7:16] == ["budget 5", "budget 2", *settings, "four times the units"]


def test_each_conclusion_has_five_other_seeds():
    """Those of its usual cell, so that splits are alike, but at equal acceptance."""
    found = audit.gather()
    for (name, tables), one in product(found.items(), (*audit.PAPERS, *audit.OURS)):
        for rows in map(audit.completed, tables):
            seeds = set(rows.loc[rows["kind"] == one.kind, "seed"])
            if seeds and one.column in rows:
                later = one in audit.OURS or name == "equal acceptance"
                expected = audit.LATER if later else audit.CONFIRMING
                assert set(expected) <= seeds and audit.asked_again(rows, one) == expected, name


def test_the_usual_rows_beside_the_choices_are_those_of_other_tables():
    """They are the same searches from the same rows, in a table of their own."""
    varied = stored.read("choices", "choices")
    usual = varied[varied["choice"] == "usual"]
    both = ["dataset", "kind", "seed"]
    pair = usual.merge(audit.part_rows(stored.read("parts", "equal")), on=both)
    assert len(pair) == 60
    for column in ("n", "apart", "same", "threshold", "geometry", "equal"):
        one, other = pair[f"{column}_x"], pair[f"{column}_y"]
        np.testing.assert_allclose(one, other, atol=2e-3, rtol=2e-3)


def test_what_the_choices_are_read_from():
    found = audit.gather()
    paper, boxed = stored.read("summary", "paper"), stored.read("summary", "minmax")
    parts, small = stored.read("parts", "equal"), audit.BOXED_RADIUS
    boxed_parts = stored.read("parts", "equal_minmax")
    usual = audit.usual_rows(paper), audit.part_rows(parts)
    made = {
        "usual": usual,
        "min-max": (audit.usual_rows(boxed), audit.part_rows(boxed_parts)),
        f"min-max, eps {small}": (
            audit.usual_rows(boxed, radius=small),
            audit.part_rows(boxed_parts, small),
        ),
        "trained against l2": (audit.usual_rows(stored.read("summary", "l2")),),
        "the denied alone": (audit.usual_rows(paper, "denied"),),
        "certified": [audit.in_place_of_networks(rows) for rows in usual],
        "a tenth of the samples": (audit.usual_rows(stored.read("summary", "fewer")),),
        "equal acceptance": (audit.at_equal_acceptance(parts),),
    }
    for name, tables in made.items():
        assert len(found[name]) == len(tables)
        for one, rows in zip(found[name], tables):
            pd.testing.assert_frame_equal(one, rows)
    assert small == 0.02


def test_cells_by_hand():
    """Costs rise by 1 to 5 for networks; certified ones stand in for them, at ten times that."""
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    plain = rows_of(values)
    certified = rows_of([10 * value for value in values]).assign(kind="certified")
    rows = pd.concat([plain, certified, plain.assign(kind="logistic")], ignore_index=True)
    cells = audit.matrix({"usual": [rows], "certified": [audit.in_place_of_networks(rows)]})
    assert cells["choice"].tolist() == ["usual", "usual", "certified"]
    first, _, last = cells.to_dict("records")
    assert (first["mean"], last["mean"]) == (about(3), about(30))
    half = 2.7764451052 * np.sqrt(2.5) * np.sqrt(0.45)
    assert (first["low"], first["high"]) == (about(3 - half), about(3 + half))
    assert (first["smallest"], first["says"], first["dataset"]) == (0.1, "open", "adult")
    assert first["conclusion"] == "networks, SCFE: cost rises"


@pytest.mark.parametrize(
    "says, verdict, under",
    [
        (["holds", "holds", "no value"], "robust", ""),
        (["holds", "too small", "open"], "hangs on a choice", "b"),
        (["holds", "opposite", "opposite"], "hangs on a choice", "b, c"),
        (["too small", "holds", "open"], "artefact", "b"),
        (["open", "holds", "too small"], "open", ""),
        (["holds", "open", "holds"], "open", ""),
        (["too small", "open", "no value"], "never", ""),
    ],
)
def test_verdicts_by_hand(says, verdict, under):
    choices = ["usual", "b", "c"]
    cells = pd.DataFrame({"choice": choices, "says": says})
    found = audit.verdicts(cells.assign(conclusion="x", dataset="adult"))
    assert found.index.names == ["conclusion", "dataset"]
    (row,) = found.itertuples()
    assert (row.verdict, row.under) == (verdict, under)
    known = [one for one in says if one != "no value"]
    assert (row.holds, row.of) == (known.count("holds"), len(known))


def test_stored_rows_by_hand(monkeypatch):
    """At 0.2 the cost rises from 2 to 3, and validity falls from 0.9 to 0.6."""
    row = {"dataset": "adult", "kind": "network", "seed": 0, "method": "scfe", "reading": "flip"}
    robust = {"eps": 0.2, "cost_common": 3.0, "cost_gap": 1.0, "validity": 0.6}
    standard = {"eps": 0.0, "cost_common": 2.0, "cost_gap": 0.0, "validity": 0.9}
    both = [row | each | {"n": 50, "n_common": 20} for each in (standard, robust)]
    (found,) = audit.usual_rows(pd.DataFrame(both)).to_dict("records")
    assert found["scfe cost"] == about(0.5) and found["scfe valid"] == about(-0.3)
    smaller = pd.DataFrame(both).replace({"eps": {0.2: 0.1}})
    (found,) = audit.usual_rows(smaller, radius=0.1).to_dict("records")
    assert found["scfe cost"] == about(0.5)
    both[1]["n_common"] = 10
    (found,) = audit.usual_rows(pd.DataFrame(both)).to_dict("records")
    assert found["scfe cost"] == about(0.5)
    both[1]["n_common"] = 9
    (found,) = audit.usual_rows(pd.DataFrame(both)).to_dict("records")
    assert np.isnan(found["scfe cost"]) and found["scfe valid"] == about(-0.3)
    path = {"standard": 2.0, "rate": 3.0, "equal": 2.5, "robust": 5.0, "n": 50, "apart": 0.0}
    names = {"dataset": "adult", "kind": "logistic", "seed": 0, "eps": 0.2, "measure": "least"}
    (found,) = audit.part_rows(pd.DataFrame([names | path])).to_dict("records")
    expected = study.of_path(2.0, 3.0, 2.5, 5.0)
    assert {name: found[name] for name in expected} == {
        name: about(value) for name, value in expected.items()
    }
    (other,) = audit.part_rows(pd.DataFrame([names | path | {"eps": 0.1}]), 0.1).to_dict("records")
    assert other["same"] == found["same"]
    (found,) = audit.at_equal_acceptance(pd.DataFrame([names | path])).to_dict("records")
    assert found["growing_spheres cost"] == about(0.25)


@pytest.mark.parametrize(
    "robust, standard, known", [(10, 10, True), (9, 10, False), (10, 9, False)]
)
def test_a_validity_is_of_ten_people_at_least(robust, standard, known):
    row = {"dataset": "adult", "kind": "network", "seed": 0, "method": "scfe", "reading": "flip"}
    row |= {"cost_common": 3.0, "cost_gap": 1.0, "n_common": 10}
    rows = [row | {"eps": 0.0, "validity": 0.9, "n": standard}]
    rows.append(row | {"eps": 0.2, "validity": 0.6, "n": robust})
    (found,) = audit.usual_rows(pd.DataFrame(rows)).to_dict("records")
    assert np.isfinite(found["scfe valid"]) == known


def test_stored_parts_are_the_lesser_of_both_orders():
    """From 2 over 6 or 4.5 to 5: the threshold costs 0.5 or 4, geometry 2.5 or saves 1."""
    names = {"dataset": "adult", "kind": "logistic", "seed": 0, "eps": 0.2, "measure": "least"}
    path = {"standard": 2.0, "rate": 6.0, "equal": 4.5, "robust": 5.0, "n": 50, "apart": 0.0}
    other = names | path | {"measure": "scfe", "rate": 9.0}
    (found,) = audit.part_rows(pd.DataFrame([names | path, other])).to_dict("records")
    assert (found["threshold"], found["geometry"]) == (about(0.25), about(-0.5))
    assert (found["same"], found["equal"]) == (about(1.5), about(1.25))


def test_verdicts_come_in_the_order_of_the_cells():
    cells = pd.DataFrame({"conclusion": ["b", "a"], "dataset": "adult", "choice": "usual"})
    found = audit.verdicts(cells.assign(says="holds"))
    assert found.index.tolist() == [("b", "adult"), ("a", "adult")]


def test_heights_in_a_cell():
    assert height(0.0) == 0.5 and height(0.2) < 0.5 < height(-0.2)
    assert height(1e6) == about(0.06) and height(-1e6) == about(0.94)
    assert {audit.HOLDS, audit.OPPOSITE, audit.SMALL, audit.OPEN, audit.NONE} == set(SAYS_COLOURS)

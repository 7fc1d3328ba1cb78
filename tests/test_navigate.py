"""The navigator: what a choice of radius and threshold offers, by hand on rows of one number."""

import inspect

import numpy as np
import pandas as pd
import pytest
import torch

from rrlib import figures
from rrlib.models import LogisticRegression, Network, init_network
from rrlib.study import navigate as navigator
from rrlib.study.navigate import MEASURES, front, navigate

X_FIT = np.array([[-2.0], [0.0], [2.0], [4.0]])
X_CHOOSE, Y_CHOOSE = np.array([[-3.0], [-1.0], [1.0], [3.0]]), np.array([0, 1, 0, 1])
X_ALL, Y_ALL = np.vstack([X_FIT, X_CHOOSE]), np.array([0, 1, 0, 1] * 2)
X_TEST, Y_TEST = np.array([[-1.5], [-0.5], [0.5], [2.5]]), np.array([0, 1, 1, 1])


def family(slopes, biases):
    """Linear models of one feature, the radii 0, 0.1, 0.2, and so on."""
    columns = [torch.tensor(slopes, dtype=torch.float64)[:, None]]
    columns.append(torch.tensor(biases, dtype=torch.float64))
    return LogisticRegression(*columns, torch.arange(len(slopes), dtype=torch.float64) / 10)


@pytest.fixture
def divided(monkeypatch):
    """The rows are divided into the two parts above, whatever the seed."""
    labels = np.array([0, 1, 0, 1])
    parts = X_FIT, X_CHOOSE, labels, Y_CHOOSE
    monkeypatch.setattr(navigator, "train_test_split", lambda *arrays, **options: parts)


def choice(model, X_test=X_TEST, y_test=Y_TEST, seed=0, **options):
    """A choice out of models that need no training."""
    rows = X_ALL, Y_ALL, X_test, y_test
    return navigate(lambda X, y: model, *rows, seed=seed, **options)


def test_offers_by_hand(divided):
    """The own threshold denies -3 and -1; that which denies a quarter of X_FIT denies -3 alone."""
    found = choice(
        family([1.0], [0.0]), weights={"accuracy": 1}, denied=(0.25,), attack=0.5, budget=2.0
    )
    own, quarter = found.offers[list(MEASURES)].to_dict("records")
    half = {"robust": 0.5, "affordable": 0.75, "accuracy": 0.5, "acceptance": 0.5, "cost": 2.0}
    assert own == pytest.approx(half)
    more = {"robust": 0.5, "affordable": 1.0, "accuracy": 0.75, "acceptance": 0.75, "cost": 2.0}
    assert quarter == pytest.approx(more), "at a logit of 0 the answer is yes, not under attack"
    assert found.offers["logit"].tolist() == [0.0, -1.0]
    assert np.isnan(found.offers["denied"][0]) and found.offers["denied"][1] == 0.25
    assert found.offers["chosen"].tolist() == [False, True]
    assert found.model(X_TEST).tolist() == [[-0.5, 0.5, 1.5, 3.5]], "less the threshold"
    on_test = dict(zip(found.offer["measure"], found.offer["value"]))
    told = {"robust": 0.75, "affordable": 1.0, "accuracy": 1.0, "acceptance": 0.75, "cost": 0.5}
    assert on_test == pytest.approx(told), "under attack -0.5 still gets its yes, -1.5 one too"


def test_what_is_asked_if_nothing_is_said(divided):
    known = inspect.signature(navigate).parameters.values()
    defaults = {one.name: one.default for one in known if one.default is not one.empty}
    sizes = {"attack": 0.1, "budget": 2.0, "max_cost": 10.0, "share": 0.25, "resamples": 1000}
    assert defaults == {"limits": None, "denied": navigator.DENIED} | sizes
    offers = choice(family([1.0], [0.0]), weights={"accuracy": 1}).offers
    assert offers["denied"][1:].tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]


def test_an_offer_has_the_columns_that_are_promised(divided):
    offers = choice(family([1.0, 0.0], [0.0, 1.0]), weights={"accuracy": 1}).offers
    assert list(offers) == ["eps", "denied", "logit", *MEASURES, "allowed", "front", "chosen"]


def test_a_recourse_that_costs_more_than_the_most_is_not_affordable(divided):
    """At -3 it costs 3, at -1 it costs 1."""
    wish = {"weights": {"accuracy": 1}, "denied": (), "budget": 5.0}
    assert choice(family([1.0], [0.0]), max_cost=2.0, **wish).offers["affordable"][0] == 0.75


def test_a_network_is_attacked_towards_the_wrong_answer():
    """Favourable from 0 on: of the right answers those at least 0.5 away from it hold."""
    parts = [[[9.0]]], [[0.0]], [[2.0]], [-1.0], [0.0]
    network = Network(*(torch.tensor(part).double() for part in parts))
    X, y = np.array([[-0.6], [-0.4], [0.4], [0.6], [0.6]]), np.array([0, 0, 1, 1, 0])
    assert navigator._holds(network, X, y, 0.5).tolist() == [[True, False, False, True, False]]


def test_where_nobody_is_denied_the_cost_counts_as_nothing(divided):
    """The first model denies two people, who pay 2 in the mean, and the second nobody."""
    models = family([1.0, 0.0], [0.0, 1.0])
    for weight, chosen in ((-1, [False, True]), (1, [True, False])):
        found = choice(models, weights={"cost": weight}, denied=())
        assert found.offers["chosen"].tolist() == chosen


def test_a_cost_below_one_is_more_than_none(divided):
    models = family([4.0, 0.0], [2.5, 1.0])
    found = choice(models, weights={"cost": -1}, denied=(), max_cost=0.5).offers
    assert found["cost"][0] < 1 and found["chosen"].tolist() == [False, True]


def test_a_dear_recourse_costs_the_most_that_counts(divided):
    found = choice(family([1.0], [0.0]), weights={"cost": -1}, denied=(), max_cost=2.5)
    assert found.offers["cost"][0] == (2.5 + 1.0) / 2
    assert found.offers["affordable"][0] == 0.75


def test_a_larger_budget_and_a_smaller_attack_offer_more(divided):
    wish = {"weights": {"accuracy": 1}, "denied": ()}
    near = choice(family([1.0], [0.0]), budget=0.5, attack=1.5, **wish).offers
    far = choice(family([1.0], [0.0]), budget=3.0, attack=0.0, **wish).offers
    assert (near["affordable"][0], far["affordable"][0]) == (0.5, 1.0)
    wide = choice(family([1.0], [0.0]), attack=3.5, **wish).offers
    assert (wide["robust"][0], far["robust"][0]) == (0.0, far["accuracy"][0])


def test_of_equals_the_smallest_radius_at_its_own_threshold(divided):
    same = family([1.0, 2.0, 4.0], [0.0, 0.0, 0.0])
    found = choice(same, weights={"accuracy": 1}, denied=(0.25,)).offers
    assert found["accuracy"].tolist() == [0.5, 0.75] * 3
    assert found["chosen"].tolist() == [False, True] + [False] * 4
    every = choice(same, weights={"robust": 0.0}, denied=(0.5,))
    assert every.offers["chosen"].tolist() == [True] + [False] * 5


def test_tied_logits_offer_the_nearest_threshold(divided):
    """No threshold parts rows that the model holds for the same."""
    step = init_network(1, [0.0], seed=0)
    constant = choice(family([0.0], [1.0]), weights={"accuracy": 1})
    assert len(constant.offers) == 1, "a constant model has its own threshold alone"
    twice = np.array([[0.0], [0.0], [0.0], [1.0]])
    model, table = navigator._candidates(family([1.0], [0.0]), twice, (0.1, 0.5, 0.9))
    assert table["logit"].tolist() == [0.0, 0.5, 0.5, 0.5]
    assert (model(twice).numpy() < 0).sum(1).tolist() == [0, 3, 3, 3]
    model, table = navigator._candidates(step, X_FIT, (0.25,))
    assert (model(X_FIT).numpy() < 0).sum(1)[1] == 1, "networks too"


@pytest.mark.filterwarnings("error")
def test_without_people_denied_there_is_no_cost(divided):
    everybody, nobody = family([0.0], [1.0]), family([0.0], [-1.0])
    found = choice(everybody, weights={"cost": -1}, limits={"cost": (None, 1.0)})
    cost = found.offer.set_index("measure").loc["cost"]
    assert cost.isna().all() and np.isnan(found.offers["cost"][0])
    assert found.offers[["affordable", "acceptance"]].to_numpy().tolist() == [[1.0, 1.0]]
    found = choice(nobody, weights={"cost": -1}, max_cost=7.0)
    cost = found.offer.set_index("measure").loc["cost"]
    assert cost.tolist() == [7.0, 7.0, 7.0], "nobody has a recourse"
    assert found.offers["affordable"][0] == 0.0


def test_limits_come_before_weights(divided):
    """Accepting everybody helps the most people, and the limit rules it out."""
    models = family([1.0, 0.0], [0.0, 1.0])
    wish = {"weights": {"affordable": 1}, "denied": ()}
    assert choice(models, **wish).offers["chosen"].tolist() == [False, True]
    limited = choice(models, limits={"acceptance": (None, 0.5)}, **wish).offers
    assert limited["allowed"].tolist() == [True, False], "the ends of a limit are allowed"
    assert limited["chosen"].tolist() == [True, False]
    assert choice(models, limits={"acceptance": (0.6, 1)}, **wish).offers["chosen"][1]


def test_limits_that_nothing_meets_say_what_comes_nearest(divided):
    models = family([1.0, 0.0], [0.0, -1.0])
    limits = {"acceptance": (0.55, None), "accuracy": (0.9, None)}
    told = "no model is within.*acceptance.*the nearest has acceptance 0.5, accuracy 0.5"
    with pytest.raises(ValueError, match=told):
        choice(models, weights={"accuracy": 1}, limits=limits, denied=())
    with pytest.raises(ValueError, match="nearest has cost 2$"):
        choice(models, weights={"accuracy": 1}, limits={"cost": (None, 1.0)}, denied=())


def test_the_front_by_hand():
    goods = {"robust": [0.9, 0.5, 0.5, 0.4, 0.9], "affordable": [0.1, 0.8, 0.8, 0.7, 0.05]}
    offers = pd.DataFrame(goods | {"accuracy": [0.7, 0.6, 0.6, 0.6, 0.7]})
    assert front(offers).tolist() == [True, True, True, False, False], "equals are both on it"
    assert front(offers, ["accuracy"]).tolist() == [True, False, False, False, True]
    offers.loc[3, "accuracy"] = 0.65
    assert front(offers)[3], "better at one"


def test_the_plane_marks_the_front_and_the_own_thresholds(divided):
    """Two models: -3 and -1 are denied at the first's own threshold, nobody at the second's."""
    models = family([1.0, 0.0], [0.0, 1.0])
    offers = choice(models, weights={"accuracy": 1}, denied=(0.25, 0.5)).offers
    offers["front"] = [True, False, True, True]
    ax = figures.tradeoff_plane({"german": offers}, "real").axes[0]
    (own,) = ax.lines
    assert own.get_xydata().tolist() == [[0, 0.5], [1, 0.0]]
    assert ax.collections[1].get_offsets().tolist() == [[0, 0.5], [0, 0.5], [1, 0.0]]
    drawn = ax.collections[0].get_array()
    assert drawn[:, 0].tolist() == offers["robust"][1:3].tolist()
    assert np.ma.getmaskarray(drawn)[:, 1].all(), "a constant model has no other threshold"


def test_the_bootstrap_is_seeded_and_holds_the_value(divided):
    model, weights = family([1.0], [0.0]), {"accuracy": 1}
    first, again = (choice(model, weights=weights).offer for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert (first["low"] <= first["value"]).all() and (first["value"] <= first["high"]).all()
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 1))
    y = (X[:, 0] + rng.normal(size=400) > 0).astype(int)
    one, two = (choice(model, X, y, seed, weights=weights).offer for seed in (0, 1))
    assert not one["low"].equals(two["low"])
    accuracy = one.set_index("measure").loc["accuracy"]
    spread = np.sqrt(accuracy["value"] * (1 - accuracy["value"]) / 400)
    wide = (accuracy["high"] - accuracy["low"]) / (2 * 1.96)
    assert wide == pytest.approx(spread, rel=0.1), "the standard error of a share"


def test_no_row_is_in_two_parts(monkeypatch):
    """Training, choosing, and being told what is offered are for rows of three kinds."""
    rows, seen = np.arange(40.0)[:, None], []
    labels, model = np.tile([0, 1], 20), family([1.0], [-20.0])
    measured = navigator.least_cost

    def spy(family, X, **options):
        seen.append(set(X[:, 0]))
        return measured(family, X, **options)

    def fit(X, y):
        seen.append(set(X[:, 0]))
        assert (y == X[:, 0] % 2).all(), "labels go with their rows"
        return model

    monkeypatch.setattr(navigator, "least_cost", spy)
    navigate(fit, rows[:30], labels[:30], rows[30:], labels[30:], weights={"robust": 1}, seed=3)
    trained, chosen, told = seen
    assert len(trained) == 22 and len(chosen) == 8 and told == set(range(30, 40))
    assert trained | chosen == set(range(30)) and not trained & chosen
    navigate(fit, rows[:30], labels[:30], rows[30:], labels[30:], weights={"robust": 1}, seed=4)
    assert seen[4] != chosen, "the seed divides the rows"


@pytest.mark.parametrize("attack, held", [(0.0, 4), (1e-6, 4)])
def test_networks_are_attacked_and_searched(divided, attack, held):
    network = init_network(1, [0.0, 0.1], seed=0)
    found = choice(network, weights={"accuracy": 1}, attack=attack, denied=(0.5,))
    right = (found.model(X_TEST).numpy()[0] >= 0) == (Y_TEST == 1)
    offer = found.offer.set_index("measure")["value"]
    assert offer["accuracy"] == right.mean() and offer["robust"] == pytest.approx(right.mean())
    assert len(found.offers) == held


BAD = [
    ({"weights": {"fairness": 1}}, "out of robust.*not fairness"),
    ({"weights": {"robust": 1}, "limits": {"cots": (0, 1)}}, "not cots"),
    ({"weights": {}}, "at least one"),
    ({"weights": {"robust": np.nan}}, "finite"),
    ({"weights": {"accuracy": 1, "robust": np.inf}}, "finite"),
    ({"weights": {"robust": 1}, "denied": (0.5, 1.0)}, "between 0 and 1"),
    ({"weights": {"robust": 1}, "X_test": np.zeros((4, 2))}, "X_test must have the model's 1"),
    ({"weights": {"robust": 1}, "y_test": np.array([0, 1, 2, 1])}, "labels 0 and 1"),
]


@pytest.mark.parametrize("options, told", BAD)
def test_bad_input_is_named(options, told):
    with pytest.raises(ValueError, match=told):
        choice(family([1.0], [0.0]), **options)

"""Certified training: interval bounds, the greedy start, what is proved of the networks."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import softplus

from rrlib import theory
from rrlib.data import datasets, twins
from rrlib.models import (
    EPS_GRID,
    LogisticRegression,
    Network,
    certified_accuracy,
    dictionary,
    fit_certified,
    fit_logistic,
    fit_network,
    greedy,
    pgd,
    to,
)
from rrlib.models.certificate import certified_margin

CLOSE = 1e-4
"""What a loss may be above another one, in nats."""


def doubles(*values):
    return [torch.as_tensor(np.asarray(value), dtype=torch.float64) for value in values]


def network(W1, b1, w2, b2=0.0, eps=0.0):
    """A family of one network."""
    return Network(*doubles([W1], [b1], [w2], [b2], [eps]))


def random_network(seed, H=4, d=3, size=2.0):
    rng = np.random.default_rng(seed)
    parts = size * rng.normal(size=(H, d)), rng.normal(size=H), size * rng.normal(size=H)
    return network(*parts)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def margins(model, X, sign, radius, q=1):
    return model.interval_margin(*doubles(X, sign, [[radius]]), q=q)[0].numpy()


def attacked_loss(model, X, y, eps, p=np.inf):
    model = to(model, torch.float64)
    moved = torch.as_tensor(X) + pgd(model, X, y, eps, p=p, restarts=3)
    sign = torch.as_tensor(2.0 * y - 1)
    return softplus(-sign * model(moved)).mean(-1).numpy()


def certified_loss(model, X, y, eps, q=1):
    """What no attack exceeds, in float64."""
    rows, sign, radius = doubles(X, 2 * y - 1, eps)
    margin = certified_margin(to(model, torch.float64), rows, sign, radius.unsqueeze(-1), q=q)
    return softplus(-margin).mean(-1).numpy()


def unit_losses(X, y, eps):
    """Robust losses of the best single units, exactly."""
    units = [theory.best_unit(X, y, radius) for radius in eps]
    return np.array([theory.unit_loss(unit, X, y, radius) for unit, radius in zip(units, eps)])


def constant_loss(y):
    share = y.mean()
    return -share * np.log(share) - (1 - share) * np.log(1 - share)


@pytest.mark.parametrize("q, reach", [(1, 0.7), (2, 0.5), (np.inf, 0.4)])
def test_one_unit_by_hand(q, reach):
    """x = (0.5, 1), w = (3, -4): z = -2.5 + 0.2, and 0.1 ||w||_q is the reach."""
    model = network([[3.0, -4.0]], [0.2], [2.0], 0.3)
    found = margins(model, [[0.5, 1.0]] * 2, [1, -1], 0.1, q)
    expected = [2 * sigmoid(-2.3 - reach) + 0.3, -(2 * sigmoid(-2.3 + reach) + 0.3)]
    assert np.allclose(found, expected, rtol=0, atol=1e-15)
    down = margins(network([[3.0, -4.0]], [0.2], [-2.0], 0.3), [[0.5, 1.0]], [1], 0.1, q)
    assert down[0] == pytest.approx(-2 * sigmoid(-2.3 + reach) + 0.3)


@given(st.integers(0, 10**6), st.floats(0, 1), st.sampled_from([(1, np.inf), (2, 2), (np.inf, 1)]))
def test_no_perturbation_goes_below_the_interval(seed, radius, pair):
    p, q = pair
    model, rng = random_network(seed), np.random.default_rng(seed)
    X, sign = rng.normal(size=(6, 3)), rng.choice([-1.0, 1.0], 6)
    moves = rng.normal(size=(500, 1, 3))
    moves *= radius / np.linalg.norm(moves, ord=p, axis=-1, keepdims=True)
    attacked = sign * np.stack([model(torch.as_tensor(X + move))[0] for move in moves])
    assert np.all(margins(model, X, sign, radius, q) <= attacked.min(0) + 1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_the_interval_is_exact_where_all_units_move_one_way(seed):
    """Output weights times hidden weights of a feature have one sign: brute force over corners."""
    rng = np.random.default_rng(seed)
    way = rng.choice([-1.0, 1.0], 3)
    model = network(way * rng.exponential(size=(4, 3)), rng.normal(size=4), rng.exponential(size=4))
    X, sign = rng.normal(size=(20, 3)), rng.choice([-1.0, 1.0], 20)
    corners = 0.3 * np.array(list(itertools.product([-1, 1], repeat=3)))
    attacked = sign * np.stack([model(torch.as_tensor(X + corner))[0] for corner in corners])
    assert np.allclose(margins(model, X, sign, 0.3), attacked.min(0), rtol=0, atol=1e-12)


def test_two_units_that_cancel_fool_the_interval():
    """h = sigmoid(4x) - sigmoid(4x) + 0.1 is constant; each unit fears another end.

    No attack turns it. The slopes at x = 0 cancel, but not the bends, and neither bound certifies.
    """
    model = network([[4.0], [4.0]], [0.0, 0.0], [1.0, -1.0], 0.1)
    x, y = np.array([[0.0]]), np.array([1])
    expected = sigmoid(-2) - sigmoid(2) + 0.1
    assert margins(model, x, [1.0], 0.5)[0] == pytest.approx(expected) and expected < -0.6
    assert attacked_loss(model, x, y, 0.5) == pytest.approx(np.log1p(np.exp(-0.1)))
    assert certified_accuracy(model, x, y, 0.5) == 0
    slopes = model.least_margin(*doubles(x, [1.0], [[0.1]]), q=1).item()
    assert certified_accuracy(model, x, y, 0.1) == 1 and slopes > 0
    assert margins(model, x, [1.0], 0.1)[0] < 0, "in a smaller ball the slopes alone certify"


def test_an_l2_ball_is_not_spent_twice():
    """sigmoid(x) + sigmoid(y) at 0 in the ball of radius log 3: the bound moves both by all of it.

    The worst perturbation moves both by log(3) / sqrt(2).
    """
    model, x = network(np.eye(2), [0, 0], [1, 1]), np.zeros((1, 2))
    assert margins(model, x, [1.0], np.log(3), 2)[0] == pytest.approx(0.5)
    worst = 2 * sigmoid(-np.log(3) / np.sqrt(2))
    found = attacked_loss(model, x, np.array([1]), np.log(3), 2)
    assert found == pytest.approx(np.log1p(np.exp(-worst))) and worst > 0.6


def test_the_better_bound_counts_row_by_row():
    """Below its middle one unit's interval is closer; where two cancel, the slopes are."""
    model = network([[8.0, 0], [0, 4.0], [0, 4.0]], [0.0] * 3, [3.0, 1.0, -1.0], 0.5)
    X, y = np.array([[-0.3, 9.0], [-9.0, 0.0]]), np.array([1, 1])
    least = model.least_margin(*doubles(X, [1, 1], [[0.2]]), q=1)[0].numpy()
    interval = margins(model, X, [1, 1], 0.2)
    assert (least > interval).tolist() == [False, True]
    best = np.maximum(least, interval)
    level = np.array([best.min(), least.min(), interval.min()])
    assert level[0] > level[1:].max(), "neither bound alone does as well"
    lower = model._replace(b2=model.b2 - (level[0] + level[1:].max()) / 2)
    assert certified_accuracy(lower, X, y, 0.2) == 1
    expected = np.log1p(np.exp(-best)).mean()
    assert certified_loss(model, X, y, [0.2]) == pytest.approx(expected)


def test_a_linear_family_is_its_own_certificate():
    model = LogisticRegression(*doubles([[1.0, -2.0]], [0.5], [0.1]))
    X, y = np.array([[1.0, 1.0], [0.0, -1.0]]), np.array([0, 1])
    assert margins(model, X, [-1.0, 1.0], 0.1).tolist() == pytest.approx([0.2, 2.2])
    expected = np.log1p(np.exp([-0.2, -2.2])).mean()
    assert certified_loss(model, X, y, [0.1]) == pytest.approx(expected)


def test_a_shelf_by_hand():
    """Rows at 0, 1, 1, 3, labels 0, 1, 0, 1, radius 0.25: four cells are filled, of six."""
    X, sign = np.array([[0.0], [1], [1], [3]]), np.array([-1.0, 1, -1, 1])
    rows = dictionary.Rows(*doubles(X, sign, [0.25]), np.inf)
    (shelf,) = dictionary.shelves(rows)
    assert shelf.cell.tolist() == [3, 1, 4, 2] and shelf.sign.tolist() == [1] * 3 + [-1] * 3
    assert shelf.share.tolist() == [0, 0.25, 0.25, 0.25, 0.25, 0]
    assert shelf.threshold.tolist() == [[0, 0.5, 1, 2, 3]], (
        "between -.25, .25, .75, 1.25, 2.75, 3.25"
    )
    up = [slope / 3 for slope in dictionary.SLOPES]
    assert shelf.weight.tolist() == pytest.approx(up + [-weight for weight in up])
    columns, units = dictionary.take(shelf, torch.tensor([[1, 1, 1, 3, 3, 3]]), 1)
    assert units.b[0, 0].item() == pytest.approx(-0.5 * 200 / 3)
    for k, place in ((2, 0.5), (5, 2.0)):
        for cell, (value, label) in enumerate(itertools.product([1, -1], [0, 1, 3])):
            value, label = label, value
            z = shelf.weight[k].item() * (value - place) - label * 0.25 * 5
            expected = label * (sigmoid(z) - 0.5)
            assert columns[0, k, cell].item() == pytest.approx(expected, abs=1e-6)
    one = dictionary.Units(*(part[:, 2:3] for part in units))
    column = dictionary.worst_columns(one, rows)[0, 0]
    assert torch.allclose(column.float(), columns[0, 2, shelf.cell]), "rows and their cells agree"
    sums = dictionary.sums(shelf, torch.tensor([[1.0, 2, 3, 4]]))
    assert sums.tolist() == [[0, 2, 4, 1, 3, 0]]


def step(X, sign, eps):
    return dictionary.best_step(dictionary.Rows(*doubles(X, sign, eps), np.inf))


def test_the_best_step_by_hand():
    """Rows at 0, 1, 2, 3, labels 0, 1, 0, 1, radius 0.25: above 0.5 stand two of three."""
    one = step(np.arange(4.0)[:, None], [-1, 1, -1, 1], [0.25, 5.0])
    assert one.size.tolist() == [[1], [0]], "under a wide attack no step rises"
    assert one.W[0].item() == pytest.approx(200 / 3), "at least the largest slope of the dictionary"
    assert one.b[0].item() == pytest.approx(-0.5 * 200 / 3)


def test_a_step_is_as_steep_as_its_gap_asks():
    near, sign = np.array([[0.0], [1.0], [1.001], [3.0]]), [-1, -1, 1, 1]
    up, down = step(near, sign, [0.0]), step(-near, sign, [0.0])
    assert up.W.item() == pytest.approx(20 / 0.001), "10 on either side of the gap"
    assert up.b.item() == pytest.approx(-1.0005 * 20 / 0.001)
    assert down.W.item() == pytest.approx(-up.W.item()) and down.b.item() == up.b.item()
    nearer = step(np.where(near == 1.001, 1.00001, near), sign, [0.0])
    assert nearer.W.item() == pytest.approx(dictionary.STEEPEST / 3)


def test_a_step_may_rise_as_far_as_its_sides_differ():
    """999 rows of one label and one of the other on either side: the logits are 6.9 and -6.9."""
    X = np.repeat([[0.0], [1.0]], 1000, axis=0)
    y = (X[:, 0] == 1) ^ (np.arange(2000) % 1000 == 0)
    one = step(X, np.where(y, 1, -1), [0.1])
    low, high = 1.5 / 1001, 999.5 / 1001
    rise = np.log(high / (1 - high)) - np.log(low / (1 - low))
    assert rise > dictionary.MOST and one.size.item() * dictionary.MOST == pytest.approx(rise)
    rows = dictionary.Rows(*doubles(X, np.where(y, 1, -1), [0.1]), np.inf)
    loss = greedy._best_unit(rows, dictionary.shelves(rows))[-1].item()
    assert loss == pytest.approx(unit_losses(X, y.astype(int), [0.1]).item(), abs=1e-5)


def test_a_step_is_placed_in_double_precision():
    x = np.array([[0.0, 7.0], [0.1, 7.0], [0.3, 7.0], [1.0, 7.0]])
    one = step(x, [-1, -1, 1, 1], [0.0])
    assert -one.b.item() / one.W[0, 0, 0].item() == pytest.approx(0.2, abs=1e-14)
    assert one.W[0, 0, 1] == 0


def test_many_values_are_taken_together_where_rows_are_many():
    column = np.concatenate([np.zeros(5000), np.arange(1, 1001)])
    value, number = dictionary._values(column)
    assert len(value) <= dictionary.VALUES and value[0] == 0 and (number[:5000] == 0).all()
    assert np.allclose(value, [column[number == k].mean() for k in range(len(value))])
    few = np.tile([3.0, 1.0, 3.0], 20)
    assert dictionary._values(few)[0].tolist() == [1, 3]


def test_a_promise_is_the_best_step_of_a_quadratic():
    """Columns 1, 1, -1 with labels 1, 1, -1 and slopes .5: the bias is free, by hand."""
    columns, sign = torch.tensor([[[1.0, 0.0, -1.0]]]), torch.tensor([1.0, 1.0, -1.0])
    slope, curve = torch.tensor([[0.5, 0.2, 0.3]]), torch.tensor([[0.25, 0.16, 0.21]])
    gain, weight = dictionary.gains(columns, sign, slope, curve)
    pull, bend = 0.5 - 0.3, 0.46 - (0.25 + 0.21) ** 2 / 0.62
    assert weight.item() == pytest.approx(pull / bend)
    assert gain.item() == pytest.approx(pull**2 / bend / 2)
    gain, weight = dictionary.gains(columns, sign, slope, curve, torch.tensor([[1.0]]))
    assert gain.item() == pytest.approx(pull - bend / 2) and weight.item() == 1
    gain, weight = dictionary.gains(-columns, sign, slope, curve)
    assert gain.item() == weight.item() == 0, "no weight is below 0"
    _, weight = dictionary.gains(1e-3 * columns, sign, slope, curve)
    assert weight.item() == dictionary.LARGEST


def test_only_what_judges_find_useful_is_added():
    """The proposing rows see a step that the judging rows, whose labels are a coin's, do not."""
    X = np.tile(np.arange(8.0), 50)[:, None]
    proposes = np.arange(400) < 200
    step = np.where(X[:, 0] > 3, 1.0, -1.0)
    for useful in (True, False):
        sign = np.where(proposes, step, step if useful else -step)
        rows = dictionary.Rows(*doubles(X, sign, [0.1]), np.inf)
        zero = dictionary.Units(*doubles([[[0.0]]], [[0.0]], [[0.0]]))
        slope = torch.full((1, 400), 0.5).double()
        one = greedy._next_unit(rows, dictionary.shelves(rows), zero, slope, torch.tensor(proposes))
        assert one.size.item() == useful
        if useful:
            assert 3.0 < -one.b.item() / one.W.item() < 4.0 and one.W.item() > 0


def test_a_single_unit_is_fitted_by_hand():
    """Worst columns, and a weight and a bias that two shares of favourable rows decide."""
    units = dictionary.Units(*doubles([[[2.0]]], [[1.0]], [[3.0]]))
    X, sign = np.array([[0.0], [1.0]]), np.array([1.0, -1.0])
    rows = dictionary.Rows(*doubles(X, sign, [0.5]), np.inf)
    found = dictionary.worst_columns(units, rows)[0, 0]
    assert found.tolist() == pytest.approx([3 * (sigmoid(0) - 0.5), -3 * (sigmoid(4) - 0.5)])
    inside = torch.tensor([1.0] * 4 + [0.0] * 6).double()
    sign = torch.tensor([1.0, 1, 1, -1, 1, -1, -1, -1, -1, -1]).double()
    start = torch.zeros(1, 1).double(), torch.zeros(1).double()
    c, b, loss = greedy.fit_weights((inside * sign)[None, None], *start, sign, steps=20)
    assert b.item() == pytest.approx(np.log(1 / 5)) and c.item() == pytest.approx(np.log(3 * 5))
    expected = 0.4 * constant_loss(np.array([1, 1, 1, 0]))
    expected += 0.6 * constant_loss(np.array([1, 0, 0, 0, 0, 0]))
    assert loss.item() == pytest.approx(expected)
    c, _, _ = greedy.fit_weights((-inside * sign)[None, None], *start, sign, steps=20)
    assert c.item() == 0, "no weight is below 0"
    c, _, _ = greedy.fit_weights(inside[None, None], *start, sign, steps=50)
    assert c.item() == dictionary.MOST, "and none above the largest"


@pytest.mark.parametrize("eps", [0.0, 0.1, 0.4])
def test_the_first_unit_is_no_worse_than_the_best_step(eps):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = (X[:, 1] + 0.5 * rng.normal(size=200) > 0.3).astype(int)
    rows = dictionary.Rows(*doubles(X, 2.0 * y - 1, [eps]), np.inf)
    loss = greedy._best_unit(rows, dictionary.shelves(rows))[-1].item()
    assert loss <= unit_losses(X, y, [eps]).item() + CLOSE


def blobs(seed, n=600, d=3):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.4).astype(int)
    return rng.normal(size=(n, d)) + 1.2 * y[:, None] * rng.normal(size=d), y


def check(X, y, eps, seed):
    """What is required of certified networks, on training rows, for l_inf.

    They are no worse than the linear minimiser, the best single unit, the best constant, and the
    networks of `fit_network` under attack; and an attack of three starts comes near their bound.
    """
    fit = fit_certified(X, y, eps, seed=seed)
    loss = certified_loss(fit.model, X, y, eps)
    today = fit_network(X, y, eps, seed=seed)
    linear = fit_logistic(X, y, eps).loss
    assert np.all(loss <= linear + CLOSE) and np.all(loss <= unit_losses(X, y, eps) + CLOSE)
    assert np.all(loss <= constant_loss(y) + CLOSE)
    assert np.all(loss <= attacked_loss(today, X, y, eps) + CLOSE)
    gap = loss - attacked_loss(fit.model, X, y, eps)
    assert np.all(gap >= -1e-9) and np.all(gap <= 0.005)
    assert np.all(fit.loss <= fit.start + 1e-6), "training keeps the best"
    assert np.all(loss <= fit.loss + 1e-6), "the better of two bounds"
    assert np.array_equal(fit.linear, linear)
    return fit


@pytest.mark.parametrize("seed", [0, 1])
def test_certified_networks_on_two_clouds(seed):
    check(*blobs(seed), np.array([0.0, 0.1, 0.3]), seed)


def test_certified_networks_on_a_twin():
    table = twins.draw("german")
    names = [name for name in table if table[name].dtype.kind in "if" and name != "favourable"]
    X, y = table[names].to_numpy(float), table["favourable"].to_numpy()
    check((X - X.mean(0)) / X.std(0), y, np.array(EPS_GRID), 0)


def test_past_the_classes_distance_a_constant_is_the_best():
    X, y = np.repeat([[-1.0], [1.0]], 50, axis=0), np.repeat([0, 1], 50)
    flipped = np.array([0] * 5 + [1] * 45 + [1] * 5 + [0] * 45)
    fit = fit_certified(X, np.where(np.arange(100) % 10 == 0, flipped, y), [0.5, 1.5], seed=0)
    assert fit.loss[0] < 0.5 and fit.loss[1] == pytest.approx(fit.linear[1], abs=1e-6)
    assert not fit.unit[1] < fit.linear[1] - 1e-9


@pytest.mark.parametrize("values", [[-1.0, 1.0], np.linspace(-2, 2, 50)])
def test_one_feature_is_enough(values):
    rng = np.random.default_rng(6)
    X = rng.choice(values, (300, 1))
    y = (X[:, 0] + rng.normal(size=300) > 0).astype(int)
    fit = check(X, y, np.array([0.0, 0.3, 5.0]), 0)
    assert fit.model.W1.shape == (3, 2, 1)
    assert np.all(fit.loss[:2] < constant_loss(y) - 0.05), "and learnt from"


def test_a_column_that_never_changes_has_no_unit():
    X, y = blobs(3, n=100)
    X[:, 1] = 7.0
    fit = fit_certified(X, y, [0.0, 0.2], seed=0, epochs=2)
    assert np.isfinite(fit.loss).all() and all(part.isfinite().all() for part in fit.model)
    assert np.all(fit.loss <= np.minimum(fit.linear, fit.unit) + CLOSE)


@pytest.mark.parametrize("p", [2, np.inf])
def test_the_certificate_holds_in_both_norms(p):
    X, y = blobs(4)
    eps = [0.0, 0.2]
    fit = fit_certified(X, y, eps, p=p, seed=0)
    loss = certified_loss(fit.model, X, y, eps, q={2: 2, np.inf: 1}[p])
    assert np.all(loss >= attacked_loss(fit.model, X, y, eps, p) - 1e-9)
    assert np.all(fit.loss <= np.minimum(fit.linear, fit.unit) + CLOSE)


def test_the_same_seed_gives_the_same_network():
    X, y = blobs(5)
    first, second, other = (fit_certified(X, y, [0.1], seed=seed, epochs=3) for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first.model, second.model))
    assert not torch.equal(first.model.W1, other.model.W1)
    assert first.model.W1.shape == (1, 6, 3) and first.model.W1.dtype == torch.float32
    double = fit_certified(X, y, [0.1], seed=0, epochs=3, dtype=torch.float64).model
    assert double.W1.dtype == torch.float64


@pytest.mark.parametrize(
    "change, message",
    [
        ({"X": np.full((4, 2), np.inf)}, r"X\[0, 0\] is inf"),
        ({"y": np.array([0, 1, 2, 1])}, "labels 0 and 1"),
        ({"y": np.zeros(4, int)}, "both classes"),
        ({"eps": [-0.1]}, "radii >= 0"),
        ({"p": 1}, "p must be"),
        ({"epochs": 0}, "at least 1"),
        ({"batch_size": 0}, "at least 1"),
        ({"rate": 0.0}, "rate positive"),
        ({}, "one that varies"),
    ],
)
def test_bad_input_is_named(change, message):
    good = {"X": np.zeros((4, 2)), "y": np.array([0, 0, 1, 1]), "eps": [0.1]} | change
    with pytest.raises(ValueError, match=message):
        fit_certified(good.pop("X"), good.pop("y"), good.pop("eps"), seed=0, **good)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 10])
@pytest.mark.parametrize("scaling", datasets.SCALINGS)
@pytest.mark.parametrize("name", datasets.NAMES)
def test_what_is_required_of_certified_networks(name, scaling, seed):
    data = datasets.load(name, seed=seed, scaling=scaling)
    check(data.X_train, data.y_train, np.array(EPS_GRID), seed)

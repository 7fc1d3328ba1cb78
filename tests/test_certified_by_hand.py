"""Certified training by hand: one step of Adam, what is looked at and kept, one step of Newton."""

import numpy as np
import pytest
import torch

from rrlib.models import certified, dictionary, fit_certified, greedy
from rrlib.models.family import LogisticRegression
from rrlib.models.network import Network


def doubles(*values):
    return [torch.as_tensor(np.asarray(value), dtype=torch.float64) for value in values]


def about(expected, rel=1e-6):
    return pytest.approx(expected, rel=rel)


def network(W1, b1, w2, b2, eps):
    """Networks of one feature: W1, b1 and w2 of shape (E, H), b2 and eps of shape (E,)."""
    return Network(*doubles(np.asarray(W1)[..., None], b1, w2, b2, eps))


def one_row(label):
    """A person at 1 with a label."""
    return doubles([[1.0]], [label])


THREE = network([[0.25, 4.0, 0.0]], [[0.0, 0.0, 1.0]], [[2.0, 2.0, 2.0]], [-4.0], [0.0])
"""Units whose largest hidden weights are a quarter, 4 and none."""

STEADY = network([[1.0]], [[0.0]], [[0.01]], [0.0], [0.0])
"""A network whose gradients hardly change in a few small steps."""


def descend(start, label, batches, rate):
    return certified._descend(start, *one_row(label), 1, batches, rate)


def test_the_first_step_of_adam_moves_each_weight_by_the_rate():
    """All four kinds rise at a favourable row; hidden ones by the rate times their unit's size.

    A size is at most 1 and at least 1e-6, where the 1e-8 in Adam's own denominator is felt.
    """
    found = descend(THREE, 1.0, [[0]], 0.1)
    assert (found.W1 - THREE.W1)[0, :2, 0].tolist() == about([0.025, 0.1], 1e-4)
    assert (found.b1 - THREE.b1)[0, :2].tolist() == about([0.025, 0.1], 1e-4)
    assert found.W1[0, 2, 0].item() == about(1e-7, 0.2)
    assert (found.w2 - THREE.w2).tolist() == [about([0.1, 0.1, 0.1], 1e-4)]
    assert (found.b2 - THREE.b2).item() == about(0.1 - 0.3 / 2), "the middles rise, not the bias"


def test_the_rate_falls_linearly_to_zero():
    """Of two steps the second is half as long."""
    found = descend(STEADY, 1.0, [[0], [0]], 1e-4)
    middle = found.b2 + found.w2.sum() / 2
    assert middle.item() - 0.005 == about(1.5e-4, 1e-3)


def test_no_gradient_is_kept_for_the_next_step():
    """With the first gradient in it the second step would be longer by 4 in 100."""
    found = descend(STEADY, 1.0, [[0]] * 2, 1e-4)
    assert (found.W1 - STEADY.W1).item() == about(1.5e-4, 1e-2)


def test_each_network_is_trained_at_its_own_radius():
    """In a minibatch of as many rows as there are networks."""
    parts = [torch.cat([part, part]) for part in STEADY]
    pair = Network(*parts)._replace(eps=torch.tensor([0.0, 2.0]).double())
    X, sign = doubles([[1.0], [-0.5]], [1, -1])
    found = certified._descend(pair, X, sign, 1, [[0, 1]] * 3, 0.1)
    for e in range(2):
        one = Network(*(part[e : e + 1] for part in pair))
        alone = certified._descend(one, X, sign, 1, [[0, 1]] * 3, 0.1)
        assert torch.allclose(found.W1[e], alone.W1[0]) and torch.allclose(found.w2[e], alone.w2[0])


class Batches(list):
    """Minibatches that know which of them was given last."""

    def __iter__(self):
        for step, rows in enumerate(super().__iter__()):
            self.given = step
            yield rows


def test_ten_of_nineteen_iterates_are_looked_at_and_the_last_is_one(monkeypatch):
    batches, looked = Batches([[0]] * 19), []

    def look(best, lowest, *_):
        looked.append(batches.given)
        return best, lowest

    monkeypatch.setattr(certified, "_better", look)
    descend(STEADY, 1.0, batches, 1e-4)
    assert looked == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]


def test_a_start_that_no_iterate_beats_is_kept():
    """The minibatch has the one row of three that pulls the wrong way."""
    X, sign = doubles([[1.0]] * 3, [1, 1, -1])
    found = certified._descend(STEADY, X, sign, 1, [[2]], 0.1)
    assert all(torch.equal(one, other) for one, other in zip(found, STEADY))


def test_the_better_is_taken_model_by_model():
    """At a favourable row the higher bias is better."""
    old = network([[1.0], [1.0]], [[0.0], [0.0]], [[1.0], [1.0]], [0.0, 1.0], [0.1, 0.2])
    new = old._replace(b2=torch.tensor([1.0, 0.0]).double(), W1=2 * old.W1)
    losses = [certified.interval_loss(model, *one_row(1.0), 1) for model in (old, new)]
    best, lowest = certified._better(old, losses[0], new, *one_row(1.0), 1)
    assert best.b2.tolist() == [1.0, 1.0] and best.W1.flatten().tolist() == [2.0, 1.0]
    assert lowest.tolist() == [losses[1][0], losses[0][1]]


def test_the_interval_loss_is_a_mean_over_rows_at_each_radius():
    """A bias of 0.5 alone: two favourable rows and another one, in blocks or not."""
    flat = network([[0.0], [0.0]], [[0.0], [0.0]], [[0.0], [0.0]], [0.5, 0.5], [0.0, 3.0])
    X, sign = doubles(np.zeros((3, 1)), [1, 1, -1])
    expected = (2 * np.log1p(np.exp(-0.5)) + np.log1p(np.exp(0.5))) / 3
    assert certified.interval_loss(flat, X, sign, 1).tolist() == about([expected] * 2)


def test_an_exchange_keeps_the_radii():
    """The first network is a constant, best under a wide attack, the second a steep step."""
    model = network([[0.0], [9.0]], [[0.0], [0.0]], [[0.0], [4.0]], [0.0, -2.0], [0.0, 5.0])
    X, sign = doubles([[-1.0], [1.0]], [-1, 1])
    found = certified._exchange(model, X, sign, 1)
    assert found.W1.flatten().tolist() == [9.0, 0.0]
    assert found.b2.tolist() == [-2.0, 0.0] and found.eps.tolist() == [0.0, 5.0]


@pytest.fixture
def settings(monkeypatch):
    """What training is asked for, without its descent."""
    asked = {}

    def batches(n, size, epochs, seed):
        asked.update(n=n, size=size, epochs=epochs, seed=seed)
        return []

    def keep(start, X, sign, q, batches, rate):
        asked.update(q=q, rate=rate, dtype=X.dtype, units=start.w2.shape[1])
        return start

    monkeypatch.setattr(certified, "minibatches", batches)
    monkeypatch.setattr(certified, "_descend", keep)
    return asked


def people(n):
    X = np.arange(n, dtype=float)[:, None] / n
    return X, np.arange(n) // 2 % 2


def test_what_training_does_if_nothing_is_said(settings):
    fit_certified(*people(300), [0.1], seed=4)
    assert settings == {
        "n": 300,
        "size": 256,
        "epochs": 40,
        "seed": 4,
        "q": 1,
        "rate": 0.05,
        "dtype": torch.float32,
        "units": 2,
    }


def test_a_minibatch_has_no_more_rows_than_there_are(settings):
    fit_certified(*people(8), [0.1], seed=0, batch_size=9, epochs=3, rate=0.2, p=2)
    assert (settings["size"], settings["epochs"]) == (8, 3)
    assert (settings["rate"], settings["q"]) == (0.2, 2)


SIGNS = torch.tensor([1.0, -1.0]).double()


def newton(column, theta):
    """One Newton step of a weight and a bias, on a favourable row and another one."""
    columns = torch.stack([torch.tensor(column).double(), SIGNS])[None]
    step = greedy._newton_step(columns, torch.tensor([theta]).double(), 0.5 + 0 * SIGNS)
    return step[0].tolist()


def test_a_newton_step_by_hand():
    """At 0 all slopes are 1/2: the gradient is (-1/4, 0), the Hessian ((1, 1), (1, 2)) / 8."""
    assert newton([1.0, 0.0], [0.0, 0.0]) == about([4.0, -2.0])


@pytest.mark.parametrize(
    "weight, column, moves",
    [(0, 1, 1), (0, -1, 0), (1, 1, 1), (1, -1, -1), (dictionary.MOST, 1, 0)],
)
def test_a_weight_is_held_at_a_bound_that_it_is_pushed_against(weight, column, moves):
    step, _ = newton([float(column), 0.0], [float(weight), 0.0])
    assert np.sign(step) == moves


def test_a_weight_may_leave_the_upper_bound():
    step, _ = newton([-1.0, 0.0], [dictionary.MOST, 0.0])
    assert step < 0


def test_a_bias_is_never_held():
    """Its steps from 9 and -9 are minus and plus the hyperbolic sine of 9."""
    for bias in (9.0, -9.0):
        assert newton([0.0, 0.0], [0.0, bias]) == [0.0, about(-np.sinh(bias))]


def fit_biases(start, share=None, steps=1):
    """Biases without any unit, on a favourable row and another one."""
    b = torch.tensor(start).double()
    columns, c = torch.zeros(len(b), 0, 2).double(), torch.zeros(len(b), 0).double()
    return greedy.fit_weights(columns, c, b, SIGNS, steps=steps, share=share)[1:]


def test_a_step_is_halved_until_the_loss_does_not_rise_for_each_model_alone():
    """From 1 the whole step lowers it; from 4, a quarter of one: to -23.3, -9.6, -2.8."""
    b, loss = fit_biases([1.0, 4.0])
    expected = np.array([1 - np.sinh(1), 4 - np.sinh(4) / 4])
    assert b.tolist() == about(expected)
    assert loss.tolist() == about(np.log(2 * np.cosh(expected / 2)))


def test_a_place_counts_as_often_as_its_share_says():
    """Three quarters are favourable: a first step of (1/2) / (1/2), and in the end log 3."""
    share = torch.tensor([0.75, 0.25]).double()
    assert fit_biases([0.0], share)[0].tolist() == about([1.0])
    assert fit_biases([0.0], share, steps=10)[0].tolist() == about([np.log(3)])


def rows_of(x, sign, eps=(0.0,)):
    return dictionary.Rows(*doubles(np.asarray(x, dtype=float)[:, None], sign, eps), np.inf)


@pytest.fixture
def promised(monkeypatch):
    """What promises are asked for: slopes and curves, and a weight that was given."""
    asked, gains = [], greedy.gains

    def spy(columns, sign, slope, curve, weight=None):
        asked.append((slope.tolist(), curve.tolist(), weight is not None))
        return gains(columns, sign, slope, curve, weight)

    monkeypatch.setattr(dictionary, "gains", spy)
    monkeypatch.setattr(greedy, "gains", spy)
    return asked


def test_the_best_unit_is_sought_beside_the_best_constant(promised):
    """Three of four are favourable: a constant misses them by 1/4 and the other by 3/4."""
    rows = rows_of([0, 0, 1, 1], [1, 1, 1, -1])
    greedy._best_unit(rows, dictionary.shelves(rows))
    cells = [[0.5, 0.25, 0, 0.75]], [[0.375, 0.1875, 0, 0.1875]]
    assert promised == [(*cells, False)]


def test_some_rows_propose_a_unit_and_its_weight_and_the_others_judge_it(promised):
    """Favourable at 0, 1 and 1, with slopes .5, .2 and .4, and another one at 0 with .1."""
    rows = rows_of([0, 1, 0, 1], [1, 1, -1, 1])
    line = dictionary.Units(*doubles([[[0.1]]], [[0.0]], [[40.0]]))
    slope, proposes = torch.tensor([[0.5, 0.2, 0.1, 0.4]]).double(), [True, False, True, False]
    greedy._next_unit(rows, dictionary.shelves(rows), line, slope, torch.tensor(proposes))
    first = about([0.5, 0, 0.1, 0]), about([0.25, 0, 0.09, 0])
    other = about([0, 0.2, 0, 0.4]), about([0, 0.16, 0, 0.24])
    proposing = about([0.5, 0, 0.1, 0]), about([0.25, 0, 0.09, 0])
    judging = about([0, 0.6, 0, 0]), about([0, 0.4, 0, 0])
    expected = [(first, False), (other, True), (proposing, False), (proposing, False)]
    expected.append((judging, True))
    assert promised == [([a], [b], given) for (a, b), given in expected]


def test_the_next_unit_is_sought_from_what_the_first_ones_miss(monkeypatch):
    """At 0 a quarter is favourable and at 1 two thirds: so much does each row's label miss."""
    seen = []

    def spy(rows, shelves, line, slope, proposes):
        seen.append((slope, proposes))
        return line

    monkeypatch.setattr(greedy, "_next_unit", spy)
    y = np.array([0, 0, 0, 1, 0, 1, 1, 1, 1, 0])
    X = np.repeat([0.0, 1.0], [4, 6])[:, None]
    greedy.greedy_start(X, 2.0 * y - 1, np.array([0.0]), np.inf, 3, seed=0)
    shares = np.repeat([1 / 4, 2 / 3], [4, 6])
    for slope, proposes in seen:
        assert slope[0].tolist() == pytest.approx(np.where(y, 1 - shares, shares), abs=1e-3)
        assert proposes.sum() == 5, "half of the rows propose"
    assert not torch.equal(seen[0][1], seen[1][1]), "and others each time"


def test_of_seventeen_values_two_are_taken_together():
    """Two rows each, so 16 values at most: (16 k + 4) / 17 is below 5 for k = 4 and 5 alone."""
    value, number = dictionary._values(np.repeat(np.arange(17.0), 2))
    assert value.tolist() == [0, 1, 2, 3, 4.5, *range(6, 17)]
    assert number.tolist() == np.repeat([0, 1, 2, 3, 4, 4, *range(5, 16)], 2).tolist()


@pytest.mark.parametrize(
    "values, rows, kept",
    [(16, 32, True), (17, 34, False), (64, 2048, True), (65, 2079, False), (128, 4096, True)],
)
def test_a_feature_keeps_as_many_values_as_its_rows_bear(values, rows, kept):
    """One for 32 rows, but 16 in any case."""
    column = np.arange(rows, dtype=float) % values
    assert (len(dictionary._values(column)[0]) == values) == kept


def test_a_feature_keeps_at_most_128_values():
    assert len(dictionary._values(np.arange(9999.0) % 129)[0]) < 129


def test_slopes_are_per_range_wherever_the_feature_lies():
    near, far = (dictionary.shelves(rows_of(np.add([0, 1, 3], by), [1, -1, 1]))[0] for by in (0, 7))
    assert far.weight.tolist() == near.weight.tolist()
    assert far.weight[0].item() == about(dictionary.SLOPES[0] / 3)


def linear_unit(w, b=0.0):
    """A linear model as a unit, for people at 0 and 4 and the radius 1/2."""
    linear = LogisticRegression(*doubles([[w]], [b], [0.5]))
    return dictionary.linear_unit(linear, rows_of([0, 4], [1, -1], [0.5]))


def test_a_linear_unit_by_hand():
    """The farthest logit from the middle, 2 x 2.5, becomes 0.1; there a sigmoid's slope is 1/4."""
    unit = linear_unit(2.0)
    assert unit.W.item() == about(0.04) and unit.b.item() == about(-0.08)
    assert unit.size.item() == about(200)


def test_a_weak_linear_model_is_a_unit_and_a_constant_is_none():
    assert linear_unit(0.1).size.item() == about(10)
    assert linear_unit(0.0).size.item() == 0


def test_a_step_that_rises_little_is_a_step():
    """Two of five favourable below and three of five above: logits of 2.5 / 3.5 and 3.5 / 2.5."""
    y = np.array([1, 1, 0, 0, 0, 1, 1, 1, 0, 0])
    one = dictionary.best_step(rows_of(np.repeat([0, 1], 5), 2 * y - 1))
    assert one.size.item() == 1

"""The best single steep unit, its exact loss, and the radius up to which it beats the constant."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rrlib import theory
from rrlib.models import LogisticRegression, Network, fit_logistic, init_network
from rrlib.models.family import EPS_GRID

seeds = st.integers(0, 2**32 - 1)


def rows(seed, n=14, d=2):
    """Rows with ties, of both classes."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).round(1) + (np.arange(n) == 0)[:, None] * 5
    y = (rng.random(n) < rng.uniform(0.2, 0.8)).astype(int)
    y[rng.permutation(n)[:2]] = 0, 1
    return rng, X, y


def constant_loss(y):
    share = y.mean()
    return -share * np.log(share) - (1 - share) * np.log(1 - share)


def logits(unit, column):
    """A unit's logits, written down once more."""
    z = unit.slope * (unit.sign * column - unit.place)
    return unit.low + (unit.high - unit.low) / (1 + np.exp(-np.clip(z, -700, 700)))


def split_losses(X, y, eps):
    """The robust loss of every split, row by row: both sides get their smoothed shares."""
    share = y.mean()
    for j in range(X.shape[1]):
        for sign in (1, -1):
            worst = (sign * X[:, j] - (2 * y - 1) * eps).round(9)
            for place in np.unique(worst)[1:]:
                sides = [y[worst < place], y[worst >= place]]
                low, high = ((side.sum() + share) / (len(side) + 1) for side in sides)
                if low < high:
                    given = np.where(worst < place, low, high)
                    yield -np.log(np.where(y == 1, given, 1 - given)).mean()


@given(seeds)
def test_distance_of_two_samples_is_that_of_their_best_pairing(seed):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 8, size=2)
    first, second = rng.normal(size=n).round(1), rng.normal(size=m).round(1)
    pairs = np.sort(np.repeat(first, m)) - np.sort(np.repeat(second, n))
    assert theory.wasserstein_inf(first, second) == np.abs(pairs).max()
    assert theory.wasserstein_inf(first, first) == 0


@given(seeds)
def test_a_unit_beats_the_constant_exactly_below_its_threshold(seed):
    _, X, y = rows(seed)
    thresholds = theory.unit_thresholds(X, y)
    for column, threshold in zip(X.T[:, :, None], thresholds):
        for eps in (0.5 * threshold, 0.99 * threshold):
            unit = theory.best_unit(column, y, eps)
            gain = constant_loss(y) - theory.unit_loss(unit, column, y, eps)
            assert (gain > 0) == (unit.low < unit.high) == (threshold > 0)
        unit = theory.best_unit(column, y, 1.01 * threshold + 1e-6)
        assert unit.low == unit.high == pytest.approx(np.log(y.mean() / (1 - y.mean())))
    share = theory.best_unit(X, y, 0.99 * thresholds.max())
    assert (share.low < share.high) == (thresholds.max() > 0), "the last feature decides"


@given(seeds, st.floats(0, 1.5))
def test_no_split_is_better_than_the_best(seed, eps):
    _, X, y = rows(seed)
    eps = round(eps, 3)
    unit = theory.best_unit(X, y, eps)
    least = min([constant_loss(y), *split_losses(X, y, eps)])
    assert theory.unit_loss(unit, X, y, eps) == pytest.approx(least, abs=1e-12)


@given(seeds, st.floats(0, 1.5))
def test_loss_is_the_worst_in_the_ball(seed, eps):
    """On rows that the unit has not seen, where it need not be flat."""
    rng, X, y = rows(seed)
    unit = theory.best_unit(X, y, round(eps, 3))._replace(slope=rng.uniform(0.1, 5))
    other, sign = rng.normal(size=(50, 2)), rng.choice([-1, 1], 50)
    moves = np.linspace(-eps, eps, 21)
    met = logits(unit, other[:, unit.feature] + moves[:, None])
    worst = np.logaddexp(0, -sign * met).max(0).mean()
    found = theory.unit_loss(unit, other, (sign + 1) // 2, eps)
    assert found == pytest.approx(worst, rel=1e-12)


@given(seeds, st.floats(0, 1.5))
def test_a_unit_is_a_network(seed, eps):
    _, X, y = rows(seed)
    unit = theory.best_unit(X, y, round(eps, 3))
    weights = np.zeros((1, 1, 2))
    weights[0, 0, unit.feature] = unit.slope * unit.sign
    parts = (
        weights,
        [[-unit.slope * unit.place]],
        [[unit.high - unit.low]],
        [unit.low],
        [round(eps, 3)],
    )
    network = Network(*(torch.as_tensor(part, dtype=torch.float64) for part in parts))
    same = logits(unit, X[:, unit.feature])
    np.testing.assert_allclose(network(X).numpy()[0], same, atol=1e-9)


def test_past_the_linear_threshold_a_unit_is_better():
    """The 100 people of the chapters: linear models end at 31/51, units at 1."""
    X, y = np.repeat([[1.0], [-1.0]], [85, 15], axis=0), np.repeat([1, 0, 1, 0], [80, 5, 5, 10])
    assert theory.collapse_threshold(X, y) == pytest.approx(31 / 51)
    assert theory.unit_thresholds(X, y).tolist() == [1.0]
    assert not fit_logistic(X, y, [0.8]).model.w.any()
    unit = theory.best_unit(X, y, 0.8)
    assert (unit.feature, unit.sign, unit.place) == (0, 1, 0.0)
    low, high = 5.85 / 16, 80.85 / 86
    assert unit.low == pytest.approx(np.log(low / (1 - low)))
    assert unit.high == pytest.approx(np.log(high / (1 - high)))
    kept = -np.log([high] * 80 + [1 - high] * 5 + [low] * 5 + [1 - low] * 10).mean()
    assert theory.unit_loss(unit, X, y, 0.8) == pytest.approx(kept)
    assert kept < constant_loss(y)


def test_of_two_equal_features_the_first_is_taken():
    x = np.array([0.0, 1.0, 2.0, 3.0])
    assert theory.best_unit(np.column_stack([x, x]), [0, 0, 1, 1], 0.1).feature == 0


def test_a_step_is_forty_times_its_distance_from_either_side():
    """Moved rows at -0.2 and 0.2 have the step between them: 80 / 0.4."""
    X, y = np.array([[1.0], [-1.0]]), np.array([1, 0])
    unit = theory.best_unit(X, y, 0.8)
    assert (unit.place, unit.slope) == (0.0, pytest.approx(200.0))


def test_where_no_step_rises_the_unit_is_the_best_constant():
    """Three of four are favourable, and all people are alike."""
    level = pytest.approx(np.log(3))
    assert theory.best_unit(np.zeros((4, 1)), [1, 1, 1, 0], 0.1) == (0, 1, 0, 0, level, level)


@given(seeds)
@settings(max_examples=50)
def test_from_the_distance_on_no_network_beats_the_constant(seed):
    """In one dimension, with the adversary of the proof: partners meet halfway.

    Linear models, smooth networks and steep ones.
    """
    rng, X, y = rows(seed, d=1)
    plus, minus = np.sort(X[y == 1, 0]), np.sort(X[y == 0, 0])
    halfway = (np.repeat(plus, len(minus)) + np.repeat(minus, len(plus))) / 2
    radius = theory.unit_thresholds(X, y)[0]
    for side in (np.repeat(plus, len(minus)), np.repeat(minus, len(plus))):
        assert np.abs(halfway - side).max() <= radius + 1e-12
    network = init_network(1, EPS_GRID, int(seed), hidden=8)
    sizes = torch.as_tensor(10 ** rng.uniform(0, 3, len(EPS_GRID)))
    steep = network._replace(W1=network.W1 * sizes[:, None, None], w2=network.w2 * sizes[:, None])
    w, b = torch.as_tensor(rng.normal(size=(8, 1))), torch.as_tensor(rng.normal(size=8))
    linear = LogisticRegression(w, b, torch.zeros(8))
    for family in (network, steep, linear):
        h = family(halfway[:, None]).numpy()
        loss = y.mean() * np.logaddexp(0, -h) + (1 - y.mean()) * np.logaddexp(0, h)
        assert np.all(loss.mean(1) >= constant_loss(y) - 1e-12)


def test_trimmed_rows_are_those_at_the_ends_of_each_class():
    X = np.array([0.0, 1, 2, 3, 100, 0, 1, 2, 3, 4])[:, None]
    y = np.repeat([1, 0], 5)
    assert theory.unit_thresholds(X, y).tolist() == [48.0]
    assert theory.unit_thresholds(X, y, trim=1).tolist() == [0.0]
    with pytest.raises(ValueError, match="trim=3"):
        theory.unit_thresholds(X, y, trim=3)
    with pytest.raises(ValueError, match="trim=-1"):
        theory.unit_thresholds(X, y, trim=-1)

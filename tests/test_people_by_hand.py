"""Intervals over people: draws that can be counted, and four models on a line."""

import numpy as np
import pytest
import torch
from scipy.stats import binom, norm

from rrlib.audit import people
from rrlib.models.family import LogisticRegression
from rrlib.study.common import MAX_COST

N = 40


def over(*values, **options):
    """The mean and the ends of one row of values, a fold each."""
    found = people.mean_over_people([np.atleast_2d(each) for each in values], **options)
    return tuple(float(part[0]) for part in found)


def test_a_share_is_binomial():
    """Of 40 people 10 have the value 1: the mean of a draw is Binomial(40, 1/4) / 40."""
    mean, low, high = over(np.arange(N) < 10, resamples=20_000)
    assert mean == 0.25
    ends = binom.ppf([0.025, 0.975], N, 0.25) / N
    assert (low, high) == pytest.approx(ends, abs=1e-12)


def test_a_mean_of_many_is_normal():
    values = np.random.default_rng(1).normal(size=2_000)
    mean, low, high = over(values)
    half = norm.ppf(0.975) * values.std() / np.sqrt(len(values))
    assert mean == pytest.approx(values.mean())
    assert [mean - low, high - mean] == pytest.approx([half, half], rel=0.1)


def test_whoever_does_not_count_is_drawn_all_the_same():
    """Half of 80 people count: the mean is theirs, and the draws have about 40 of them."""
    values = np.random.default_rng(2).normal(size=N)
    absent = np.full(N, np.nan)
    mean, low, high = over(np.concatenate([values, absent]), resamples=20_000)
    alone = over(values, resamples=20_000)
    assert mean == pytest.approx(values.mean())
    assert high - low == pytest.approx(alone[2] - alone[1], rel=0.05)
    assert over(np.concatenate([np.full(N, 3.0), absent])) == pytest.approx((3, 3, 3))


def test_folds_have_one_voice_each_and_their_own_draws():
    """Means 0 and 1 of 40 and 80 people: 1/2; and of four like folds half the width."""
    assert over(np.zeros(N), np.ones(2 * N)) == (0.5, 0.5, 0.5)
    values = np.random.default_rng(3).normal(size=400)
    one, four = over(values), over(values, values, values, values)
    assert four[0] == pytest.approx(one[0])
    assert four[2] - four[1] == pytest.approx((one[2] - one[1]) / 2, rel=0.1)


def test_a_difference_is_paired():
    """Costs that vary between people and rise by 0.1 for each: the rise has no width."""
    before = np.random.default_rng(4).exponential(size=500)
    found = people.mean_over_people([np.stack([before, before + 0.1, np.full(500, 0.1)])])
    assert found.high[2] - found.low[2] == pytest.approx(0, abs=1e-12)
    assert found.high[0] - found.low[0] > 0.1, "but the costs do"
    apart = [end[1] - end[0] for end in found]
    assert apart == pytest.approx([0.1] * 3), "all columns are of the same draws"


def test_blocks_do_not_matter_and_seeds_do(monkeypatch):
    values = np.random.default_rng(5).normal(size=100)
    whole = over(values)
    assert over(values) == whole and over(values, seed=1) != whole
    monkeypatch.setattr(people, "BLOCK", 1)
    assert over(values, resamples=300)[0] == whole[0]
    often = [*people._how_often(7, 5, np.random.default_rng(0))]
    assert len(often) == 5 and all(each.sum() == 7 for each in often)


@pytest.mark.parametrize("block, draws", [(14, [2, 2, 1]), (1, [1] * 5), (35, [5])])
def test_draws_come_in_blocks_of_so_many_people(monkeypatch, block, draws):
    """Of seven people each, five times."""
    monkeypatch.setattr(people, "BLOCK", block)
    often = people._how_often(7, 5, np.random.default_rng(0))
    assert [len(each) for each in often] == draws


def test_an_interval_is_of_two_thousand_draws():
    values = np.random.default_rng(6).normal(size=100)
    assert over(values) == over(values, resamples=2_000)
    assert over(values) not in (over(values, resamples=1_999), over(values, resamples=2_001))


def line(*places):
    """Models of one feature, favourable from these places on."""
    parts = torch.ones(len(places), 1), -torch.tensor(places), torch.zeros(len(places))
    return LogisticRegression(*(part.double() for part in parts))


def test_whoever_is_at_a_bar_is_not_denied():
    """The standard model denies one of four; the robust one, at 1, two: the third is at its bar."""
    X = np.array([[-1.0], [0.5], [1.0], [3.0]])
    four = people.four_models(line(0.0, 1.0), X)
    assert (four(X).numpy() < 0).sum(1).tolist() == [1, 2, 1, 2]


def test_whoever_is_at_a_bar_is_not_among_the_same_people():
    cost = people.costs_of_same(line(0.0, 0.0, 0.0, 0.0), [[0.0], [-1.0]], max_cost=9, seed=0)
    assert np.isnan(cost[:, 0]).all() and cost[:, 1].tolist() == [1, 1, 1, 1]


def test_few_people_are_refused():
    values = np.where(np.arange(N) < people.PEOPLE, 1.0, np.nan)
    assert over(values) == (1, 1, 1)
    values[0] = np.nan
    with pytest.raises(ValueError, match="a mean over 29 people: it takes 30 at least"):
        over(values)


def test_four_models_on_a_line():
    """The standard model denies below 0 and the robust one below 1, of -2, -1, 0.5 and 3.

    Half are denied, and three quarters. The bar of a quarter more lies between 0.5 and 3, at
    1.75; the robust model's bar for a half between -1 and 0.5, at -0.25.
    """
    family = LogisticRegression(
        torch.tensor([[1.0], [2.0]]), torch.tensor([0.0, -2.0]), torch.tensor([0.0, 0.2])
    )
    X = np.array([[-2.0], [-1.0], [0.5], [3.0]])
    four = people.four_models(family, X)
    assert (four(X).numpy() < 0).sum(1).tolist() == [2, 3, 2, 3]
    cost = people.costs_of_same(four, X, max_cost=MAX_COST, seed=0)
    expected = [[2, 1], [3.75, 2.75], [1.75, 0.75], [3, 2]]
    np.testing.assert_allclose(cost[:, :2], expected, rtol=1e-6)
    assert np.isnan(cost[:, 2:]).all(), "accepted by the standard model"
    capped = people.costs_of_same(four, X, max_cost=3.5, seed=0)
    assert np.isnan(capped[:, 0]).all() and capped[0, 1] == 1, "no recourse at the rate"

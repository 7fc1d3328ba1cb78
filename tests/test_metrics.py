"""The measures of the study: masks, ties, thresholds and seeds, each small enough to check."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rrlib.models import LogisticRegression, predict
from rrlib.recourse import Recourse, minimal_recourse
from rrlib.study import balls, intervals, metrics


def about(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


def six_people():
    """Two models, six people at 0 in two features; a recourse of the standard model costs 1.

    0, 1: denied by both, and the robust recourses cost 4 and 6.
    2: accepted by both, at 9.
    3: denied by the standard model alone, at 100; the labels differ.
    4: the standard recourse fails, at 200 under the other. 5: the robust one fails, left at 300.
    """
    favourable = np.array([[0, 0, 1, 0, 0, 0], [0, 0, 1, 1, 0, 0]], bool)
    valid = np.array([[1, 1, 1, 1, 0, 1], [1, 1, 1, 1, 1, 0]], bool)
    cost = np.array([[1, 1, 1, 1, 1, 1], [4, 6, 9, 100, 200, 300]], float)
    x_cf = np.stack([np.ones((2, 6)), np.zeros((2, 6))], -1)
    x_cf[1, :, 0] = 1 + 3 * np.arange(1, 7)
    x_cf[1, :, 1] = 4 * np.arange(1, 7)  # so the two models' lie 5, 10, ..., 30 apart
    n_evals = np.array([[1, 2, 3, 4, 5, 6], [10, 20, 30, 40, 50, 60]])
    return Recourse(x_cf, valid, cost, n_evals, None), favourable


def row_of(recourse, favourable, X, model, reading):
    table = metrics.summarise(recourse, favourable, X)
    chosen = (table["model"] == model) & (table["reading"] == reading)
    return table[chosen].iloc[0].drop(["model", "reading"]).to_dict()


EXPECTED = {
    (0, "flip"): {
        "n": 6,
        "validity": 5 / 6,
        "cost": 1,
        "n_common": 5,
        "cost_common": 1,
        "cost_gap": 0,
        "displacement": 0,
        "n_evals": 21 / 6,
        "sparsity": 1,
    },
    (1, "flip"): {
        "n": 6,
        "validity": 5 / 6,
        "cost": (4 + 6 + 9 + 100 + 200) / 5,
        "n_common": 3,  # 0, 1 and 2: the labels of 3 differ
        "cost_common": 19 / 3,
        "cost_gap": 19 / 3 - 1,
        "displacement": 10,
        "n_evals": 35,
        "sparsity": 2,
    },
    (0, "denied"): {
        "n": 5,
        "validity": 4 / 5,
        "cost": 1,
        "n_common": 4,
        "cost_common": 1,
        "cost_gap": 0,
        "displacement": 0,
        "n_evals": 18 / 5,
        "sparsity": 1,
    },
    (1, "denied"): {
        "n": 4,
        "validity": 3 / 4,
        "cost": (4 + 6 + 200) / 3,
        "n_common": 2,
        "cost_common": 5,
        "cost_gap": 4,
        "displacement": 7.5,
        "n_evals": 140 / 4,
        "sparsity": 2,
    },
    (0, "printed"): {
        "n": 6,
        "validity": 4 / 6,  # 0, 1, 3 and 5 are led up; 2 is led down, and 4 stays denied
        "cost": 5 / 6,
        "n_common": 5,
        "cost_common": 1,
        "cost_gap": 0,
        "displacement": 0,
        "n_evals": 21 / 6,
        "sparsity": 1,
    },
    (1, "printed"): {
        "n": 6,
        "validity": 3 / 6,  # 0, 1 and 4
        "cost": 319 / 6,
        "n_common": 3,
        "cost_common": 19 / 3,
        "cost_gap": 19 / 3 - 1,
        "displacement": 10,
        "n_evals": 35,
        "sparsity": 2,
    },
}


@pytest.mark.parametrize("model, reading", EXPECTED)
def test_measures_by_hand(model, reading):
    found = row_of(*six_people(), np.zeros((6, 2)), model, reading)
    assert found == about(EXPECTED[model, reading])


def test_an_accepted_row_without_a_recourse_counts_as_printed():
    recourse, favourable = six_people()
    recourse.valid[1, 2] = False
    assert row_of(recourse, favourable, np.zeros((6, 2)), 1, "printed")["validity"] == 4 / 6


def test_means_over_nothing():
    recourse, favourable = six_people()
    recourse.valid[1] = False
    found = row_of(recourse, favourable, np.zeros((6, 2)), 1, "flip")
    assert (found["n"], found["validity"], found["n_common"], found["n_evals"]) == (6, 0, 0, 35)
    for name in ("cost", "cost_common", "cost_gap", "displacement", "sparsity"):
        assert np.isnan(found[name]), name
    found = row_of(recourse, np.ones((2, 6), bool), np.zeros((6, 2)), 1, "denied")
    assert found["n"] == 0 and np.isnan(found["validity"]) and np.isnan(found["n_evals"])


def test_a_feature_counts_as_changed_beyond_a_ten_thousandth():
    x_cf = np.zeros((1, 2, 3))
    x_cf[0, 0] = 1e-4, -1.01e-4, 0.99e-4  # one of three
    x_cf[0, 1] = 7 + 1.5e-4, 7, 0  # one, as the second has not moved
    X = np.array([[0.0, 0, 0], [7, 7, 0]])
    valid = np.ones((1, 2), bool)
    recourse = Recourse(x_cf, valid, np.ones((1, 2)), np.ones((1, 2)), None)
    assert row_of(recourse, ~valid, X, 0, "flip")["sparsity"] == 1


def test_many_small_costs_are_summed_in_double_precision():
    ones = np.ones((1, 2))
    cost = np.array([[2.0**24, 1.0]], np.float32)
    recourse = Recourse(np.zeros((1, 2, 1)), ones > 0, cost, ones, None)
    assert row_of(recourse, ones < 0, np.zeros((2, 1)), 0, "flip")["cost"] == (2**24 + 1) / 2


def test_budgets_and_ties():
    valid = np.array([[True, True, False], [True, False, False]])
    cost = np.array([[1.0, 2.0, 0.0], [1.0, 0.0, 0.0]])
    recourse = SimpleNamespace(valid=valid, cost=cost)
    found = metrics.validity_by_budget(recourse, [0, 0.99, 1, 2])
    assert found == about(np.array([[0, 0, 1 / 3, 2 / 3], [0, 0, 1 / 3, 1 / 3]]))
    rows = np.array([[True, False, True], [False, False, False]])
    found = metrics.validity_by_budget(recourse, 2.0, rows)
    assert found.shape == (2, 1) and found[0] == 1 / 2 and np.isnan(found[1])
    for budgets in ([-0.1], [1.0, np.nan]):
        with pytest.raises(ValueError, match="budgets must be costs"):
            metrics.validity_by_budget(recourse, budgets)


def steps(*bounds):
    """Models on one feature, each favourable from its bound on."""
    w = torch.ones(len(bounds), 1).double()
    return LogisticRegression(w, -torch.tensor(bounds).double(), torch.zeros(len(bounds)).double())


def test_transfers_by_hand():
    """Bounds 0 and 2; people at -1 and 3, and one at 1 who is accepted by the first model alone.

    The first model's recourses lie at 0.5, -0.5 and, not valid, at 5; the second's at 2, 1.5, 1.
    """
    favourable = np.array([[False, True, True], [False, True, False]])
    x_cf = torch.tensor([[[0.5], [-0.5], [5.0]], [[2.0], [1.5], [1.0]]]).double()
    valid = np.array([[True, True, False], [True, True, False]])
    recourse = SimpleNamespace(x_cf=x_cf, valid=valid)
    found = metrics.transfer(steps(0, 2), recourse, favourable)
    # 0.5 is denied by the second, -0.5 too; 2 is accepted by both, 1.5 by the first
    assert found.tolist() == [[1, 0.5], [0.5, 1]]
    valid[0] = False
    found = metrics.transfer(steps(0, 2), recourse, favourable)
    assert np.isnan(found[0]).all() and found[1].tolist() == [0.5, 1]


def test_points_of_the_unit_ball():
    """The volume within r is r^d, so |z|^d is uniform: half of the points lie within 2^(-1/d)."""
    for d in (1, 2, 5):
        z = balls._points_in_unit_ball(d, 512, seed=3).numpy()
        length = np.linalg.norm(z, axis=1)
        assert z.shape == (512, d) and length.max() <= 1
        assert np.mean(length**d) == pytest.approx(0.5, abs=0.01)
        assert np.mean((length**d) ** 2) == pytest.approx(1 / 3, abs=0.01)
        assert np.abs(z.mean(0)).max() < 0.03, "no side is preferred"
        assert np.abs((z**2).mean(0) - 1 / (d + 2)).max() < 0.03, "nor is a direction"
    assert torch.equal(torch.as_tensor(z), balls._points_in_unit_ball(5, 512, seed=3))
    assert not torch.equal(torch.as_tensor(z), balls._points_in_unit_ball(5, 512, seed=4))


def test_shares_of_an_interval(monkeypatch):
    """Bounds 0 and 1: of [-1, 3] the shares 3/4 and 1/2 are favoured, of [-5, 7] 7/12 and 1/2."""
    model, X = steps(0, 1), np.array([[1.0], [-1.0]])
    options = {"samples": 2000, "seed": 1}
    up = balls.share_valid_in_ball(model, X, [2.0, 6.0], target=1, **options)
    assert up.shape == (2, 2, 2)
    assert up[:, 0] == pytest.approx(np.array([[3 / 4, 7 / 12], [1 / 2, 1 / 2]]), abs=0.01)
    assert up[:, 1] == pytest.approx(np.array([[1 / 4, 5 / 12], [0, 1 / 3]]), abs=0.01)
    down = balls.share_valid_in_ball(model, X, [2.0, 6.0], target=-1, **options)
    assert up + down == about(np.ones((2, 2, 2)))
    own = balls.share_valid_in_ball(model, X, [2.0, 6.0], **options)
    assert np.array_equal(own[:, 0], down[:, 0]), "a logit of 0, of the second model at 1, is a yes"
    assert np.array_equal(own[:, 1], up[:, 1])
    one = balls.share_valid_in_ball(model, X, 2.0, target=1, **options)
    assert np.array_equal(one, up[..., :1])
    other = balls.share_valid_in_ball(model, X, 2.0, target=1, samples=2000, seed=2)
    assert not np.array_equal(one, other)
    seen = []
    judge = balls.predict
    monkeypatch.setattr(balls, "predict", lambda model, X: seen.append(len(X)) or judge(model, X))
    monkeypatch.setattr(balls, "BALL_POINTS", 6000)
    rows = np.linspace(-1, 1, 7)[:, None]
    balls.share_valid_in_ball(model, rows, [1.0], samples=2000, seed=1)
    assert seen == [6000, 6000, 2000], "three rows at once"
    monkeypatch.setattr(balls, "BALL_POINTS", 1)
    again = balls.share_valid_in_ball(model, X, 2.0, target=1, **options)
    assert seen[3:] == [2000, 2000], "at least one row at once"
    assert np.array_equal(one, again) and balls.share_valid_in_ball(
        model, X, 2.0, samples=1, seed=0
    ).shape == (2, 2, 1)


def test_a_point_of_the_ball_is_the_row_and_the_radius_along_it(monkeypatch):
    """The one point z = 1/2 of the unit ball, around 0 at the radius 2, is 1: favourable."""
    monkeypatch.setattr(balls, "_points_in_unit_ball", lambda *_: torch.tensor([[0.5]]))
    share = balls.share_valid_in_ball(steps(0.9, 1.1), [[0.0]], 2.0, samples=1, seed=0, target=1)
    assert share.tolist() == [[[1]], [[0]]]


@pytest.mark.parametrize("radius", [0.0, -1.0, np.inf, np.nan, None, [[1.0]], [1.0, 0.0]])
def test_radii_that_are_none(radius):
    with pytest.raises(ValueError, match="radius must be one positive number"):
        balls.share_valid_in_ball(steps(0), np.zeros((1, 1)), radius, samples=1, seed=0)


@pytest.mark.parametrize("samples", [0, -1, 2.0])
def test_samples_that_are_none(samples):
    with pytest.raises(ValueError, match="samples must be a whole number"):
        balls.share_valid_in_ball(steps(0), np.zeros((1, 1)), 1.0, samples=samples, seed=0)


def test_intervals_along_either_axis():
    """2 and 4 of two seeds: mean 3, and 12.7062 standard errors of 1 at 95 %, 1 of 1 at 50 %."""
    values = np.array([[2.0, 4.0], [5.0, 5.0], [7.0, 9.0]])
    found = intervals.interval(values, axis=1)
    assert found.mean.tolist() == [3, 5, 8]
    assert (found.high - found.mean)[[0, 2]] == pytest.approx([12.7062, 12.7062], abs=1e-4)
    assert found.mean - found.low == about(found.high - found.mean)
    half = intervals.interval([2.0, 4.0], level=0.5)
    assert (half.low, half.high) == (about(2), about(4))
    three = intervals.interval([1.0, 2.0, 3.0])
    assert three.high - three.mean == pytest.approx(4.302653 / np.sqrt(3), abs=1e-6)
    assert intervals.interval(np.float32([0.1, 0.2])).high.dtype == np.float64
    for wrong in ([1.0], [1.0, np.inf], [np.nan, 1.0, 2.0]):
        with pytest.raises(ValueError, match="two seeds|values must be finite"):
            intervals.interval(wrong)
    for level in (95, 0, 1, np.nan):
        with pytest.raises(ValueError, match="level must lie between 0 and 1, such as 0.95"):
            intervals.interval([1.0, 2.0], level=level)


def test_nobody_has_counts_of_zero_and_no_means():
    model, nobody = steps(0, 1), np.zeros((0, 1))
    table = metrics.summarise(minimal_recourse(model, nobody), predict(model, nobody), nobody)
    assert (table[["n", "n_common"]] == 0).all(axis=None)
    assert table[["validity", "cost", "cost_common", "sparsity"]].isna().all(axis=None)


def test_blocks_of_rows_change_no_measure(monkeypatch):
    recourse, favourable = six_people()
    X, budgets = np.zeros((6, 2)), [0.0, 1.0, 5.0]
    on_first, flat = steps(0, 5), torch.zeros(2, 1).double()
    model = on_first._replace(w=torch.cat([on_first.w, flat], 1))  # the second feature is idle

    def measures():
        return (
            metrics.summarise(recourse, favourable, X).to_numpy()[:, 2:].astype(float),
            metrics.validity_by_budget(recourse, budgets, ~favourable),
            metrics.transfer(model, recourse, favourable),
        )

    whole = measures()
    monkeypatch.setattr(metrics, "ROWS", 4)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(measures(), whole))

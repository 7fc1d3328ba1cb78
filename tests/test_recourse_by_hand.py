"""What all recourse methods share, the exact answers, and steps of Newton's method, by hand."""

from inspect import signature
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rrlib.models import LogisticRegression, to
from rrlib.recourse import (
    boundary_distance,
    cchvae,
    common,
    flip_target,
    linear,
    minimal_recourse,
    newton,
    scfe,
    scfe_adam,
    scfe_linear,
)
from rrlib.recourse.common import Box, Recourse


def about(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-9)


def doubles(values):
    return torch.tensor(values, dtype=torch.float64)


def family(w, b):
    return LogisticRegression(doubles(w), doubles(b), torch.zeros(len(b)).double())


def line(*bounds, slope=1.0):
    """Models on one feature, the logit slope (x - bound)."""
    return family([[slope]] * len(bounds), [-slope * bound for bound in bounds])


DEFAULTS = {
    scfe: {"target": None, "s": 1.0, "lam": 0.01, "tol": 1e-8, "max_steps": 500},
    scfe_adam: {"target": None, "s": 1.0, "lam": 0.01, "rate": 0.01, "max_steps": 1000, "reach": 0},
    scfe_linear: {"target": None, "s": 1.0, "lam": 0.01},
    minimal_recourse: {"target": None, "p": 2, "margin": 0.0},
    boundary_distance: {"p": 2},
    cchvae: {"target": None, "samples": 300, "step": 0.1, "max_cost": 10.0, "max_evals": 30_000},
}


@pytest.mark.parametrize("method", DEFAULTS, ids=lambda method: method.__name__)
def test_what_a_method_does_if_nothing_is_said(method):
    options = signature(method).parameters.values()
    found = {one.name: one.default for one in options if one.default is not one.empty}
    bounds = {"lower": None, "upper": None} if "lower" in found else {}
    assert found == DEFAULTS[method] | bounds


def test_a_logit_of_zero_is_led_down():
    assert flip_target(line(0.0, 1.0), [[0.0], [0.5]]).tolist() == [[-1, -1], [1, 1]]


def test_starts_and_targets():
    model, X = to(line(0.0, 1.0), torch.float32), [[0.5], [2.0], [-1.0]]
    start, target = common.start_and_target(model, X, None)
    assert start.dtype == target.dtype == torch.float32 and start.tolist() == X
    assert target.tolist() == [[-1, -1, 1], [1, -1, 1]]
    for given, expected in (
        (-1, [[-1] * 3] * 2),
        ([1, -1, 1], [[1, -1, 1]] * 2),
        ([[1], [-1]], [[1] * 3, [-1] * 3]),
    ):
        assert common.start_and_target(model, X, given)[1].tolist() == expected
    with pytest.raises(ValueError, match=r"to \(models, rows\) = \(2, 3\), not \(2,\)"):
        common.start_and_target(model, X, [1, -1])
    for wrong, said in (([1, 0, 1], "holds 0"), ([1, -2, 0.5], "holds -2"), ("up", "is 'up'")):
        with pytest.raises(ValueError, match=f"target must hold .* labels 0 and 1; it {said}"):
            common.start_and_target(model, X, wrong)
    with pytest.raises(ValueError, match="beyond the range of the model's torch.float32; scale"):
        common.start_and_target(model, [[0.0], [1e39], [0.0]], None)
    with pytest.raises(ValueError, match="the model's 1 features"):
        common.start_and_target(model, [[0.0, 1.0]], None)


def test_boxes_by_hand():
    X, like = [[0.0, 1.0], [2.0, 3.0]], torch.zeros(1)
    assert common.make_box(X, None, None, like) is None
    below = common.make_box(X, [0.0, 1.0], None, like)
    assert below.lower.tolist() == [[0, 1], [0, 1]] and below.lower.dtype == torch.float32
    assert below.upper.tolist() == [[np.inf] * 2] * 2
    above = common.make_box(X, None, [[0.0, 1.0], [5.0, 6.0]], like)
    assert above.lower.tolist() == [[-np.inf] * 2] * 2
    assert above.upper.tolist() == [[0, 1], [5, 6]]
    one = common.make_box(X, -1.0, 7.0, like)
    assert (one.lower == -1).all() and (one.upper == 7).all() and one.upper.shape == (2, 2)
    cases = [
        ([0.0, 1.5], None, r"X\[0, 1\] = 1.0 lies outside its own bounds \[1.5, inf\]"),
        (None, [2.0, 2.5], r"X\[1, 1\] = 3.0 lies outside its own bounds \[-inf, 2.5\]"),
        ([0.0], None, r"lower must have shape \(2,\) or \(2, 2\) .* got shape \(1,\)"),
        (None, [np.nan, 9.0], "upper must have shape .* and hold no NaN"),
        (None, ["wide", 1.0], "upper must hold numbers"),
        ([None, {}], None, "lower must hold numbers"),
    ]
    for lower, upper, message in cases:
        with pytest.raises(ValueError, match=message):
            common.make_box(X, lower, upper, like)
    with pytest.raises(ValueError, match=r"X\[0, 0\] = 1.0 lies outside its own bounds"):
        common.make_box([[1]], [2], None, like)
    part = common.within(above, [1])
    assert part.lower.tolist() == [[-np.inf] * 2] and part.upper.tolist() == [[5, 6]]
    assert common.within(None, [1]) is None
    points = torch.tensor([[[9.0, -9.0], [9.0, -9.0]]])
    assert common.clip(points, above).tolist() == [[[0, -9], [5, -9]]]
    assert common.clip(points, None) is points


def test_judging_by_hand():
    """Towards 1 a logit of 0 is there, away from it it is not; 3e154 away is no finite distance."""
    model, start = family([[3.0, 4.0]], [0.0]), doubles([[3.0, 4.0]] * 6)
    points = [[0, 0], [0, 0], [-3.0, -4.0], [np.nan, 0], [np.inf, 0], [3e154, 4e154]]
    target, n_evals = doubles([[1, -1, -1, 1, 1, 1]]), torch.arange(6)[None]
    found = common.judge(model, start, doubles([points]), target, n_evals)
    assert found.valid.tolist() == [[True, False, True, False, False, False]]
    assert found.cost.tolist() == [[5, 5, 10, 0, 0, 0]] and found.radius is found.cost
    assert found.x_cf[0].tolist() == points[:3] + [[3, 4]] * 3
    assert found.n_evals is n_evals
    found = common.judge(model, start, doubles([points]), target, n_evals, radius=target)
    assert found.radius is target and found.cost.tolist() == [[5, 5, 10, 0, 0, 0]]
    end = doubles([[1e308, 0]])
    other = common.judge(model, end, -end[None], target[:, :1], n_evals)
    assert not other.valid.any() and torch.equal(other.x_cf[0], end), "ends of all numbers"
    half = common.judge(to(model, torch.float32), start[:1], doubles([[[1e39, 0]]]), 1, n_evals)
    assert not half.valid.any() and half.x_cf.tolist() == [[[3, 4]]]


def test_blocks_are_joined_along_the_rows(monkeypatch):
    """Fields (E, n, d), (E, n) and (n,)."""
    start, target = torch.arange(10.0).reshape(5, 2), torch.arange(5.0).expand(3, 5)
    seen = []

    def method(start, target, box):
        seen.append((len(start), None if box is None else box.lower.tolist()))
        return Box(start.expand(3, -1, -1), target), target[0]

    def flat(start, target, box):
        pair, row = method(start, target, box)
        return Recourse(*pair, row, target, target)

    whole = common.in_blocks(flat, start, target)
    monkeypatch.setattr(common, "ROWS", 2)
    found = common.in_blocks(flat, start, target, Box(start, start))
    assert type(found) is Recourse
    assert all(torch.equal(one, other) for one, other in zip(found, whole))
    assert seen[0] == (5, None) and [n for n, _ in seen[1:]] == [2, 2, 1]
    assert seen[2][1] == start[2:4].tolist()
    seen.clear()
    common.in_blocks(flat, start, target, size=3)
    assert [n for n, _ in seen] == [3, 2], "as many as are asked for"
    monkeypatch.setattr(common, "ROWS", 5)
    kept = SimpleNamespace()
    assert common.in_blocks(lambda *given: kept, start, target) is kept, "one block as it is"


@pytest.mark.parametrize(
    "check, taken, refused, said",
    [
        (common.check_real, [-1.0, 0, 3], [np.inf, np.nan], "finite"),
        (common.check_positive, [1e-9, 3], [0, -1.0, np.inf, np.nan], "finite and positive"),
        (common.check_not_negative, [0, 3.0], [-1e-9, np.inf, np.nan], "finite and at least 0"),
    ],
)
def test_options_that_are_numbers(check, taken, refused, said):
    for value in (*taken, torch.tensor(2.0), np.float32(2.0)):
        check("lam", value, "a hint")
    for value in (*refused, True, "1", None, torch.ones(1), np.ones(1)):
        with pytest.raises(ValueError, match=f"lam must be {said}, not .*: a hint$"):
            check("lam", value, "a hint")
    with pytest.raises(ValueError, match=f"lam must be {said}, not nan$"):
        check("lam", np.nan)


def test_options_that_are_whole():
    for value in (2, 3, np.int64(2)):
        common.check_whole("steps", value, 2)
    for value in (1, 2.0, True, "2", None):
        with pytest.raises(ValueError, match="steps must be a whole number of at least 2, not"):
            common.check_whole("steps", value, 2)
    for value in (True, False):
        with pytest.raises(ValueError, match="whole number of at least 0"):
            common.check_whole("steps", value, 0)


def test_the_closed_form_by_hand():
    """h = 4 at (1, 0), aimed at -2: m = -6, and lam + |w|^2 = 30."""
    model = family([[3.0, 4.0], [0.0, 0.0]], [1.0, 1.0])
    found = scfe_linear(model, [[1.0, 0.0]], s=2.0, lam=5.0)
    assert found.x_cf.flatten().tolist() == about([0.4, -0.8, 1.0, 0.0])
    assert found.valid.tolist() == [[True], [False]] and found.cost[0].item() == about(1.0)
    assert found.n_evals.tolist() == [[1], [1]] and not found.n_evals.is_floating_point()


def test_each_model_has_its_own_closed_form():
    """Slopes 2 and 1 towards 0 and 1, aimed at 1 and at -1; with lam = 1: x + m w / (1 + w^2)."""
    model = family([[2.0], [1.0]], [0.0, -1.0])
    found = scfe_linear(model, [[0.5], [-1.0], [3.0]], lam=1.0)
    by_hand = [0.5 - 2 * 2 / 5, -1 + 3 * 2 / 5, 3 - 7 * 2 / 5]
    by_hand += [0.5 + 1.5 / 2, -1 + 3 / 2, 3 - 3 / 2]
    assert found.x_cf.flatten().tolist() == about(by_hand)


def test_distances_by_hand():
    model = family([[3.0, -4.0], [0.0, 0.0], [0.25, 0.0]], [1.0, 1.0, 1.0])
    for p, length in ((1, 4), (2, 5), (np.inf, 7)):
        found = boundary_distance(model, [[1.0, 0.0], [-2.0, 0.0]], p=p)
        assert found.tolist() == [about([4 / length, 5 / length]), [np.inf] * 2, about([5, 2])]


INF = np.inf
START, END = -1.0, -0.2
WAYS = [
    (2, [INF, INF, INF], [40 / 21, -20 / 21, 10 / 21]),
    (2, [1, INF, INF], [1, -2.4, 1.2]),
    (2, [1, 2, INF], [1, -2, 2]),
    (INF, [INF, INF, INF], [10 / 7, -10 / 7, 10 / 7]),
    (INF, [1, INF, INF], [1, -2, 2]),
    (INF, [INF, 1, INF], [8 / 5, -1, 8 / 5]),
    (1, [INF, INF, INF], [2.5, 0, 0]),
    (1, [1, INF, INF], [1, -3, 0]),
    (1, [1, 2, INF], [1, -2, 2]),
    (2, [1, 2, 1.999], None),
    (1, [1, 2, 1.999], None),
    (INF, [1, 2, 1.999], None),
    (2, [1, 2, 2.001], [1, -2, 2]),
]


@pytest.mark.parametrize("p, room, move", WAYS)
def test_the_least_cost_by_hand(p, room, move):
    """Weights 4, -2, 1 and 0, of which 10 are needed: 8 to the boundary and a margin of 2."""
    model, x = family([[4.0, -2.0, 1.0, 0.0]], [-8.0]), np.array([[0.0, 0.0, 0.0, 7.0]])
    upper = [[room[0], 9, room[2], 9]]
    found = minimal_recourse(model, x, p=p, margin=2.0, lower=[[-9, -room[1], -9, 7]], upper=upper)
    assert found.valid.item() == (move is not None)
    assert found.x_cf[0, 0].tolist() == about([*(move or [0, 0, 0]), 7])
    assert found.n_evals.tolist() == [[1]] and not found.n_evals.is_floating_point()
    down = minimal_recourse(model, x, p=p, target=-1.0, margin=2.0)
    assert down.cost.item() == 0 and down.valid.item(), "already there, if not beyond the margin"


def test_of_equal_weights_the_first_is_spent():
    found = minimal_recourse(family([[2.0, 2.0]], [-4.0]), [[0.0, 0.0]], p=1, upper=[[1.5, 9]])
    assert found.x_cf[0, 0].tolist() == about([1.5, 0.5])


@pytest.mark.parametrize("p", [1, 2, np.inf])
def test_each_model_has_its_own_least_recourse(p):
    """Bounds 1 and 5, the second towards below; rows at 0, 2 and 4."""
    model = family([[1.0, 0.0], [0.0, -2.0]], [-1.0, 10.0])
    X = [[0.0, 7.0], [2.0, 4.0], [4.0, 5.5]]
    found = minimal_recourse(model, X, p=p)
    by_hand = [[[1, 7], [1, 4], [1, 5.5]], [[0, 5], [2, 5], [4, 5]]]
    assert found.x_cf.flatten().tolist() == about(np.ravel(by_hand).tolist())
    assert found.valid.all()


def test_an_exact_need_is_met():
    """Weights 2 and 1, of which 2 and 2 may be spent: 4 can be met, and no more."""
    weight, room = doubles([[[2.0, 1.0]]]), doubles([[[1.0, 2.0]]])
    for p, spend in ((1, linear._spend_by_weight), (2, linear._spend_together)):
        for need, feasible in ((4.0, True), (4.001, False)):
            amount, found = spend(weight, room, doubles([[need]]), p)
            assert found.item() == feasible
            assert not feasible or amount.flatten().tolist() == [1, 2]


def test_a_bound_is_kept_to_the_last_digit():
    """START + (END - START) is more than END in float64."""
    assert START + (END - START) > END
    model = family([[1.0, 1.0]], [-9.0])
    found = minimal_recourse(model, [[START, 0.0]], p=1, upper=[[END, 99]])
    assert found.valid.item() and found.x_cf[0, 0, 0].item() == END


def test_who_has_to_move():
    """At the boundary one is favourable, and has to move a hair to be denied."""
    up, down = (minimal_recourse(line(1.0), [[1.0]], target=sign) for sign in (1.0, -1.0))
    assert up.valid.item() and down.valid.item()
    assert up.cost.item() == 0 and 0 < down.cost.item() < 1e-13
    stuck = minimal_recourse(line(1.0), [[0.5]], upper=[0.75])
    assert not stuck.valid.item() and stuck.x_cf.item() == 0.5


@pytest.mark.parametrize("p", [1, 2, np.inf])
def test_the_hair_that_is_added(monkeypatch, p):
    """|b| + sum |w x| + |h| = 8 + 7 + 5, and 4 (3 + 4) rounding units of each."""
    needed = []
    for name in ("_spend_by_weight", "_spend_together"):
        spend = getattr(linear, name)
        monkeypatch.setattr(
            linear, name, lambda *given, spend=spend: needed.append(given[2]) or spend(*given)
        )
    model = to(family([[4.0, -2.0, 1.0]], [-8.0]), torch.float32)
    assert minimal_recourse(model, [[1.0, 1.0, 1.0]], p=p, margin=1.0).valid.item()
    hair = 28 * torch.finfo(torch.float32).eps * 20
    assert needed[0].item() - 6 == pytest.approx(hair, rel=0.01)


def test_a_hessian_by_hand():
    miss, slope = doubles([[0.5]] * 3), doubles([[1, 2]] * 3)
    bend = doubles([[[3, 1], [1, 5]]] * 3)
    held = torch.tensor([[False, False], [False, True], [True, True]])
    found = newton.damped_hessian(miss, slope, bend, 0.25, held)
    assert found.tolist() == [[[5.5, 5], [5, 13.5]], [[5.5, 0], [0, 0.5]], [[0.5, 0], [0, 0.5]]]


def test_newton_steps_by_hand():
    """Where it is not positive definite the eigenvalues count by their size, at least lam."""
    hessian = [[[2, 0], [0, 4]], [[-2, 0], [0, 4]], [[0, 2], [2, 0]], [[-0.1, 0], [0, 4]]]
    hessian += [[[2, 1], [1, 2]], [[1, 2], [2, 1]], [[0.1, 0], [0, 4]]]
    gradient = doubles([[2, 4], [2, 4], [2, 4], [2, 4], [3, 0], [4, 0], [2, 4]])
    steps = [[-1, -1], [-1, -1], [-1, -2], [-4, -1], [-2, 1]]
    steps += [[-4 / 2 * (1 / 3 + 1), -4 / 2 * (1 / 3 - 1)]]  # 3 along (1, 1), |-1| along (1, -1)
    steps += [[-20, -1]]
    found = newton.newton_step(gradient, doubles(hessian), 0.5)
    assert found.tolist() == [about(step) for step in steps]
    alone = newton.newton_step(gradient[:1], doubles(hessian)[:1], 0.5)
    assert alone.tolist() == [about([-1, -1])]

"""Recourse that survives noise or a change of the model: by hand, by property, by brute force."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from rrlib.models import LogisticRegression, init_network, select
from rrlib.recourse import minimal_recourse
from rrlib.recourse.robust import can_survive, changed_model_recourse, noisy_recourse

RNG = np.random.default_rng(4)


def family(count=3, d=2):
    """Random linear models."""
    w, b = RNG.normal(size=(count, d)), RNG.normal(size=count)
    return LogisticRegression(*map(torch.as_tensor, (w, b, np.zeros(count))))


def one(w, b):
    """One linear model."""
    w, b = torch.tensor([w]).double(), torch.tensor([b]).double()
    return LogisticRegression(w, b, torch.zeros_like(b))


def slack(model, x, change, p):
    """What is left of the logit after the worst change of a linear model."""
    w, b = model.w[0].numpy(), model.b[0].item()
    q = 1 if p == np.inf else 2
    alpha = change * np.linalg.norm(np.append(w, b), ord=p)
    one = np.concatenate([x, np.ones_like(x[..., :1])], -1)
    return x @ w + b - alpha * np.linalg.norm(one, ord=q, axis=-1)


def test_noise_moves_the_boundary_of_a_linear_model_by_hand():
    model = one([3.0, -4.0], -5.0)
    found = noisy_recourse(model, np.zeros((1, 2)), radius=0.1)
    assert found.cost.item() == pytest.approx((5 + 0.7) / 5, abs=1e-9)
    found = noisy_recourse(model, np.zeros((1, 2)), radius=0.1, p=2)
    assert found.cost.item() == pytest.approx((5 + 0.5) / 5, abs=1e-9)


def test_a_change_of_the_model_by_hand():
    model = one([2.0], -2.0)
    found = changed_model_recourse(model, np.zeros((1, 1)), change=0.1)
    assert found.x_cf.item() == pytest.approx(2.2 / 1.8, abs=1e-9)
    assert found.gap.item() < 1e-9


@pytest.mark.parametrize("p", [2, np.inf])
def test_without_demand_it_is_the_recourse_of_least_cost(p):
    model, X = family(d=4), RNG.normal(size=(30, 4))
    least = minimal_recourse(model, X, target=np.ones(1))
    for found in (
        noisy_recourse(model, X, radius=0.0, p=p),
        changed_model_recourse(model, X, change=0.0, p=p),
    ):
        assert found.valid.all()
        np.testing.assert_allclose(found.cost, least.cost, atol=1e-9)


@pytest.mark.parametrize("p", [2, np.inf])
def test_no_point_is_cheaper_than_the_recourse_that_survives_a_change(p):
    model, X = family(), RNG.normal(size=(6, 2))
    found = changed_model_recourse(model, X, change=0.15, p=p)
    assert found.valid.any()
    assert (found.gap[found.valid] < 1e-7).all()
    side = np.linspace(-4, 4, 401)
    grid = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    for e, i in np.argwhere(found.valid.numpy()):
        alone = select(model, int(e))
        assert slack(alone, found.x_cf[e, i].numpy(), 0.15, p) >= -1e-9
        good = slack(alone, X[i] + grid, 0.15, p) >= 0
        least = np.linalg.norm(grid[good], axis=-1).min(initial=np.inf)
        assert found.cost[e, i] <= least + 1e-9
        assert least == np.inf or least <= found.cost[e, i] + 0.03


@pytest.mark.parametrize("p", [2, np.inf])
def test_it_survives_the_worst_change_and_falls_to_a_larger_one(p):
    model, X = one([1.0, -0.6, 0.4], -0.5), np.full((1, 3), -2.0)
    change = 0.1
    found = changed_model_recourse(model, X, change=change, p=p)
    assert found.valid.all()
    assert found.cost.item() > 0
    point = np.append(found.x_cf[0, 0].numpy(), 1)
    theta = np.append(model.w[0].numpy(), model.b[0].item())
    alpha = change * np.linalg.norm(theta, ord=p)
    worst = np.sign(point) if p == np.inf else point / np.linalg.norm(point)
    assert (theta - alpha * worst) @ point >= -1e-9
    assert (theta - 1.001 * alpha * worst) @ point < 0
    random = RNG.normal(size=(2000, 4))
    random *= alpha / np.linalg.norm(random, ord=p, axis=1, keepdims=True)
    assert ((theta + random) @ point >= -1e-9).all()


@pytest.mark.parametrize("p", [2, np.inf])
def test_it_is_infeasible_where_the_change_is_too_large(p):
    model = one([0.5, 0.1], -8.0)
    assert not can_survive(model, change=0.1, p=p).item()
    found = changed_model_recourse(model, RNG.normal(size=(4, 2)), change=0.1, p=p)
    assert not found.valid.any()
    assert (found.cost == 0).all()
    assert found.gap.isinf().all()
    best = max(
        -minimize(lambda x: -slack(model, x, 0.1, p), start, method="Nelder-Mead").fun
        for start in RNG.normal(size=(5, 2))
    )
    assert best < 0


@pytest.mark.parametrize("p", [2, np.inf])
def test_feasible_is_what_the_rule_says(p):
    model, X = family(60), RNG.normal(size=(3, 2))
    for change in (0.3, 0.9, 1.1):
        found = changed_model_recourse(model, X, change=change, p=p)
        rule = can_survive(model, change=change, p=p).numpy()
        assert (found.valid.numpy() == rule[:, None]).all()
    assert 0 < can_survive(model, change=0.9, p=p).sum() < 60


@pytest.mark.parametrize("method", [noisy_recourse, changed_model_recourse])
@pytest.mark.parametrize("kind", ["linear", "network"])
def test_a_batch_is_a_loop_over_its_rows_and_models(method, kind):
    X = RNG.normal(size=(5, 3))
    model = family(d=3) if kind == "linear" else init_network(3, [0.0, 0.1], 2)
    option = {"radius" if method is noisy_recourse else "change": 0.05}
    whole = method(model, X, **option)
    for e in range(len(model.eps)):
        for i in range(5):
            alone = method(select(model, e), X[i : i + 1], **option)
            torch.testing.assert_close(whole.x_cf[e, i], alone.x_cf[0, 0], atol=1e-9, rtol=1e-9)
            assert whole.valid[e, i] == alone.valid[0, 0]


def test_a_network_keeps_its_answer_under_noise():
    model = init_network(3, [0.0], 1)
    model = model._replace(w2=8 * model.w2)
    model = model._replace(b2=-model(np.zeros((1, 3)))[:, 0] - 0.2)
    X = RNG.normal(size=(40, 3)) / 2
    found = noisy_recourse(model, X, radius=0.1)
    assert (found.valid & (found.cost > 0)).sum() >= 5
    noise = RNG.uniform(-0.1, 0.1, size=(500, 1, 3))
    for eta in noise:
        answers = model(found.x_cf + torch.as_tensor(eta)) >= 0
        assert answers[found.valid].all()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"radius": -1.0}, "radius must be"),
        ({"radius": 0.1, "p": 1}, "p must be 2 or numpy.inf"),
        ({"radius": 0.1, "steps": 0}, "steps must be"),
        ({"radius": 0.1, "stride": 0.0}, "stride must be"),
    ],
)
def test_an_option_out_of_range_is_refused(option, message):
    with pytest.raises(ValueError, match=message):
        noisy_recourse(family(), np.zeros((1, 2)), **option)


def test_a_change_out_of_range_is_refused():
    with pytest.raises(ValueError, match="change must be"):
        changed_model_recourse(family(), np.zeros((1, 2)), change=np.nan)

"""Attacks on networks: balls, exact answers, grids, certificates, batches against loops."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rrlib.attacks import adversarial_accuracy, certified_accuracy, pgd, pgd_accuracy, worst_case
from rrlib.models import LogisticRegression, Network, predict, select


def network(seed, E=3, d=3, H=5, size=2.0):
    rng = np.random.default_rng(seed)
    shapes = (E, H, d), (E, H), (E, H), (E,)
    return Network(*(torch.as_tensor(size * rng.normal(size=shape)) for shape in shapes), torch.linspace(0, 0.3, E, dtype=torch.float64))


def linear(seed, E=3, d=3):
    rng = np.random.default_rng(seed)
    return LogisticRegression(*map(torch.as_tensor, (rng.normal(size=(E, d)), rng.normal(size=E), np.linspace(0, 0.3, E))))


def rows(seed, n=40, d=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.integers(0, 2, n)


def margin(model, X, y, delta):
    return torch.as_tensor(2.0 * y - 1) * model(torch.as_tensor(X) + delta)


@given(st.integers(0, 10**6), st.floats(0, 2), st.sampled_from([2, np.inf]), st.integers(1, 6), st.integers(1, 3))
def test_a_perturbation_stays_in_its_ball_and_never_helps(seed, radius, p, steps, restarts):
    model, (X, y) = network(seed), rows(seed)
    delta = pgd(model, X, y, radius, p=p, steps=steps, restarts=restarts, seed=seed)
    assert delta.shape == (3, 40, 3)
    assert torch.linalg.vector_norm(delta, ord=p, dim=-1).max() <= radius * (1 + 1e-12)
    reached = margin(model, X, y, delta)
    assert torch.all(reached <= margin(model, X, y, 0.0) + 1e-12), "an attack never raises the margin"
    more = pgd(model, X, y, radius, p=p, steps=steps, restarts=restarts + 2, seed=seed)
    assert torch.all(margin(model, X, y, more) <= reached + 1e-12), "a further restart keeps what the others found"


@pytest.mark.parametrize("p", [2, np.inf])
def test_pgd_is_exact_for_linear_models(p):
    model, (X, y) = linear(1), rows(1)
    for radius in (0.0, 0.1, 1.0):
        exact = margin(model, X, y, torch.as_tensor(worst_case(model, y, radius, p=p)))
        assert torch.allclose(margin(model, X, y, pgd(model, X, y, radius, p=p, steps=5)), exact, rtol=0, atol=1e-10)
        attacked = pgd_accuracy(model, X, y, radius, p=p, steps=5)
        assert np.array_equal(attacked, adversarial_accuracy(model, X, y, radius, p=p))


def test_each_model_can_have_its_own_radius():
    model, (X, y) = network(2), rows(2)
    together = pgd(model, X, y, model.eps.numpy())
    for e, radius in enumerate(model.eps.tolist()):
        assert torch.allclose(together[e], pgd(select(model, e), X, y, radius)[0], rtol=0, atol=1e-12)
    assert not together[0].any(), "no perturbation at radius 0"


@pytest.mark.parametrize("p", [2, np.inf])
def test_pgd_finds_the_minimum_on_a_grid(p):
    model, (X, y) = network(3, d=2), rows(3, n=12, d=2)
    square = np.array(list(itertools.product(np.linspace(-0.5, 0.5, 201), repeat=2)))
    ball = torch.as_tensor(square[np.linalg.norm(square, ord=p, axis=1) <= 0.5])
    sign = 2.0 * y - 1
    lowest = torch.stack([(s * model(torch.as_tensor(x) + ball)).amin(1) for x, s in zip(X, sign)], 1)
    found = margin(model, X, y, pgd(model, X, y, 0.5, p=p, steps=100, restarts=10))
    assert torch.all(found <= lowest + 0.02), "as low as the lowest of 40,000 points; 0.02 is what one step of PGD may miss"


@given(st.integers(0, 10**6), st.floats(0, 1), st.sampled_from([1, 2, np.inf]), st.floats(0.1, 5))
def test_no_perturbation_turns_a_certified_row(seed, radius, p, size):
    model, (X, y) = network(seed, size=size), rows(seed, n=15)
    moves = np.random.default_rng(seed).normal(size=(300, 1, 3))
    moves = torch.as_tensor(radius * moves / np.linalg.norm(moves, ord=p, axis=-1, keepdims=True))
    right = torch.stack([predict(model, torch.as_tensor(X) + move) == torch.as_tensor(y == 1) for move in moves])
    assert np.all(certified_accuracy(model, X, y, radius, p=p) <= right.all(0).double().mean(-1).numpy())


def test_certificate_and_attack_meet_for_small_radii():
    model, X = network(4, size=1.0), rows(4, n=2000)[0]
    model = model._replace(b2=model.b2 - model(X).median(-1).values)            # half of the rows on either side
    y = predict(model, X)[0].long().numpy()
    clean = (predict(model, X).numpy() == y).mean(1)
    for p in (2, np.inf):
        low, high = (rule(model, X, y, 0.01, p=p) for rule in (certified_accuracy, pgd_accuracy))
        assert np.all(high - low <= 0.001) and np.all(low <= high)
        assert high[0] < clean[0] == 1.0, "the attack does something at this radius"
    assert np.array_equal(certified_accuracy(model, X, y, 0.0), clean) and np.array_equal(pgd_accuracy(model, X, y, 0.0), clean)


@pytest.mark.parametrize("p", [2, np.inf])
def test_a_batch_is_the_loop_over_its_rows_and_models(p):
    model, (X, y) = network(5), rows(5, n=8)
    batch = pgd(model, X, y, 0.4, p=p, steps=7, restarts=3, seed=1)
    for e in range(3):
        for i in range(8):
            alone = pgd(select(model, e), X[[i]], y[[i]], 0.4, p=p, steps=7, restarts=3, seed=1)
            assert torch.allclose(alone[0, 0], batch[e, i], rtol=0, atol=1e-9)


def test_no_rows():
    assert pgd(network(6), np.empty((0, 3)), np.empty(0, int), 0.1).shape == (3, 0, 3)


@pytest.mark.parametrize("change, message", [
    ({"X": np.full((2, 3), np.nan)}, r"X\[0, 0\] is nan"),
    ({"y": np.array([0, 2])}, "labels 0 or 1"),
    ({"y": np.array([0])}, "one for each row"),
    ({"radius": -0.1}, "finite number >= 0"),
    ({"radius": [0.1, 0.2]}, "each of the 3 models"),
    ({"steps": 0}, "at least 1"),
    ({"restarts": 0}, "at least 1"),
    ({"p": 1}, "p must be"),
])
def test_bad_input_is_named(change, message):
    good = {"X": np.zeros((2, 3)), "y": np.array([0, 1]), "radius": 0.1} | change
    with pytest.raises(ValueError, match=message):
        pgd(network(7), good.pop("X"), good.pop("y"), good.pop("radius"), **good)

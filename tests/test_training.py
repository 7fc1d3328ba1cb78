"""The paper's network: derivatives, Lipschitz bound, adversarial training of a family."""

import itertools

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import grad, jacrev, vmap
from torch.nn.functional import softplus

from rrlib import figures
from rrlib.models import (
    EPS_GRID,
    LogisticRegression,
    Network,
    fit_logistic,
    fit_network,
    init_network,
    lipschitz,
    pgd,
    predict,
    to,
)
from rrlib.models.network import BLOCK
from rrlib.study import Interval

matplotlib.use("Agg")


def network(seed, E=3, d=3, H=4, size=2.0):
    rng = np.random.default_rng(seed)
    shapes = (E, H, d), (E, H), (E, H), (E,)
    weights = [torch.as_tensor(size * rng.normal(size=shape)) for shape in shapes]
    return Network(*weights, torch.linspace(0, 0.3, E, dtype=torch.float64))


def ring(seed, n=600):
    """The distance from the origin decides: no linear model is better than chance."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    return X, (np.linalg.norm(X, axis=1) > 1.2).astype(int)


def blobs(seed, n=1000, d=3):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.4).astype(int)
    return rng.normal(size=(n, d)) + 1.2 * y[:, None] * rng.normal(size=d), y


def robust_losses(model, X, y, radius, p=np.inf):
    """Mean logistic loss of each model under attack, at one radius or at each model's own."""
    delta = pgd(model, X, y, radius, p=p)
    sign = torch.as_tensor(2.0 * y - 1).to(delta)
    return softplus(-sign * model(torch.as_tensor(X).to(delta) + delta)).mean(-1).numpy()


def logit(W1, b1, w2, b2, x):
    return w2 @ torch.sigmoid(W1 @ x + b1) + b2


def test_derivatives_agree_with_automatic_differentiation():
    model, X = network(0), torch.as_tensor(np.random.default_rng(1).normal(size=(3, 9, 3)))
    gradient = grad(logit, argnums=4)
    expected = []
    for rule in (logit, gradient, jacrev(gradient, argnums=4)):
        over_rows = vmap(rule, (None, None, None, None, 0))
        over_models = vmap(over_rows, (0, 0, 0, 0, 0))
        expected.append(over_models(*model[:4], X))
    for found, value in zip(model.derivatives(X), expected):
        assert torch.allclose(found, value, rtol=0, atol=1e-12)
    assert torch.allclose(model.gradient(X), expected[1], rtol=0, atol=1e-12)
    assert torch.allclose(model(X), expected[0], rtol=0, atol=1e-12)


def test_shared_rows_and_blocks():
    model = network(2)
    X = torch.as_tensor(np.random.default_rng(3).normal(size=(2 * BLOCK + 5, 3)))
    whole = model(X)
    assert whole.shape == (3, 2 * BLOCK + 5)
    assert torch.allclose(whole, model(X.expand(3, -1, -1)), rtol=0, atol=1e-12)
    assert torch.allclose(whole[:, -7:], model(X[-7:]), rtol=0, atol=1e-12)
    assert model(X[:0]).shape == (3, 0)
    shared, own = model.gradient(X[:4]), model.gradient(X[:4].expand(3, -1, -1))
    assert torch.allclose(shared, own, rtol=0, atol=1e-12)


@given(st.integers(0, 10**6), st.floats(0.1, 5))
def test_lipschitz_bounds_every_quotient_and_every_slope_pattern(seed, size):
    model = network(seed, size=size)
    start, move = torch.as_tensor(np.random.default_rng(seed).normal(size=(2, 200, 3)))
    quotient = (model(start + move) - model(start)).abs() / move.norm(dim=-1)
    bound = lipschitz(model)
    assert torch.all(quotient <= bound[:, None])
    slopes = torch.tensor(list(itertools.product([0.0, 0.25], repeat=4)), dtype=torch.float64)
    largest = (slopes @ (model.w2[..., None] * model.W1)).norm(dim=-1).amax(-1)
    allowed = bound * (1 + 1e-12)
    assert torch.all(largest <= allowed), "of the 2^H gradients with slopes 0 and 1/4"


def test_lipschitz_is_attained():
    one_unit = network(4, H=1)
    steepest = -one_unit.b1[..., None] * one_unit.W1 / one_unit.W1.square().sum(-1, keepdim=True)
    slope = one_unit.gradient(steepest).norm(dim=-1)[:, 0]
    assert torch.allclose(lipschitz(one_unit), slope, rtol=1e-12)
    linear = LogisticRegression(torch.tensor([[3.0, -4.0]]), torch.zeros(1), torch.zeros(1))
    assert lipschitz(linear).item() == pytest.approx(5.0)
    assert torch.equal(linear.gradient(torch.zeros(2, 2)), linear.w.expand(1, 2, 2))


def test_initial_weights():
    model = init_network(5, EPS_GRID, 0)
    assert model.W1.shape == (8, 10, 5) and model.W1.dtype == torch.float64
    for weights in model[:4]:
        first = weights[:1].expand_as(weights)
        assert torch.equal(weights, first), "every eps starts from the same weights"
    assert model.W1.abs().max() <= 5**-0.5 and model.w2.abs().max() <= 10**-0.5
    assert all(torch.equal(a, b) for a, b in zip(model, init_network(5, EPS_GRID, 0)))
    assert not torch.equal(model.W1, init_network(5, EPS_GRID, 1).W1)
    assert to(model, torch.float32).eps.dtype == torch.float32


@pytest.mark.parametrize("p", [2, np.inf])
def test_a_family_is_its_members_trained_alone(p):
    X, y = blobs(0)
    options = {"p": p, "seed": 3, "epochs": 5, "dtype": torch.float64}
    family = fit_network(X, y, [0.0, 0.1, 0.3], **options)
    alone = [fit_network(X, y, [eps], **options) for eps in (0.0, 0.1, 0.3)]
    for together, members in zip(family, zip(*alone)):
        assert torch.allclose(together, torch.cat(members), rtol=0, atol=1e-9)
    same = torch.allclose(family.W1[0], family.W1[2], rtol=0, atol=1e-3)
    assert not same, "the radius makes a difference"


def test_the_same_seed_gives_the_same_bits():
    X, y = blobs(1)
    first, second, other = (fit_network(X, y, [0.1], seed=seed, epochs=2) for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first, second))
    assert not torch.equal(first.W1, other.W1)


def test_the_network_learns_what_a_linear_model_cannot():
    (X, y), (X_new, y_new) = ring(0), ring(1)
    network = fit_network(X, y, [0.0], seed=0, epochs=100, batch_size=64)
    linear = fit_logistic(X, y, [0.0]).model
    assert (predict(network, X_new).numpy() == y_new).mean() > 0.9
    assert (predict(linear, X_new).numpy() == y_new).mean() < 0.6


@pytest.mark.parametrize("p", [2, np.inf])
def test_robust_loss_is_at_most_that_of_the_best_linear_model(p):
    X, y = blobs(2)
    eps = np.array([0.0, 0.1, 0.2])
    model = fit_network(X, y, eps, p=p, seed=0, epochs=200)
    loss = robust_losses(model, X, y, eps, p)
    linear = fit_logistic(X, y, eps, p=p).loss
    assert np.all(loss <= linear + 0.005), "a network with small hidden weights is nearly linear"


def test_each_model_is_the_best_of_its_family_at_its_own_radius():
    X, y = ring(2)
    model = fit_network(X, y, [0.0, 0.3], seed=0, epochs=100, batch_size=64)
    standard, attacked = robust_losses(model, X, y, 0.0), robust_losses(model, X, y, 0.3)
    assert standard[0] < standard[1] and attacked[1] < attacked[0]


def test_nothing_beats_a_constant_once_the_classes_can_be_moved_onto_each_other():
    X = np.repeat([[-1.0], [1.0]], 50, axis=0)
    y = np.repeat([0, 1], 50)
    model = fit_network(X, y, [0.5, 1.5], seed=0, epochs=300)
    loss = robust_losses(model, X, y, model.eps.numpy())
    assert loss[0] < 0.1 and loss[1] >= np.log(2) - 1e-6, "log 2 is the entropy of a fair label"
    logits = model(X)[1]
    assert logits.max() - logits.min() < 0.05, "the second model hardly depends on the feature"


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
        ({"pgd_steps": 0}, "at least 1"),
        ({"rate": 0.0}, "rate positive"),
    ],
)
def test_bad_input_is_named(change, message):
    good = {"X": np.zeros((4, 2)), "y": np.array([0, 0, 1, 1]), "eps": [0.1]} | change
    with pytest.raises(ValueError, match=message):
        fit_network(good.pop("X"), good.pop("y"), good.pop("eps"), seed=0, **good)


def marks(ax, marker):
    """The places of the marks of one kind on a panel."""
    return np.concatenate([line.get_xydata() for line in ax.lines if line.get_marker() == marker])


def legend(figure):
    """The entries of a figure's legend."""
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_figures_mark_one_class_and_name_the_mark():
    eps, marked = np.array(EPS_GRID), np.array(EPS_GRID) >= 0.25
    accuracy = np.linspace(0.8, 0.7, len(eps))
    curve = Interval(accuracy, accuracy - 0.01, accuracy + 0.01)
    key = ("network", "german")
    curves, shares = {key: {"plain": curve}}, {key: np.outer(accuracy, accuracy)}
    larger = {"german": 0.7}
    one_class = {key: marked}
    panels = figures.adversarial_accuracy_panels(eps, curves, one_class, larger, "real")
    best = np.eye(len(eps), dtype=bool)
    best[0, :3] = True  # three models are equally good against the first attack
    matrix = figures.adversarial_matrix(eps, shares, {key: best}, one_class, "real")
    brackets = {name: {0.3: (accuracy, accuracy)} for name in ("adult", "german")}
    bracket = figures.attack_bracket(eps, brackets, {"adult": [], "german": [0.3]}, "real")
    crossed = np.column_stack([eps, accuracy])[marked]
    np.testing.assert_allclose(marks(panels.axes[0], "x"), crossed)
    columns = marks(matrix.axes[0], "x")[:, 0].tolist()
    assert columns == np.flatnonzero(marked).tolist(), "above the columns of the marked models"
    circles = marks(matrix.axes[0], "o")[:, ::-1].astype(int)
    assert circles.tolist() == np.argwhere(best).tolist(), "a circle for each of equals"
    assert [sum(line.get_marker() == "x" for line in ax.lines) for ax in bracket.axes] == [0, 1]
    for figure in (panels, matrix, bracket):
        assert "one class on the test rows" in legend(figure)
    assert "share of the larger class" in legend(panels)
    plt.close("all")

"""Attacks: balls, exact answers, grids, certificates, batches against loops, bad input."""

import itertools
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from arrays import backwards, read_only
from rrlib.models import (
    LogisticRegression,
    Network,
    adversarial_accuracy,
    certified_accuracy,
    fit_logistic,
    fit_network,
    gradient_descent,
    init_network,
    pgd,
    pgd_accuracy,
    predict,
    select,
    worst_case,
)
from rrlib.models.decoder import lipschitz_local
from rrlib.models.vae import (
    active_latents,
    decode,
    encode,
    fit_pca,
    fit_vae,
    reconstruction_error,
    rescale,
)

RULES = {
    rule.__name__: (rule, kind)
    for rule, kind in [
        (adversarial_accuracy, "linear"),
        (certified_accuracy, "network"),
        (pgd, "network"),
        (pgd_accuracy, "network"),
    ]
}
"""The rules that attack rows, and the kind of model that each is shown on."""


def network(seed, E=3, d=3, H=5, size=2.0):
    rng = np.random.default_rng(seed)
    shapes = (E, H, d), (E, H), (E, H), (E,)
    weights = [torch.as_tensor(size * rng.normal(size=shape)) for shape in shapes]
    return Network(*weights, torch.linspace(0, 0.3, E, dtype=torch.float64))


def linear(seed, E=3, d=3):
    rng = np.random.default_rng(seed)
    parameters = rng.normal(size=(E, d)), rng.normal(size=E), np.linspace(0, 0.3, E)
    return LogisticRegression(*map(torch.as_tensor, parameters))


def model_for(kind, seed):
    return linear(seed) if kind == "linear" else network(seed)


def rows(seed, n=40, d=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.integers(0, 2, n)


def margin(model, X, y, delta):
    return torch.as_tensor(2.0 * y - 1) * model(torch.as_tensor(X) + delta)


@given(
    st.integers(0, 10**6),
    st.floats(0, 2),
    st.sampled_from([2, np.inf]),
    st.integers(1, 6),
    st.integers(1, 3),
)
def test_a_perturbation_stays_in_its_ball_and_never_helps(seed, radius, p, steps, restarts):
    model, (X, y) = network(seed), rows(seed)
    delta = pgd(model, X, y, radius, p=p, steps=steps, restarts=restarts, seed=seed)
    assert delta.shape == (3, 40, 3)
    assert torch.linalg.vector_norm(delta, ord=p, dim=-1).max() <= radius * (1 + 1e-12)
    reached = margin(model, X, y, delta)
    untouched = margin(model, X, y, 0.0)
    assert torch.all(reached <= untouched + 1e-12), "an attack never raises the margin"
    delta = pgd(model, X, y, radius, p=p, steps=steps, restarts=restarts + 2, seed=seed)
    more = margin(model, X, y, delta)
    assert torch.all(more <= reached + 1e-12), "a further restart keeps what the others found"


@pytest.mark.parametrize("p", [2, np.inf])
def test_pgd_is_exact_for_linear_models(p):
    model, (X, y) = linear(1), rows(1)
    for radius in (0.0, 0.1, 1.0):
        exact = margin(model, X, y, torch.as_tensor(worst_case(model, y, radius, p=p)))
        found = margin(model, X, y, pgd(model, X, y, radius, p=p, steps=5))
        assert torch.allclose(found, exact, rtol=0, atol=1e-10)
        attacked = pgd_accuracy(model, X, y, radius, p=p, steps=5)
        assert np.array_equal(attacked, adversarial_accuracy(model, X, y, radius, p=p))


def test_each_model_can_have_its_own_radius():
    model, (X, y) = network(2), rows(2)
    together = pgd(model, X, y, model.eps.numpy())
    for e, radius in enumerate(model.eps.tolist()):
        alone = pgd(select(model, e), X, y, radius)[0]
        assert torch.allclose(together[e], alone, rtol=0, atol=1e-12)
    assert not together[0].any(), "no perturbation at radius 0"


@pytest.mark.parametrize("p", [2, np.inf])
@pytest.mark.parametrize("name", RULES)
def test_radii_of_all_models_are_those_of_each(name, p):
    rule, kind = RULES[name]
    model, (X, y) = model_for(kind, 3), rows(3, n=200)
    radii = np.array([0.2, 0.0, 0.5])
    together = rule(model, X, y, radii, p=p)
    for e, radius in enumerate(radii):
        alone = rule(select(model, e), X, y, radius, p=p)
        assert np.allclose(together[e], alone[0], rtol=0, atol=1e-12)
    assert not np.allclose(together, rule(model, X, y, 0.2, p=p)), "the radius makes a difference"


@pytest.mark.parametrize("p", [1, 2, np.inf])
def test_radii_of_the_worst_case_are_those_of_each_model(p):
    model, y = linear(2), rows(2)[1]
    radii = np.array([0.2, 0.0, 0.5])
    together = worst_case(model, y, radii, p=p)
    for e, radius in enumerate(radii):
        assert np.array_equal(together[e], worst_case(select(model, e), y, radius, p=p)[0])
        length = np.linalg.norm(together[e], ord=p, axis=-1)
        assert np.allclose(length, radius, rtol=1e-12, atol=0), "it stands on the sphere"


@pytest.mark.parametrize("p", [2, np.inf])
def test_pgd_finds_the_minimum_on_a_grid(p):
    model, (X, y) = network(3, d=2), rows(3, n=12, d=2)
    side = np.linspace(-0.5, 0.5, 201)
    square = np.array(list(itertools.product(side, repeat=2)))
    ball = torch.as_tensor(square[np.linalg.norm(square, ord=p, axis=1) <= 0.5])
    lowest = []
    for x, sign in zip(X, 2.0 * y - 1):
        lowest.append((sign * model(torch.as_tensor(x) + ball)).amin(1))
    found = margin(model, X, y, pgd(model, X, y, 0.5, p=p, steps=100, restarts=10))
    assert torch.all(found <= torch.stack(lowest, 1) + 0.02), (
        "as low as the lowest of 40,000 points; 0.02 is what one step of PGD may miss"
    )


@given(st.integers(0, 10**6), st.floats(0, 1), st.sampled_from([1, 2, np.inf]), st.floats(0.1, 5))
def test_no_perturbation_turns_a_certified_row(seed, radius, p, size):
    model, (X, y) = network(seed, size=size), rows(seed, n=15)
    moves = np.random.default_rng(seed).normal(size=(300, 1, 3))
    moves = torch.as_tensor(radius * moves / np.linalg.norm(moves, ord=p, axis=-1, keepdims=True))
    X, favourable = torch.as_tensor(X), torch.as_tensor(y == 1)
    right = torch.stack([predict(model, X + move) == favourable for move in moves])
    withstood = right.all(0).double().mean(-1).numpy()
    assert np.all(certified_accuracy(model, X, y, radius, p=p) <= withstood)


def test_certificate_and_attack_meet_for_small_radii():
    model, X = network(4, size=1.0), rows(4, n=2000)[0]
    half = model(X).median(-1).values
    model = model._replace(b2=model.b2 - half)  # half of the rows on either side
    y = predict(model, X)[0].long().numpy()
    clean = (predict(model, X).numpy() == y).mean(1)
    for p in (2, np.inf):
        low = certified_accuracy(model, X, y, 0.01, p=p)
        high = pgd_accuracy(model, X, y, 0.01, p=p)
        assert np.all(high - low <= 0.001) and np.all(low <= high)
        assert high[0] < clean[0] == 1.0, "the attack does something at this radius"
    for rule in (certified_accuracy, pgd_accuracy):
        assert np.array_equal(rule(model, X, y, 0.0), clean)


@pytest.mark.parametrize("p", [2, np.inf])
def test_a_batch_is_the_loop_over_its_rows_and_models(p):
    model, (X, y) = network(5), rows(5, n=8)
    options = {"p": p, "steps": 7, "restarts": 3, "seed": 1}
    batch = pgd(model, X, y, 0.4, **options)
    for e in range(3):
        for i in range(8):
            alone = pgd(select(model, e), X[[i]], y[[i]], 0.4, **options)
            assert torch.allclose(alone[0, 0], batch[e, i], rtol=0, atol=1e-9)


def test_no_rows():
    assert pgd(network(6), np.empty((0, 3)), np.empty(0, int), 0.1).shape == (3, 0, 3)


@pytest.mark.parametrize("name", RULES)
def test_one_class_alone_can_be_judged(name):
    rule, kind = RULES[name]
    model, X = model_for(kind, 8), rows(8)[0]
    ones, zeros = rule(model, X, np.ones(40), 0.1), rule(model, X, np.zeros(40), 0.1)
    assert ones.shape == zeros.shape
    if rule is not pgd:
        assert np.all(ones + zeros <= 1), "no row is right under both labels"


BAD_ROWS = [
    (np.full((2, 3), np.nan), r"X\[0, 0\] is nan"),
    ([[0, 0, 0], [0, -np.inf, 0]], r"X\[1, 1\] is -inf"),
    (np.zeros((2, 4)), r"the model's 3 features, not shape \(2, 4\)"),
    (np.zeros(3), r"shape \(n, d\)"),
    ([["a", 0, 0], [0, 0, 0]], "X must hold numbers alone"),
]
BAD_LABELS = [
    (np.array([0, 2]), r"labels 0 and 1 .* found \[0, 2\]"),
    (np.array([-1, 1]), r"labels 0 and 1 .* found \[-1, 1\]"),
    (np.array([1, 2]), r"labels 0 and 1 .* found \[1, 2\]"),
    (np.array([0, np.nan]), "labels 0 and 1"),
    (np.array(["0", "1"]), "labels 0 and 1"),
    (np.array([0, None]), "labels 0 and 1"),
    (np.zeros((2, 1)), r"not \(2, 1\)"),
]
BAD_RADII = [
    (-0.5, "finite number >= 0, .*not -0.5"),
    (np.nan, "finite number >= 0"),
    ([0.1, 0.2, np.inf], "finite number >= 0"),
    ([0.1, 0.2], "each of the 3 models"),
    ([[0.1], [0.2], [0.3]], "each of the 3 models"),
    ("wide", "radius must hold numbers alone"),
]


@pytest.mark.parametrize("name", RULES)
def test_bad_rows_are_named(name):
    rule, kind = RULES[name]
    for X, message in BAD_ROWS:
        with pytest.raises(ValueError, match=message):
            rule(model_for(kind, 7), X, np.array([0, 1]), 0.1)


@pytest.mark.parametrize("name", [*RULES, "worst_case"])
def test_bad_labels_and_radii_are_named(name):
    if name == "worst_case":
        call = partial(worst_case, linear(7))
    else:
        rule, kind = RULES[name]
        call = partial(rule, model_for(kind, 7), np.zeros((2, 3)))
    for y, message in BAD_LABELS:
        with pytest.raises(ValueError, match=message):
            call(y, 0.1)
    for radius, message in BAD_RADII:
        with pytest.raises(ValueError, match=message):
            call(np.array([0, 1]), radius)


@pytest.mark.parametrize("name", RULES)
def test_a_label_for_each_row(name):
    rule, kind = RULES[name]
    with pytest.raises(ValueError, match="one label for each row"):
        rule(model_for(kind, 7), np.zeros((2, 3)), np.array([0]), 0.1)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"steps": 0}, "at least 1"),
        ({"restarts": 0}, "at least 1"),
        ({"p": 1}, "p must be"),
    ],
)
def test_bad_settings_of_pgd_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        pgd(network(7), np.zeros((2, 3)), np.array([0, 1]), 0.1, **change)


@pytest.mark.parametrize("p", [0.5, "inf"])
def test_a_norm_that_has_no_exact_answer_is_named(p):
    X, y = rows(7)
    for call in (
        lambda: adversarial_accuracy(linear(7), X, y, 0.1, p=p),
        lambda: certified_accuracy(network(7), X, y, 0.1, p=p),
        lambda: worst_case(linear(7), y, 0.1, p=p),
    ):
        with pytest.raises(ValueError, match="p must be 1, 2 or numpy.inf"):
            call()


@pytest.mark.parametrize("kind", ["linear", "network"])
@pytest.mark.parametrize("form", [np.asarray, torch.as_tensor, pd.DataFrame])
@pytest.mark.parametrize("gap", [np.nan, np.inf, -np.inf])
def test_a_row_with_a_gap_is_neither_accepted_nor_denied(kind, form, gap):
    X = rows(9)[0]
    X[4, 1] = gap
    with pytest.raises(ValueError, match=rf"X\[4, 1\] is {gap}.*drop or impute"):
        predict(model_for(kind, 9), form(X))


def test_rows_of_each_model_are_checked_too():
    model = network(9)
    X = torch.zeros(3, 5, 3)
    assert predict(model, X).shape == (3, 5)
    X[2, 4, 0] = torch.nan
    with pytest.raises(ValueError, match=r"X\[2, 4, 0\] is nan"):
        predict(model, X)
    for shape in ((3,), (5, 4)):
        with pytest.raises(ValueError, match=r"shape \(n, 3\) or \(E, n, 3\)"):
            predict(model, torch.zeros(shape))


def table(values):
    return pd.Series(values) if values.ndim == 1 else pd.DataFrame(values)


def from_table(values):
    return table(values).to_numpy()


def mixed(values):
    """A table with one column of another type than the others, whose array holds Python objects."""
    return table(values).astype(object)


def arrays(result):
    """The arrays in the result of a function, one after the other."""
    if isinstance(result, tuple):
        return [array for part in result for array in arrays(part)]
    return [np.asarray(result)]


USES = {
    "logits of a linear family": lambda X, y, r: linear(10)(X),
    "logits of a network": lambda X, y, r: network(10)(X),
    "gradients of a linear family": lambda X, y, r: linear(10).gradient(X),
    "gradients of a network": lambda X, y, r: network(10).gradient(X),
    "predict": lambda X, y, r: predict(network(10), X),
    "worst_case": lambda X, y, r: worst_case(linear(10), y, r),
    "adversarial_accuracy": lambda X, y, r: adversarial_accuracy(linear(10), X, y, r),
    "certified_accuracy": lambda X, y, r: certified_accuracy(network(10), X, y, r),
    "pgd": lambda X, y, r: pgd(network(10), X, y, r, steps=2),
    "pgd_accuracy": lambda X, y, r: pgd_accuracy(network(10), X, y, r, steps=2),
    "init_network": lambda X, y, r: init_network(3, r, 0),
    "fit_network": lambda X, y, r: fit_network(X, y, r, seed=0, epochs=1),
    "fit_logistic": lambda X, y, r: fit_logistic(X, y, r),
    "gradient_descent": lambda X, y, r: gradient_descent(X, y, r, rate=0.1, steps=2),
    "fit_pca": lambda X, y, r: fit_pca(X, latent=2),
    "fit_vae": lambda X, y, r: fit_vae(X, latent=2, seed=0, steps=2),
    "encode": lambda X, y, r: encode(COMPONENTS, X),
    "decode": lambda X, y, r: decode(COMPONENTS, X),
    "reconstruction_error": lambda X, y, r: reconstruction_error(COMPONENTS, X),
    "active_latents": lambda X, y, r: active_latents(COMPONENTS, X),
    "rescale": lambda X, y, r: rescale(COMPONENTS, r, r),
    "lipschitz_local": lambda X, y, r: lipschitz_local(COMPONENTS.decoder, X, y),
}
"""Every function of the models room that takes rows X, labels y or three radii r."""

COMPONENTS = fit_pca(rows(11)[0], latent=3)


@pytest.mark.parametrize("form", [read_only, backwards, table, from_table, mixed])
@pytest.mark.parametrize("use", USES)
def test_arrays_come_as_pandas_hands_them_out(use, form):
    """Torch warns of read-only arrays and refuses reversed ones; here a warning is an error."""
    X, y = rows(11)
    r = np.array([0.1, 0.2, 0.3])
    expected = arrays(USES[use](X, y, r))
    found = arrays(USES[use](form(X), form(y), form(r)))
    for one, other in zip(found, expected, strict=True):
        assert np.allclose(one, other, rtol=0, atol=1e-12), "another memory order rounds otherwise"


@pytest.mark.parametrize("p", [2, np.inf])
def test_blocks_change_nothing(monkeypatch, p):
    model, straight, (X, y) = network(12), linear(12), rows(12)
    measures = [
        partial(pgd_accuracy, model, X, y, 0.3, p=p),
        partial(certified_accuracy, model, X, y, 0.1, p=p),
        partial(adversarial_accuracy, straight, X, y, 0.1, p=p),
    ]
    whole, found = pgd(model, X, y, 0.3, p=p), [measure() for measure in measures]
    monkeypatch.setattr("rrlib.models.attacks.ROWS", 7)
    assert torch.allclose(pgd(model, X, y, 0.3, p=p), whole, rtol=0, atol=1e-9)
    for measure, share in zip(measures, found):
        assert np.array_equal(measure(), share)

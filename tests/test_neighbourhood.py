"""The share of valid points in a ball, and claim S1, which rests on it.

Its closed form for linear models, its bounds, the batch, bad input.
"""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betainc

from rrlib.audit.evidence import Evidence
from rrlib.audit.neighbourhood import fewer_valid_points
from rrlib.audit.rule import judge
from rrlib.models import EPS_GRID, LogisticRegression, init_network, lipschitz, predict, select
from rrlib.study import share_valid_in_ball, surroundings
from rrlib.study.surroundings import share_valid_among_nearest

RADII = np.array([0.3, 1.0, 2.5])


def linear(seed, E=3, d=4):
    rng = np.random.default_rng(seed)
    parts = rng.normal(size=(E, d)), rng.normal(size=E), np.linspace(0, 0.3, E)
    return LogisticRegression(*map(torch.as_tensor, parts))


def network(seed, E=3, d=4):
    """Networks with larger weights than at the start, so that some balls hold both labels."""
    model = init_network(d, np.linspace(0, 0.3, E), seed)
    scale = torch.arange(1, E + 1).double().view(-1, 1)
    return model._replace(W1=6 * scale.unsqueeze(-1) * model.W1, w2=3 * model.w2, b2=0 * model.b2)


def rows(seed, n=20, d=4):
    return np.random.default_rng(seed).normal(size=(n, d))


def cap(model, X, radii):
    """Volume of the cap beyond the boundary as a share of the ball, shape (E, n, R).

    By the incomplete beta function.
    """
    norm = torch.linalg.vector_norm(model.w, dim=-1, keepdim=True)
    distance = (model(X).abs() / norm).numpy()[..., None]
    inside = np.clip(1 - (distance / radii) ** 2, 0, 1)
    return betainc((X.shape[1] + 1) / 2, 0.5, inside) / 2


@pytest.mark.parametrize("d", [1, 2, 6, 15])
def test_linear_models_have_the_volume_of_a_spherical_cap(d):
    model, X = linear(d, d=d), rows(d, d=d)
    exact = cap(model, X, RADII)
    error = share_valid_in_ball(model, X, RADII, samples=4096, seed=0) - exact
    assert exact.max() > 0.3 and (exact == 0).any()
    standard_error = 0.5 / np.sqrt(4096)
    assert np.abs(error).max() < 4 * standard_error, "the standard error of independent draws"
    assert np.all(error[exact == 0] == 0)
    wrong = cap(model, X, 1.2 * RADII)
    assert np.abs(error + exact - wrong).max() > 0.03, "another radius would be noticed"


def test_one_dimension_is_the_length_of_an_interval():
    zero = torch.zeros(1).double()
    model = LogisticRegression(torch.ones(1, 1).double(), zero, zero)
    share = share_valid_in_ball(model, np.array([[-1.0], [0.5]]), [2.0], samples=1000, seed=3)
    assert np.allclose(share[0, :, 0], [1 / 4, 3 / 8], rtol=0, atol=0.01)


def test_the_sequence_is_more_even_than_independent_draws():
    model, X = linear(5, E=20, d=6), rows(5, n=50, d=6)
    exact, errors = cap(model, X, RADII), []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        z = rng.normal(size=(500, 6))
        z *= rng.random((500, 1)) ** (1 / 6) / np.linalg.norm(z, axis=1, keepdims=True)
        points = X[:, None, None] + RADII[:, None, None] * z
        labels = predict(model, points.reshape(-1, 6)).reshape(20, 50, 3, 500)
        flipped = labels != predict(model, X)[..., None, None]
        independent = flipped.double().mean(-1).numpy()
        even = share_valid_in_ball(model, X, RADII, samples=500, seed=seed)
        errors.append([np.square(share - exact).mean() for share in (even, independent)])
    even, independent = np.mean(errors, axis=0)
    assert even < independent / 2


@given(st.integers(0, 10**6), st.sampled_from([linear, network]))
@settings(max_examples=20)
def test_a_batch_is_the_loop_over_models_rows_and_radii(seed, family):
    model, X = family(seed), rows(seed, n=4)
    batch = share_valid_in_ball(model, X, RADII, samples=50, seed=seed)
    assert batch.shape == (3, 4, 3)
    for e, n, r in np.ndindex(batch.shape):
        one, row = select(model, e), X[n : n + 1]
        alone = share_valid_in_ball(one, row, RADII[r], samples=50, seed=seed)
        assert batch[e, n, r] == alone[0, 0, 0]


def test_chunks_change_nothing(monkeypatch):
    model, X = network(1), rows(1)
    whole = share_valid_in_ball(model, X, RADII, samples=64, seed=0)
    monkeypatch.setattr("rrlib.study.balls.BALL_POINTS", 1)
    assert np.array_equal(share_valid_in_ball(model, X, RADII, samples=64, seed=0), whole)


@given(st.integers(0, 10**6), st.sampled_from([linear, network]))
def test_shares_keep_their_bounds(seed, family):
    model, X = family(seed), rows(seed)
    share = share_valid_in_ball(model, X, RADII, samples=100, seed=seed)
    assert np.all((share >= 0) & (share <= 1))
    distance = (model(X).abs() / lipschitz(model).unsqueeze(-1)).numpy()[..., None]
    safe = np.broadcast_to(distance > 1.001 * RADII, share.shape)
    assert np.all(share[safe] == 0), "no flip within |h| / Lipschitz constant"


@given(st.integers(0, 10**6), st.sampled_from([linear, network]))
@settings(max_examples=20)
def test_the_two_targets_share_the_ball(seed, family):
    model, X = family(seed), rows(seed)
    up, down, flip = (
        share_valid_in_ball(model, X, RADII, samples=100, seed=0, target=target)
        for target in (1, -1, None)
    )
    assert np.allclose(up + down, 1, rtol=0, atol=1e-12)
    assert np.array_equal(flip, np.where(predict(model, X)[..., None], down, up))


def test_a_constant_model_has_no_valid_point():
    b = torch.tensor([-1.0, 1.0]).double()
    model = LogisticRegression(torch.zeros(2, 4).double(), b, torch.zeros(2).double())
    assert not share_valid_in_ball(model, rows(0), RADII, samples=50, seed=0).any()


def test_a_seed_gives_the_same_points_and_another_seed_others():
    first, again, other = (
        share_valid_in_ball(network(2), rows(2), RADII, samples=100, seed=seed)
        for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"radius": 0}, "radius must be one positive number"),
        ({"radius": [1.0, np.nan]}, "radius must be one positive number"),
        ({"radius": [[1.0]]}, "radius must be one positive number"),
        ({"samples": 0}, "samples must be a whole number"),
        ({"samples": 10.0}, "samples must be a whole number"),
        ({"target": 0}, "target must hold"),
        ({"X": np.zeros(4)}, "X must have shape"),
        ({"X": np.full((1, 4), np.inf)}, "every feature must be finite"),
    ],
)
def test_bad_input_is_named(change, message):
    given = {"X": rows(0), "radius": RADII, "samples": 10, "seed": 0} | change
    with pytest.raises(ValueError, match=message):
        share_valid_in_ball(linear(0), **given)


@pytest.mark.parametrize("family", [linear, network])
def test_the_nearest_people_are_counted_one_by_one(family):
    model, people, X = family(3), rows(3, n=60), rows(4, n=10)
    share = share_valid_among_nearest(model, people, X, 7)
    labels, own = predict(model, people).numpy(), predict(model, X).numpy()
    for e, n in np.ndindex(share.shape):
        near = np.argsort(np.linalg.norm(people - X[n], axis=1))[:7]
        assert share[e, n] == np.mean(labels[e, near] != own[e, n])
    assert 0 < share.mean() < 1


@pytest.mark.parametrize("k", [0, 61, 2.0])
def test_a_wrong_number_of_people_is_named(k):
    with pytest.raises(ValueError, match="k must be a whole number from 1 to 60"):
        share_valid_among_nearest(linear(0), rows(0, n=60), rows(1), k)


def slices(boundaries):
    """Ten seeds of linear models x_1 >= c in the place of networks, with rows around 0.

    Each seed has one c for each eps of the grid.
    """
    w = torch.zeros(len(EPS_GRID), 2).double()
    w[:, 0] = 1
    model = LogisticRegression(w, -torch.as_tensor(boundaries), torch.as_tensor(EPS_GRID))
    for seed in range(10):
        one = SimpleNamespace(dataset="adult", kind="network", seed=seed, model=model)
        one.scaling = "standard"
        one.X = rows(seed, n=200, d=2)
        one.logits = model(one.X).numpy()
        yield one


@pytest.fixture
def people(monkeypatch):
    def load(name, seed, scaling):
        return SimpleNamespace(X_train=rows(100 + seed, n=2000, d=2))

    monkeypatch.setattr(surroundings.datasets, "load", load)


def findings(boundaries):
    """What claim S1 finds on slices with these boundaries."""
    table = surroundings.surroundings(list(slices(boundaries)))
    return fewer_valid_points(Evidence([], {"surroundings": table}))


def verdicts(found, start="", end=""):
    """The verdicts on the findings whose reading starts and ends so."""
    chosen = [one for one in found if one.reading.startswith(start) and one.reading.endswith(end)]
    return {judge(one.cases).verdict for one in chosen}


def test_both_directions_of_claim_s1(people):
    away = 0.1 + np.array(EPS_GRID)
    falls, rises = findings(away), findings(away[::-1].copy())
    assert len(falls) == 2 * (len(surroundings.RADII) + 1)
    assert all(len(one.effects) == 2 for one in falls)
    denied = verdicts(falls, "ball", "denied by all three")
    assert denied == {"reproduced"}, "the boundary moves away from those whom it denies"
    assert verdicts(rises, "ball", "denied by all three") == {"contradicted"}


def test_the_falls_are_those_of_the_caps(people):
    away = 0.1 + np.array(EPS_GRID)
    found = {one.reading: one.effects for one in findings(away)}
    chosen = [EPS_GRID.index(eps) for eps in surroundings.SHOWN]
    exact = []
    for one in list(slices(away))[:5]:
        shares = cap(one.model, torch.as_tensor(one.X), np.array(surroundings.RADII))[chosen]
        denied = (one.logits[chosen] < 0).all(0)
        exact.append(-np.diff([shares.mean(1), shares[:, denied].mean(1)], axis=1))
    exact = np.mean(exact, axis=0)
    for g, group in enumerate(("all test rows", "denied by all three")):
        for k, radius in enumerate(surroundings.RADII):
            measured = [effect.mean for effect in found[f"ball of radius {radius:g}, {group}"]]
            error = np.abs(measured - exact[g, :, k]).max()
            assert error < 0.01, "half a standard error of independent draws, and a mean over rows"


def test_claim_s1_is_undecided_without_its_people(people):
    assert fewer_valid_points(Evidence([])) == []
    accepted = findings(np.full(8, -50.0))
    assert verdicts(accepted, end="denied by all three") == {"undecided"}
    assert verdicts(accepted, end="all test rows") == {"not reproduced"}

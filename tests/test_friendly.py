"""Recourse-friendly training: what it adds to the loss, and what it never does."""

import numpy as np
import pytest
import torch

from rrlib.models import fit_logistic, fit_network, friendly, select
from rrlib.models.friendly import choose_lam, fit_friendly

RNG = np.random.default_rng(8)
X = RNG.normal(size=(300, 3))
Y = (X @ [1.0, -0.5, 0.2] + RNG.normal(size=300) > 0.3).astype(int)
EPS = [0.0, 0.1]


def objective(model, e, start, lam):
    """The objective of a linear model, from its definition."""
    w, b, eps = model.w[e].numpy(), model.b[e].item(), model.eps[e].item()
    reach = eps * np.abs(w).sum()
    logits = X @ w + b
    attacked = np.logaddexp(0, -((2 * Y - 1) * logits - reach)).mean()
    denied = (start(X)[e] < 0).numpy()
    return attacked + lam * np.logaddexp(0, -(logits + reach))[denied].mean()


def test_the_objective_of_linear_models_is_that_of_its_definition():
    start = fit_logistic(X, Y, EPS).model
    found = fit_friendly(start, X, Y, lam=0.5)
    for e in range(len(EPS)):
        assert found.before[e] == pytest.approx(objective(start, e, start, 0.5), abs=1e-12)
        assert found.after[e] == pytest.approx(objective(found.model, e, start, 0.5), abs=1e-12)
    assert (found.after < found.before).all()


def test_it_denies_fewer():
    start = fit_logistic(X, Y, EPS).model
    model = fit_friendly(start, X, Y, lam=0.1).model
    assert ((model(X) < 0).sum(-1) < (start(X) < 0).sum(-1)).all()


def test_without_the_term_a_minimiser_stays():
    start = fit_logistic(X, Y, EPS).model
    found = fit_friendly(start, X, Y, lam=0.0)
    np.testing.assert_allclose(found.before, found.after, atol=1e-9)


def test_where_nothing_is_added_the_start_stays_and_each_model_has_its_own_weight():
    start = fit_network(X, Y, EPS, seed=0, epochs=5)
    both = fit_friendly(start, X, Y, lam=[0.0, 0.3], epochs=2).model
    assert all(torch.equal(new[0], old[0]) for new, old in zip(both, start))
    alone = fit_friendly(select(start, 1), X, Y, lam=0.3, epochs=2).model
    for new, old in zip(select(both, 1), alone):
        torch.testing.assert_close(new, old, atol=1e-5, rtol=1e-5)


def test_the_largest_weight_is_chosen_that_the_rule_allows(monkeypatch):
    """With 0.2 nearly everybody is denied, and with more nobody."""

    def fit(model, rows, labels, *, lam, **how):
        bias = np.where(lam > 0.2, 100.0, np.where(lam == 0.2, -100.0, 0.0))
        return friendly.FriendlyFit(model._replace(b=model.b + torch.tensor(bias)), None, None)

    monkeypatch.setattr(friendly, "fit_friendly", fit)
    start = fit_logistic(X, Y, EPS).model
    for loss, chosen in ((0.01, 0.1), (0.0, 0.1), (-0.01, 0.0), (1.0, 0.2)):
        found = choose_lam(start, X, Y, (0.5, 0.02, 0.2, 0.1), loss=loss)
        assert found.tolist() == [chosen, chosen]


def test_validation_rows_are_not_trained_on(monkeypatch):
    seen = []

    def fit(model, rows, labels, **how):
        seen.append(rows)
        return friendly.FriendlyFit(model, None, None)

    monkeypatch.setattr(friendly, "fit_friendly", fit)
    start = fit_logistic(X, Y, EPS).model
    assert choose_lam(start, X, Y, (0.3, 0.1)).tolist() == [0.3, 0.3], "nothing is lost"
    (rows,) = seen
    assert len(rows) == 240 and len(np.unique(np.concatenate([rows, X]), axis=0)) == 300


def test_a_network_gets_better_and_keeps_its_type():
    start = fit_network(X, Y, EPS, seed=0, epochs=20)
    found = fit_friendly(start, X, Y, lam=0.1, epochs=3)
    assert (found.after < found.before).all()
    assert found.model.W1.dtype == torch.float32
    assert not found.model.W1.requires_grad


def test_the_start_is_not_changed():
    start = fit_logistic(X, Y, EPS).model
    w = start.w.clone()
    fit_friendly(start, X, Y, lam=0.1, epochs=1)
    assert torch.equal(start.w, w)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"lam": -1.0}, "lam must be"),
        ({"lam": np.nan}, "lam must be"),
        ({"rate": 0.0}, "rate positive"),
        ({"epochs": 0}, "epochs at least 1"),
        ({"p": 1}, "p must be 2 or numpy.inf"),
    ],
)
def test_an_option_out_of_range_is_refused(option, message):
    with pytest.raises(ValueError, match=message):
        fit_friendly(fit_logistic(X, Y, EPS).model, X, Y, **{"lam": 0.1} | option)

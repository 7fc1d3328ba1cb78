"""What a caller has set in torch changes no result: gradients on or off, the usual dtype."""

import numpy as np
import pytest
import torch

from rrlib import models, recourse, study
from rrlib.models.descent import train_from
from rrlib.models.friendly import fit_friendly
from rrlib.models.signed import fit_signed_network
from rrlib.models.vae import fit_vae

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
y = (X[:, 0] + 0.5 * rng.normal(size=60) > 0).astype(int)
SHORT = {"epochs": 2, "batch_size": 20}
NETWORK = models.fit_network(X, y, [0.0, 0.1], seed=0, **SHORT)
VAE = fit_vae(X, latent=2, seed=0, steps=10)
TRAININGS = {
    "network": lambda: models.fit_network(X, y, [0.0, 0.1], seed=0, **SHORT),
    "certified": lambda: models.fit_certified(X, y, [0.0, 0.1], seed=0, **SHORT).model,
    "signed": lambda: fit_signed_network(X, y, [(0.0, 0.1)], seed=0, **SHORT),
    "friendly": lambda: fit_friendly(NETWORK, X, y, lam=0.1, epochs=1).model,
    "another start": lambda: train_from(NETWORK, X, y, seed=0, **SHORT),
    "decoder": lambda: fit_vae(X, latent=2, seed=0, steps=10).decoder,
}
SEARCHES = {
    "scfe": recourse.scfe,
    "scfe_adam": recourse.scfe_adam,
    "growing_spheres": lambda model, X: recourse.growing_spheres(model, X, seed=0),
    "cchvae": lambda model, X: recourse.cchvae(model, X, VAE, seed=0),
}


@pytest.fixture
def double():
    """Double precision as the usual dtype of torch."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def same(one, other):
    """Whether all parts of two results have the same type and bits."""
    return all(a.dtype == b.dtype and torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("train", TRAININGS.values(), ids=TRAININGS)
@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode])
def test_training_works_where_gradients_are_off(train, off):
    usual = train()
    with off():
        assert same(train(), usual)


@pytest.mark.parametrize("train", TRAININGS.values(), ids=TRAININGS)
def test_training_minds_no_usual_dtype(train, request):
    usual = train()
    request.getfixturevalue("double")
    assert same(train(), usual)


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_searches_mind_no_usual_dtype(search, request):
    usual = search(NETWORK, X)
    request.getfixturevalue("double")
    assert same(search(NETWORK, X), usual)


def with_gradients():
    """Return the network with parameters that ask for gradients."""
    return NETWORK._replace(
        **{
            name: getattr(NETWORK, name).clone().requires_grad_()
            for name in ("W1", "b1", "w2", "b2")
        }
    )


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_parameters_may_ask_for_gradients(search):
    found, usual = search(with_gradients(), X), search(NETWORK, X)
    assert same(found, usual) and not any(field.requires_grad for field in found)
    table = study.summarise(found, models.predict(with_gradients(), X), X)
    assert table.equals(study.summarise(usual, models.predict(NETWORK, X), X))


def test_attacks_take_parameters_that_ask_for_gradients():
    model = with_gradients()
    assert not models.pgd(model, X, y, 0.1).requires_grad
    for accuracy in (models.pgd_accuracy, models.certified_accuracy):
        assert np.array_equal(accuracy(model, X, y, 0.1), accuracy(NETWORK, X, y, 0.1))

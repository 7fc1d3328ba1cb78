"""What is handed over as a model: a family of rrlib, or an error that says what is expected."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from rrlib import models, recourse, study
from rrlib.models.vae import fit_pca
from rrlib.recourse import robust

X = np.array([[0.0, 1.0], [1.0, -1.0], [2.0, 0.5], [-1.0, 0.2]])
y = np.array([0, 1, 1, 0])
NETWORK = models.init_network(2, [0.0, 0.1], seed=0)
NONE = {
    "a classifier": LogisticRegression().fit(X, y),
    "a pipeline": make_pipeline(LogisticRegression()),
    "a module": torch.nn.Linear(2, 1),
    "modules": torch.nn.Sequential(torch.nn.Linear(2, 1)),
    "nothing": None,
    "an array": np.ones((2, 2)),
    "a table of models": {},
    "no models": [],
}
ANY = {
    "predict": lambda model: models.predict(model, X),
    "lipschitz": models.lipschitz,
    "select": lambda model: models.select(model, 0),
    "pgd": lambda model: models.pgd(model, X, y, 0.1),
    "pgd_accuracy": lambda model: models.pgd_accuracy(model, X, y, 0.1),
    "certified_accuracy": lambda model: models.certified_accuracy(model, X, y, 0.1),
    "flip_target": lambda model: recourse.flip_target(model, X),
    "scfe": lambda model: recourse.scfe(model, X),
    "scfe_adam": lambda model: recourse.scfe_adam(model, X),
    "growing_spheres": lambda model: recourse.growing_spheres(model, X, seed=0),
    "cchvae": lambda model: recourse.cchvae(model, X, fit_pca(X, latent=1), seed=0),
    "noisy_recourse": lambda model: robust.noisy_recourse(model, X, radius=0.1),
    "share_valid_in_ball": lambda model: study.share_valid_in_ball(
        model, X, 1.0, samples=1, seed=0
    ),
}
LINEAR = {
    "worst_case": lambda model: models.worst_case(model, y, 0.1),
    "adversarial_accuracy": lambda model: models.adversarial_accuracy(model, X, y, 0.1),
    "scfe_linear": lambda model: recourse.scfe_linear(model, X),
    "boundary_distance": lambda model: recourse.boundary_distance(model, X),
    "minimal_recourse": lambda model: recourse.minimal_recourse(model, X),
}


@pytest.mark.parametrize("model", NONE.values(), ids=NONE)
@pytest.mark.parametrize("call", ANY.values(), ids=ANY)
def test_what_is_no_family_is_refused(call, model):
    with pytest.raises(ValueError, match=r"model must be a family of rrlib\.models.*as_family"):
        call(model)


def test_a_fit_is_not_its_model():
    fit = models.fit_logistic(X, y, [1.0])
    with pytest.raises(ValueError, match="it is the field `model` of what you handed over"):
        models.predict(fit, X)


@pytest.mark.parametrize("model", [NETWORK, *NONE.values()], ids=["a network", *NONE])
@pytest.mark.parametrize("name", LINEAR)
def test_what_is_exact_for_linear_models_says_so(name, model):
    with pytest.raises(
        ValueError, match=f"{name} is exact, and for a family of linear models.*take"
    ):
        LINEAR[name](model)

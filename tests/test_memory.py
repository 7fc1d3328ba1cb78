"""Memory: no step makes a tensor that grows with the rows faster than input and output do."""

from functools import partial
from importlib import import_module

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from rrlib.models import (
    EPS_GRID,
    LogisticRegression,
    adversarial_accuracy,
    certified_accuracy,
    init_network,
    pgd_accuracy,
)
from rrlib.models.vae import fit_pca
from rrlib.recourse import (
    Recourse,
    cchvae,
    growing_spheres,
    scfe,
    scfe_adam,
)
from rrlib.study import pieces
from rrlib.study.balls import share_valid_in_ball
from rrlib.study.metrics import transfer

E, D, N, BLOCK = len(EPS_GRID), 6, 4096, 256
X = np.random.default_rng(0).normal(size=(N, D))
Y = np.arange(N) % 2
NETWORK = init_network(D, EPS_GRID, 0)
LINEAR = LogisticRegression(NETWORK.W1[:, 0], NETWORK.b1[:, 0], NETWORK.eps)
VALID = np.ones((E, N), bool)
COPIES = Recourse(torch.as_tensor(X).expand(E, -1, -1), VALID, 0 * VALID, VALID, VALID)

CALLS = {
    "scfe": partial(scfe, LINEAR, X, target=1.0),
    "scfe, network": partial(scfe, NETWORK, X, target=1.0, max_steps=2),
    "scfe_adam": partial(scfe_adam, NETWORK, X, target=1.0, max_steps=2),
    "growing_spheres": partial(
        growing_spheres, NETWORK, X, target=1.0, samples=100, max_evals=500, seed=0
    ),
    "cchvae": partial(
        cchvae, NETWORK, X, fit_pca(X[:99], latent=3), target=1.0, max_evals=600, seed=0
    ),
    "share_valid_in_ball": partial(
        share_valid_in_ball, NETWORK, X, 0.5, samples=16, seed=0, target=1.0
    ),
    "transfer": partial(transfer, NETWORK, COPIES, ~VALID),
    "adversarial_accuracy": partial(adversarial_accuracy, LINEAR, X, Y, 0.1),
    "pgd_accuracy": partial(pgd_accuracy, NETWORK, X, Y, 0.1, steps=2),
    "certified_accuracy": partial(certified_accuracy, NETWORK, X, Y, 0.1),
}


class Largest(TorchDispatchMode):
    """Remembers how many numbers the largest tensor holds that an operation has returned.

    Views are left out: they hold no numbers of their own.
    """

    numbers = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        if isinstance(found, torch.Tensor):
            self.numbers = max(self.numbers, found.untyped_storage().nbytes() // found.itemsize)
        return found


def small_blocks(monkeypatch):
    """Let blocks of rows and of samples be small, so that few rows are many blocks."""
    for module in ("recourse.common", "models.attacks", "study.metrics"):
        monkeypatch.setattr(f"rrlib.{module}.ROWS", BLOCK)
    monkeypatch.setattr(import_module("rrlib.recourse.scfe"), "BLOCK", BLOCK)
    monkeypatch.setattr("rrlib.recourse.layers.CHUNK", 2**13)
    monkeypatch.setattr(import_module("rrlib.recourse.cchvae"), "CHUNK", 2**11)
    monkeypatch.setattr("rrlib.study.balls.BALL_POINTS", BLOCK)


def test_every_method_of_the_study_is_called():
    assert set(pieces.SEARCHES) <= set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_no_tensor_is_larger_than_input_output_and_a_block(name, monkeypatch):
    small_blocks(monkeypatch)
    with Largest() as seen:
        found = CALLS[name]()
    output = max(np.asarray(field).size for field in found) if isinstance(found, tuple) else 0
    output = output or np.asarray(found).size
    hidden = E * BLOCK * 2 * D
    assert 0 < seen.numbers <= max(output, X.size, hidden)

"""The benchmark, on so few rows that it only shows that it runs."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from rrlib.data import datasets
from rrlib.models import fit_logistic, fit_network
from rrlib.models.vae import fit_vae

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
import bench  # noqa: E402

EPS = [0.0, 0.1]


@pytest.fixture(scope="module")
def setup():
    """A family of each kind, a VAE, and a few rows of German Credit."""
    data = datasets.load("german", seed=0)
    X, y = data.X_train, data.y_train
    models = {
        bench.LINEAR: fit_logistic(X, y, EPS).model,
        bench.NETWORK: fit_network(X, y, EPS, seed=0, epochs=1),
    }
    return models, fit_vae(X, seed=0, steps=10), data.X_test[:4]


def test_every_job_runs(setup):
    models, vae, X = setup
    for name, kinds in (bench.RECOURSES | bench.MEASURES).items():
        for kind in kinds:
            jobs = bench.jobs(models[kind], vae, X) | bench.judging(models[kind], X)
            assert bench.size(jobs[name]()) > 0, name


def test_the_loops_find_what_the_batches_find(setup):
    models, _, X = setup
    model = models[bench.NETWORK]._replace(b2=models[bench.NETWORK].b2 - 3)
    one = bench.select(model, 0)
    batch = bench.scfe(one, X, target=1.0)
    loop = bench.scfe_loop(one, X)
    assert torch.allclose(batch.x_cf[0].double(), loop, atol=1e-4)
    assert np.all(bench.predict(one, loop).numpy() == batch.valid.numpy())

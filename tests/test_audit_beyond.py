"""What goes beyond the paper's setting: SCFE with smaller weights, trainings by other settings."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch

from rrlib.audit import adam, lambdas, trainings
from rrlib.data import datasets
from rrlib.models import EPS_GRID, LogisticRegression


def test_a_share_counts_flips_within_each_cap():
    E, X = len(EPS_GRID), np.array([[-1.0, 0.0], [-2.0, 0.0]])
    model = LogisticRegression(torch.tensor([[1.0, 0.0]] * E), torch.zeros(E), torch.zeros(E))
    one = SimpleNamespace(dataset="adult", seed=3, model=model, X=X, logits=model(X).numpy())
    x_cf = np.repeat(X[None], len(lambdas.RADII), axis=0)
    x_cf[0] = [[1.0, 0.0], [20.0, 0.0]]  # both flip, the second one beyond the cap
    table = lambdas.shares(one, x_cf, 1e-4)
    assert list(table.columns) == [*lambdas.CASE, "validity"]
    assert set(table["dataset"]) == {"adult"} and set(table["lambda"]) == {1e-4}
    wide = table.pivot(index="cost", columns="eps", values="validity")
    assert wide.loc["at most 10"].tolist() == [0.5, 0, 0, 0]
    assert wide.loc["any"].tolist() == [1, 0, 0, 0]


def test_a_search_gives_a_row_for_each_case():
    E, X = len(EPS_GRID), np.array([[-1.0, 0.0], [-2.0, 0.0]])
    model = LogisticRegression(torch.tensor([[1.0, 0.0]] * E), torch.zeros(E), torch.zeros(E))
    one = SimpleNamespace(dataset="adult", seed=3, model=model, X=X, logits=model(X).numpy())
    table = lambdas.measure(one)
    cases = len(lambdas.LAMBDAS) * len(lambdas.CAPS) * len(lambdas.RADII)
    assert len(table) == cases and not table[lambdas.CASE].duplicated().any()
    assert (table["validity"] == 1).all(), "s = 1 is nearly reached"


def test_the_stored_tables_are_whole():
    table = pd.read_csv(lambdas.PLACE)
    runs = table.groupby(["dataset", "seed", "lambda", "cost"]).size()
    assert len(runs) == 3 * 5 * len(lambdas.LAMBDAS) * len(lambdas.CAPS)
    assert (runs == len(lambdas.RADII)).all()
    assert table["validity"].between(0, 1).all()
    beside = pd.read_csv(adam.PLACE)
    assert len(beside.drop_duplicates(adam.CASE)) == len(beside) == 3 * 5 * len(EPS_GRID)
    assert (beside["adam_only"] <= beside["adam"]).all(), "a part of it"
    either = beside["adam"] + beside["scfe_only"]
    assert either.between(0, 1 + 2e-6).all(), "a share, to the digits that are stored"
    known = trainings.read()
    assert list(known.columns) == list(EPS_GRID)
    settings = [*trainings.SETTINGS, *map(str, trainings.STEPS)]
    assert known.index.get_level_values("setting").tolist() == settings


def test_a_loss_under_attack_is_that_of_the_worst_point_of_a_linear_model():
    w = torch.tensor([[1.0, -2.0], [0.0, 0.0]])
    model = LogisticRegression(w, torch.zeros(2), torch.tensor([0.1, 0.2]))
    X, y = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1, 0])
    margins = np.array([1.0, 2.0]) - 0.1 * 3
    expected = [np.log1p(np.exp(-margins)).mean(), np.log(2)]
    assert np.allclose(trainings.network_loss(model, X, y), expected)


def test_a_setting_is_that_of_the_training(monkeypatch):
    asked = []

    def fit(X, y, eps, **options):
        asked.append((len(X), options))
        zeros = torch.zeros(len(eps))
        return LogisticRegression(zeros[:, None].expand(-1, X.shape[1]), zeros, torch.tensor(eps))

    monkeypatch.setattr(trainings, "fit_network", fit)
    data = datasets.load("german", seed=0)
    n = len(data.y_train)
    loss = trainings.held_out_loss(data, "10 passes")
    accuracy = trainings.own_accuracy(data, 20)
    assert asked == [(n * 4 // 5, {"seed": 0, "epochs": 10}), (n, {"seed": 0, "pgd_steps": 20})]
    assert np.allclose(loss, np.log(2)) and list(loss.index) == list(EPS_GRID)
    assert np.allclose(accuracy, data.y_test.mean())

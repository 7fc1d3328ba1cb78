"""Small stored tables, each made from models that can be read off."""

import runpy
import sys
from math import exp, log1p
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from rrlib.audit import adam, constants, kept, lambdas, starts, trainings
from rrlib.data import datasets
from rrlib.data.shipped import BOOK
from rrlib.models import EPS_GRID, LogisticRegression
from rrlib.study import Slice

E = len(EPS_GRID)


def lines(biases, eps=EPS_GRID):
    """Models of one feature, h(x) = x + bias, one for each radius."""
    eps, biases = (torch.tensor(part, dtype=torch.float64) for part in (eps, biases))
    return LogisticRegression(torch.ones(len(eps), 1).double(), biases.expand(len(eps)), eps)


def noted(asked, gives):
    """A function that notes what it is asked for, and gives always the same."""

    def function(*given, **named):
        asked.append((given, named))
        return gives

    return function


def column(*numbers):
    return np.array(numbers, float)[:, None]


@pytest.mark.parametrize(
    "name, options",
    [
        ("adam", {"digits": 6}),
        ("constants", {"digits": 4}),
        ("departures", {"digits": 5}),
        ("lambdas", {"digits": 4}),
        ("starts", {"digits": 8, "index": True}),
        ("trainings", {"digits": 5, "index": True}),
    ],
)
def test_a_command_writes_its_table(name, options, monkeypatch):
    written, asked = [], []
    monkeypatch.setattr(kept, "write", noted(written, None))
    monkeypatch.setattr(datasets, "load", noted(asked, "rows"))
    monkeypatch.delitem(sys.modules, f"rrlib.audit.{name}", raising=False)
    module = runpy.run_module(f"rrlib.audit.{name}", run_name="__main__")
    (((what, make), how),) = written
    assert what == name and how == options and module["PLACE"] == BOOK / f"{name}.csv"
    assert callable(make)
    if name == "trainings":
        assert make.args == ("rows",) and asked == [(("compas",), {"seed": 0})]


@pytest.fixture
def loaded(monkeypatch):
    """What is asked of `datasets.load`, which gives rows 0 to 9 of one feature, the last two 1."""
    asked = []
    rows = column(*range(10))
    labels = (rows[:, 0] > 7).astype(int)
    data = SimpleNamespace(X_train=rows, y_train=labels, X_test=-rows, y_test=1 - labels)
    for module in (constants, starts):
        monkeypatch.setattr(module.datasets, "load", noted(asked, data))
    return asked


def test_a_spread_is_from_the_least_to_the_largest_logit(loaded, monkeypatch):
    """Of rows 0 to 9, h(x) = x - 9.5 accepts none, x - 9 one, and x all."""
    asked = []
    model = lines([-9.5, -9.0, 0.0], constants.RADII)
    monkeypatch.setattr(constants, "fit_network", noted(asked, model))
    found = constants.spreads(["german", "compas"], [3, 4])
    cases = [("german", 3), ("german", 4), ("compas", 3), ("compas", 4)]
    assert loaded == [((name,), {"seed": seed, "scaling": "minmax"}) for name, seed in cases]
    assert [named for _, named in asked] == [{"seed": seed} for _, seed in cases]
    assert all(len(X) == len(y) == 10 and eps == constants.RADII for (X, y, eps), _ in asked)
    assert found[["dataset", "seed"]].drop_duplicates().to_records(index=False).tolist() == cases
    assert found["eps"].tolist() == [0.1, 0.2, 0.3] * 4
    assert found["spread"].tolist() == [9.0] * 12
    assert found["accepted"].tolist() == [0.0, 0.1, 1.0] * 4
    assert found.index.tolist() == list(range(12))
    assert len(constants.spreads()) == 3 * 5 * 3, "all datasets, five seeds, three radii"


def test_losses_of_the_start_stand_in_the_order_of_the_procedure(loaded, monkeypatch):
    asked, losses = [], {"loss": 0.1, "start": 0.2, "unit": 0.3, "linear": 0.4}
    fit = SimpleNamespace(**{name: loss + np.arange(E) for name, loss in losses.items()})
    monkeypatch.setattr(starts, "fit_certified", noted(asked, fit))
    found = starts.measure(["german", "adult"])
    assert list(found.columns) == ["linear", "unit", "start", "loss"]
    scalings = ["standard", "minmax"]
    cases = [(scaling, name) for scaling in scalings for name in ("german", "adult")]
    assert found.index.tolist() == [(*case, eps) for case in cases for eps in EPS_GRID]
    assert found.index.names == starts.KEYS
    assert loaded == [((name,), {"seed": 0, "scaling": scaling}) for scaling, name in cases]
    assert [(eps, named) for (_, _, eps), named in asked] == [(EPS_GRID, {"seed": 0})] * 4
    for name, loss in losses.items():
        assert found[name].tolist() == [*(loss + np.arange(E))] * 4


def test_the_start_is_read_as_it_is_stored():
    found = starts.read()
    assert found.index.names == starts.KEYS and list(found.columns) == list(starts.LOSSES)
    assert len(found) == 2 * 3 * E


def test_the_attacked_loss_of_lines():
    """At x = 1, y = 1 the margin is 1 - eps, at x = 2, y = 0 it is -2 - eps."""
    eps = (0.0, 0.5)
    found = trainings.network_loss(lines(0.0, eps), column(1, 2), np.array([1, 0]))
    assert found.shape == (2,)
    for loss, radius in zip(found, eps):
        by_hand = (log1p(exp(radius - 1)) + log1p(exp(2 + radius))) / 2
        assert loss == pytest.approx(by_hand, rel=1e-9)


SETTINGS = {
    "as used": {},
    "10 passes": {"epochs": 10},
    "160 passes": {"epochs": 160},
    "rate 0.01": {"rate": 0.01},
    "rate 0.2": {"rate": 0.2},
    "minibatches of 64": {"batch_size": 64},
    "of 1,024": {"batch_size": 1024},
}


def test_settings_and_steps_that_are_compared():
    assert list(trainings.SETTINGS) == list(SETTINGS)
    assert trainings.STEPS == (1, 5, 20)


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_fifth_is_held_out(setting, monkeypatch):
    """Of 9 rows the first 7 train; of the others, 1 and 2, the margins are 1 - eps and 2 - eps."""
    asked = []
    monkeypatch.setattr(trainings, "fit_network", noted(asked, lines(0.0)))
    data = SimpleNamespace(X_train=column(*[0] * 7, 1, 2), y_train=np.array([0] * 7 + [1] * 2))
    found = trainings.held_out_loss(data, setting)
    ((X, y, eps), options), *more = asked
    assert X.tolist() == [[0]] * 7 and y.tolist() == [0] * 7 and eps == EPS_GRID and not more
    assert options == {"seed": 0} | SETTINGS[setting]
    assert found.index.tolist() == list(EPS_GRID) and found.index.name == "eps"
    by_hand = [(log1p(exp(r - 1)) + log1p(exp(r - 2))) / 2 for r in EPS_GRID]
    assert found.tolist() == pytest.approx(by_hand, rel=1e-9)


def test_the_accuracy_is_that_of_the_test_rows_at_the_models_own_radius(monkeypatch):
    """At x = 0.1, y = 1 a line through 0 is right up to eps = 0.1; at x = -1, y = 0 always."""
    asked = []
    monkeypatch.setattr(trainings, "fit_network", noted(asked, lines(0.0)))
    train, test = column(5, 6), column(0.1, -1)
    labels = {"y_train": np.array([1, 1]), "y_test": np.array([1, 0])}
    data = SimpleNamespace(X_train=train, X_test=test, **labels)
    found = trainings.own_accuracy(data, 20)
    ((X, y, eps), options), *more = asked
    assert X is train and y is labels["y_train"] and eps == EPS_GRID and not more
    assert options == {"seed": 0, "pgd_steps": 20}
    far = [0.15, 0.2, 0.25, 0.3]
    assert found[far].tolist() == [0.5] * 4 and found[[0.0, 0.02, 0.05]].tolist() == [1] * 3


def test_trainings_are_stored_by_measure_and_setting(tmp_path, monkeypatch):
    radius = pd.Index(EPS_GRID, name="eps")

    def loss(data, setting):
        return pd.Series(list(trainings.SETTINGS).index(setting) + np.arange(E), radius)

    def accuracy(data, steps):
        return pd.Series(steps / 100 + np.arange(E), radius)

    monkeypatch.setattr(trainings, "held_out_loss", loss)
    monkeypatch.setattr(trainings, "own_accuracy", accuracy)
    found = trainings.measure(None)
    assert found.index.names == ["measure", "setting"]
    assert len(found) == len(trainings.SETTINGS) + len(trainings.STEPS)
    assert found.loc["loss", "as used"].tolist() == list(range(E))
    assert found.loc["loss", "of 1,024"].tolist() == [6 + e for e in range(E)]
    assert found.loc["accuracy", "20"].tolist() == [0.2 + e for e in range(E)]
    monkeypatch.setattr(trainings, "PLACE", tmp_path / "trainings.csv")
    found.to_csv(trainings.PLACE)
    read = trainings.read()
    assert read.columns.tolist() == list(EPS_GRID) and read.columns.name == "eps"
    assert read.loc["loss", "as used"].tolist() == list(range(E))


def slice_of(X):
    """A slice of COMPAS's split 2, of lines h(x) = x - e for the radius of number e."""
    model = lines([-float(e) for e in range(E)])
    logits = model(X).numpy()
    named = "compas", "network", 2, "twin", "standard"
    return Slice(*named, model, X, None, logits, np.ones(E), {})


def test_a_recourse_flips_the_label_within_the_cap():
    """Rows -1, -2 and 5 of four; lines through 0, 3, 5 and 7, of the radii 0, 0.1, 0.2 and 0.3.

    They cost 1, 22 and 6 and flip all; nothing flips; 6, 10 and 1 flip all, the last from the line
    itself, which is a yes; 8, 10.5 and 1.5 flip but the last, which was denied and stays so.
    """
    x_cf = np.array([[0, 20, -1], [2.9, 2, 6], [5, 8, 4], [7, 8.5, 6.5]])[..., None]
    found = lambdas.shares(slice_of(column(-1, -2, 5, 100)), x_cf, 0.5)
    assert list(found.columns) == ["dataset", "seed", "lambda", "cost", "eps", "validity"]
    assert (found[["dataset", "seed", "lambda"]] == ["compas", 2, 0.5]).all(axis=None)
    assert found["cost"].tolist() == ["at most 10"] * 4 + ["any"] * 4
    assert found["eps"].tolist() == [0.0, 0.1, 0.2, 0.3] * 2
    assert (3 * found["validity"]).tolist() == pytest.approx([2, 0, 3, 1, 3, 0, 3, 2])


def test_the_first_rows_are_searched_with_each_lambda(monkeypatch):
    """From -1 to 0 for the first 200 of 201 rows: only a line through 0 says yes there."""
    asked = []
    found = SimpleNamespace(x_cf=torch.zeros(4, 200, 1))
    monkeypatch.setattr(lambdas, "scfe", noted(asked, found))
    table = lambdas.measure(slice_of(np.full((201, 1), -1.0)))
    assert [named for _, named in asked] == [{"lam": 1e-4}, {"lam": 1e-6}]
    assert all(X.shape == (200, 1) for (_, X), _ in asked)
    assert all(model.eps.tolist() == [0.0, 0.1, 0.2, 0.3] for (model, _), _ in asked)
    assert table["lambda"].tolist() == [1e-4] * 8 + [1e-6] * 8
    assert table["validity"].tolist() == [1.0, 0.0, 0.0, 0.0] * 4
    assert table.index.tolist() == list(range(16))


@pytest.mark.parametrize("module, methods", [(lambdas, ()), (adam, ["scfe"])])
def test_all_networks_of_the_study_are_searched(module, methods, monkeypatch):
    asked = []
    monkeypatch.setattr(module.study, "run", noted(asked, ["one", "two"]))
    monkeypatch.setattr(module, "measure", lambda one: pd.DataFrame({"slice": [one]}))
    monkeypatch.setattr(
        module, "Parallel", lambda jobs: lambda calls: [call[0](*call[1]) for call in calls]
    )
    assert module.aggregates()["slice"].tolist() == ["one", "two"]
    assert asked == [((), {"kinds": ["network"], "methods": methods})]


def searched(n, converged, slopes):
    """A slice of n rows on which SCFE finds what it finds at every radius, on some slopes."""
    steep = torch.tensor(slopes, dtype=torch.float64)[None, :, None] * torch.tensor([0.6, -0.8])
    model = SimpleNamespace(gradient=lambda X: steep[:, : len(X)].expand(E, -1, -1))
    recourse = {"scfe": SimpleNamespace(valid=np.tile(converged, (E, 1)))}
    return SimpleNamespace(
        dataset="compas", seed=2, model=model, X=np.zeros((n, 2)), recourse=recourse
    )


def test_two_searches_are_compared_on_the_same_rows():
    """Of five rows the first four: SCFE finds 0 and 2; Adam 0 and 1 at the first radius, then 3."""
    one = searched(5, [True, False, True, False, True], [1.0, 2.0, 3.0, 5.0, 7.0])
    valid = np.zeros((E, 4), bool)
    valid[0, :2] = valid[1:, 3] = True
    found = adam.compare(one, valid)
    cases = found[adam.CASE].to_numpy().tolist()
    assert cases == [["compas", 2, eps] for eps in EPS_GRID]
    assert found["adam"].tolist() == [0.5] + [0.25] * (E - 1)
    assert found["adam_only"].tolist() == [0.25] * E
    assert found["scfe_only"].tolist() == [0.25] + [0.5] * (E - 1)
    assert found["slope_valid"].tolist() == pytest.approx([1.5] + [5.0] * (E - 1))
    assert found["slope_failed"].tolist() == pytest.approx([4.0] + [2.0] * (E - 1))


def test_a_median_over_nobody_is_undefined():
    one = searched(2, [True, True], [1.0, 2.0])
    found = adam.compare(one, np.ones((E, 2), bool))
    assert found["slope_failed"].isna().all()
    assert found["slope_valid"].tolist() == pytest.approx([1.5] * E)


def test_adam_searches_from_the_first_rows_within_the_cap(monkeypatch):
    """Of 2,001 rows the last is not searched; of the others one is not valid and one too dear."""
    asked, cost = [], torch.full((E, 2000), 10.0)
    valid = torch.ones(E, 2000, dtype=torch.bool)
    valid[:, 0], cost[:, 1] = False, 10.5
    monkeypatch.setattr(adam, "scfe_adam", noted(asked, SimpleNamespace(valid=valid, cost=cost)))
    one = searched(2001, [True] * 2001, [1.0] * 2001)
    found = adam.measure(one)
    (((model, X), named),) = asked
    assert model is one.model and len(X) == 2000 and not named
    assert found["adam"].tolist() == pytest.approx([0.999] * E)
    assert found["scfe_only"].tolist() == pytest.approx([0.001] * E)

"""Stored aggregates of networks: how they are made, by hand, and whether they are what is made."""

from collections import namedtuple

import numpy as np
import pandas as pd
import pytest
import torch

from rrlib.audit import constants, departures
from rrlib.data import datasets
from rrlib.models import Network

Rows = namedtuple("Rows", "X_train y_train X_test seed")


def units(places, w2=1.0, b2=0.0):
    """Networks with one unit each, sigmoid(x - place), of weight w2 and output bias b2."""
    E = len(places)
    W1, b1 = torch.ones(E, 1, 1), -torch.tensor(places)[:, None]
    return Network(W1, b1, torch.full((E, 1), w2), torch.full((E,), b2), torch.zeros(E))


@pytest.fixture
def line():
    X = np.array([[-2.0], [-1.0], [0.0], [1.0]])
    return Rows(X, np.array([0, 0, 1, 1]), X, seed=0)


def test_a_network_that_accepts_as_many_keeps_its_order(line):
    few, many = units([0.0], b2=-0.6), units([0.0], b2=-0.2)
    found = departures.accept_like(few, many, line.X_train)
    assert (many(line.X_train) >= 0).sum() == 3
    assert ((found(line.X_train) >= 0) == torch.tensor([[False, True, True, True]])).all()
    assert (found.W1 == few.W1).all() and (found.w2 == few.w2).all()


def test_where_nobody_is_accepted_the_first_one_is_the_bar(line):
    found = departures.accept_like(units([0.0]), units([0.0], b2=-2.0), line.X_train)
    assert found(line.X_train)[0, -1] == 0


def test_the_loss_under_attack_moves_each_label_by_its_radius(line):
    radii = (0.5, -0.25)
    found = departures.attacked_loss(units([0.0], w2=4.0, b2=-2.0), line, [radii])
    pushed = line.X_train[:, 0] + [-0.25, -0.25, -0.5, -0.5]
    sign = np.array([-1, -1, 1, 1])
    logits = 4 / (1 + np.exp(-pushed)) - 2
    assert found == pytest.approx(np.logaddexp(0, -sign * logits).mean(), rel=1e-5)


def test_costs_are_those_of_whom_both_deny(line):
    strict, lax = units([0.5], b2=-0.5), units([-0.5], b2=-0.5)
    n, cost, other = departures.common_costs(strict, lax, line)[0]
    assert n == 2
    assert cost == pytest.approx(np.mean([2.5, 1.5]), rel=0.1)
    assert other == pytest.approx(np.mean([1.5, 0.5]), rel=0.1)
    nobody = departures.common_costs(units([0.0], b2=1.0), lax, line)[0]
    assert nobody[0] == 0 and np.isnan(nobody[1:]).all()


def test_every_pair_has_a_mean_of_at_least_zero_and_is_stored_once():
    assert len(departures.PAIRS) == 10
    assert all(sum(pair) >= 0 and pair[0] != pair[1] for pair in departures.PAIRS)
    stored = pd.read_csv(departures.PLACE)
    keys = [*zip(stored["dataset"], stored["seed"], stored["plus"], stored["minus"])]
    cases = [(name, seed) for name in departures.NAMES for seed in departures.SEEDS]
    assert keys == [(*case, *pair) for case in cases for pair in departures.PAIRS]


def test_stored_are_the_departures_that_are_measured():
    if datasets.source("german") != "real":
        pytest.skip("the stored aggregates are those of the real data")
    now = departures.measure(datasets.load("german", seed=0))
    stored = pd.read_csv(departures.PLACE).head(len(now))
    shares = ["accepted", "off", "moved", "start", "standard"]
    np.testing.assert_allclose(stored[shares], now[shares], atol=0.02)
    nats = ["losses", "first", "bound", "behind"]
    np.testing.assert_allclose(stored[nats], now[nats], atol=0.005)
    assert list(now) == list(stored) and (now["dataset"] == "german").all()
    people = ["n", "cost", "cost_moved"]
    np.testing.assert_allclose(stored[people], now[people], rtol=0.1)


def test_stored_are_the_spreads_of_networks_that_are_constant():
    stored = pd.read_csv(constants.PLACE)
    assert len(stored) == 3 * len(constants.SEEDS) * len(constants.RADII)
    assert set(stored["accepted"]) == {0, 1}
    if datasets.source("german") != "real":
        pytest.skip("the stored spreads are those of the real data")
    now = constants.spreads(["german"], [0])
    kept = stored[(stored["dataset"] == "german") & (stored["seed"] == 0)]
    np.testing.assert_allclose(kept["spread"], now["spread"], rtol=0.1)

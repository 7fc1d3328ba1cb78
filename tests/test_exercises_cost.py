"""Checks of exercises on cost: right, wrong with its hint, and not judged."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from rrlib.exercises import cost as check
from rrlib.models import EPS_GRID
from rrlib.study import SEEDS

RIGHT = "Right.\n"


def test_a_gap_grows_and_a_displacement_falls(says):
    judge = check.gap_without_displacement
    assert says(judge, ([1, 0], [0, 1], [1.2, 0])) == RIGHT
    assert "gap does not grow" in says(judge, ([1, 0], [0, 1], [1, 0]))
    assert "displacement does not fall" in says(judge, ([1, 0], [1, 0], [3, 0]))
    assert "cannot be judged" in says(judge, ([1, 0], [1, 0]))


def test_recourse_of_the_denied_becomes_cheaper(says):
    few = pd.DataFrame({"seed": SEEDS, "cost_gap": -1 + 0.01 * np.array(SEEDS)})
    few = few.assign(dataset="compas", kind="logistic", method="scfe", reading="denied", eps=0.1)
    dearer = few.assign(method="cchvae", cost_gap=0.5)
    missing = few.assign(eps=0.3)[1:]
    table = pd.concat([few, dearer, missing, few.assign(eps=0.0, cost_gap=0.0)])
    assert says(check.cheaper, ("compas", "logistic", "scfe", 0.1), table) == RIGHT
    assert "ends at 0.50" in says(check.cheaper, ("compas", "logistic", "cchvae", 0.1), table)
    assert "in every seed" in says(check.cheaper, ("compas", "logistic", "scfe", 0.3), table)
    assert "in every seed" in says(check.cheaper, ("adult", "logistic", "scfe", 0.1), table)
    assert "itself" in says(check.cheaper, ("compas", "logistic", "scfe", 0), table)
    assert "cannot be judged" in says(check.cheaper, "compas", table)


def test_a_cap_flattens_the_rise(says):
    cost = np.full((len(EPS_GRID), 3), 1.0)
    cost[EPS_GRID.index(0.2)] = 1.5, 7, 11
    found = SimpleNamespace(cost=cost, valid=cost < 12)
    one = SimpleNamespace(dataset="adult", kind="logistic", recourse={"growing_spheres": found})
    others = SimpleNamespace(dataset="compas", kind="logistic", recourse={})
    assert says(check.rise_under_caps, [0.5, 3.25], [one, others]) == RIGHT
    assert "number 1 is too large" in says(check.rise_under_caps, [3.25, 3.25], [one])
    assert "2 numbers" in says(check.rise_under_caps, 0.5, [one])
    assert "cannot be judged" in says(check.rise_under_caps, "flatter", [one])

"""Checks of exercises on validity in the experiments: right, wrong with its hint, not judged."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from rrlib.exercises import validity_experiments as check
from rrlib.models import EPS_GRID

RIGHT = "Right.\n"


def test_a_constant_leaves_everybody_where_they_are(says):
    assert says(check.constants, [1, 0]) == RIGHT
    assert "number 1 is too small" in says(check.constants, [0, 1])
    assert "cannot be judged" in says(check.constants, "both 1")


def test_a_case_is_valid_in_every_seed(says):
    table = pd.DataFrame({"method": ["scfe"] * 2 + ["cchvae"] * 2, "validity": [1, 0.5, 1, 0.95]})
    table = table.assign(dataset="adult", kind="network", reading="flip", eps=EPS_GRID[-1])
    earlier = table.assign(eps=0.0, validity=0.0)
    table = pd.concat([table, earlier, table.assign(reading="denied", validity=0.0)])
    assert says(check.still_valid, ("adult", "network", "cchvae"), table) == RIGHT
    assert "in some seed" in says(check.still_valid, ("adult", "network", "scfe"), table)
    assert "no such case; it has adult; network; cchvae, scfe" in says(
        check.still_valid, ("adult", "tree", "scfe"), table
    )
    assert "cannot be judged" in says(check.still_valid, 1, table)


def test_validity_comes_back_where_a_descent_ends_better(says):
    def restart(name, method):
        assert method == "cchvae"
        valid = np.array([[True, False, False, True, False]])
        one = SimpleNamespace(recourse={"scfe": SimpleNamespace(valid=valid)})
        better = np.array([[False, True, name == "adult", False]])
        return [(one, None, None, better), (one, None, None, np.ones((1, 4), bool))]

    assert says(check.comes_back, [1, 0.875], restart) == RIGHT
    assert "number 2 is too small" in says(check.comes_back, [1, 0.5], restart)
    assert "cannot be judged" in says(check.comes_back, "all of it", restart)

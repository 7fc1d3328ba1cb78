"""What preferences choose, and what the choice is worth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rrlib import study
from rrlib.evidence.tradeoff import choose, offers

shares = arrays(np.float64, 8, elements=st.floats(0, 1))


@given(shares, shares, st.floats(0, 1), st.floats(0, 1))
def test_more_weight_never_buys_less_robustness(robust, recourse, one, other):
    low, high = sorted((one, other))
    a, b = choose(robust, recourse, low), choose(robust, recourse, high)
    gain = (high - low) * ((robust[b] - recourse[b]) - (robust[a] - recourse[a]))
    assert gain >= -1e-12


def test_the_ends_of_the_scale():
    robust, recourse = np.array([0.2, 0.9, 0.5]), np.array([0.8, 0.1, 0.85])
    assert (choose(robust, recourse, 1.0), choose(robust, recourse, 0.0)) == (1, 2)
    with pytest.raises(ValueError, match="between 0"):
        choose(robust, recourse, 1.5)


def test_offers_count_rows(tmp_path, monkeypatch):
    monkeypatch.setenv("RRLIB_CACHE", str(tmp_path))
    monkeypatch.setenv("RRLIB_DATA", "twin")
    one, = study.run(["german"], ["logistic"], [0], methods=["growing_spheres"], jobs=1)
    robust, recourse = offers(one, slice(0, 50), attack=0.0, budget=1.0)
    found = one.recourse["growing_spheres"]
    assert recourse == pytest.approx((found.valid & (found.cost <= 1.0))[:, :50].mean(1))
    whole = offers(one, slice(None), attack=0.0, budget=100.0)
    assert whole[0] == pytest.approx(one.accuracy), "an attack of radius 0 leaves the plain accuracy"
    assert whole[1] == pytest.approx(found.valid.mean(1)) and np.all(robust <= 1)

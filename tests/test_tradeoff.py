"""What preferences choose, and what the choice is worth."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rrlib import study
from rrlib.audit import tradeoff
from rrlib.audit.evidence import Evidence
from rrlib.audit.rule import judge
from rrlib.audit.tradeoff import choose, traded
from rrlib.recourse.common import Recourse
from rrlib.study.offers import robustness, share_flip, share_yes

shares = arrays(np.float64, 8, elements=st.floats(0, 1))
BOTH = slice(None)


def slice_of(logits, valid, cost):
    """A slice that holds logits and the recourses of growing spheres alone, of shape (E, n)."""
    nothing = Recourse(*[None] * len(Recourse._fields))
    found = nothing._replace(valid=np.array(valid), cost=np.array(cost))
    empty = study.Slice(*[None] * len(study.Slice._fields))
    one = empty._replace(dataset="german", kind="logistic", seed=0)
    X = np.zeros((len(logits[0]), 1))
    return one._replace(X=X, logits=np.array(logits), recourse={"growing_spheres": found})


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


def test_a_yes_is_not_a_flip():
    """Four people: accepted with a cheap way down, denied with a cheap, a dear, and no way up."""
    one = slice_of(
        [[1, -1, -1, -1], [1, 1, 1, 1], [-1, -1, -1, -1]],
        [[True, True, True, False], [True, True, True, True], [False, False, False, False]],
        [[0.5, 1.5, 3.0, 0.0], [0.5, 0.5, 0.5, 0.5], [0.0, 0.0, 0.0, 0.0]],
    )
    yes, flip = share_yes(one, BOTH), share_flip(one, BOTH)
    meaning = "accepted or helped; all accepted; nobody accepted or helped"
    assert yes.tolist() == [0.5, 1.0, 0.0], meaning
    assert share_yes(one, BOTH, budget=3.0).tolist() == [0.75, 1.0, 0.0]
    meaning = "whoever is accepted and can be denied cheaply counts here"
    assert flip.tolist() == [0.5, 1.0, 0.0], meaning
    assert share_flip(one, slice(0, 1)).tolist() == [1.0, 1.0, 0.0]
    found = one.recourse["growing_spheres"]._replace(cost=np.full((3, 4), 5.0))
    dear = one._replace(recourse={"growing_spheres": found})
    yes = share_yes(dear, BOTH)
    assert yes.tolist() == [0.25, 1.0, 0.0], "a way down that is dear takes no yes away"
    assert share_flip(dear, BOTH).tolist() == [0.0, 0.0, 0.0]


@given(shares, shares)
def test_on_the_same_rows_no_choice_loses(robust, recourse):
    found = traded((robust, recourse), (robust, recourse))
    assert min(found.values()) >= -1e-12
    equal = traded((robust, recourse), (np.ones(8), np.ones(8)))
    assert max(map(abs, equal.values())) < 1e-12, "equal offers are worth the same"


def test_a_choice_that_does_not_carry_over_loses():
    seen = np.array([0.9, 0.5, 0.4]), np.array([0.3, 0.8, 0.9])
    swapped = seen[0][::-1], seen[1][::-1]
    assert max(traded(seen, swapped).values()) < 0


QUARTER = np.linspace(0, np.pi / 2, 7)
ON_A_CIRCLE = np.sin(QUARTER), np.cos(QUARTER), "reproduced"  # each weight has its own best point
BEST_AT_BOTH = np.sin(QUARTER), np.sin(QUARTER), "not reproduced"  # one model is


@pytest.mark.parametrize("robust, recourse, expected", [ON_A_CIRCLE, BEST_AT_BOTH])
def test_the_claim_can_be_met_and_can_fail(robust, recourse, expected):
    parts = []
    for seed, half in product(range(10), (0, 1)):
        part = pd.DataFrame({"eps": range(7), "robust": robust + 1e-3 * seed, "yes": recourse})
        names = {"dataset": "german", "kind": "logistic", "seed": seed, "half": half}
        parts.append(part.assign(flip=0.5, **names))
    findings = tradeoff.tradeoff(Evidence([], {"offers": pd.concat(parts)}))
    by_yes = [found for found in findings if found.reading.startswith("yes")]
    assert [judge(found.cases).verdict for found in by_yes] == [expected] * 3


def test_offers_of_a_real_slice(tmp_path, monkeypatch):
    monkeypatch.setenv("RRLIB_CACHE", str(tmp_path))
    monkeypatch.setenv("RRLIB_DATA", "twin")
    (one,) = study.run(["german"], ["logistic"], [0], methods=["growing_spheres"], jobs=1)
    found, accepted = one.recourse["growing_spheres"], one.logits >= 0
    near = found.valid & (found.cost <= 1.0)
    assert share_flip(one, slice(0, 50), budget=1.0) == pytest.approx(near[:, :50].mean(1))
    helped = accepted | near
    assert share_yes(one, slice(0, 50), budget=1.0) == pytest.approx(helped[:, :50].mean(1))
    plain = robustness(one, BOTH, attack=0.0)
    assert plain == pytest.approx(one.accuracy), "an attack of radius 0 leaves the plain accuracy"
    assert np.all(robustness(one, BOTH) <= one.accuracy + 1e-12)
    assert share_flip(one, BOTH, budget=100.0) == pytest.approx(found.valid.mean(1))

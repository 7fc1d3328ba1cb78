"""Tables of remedies and of transfers, on linear models of one feature whose answers are known."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rrlib.models import LogisticRegression
from rrlib.models.family import EPS_GRID
from rrlib.recourse.common import Recourse
from rrlib.study import Slice, remedies, stored

E = len(EPS_GRID)
K = len(remedies.FAMILY)


def about(expected):
    return pytest.approx(expected, rel=1e-5, abs=1e-9)


def linear(at, slope):
    """Linear models of one feature, favourable from `at` on."""
    at, slope = (torch.tensor(each, dtype=torch.float64) for each in (at, slope))
    return LogisticRegression(slope[:, None], -at * slope, torch.tensor(EPS_GRID)[: len(at)])


@pytest.fixture
def data(monkeypatch):
    """Ten training rows from -4.5 to 4.5; of the test rows the last alone is favourable."""
    rows = SimpleNamespace(X_train=np.arange(-4.5, 5)[:, None], y_train=np.repeat([0, 1], 5))
    rows.X_test, rows.y_test = np.array([[-1.0], [1.0], [3.0], [5.0]]), np.array([0, 0, 0, 1])

    def load(name, *, seed, scaling):
        assert (name, seed, scaling) == ("adult", 3, "standard"), "the split of the slice"
        return rows

    monkeypatch.setattr(remedies.datasets, "load", load)
    return rows


@pytest.fixture
def one(data):
    """The standard boundary is at 0, the robust ones at 2 with half the slope."""
    known = {"dataset": "adult", "kind": "logistic", "seed": 3, "scaling": "standard"}
    model = linear([0.0] + [2.0] * (E - 1), [1.0] + [0.5] * (E - 1))
    unknown = dict.fromkeys(("source", "logits", "accuracy", "recourse"))
    return Slice(**known, **unknown, model=model, X=data.X_test, y=data.y_test)


def constant(one, place):
    """The slice with a model that accepts everybody in the place of one."""
    w, b = one.model.w.clone(), one.model.b.clone()
    w[place], b[place] = 0.0, 1.0
    return one._replace(model=one.model._replace(w=w, b=b))


def test_weights_to_choose_from_are_those_that_were_chosen():
    chosen = stored.read("remedies", "equal").query("lam > 0").groupby("kind")["lam"].unique()
    assert {kind: set(lams) for kind, lams in chosen.items()} == {
        kind: set(lams) for kind, lams in remedies.LAMS.items()
    }


def test_the_stored_radii_noises_and_changes():
    table = stored.read("remedies", "equal")
    assert set(table["eps"]) == set(remedies.RADII)
    surviving = [f"noise {radius:g}" for radius in remedies.NOISE]
    surviving += [f"change {change:g}" for change in remedies.CHANGES]
    assert set(table["remedy"]) == {"none", "friendly", *remedies.SIDES, *surviving}
    assert set(stored.read("transfers", "equal")["eps"]) == set(remedies.FAMILY)


def test_transfers_are_made_as_they_are_stored(one):
    found, kept = remedies.transfers([one]), stored.read("transfers", "equal")
    assert list(found) == list(kept)
    assert found["threshold"].unique().tolist() == kept["threshold"].unique().tolist()


def test_remedies_are_made_as_they_are_stored(one, monkeypatch):
    monkeypatch.setattr(
        remedies, "trained", lambda one: ([{"remedy": "none", "eps": 0.1}], linear([2.0], [0.5]))
    )
    found, kept = remedies.remedies([one]), stored.read("remedies", "equal")
    assert list(found) == list(kept)
    assert set(found["threshold"]) == set(kept["threshold"])


def test_recourse_of_the_standard_model_is_worth_nothing_under_a_robust_one(one):
    """From -1 it leads to 0, theirs to 2; whoever is accepted at once does not count."""
    found = remedies.transfers([one]).query("threshold == 'own'")
    assert found[[*remedies.JUDGES]].to_numpy().tolist() == [[1, *[0] * (K - 1)]] + [[1] * K] * 5
    assert (found["seed"] == 3).all() and (found["kind"] == "logistic").all()


def test_at_equal_acceptance_all_boundaries_are_one(one):
    found = remedies.transfers([one]).query("threshold == 'equal'")
    assert found[[*remedies.JUDGES]].to_numpy().tolist() == [[1] * K] * K


def test_a_model_without_a_threshold_neither_finds_nor_judges(one):
    """A constant, at the radius 0.3: it denies nobody, where half should be."""
    found = remedies.transfers([constant(one, -1)]).query("threshold == 'equal'")
    shares = found[[*remedies.JUDGES]].to_numpy()
    assert np.isnan(shares[-1]).all() and np.isnan(shares[:, -1]).all()
    assert (shares[:-1, :-1] == 1).all()


def test_an_unknown_finder_has_no_share(one, monkeypatch):
    judges, known = remedies.judging(one, 0)
    known[0] = False
    monkeypatch.setattr(remedies, "judging", lambda one, at: (judges, known))
    shares = remedies.transfers([one])[[*remedies.JUDGES]].to_numpy()
    assert np.isnan(shares[0]).all() and np.isnan(shares[:, 0]).all()


@pytest.mark.parametrize("bar, known", [(0.0, True), (-1.0, False), (0.5, False)])
def test_where_ties_keep_shares_apart_there_is_no_equal_acceptance(one, data, bar, known):
    """The standard model denies those below a bar in the first feature; whoever is at it is not.

    Another model looks at the second one, where four are tied on either side.
    """
    data.X_train = np.column_stack([np.arange(-4.0, 4.0), np.repeat([0.0, 1.0], 4)])
    w, eps = torch.eye(2).double(), torch.zeros(1)
    standard = LogisticRegression(w[:1], torch.tensor([-bar]).double(), eps)
    other = LogisticRegression(w[1:], torch.zeros(1).double(), eps)
    family, found = remedies.at_threshold(one._replace(model=standard), other, 1)
    assert found.tolist() == [known] and (family(data.X_train) < 0).sum() == 4


def test_whose_share_is_more_than_a_hundredth_off_does_not_judge(one, monkeypatch):
    every = remedies.thresholds(one)
    every.denied[1, 2:5] = 0.52, 0.48, 0.505
    monkeypatch.setattr(remedies, "thresholds", lambda one: every)
    assert remedies.judging(one, 1)[1].tolist() == [True, False, False, True, True, True]
    assert remedies.judging(one, 0)[1].all(), "at its own threshold each model judges"


def test_measures_without_recourse_by_hand(one):
    """Of four people the last alone is favourable; two models deny the first, or the first two."""
    found = remedies._of_models(one, linear([0.0, 2.0], [1.0, 1.0]))
    assert found["denied"].tolist() == [0.25, 0.5]
    assert found["accuracy"].tolist() == [0.5, 0.75]
    assert found["robust"].tolist() == [0.5, 0.75], "nobody is within a tenth of a bar"


def test_recourse_of_least_cost_is_exact_for_linear_models(one):
    """Whoever is accepted has it for nothing."""
    found = remedies._least(one, linear([0.0], [1.0]))
    assert found.cost.tolist() == [about([1, 0, 0, 0])] and found.valid.all()


def test_spheres_have_the_cap_and_the_seed_of_their_slice(one, monkeypatch):
    asked = {}
    monkeypatch.setattr(remedies, "growing_spheres", lambda *given, **how: asked.update(how))
    remedies._least(one._replace(kind="network"), one.model)
    assert (asked["target"], asked["max_cost"], asked["seed"]) == (1, 10.0, 3)


def test_a_recourse_of_just_the_cap_counts(one):
    cost, valid = torch.tensor([[10.0, 10.1, 1.0]]), torch.tensor([[True, True, False]])
    found = remedies._capped(one, Recourse(None, valid, cost, None, None))
    assert found.valid.tolist() == [[True, False, False]]


JUDGES = linear([2.0, 1.0, 0.0, 3.0, 4.0, 5.0], [1.0] * K), np.arange(K) != 2
"""Of the third judge it is not known whether it judges."""


def recourse(points, cost, valid):
    return np.array(points, dtype=float)[:, None], np.array(cost, dtype=float), np.array(valid)


def test_whoever_has_none_that_survives_gets_the_one_of_least_cost():
    """Four are denied: two have one that survives, 2.5 and 4.5, one another, 1.5, one has none."""
    denied = np.array([True, True, True, True, False])
    found = recourse([2.5, 99, 99, 4.5, 99], [2, 99, 99, 4, 99], [True, False, False, True, True])
    least = recourse([0.5, 1.5, 99, 0.5, 99], [0, 1, 99, 0, 99], [True, True, False, False, True])
    row = remedies._of_recourse(denied, found, least, 0.05, JUDGES)
    assert (row["n"], row["validity"], row["cost"]) == (4, 0.5, about(7 / 3))
    assert row["standard"] == about(2 / 3)
    assert row["others"] == about((2 / 3 + 1 / 3 + 1 / 3 + 0) / 4), "but for the finder's radius"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("denied, validity", [([True, True], 0), ([False, False], np.nan)])
def test_where_nobody_has_a_recourse_there_is_no_mean(denied, validity):
    nothing = recourse([0, 0], [0, 0], [False, False])
    row = remedies._of_recourse(np.array(denied), nothing, nothing, 0.1, JUDGES)
    assert row["n"] == sum(denied)
    np.testing.assert_equal(row["validity"], validity)
    assert np.isnan([row["cost"], row["standard"], row["others"]]).all()


def test_trainings_that_are_remedies(one, monkeypatch):
    """The boundary of radius eps is at 10 eps. Half the radius is moved by it, to either side."""
    asked = []

    def choose(models, X, y, lams, *, seed):
        asked.append((models.b.tolist(), len(X), lams, seed))
        return np.array([0.5, 0.1])

    def fit(models, X, y, *, lam, seed):
        asked.append((models.b.tolist(), len(X), tuple(lam), seed))
        return SimpleNamespace(model=models._replace(b=models.b + 9))

    monkeypatch.setattr(remedies, "choose_lam", choose)
    monkeypatch.setattr(remedies, "fit_friendly", fit)
    model = linear([10 * eps for eps in EPS_GRID], [1.0] * E)
    keys, models = remedies.trained(one._replace(model=model))
    rows = [(*key.values(), about(b)) for key, b in zip(keys, models.b.tolist())]
    assert rows == [
        ("none", 0.1, -1),
        ("none", 0.2, -2),
        ("lender", 0.1, -0.55),
        ("lender", 0.2, -1.1),
        ("applicant", 0.1, -0.45),
        ("applicant", 0.2, -0.9),
        ("both", 0.1, -0.5),
        ("both", 0.2, -1),
        ("friendly", 0.1, 0.5, 8),
        ("friendly", 0.2, 0.1, 7),
    ]
    usual = about([-1, -2]), 10
    assert asked == [(*usual, remedies.LAMS["logistic"], 3), (*usual, (0.5, 0.1), 3)]

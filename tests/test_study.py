"""The study: a slice computed again, the cache, the readings and the measures."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch

from rrlib import study
from rrlib.data import datasets
from rrlib.models import EPS_GRID, LogisticRegression, vae
from rrlib.recourse import Recourse, scfe
from rrlib.study import metrics, pieces
from rrlib.study.pieces import Setting

SMALL = {
    "cchvae": {"samples": 50, "max_evals": 2000},
    "growing_spheres": {"samples": 100, "max_evals": 5000},
}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RRLIB_CACHE", str(tmp_path))
    monkeypatch.setenv("RRLIB_DATA", "twin")
    return tmp_path


def same(one, other):
    assert one[:5] == other[:5]
    for name in ("X", "logits", "accuracy"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    for method, recourse in one.recourse.items():
        for field, again in zip(recourse, other.recourse[method]):
            assert np.array_equal(field, again), method


@pytest.mark.slow
@pytest.mark.parametrize("kind", study.KINDS)
def test_a_slice_computed_again_without_the_cache_is_the_same(cache, kind):
    (stored,) = study.run(["german"], [kind], [0], options=SMALL, jobs=1)
    (fetched,) = study.run(["german"], [kind], [0], options=SMALL, jobs=1)
    (fresh,) = study.run(["german"], [kind], [0], options=SMALL, jobs=2, cache=False)
    same(stored, fetched)
    same(stored, fresh)
    pd.testing.assert_frame_equal(study.table([stored]), study.table([fresh]))


GERMAN = Setting("german", "logistic", 0, "standard", np.inf, "twin")


def test_what_is_finished_is_not_computed_again(cache):
    study.run(["german"], ["logistic"], [0], methods=["scfe"], jobs=1)
    assert pieces.is_stored(GERMAN, "scfe", {})
    assert not pieces.is_stored(GERMAN._replace(seed=1), "scfe", {}), "another seed"
    assert not pieces.is_stored(GERMAN, "scfe", {"lam": 1.0}), "another option"
    assert not pieces.is_stored(GERMAN, "growing_spheres", {}), "another method"


def test_another_search_meets_the_same_models(cache, monkeypatch):
    def train_again(*args, **options):
        pytest.fail("the stored models are there")

    run = partial(study.run, ["german"], ["logistic"], [0], jobs=1)
    options = {"growing_spheres": {"samples": 50}}
    (first,) = run(methods=["scfe", "growing_spheres"], options=options)
    monkeypatch.setattr(pieces.logistic, "fit_logistic", train_again)
    options = {"growing_spheres": {"samples": 50, "seed": 9}}
    (again,) = run(methods=["scfe_adam", "growing_spheres"], options=options)
    assert np.array_equal(first.logits, again.logits)
    costs = [one.recourse["growing_spheres"].cost for one in (first, again)]
    assert not np.array_equal(*costs), "another seed of the search draws other points"


def test_a_seed_has_a_vae_of_its_own(cache, monkeypatch):
    monkeypatch.setattr(pieces.vae, "fit_vae", lambda X, seed: (X[0, 0], seed))
    first, other = (study.vae_of("german", seed, cache=False) for seed in (0, 1))
    assert (first[1], other[1]) == (0, 1)
    assert first[0] != other[0], "the rows are those of the seed's own split"


@pytest.mark.parametrize("scaling, cap", [("standard", 10.0), ("minmax", 3.0)])
def test_a_recourse_above_the_cap_does_not_count(cache, monkeypatch, scaling, cap):
    def dear(model, X, **options):
        cost = torch.full((len(model.eps), len(X)), cap)
        cost[:, 0] = cap + 0.01
        valid = torch.ones_like(cost, dtype=torch.bool)
        x_cf = torch.as_tensor(X).expand(len(cost), *X.shape)
        return Recourse(x_cf, valid, cost, valid.long(), cost)

    monkeypatch.setitem(pieces.SEARCHES, "scfe", dear)
    setting = GERMAN._replace(scaling=scaling)
    valid = pieces.search(setting, "scfe", {}, "", cache=False).valid
    assert not valid[:, 0].any() and valid[:, 1:].all()


def test_samplers_get_seed_and_cap_and_scfe_does_not(cache, monkeypatch):
    given = {}

    def take(name, model, X, **options):
        given[name] = options
        return scfe(model, X[:1])

    for name in ("scfe", "growing_spheres"):
        monkeypatch.setitem(pieces.SEARCHES, name, partial(take, name))
        monkeypatch.setattr(pieces, "stamp_search", lambda setting, method: "")
        pieces.search(GERMAN._replace(seed=3), name, {}, "", cache=False)
    assert given == {"scfe": {}, "growing_spheres": {"seed": 3, "max_cost": 10.0}}


def test_the_table_is_tidy(cache):
    slices = study.run(["german"], ["logistic"], [0, 1], methods=["scfe"], jobs=1)
    table = study.table(slices)
    assert len(table) == 2 * len(EPS_GRID) * len(metrics.READINGS)
    assert not table.duplicated(["dataset", "kind", "seed", "method", "eps", "reading"]).any()
    assert set(table["eps"]) == set(EPS_GRID) and table["validity"].dropna().between(0, 1).all()
    standard = table[(table["eps"] == 0) & (table["n_common"] > 0)]
    assert (standard[["cost_gap", "displacement"]] == 0).all(axis=None), (
        "the standard model does not differ from itself"
    )


@pytest.mark.parametrize(
    "change, message",
    [
        ({"names": ["boston"]}, "names must be a sequence out of adult"),
        ({"names": "adult"}, "names must be a sequence"),
        ({"kinds": ["forest"]}, "kinds must be"),
        ({"methods": ["dice"]}, "methods must be"),
        ({"options": {"dice": {}}}, "which methods does not ask for"),
        ({"seeds": [None]}, "seeds must be whole numbers, at least 0, not None"),
        ({"seeds": [0.5]}, "seeds must be whole numbers"),
        ({"names": iter(["adult"]), "seeds": [-1]}, "at least 0, not -1"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        study.run(**change)


def hand_made():
    """Two models, four rows at the origin of one feature.

    The second model denies all and fails for the last two.
    """
    x_cf = np.array([[[2.0], [1.0], [-1.0], [-3.0]], [[4.0], [2.0], [0.0], [0.0]]])
    valid = np.array([[True, True, True, True], [True, True, False, False]])
    favourable = np.array([[False, False, True, True], [False, False, False, False]])
    cost = np.abs(x_cf[..., 0])
    return Recourse(x_cf, valid, cost, np.full((2, 4), 7), cost), favourable


def test_readings_by_hand():
    recourse, favourable = hand_made()
    table = metrics.summarise(recourse, favourable, np.zeros((4, 1)))
    table = table.set_index(["model", "reading"])
    columns = ["n", "validity", "cost", "n_common", "cost_gap", "displacement"]
    columns += ["n_evals", "sparsity"]
    assert table.loc[(1, "flip"), columns].tolist() == [4, 0.5, 3, 2, 1.5, 1.5, 7, 1]
    assert table.loc[(0, "flip"), ["validity", "cost"]].tolist() == [1, 1.75]
    assert table.loc[(0, "denied"), ["n", "validity", "cost"]].tolist() == [2, 1, 1.5]
    assert table.loc[(1, "denied"), ["n", "validity"]].tolist() == [4, 0.5]
    assert table.loc[(0, "printed"), ["validity", "cost"]].tolist() == [0.5, 1.75], (
        "only x' with the favourable label count"
    )
    assert table.loc[(1, "printed"), ["validity", "cost"]].tolist() == [0.5, 1.5]


def test_no_denied_rows_are_flagged_by_their_count():
    recourse, favourable = hand_made()
    table = metrics.summarise(recourse, np.ones_like(favourable), np.zeros((4, 1)))
    denied = table.set_index(["model", "reading"]).loc[(1, "denied")]
    assert denied["n"] == 0 and np.isnan(denied["validity"])


def test_budget_curves_by_hand():
    recourse, favourable = hand_made()
    assert metrics.validity_by_budget(recourse, [0, 1, 2, 10]).tolist() == [
        [0, 0.5, 0.75, 1],
        [0, 0, 0.25, 0.5],
    ]
    denied = metrics.validity_by_budget(recourse, [10], favourable)
    assert denied[0] == 1 and np.isnan(denied[1])
    with pytest.raises(ValueError, match="budgets must be costs"):
        metrics.validity_by_budget(recourse, [-1])


def test_transfer_is_the_judgement_of_every_other_model():
    rng = np.random.default_rng(0)
    parts = rng.normal(size=(3, 4)), rng.normal(size=3), np.array([0.0, 0.1, 0.2])
    model = LogisticRegression(*map(torch.as_tensor, parts))
    X = rng.normal(size=(50, 4))
    favourable = (model(X) >= 0).numpy()
    recourse = scfe(model, X)
    share = metrics.transfer(model, recourse, favourable)
    for finder in range(3):
        for judge in range(3):
            labels = (model(recourse.x_cf[finder])[judge] >= 0).numpy()
            agrees = (labels != favourable[finder])[recourse.valid[finder].numpy()]
            assert share[finder, judge] == pytest.approx(agrees.mean())
    assert np.allclose(np.diag(share), 1)


def test_the_vae_of_another_scaling_has_the_same_latents(cache):
    given = datasets.load("german", seed=0, scaling="minmax")
    standard = datasets.load("german", seed=0)
    fitted = vae.fit_vae(standard.X_train, seed=0, steps=10)
    rescaled = pieces.in_units_of(given, fitted)
    latents = vae.encode(rescaled, given.X_test), vae.encode(fitted, standard.X_test)
    assert torch.allclose(*latents, atol=1e-9)

"""The study: a slice computed again, the cache, the readings and the measures."""

import numpy as np
import pandas as pd
import pytest
import torch

from rrlib import datasets, metrics, study, vae
from rrlib.models import EPS_GRID, LogisticRegression
from rrlib.recourse import Recourse, scfe

SMALL = {"cchvae": {"samples": 50, "max_evals": 2000}, "growing_spheres": {"samples": 100, "max_evals": 5000}}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RRLIB_CACHE", str(tmp_path))
    monkeypatch.setenv("RRLIB_DATA", "twin")
    return tmp_path


def same(one, other):
    assert one[:4] == other[:4]
    for name in ("X", "logits", "accuracy"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    for method, recourse in one.recourse.items():
        for field, again in zip(recourse, other.recourse[method]):
            assert np.array_equal(field, again), method


@pytest.mark.parametrize("kind", study.KINDS)
def test_a_slice_computed_again_without_the_cache_is_the_same(cache, kind):
    stored, = study.run(["german"], [kind], [0], options=SMALL, jobs=1)
    fetched, = study.run(["german"], [kind], [0], options=SMALL, jobs=1)
    fresh, = study.run(["german"], [kind], [0], options=SMALL, jobs=2, cache=False)
    same(stored, fetched)
    same(stored, fresh)
    pd.testing.assert_frame_equal(study.table([stored]), study.table([fresh]))


def test_what_is_finished_is_not_computed_again(cache, monkeypatch):
    study.run(["german"], ["logistic"], [0], methods=["scfe"], jobs=1)
    worker = study.remember(study.compute)
    task = ("german", "logistic", 0, "standard", np.inf, ("scfe",), {}, study.fingerprint("german"), True)
    assert worker.check_call_in_cache(*task)
    assert not worker.check_call_in_cache(*task[:2], 1, *task[3:]), "another seed is another result"
    monkeypatch.setattr(study.torch, "__version__", "0.0")
    assert study.fingerprint("german") != task[-1], "another torch is another result"


def test_another_search_meets_the_same_models(cache, monkeypatch):
    first, = study.run(["german"], ["logistic"], [0], methods=["scfe", "growing_spheres"], options={"growing_spheres": {"samples": 50}}, jobs=1)
    monkeypatch.setattr(study.logistic, "fit_logistic", lambda *args, **options: pytest.fail("the stored models are there"))
    options = {"growing_spheres": {"samples": 50, "seed": 9}}
    again, = study.run(["german"], ["logistic"], [0], methods=["scfe_adam", "growing_spheres"], options=options, jobs=1)
    assert np.array_equal(first.logits, again.logits)
    costs = [one.recourse["growing_spheres"].cost for one in (first, again)]
    assert not np.array_equal(*costs), "another seed of the search draws other points"


def test_the_fingerprint_follows_code_and_data(cache, monkeypatch, tmp_path):
    before = study.fingerprint("german")
    assert study.fingerprint("german") == before != study.fingerprint("compas")
    changed = tmp_path / "models.py"
    changed.write_text("x = 1\n")
    monkeypatch.setattr(study, "SOURCES", [changed, *study.SOURCES[1:]])
    assert study.fingerprint("german") != before


def test_the_table_is_tidy(cache):
    slices = study.run(["german"], ["logistic"], [0, 1], methods=["scfe"], jobs=1)
    table = study.table(slices)
    assert len(table) == 2 * len(EPS_GRID) * len(metrics.READINGS)
    assert not table.duplicated(["dataset", "kind", "seed", "method", "eps", "reading"]).any()
    assert set(table["eps"]) == set(EPS_GRID) and table["validity"].dropna().between(0, 1).all()
    standard = table[(table["eps"] == 0) & (table["n_common"] > 0)]
    assert (standard[["cost_gap", "displacement"]] == 0).all(axis=None), "the standard model does not differ from itself"


@pytest.mark.parametrize("change, message", [
    ({"names": ["boston"]}, "names must be a sequence out of adult"),
    ({"names": "adult"}, "names must be a sequence"),
    ({"kinds": ["forest"]}, "kinds must be"),
    ({"methods": ["dice"]}, "methods must be"),
    ({"options": {"dice": {}}}, "which methods does not ask for"),
])
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        study.run(**change)


def hand_made():
    """Two models, four rows at the origin of one feature; the second model denies all and fails for the last two."""
    x_cf = np.array([[[2.0], [1.0], [-1.0], [-3.0]], [[4.0], [2.0], [0.0], [0.0]]])
    valid = np.array([[True, True, True, True], [True, True, False, False]])
    favourable = np.array([[False, False, True, True], [False, False, False, False]])
    return Recourse(x_cf, valid, np.abs(x_cf[..., 0]), np.full((2, 4), 7), np.abs(x_cf[..., 0])), favourable


def test_readings_by_hand():
    recourse, favourable = hand_made()
    table = metrics.summarise(recourse, favourable, np.zeros((4, 1))).set_index(["model", "reading"])
    assert table.loc[(1, "flip"), ["n", "validity", "cost", "n_common", "cost_gap", "displacement", "n_evals", "sparsity"]].tolist() == [4, 0.5, 3, 2, 1.5, 1.5, 7, 1]
    assert table.loc[(0, "flip"), ["validity", "cost"]].tolist() == [1, 1.75]
    assert table.loc[(0, "denied"), ["n", "validity", "cost"]].tolist() == [2, 1, 1.5]
    assert table.loc[(1, "denied"), ["n", "validity"]].tolist() == [4, 0.5]
    assert table.loc[(0, "printed"), ["validity", "cost"]].tolist() == [0.5, 1.75], "only x' with the favourable label count"
    assert table.loc[(1, "printed"), ["validity", "cost"]].tolist() == [0.5, 1.5]


def test_no_denied_rows_are_flagged_by_their_count():
    recourse, favourable = hand_made()
    table = metrics.summarise(recourse, np.ones_like(favourable), np.zeros((4, 1))).set_index(["model", "reading"])
    assert table.loc[(1, "denied"), "n"] == 0 and np.isnan(table.loc[(1, "denied"), "validity"])


def test_budget_curves_by_hand():
    recourse, favourable = hand_made()
    assert metrics.validity_by_budget(recourse, [0, 1, 2, 10]).tolist() == [[0, 0.5, 0.75, 1], [0, 0, 0.25, 0.5]]
    denied = metrics.validity_by_budget(recourse, [10], favourable)
    assert denied[0] == 1 and np.isnan(denied[1])
    with pytest.raises(ValueError, match="budgets must be costs"):
        metrics.validity_by_budget(recourse, [-1])


def test_transfer_is_the_judgement_of_every_other_model():
    rng = np.random.default_rng(0)
    model = LogisticRegression(*map(torch.as_tensor, (rng.normal(size=(3, 4)), rng.normal(size=3), np.array([0.0, 0.1, 0.2]))))
    X = rng.normal(size=(50, 4))
    favourable = (model(X) >= 0).numpy()
    recourse = scfe(model, X)
    share = metrics.transfer(model, recourse, favourable)
    for finder in range(3):
        for judge in range(3):
            labels = (model(recourse.x_cf[finder])[judge] >= 0).numpy()
            assert share[finder, judge] == pytest.approx((labels != favourable[finder])[recourse.valid[finder].numpy()].mean())
    assert np.allclose(np.diag(share), 1)


def test_the_vae_of_another_scaling_has_the_same_latents(cache):
    given, standard = (datasets.load("german", seed=0, scaling=scaling) for scaling in ("minmax", "standard"))
    fitted = vae.fit_vae(standard.X_train, seed=0, steps=10)
    latents = [vae.encode(one, data.X_test) for one, data in ((study.in_units_of(given, fitted), given), (fitted, standard))]
    assert torch.allclose(*latents, atol=1e-9)

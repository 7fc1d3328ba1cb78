"""Pieces, slices and variations of the study: what is handed on, stored and put together."""

from inspect import signature
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rrlib.models import EPS_GRID, LogisticRegression
from rrlib.recourse import Recourse, cchvae, growing_spheres
from rrlib.study import pieces, spread, sweep, variations
from rrlib.study.pieces import Setting

SETTING = Setting("german", "logistic", 3, "standard", 2, "twin")


def line(*slopes):
    """Models h(x) = slope x on one feature."""
    zeros = torch.zeros(len(slopes)).double()
    return LogisticRegression(torch.tensor(slopes).double()[:, None], zeros, zeros)


def data_of(scaling="standard", **changes):
    """Four rows of one feature; a logit of 0 is a yes, so three of the answers are right."""
    rows = {
        "X_train": np.array([[5.0]]),
        "y_train": np.array([1]),
        "X_test": np.array([[0.0], [1.0], [-1.0], [-2.0]]),
        "y_test": np.array([1, 1, 0, 1]),
        "scaling": scaling,
        "source": "twin",
    }
    return SimpleNamespace(**rows | changes)


@pytest.fixture
def loaded(monkeypatch):
    """Replaces the datasets, and notes what is asked of them."""
    asked = []

    def load(name, **options):
        asked.append((name, options))
        return data_of(options.get("scaling", "standard"))

    monkeypatch.setattr(pieces.datasets, "load", load)
    return asked


def test_models_are_trained_as_the_setting_says(loaded, monkeypatch):
    given = []

    def train(*rows, **options):
        given.append((rows, options))
        return SimpleNamespace(model="exact")

    monkeypatch.setattr(pieces.logistic, "fit_logistic", train)
    monkeypatch.setitem(pieces.TRAINERS, "network", train)
    monkeypatch.setitem(pieces.TRAINERS, "certified", train)
    assert pieces.models_of(SETTING._replace(rows=2), cache=False) == "exact"
    assert pieces.fit(SETTING._replace(kind="network", scaling="minmax"), "").model == "exact"
    assert pieces.fit(SETTING._replace(kind="certified"), "") == "exact"
    rows = (data_of().X_train, data_of().y_train, EPS_GRID)
    assert given == [(rows, {"p": 2}), (rows, {"p": 2, "seed": 3}), (rows, {"p": 2, "seed": 3})]
    assert loaded == [
        ("german", {"seed": 3, "scaling": "standard"}),
        ("german", {"seed": 3, "scaling": "minmax"}),
        ("german", {"seed": 3, "scaling": "standard"}),
    ]


@pytest.fixture
def searched(loaded, monkeypatch):
    """Replaces models, VAE and searches; notes what a search is given."""
    given = {}

    def search(model, X, **options):
        given.update(options, model=model, X=X)
        cost = torch.tensor([[10.0, 10.1, 3.0, 3.1], [1.0, 1.0, 1.0, 1.0]]).double()
        valid = torch.tensor([[True, True, True, True], [True, False, True, True]])
        return Recourse(cost[..., None], valid, cost, valid.long(), cost)

    for name in pieces.SEARCHES:
        monkeypatch.setitem(pieces.SEARCHES, name, search)
    monkeypatch.setattr(pieces, "models_of", lambda setting, cache: ("models", setting, cache))
    monkeypatch.setattr(pieces, "vae_of", lambda *which: ("vae", *which))
    monkeypatch.setattr(pieces, "in_units_of", lambda data, fitted: (data.scaling, *fitted))
    return given


@pytest.mark.parametrize(
    "method, options, given",
    [
        ("scfe", {"lam": 2.0}, {"lam": 2.0}),
        ("scfe_adam", {}, {}),
        ("growing_spheres", {}, {"seed": 3, "max_cost": 10.0}),
        ("growing_spheres", {"seed": 8, "samples": 5}, {"seed": 8, "max_cost": 10.0, "samples": 5}),
        (
            "cchvae",
            {},
            {"seed": 3, "max_cost": 10.0, "vae": ("standard", "vae", "german", 3, False)},
        ),
    ],
)
def test_a_search_is_given_seed_cap_and_vae(loaded, searched, method, options, given):
    kept = dict(options)
    pieces.search(SETTING, method, options, "", cache=False)
    assert searched.pop("model") == ("models", SETTING, False)
    assert np.array_equal(searched.pop("X"), data_of().X_test)
    assert searched == given and options == kept, "and what was handed in is left alone"
    assert loaded == [("german", {"seed": 3, "scaling": "standard"})]
    pieces.search(SETTING._replace(rows=2), method, options, "", cache=False)
    assert np.array_equal(searched["X"], data_of().X_test[:2])


@pytest.mark.parametrize(
    "scaling, valid",
    [("standard", [True, False, True, True]), ("minmax", [False, False, True, False])],
)
def test_a_cost_at_the_cap_counts_and_one_above_does_not(searched, scaling, valid):
    found = pieces.search(SETTING._replace(scaling=scaling), "cchvae", {}, "", cache=True)
    assert found.valid.tolist() == [valid, [True, False, True, True]]
    assert searched["max_cost"] == {"standard": 10, "minmax": 3}[scaling]
    assert searched["vae"] == (scaling, "vae", "german", 3, True)
    assert searched["model"][2] is True
    assert [field.dtype.name for field in found] == [
        "float32",
        "bool",
        "float32",
        "int64",
        "float32",
    ]


def test_a_vae_is_fitted_on_standardised_rows(loaded, monkeypatch):
    monkeypatch.setattr(pieces.vae, "fit_vae", lambda X, **options: (X, options))
    X, options = pieces.vae_of("german", 3, cache=False)
    assert np.array_equal(X, data_of().X_train) and options == {"seed": 3}
    assert loaded == [("german", {"seed": 3})]


def test_a_vae_in_other_units_by_hand(monkeypatch):
    """x = 10 + 4 s is 2 + 16 u, so u = s / 4 + 8 / 16."""
    standard = data_of(center=np.array([10.0]), scale=np.array([4.0]))
    asked = []
    monkeypatch.setattr(
        pieces.datasets, "load", lambda name, seed: asked.append((name, seed)) or standard
    )
    monkeypatch.setattr(pieces.vae, "rescale", lambda *given: given)
    box = data_of("minmax", name="german", seed=3, center=np.array([2.0]), scale=np.array([16.0]))
    assert pieces.in_units_of(box, "vae") == ("vae", np.array([0.25]), np.array([0.5]))
    assert asked == [("german", 3)]
    assert pieces.in_units_of(data_of(), "vae") == "vae"


@pytest.fixture
def plain(monkeypatch):
    """Fingerprints that show what they are taken of."""
    shown = {
        "code": lambda function: f"code of {function.__name__}",
        "body": lambda function: f"body of {function.__name__}",
        "data": lambda name, source: f"{source} {name}",
        "versions": lambda: "versions",
        "digest": lambda *parts: parts,
    }
    monkeypatch.setattr(pieces, "fingerprint", SimpleNamespace(**shown))


def test_what_a_stamp_is_made_of(plain):
    kinds = ("logistic", "fit_logistic"), ("network", "fit_network"), ("certified", "fit_certified")
    for kind, code in kinds:
        setting = SETTING._replace(kind=kind)
        models = (setting, EPS_GRID, f"code of {code}", "body of fit", "twin german", "versions")
        assert pieces.stamp_fit(setting) == models
        for method in ("scfe", "growing_spheres", "scfe_adam"):
            body = f"code of {method}", "body of search", models
            assert pieces.stamp_search(setting, method) == (10, 3, None, *body)
            assert pieces.stamp_search(setting._replace(rows=2), method) == (10, 3, 2, *body)
        fitted = "code of fit_vae", "body of fit_vae", "twin german", "versions"
        assert pieces.stamp_vae("german", "twin") == fitted
        body = "code of cchvae", "body of search", models, "body of in_units_of", fitted
        assert pieces.stamp_search(setting, "cchvae") == (10, 3, None, *body)


def test_where_pieces_are_stored(tmp_path, monkeypatch, plain):
    """The cache plays no part in what a search is told apart by; in what a fit is, all does."""
    monkeypatch.setattr(pieces, "Memory", lambda folder, **how: MemoryOf(folder, how))
    monkeypatch.delenv("RRLIB_CACHE", raising=False)
    monkeypatch.setattr(pieces.rawfiles, "cache_folder", lambda: tmp_path)
    for function, left_out in ((pieces.search, ["cache"]), (pieces.fit, []), (pieces.fit_vae, [])):
        assert pieces.remember(function, cache=False) is function
        assert pieces.remember(function).what == (function, left_out)
    assert pieces.remember(pieces.fit).folder == str(tmp_path / "study")
    assert pieces.remember(pieces.fit).how == {"verbose": 0}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RRLIB_CACHE", "elsewhere")
    assert pieces.remember(pieces.fit).folder == str(tmp_path / "elsewhere")
    fitted = pieces.fit, [], (SETTING, pieces.stamp_fit(SETTING))
    assert pieces.models_of(SETTING) == fitted
    stamp = pieces.stamp_search(SETTING, "scfe")
    asked = pieces.search, ["cache"], (SETTING, "scfe", {"lam": 1.0}, stamp)
    assert pieces.is_stored(SETTING, "scfe", {"lam": 1.0}) == asked
    monkeypatch.setattr(pieces.datasets, "source", lambda name: "twin")
    fitted = pieces.fit_vae, [], ("german", 3, pieces.stamp_vae("german", "twin"))
    assert pieces.vae_of("german", 3) == fitted


class MemoryOf:
    """A store that answers with what it is asked."""

    def __init__(self, folder, how):
        self.folder, self.how = folder, how

    def cache(self, function, ignore):
        self.what = function, ignore
        return self

    def __call__(self, *given):
        return *self.what, given

    check_call_in_cache = __call__


def test_a_slice_is_put_together(loaded, monkeypatch):
    asked = []

    def search(*given):
        asked.append(given)
        return f"what {given[1]} finds"

    monkeypatch.setattr(sweep, "search", search)
    monkeypatch.setattr(sweep, "models_of", lambda setting, cache: line(1.0, -1.0))
    monkeypatch.setattr(sweep, "remember", lambda function, cache: function)
    monkeypatch.setattr(sweep, "stamp_search", lambda setting, method: f"stamp of {method}")
    torch.set_num_threads(2)
    options = {"cchvae": {"samples": 9}}
    one = sweep.compute(SETTING._replace(scaling="minmax"), ["scfe", "cchvae"], options)
    assert torch.get_num_threads() == 1
    assert one[:5] == ("german", "logistic", 3, "twin", "minmax")
    assert torch.equal(one.model.w, line(1.0, -1.0).w) and np.array_equal(one.X, data_of().X_test)
    assert one.logits.tolist() == [[0, 1, -1, -2], [0, -1, 1, 2]]
    assert one.accuracy.tolist() == [3 / 4, 2 / 4] and one.y.tolist() == [1, 1, 0, 1]
    assert one.recourse == {"scfe": "what scfe finds", "cchvae": "what cchvae finds"}
    setting = SETTING._replace(scaling="minmax")
    assert asked == [
        (setting, "scfe", {}, "stamp of scfe", True),
        (setting, "cchvae", {"samples": 9}, "stamp of cchvae", True),
    ]
    assert loaded == [("german", {"seed": 3, "scaling": "minmax"})]
    few = sweep.compute(SETTING._replace(rows=2), ["scfe"], {}, False)
    assert np.array_equal(few.X, data_of().X_test[:2]) and few.y.tolist() == [1, 1]
    assert few.logits.tolist() == [[0, 1], [0, -1]] and few.accuracy.tolist() == [3 / 4, 2 / 4]
    sweep.assemble(SETTING, ["scfe"], {})
    assert [given[-1] for given in asked] == [True, True, False, True], "with the cache, if asked"


@pytest.fixture
def swept(monkeypatch):
    """A sweep whose slices are notes; seed 1 is stored for `scfe`, seed 2 for every method."""

    def is_stored(setting, method, options):
        asked.append((setting.seed, method, options))
        return setting.seed == 2 or (setting.seed == 1 and method == "scfe")

    asked = []
    monkeypatch.setattr(sweep, "is_stored", is_stored)
    monkeypatch.setattr(sweep.datasets, "source", lambda name: f"source of {name}")
    monkeypatch.setattr(sweep, "assemble", lambda *given: ("fetched", *given))
    monkeypatch.setattr(sweep, "compute", lambda *given: ("computed", *given))
    return asked


def test_stored_slices_are_fetched_and_the_others_computed(swept):
    options = {"cchvae": {"samples": 9}}
    how = {"methods": ["scfe", "cchvae"], "options": options, "jobs": 1}
    found = sweep.run(["german", "adult"], ["network"], [2, 1], scaling="minmax", p=2, **how)
    assert [(one[0], one[1].name, one[1].seed) for one in found] == [
        ("fetched", "german", 2),
        ("computed", "german", 1),
        ("fetched", "adult", 2),
        ("computed", "adult", 1),
    ]
    setting = Setting("german", "network", 2, "minmax", 2, "source of german")
    assert found[0] == ("fetched", setting, ["scfe", "cchvae"], options)
    setting = setting._replace(seed=1)
    assert found[1] == ("computed", setting, ["scfe", "cchvae"], options, True)
    assert swept[:2] == [(2, "scfe", {}), (2, "cchvae", {"samples": 9})]
    found = sweep.run(["german"], ["network"], [2], cache=False, **how)
    assert [(one[0], one[-1]) for one in found] == [("computed", False)]
    (one,) = sweep.run(["german"], ["logistic"], [2], methods=["scfe"])
    setting = Setting("german", "logistic", 2, "standard", np.inf, "source of german")
    assert one == ("fetched", setting, ["scfe"], {}), "the defaults"


def test_processes_have_one_thread_each(swept, monkeypatch):
    """The order of the slices is that of the settings."""
    given = []

    class Parallel:
        def __init__(self, **how):
            given.append(how)

        def __call__(self, calls):
            return [function(*parts) for function, parts, _ in calls]

    config = spread.parallel_config
    monkeypatch.setattr(spread, "Parallel", Parallel)
    monkeypatch.setattr(spread, "parallel_config", lambda **how: given.append(how) or config(**how))
    found = sweep.run(["german"], seeds=[0, 1])
    assert [(one[1].kind, one[1].seed) for one in found] == [
        ("logistic", 0),
        ("logistic", 1),
        ("network", 0),
        ("network", 1),
    ]
    assert given == [
        {"backend": "loky", "inner_max_num_threads": 1},
        {"n_jobs": 2, "return_as": "generator"},
    ]


def usual(search, option):
    return signature(search).parameters[option].default


def test_a_tenth_is_a_tenth():
    assert sweep.SEEDS == (0, 1, 2, 3, 4)
    for name, search in (("cchvae", cchvae), ("growing_spheres", growing_spheres)):
        samples = usual(search, "samples") // 10
        evaluations = usual(search, "max_evals") // 10
        assert variations.FEWER[name] == {"samples": samples}
        assert variations.BATCH[name] == samples
        again = dict(variations.AGAIN[name])
        assert again.pop("seed") not in sweep.SEEDS and again == variations.FEWER[name]
        small = variations.SMALL[name]
        fewer = variations.SMALL_FEWER[name]
        assert 10 * fewer["samples"] == small["samples"] < samples * 10
        assert fewer["max_evals"] == small["max_evals"] < evaluations
        again = dict(variations.SMALL_AGAIN[name])
        assert again.pop("seed") not in sweep.SEEDS and again == fewer
        assert variations.SMALL_BATCH[name] == fewer["samples"]


def test_what_a_variation_runs(monkeypatch):
    monkeypatch.setattr(variations.sweep, "run", lambda **how: how)
    chosen = variations.VARIATIONS
    fewer = ["fewer", "fewer_minmax", "again"]
    assert [*chosen] == ["paper", "minmax", "l2", *fewer, "equal", "equal_minmax", "choices"]
    for name, one in chosen.items():
        how = {"methods": one.methods, "scaling": one.scaling, "p": one.p, "rows": one.rows}
        how["seeds"] = [7]
        assert variations.run(name, seeds=[7]) == how | {"options": one.options}
        assert variations.run(name, small=True, seeds=[7]) == how | {"options": one.on_twins}
        assert one.scaling == ("minmax" if "minmax" in name else "standard")
        assert one.p == (2 if name == "l2" else np.inf)
        sampled = one.p == 2 or one.scaling == "minmax" or name in ("equal", "choices")
        assert one.rows == (2000 if sampled else None)
        assert set(one.options) <= set(one.methods) and set(one.on_twins) <= set(one.methods)
    for name in ("paper", "minmax", "l2"):
        assert chosen[name].options == {}
    assert chosen["fewer"].options is chosen["fewer_minmax"].options is variations.FEWER
    assert (chosen["fewer"].usual, chosen["fewer_minmax"].usual) == ("paper", "minmax")
    assert chosen["again"].options is variations.AGAIN


def test_seeds_of_the_variations():
    """Ten, five for what is looked at beside; others confirm what was first seen on these."""
    counts, later = {}, (*range(5), *range(10, 15))
    for name, one in variations.VARIATIONS.items():
        for seeds in one.seeds.values():
            usual = range(len(seeds))
            assert list(seeds) == list(later if name.startswith("equal") else usual)
        counts[name] = {kind: len(seeds) for kind, seeds in one.seeds.items()}
    ten = dict.fromkeys(("logistic", "network", "certified"), 10)
    assert counts == {
        "paper": ten,
        "minmax": ten,
        "l2": {"logistic": 10, "network": 10, "certified": 5},
        "fewer": ten,
        "fewer_minmax": {"logistic": 10, "network": 10},
        "again": {"logistic": 5, "network": 5},
        "equal": ten,
        "equal_minmax": ten,
        "choices": {"logistic": 15, "network": 15},
    }

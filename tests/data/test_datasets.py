"""The datasets: their splits, their groups, what they say of themselves, wrong arguments."""

import itertools

import numpy as np
import pytest
from helpers import INVENTED, REFUSED, THRESHOLD, check_split, fit_all, same, serve_from

from rrlib.data import datasets
from rrlib.data.datasets import SCALINGS
from rrlib.data.published import DataError


@pytest.mark.parametrize("scaling", SCALINGS)
def test_real_split(real, scaling):
    check_split(real, scaling)


def test_real_is_deterministic_and_says_so(real):
    data = datasets.load(real, seed=1)
    assert data.source == "real" == datasets.source(real)
    assert same(data, datasets.load(real, seed=1))
    assert not same(data, datasets.load(real, seed=2))
    assert repr(data).endswith("favourable, real data")
    assert data._repr_html_().startswith('<div class="admonition note">')


def test_real_threshold(real):
    features = datasets.SPECS[real].features.values()
    threshold = fit_all(datasets.frame(real)[0], features)[0]
    assert threshold == pytest.approx(THRESHOLD[real], abs=1e-3)


def test_real_columns(real):
    table, _ = datasets.frame(real)
    if real == "german":
        ages = table.groupby("age_band")["age"].agg(["min", "max"])
        assert ages.loc["25 or younger", "max"] == 25
        assert ages.loc["26 to 40"].tolist() == [26, 40]
        assert ages.loc["over 40", "min"] == 41
    elif real in ("adult", "compas"):
        assert set(table["sex"]) == {"Female", "Male"}
        assert table["race"].nunique() == (5 if real == "adult" else 6)
    assert not table.isna().any(axis=None)


@pytest.mark.parametrize("function", [datasets.load, datasets.source, datasets.frame])
def test_unknown_name(function, nowhere):
    with pytest.raises(ValueError, match="name='heloc'.*adult, compas, german"):
        function("heloc")


def test_unknown_scaling(nowhere):
    with pytest.raises(ValueError, match="scaling='robust'.*standard, minmax"):
        datasets.load("german", scaling="robust")


def test_rows_are_counted(invented, nowhere, monkeypatch):
    serve_from(monkeypatch, "german", REFUSED, rows=11)
    nowhere.mkdir()
    (nowhere / "german.data").write_bytes(INVENTED)
    with pytest.raises(DataError, match="German Credit has 10 rows where 11 are.*pins"):
        datasets.load("german")


@pytest.mark.parametrize("first", [5, 10])
def test_five_seeds_share_one_split_in_five_parts(first):
    table, _ = datasets.frame("german")
    n, d = len(table), len(datasets.SPECS["german"].features)
    parts = [datasets.load("german", seed=first + fold) for fold in range(5)]
    rows = np.concatenate([one.to_raw(one.X_test) for one in parts])
    assert rows.shape == (n, d), "each row is a test row once"
    everybody = table[list(parts[0].feature_names)].to_numpy(float)
    ordered = [one[np.lexsort(one.round(3).T)] for one in (rows, everybody)]
    assert np.allclose(*ordered)
    for one in parts:
        assert len(one.y_test) == n // 5 and len(one.y_train) == n - n // 5
    again = datasets.load("german", seed=first)
    assert np.array_equal(again.X_test, parts[0].X_test)


def test_other_blocks_of_seeds_split_otherwise():
    tests = [datasets.load("german", seed=seed) for seed in (0, 5, 10, 15)]
    for one, other in itertools.combinations(tests, 2):
        assert not np.array_equal(one.to_raw(one.X_test), other.to_raw(other.X_test))

"""The synthetic twins: how far they resemble the data, and how their statistics are written."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from helpers import THRESHOLD, check_split, fit_all, kept, same

from rrlib.data import datasets, twins
from rrlib.data.__main__ import main
from rrlib.data.datasets import NAMES, SCALINGS


def test_twin_resembles_real(real):
    features = list(datasets.SPECS[real].features.values())
    table, _ = datasets.frame(real)
    copy = twins.draw(real)
    _, w_real, accuracy_real = fit_all(table, features)
    _, w_twin, accuracy_twin = fit_all(copy, features)
    assert abs(accuracy_real - accuracy_twin) < 0.03
    large = np.abs(w_real) > 0.3 * np.abs(w_real).max()
    assert (np.sign(w_real) == np.sign(w_twin))[large].all(), (w_real, w_twin)
    # What a trimmed tail may move: a tenth of a standard deviation.
    shift = np.abs(table[features].mean() - copy[features].mean())
    assert (shift < 0.1 * table[features].std()).all()


def test_statistics_are_those_of_the_real_files(real):
    table, _ = datasets.frame(real)
    stored = json.loads((twins.FOLDER / f"{real}.json").read_text("ascii"))
    fitted = twins.fit(table.drop(columns="age_band", errors="ignore"))
    for ours, theirs in zip(fitted, stored, strict=True):
        # A correlation is rounded to three digits, and 1e-16 may move the last one.
        a, b = ours.pop("correlation"), theirs.pop("correlation")
        np.testing.assert_allclose(a, b, atol=1.1e-3)
        assert ours == theirs


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("name", NAMES)
def test_twin_split(name, scaling, twin):
    check_split(name, scaling)


@pytest.mark.parametrize("name", NAMES)
def test_twin_is_deterministic_and_says_so(name, twin):
    assert twins.draw(name).equals(twins.draw(name))
    data = datasets.load(name, seed=1)
    assert data.source == "twin" == datasets.source(name)
    assert same(data, datasets.load(name, seed=1))
    assert not same(data, datasets.load(name, seed=2))
    assert repr(data).endswith("favourable, SYNTHETIC TWIN")
    html = data._repr_html_()
    assert html.startswith('<div class="admonition warning">')
    assert '<p class="admonition-title">Synthetic twin: nothing on this page is' in html


@pytest.mark.parametrize("name", NAMES)
def test_twin_keeps_the_threshold(name, twin):
    threshold, _, _ = fit_all(twins.draw(name), datasets.SPECS[name].features.values())
    # Tails beyond the outermost quantile are missing, which shrinks the deviations.
    assert threshold == pytest.approx(THRESHOLD[name], abs=0.015)


@pytest.mark.parametrize("name", NAMES)
def test_twin_stays_within_its_statistics(name):
    statistics = json.loads((twins.FOLDER / f"{name}.json").read_text("ascii"))
    for y, (part, rows) in enumerate(zip(statistics, twins.draw(name).groupby("favourable"))):
        assert rows[0] == y and len(rows[1]) == part["rows"]
        for feature, grid in part["quantiles"].items():
            assert rows[1][feature].dtype == np.int64, "a count stays a whole number"
            # Half a unit, because a quantile between two whole numbers is rounded.
            assert rows[1][feature].between(grid[0] - 0.5, grid[-1] + 0.5).all()
        for group, shares in part["shares"].items():
            found = rows[1][group].value_counts(normalize=True)
            for level, share in shares.items():
                # Stratified levels hit a share to a row; the stored one has 4 digits.
                assert found[level] == pytest.approx(share, abs=2 / part["rows"] + 4e-4)


def test_statistics_are_small():
    assert sum(path.stat().st_size for path in twins.FOLDER.iterdir()) < 100_000


def test_writing_statistics_needs_the_real_files(twin, monkeypatch, tmp_path):
    monkeypatch.setattr(twins, "FOLDER", tmp_path)
    with pytest.raises(SystemExit, match="adult: no real files.*RRLIB_DATA"):
        main()
    assert not kept(tmp_path)


def test_written_statistics_give_back_the_table(monkeypatch, tmp_path, capsys):
    rng = np.random.default_rng(0)
    n, rho = 4_000, 0.7
    z = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=n)
    table = pd.DataFrame((1000 + 100 * z).round(), columns=["first", "second"])
    table["sex"] = np.where(rng.random(n) < 0.25, "Female", "Male")
    table["favourable"] = np.repeat([0, 1], [n // 4, n - n // 4])
    monkeypatch.setattr(twins, "FOLDER", tmp_path)
    monkeypatch.setattr(datasets, "NAMES", ("invented",))
    monkeypatch.setattr(datasets, "source", lambda name: "real")
    monkeypatch.setattr(datasets, "frame", lambda name: (table, "real"))
    main()
    assert "invented.json" in capsys.readouterr().out

    copy = twins.draw("invented")
    features = ["first", "second"]
    assert copy["favourable"].value_counts().to_dict() == {0: 1000, 1: 3000}
    # Three digits of a value near 1000 are a step of 10, a tenth of the deviation.
    assert (np.abs(table[features].mean() - copy[features].mean()) < 5).all()
    assert abs((table["sex"] == "Male").mean() - (copy["sex"] == "Male").mean()) < 1e-3
    # Four standard errors, 4 (1 - 0.49) / sqrt(4000) = 0.03, for each of two samples.
    assert copy[features].corr().iloc[0, 1] == pytest.approx(rho, abs=0.06)


def test_chosen_twins_do_not_warn(twin):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert datasets.load("german").source == "twin"

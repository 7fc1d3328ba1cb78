"""The datasets: real rows, synthetic twins, and every way in which a file can fail.

No test leaves this machine: the origins are replaced by a port that refuses, or by a
server that a test starts; the cache by a temporary folder, or it is only read.
"""

import hashlib
import json
import os
import time
import warnings
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import numpy as np
import pandas as pd
import pooch
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from rrlib import datasets, rawfiles, twins
from rrlib.datasets import NAMES, SCALINGS, TwinWarning
from rrlib.rawfiles import DataError, RawFile

ROWS = {"adult": 48_842, "compas": 6_172, "german": 1_000}
FAVOURABLE = {"adult": 11_687, "compas": 3_363, "german": 700}
THRESHOLD = {"adult": 0.390, "compas": 0.292, "german": 0.234}
REFUSED = "http://127.0.0.1:9"
# Ten applicants that nobody ever was, in the layout of german.data.
INVENTED = "".join(
    f"A11 {6 + i} A34 A43 {1000 + 7 * i} A65 A75 {1 + i % 4} A93 A101 {1 + i % 3} A121 "
    f"{20 + 5 * i} A143 A152 {1 + i % 2} A173 {1 + i // 5} A192 A201 {1 + i % 2}\n"
    for i in range(10)
).encode()


def serve_from(monkeypatch, name, url, **changes):
    """Let the files of a dataset come from ``url``; change other parts of its entry."""
    spec = datasets.SPECS[name]
    moved = tuple(raw._replace(url=f"{url}/{raw.name}") for raw in spec.files)
    monkeypatch.setitem(
        datasets.SPECS, name, spec._replace(**{"files": moved, **changes})
    )


@pytest.fixture
def no_origin(monkeypatch):
    """No request leaves this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in NAMES:
        serve_from(monkeypatch, name, REFUSED)


@pytest.fixture
def nowhere(no_origin, monkeypatch, tmp_path):
    """No folder, an empty cache, no origin. Returns the cache folder."""
    monkeypatch.delenv("RRLIB_DATA", raising=False)
    monkeypatch.setattr(rawfiles, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def twin(nowhere, monkeypatch):
    monkeypatch.setenv("RRLIB_DATA", "twin")


@pytest.fixture(params=NAMES)
def real(request, monkeypatch):
    """A dataset whose real files are on this machine; the cache is only read."""

    def from_cache(raw):
        path = rawfiles.cache_folder() / raw.name
        if not path.exists() or pooch.file_hash(path) != raw.sha256:
            raise FileNotFoundError(path)
        return path

    monkeypatch.setattr(rawfiles, "_download", from_cache)
    if datasets.source(request.param) == "twin":
        pytest.skip(
            "RRLIB_DATA=twin asks for the twins"
            if os.environ.get("RRLIB_DATA") == "twin"
            else "the real files are neither in RRLIB_DATA nor in the cache"
        )
    return request.param


@pytest.fixture
def invented(nowhere, monkeypatch):
    """German Credit with ten invented rows as its published file; their RawFile."""
    digest = hashlib.sha256(INVENTED).hexdigest()
    raw = RawFile(f"{REFUSED}/german.data", digest)
    serve_from(monkeypatch, "german", REFUSED, files=(raw,), rows=10)
    return raw


@contextmanager
def server(monkeypatch, raw, *, status=200, body=INVENTED, length=None, wait=0):
    """An origin with one answer, which closes the connection ``wait`` seconds later."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("Content-Length", str(length or len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
            time.sleep(wait)

        def log_message(self, *args):
            pass

    local = ("127.0.0.1", 0)
    with HTTPServer(local, Handler) as origin, monkeypatch.context() as patch:
        url = f"http://127.0.0.1:{origin.server_port}/german.data"
        serve_from(patch, "german", "", files=(raw._replace(url=url),))
        thread = Thread(target=origin.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield url
        finally:
            origin.shutdown()
            thread.join()


def kept(cache):
    """Names of the files in the cache."""
    return sorted(path.name for path in cache.glob("*"))


def check_split(name, scaling):
    """What holds for every dataset, real or twin."""
    table, _ = datasets.frame(name)
    data = datasets.load(name, seed=3, scaling=scaling)
    n_train, n_test, d = len(data.X_train), len(data.X_test), len(data.feature_names)
    assert n_train + n_test == ROWS[name] == len(table)
    assert abs(n_test - 0.2 * ROWS[name]) < 1, "the test part is a fifth of the rows"
    assert data.X_train.shape == (n_train, d) and data.X_test.shape == (n_test, d)
    assert data.X_train.dtype == np.float64 and data.y_train.dtype == np.int64
    assert data.y_train.sum() + data.y_test.sum() == FAVOURABLE[name]
    assert set(np.unique(data.y_train)) == {0, 1}

    low, high = data.X_train.min(axis=0), data.X_train.max(axis=0)
    if scaling == "minmax":
        np.testing.assert_allclose(low, 0, atol=1e-9)
        np.testing.assert_allclose(high, 1, atol=1e-9)
    else:
        np.testing.assert_allclose(data.X_train.mean(axis=0), 0, atol=1e-9)
        np.testing.assert_allclose(data.X_train.std(axis=0), 1, atol=1e-9)
        assert np.abs(data.X_test.mean(axis=0)).max() > 1e-4, "test rows fit no scaler"

    # Back in original units, the two parts are the rows of the table and their groups.
    for X, y, groups in (
        (data.X_train, data.y_train, data.groups_train),
        (data.X_test, data.y_test, data.groups_test),
    ):
        assert len(X) == len(y) == len(groups)
        assert not set(groups.columns) & set(data.feature_names)
    raw = np.vstack([data.to_raw(data.X_train), data.to_raw(data.X_test)]).round(6)
    group = [*data.groups_train.iloc[:, 0], *data.groups_test.iloc[:, 0]]
    label = [*data.y_train, *data.y_test]
    ours = sorted(zip(*raw.T, group, label))
    columns = [*data.feature_names, data.groups_train.columns[0], "favourable"]
    assert ours == sorted(table[columns].itertuples(index=False, name=None))


def same(a, b):
    arrays = ("X_train", "y_train", "X_test", "y_test", "center", "scale")
    return all(np.array_equal(getattr(a, key), getattr(b, key)) for key in arrays) and (
        a.groups_train.equals(b.groups_train) and a.groups_test.equals(b.groups_test)
    )


def fit_all(table, features):
    """Half the largest gap of class means, coefficients, accuracy on all rows."""
    X = StandardScaler().fit_transform(table[list(features)].astype(float))
    y = table["favourable"].to_numpy()
    gap = X[y == 1].mean(axis=0) - X[y == 0].mean(axis=0)
    model = LogisticRegression().fit(X, y)
    return np.abs(gap).max() / 2, model.coef_[0], model.score(X, y)


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
    else:
        assert set(table["sex"]) == {"Female", "Male"}
        assert table["race"].nunique() == (5 if real == "adult" else 6)
    assert not table.isna().any(axis=None)


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
    for y, (part, rows) in enumerate(
        zip(statistics, twins.draw(name).groupby("favourable"))
    ):
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
        twins.main()
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
    twins.main()
    assert "invented.json" in capsys.readouterr().out

    copy = twins.draw("invented")
    features = ["first", "second"]
    assert copy["favourable"].value_counts().to_dict() == {0: 1000, 1: 3000}
    # Three digits of a value near 1000 are a step of 10, a tenth of the deviation.
    assert (np.abs(table[features].mean() - copy[features].mean()) < 5).all()
    assert abs((table["sex"] == "Male").mean() - (copy["sex"] == "Male").mean()) < 1e-3
    # Four standard errors, 4 (1 - 0.49) / sqrt(4000) = 0.03, for each of two samples.
    assert copy[features].corr().iloc[0, 1] == pytest.approx(rho, abs=0.06)


@pytest.mark.parametrize("function", [datasets.load, datasets.source, datasets.frame])
def test_unknown_name(function, nowhere):
    with pytest.raises(ValueError, match="name='heloc'.*adult, compas, german"):
        function("heloc")


def test_unknown_scaling(nowhere):
    with pytest.raises(ValueError, match="scaling='robust'.*standard, minmax"):
        datasets.load("german", scaling="robust")


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_variable_is_no_folder(kind, nowhere, monkeypatch, tmp_path):
    path = tmp_path / "german.data"
    if kind == "file":
        path.write_bytes(INVENTED)
    monkeypatch.setenv("RRLIB_DATA", str(path))
    with pytest.raises(DataError, match="is no folder") as error:
        datasets.load("german")
    assert f"RRLIB_DATA={str(path)!r}" in str(error.value)
    assert "name the folder that holds the published files" in str(error.value)


@pytest.mark.parametrize("body", [INVENTED[:-40], INVENTED + b"\n", b""])
def test_folder_holds_another_file(body, invented, monkeypatch, tmp_path):
    (tmp_path / "german.data").write_bytes(body)
    monkeypatch.setenv("RRLIB_DATA", str(tmp_path))
    with pytest.raises(DataError, match="not the published file") as error:
        datasets.load("german")
    digest = hashlib.sha256(body).hexdigest()
    for part in (str(tmp_path / "german.data"), digest, invented.sha256, invented.url):
        assert part in str(error.value)


def test_folder_holds_an_unreadable_file(invented, monkeypatch, tmp_path):
    (tmp_path / "german.data").mkdir()
    monkeypatch.setenv("RRLIB_DATA", str(tmp_path))
    with pytest.raises(DataError, match="cannot be read .*or remove it") as error:
        datasets.load("german")
    assert str(tmp_path / "german.data") in str(error.value)


def test_rows_are_counted(invented, nowhere, monkeypatch):
    serve_from(monkeypatch, "german", REFUSED, rows=11)
    nowhere.mkdir()
    (nowhere / "german.data").write_bytes(INVENTED)
    with pytest.raises(DataError, match="German Credit has 10 rows where 11 are.*pins"):
        datasets.load("german")


def test_folder_comes_before_cache_and_cache_before_origin(
    invented, nowhere, monkeypatch, tmp_path
):
    with server(monkeypatch, invented):
        assert datasets.load("german").source == "real"
    assert kept(nowhere) == ["german.data"]
    assert datasets.load("german").source == "real", "the origin is gone, the cache not"
    monkeypatch.setenv("RRLIB_DATA", str(tmp_path))
    assert datasets.source("german") == "real", "a folder without the file is no error"
    (tmp_path / "german.data").write_bytes(b"other")
    with pytest.raises(DataError, match="not the published file"):
        datasets.source("german")


def test_download_is_silent_without_a_terminal(invented, monkeypatch, capfd):
    with server(monkeypatch, invented):
        datasets.load("german")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("received", [0, 40, 4_000])
def test_download_cut_off(received, invented, nowhere, monkeypatch):
    body = (INVENTED * 10)[:received]
    with server(monkeypatch, invented, body=body, length=100_000) as url:
        with pytest.raises(DataError, match="broke off half-way.*try again") as error:
            datasets.load("german")
        assert url in str(error.value)
    assert kept(nowhere) == []
    with server(monkeypatch, invented):
        assert datasets.load("german").source == "real"


def test_download_that_stalls(invented, nowhere, monkeypatch):
    monkeypatch.setattr(rawfiles, "TIMEOUT", (1, 0.2))
    body = INVENTED * 10
    with server(monkeypatch, invented, body=body, length=100_000, wait=1):
        with pytest.raises(DataError, match="broke off half-way.*try again"):
            datasets.load("german")
    assert kept(nowhere) == []


def test_download_brings_other_bytes(invented, nowhere, monkeypatch):
    body = b"<html>Please sign in to this network.</html>"
    with server(monkeypatch, invented, body=body) as url:
        with pytest.raises(DataError, match="sent another file") as error:
            datasets.load("german")
    digest = hashlib.sha256(body).hexdigest()
    for part in (url, digest, invented.sha256, "RRLIB_DATA"):
        assert part in str(error.value)
    assert kept(nowhere) == []
    with server(monkeypatch, invented):
        assert datasets.load("german").source == "real"


def check_twin_warning(*parts):
    with pytest.warns(TwinWarning) as record:
        data = datasets.load("german")
    assert len(record) == 1
    assert record[0].filename == __file__, "the warning points to the caller of load"
    message = str(record[0].message)
    for part in ("German Credit", "synthetic twin", "RRLIB_DATA=twin", *parts):
        assert part in message
    assert data.source == "twin"


def test_origin_refuses(nowhere):
    check_twin_warning("unset", str(nowhere), f"{REFUSED}/german.data", "refused")
    assert datasets.source("german") == "twin", "the question itself does not warn"


def test_origin_has_no_such_file(invented, nowhere, monkeypatch):
    with server(monkeypatch, invented, status=404) as url:
        check_twin_warning(url, "404")
    assert kept(nowhere) == []


def test_cache_is_damaged_and_origin_refuses(invented, nowhere):
    nowhere.mkdir()
    (nowhere / "german.data").write_bytes(INVENTED[:100])
    check_twin_warning("no intact one in the cache", str(nowhere), "refused")


def test_damaged_cache_recovers(invented, nowhere, monkeypatch):
    nowhere.mkdir()
    (nowhere / "german.data").write_bytes(INVENTED[:100])
    with server(monkeypatch, invented):
        assert datasets.load("german").source == "real"
    assert (nowhere / "german.data").read_bytes() == INVENTED


def test_folder_lacks_the_file(nowhere, monkeypatch, tmp_path):
    monkeypatch.setenv("RRLIB_DATA", str(tmp_path))
    check_twin_warning(f"RRLIB_DATA ({tmp_path})", "refused")


def test_chosen_twins_do_not_warn(twin):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert datasets.load("german").source == "twin"

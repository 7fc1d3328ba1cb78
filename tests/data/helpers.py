"""What the tests of the data share: invented rows, origins that fail, and checks."""

import os
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from rrlib.data import datasets
from rrlib.data.datasets import TwinWarning

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
    monkeypatch.setitem(datasets.SPECS, name, spec._replace(**{"files": moved, **changes}))


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


def only_index(monkeypatch, **settings):
    """Let pip know of these settings only, each named as its environment variable."""
    for variable in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for variable, value in settings.items():
        monkeypatch.setenv(variable, str(value))


def kept(cache):
    """Names of the files in the cache."""
    return sorted(path.name for path in cache.glob("*"))


def check_twin_warning(*parts):
    with pytest.warns(TwinWarning) as record:
        data = datasets.load("german")
    assert len(record) == 1
    assert record[0].filename == __file__, "the warning points to the caller of load"
    message = str(record[0].message)
    for part in ("German Credit", "synthetic twin", "RRLIB_DATA=twin", *parts):
        assert part in message
    assert data.source == "twin"


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
    groups = [[*data.groups_train[by], *data.groups_test[by]] for by in data.groups_train]
    label = [*data.y_train, *data.y_test]
    ours = sorted(zip(*raw.T, *groups, label))
    columns = [*data.feature_names, *data.groups_train, "favourable"]
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

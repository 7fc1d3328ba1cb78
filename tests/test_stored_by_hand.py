"""Fingerprints of a small package, and stored tables of a few rows, by hand."""

import hashlib
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from rrlib.data import datasets
from rrlib.study import __main__ as command
from rrlib.study import fingerprint, stored, tables
from rrlib.study.tables import Group
from rrlib.study.variations import VARIATIONS

FILES = {
    "__init__.py": "",
    "door.py": "from rrlib import upper\n",
    "upper/__init__.py": "from . import roof\nfrom rrlib.upper.roof import tile as slate\n",
    "upper/roof.py": "from rrlib.lower import nail\nfrom rrlib.lower.wall import paint\n",
    "upper/chimney.py": "from rrlib.upper import slate, hut\nfrom rrlib.lower.wall import beam\n",
    "upper/garden.py": "from os import path\nfrom . import roof\nfrom rrlib.lower import plank\n",
    "yard/__init__.py": "from rrlib.lower import plank as board\n",
    "yard/shed.py": "from rrlib.yard import board\nimport rrlib.upper.roof, os.path\n",
    "lower/__init__.py": "from os import nail\nfrom rrlib.lower.wall import beam, plank\n",
    "lower/wall.py": "from rrlib.lower.cellar import beam\npaint = 1\n",
    "lower/cellar.py": "from rrlib.lower.wall import paint\nbeam = 1\n",
}


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A package of eleven files."""
    caches = (fingerprint._imports, fingerprint._bare, fingerprint.code, fingerprint.data)
    for name, text in FILES.items():
        path = tmp_path / "rrlib" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
    monkeypatch.setattr(fingerprint, "PACKAGE", tmp_path / "rrlib")
    for one in caches:
        one.cache_clear()
    yield tmp_path / "rrlib"
    for one in caches:
        one.cache_clear()


def test_names_are_followed_to_where_they_come_from(house):
    """A folder hands names on; a module that imports a name for itself is where it is taken."""
    assert fingerprint._imports("rrlib.upper.chimney") == [
        "rrlib.lower.wall",
        "rrlib.upper",
        "rrlib.upper.roof",
    ]
    assert fingerprint._imports("rrlib.upper.roof") == ["rrlib.lower", "rrlib.lower.wall"]
    assert fingerprint._imports("rrlib.lower.wall") == ["rrlib.lower.cellar"]
    assert fingerprint._imports("rrlib.upper.garden") == ["rrlib.lower.wall"], "handed on"
    assert fingerprint._imports("rrlib.door") == ["rrlib.upper"]
    other = ["rrlib.lower.wall", "rrlib.upper.roof"]
    assert fingerprint._imports("rrlib.yard.shed") == other, "by another name, and imported whole"
    circle = ["rrlib.lower.cellar", "rrlib.lower.wall"]
    assert fingerprint.behind(["rrlib.lower.wall"]) == circle
    assert fingerprint.behind(["rrlib.upper.chimney"]) == [
        "rrlib.lower",
        "rrlib.lower.cellar",
        "rrlib.lower.wall",
        "rrlib.upper",
        "rrlib.upper.chimney",
        "rrlib.upper.roof",
    ]


def test_files_of_modules(house):
    assert fingerprint._file("rrlib.upper.roof") == house / "upper" / "roof.py"
    assert fingerprint._file("rrlib.upper") == house / "upper" / "__init__.py"
    assert fingerprint._file("rrlib.upper.cellar") is None


def test_code_is_that_of_all_modules_behind(house):
    def taken():
        pass

    taken.__module__ = "rrlib.lower.wall"
    sources = [FILES["lower/cellar.py"], FILES["lower/wall.py"]]
    assert fingerprint.code(taken) == fingerprint.digest(*map(fingerprint._bare, sources))


def test_what_counts_in_a_source():
    bare = fingerprint._bare
    plain = "def f(x):\n    return 1 + x\n"
    words = '"""A module."""\n\n# a comment\ndef f(x):\n    """Add one."""\n    return 1 + x\n'
    assert bare(words) == bare(plain) != bare(plain.replace("+", "-"))
    assert bare("def f():\n    'nothing more'\n") == bare("def f():\n    pass\n")
    assert bare("f()\n") != bare("g()\n") and bare("1\n") != bare("2\n"), "no strings"
    assert bare("x = 'a'\n") != bare("x = 'b'\n"), "nor a docstring"
    assert bare("f = lambda x: 1\n") != bare("f = lambda x: 2\n")


def first():
    """Return one."""
    return 1


def second():
    return 2


def test_a_body_is_that_of_the_functions_alone():
    sources = "def first():\n    return 1\n", "def second():\n    return 2\n"
    bare = [fingerprint._bare(source) for source in sources]
    assert fingerprint.body(first, second) == fingerprint.digest(*bare)

    def inner():
        return 3

    inside = fingerprint._bare("def inner():\n    return 3\n")
    assert fingerprint.body(inner) == fingerprint.digest(inside)


def test_a_digest_by_hand():
    assert fingerprint.digest(1, "a") == hashlib.sha256(b"(1, 'a')").hexdigest()[:16]


def test_data_are_files_or_a_twin_and_what_reads_them(tmp_path, monkeypatch, house):
    (house / "data").mkdir()
    for part in ("specs", "datasets", "twins", "wheel"):
        (house / "data" / f"{part}.py").write_text(f"{part} = 1\n")
    read = [fingerprint._bare(f"{part} = 1\n") for part in ("datasets", "twins")]
    read = read, 7, {0: "rooms"}, ("street",), fingerprint.body(first)
    files = tuple(SimpleNamespace(sha256=hash_) for hash_ in ("one", "two"))
    spec = fingerprint.specs.Spec("House", 7, {0: "rooms"}, ("street",), first, files)
    monkeypatch.setitem(fingerprint.specs.SPECS, "house", spec)
    monkeypatch.setattr(fingerprint.twins, "FOLDER", tmp_path)
    (tmp_path / "house.json").write_text("a twin")
    assert fingerprint.data("house", "real") == fingerprint.digest(read, ["one", "two"])
    assert fingerprint.data("house", "twin") == fingerprint.digest(read, "a twin")


def test_versions_are_those_of_four_packages(monkeypatch):
    monkeypatch.setattr(fingerprint, "version", lambda package: f"1.2 of {package}+cpu+x")
    fingerprint.versions.cache_clear()
    expected = [f"1.2 of {package}" for package in ("numpy", "scipy", "scikit-learn", "torch")]
    assert fingerprint.versions() == fingerprint.digest(*expected)
    fingerprint.versions.cache_clear()


@pytest.fixture
def plain(monkeypatch):
    """Fingerprints and stamps that show what they are taken of."""
    shown = {
        "code": lambda *functions: ("code", *functions),
        "body": lambda *functions: ("body", *functions),
        "digest": lambda *parts: parts,
    }
    monkeypatch.setattr(tables, "fingerprint", SimpleNamespace(**shown))
    monkeypatch.setattr(tables.pieces, "stamp_search", lambda *asked: asked)
    monkeypatch.setattr(tables.pieces, "stamp_fit", lambda setting: ("fit", setting))


def test_what_a_stamp_is_made_of(plain):
    results, options = tables.results, VARIATIONS["fewer"].options
    setting = tables.pieces.Setting("adult", "network", 2, "standard", np.inf, "real")
    own = [
        ((setting, "scfe"), {}),
        ((setting, "cchvae"), options["cchvae"]),
        ((setting, "growing_spheres"), options["growing_spheres"]),
    ]
    usual = [(asked, {}) for asked, _ in own]
    models = "fit", setting

    def measure(parts=(), modules=()):
        return ("body", *parts), ("code", *modules), results.SOME

    group = Group("summary", "fewer", "adult", "network", 2, "cchvae")
    parts = results.table, results.safe_distance, tables.common.cap
    expected = models, own[1:2], measure(parts, [tables.metrics.summarise])
    assert tables.stamp(group) == expected
    parts = results.differences, results._rows_in_common
    expected = models, own, measure(parts)
    assert tables.stamp(group._replace(table="differences", method="")) == expected
    parts = results.more_batches, results._mean_change
    expected = models, own + usual, measure(parts)
    assert tables.stamp(group._replace(table="batches", method="")) == expected
    alone = {"losses": tables.losses.losses, "attacked": tables.attacked.attacked}
    alone["surroundings"] = tables.surroundings.surroundings
    for table, function in alone.items():
        asked = group._replace(table=table, variation="paper", method="")
        assert tables.stamp(asked) == (models, [], measure((), [function]))
    asked = group._replace(table="offers", variation="paper", method="")
    expected = models, usual[2:], measure((), [tables.offers.offers])
    assert tables.stamp(asked) == expected
    boxed = setting._replace(scaling="minmax", rows=2000)
    asked = group._replace(table="batches", variation="fewer_minmax", method="")
    assert tables.stamp(asked)[1][3:] == [((boxed, asked[0][1]), {}) for asked in usual]
    assert tables.stamp(group._replace(variation="l2"))[0][1].p == 2


def test_groups_are_listed_in_order():
    found = stored.groups(["fewer", "again"])
    assert found[:4] == [
        Group("summary", "fewer", "adult", "logistic", 0, "cchvae"),
        Group("summary", "fewer", "adult", "logistic", 0, "growing_spheres"),
        Group("summary", "fewer", "adult", "logistic", 1, "cchvae"),
        Group("summary", "fewer", "adult", "logistic", 1, "growing_spheres"),
    ]
    assert found[20] == Group("differences", "fewer", "adult", "logistic", 0, "")
    n = len(datasets.NAMES)
    fewer, again = n * 3 * 10 * (2 + 1 + 1), n * 2 * 5 * 2
    assert found[fewer] == Group("summary", "again", "adult", "logistic", 0, "cchvae")
    assert len(found) == fewer + again
    assert [group.method for group in stored.groups(["l2"])[:3]] == list(VARIATIONS["l2"].methods)


def rows_of(seed, value, dataset="adult", **changes):
    """Two rows of a summary."""
    rows = {
        "dataset": dataset,
        "kind": "network",
        "seed": seed,
        "method": ["scfe", "cchvae"],
        "value": value,
    }
    return pd.DataFrame(rows | changes)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder for the tables, and the stamps of one day."""
    monkeypatch.setattr(stored, "FOLDER", tmp_path / "results")
    monkeypatch.setattr(stored, "stamp", lambda group: f"today, {group.seed}")
    return tmp_path / "results"


def test_the_lines_of_a_file(folder):
    """Variations and datasets in their own order, seeds by number, kinds by name."""
    written = [
        ("paper", 10, 1 / 3, "compas"),
        ("fewer", 0, 2.0, "adult"),
        ("paper", 9, [1e-9, np.nan], "compas"),
        ("paper", 0, [0.0, 1234567.0], "german"),
        ("paper", 1, 1.0, "adult"),
    ]
    for variation, seed, value, dataset in written:
        stored.write(variation, {"summary": rows_of(seed, value, dataset)}, 2.25)
    other = rows_of(1, [5.0, 6.0], kind="logistic")
    both = {"summary": other, "differences": other.drop(columns="method")[:1]}
    stored.write("paper", both, 0.06)
    assert (folder / "paper" / "summary.csv").read_text() == "\n".join(
        [
            "dataset,kind,seed,method,value",
            "adult,logistic,1,scfe,5",
            "adult,logistic,1,cchvae,6",
            "adult,network,1,scfe,1",
            "adult,network,1,cchvae,1",
            "compas,network,9,scfe,1e-09",
            "compas,network,9,cchvae,",
            "compas,network,10,scfe,0.3333",
            "compas,network,10,cchvae,0.3333",
            "german,network,0,scfe,0",
            "german,network,0,cchvae,1.235e+06",
            "",
        ]
    )
    few = (folder / "fewer" / "summary.csv").read_text().splitlines()
    assert few[1:] == ["adult,network,0,scfe,2", "adult,network,0,cchvae,2"]
    assert not list(folder.rglob("*.part"))
    lines = stored.manifest()
    assert list(lines) == [*Group._fields, "stamp", "rows", "seconds"]
    assert len(lines) == 13 and lines["table"].tolist().count("differences") == 1
    assert lines["stamp"].tolist()[:3] == 3 * ["today, 1"]
    row = [["adult", "logistic", "1", "scfe", "5"]]
    assert lines["rows"][0] == fingerprint.digest(row)
    assert lines["seconds"].tolist()[2:5] == ["0.1", "2.2", "2.2"]
    stored.write("paper", {"losses": other.drop(columns="method").assign(value=1 / 3)[:1]}, 0.06)
    assert stored.read("losses", "paper")["value"].tolist() == [0.333333], "losses need more digits"
    kept = stored.read("summary", "fewer")
    assert list(kept) == ["dataset", "kind", "seed", "method", "value"]
    assert kept["value"].tolist() == [2, 2] and kept.index.tolist() == [0, 1]
    assert stored.altered() == []


def test_a_slice_takes_the_place_of_its_older_self(folder):
    stored.write("paper", {"summary": rows_of(1, 1.0)}, 1.0)
    stored.write("paper", {"summary": rows_of(2, 2.0)}, 1.0)
    stored.write("paper", {"summary": rows_of(1, 3.0)}, 7.0)
    assert stored.read("summary", "paper")["value"].tolist() == [3, 3, 2, 2]
    assert stored.manifest()["seconds"].tolist() == ["7.0", "7.0", "1.0", "1.0"]


def test_what_is_stale_and_what_is_altered(folder, monkeypatch):
    stored.write("paper", {"summary": rows_of(1, 1.0)}, 1.0)
    group = Group("summary", "paper", "adult", "network", 1, "scfe")
    of_the_paper = stored.groups(["paper"])
    stale = [one for one in of_the_paper if one not in (group, group._replace(method="cchvae"))]
    assert stored.stale(["paper"]) == stale and len(stored.stale()) == len(stored.groups()) - 2
    monkeypatch.setattr(stored, "stamp", lambda group: f"tomorrow, {group.seed}")
    assert stored.stale(["paper"]) == of_the_paper
    path = folder / "paper" / "summary.csv"
    text = path.read_text()
    path.write_text(text.replace("scfe,1", "scfe,2"))
    assert stored.altered() == [group]
    path.write_text(text + "adult,network,2,scfe,1\n")
    assert stored.altered() == [group._replace(seed=2)], "one that nobody wrote"
    path.write_text("\n".join(text.split("\n")[:1]) + "\n")
    assert stored.altered() == [group._replace(method="cchvae"), group]
    assert stored.altered()[0].table == "summary"


def test_nothing_stored_is_said(folder):
    with pytest.raises(FileNotFoundError, match="summary.csv is not there: python -m rrlib.study"):
        stored.read("summary", "paper")
    assert list(stored.manifest()) == [*Group._fields, "stamp", "rows", "seconds"]
    assert stored.altered() == []


@pytest.fixture
def asked(monkeypatch):
    """What is asked of the study; each table holds its name, its method and what it is made of."""

    def tagged(name):
        return lambda *given: pd.DataFrame(
            {"made": name, "method": ["scfe", "cchvae"], "of": [given] * 2}
        )

    for name in tables.TABLES:
        table = tables.TABLES[name]._replace(make=tagged(name))
        monkeypatch.setitem(tables.TABLES, name, table)
    monkeypatch.setattr(stored.results, "more_batches", tagged("batches"))
    one, asked = SimpleNamespace(dataset="adult", kind="network"), []
    monkeypatch.setattr(stored.sweep, "compute", lambda *given: asked.append(given) or one)
    return one, asked


def test_a_slice_is_computed_for_each_table(asked, monkeypatch):
    one, asked = asked
    monkeypatch.setattr(stored, "perf_counter", iter([10.0, 12.5, 0.0, 0.0]).__next__)
    found, seconds = stored.compute("fewer", "adult", "network", 2, cache=False)
    assert seconds == 2.5
    setting = tables.pieces.Setting("adult", "network", 2, "standard", np.inf, "real")
    few, usual = VARIATIONS["fewer"], VARIATIONS["paper"]
    assert asked == [
        (setting, few.methods, few.options, False),
        (setting, usual.methods, usual.options, False),
    ]
    expected = {
        "summary": ([one],),
        "differences": ([one],),
        "batches": ([one], [one], stored.variations.BATCH),
    }
    assert list(found) == list(expected)
    for name, table in found.items():
        assert (table["made"][0], table["of"][0]) == (name, expected[name])
    assert found["summary"]["method"].tolist() == ["cchvae"], "SCFE draws no samples"
    assert found["differences"]["method"].tolist() == ["scfe", "cchvae"]
    found, _ = stored.compute("l2", "adult", "network", 2)
    setting, _, _, cache = asked[-1]
    assert (setting.p, setting.rows, cache) == (2, 2000, True)
    assert list(found) == ["summary"]
    assert found["summary"]["method"].tolist() == ["scfe", "cchvae"]


def test_what_is_not_asked_for_is_not_searched(asked):
    _, asked = asked
    found, _ = stored.compute("paper", "adult", "network", 2, ("losses", "offers"))
    assert list(found) == ["losses", "offers"]
    assert [given[1:3] for given in asked] == [(("growing_spheres",), {})]
    stored.compute("paper", "adult", "network", 2, ("losses",))
    assert asked[-1][1:3] == ((), {})
    stored.compute("fewer", "adult", "network", 2, ("differences",))
    fewer = VARIATIONS["fewer"]
    assert len(asked) == 3 and asked[-1][1:3] == (fewer.methods, fewer.options)


def test_what_is_stale_is_made_slice_by_slice(folder, monkeypatch):
    group = Group("summary", "paper", "adult", "network", 1, "scfe")
    other = group._replace(table="losses", method="")
    later = group._replace(seed=2)
    todo = command.by_slice([group, group._replace(method="cchvae"), later, other])
    assert todo == {group[1:5]: ("summary", "losses"), later[1:5]: ("summary",)}
    rows = rows_of(1, 1.0)
    stored.write("paper", {"summary": rows}, 3.0)
    stored.write("paper", {"losses": rows.drop(columns="method")[:1]}, 5.0)
    assert command.estimate(todo) == {group[1:5]: 5.0, later[1:5]: command.UNKNOWN}


def test_how_far_tables_are_apart():
    """Of a stored 3 a thousandth of 1 + 3 is allowed."""
    kept = pd.DataFrame({"method": ["a", "b"], "cost": [3.0, np.nan], "n": [1, 2]})
    assert stored.largest_difference(kept, kept) == 0
    for cost, apart in ((3.002, 0.5), (2.998, 0.5), (3.008, 2.0)):
        live = kept.assign(cost=[cost, np.nan])
        assert stored.largest_difference(live, kept) == pytest.approx(apart)
    assert stored.largest_difference(kept.assign(n=[1, 3]), kept) == pytest.approx(1 / 0.003)
    live = kept.assign(cost=[np.nan, np.nan])
    assert stored.largest_difference(live, kept) == np.inf

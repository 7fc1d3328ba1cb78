"""Fingerprints and stored tables: what makes them stale, what does not, and what is noticed."""

import re
import shutil
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest

from rrlib.audit import cost
from rrlib.data import datasets
from rrlib.models import fit_logistic, fit_network
from rrlib.recourse import cchvae
from rrlib.study import fingerprint, stored
from rrlib.study.tables import TABLES
from rrlib.study.variations import VARIATIONS

GROUPS = stored.groups()
COMPARED = ("differences", "batches")
SPHERES = ("offers", "acceptance", "parts", "payers", "choices", "remedies", "transfers")
"""Tables that compare methods."""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package's sources that fingerprints are taken from."""
    copy = tmp_path / "rrlib"
    shutil.copytree(fingerprint.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(fingerprint, "PACKAGE", copy)
    forget()
    yield copy
    monkeypatch.undo()
    forget()


def forget():
    """Let fingerprints be taken anew."""
    named = (
        fingerprint.code,
        fingerprint.of_modules,
        fingerprint.data,
        fingerprint.versions,
        fingerprint._imports,
    )
    for function in named:
        function.cache_clear()


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    forget()


def stamps():
    return {group: stored.stamp(group) for group in GROUPS}


@pytest.fixture(scope="module")
def before():
    """The stamps of the package as it is, which are those of its copy."""
    forget()
    return stamps()


def test_a_module_is_followed_through_the_rooms():
    assert fingerprint.behind(["rrlib.recourse.scfe"]) == [
        "rrlib.models.checks",
        "rrlib.models.family",
        "rrlib.recourse.common",
        "rrlib.recourse.newton",
        "rrlib.recourse.scfe",
    ]
    assert "rrlib.models.minimiser" in fingerprint.behind([fit_logistic.__module__])
    assert "rrlib.models.minimiser" not in fingerprint.behind([fit_network.__module__])
    assert "rrlib.models.decoder" in fingerprint.behind([cchvae.__module__])
    assert "rrlib.study.metrics" in fingerprint.behind([cost.__name__]), "through study/__init__"


def test_words_make_nothing_stale(before, package):
    path = package / "recourse" / "growing_spheres.py"
    change(path, '"""Growing spheres', '"""Spheres that grow')
    change(path, "    start, target = start_and", "    # A comment.\n    start, target = start_and")
    assert stamps() == before


@pytest.mark.parametrize(
    "file, old, new, concerned",
    [
        (
            "recourse/growing_spheres.py",
            "width / 2",
            "width / 3",
            lambda group: group.method == "growing_spheres" or group.table in (*COMPARED, *SPHERES),
        ),
        (
            "models/minimiser.py",
            "np.log(share / (1 - share))",
            "np.log(share)",
            # Certified training starts from linear models, and the choices have linear ones, too.
            lambda group: group.kind != "network" or group.table == "choices",
        ),
        (
            "models/decoder.py",
            "torch.sigmoid",
            "torch.tanh",
            lambda group: group.method == "cchvae" or group.table in COMPARED,
        ),
        ("data/wheel.py", "import hashlib", "import hashlib as sums", lambda group: False),
        ("data/specs.py", "NAMES = (", "MORE = {}\nNAMES = (", lambda group: False),
    ],
    ids=[
        "growing spheres",
        "logistic regression",
        "decoder",
        "how files are found",
        "another dataset",
    ],
)
def test_a_formula_makes_stale_what_depends_on_it(before, package, file, old, new, concerned):
    change(package / file, old, new)
    after = stamps()
    changed = {group for group in GROUPS if before[group] != after[group]}
    assert changed == set(filter(concerned, GROUPS)), "these, and nothing else"


def test_the_data_have_their_part_in_a_stamp(monkeypatch):
    group = GROUPS[0]
    before = stored.stamp(group)
    raw = fingerprint.specs.SPECS[group.dataset].files[0]
    spec = fingerprint.specs.SPECS[group.dataset]
    other = spec._replace(files=(raw._replace(sha256="0" * 64), *spec.files[1:]))
    monkeypatch.setitem(fingerprint.specs.SPECS, group.dataset, other)
    forget()
    assert stored.stamp(group) != before
    forget()


@pytest.mark.parametrize("name", ["numpy", "scipy", "scikit-learn", "torch"])
def test_versions_have_their_part_in_a_stamp(monkeypatch, name):
    def another(package):
        return "0.0" if package == name else version(package)

    before = stored.stamp(GROUPS[0])
    monkeypatch.setattr(fingerprint, "version", another)
    forget()
    assert stored.stamp(GROUPS[0]) != before
    monkeypatch.undo()
    forget()


def test_options_have_their_part_in_a_stamp(monkeypatch):
    group = next(
        group for group in GROUPS if group.variation == "fewer" and group.method == "cchvae"
    )
    options = VARIATIONS["fewer"].options | {"cchvae": {"samples": 31}}
    other = VARIATIONS["fewer"]._replace(options=options)
    before = stored.stamp(group)
    monkeypatch.setitem(VARIATIONS, "fewer", other)
    assert stored.stamp(group) != before


def test_nothing_that_is_stored_is_stale():
    stale = stored.stale()
    assert not stale, f"python -m rrlib.study makes {len(stale)} groups again, such as {stale[0]}"


def test_the_tables_take_at_most_five_megabytes():
    assert sum(path.stat().st_size for path in stored.FOLDER.rglob("*.csv")) <= 5e6


def test_no_stored_row_is_altered():
    assert not stored.altered()


def test_an_altered_digit_is_noticed(tmp_path, monkeypatch):
    shutil.copytree(stored.FOLDER / "paper", tmp_path / "paper")
    header, *manifest = (stored.FOLDER / "manifest.csv").read_text().splitlines()
    manifest = [line for line in manifest if line.split(",")[1] == "paper"]
    (tmp_path / "manifest.csv").write_text("\n".join([header, *manifest]) + "\n")
    monkeypatch.setattr(stored, "FOLDER", tmp_path)
    assert not stored.altered()
    path = tmp_path / "paper" / "summary.csv"
    lines = path.read_text().splitlines()
    row = lines[100]
    digit = next(char for char in reversed(row) if char.isdigit())
    lines[100] = row[::-1].replace(digit, str((int(digit) + 1) % 10), 1)[::-1]
    path.write_text("\n".join(lines) + "\n")
    (group,) = stored.altered()
    assert group.variation == "paper"
    assert [group.dataset, group.kind] == row.split(",")[:2]
    path.write_text("\n".join(lines[:100] + lines[101:]) + "\n")
    assert stored.altered(), "a row that is missing is noticed too"


def test_tables_are_written_slice_by_slice(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "FOLDER", tmp_path / "results")
    later, earlier = (table_of(seed) for seed in (1, 0))
    assert len(stored.stale(["again"])) == len(stored.groups(["again"]))
    stored.write("again", {"summary": later}, 2.0)
    stored.write("again", {"summary": earlier}, 3.0)
    stored.write("again", {"summary": later.assign(validity=0.25)}, 4.0)
    kept = stored.read("summary", "again")
    assert kept["seed"].tolist() == [0, 0, 1, 1], "in the usual order"
    assert kept["validity"].tolist() == [0.3333] * 2 + [0.25] * 2
    assert np.isnan(kept["cost"]).all(), "what is not known stays so"
    assert not stored.altered()
    fresh = [group for group in stored.groups(["again"]) if group not in stored.stale(["again"])]
    assert {(group.dataset, group.kind, group.seed) for group in fresh} == {
        ("adult", "network", 0),
        ("adult", "network", 1),
    }
    assert stored.manifest()["seconds"].tolist() == ["3.0"] * 2 + ["4.0"] * 2


def table_of(seed):
    return pd.DataFrame(
        {
            "dataset": "adult",
            "kind": "network",
            "seed": seed,
            "method": ["cchvae", "growing_spheres"],
            "validity": 1 / 3,
            "cost": np.nan,
        }
    )


def test_a_difference_is_measured_by_what_is_allowed():
    table = pd.DataFrame({"method": ["scfe"] * 3, "cost": [0.0, 2.0, np.nan]})
    near = table.assign(cost=[0.0005, 2.0, np.nan])
    assert stored.largest_difference(near, table) == pytest.approx(0.5)
    far = table.assign(cost=[0.0, 2.006, np.nan])
    assert stored.largest_difference(far, table) == pytest.approx(2.0)
    assert stored.largest_difference(table.assign(cost=[0.0, 2.0, 1.0]), table) == np.inf
    assert stored.largest_difference(table.assign(method="gs"), table) == np.inf
    assert stored.largest_difference(table[:2], table) == np.inf


def test_rounding_takes_at_most_half_of_what_is_allowed():
    """Of a number just above 1, 10 and so on, whose last digit is largest beside it."""
    for table in TABLES.values():
        for number in (1.0, 10.0, 100.0):
            rounded = number * 0.5 * 10 ** (1 - table.digits)
            assert rounded <= (stored.CLOSE + stored.CLOSE * number) / 2


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_the_digits_that_it_says(name):
    for path in stored.FOLDER.glob(f"*/{name}.csv"):
        numbers = re.findall(r"(?<=,)-?(\d*\.\d+)", path.read_text())
        digits = {len(number.replace(".", "").lstrip("0")) for number in numbers}
        assert max(digits) == TABLES[name].digits, path


def test_a_variation_stores_a_group_for_each_table_slice_and_method():
    summaries = [group for group in GROUPS if group.table == "summary"]
    n = len(datasets.NAMES)
    slices = {name: n * sum(map(len, one.seeds.values())) for name, one in VARIATIONS.items()}
    methods = dict.fromkeys(slices, 3) | {"fewer": 2, "fewer_minmax": 2, "again": 2}
    methods |= {"equal": 0, "equal_minmax": 0, "choices": 0}
    assert len(summaries) == sum(slices[name] * methods[name] for name in slices)
    assert {group.method for group in GROUPS if group.table != "summary"} == {""}
    assert len(set(GROUPS)) == len(GROUPS)

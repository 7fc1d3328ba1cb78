"""A release: one version, and a wheel and a source archive that work without a clone."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import rrlib

ROOT = Path(__file__).resolve().parents[1]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
OTHERS = sysconfig.get_path("purelib")
"""Where this environment keeps the packages that the wheel needs."""


def test_the_version_stands_in_one_place():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert str(citation["version"]) == VERSION
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert f"\n## {VERSION}\n" in changes
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        rrlib.nothing  # noqa: B018


def run(*command, **how):
    """Run a command where PYTHONPATH does not lead to this clone; return what it printed."""
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    alone["JUPYTER_PATH"] = str(Path(OTHERS).parents[2] / "share" / "jupyter")
    done = subprocess.run(command, capture_output=True, text=True, env=alone, **how)
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """A folder with the source archive, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def python(archives, tmp_path_factory):
    """The Python of an environment with the wheel; other packages are those of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    (wheel,) = archives.glob("*.whl")
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", wheel)
    packages = sysconfig.get_path("purelib", vars={"base": str(folder)})
    Path(packages, "others.pth").write_text(OTHERS + "\n")
    return python


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Another folder, from which this clone is not to be seen."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_wheel_is_what_is_imported(python, elsewhere):
    say = "import rrlib; print(rrlib.__version__, rrlib.__file__)"
    version, place = run(python, "-c", say).split(maxsplit=1)
    assert version == VERSION and not Path(place).is_relative_to(ROOT)


@pytest.mark.slow
def test_the_ledger_is_that_of_the_clone(python, elsewhere):
    ledger = run(python, "-m", "rrlib.claims")
    assert "C1" in ledger and ledger == run(sys.executable, "-m", "rrlib.claims", cwd=ROOT)


@pytest.mark.slow
def test_a_table_of_ones_own_becomes_a_report(python, elsewhere):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"age": rng.integers(20, 60, 200), "income": rng.normal(size=200)})
    score = rows["income"] + rng.normal(size=200)
    rows.assign(approved=np.where(score > 0, "yes", "no")).to_csv("table.csv", index=False)
    asked = ("table.csv", "--label", "approved", "--favourable", "yes", "--quiet")
    assert "written: report.html" in run(python, "-m", "rrlib.yours", *asked)
    assert "<html" in (elsewhere / "report.html").read_text()


@pytest.mark.slow
def test_the_source_archive_holds_the_project(archives):
    (path,) = archives.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tracked = run("git", "ls-files", cwd=ROOT).splitlines()
    hidden = {".gitignore", ".pre-commit-config.yaml", "environment.yml"}
    missing = {name for name in tracked if not name.startswith((".ci/", ".github/"))} - names
    assert missing <= hidden

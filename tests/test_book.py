"""The sources of the book: text and notebooks in step, a strict build, complete pins."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from base64 import b64decode
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from PIL import Image

import refresh
from rrlib.data import datasets

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
NOTEBOOKS = sorted(BOOK.glob("*.ipynb"))
IMAGES = {"image/png", "image/jpeg", "image/svg+xml"}
MACHINE = re.compile(r"(?<![\w:/.])/(?:[\w.-]+/)+[\w.-]+|https?://|\b0x[0-9a-f]{6,}")

LOADS_DATA = re.compile(
    r"\bload\(|study\.run\(|gather\(|variation\(|vae_of\(|claims\.ledger\(|robust_accuracy\("
    r"|fewer_valid_points\(|lemma1\("
)

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path):
    return [
        cell
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code" and cell.source.strip()
    ]


def printed(output):
    """All text of an output, images left out."""
    data = output.get("data", {})
    return "\n".join(
        [output.get("text", "")]
        + [str(value) for kind, value in data.items() if kind not in IMAGES]
    )


def chapters():
    """The files that the table of contents names."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())

    def walk(node):
        if isinstance(node, list):
            for child in node:
                yield from walk(child)
        elif isinstance(node, dict):
            for key, child in node.items():
                if key in ("root", "file"):
                    yield child
                else:
                    yield from walk(child)

    return list(walk(toc))


def test_the_first_page_has_the_commands_of_the_readme():
    commands = (ROOT / "README.md").read_text().split("```")[1]
    assert commands in (BOOK / "text" / "index.md").read_text()


def test_every_notebook_has_a_text():
    assert {path.stem for path in NOTEBOOKS} == {path.stem for path in (BOOK / "text").glob("*.md")}


def test_the_table_of_contents_is_complete():
    pages = {path.stem for path in NOTEBOOKS} | {path.stem for path in BOOK.glob("*.md")}
    assert sorted(chapters()) == sorted(f"book/{page}" for page in pages)


@each_notebook
def test_text_and_notebook_agree(path):
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    assert notebook == refresh.convert(BOOK / "text" / f"{path.stem}.md"), (
        f"run: python book/refresh.py {path.stem}"
    )


@each_notebook
def test_every_cell_has_run_once_in_order(path):
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


@each_notebook
def test_outputs_are_fit_to_store(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            assert output.output_type != "error" and output.get("name") != "stderr", cell.source
            found = MACHINE.search(printed(output))
            assert not found, (
                f"an output holds {found.group()!r}, which is another one on the next machine:\n"
                f"{cell.source}"
            )


@each_notebook
def test_stored_figures_are_sharp(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            if "image/png" in output.get("data", ()):
                image = Image.open(BytesIO(b64decode(output.data["image/png"])))
                assert image.info["dpi"] == pytest.approx((220, 220), abs=0.1)


@each_notebook
def test_a_cell_that_loads_data_hides_the_warning_of_a_twin(path):
    for cell in code_cells(path):
        if LOADS_DATA.search(cell.source):
            assert "remove-stderr" in cell.metadata.get("tags", []), (
                f"where a twin takes the data's place the build fails on:\n{cell.source}"
            )


def test_every_figure_has_name_caption_and_alt_text():
    names = []
    for path in NOTEBOOKS:
        for cell in code_cells(path):
            if any(IMAGES & set(output.get("data", {})) for output in cell.outputs):
                shown = cell.metadata.get("mystnb", {})
                figure, image = shown.get("figure", {}), shown.get("image", {})
                assert figure.get("name") and figure.get("caption") and image.get("alt"), (
                    f"{path.name}:\n{cell.source}"
                )
                names.append(figure["name"])
    assert len(names) == len(set(names))


@pytest.mark.slow
@pytest.mark.parametrize("data, outcome", [("real", "2 failed"), ("twin", "1 failed, 1 passed")])
def test_a_twin_lifts_the_comparison_of_data_cells_alone(tmp_path, data, outcome):
    environment = dict(os.environ)
    if data == "twin":
        environment["RRLIB_DATA"] = "twin"
    elif {datasets.source(name) for name in datasets.NAMES} != {"real"}:
        pytest.skip("the real data are not to be had on this machine")
    shutil.copy(BOOK / "conftest.py", tmp_path)
    wrong = [nbformat.v4.new_output("stream", name="stdout", text="another output\n")]
    cells = [
        nbformat.v4.new_code_cell(
            "print(1)", execution_count=1, outputs=wrong, metadata={"tags": ["data"]}
        ),
        nbformat.v4.new_code_cell("print(2)", execution_count=2, outputs=wrong),
    ]
    nbformat.write(
        nbformat.v4.new_notebook(cells=cells, metadata=refresh.METADATA), tmp_path / "page.ipynb"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        ROOT / "pyproject.toml",
        "--rootdir",
        tmp_path,
        "--nbval",
        tmp_path,
    ]
    report = subprocess.run(command, capture_output=True, text=True, env=environment).stdout
    assert outcome in report, report
    assert ("NOT compared" in report) == (data == "twin"), report


def test_constraints_pin_every_dependency_as_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    pins = {canonicalize_name(name): Version(pin) for name, pin in pins.items()}
    declared = [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]
    for requirement in map(Requirement, declared):
        name = canonicalize_name(requirement.name)
        if name == "rrlib":
            continue
        assert name in pins, f"constraints.txt does not pin {name}"
        assert pins[name] in requirement.specifier, (
            f"{name}: {pins[name]} is outside {requirement.specifier}"
        )
        installed = Version(version(name)).public
        assert installed == str(pins[name]), (
            f"{name} {installed} is installed, constraints.txt says {pins[name]}"
        )

"""Kernels that are forked with the libraries in memory: like those that start from nothing."""

import sys
import time

import nbformat
import pytest
from jupyter_client.provisioning import KernelProvisionerFactory
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from _ext import kernels

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels start as usual")


@pytest.fixture
def usual(monkeypatch):
    """Kernels start as usual, until `kernels.preload` is called."""
    factory = KernelProvisionerFactory.instance()
    monkeypatch.setattr(factory, "default_provisioner_name", "local-provisioner")


@pytest.fixture
def forked(usual):
    """Kernels are forked."""
    kernels.preload()


def outputs(*sources, timeout=60):
    """Run cells in one kernel; return what each printed or showed."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=timeout, extra_arguments=["--log-level=ERROR"]).execute()
    shown = []
    for cell in notebook.cells:
        for output in cell.outputs:
            shown.append(output["text"].strip() if "text" in output else sorted(output["data"]))
    return shown


@pytest.mark.parametrize("way", ["usual", "forked"])
def test_a_page_finds_what_it_finds_in_a_usual_kernel(way, request, tmp_path, monkeypatch):
    request.getfixturevalue(way)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RRLIB_MARK", "here")
    found = outputs(
        "import os, sys; print(any(name.startswith('rrlib') for name in sys.modules))",
        "print('torch' in sys.modules)",
        "print(os.environ['RRLIB_MARK'], os.getcwd(), __name__)",
        "import pandas; print(pandas.get_option('display.max_columns'))",
        "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()",
        "from subprocess import run; print(run('exit 3', shell=True).returncode)",
        "from joblib import Parallel, delayed; print(Parallel(2)([delayed(abs)(-1)]))",
    )
    known = str(way == "forked")
    where = f"here {tmp_path} __main__"
    picture = ["image/png", "text/plain"]
    assert found == ["False", known, where, "20", picture, "3", "[1]"]


def test_a_cell_that_raises_is_reported(forked):
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        outputs("1 / 0")


def test_a_kernel_that_dies_is_reported(forked):
    with pytest.raises(DeadKernelError):
        outputs("import os; os._exit(1)")


def test_a_cell_that_takes_too_long_is_stopped(forked):
    start = time.monotonic()
    with pytest.raises(CellTimeoutError):
        outputs("import time; time.sleep(60)", timeout=1)
    assert time.monotonic() - start < 30

"""Kernels that are forked with the libraries in memory: like those that start from nothing."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from jupyter_client.provisioning import KernelProvisionerFactory
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from _ext import kernels

BOOK = Path(kernels.__file__).resolve().parents[1]

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


@pytest.mark.slow
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
        "import multiprocessing; print(multiprocessing.get_start_method())",
    )
    known, start = str(way == "forked"), multiprocessing.get_start_method()
    where = f"here {tmp_path} __main__"
    picture = ["image/png", "text/plain"]
    assert found == ["False", known, where, "20", picture, "3", "[1]", start]


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


SCRIPT = """
import sys
import beside
sys.path.insert(0, sys.argv[1])
from jupyter_client.manager import start_new_kernel
from _ext import kernels
if __name__ == "__main__":
    kernels.preload()
    manager, client = start_new_kernel()
    client.execute_interactive("import sys; print('beside' in sys.modules)")
    print(sys.modules["__main__"].__file__ == __file__)
    manager.shutdown_kernel(now=True)
"""


@pytest.mark.slow
def test_a_kernel_does_not_import_the_script_that_asked_for_it(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    (tmp_path / "beside.py").touch()
    command = [sys.executable, script, BOOK]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["False", "True"]


LEAVES = """
import os, signal
from jupyter_client.manager import start_new_kernel
from _ext import kernels
kernels.preload()
manager, client = start_new_kernel()
print(manager.provisioner.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_a_kernel_leaves_with_the_process_that_asked_for_it():
    done = subprocess.run(
        [sys.executable, "-c", LEAVES], capture_output=True, text=True, cwd=BOOK, check=False
    )
    pid = int(done.stdout)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    raise AssertionError("the kernel stays")

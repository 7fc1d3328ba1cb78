"""Kernels that start with the libraries in memory.

To import PyTorch, pandas and Matplotlib takes seconds, anew for every page. After
`preload` this process forks its kernels from a server that has imported them, and
nothing else: each page runs in a process of its own and imports `rrlib` itself. The
server starts at once, and imports while this process goes on.
Where processes cannot be forked safely, kernels start as usual.
"""

import multiprocessing
import os
import signal
import sys
from importlib.metadata import EntryPoint
from multiprocessing import forkserver
from threading import Lock, Thread
from types import ModuleType

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

NAME = "forked-provisioner"
LIBRARIES = [
    "IPython.core.interactiveshell",
    "ipykernel.kernelapp",
    "joblib",
    "matplotlib.pyplot",
    "pandas",
    "scipy.optimize",
    "scipy.stats",
    "sklearn.decomposition",
    "sklearn.model_selection",
    "torch._dynamo",
]
"""What pages import anyway, torch._dynamo with their first optimiser."""

FORK = multiprocessing.get_context(
    "forkserver" if sys.platform == "linux" else None
)
ONE_BY_ONE = Lock()
"""Held while a process starts."""


def preload():
    """Have the kernels that this process starts from now on forked, on Linux."""
    if sys.platform != "linux":
        return
    FORK.set_forkserver_preload(LIBRARIES)
    forkserver.ensure_running()
    factory = KernelProvisionerFactory.instance()
    group = KernelProvisionerFactory.GROUP_NAME
    factory.provisioners[NAME] = EntryPoint(NAME, f"{__name__}:Forked", group)
    factory.default_provisioner_name = NAME


class Forked(LocalProvisioner):
    """Starts a kernel on this machine by forking the server."""

    async def launch_kernel(self, cmd, **kwargs):
        """Start a kernel; return how to connect to it."""
        quiet = kwargs.get("stderr") is not None
        place = kwargs["env"], kwargs.get("cwd")
        self.process = Kernel(
            FORK.Process(target=run, args=(cmd[3:], quiet, *place))
        )
        self.pid = self.pgid = self.process.pid
        return self.connection_info


class Kernel:
    """A process, with those methods of a `subprocess.Popen` that are asked for."""

    stdin = stdout = stderr = None

    def __init__(self, process):
        with ONE_BY_ONE:
            start_alone(process)
        self.process, self.pid = process, process.pid

    def poll(self):
        return self.process.exitcode

    def wait(self):
        self.process.join()
        return self.process.exitcode

    def send_signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        self.process.kill()

    def terminate(self):
        self.process.terminate()


def start_alone(process):
    """Start a process that does not import the script which runs here."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        process.start()
    finally:
        sys.modules["__main__"] = script


def end_with_parent():
    """Wait until the process that asked for this one is gone, and leave."""
    multiprocessing.parent_process().join()
    os._exit(1)


def run(arguments, quiet, env, folder):
    """Be a kernel: what a process does that has just been forked."""
    import matplotlib
    import pandas
    from ipykernel.kernelapp import IPKernelApp

    os.setsid()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder or ".")
    multiprocessing.set_start_method(None, force=True)  # a page has the usual one
    signal.signal(signal.SIGINT, signal.default_int_handler)
    Thread(target=end_with_parent, daemon=True).start()
    if quiet:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
    # Both were set at the import, which did not happen in a kernel.
    pandas.set_option("display.max_columns", 20)
    matplotlib.rcParams["backend"] = "module://matplotlib_inline.backend_inline"
    parent = f"--IPKernelApp.parent_handle={os.getppid()}"
    IPKernelApp.launch_instance([*arguments, parent])

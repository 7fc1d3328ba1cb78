"""How many single changes to a module its own fast tests notice.

Run it from the root with ``python tests/mutation/run.py [module ...]``, such as ``audit.evidence``;
without a name it runs all that `modules.toml` lists. Some mutants of each module are drawn at
random, the same on every run; each is tried in a process of its own, in memory alone: no file is
changed. It exits with 1 if somewhere fewer than 95 of 100 are noticed, of those that are not listed
as equivalent.
"""

import argparse
import ast
import gc
import importlib
import importlib.abc
import importlib.util
import json
import os
import random
import signal
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import pytest
from mutants import mutants

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WANTED = 0.95
LIMIT_S = 15
"""A mutant that takes longer than this, of the processor's time, is noticed: its tests would never
end. On a busy machine no other mutant does."""
WAIT_S = 300
"""So is one that takes this by the clock: it waits for what never comes."""


class OneModule(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from a given tree instead of its file."""

    def __init__(self, name, path, tree):
        self.name, self.path, self.tree = name, path, tree

    def find_spec(self, fullname, path=None, target=None):
        """Answer for the one module alone."""
        if fullname == self.name:
            return importlib.util.spec_from_file_location(fullname, self.path, loader=self)
        return None

    def get_code(self, fullname):
        """Compile the tree, also for who runs the module as a command."""
        return compile(self.tree, str(self.path), "exec")

    def exec_module(self, module):
        """Run the tree."""
        exec(self.get_code(self.name), module.__dict__)


def passes(tests, finder=None, loaded=None):
    """Whether tests pass in a process of their own, which writes what it imported to a file."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(quiet, stream)
        signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
        signal.alarm(WAIT_S)
        gc.disable()
        if finder:
            sys.meta_path.insert(0, finder)
        options = ["-x", "-q", "--tb=no", "--assert=plain", "-o", "addopts="]
        options += ["-p", "no:nbval", "-p", "no:cacheprovider"]
        code = 9
        try:
            code = pytest.main([*options, *tests])
        finally:
            if loaded:
                Path(loaded).write_text(json.dumps(sorted(sys.modules)))
            os._exit(int(code))
    _, status = os.waitpid(child, 0)
    return status == 0


def preload(tests):
    """Run the tests once as they are, and import here what they import from elsewhere."""
    with tempfile.NamedTemporaryFile() as file:
        if not passes(tests, loaded=file.name):
            sys.exit(f"the tests fail as they are: {' '.join(tests)}")
        names = json.loads(Path(file.name).read_text())
    own = {path.stem for path in (ROOT / "tests").rglob("*.py")} | {"rrlib", "conftest"}
    for name in names:
        if name.split(".")[0] not in own and "pytest" not in name:
            try:
                importlib.import_module(name)
            except Exception:  # parts of packages that cannot be imported by name
                continue


def names(mutant):
    """Return what a mutant may be listed as: its text, or its text and the line that it is on."""
    return mutant.text, f"{mutant.text} @ {mutant.code}"


def check_listed(name, listed, all_of_them):
    """Stop where what is listed as equivalent is no mutant's name, or is on several lines."""
    lines = {}
    for mutant in all_of_them:
        for each in names(mutant):
            lines.setdefault(each, set()).add(mutant.line)
    for each in listed:
        on = sorted(lines.get(each, ()))
        if len(on) != 1:
            sys.exit(f"{name}: listed as equivalent, and on lines {on}: {each}")


def judge(name, settings, most, seed):
    """Try a module's mutants; return whether enough are noticed."""
    path = ROOT / "rrlib" / f"{name.replace('.', '/')}.py"
    all_of_them = mutants(path.read_text())
    listed = settings.get("equivalent", {})
    check_listed(name, listed, all_of_them)
    rng = random.Random(f"{seed} {name}")
    drawn = sorted(rng.sample(range(len(all_of_them)), min(most, len(all_of_them))))
    preload(settings["tests"])
    gc.collect()
    gc.freeze()  # a collection in the processes to come would copy all their memory
    unchanged = OneModule(f"rrlib.{name}", path, ast.parse(path.read_text()))
    if not passes(settings["tests"], unchanged):
        sys.exit(f"{name}: the tests fail on the module as it is, loaded as its mutants are")
    start, left = time.monotonic(), []
    for k in drawn:
        mutant = all_of_them[k]
        if passes(settings["tests"], OneModule(f"rrlib.{name}", path, mutant.tree)):
            left.append(mutant)
    killed = len(drawn) - len(left)
    print(
        f"{name}: {killed} of {len(drawn)} noticed ({len(all_of_them)} in all), "
        f"{time.monotonic() - start:.0f} s"
    )
    different = len(drawn)
    for mutant in left:
        reasons = [listed[each] for each in names(mutant) if each in listed]
        different -= bool(reasons)
        print(f"    line {mutant.line}, {mutant.text}: {(reasons or ['NOT NOTICED'])[0]}")
    sys.stdout.flush()
    return killed >= WANTED * different


def main():
    """Judge the modules that are named, or all."""
    settings = tomllib.loads((HERE / "modules.toml").read_text())
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("modules", nargs="*", help="such as audit.evidence; all if omitted")
    parser.add_argument("--most", type=int, default=settings["most"], help="mutants of a module")
    parser.add_argument("--seed", type=int, default=settings["seed"], help="of the draw")
    options = parser.parse_args()
    os.chdir(ROOT)
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(ROOT))
    modules = settings["modules"]
    names = options.modules or list(modules)
    good = [judge(name, modules[name], options.most, options.seed) for name in names]
    sys.exit(not all(good))


if __name__ == "__main__":
    main()

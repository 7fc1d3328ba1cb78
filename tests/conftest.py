"""Settings of all tests: the same examples on every run and machine, and one thread.

At the end of a run, the seconds by test file.
"""

import os
from collections import Counter

import pytest
from hypothesis import settings
from playwright.sync_api import sync_playwright

from browser import CHROMIUM

settings.register_profile("book", derandomize=True, deadline=None)
settings.load_profile("book")
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def every_warning():
    """Torch warns once a process unless it is told to warn every time."""
    import torch  # which only takes time where tests are handed out and none is run

    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)


@pytest.fixture
def says(capsys):
    """What a check of an exercise prints about an answer."""

    def verdict(judge, *given):
        judge(*given)
        return capsys.readouterr().out

    return verdict


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


def pytest_terminal_summary(terminalreporter):
    seconds = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid.split("::")[0]] += report.duration
    if len(seconds) > 1:
        terminalreporter.section("seconds by file")
        for file, duration in seconds.most_common():
            terminalreporter.write_line(f"{duration:7.1f} s  {file}")

"""``python -m rrlib.yours``: what the command line asks for, and what is wrong said in one line."""

import re

import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from rrlib.yours import __main__ as command
from rrlib.yours import report

N = 200


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"age": rng.integers(20, 60, N), "a, b $x$": rng.normal(size=N)})
    rows["sex"] = np.where(rng.random(N) < 0.5, "f", "m")
    score = rows["a, b $x$"] + rng.normal(size=N)
    rows["approved"] = np.where(score > 0.5, "yes", "no")
    rows.to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


def asked(path, *more):
    line = [str(path), "--label", "approved", "--favourable", "yes", *more]
    return command.to_parameters(command.parse(line))


def test_options_become_the_parameters_of_the_chapter(path):
    line = ["--immutable", 'age,"a, b $x$"', "--range", "age", "18", "99", "--rows", "3,5"]
    found = asked(path, *line, "--group", "sex")
    assert found["immutable"] == ["age", "a, b $x$"]
    assert found["ranges"] == {"age": [18.0, 99.0]}
    assert (found["people"], found["groups"], found["seeds"]) == ([3, 5], ["sex"], [0, 1, 2])
    assert asked(path)["people"] is None and asked(path)["most"] == 2000
    full = asked(path, "--full")
    assert full["full"] and len(full["seeds"]) == 5 and full["most"] > 10**6


def test_the_chapter_has_exactly_these_parameters(path):
    text = report.CHAPTER.read_text()
    cell = re.search(r":tags: \[parameters\]\n\n(.*?)```", text, re.DOTALL).group(1)
    names = re.findall(r"^(\w+) = ", cell, re.MULTILINE)
    assert sorted(names) == sorted(asked(path))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--label", "ok"], "label 'ok' is no column"),
        (["--favourable", "ja"], "'ja' is no value of label 'approved'"),
        (["--immutable", "agee"], "did you mean 'age'"),
        (["--range", "age", "9", "3"], "low <= high"),
        (["--range", "age", "x", "3"], "--range age: 'x' is no number"),
        (["--range", "age", "200", "none"], "no row of the table is within; its values go from 2"),
        (["--rows", "999"], "row 999 is not among the rows that are used, 200 out of those up to"),
        (["--rows", "1,-1"], "'-1' is no row number"),
        (["--rows", "0", "--range", "age", "none", "21"], "row 0: age = .* is outside its range"),
        (["--sample", "0"], "at least 1 row must be drawn"),
        (["--columns", "age,approved"], "'approved' cannot be a feature"),
        (["--group", "a, b"], "group 'a' is no column of the table"),
        (["--out", "no folder/ü.html"], "there is no folder .*no folder; make it first"),
        (["--out", "."], "is a folder: name a file in it"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_computed(
    path, more, message, monkeypatch, capsys
):
    monkeypatch.setattr(command, "write_report", None)
    line = [str(path), "--label", "approved", "--favourable", "yes", *more]
    refused(line, message, capsys)


def refused(line, message, capsys):
    """Check that the command ends with 2 and one line that says what is wrong."""
    with pytest.raises(SystemExit) as end:
        command.main([*line, "--quiet"])
    said = capsys.readouterr().err
    assert end.value.code == 2 and said.count("\n") == 1
    assert re.search(message, said), said


def test_help_fits_any_terminal(monkeypatch, capsys):
    for width in ("1", "20", "80", "not a number"):
        monkeypatch.setenv("COLUMNS", width)
        with pytest.raises(SystemExit) as end:
            command.parse(["--help"])
        said = " ".join(capsys.readouterr().out.split())
        assert end.value.code == 0 and "--favourable" in said and "\x1b" not in said


def test_a_file_that_cannot_be_written_is_refused_first(path, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command.os, "access", lambda place, mode: False)
    line = [str(path), "--label", "approved", "--favourable", "yes"]
    refused([*line, "--out", str(tmp_path / "r.html")], "cannot be written: name a file", capsys)
    assert not (tmp_path / "r.html").exists()


def test_an_interrupted_run_leaves_no_file_and_no_traceback(path, tmp_path, monkeypatch, capsys):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(report, "execute", interrupted)
    line = [str(path), "--label", "approved", "--favourable", "yes"]
    with pytest.raises(SystemExit) as end:
        command.main([*line, "--out", str(tmp_path / "r.html")])
    assert end.value.code == 130 and not (tmp_path / "r.html").exists()
    said = capsys.readouterr().err
    assert said == f"reading {path}\nstopped: no report is written\n"


def test_advice_is_in_options_of_the_command(tmp_path, capsys):
    rows = {"age": range(60), "approved": ["yes", "no", "not yet"] * 20}
    pd.DataFrame(rows).to_csv(tmp_path / "table.csv", index=False)
    line = [str(tmp_path / "table.csv"), "--label", "approved", "--favourable", "yes"]
    refused(line, "unfavourable, for example --unfavourable 'no'; rows", capsys)
    assert command.in_options("say missing=['?']") == "say --missing '?'"


def test_files_that_are_none(tmp_path, capsys):
    for place, message in ((tmp_path, "IsADirectory.*folder"), (tmp_path / "x", "does not exist")):
        refused([str(place), "--label", "a", "--favourable", "b"], message, capsys)


@pytest.mark.slow
def test_a_report_is_one_file_that_loads_nothing(path, tmp_path):
    out = tmp_path / "r.html"
    line = [
        "--label",
        "approved",
        "--favourable",
        "yes",
        "--group",
        "sex",
        "--immutable",
        "age,sex",
    ]
    command.main([str(path), *line, "--out", str(out), "--quiet"])
    page = out.read_text()
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert page.count("data:image/png") >= 3
    for said in ("200 rows of 2 features", "text, 2 different ones", "No feature", "a, b $x$"):
        assert said in page
    assert "{doc}" not in page and "What you will do" not in page


def test_a_large_table_is_sampled_unless_all_is_asked_for(path):
    assert asked(path)["sample"] == 100_000
    assert asked(path, "--sample", "50")["sample"] == 50
    assert asked(path, "--full")["sample"] is None
    assert len(command.check(asked(path, "--sample", "50")).features) == 50


def test_figures_in_the_report_say_what_they_show():
    figure = {"figure": {"caption": "A *finding*."}, "image": {"alt": 'Bars & "lines"\n'}}
    output = new_output("display_data", {"image/png": "aaaa"})
    drawn = new_code_cell("draw()", metadata={"mystnb": figure}, outputs=[output])
    empty = new_code_cell("draw()", metadata={"mystnb": figure})
    table = "<table><tr><td>age −1 to 2</td><td>0.5</td><td>NaN</td></tr></table>"
    words = new_code_cell("", outputs=[new_output("display_data", {"text/html": table})])
    body = report.to_body(new_notebook(cells=[drawn, empty, words]))
    assert body.count("A <em>finding</em>.") == 1
    assert 'Bars &amp; "lines"' in body and "No description" not in body
    assert '<td class="text">age' in body and body.count('class="text"') == 1


def test_the_end_of_the_kernel_is_silent(monkeypatch, tmp_path, capfd):
    """The kernel is interrupted while it handles a message, as when it is shut down early."""
    text = """```{code-cell}
:tags: [parameters]
x = 1
```

```{code-cell}
import os, signal

kernel = get_ipython().kernel
usual = kernel.shell_handlers["execute_request"]


async def interrupted(*message):
    await usual(*message)
    os.kill(os.getpid(), signal.SIGINT)


kernel.shell_handlers["execute_request"] = interrupted
```

```{code-cell}
:tags: [book-only]
1 / 0
```

```{code-cell}
print(x)
```
"""
    monkeypatch.setattr(report, "CHAPTER", tmp_path / "chapter.md")
    report.CHAPTER.write_text(text)
    notebook = report.execute({"x": 2}, progress=False)
    assert notebook.cells[-1].outputs[0].text == "2\n"
    assert capfd.readouterr() == ("", "")

"""Exercises: checks tell right from wrong, and the students' edition holds no solution."""

import re

import jupytext
import pytest
from nbclient import NotebookClient

import students
from _ext import kernels
from refresh import METADATA, TEXT

CHAPTERS = [
    path for path in sorted(TEXT.glob("*.md")) if students.SOLUTION.search(path.read_text())
]
EXERCISE = re.compile(r"^```\{exercise\} (?P<title>.*)\n:label: (?P<label>.*)$", re.MULTILINE)
CODE = re.compile(
    r"^```\{code-cell\} ipython3\n(?::tags:[^\n]*\n\n)?(?P<code>.*?)^```$", re.M | re.S
)
ANSWER = re.compile(r"^answer = \.\.\.$", re.MULTILINE)
BESIDE = re.compile(r"(?:read_csv|Path|open)\(\"\w+\.\w+\"")
LEVELS = ("Warm-up", "Core", "Research")

each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def filled(text):
    """A chapter's text with the code of each solution in place of the cell to answer in."""
    parts = re.split(r"(?=^```\{exercise\} )", text, flags=re.MULTILINE)
    return "".join(map(fill, parts))


def fill(exercise):
    """One exercise, and what follows it, with its solution's code where the answer goes."""
    solution = students.SOLUTION.search(exercise)
    if solution is None:
        return exercise
    code = "\n".join(match["code"] for match in CODE.finditer(solution[0]))
    question = exercise[: solution.start()]
    asked = [match for match in CODE.finditer(question) if ANSWER.search(match["code"])]
    for match in reversed(asked):
        question = question[: match.start("code")] + code + question[match.end("code") :]
    return question + exercise[solution.end() :]


def printed(notebook, part):
    """What those cells print whose code holds a part."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and part in cell.source:
            yield cell.source, "".join(output.get("text", "") for output in cell.outputs)


def test_titles_of_exercises_are_distinct_and_name_a_level():
    titles = [match["title"] for path in CHAPTERS for match in EXERCISE.finditer(path.read_text())]
    assert len(set(titles)) == len(titles)
    wrong = [title for title in titles if not title.startswith(tuple(f"{x}: " for x in LEVELS))]
    assert not wrong


@each_chapter
def test_a_solution_folds_with_its_outputs(path):
    text = path.read_text()
    assert text.count("{solution-start}") == len(students.SOLUTION.findall(text))
    assert "{solution}" not in text, "its outputs would stand below the fold"


def test_the_edition_holds_no_solution_and_no_output():
    for name, notebook in students.editions():
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert not any(cell.outputs for cell in code)
        assert not any("solution" in cell.source.split("\n")[0] for cell in notebook.cells), name


def test_the_edition_needs_no_file_from_beside_it():
    for name, notebook in students.editions():
        for cell in notebook.cells:
            assert not BESIDE.search(cell.source), f"{name}: {cell.source}"


@each_chapter
def test_solutions_are_right_and_open_answers_are_not_judged(path):
    notebook = jupytext.read(TEXT.parent / f"{path.stem}.ipynb")
    for source, text in printed(notebook, "check."):
        expected = "Not answered yet." if ANSWER.search(source) else "Right.\n"
        assert text.count(expected) == source.count("check."), source


@pytest.mark.slow
@each_chapter
def test_the_edition_runs_with_the_solutions_put_in(path, tmp_path):
    kernels.preload()
    students.write(tmp_path)
    notebook = jupytext.reads(filled(path.read_text()), fmt="md:myst")
    notebook.metadata.update(METADATA)
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": tmp_path}}).execute()
    verdicts = [text for _, text in printed(notebook, "check.")]
    assert verdicts and all("Right.\n" in text for text in verdicts)

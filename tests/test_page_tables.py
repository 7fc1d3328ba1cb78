"""Tables of a page: numbers to the right, words to the left, room for both."""

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from docutils import nodes

from _ext import tables


def shown(frame):
    """Return a table as a page shows it: the classes and the texts of its lines of cells."""
    page = BeautifulSoup(tables.mend(f"<p>-1</p>{frame.to_html()}"), "html.parser")
    assert page.p.string == "-1", "what is no table stays"
    lines = [line.find_all(["th", "td"]) for line in page.find_all("tr")]
    classes = [[" ".join(cell.get("class", [])) for cell in line] for line in lines]
    return classes, [[cell.get_text() for cell in line] for line in lines]


def test_numbers_stand_to_the_right_and_words_to_the_left():
    frame = pd.DataFrame({"share": ["-0.25", "0.5"], "found": ["never", "on most of the rows"]})
    classes, texts = shown(frame)
    assert classes == [["words", "", "words"]] * 3
    assert texts[1:] == [["0", "−0.25", "never"], ["1", "0.5", "on most of the rows"]]


def test_a_column_of_numbers_may_say_in_a_short_word_that_there_is_none():
    frame = pd.DataFrame({"0.1": ["none", "none"], "cost": ["none", "2.5"]})
    assert shown(frame)[0] == [["words", "", ""]] * 3
    assert shown(frame.rename(columns={"0.1": "cost at"}))[0] == [["words", "words", ""]] * 3


def test_a_number_that_is_lacking_is_no_word():
    frame = pd.DataFrame({"cost": ["NaN", "inf", "<NA>", "1e-05"], "of": ["1 to 5", "2", "3", "-"]})
    assert shown(frame)[0] == [["words", "", ""]] * 5


@pytest.mark.parametrize("text, kind", [("x" * 12, ""), ("x" * 13, "words")])
def test_one_long_word_makes_a_column_of_words(text, kind):
    frame = pd.DataFrame({"cost": [text, "1", "2", "3"]})
    assert shown(frame)[0] == [["words", kind]] * 5


@pytest.mark.parametrize("text, kind", [("x" * 30, "words"), ("x" * 31, "words phrases")])
def test_a_long_text_may_break_into_lines(text, kind):
    assert shown(pd.DataFrame({"why": [text]}))[0] == [["words", kind]] * 2


@pytest.mark.parametrize(
    "number, polished",
    [
        ("-0.50", "−0.50"),
        ("-0.00", "0.00"),
        ("0.1 [-0.2, 0.3]", "0.1 [−0.2, 0.3]"),
        ("-0.00 [-0.01, 0.02]", "0.00 [−0.01, 0.02]"),
        ("1e-05", "1e-05"),
        ("growing-spheres", "growing-spheres"),
        ("2 - 3", "2 − 3"),
    ],
)
def test_a_number_has_a_minus_sign_and_zero_has_none(number, polished):
    assert tables.polish(number) == polished


def test_names_of_labels_stand_beside_the_names_of_columns():
    frame = pd.DataFrame({"cost": [1.5]}, pd.Index([0.1], name="eps"))
    assert shown(frame)[1] == [["eps", "cost"], ["0.1", "1.5"]]
    named = frame.rename_axis(columns="measure")
    assert shown(named)[1][:2] == [["measure", "cost"], ["eps", ""]]


def test_heads_over_several_columns_stay_as_they_are():
    columns = pd.MultiIndex.from_product([["cost"], ["0.1", "0.2"]])
    frame = pd.DataFrame([["none", "1"], ["none", "2"]], columns=columns)
    classes, texts = shown(frame.rename_axis("seed"))
    assert texts[:2] == [["", "cost"], ["seed", "0.1", "0.2"]]
    assert classes == [["", ""], *[["words", "", ""]] * 3]


def test_outer_labels_of_rows_are_lifted_into_a_line_of_their_own():
    index = pd.MultiIndex.from_product(
        [["Adult"], [0.1, 0.2], ["scfe", "cchvae"]], names=["dataset", "eps", "method"]
    )
    frame = pd.DataFrame({"cost": [1.0, 2.0, 3.0, 4.0]}, index)
    page = BeautifulSoup(tables.mend(frame.to_html()), "html.parser")
    lifted = [line.get_text() for line in page.find_all("tr", class_="lifted")]
    assert lifted == ["Adult, eps 0.1", "Adult, eps 0.2"]
    outer = [cell.get_text() for cell in page.find_all(attrs={"data-level": "outer"})]
    assert outer == ["dataset", "eps", "Adult", "0.1", "0.2"]
    assert len(page.find_all("td")) == 4
    assert all(line["colspan"] == "2" for line in page.select("tr.lifted th"))
    unnamed = frame.rename({"Adult": ""}).to_html()
    assert "<span>eps 0.1</span>" in tables.mend(unnamed), "an empty label is left out"
    flat = frame.reset_index().set_index(["dataset", "eps", "method"], append=True)
    assert "lifted" not in tables.mend(flat.to_html()), "no label spans several rows"
    two = frame.droplevel("dataset").to_html()
    assert "lifted" not in tables.mend(two), "two labels leave room"


@pytest.mark.parametrize(
    "lengths, wide",
    [((28, 25, 27), False), ((28, 25, 28), True), ((500, 50), False), ((500, 50, 21), True)],
)
def test_a_wide_table_of_a_cell_uses_the_margin(lengths, wide):
    """A row has room for 89: 1 of its label, at most 30 of each text, and 2 after each."""
    row = {f"c{i}": ["1" * length] for i, length in enumerate(lengths)}
    frame = nodes.container("", nodes.raw("", pd.DataFrame(row).to_html(), format="html"))
    tables.widen(frame)
    assert frame["classes"] == ["full-width"] * wide


@pytest.mark.parametrize("length, wide", [(85, False), (86, True)])
def test_a_wide_table_of_the_text_uses_the_margin(length, wide):
    row = nodes.row()
    for text in ("1" * 29, "2" * 29, "3" * (length - 60)):
        row += nodes.entry("", nodes.paragraph(text, text))
    table = nodes.table("", nodes.tgroup("", nodes.tbody("", row)))
    section = nodes.section("", table)
    tables.widen(section)
    assert [type(child) for child in section] == [nodes.container if wide else nodes.table]
    assert section[0].get("classes") == ["full-width"] * wide


def test_what_is_no_table_of_a_cell_keeps_to_the_column():
    frame = nodes.container("", nodes.raw("", "<tr><td>" + "x" * 500 + "</td></tr>", format="html"))
    tables.widen(frame)
    assert frame["classes"] == []

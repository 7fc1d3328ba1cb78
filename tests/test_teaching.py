"""What a course needs beside the pages: reading times."""

from docutils import nodes

from _ext import teaching


def paragraph(text):
    return nodes.paragraph("", text)


def test_words_of_a_first_reading_are_counted():
    cell = nodes.container("", paragraph("what a cell printed"), nb_element="cell_code")
    page = nodes.section("", nodes.title("", "Two words"), paragraph("and three more"), cell)
    assert teaching.words(page) == 5
    page += nodes.math_block("", "a + b = c")
    assert teaching.words(page) == 5 + teaching.FORMULA


def test_tables_code_and_folds_are_left_for_later():
    fold = type("Fold", (nodes.Element,), {})("", paragraph("folded away"))
    table = nodes.table("", paragraph("a table"))
    code = nodes.literal_block("", "x = 1")
    assert teaching.words(nodes.section("", fold, table, code, paragraph("one"))) == 1

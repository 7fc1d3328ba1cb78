"""Where lines of a page may end: not within a number, not before its sign or its unit."""

import pytest
from docutils import nodes

from _ext import lines


@pytest.mark.parametrize(
    "text, whole",
    [
        ("about 12.5 % of them", "12.5 %"),
        ("it takes 15 min to read", "15 min"),
        ("from 10 to 14 years", "10 to 14"),
        ("for 47 to 51 % of the rows", "47 to 51 %"),
        ("at eps = 0.1 it", "eps = 0.1"),
        ("by 0.12 [0.05, 0.31] a year", "0.12 [0.05, 0.31]"),
        ("a mean 3 ± 0.4 in all", "± 0.4"),
        ("see Theorem 3 below", "Theorem 3"),
        ("as C-CHVAE does", "C-CHVAE"),
        ("by t-SNE", "t-SNE"),
        ("with min-max scaling", "min-max"),
        ("the trade-off", "trade-off"),
        ("of 5 % [1, 9]", "5 % [1, 9]"),
        ("from (0.1, −2) on", "(0.1, −2)"),
        ("for p = inf it", "p = inf"),
    ],
)
def test_what_belongs_together_stays_in_a_line(text, whole):
    assert lines.hold(text) == text.replace(whole, f'<span class="whole">{whole}</span>')


def test_tags_and_code_stay_as_they_are():
    page = '<a title="10 to 14">x</a><pre>eps = 0.1</pre><script>1 % 2</script>'
    assert lines.hold(page) == page


def test_a_formula_keeps_its_marks_and_a_long_one_scrolls():
    short = '<span class="math notranslate nohighlight">\\(x\\)</span>'
    assert lines.hold(f"({short}), so") == f'<span class="whole">({short}),</span> so'
    assert lines.hold(f"{short}-sphere") == f'<span class="whole">{short}-sphere</span>'
    fits = short.replace("x", "x" * 36)  # with its brackets 40 characters
    assert lines.hold(f"{fits}.") == f'<span class="whole">{fits}.</span>'
    assert lines.hold(fits) == fits, "alone it is whole"
    long = short.replace("x", "x" * 37)
    assert lines.hold(f"{long}.") == f'<span class="whole long">{long}.</span>'


def test_only_printed_sentences_hold_their_numbers():
    printed = '<div class="output sentences"><pre>loss = -0.25, 1e-3</pre></div>'
    held = '<span class="whole">loss = -0.25</span>, <span class="whole">1e-3</span>'
    small = lines.hold_printed('<div class="sentences"><pre>gap &lt; 0.5 here</pre>')
    assert '<span class="whole">gap &lt; 0.5</span> here' in small
    assert held in lines.hold_printed(printed)
    columns = printed.replace(" sentences", "")
    assert lines.hold_printed(columns) == columns


@pytest.mark.parametrize(
    "formula, parts",
    [
        ("a = b + c", ["a ", "= b + c"]),
        (r"x \le y \le z", ["x ", r"\le y ", r"\le z"]),
        (r"\{x : x < 1\}", [r"\{x : x < 1\}"]),
        (r"f(a = 1) := \frac{x = y}{2}", ["f(a = 1) ", r":= \frac{x = y}{2}"]),
        ("= b", ["= b"]),
        ("a < b > c", ["a ", "< b ", "> c"]),
        (r"a \ge b \approx c", ["a ", r"\ge b ", r"\approx c"]),
        (r"\left[0 < 1\right]", [r"\left[0 < 1\right]"]),
    ],
)
def test_a_formula_is_cut_before_relations_outside_brackets(formula, parts):
    assert lines.cut(formula) == parts


def test_long_formulas_of_the_text_are_cut_and_short_ones_are_not():
    long = "a" * 30 + " = " + "b" * 30
    paragraph = nodes.paragraph("", "", nodes.math(long, long), nodes.math("a = b", "a = b"))
    lines.break_formulas(paragraph)
    assert paragraph.astext() == "a" * 30 + "  = " + "b" * 30 + "a = b"
    assert [node.astext().strip() for node in paragraph if node.astext().strip()] == [
        "a" * 30,
        "= " + "b" * 30,
        "a = b",
    ]


def test_printed_columns_do_not_wrap():
    sentence = nodes.literal_block("one line", "one line", classes=["output"])
    columns = nodes.literal_block("", "a    1\nbb   2", classes=["output"])
    code = nodes.literal_block("x = 1", "x = 1", classes=["input"])
    lines.wrap_outputs(nodes.container("", sentence, columns, code))
    marked = ["sentences" in block["classes"] for block in (sentence, columns, code)]
    assert marked == [True, False, False]

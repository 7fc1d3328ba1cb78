"""Certified radii and rounding by hand: halvings, chords and tangents, what is kept in hand."""

from inspect import signature
from typing import NamedTuple

import numpy as np
import pytest
import torch

from rrlib.models import LogisticRegression, certificate
from rrlib.models.network import Network


def doubles(values):
    return torch.tensor(values, dtype=torch.float64)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class Ramp(NamedTuple):
    """h(x) = x on one feature, said to have a Lipschitz constant of 4; the margin is |x| - r."""

    w: torch.Tensor
    eps: torch.Tensor

    def __call__(self, X):
        return X[:, 0].expand(1, -1) * self.w

    def lipschitz(self):
        return torch.full_like(self.eps, 4.0)

    def logits_and_gradient(self, X):
        return self(X), torch.full((1, len(X), 1), 0.5).double()

    def least_margin(self, X, sign, radius, *, q, chord):
        assert (q, chord, X.dtype) == (2, True, torch.float64)
        return sign * X[:, 0] - radius


def halved(low, high, edge, steps):
    """The last radius of some halvings of a logarithm that lies within an edge."""
    for _ in range(steps):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if middle <= edge else (low, middle)
    return low


@pytest.mark.parametrize("steps", [0, 1, 2, 7])
@pytest.mark.parametrize("most", [100.0, 5.0, 2.0 / 0.999])
def test_the_halvings_of_a_logarithm(most, steps):
    """From 0.999 |h| / 4 to three tangents of 2 |h|, or `most`; a thousandth of |h| is kept.

    The last `most` has its first middle for h = -1/2 at 1/2: within the edge, but nothing is kept.
    """
    model = Ramp(torch.ones(1, 1).double(), torch.zeros(1).double())
    found = certificate.certified_radius(model, doubles([[2.0], [-0.5]]), most=most, steps=steps)
    for radius, h in zip(found[0].tolist(), (2.0, 0.5)):
        by_hand = halved(0.999 * h / 4, min(6 * h, most), 0.999 * h, steps)
        assert radius == pytest.approx(by_hand, rel=1e-12)


def test_the_logarithm_is_halved_seven_times_if_nothing_is_said():
    assert signature(certificate.certified_radius).parameters["steps"].default == 7


def test_radii_of_linear_and_of_constant_families():
    w, b = doubles([[3.0, 4.0], [0.0, 0.0]]), doubles([0.0, -1.0])
    model = LogisticRegression(w, b, torch.zeros(2).double())
    found = certificate.certified_radius(model, doubles([[1.0, 0.5], [0.0, 0.0]]), most=10.0)
    assert found.tolist() == [[pytest.approx(0.999), 0], [np.inf, np.inf]]
    single = LogisticRegression(*(part.float() for part in model))
    found = certificate.certified_radius(single, torch.tensor([[1.0, 0.5]]), most=10.0)
    assert found.dtype == torch.float32 and found[0, 0].item() == pytest.approx(0.999)


@pytest.mark.parametrize("chord", [True, False])
@pytest.mark.parametrize("outward", [2.0, -3.0])
@pytest.mark.parametrize("reach", [0.2, 2.0, 7.0])
@pytest.mark.parametrize("z", [-3.0, -0.5, 0.0, 1.0])
def test_the_least_value_above_a_line(z, reach, outward, chord):
    """Against a grid of 200,001 points."""
    slope, least = certificate.least_above_line(
        doubles([z]), doubles([reach]), doubles([outward]), chord
    )
    if chord:
        by_hand = (sigmoid(z + reach) - sigmoid(z - reach)) / (2 * reach)
    else:
        by_hand = sigmoid(z) * sigmoid(-z)
    assert slope.item() == pytest.approx(by_hand, rel=1e-12)
    u = np.linspace(-reach, reach, 200_001)
    grid = (outward * (sigmoid(z + u) - sigmoid(z) - by_hand * u)).min()
    assert least.item() == pytest.approx(grid, abs=1e-8)


def test_no_reach_nothing_above():
    slope, least = certificate.least_above_line(
        doubles([1.0]), doubles([0.0]), doubles([2.0]), True
    )
    assert least.item() == 0 and slope.item() == 0


def test_rounding_by_hand():
    """|w x| = 5, |b| = 2 and 3 |w| = 15 make 22, and a model has three parameters."""
    w, b = doubles([[3.0, -4.0]] * 2), doubles([-2.0, 2.0])
    model = LogisticRegression(w, b, torch.zeros(2).double())
    X = doubles([[-1.0, 0.5]])
    found = certificate.rounding(model, X, 3.0)
    assert found.flatten().tolist() == pytest.approx([22 * 3 * 2**-52] * 2)
    single = certificate.rounding(LogisticRegression(*(p.float() for p in model)), X.float(), 3.0)
    assert single.flatten().tolist() == pytest.approx([22 * 3 * 2**-23] * 2)
    parts = torch.zeros(1, 4, 2), torch.zeros(1, 4), torch.ones(1, 4), torch.zeros(1)
    net = Network(*(part.double() for part in parts), torch.zeros(1).double())
    # four units of slope 1/4 and size 4 / 4 each
    assert certificate.rounding(net, X, 3.0).item() == pytest.approx(4 * (8 + 4 + 4 + 1) * 2**-52)

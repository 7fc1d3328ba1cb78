"""Checks of the chapter on networks that are certified."""

import numpy as np
import torch

from rrlib.exercises.checks import check, compare
from rrlib.models.network import Network

ROUND = 0.6
"""The radius of the ball in which a bound is asked to be exact."""


@check
def by_hand(answer):
    """Three numbers: least margin, two bounds."""
    reach = np.log(3)
    two, one = make([[1.0], [1.0]], [0, 0], [4, -2], reach), make([[1.0]], [0], [2], reach)
    least = two(np.array([[-reach]])).item()
    return compare(answer, [least, interval(two, 1), interval(one, 1)])


@check
def round_ball(answer):
    """A triple W1 (2, 2), b1 (2,), w2 (2,)."""
    W1, b1, w2 = (np.asarray(part, dtype=float) for part in answer)
    if W1.shape != (2, 2) or b1.shape != (2,) or w2.shape != (2,):
        return "two units on two features are expected."
    if not w2.all() or not W1.all():
        return "each unit has to count, and so has each feature in it."
    model = make(W1, b1, w2, ROUND)
    turn = np.linspace(0, 2 * np.pi, 20_000)[:, None]
    ball = np.hstack([np.cos(turn), np.sin(turn)])
    logits = [model(share * ROUND * ball) for share in (0.25, 0.5, 0.75, 1.0)]
    lowest, highest = min(map(torch.min, logits)).item(), max(map(torch.max, logits)).item()
    apart = lowest - interval(model, 2)
    if apart > 1e-4 * (highest - lowest):
        return f"no logit in the ball is nearer to the bound than {apart:.2g}."
    return None


@check
def fitted_only(answer, fitted, held):
    """A scaling, a dataset and a radius."""
    case = tuple(answer)
    if case not in fitted.index:
        return "the tables have no such case."
    if held[case] >= 0:
        return "there the mean held-out gain is not negative."
    if fitted[case] < fitted[held < 0].max():
        return "the gain on the training rows is larger in another case."
    return None


def make(W1, b1, w2, radius):
    """A network without a bias of its output, in float64."""
    parts = (W1, b1, w2, 0.0, radius)
    return Network(*(torch.as_tensor(np.asarray(part, dtype=float))[None] for part in parts))


def interval(model, q):
    """The interval bound on the margin of a favourable person at 0."""
    x, sign = torch.zeros(1, model.W1.shape[-1]).double(), torch.ones(1).double()
    return model.interval_margin(x, sign, model.eps[:, None], q=q).item()

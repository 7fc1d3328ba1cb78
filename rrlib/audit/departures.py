"""How far trained networks are from linear models, for which whom one protects is a threshold.

``python -m rrlib.audit.departures`` makes again the stored aggregates.
"""

from itertools import product

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import softplus

from rrlib.audit import kept
from rrlib.data import datasets
from rrlib.data.shipped import BOOK
from rrlib.models import predict, select
from rrlib.models.signed import attack_signed, fit_signed_network
from rrlib.recourse import growing_spheres
from rrlib.theory.signed import mean_and_delta, signed_departure

PLACE = BOOK / "departures.csv"
NAMES = ("german", "compas")
SEEDS = tuple(range(5))
RADII = (-0.1, 0.0, 0.1, 0.2)

PAIRS = [pair for pair in product(RADII, repeat=2) if sum(pair) >= 0 and pair[0] != pair[1]]
PAIRS.sort(key=lambda pair: (round(sum(pair), 9), pair[0]))
"""Pairs (eps_plus, eps_minus) of two radii with a mean of at least 0, by their mean."""

OTHER_START = 100
"""What is added to the seed of a network for other initial weights and minibatches."""


def aggregates(names=NAMES, seeds=SEEDS):
    """Return `measure` of some datasets and seeds, one below the other."""
    cases = product(names, seeds)
    return pd.concat([measure(datasets.load(name, seed=seed)) for name, seed in cases])


def measure(data):
    """Return how far the networks of all pairs are from those of their mean radius, moved.

    Networks are trained by PGD with a radius for each label, from one start and on the same
    minibatches. The *moved* network is that of the mean radius, with the threshold at which it
    accepts as many training rows as the network of the pair.

    Parameters
    ----------
    data : Dataset

    Returns
    -------
    DataFrame
        One row for each of PAIRS: `dataset`, `seed`, `plus`, `minus`; `accepted`, the share of test
        rows that the pair's network accepts; `off`, how far the shares of accepted training rows
        are apart at most where they should be equal; the shares of test rows that two networks
        decide differently, `moved` (the pair's and the moved one), `start` (the moved one and one
        from another start, at equal acceptance) and `standard` (the pair's and the standard one, at
        equal acceptance); in nats on the training rows, `losses`, how far the two losses of
        `theory.signed_departure` are apart, `first` and `bound`, the first of its terms and their
        sum, and `behind`, by how much the moved network (by delta G, in logits) is behind the
        pair's on the loss of the pair; and over the `n` test rows that the pair's and the moved
        network deny and whom growing spheres help under both, the mean l2 costs `cost` and
        `cost_moved`, in scaled features, NaN where there are none.
    """
    X, y = data.X_train, data.y_train
    mean, delta = mean_and_delta(PAIRS)
    means, at = np.unique(mean.round(9), return_inverse=True)
    even = np.column_stack([means, means])
    family = fit_signed_network(X, y, [*PAIRS, *even], seed=data.seed)
    again = fit_signed_network(X, y, even, seed=OTHER_START + data.seed)
    own = select(family, list(range(len(PAIRS))))
    usual = select(family, (len(PAIRS) + at).tolist())
    others = usual, select(again, at.tolist()), select(usual, [0] * len(at))
    same = [accept_like(other, own, X) for other in others]
    rates = np.array([predict(model, X).double().mean(1).numpy() for model in (own, *same)])
    yes, moved, start, standard = (predict(one, data.X_test).numpy() for one in (own, *same))
    first, second, length = signed_departure(usual, X, y, PAIRS)
    shifted = usual._replace(b2=usual.b2 + torch.as_tensor(delta * length).float())
    signed = attacked_loss(shifted, data, PAIRS)
    found = pd.DataFrame(PAIRS, columns=["plus", "minus"])
    found = found.assign(
        accepted=yes.mean(1),
        off=np.abs(rates - rates[0]).max(0),
        moved=(yes != moved).mean(1),
        start=(moved != start).mean(1),
        standard=(yes != standard).mean(1),
        losses=np.abs(signed - attacked_loss(usual, data, even[at])),
        first=first,
        bound=first + second,
        behind=signed - attacked_loss(own, data, PAIRS),
    )
    found[["n", "cost", "cost_moved"]] = common_costs(own, same[0], data)
    found.insert(0, "dataset", data.name)
    found.insert(1, "seed", data.seed)
    return found


def accept_like(model, other, X):
    """Return networks with the thresholds that accept as many rows of X as others do."""
    count = predict(other, X).sum(1)
    falling = model(X).sort(dim=1, descending=True).values
    level = falling.gather(1, (count - 1).clamp_min(0)[:, None])[:, 0]
    return model._replace(b2=model.b2 - level)


def attacked_loss(model, data, radii):
    """Return training losses under PGD of ten steps with a radius for each label, (E,), in nats."""
    rows = [data.X_train, 2 * data.y_train - 1, np.array(radii)]
    X, sign, radii = (torch.as_tensor(part).float() for part in rows)
    margin = sign * model(X + attack_signed(model, X, sign, radii, steps=10))
    return softplus(-margin.double()).mean(1).numpy()


def common_costs(one, other, data):
    """Return for each pair the test rows with recourse under two networks, and its mean costs."""
    given = {"target": 1, "seed": data.seed}
    found = [growing_spheres(model, data.X_test, **given) for model in (one, other)]
    denied = ~predict(one, data.X_test) & ~predict(other, data.X_test)
    both = (denied & found[0].valid & found[1].valid).numpy()
    n = both.sum(1)
    sums = [np.where(both, each.cost, 0).sum(1) for each in found]
    return np.column_stack(
        [n, *(np.where(n > 0, each / np.maximum(n, 1), np.nan) for each in sums)]
    )


if __name__ == "__main__":
    kept.write("departures", aggregates, digits=5)

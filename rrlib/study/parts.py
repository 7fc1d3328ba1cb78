"""What a rise in the cost of recourse is made of: threshold, geometry, composition, scale."""

import numpy as np
import pandas as pd

from rrlib.data import datasets
from rrlib.models.family import EPS_GRID
from rrlib.recourse import scfe
from rrlib.study.common import cap, named
from rrlib.study.equal import divide, least_cost, thresholds
from rrlib.study.results import SOME

NOTICED = 0.1
"""A change that counts for a person: a tenth of the mean cost under the standard model."""

ROLES = ("standard", "rate", "equal", "robust")
"""The four models whose costs are compared, as the table names them."""

WHO = ("gain", "lose", "gain_equal", "lose_equal")
COLUMNS = (
    "eps",
    "measure",
    "before",
    "after",
    "apart",
    "n",
    *ROLES,
    "raw",
    "raw_robust",
    "error",
    *WHO,
)


def parts(slices):
    """Return mean costs of recourse under each robust model and the standard one, by threshold.

    A cost counts where the recourse is valid. The same people are those whom all four models deny:
    both models, each at its own threshold and at the other one's acceptance; and to whom all give a
    recourse.

    Returns
    -------
    DataFrame
        `dataset`, `kind`, `seed`, `eps` > 0, `measure` ("least", the distance to the boundary, by
        growing spheres for networks; or "scfe"), `before` and `after` (the means over those whom
        the standard and the robust model deny), `apart` (how far the shares of denied training
        rows that should be equal are apart, the larger of two), `n` (the same people), their means
        `standard`, `rate` (the standard model at the robust one's acceptance), `equal` (the robust
        model at the standard one's) and `robust`, `error` (the standard error of `robust` -
        `standard` over people), `raw` and `raw_robust` (`standard` and `robust` as they are; the
        other four are taken at logits of unit gradient, which changes SCFE alone), and `gain`,
        `lose`, `gain_equal`, `lose_equal`: the shares of the same people whose cost falls or rises
        by more than a tenth of the standard mean, at the model's own threshold and at equal
        acceptance.
    """
    found = []
    for one in slices:
        models = thresholds(one)
        train = models.denied
        denied = (models.family(one.X).numpy() < 0).reshape(3, len(EPS_GRID), -1)
        least = least_cost(models.family, one.X, max_cost=cap(one), seed=one.seed)
        least = _Costs(*least, denied)
        found.append(_part(one, "least", train, least, least))
        unit = divide(models.family, _slope(one))
        raw, even = (_Costs(*_scfe(one, family), denied) for family in (models.family, unit))
        found.append(_part(one, "scfe", train, raw, even))
    return pd.concat(found, ignore_index=True)


class _Costs:
    """Costs (3, E, n) at the thresholds of `equal.NAMES`, and who is denied and has a recourse."""

    def __init__(self, cost, valid, denied):
        self.cost = cost.reshape(denied.shape)
        self.helped = denied & valid.reshape(denied.shape)

    def of_own(self, e):
        """Return the mean over those whom model e denies at its own threshold."""
        rows = self.helped[0, e]
        return self.cost[0, e, rows].mean() if rows.sum() >= SOME else np.nan

    def path(self, e):
        """Return the costs (4, n) of the standard model, at the rate, at equal acceptance, own."""
        return np.stack([self.cost[0, 0], self.cost[2, e], self.cost[1, e], self.cost[0, e]])

    def same(self, e):
        """Return who is denied and has a recourse under all four, shape (n,)."""
        helped = self.helped
        return helped[0, 0] & helped[2, e] & helped[1, e] & helped[0, e]


def _part(one, measure, train, raw, even):
    """Return the rows of one slice and measure."""
    known = ~np.isnan(train).any(0)
    rows = []
    for e, eps in enumerate(EPS_GRID[1:], 1):
        row = {"eps": eps, "measure": measure, "before": raw.of_own(0), "after": raw.of_own(e)}
        row["apart"] = np.abs(train[1:, e] - [train[0, 0], train[0, e]]).max()
        people = raw.same(e) & even.same(e) & known[e]
        row["n"] = people.sum()
        if people.sum() >= SOME:
            row |= _means(raw.path(e)[:, people], even.path(e)[:, people])
        rows.append(row)
    return named(pd.DataFrame(rows).reindex(columns=COLUMNS), one)


def _means(raw, even):
    """Return the measures of the same people, from their costs of shape (4, n)."""
    found = dict(zip(ROLES, even.mean(-1)))
    found |= {"raw": raw[0].mean(), "raw_robust": raw[3].mean()}
    found["error"] = (even[3] - even[0]).std(ddof=1) / np.sqrt(even.shape[1])
    limit = NOTICED * even[0].mean()
    for name, after in (("", even[3]), ("_equal", even[2])):
        change = after - even[0]
        found |= {f"gain{name}": (change < -limit).mean(), f"lose{name}": (change > limit).mean()}
    return found


def _scfe(one, family):
    """Return the costs of SCFE towards a yes, and who has one under the cap: (M, n)."""
    found = scfe(family, one.X, target=np.ones(1))
    cost = found.cost.numpy()
    return cost, found.valid.numpy() & (cost <= cap(one))


def _slope(one):
    """Return the mean length of the gradient of each model over the training rows, (3 E,).

    1 where it is 0: such a model has no boundary, and its logits no unit.
    """
    data = datasets.load(one.dataset, seed=one.seed, scaling=one.scaling)
    X = data.X_train[: len(one.X)]
    slope = np.linalg.norm(one.model.gradient(X).numpy(), axis=-1).mean(-1)
    slope = np.where(slope > 0, slope, 1)
    return np.concatenate([slope, slope, np.repeat(slope[0], len(slope))])

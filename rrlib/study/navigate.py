"""The navigator: out of all radii and thresholds, the model that someone's own wishes choose."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from rrlib.models.attacks import pgd, worst_case
from rrlib.models.checks import check_features, check_labels
from rrlib.models.family import LogisticRegression, select
from rrlib.study.equal import least_cost, shift, threshold_at

DENIED = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Shares of people denied at which each model is offered, besides its own threshold."""

MEASURES = ("robust", "affordable", "accuracy", "acceptance", "cost")
"""What is known of an offer: adversarial accuracy; the share of people with a yes, at once or
within the budget; accuracy; the share accepted; the mean least cost of those denied."""

GOODS = ("robust", "affordable", "accuracy")
"""The measures of which more is better for everybody. A lender may want to accept more people or
fewer; and the mean cost depends on who is denied, so less of it need help nobody."""


class Choice(NamedTuple):
    """What was chosen, what it offers to people who did not choose it, and over what.

    Attributes
    ----------
    model : a family of one model
        Logits less the threshold that was chosen.
    offer : DataFrame
        Of the chosen model on the test rows: `measure`, `value`, `low` and `high`, the 95 %
        interval of a bootstrap over people.
    offers : DataFrame
        All that was to choose from, on the validation rows: `eps`, `denied` (the share asked for;
        NaN at the model's own threshold), `logit` (the threshold), the MEASURES (the cost is NaN
        where nobody is denied), `allowed` (by the limits), `front` (by GOODS), and `chosen`.
    """

    model: NamedTuple
    offer: pd.DataFrame
    offers: pd.DataFrame


def navigate(
    fit,
    X,
    y,
    X_test,
    y_test,
    *,
    weights,
    limits=None,
    denied=DENIED,
    attack=0.1,
    budget=2.0,
    max_cost=10.0,
    share=0.25,
    resamples=1000,
    seed,
):
    """Choose a radius and a threshold by limits and weights, on rows kept aside for it.

    Models are trained on a part of the rows X. Each is offered at its own threshold and at
    thresholds that deny given shares of that part. On the other part, the validation rows, the
    offers are measured; of those within all limits the one with the largest weighted sum of the
    measures is chosen: among equals the smallest radius, and there the model's own threshold.
    Where nobody is denied the cost counts as 0.

    Parameters
    ----------
    fit : function from rows and labels to a family of rrlib.models
    X, X_test : arrays of shapes (n, d) and (m, d), scaled features
    y, y_test : arrays of shapes (n,) and (m,), labels 0 or 1
    weights : dict of measure -> float
        Out of MEASURES. A cost counts negatively: {"cost": -1} asks for the cheapest recourse.
    limits : dict of measure -> (least, most), optional
        Both ends are allowed, and either may be None.
    denied : sequence of float
        Shares of people denied; without any, each model is offered at its own threshold alone.
    attack : float
        Radius of the l_inf attack behind `robust`, in scaled features.
    budget : float
        The largest l2 cost of a recourse that is affordable, in scaled features.
    max_cost : float
        A recourse that costs more does not count, and its cost is taken for this.
    share : float
        Of the rows X that are kept aside.
    resamples : int
        Of the bootstrap.
    seed : int
        Of the division of X, of growing spheres (networks) and of the bootstrap.

    Returns
    -------
    Choice

    Raises
    ------
    ValueError
        On malformed rows, an unknown measure, a weight that is not finite, a share that is not
        between 0 and 1, or where nothing is within the limits: the message says what comes
        nearest, by the sum of what it misses.
    """
    limits = limits or {}
    _check(weights, limits, denied)
    X = check_features(X)
    X_test = check_features(X_test, d=X.shape[1], name="X_test")
    check_labels(y, len(X))
    check_labels(y_test, len(X_test), both=False)
    parts = train_test_split(X, np.asarray(y), test_size=share, random_state=seed)
    X_fit, X_choose, y_fit, y_choose = parts
    candidates, offers = _candidates(fit(X_fit, y_fit), X_fit, denied)
    how = {"attack": attack, "budget": budget, "max_cost": max_cost, "seed": seed}
    for name, people in _people(candidates, X_choose, y_choose, **how).items():
        offers[name] = _mean(people)
    offers["allowed"] = _allowed(offers, limits)
    offers["front"] = front(offers)
    best = _best(offers, weights)
    offers["chosen"] = offers.index == best
    model = select(candidates, [best])
    held_out = _people(model, X_test, np.asarray(y_test), **how)
    return Choice(model, _with_intervals(held_out, resamples, seed), offers)


def front(offers, goods=GOODS):
    """Return which offers no other one beats: as good at all of some measures, better at one.

    Parameters
    ----------
    offers : DataFrame with a column for each of the goods
    goods : sequence of str

    Returns
    -------
    bool array, one for each offer
    """
    values = offers[list(goods)].to_numpy()
    as_good = (values[:, None] >= values).all(-1)
    better = (values[:, None] > values).any(-1)
    return ~(as_good & better).any(0)


def _check(weights, limits, denied):
    """Raise a ValueError unless weights and limits name measures, and shares are shares."""
    unknown = (set(weights) | set(limits)) - set(MEASURES)
    known = ", ".join(MEASURES)
    if unknown:
        asked = ", ".join(sorted(unknown))
        raise ValueError(f"weights and limits must name measures out of {known}, not {asked}")
    if not weights:
        raise ValueError(f"weights must name at least one measure out of {known}")
    if not np.isfinite(list(weights.values())).all():
        raise ValueError(f"weights must be finite, not {weights}")
    if not all(0 < each < 1 for each in denied):
        raise ValueError(f"denied must hold shares between 0 and 1, not {denied}")


def _candidates(model, X, denied):
    """Return every model at every threshold as one family, and a table of them."""
    rows, places = [], []
    for place, logits in enumerate(model(X).numpy().astype(float)):
        eps = float(model.eps[place])
        offered = [(eps, np.nan, 0.0)]
        for each in denied:
            offered.append((eps, each, threshold_at(logits, each)))
        rows += offered
        places += [place] * len(offered)
    table = pd.DataFrame(rows, columns=["eps", "denied", "logit"])
    exists = table["logit"].notna().to_numpy()
    table = table[exists].reset_index(drop=True)
    return shift(select(model, np.array(places)[exists]), table["logit"].to_numpy()), table


def _people(model, X, y, *, attack, budget, max_cost, seed):
    """Return each measure person by person, arrays of shape (M, n); the accepted have no cost."""
    accepted = model(X).numpy() >= 0
    cost, valid = least_cost(model, X, max_cost=max_cost, seed=seed)
    return {
        "robust": _holds(model, X, y, attack),
        "affordable": accepted | (valid & (cost <= budget)),
        "accuracy": accepted == (y == 1),
        "acceptance": accepted,
        "cost": np.where(accepted, np.nan, np.where(valid, cost, max_cost)),
    }


def _holds(model, X, y, attack):
    """Return who is judged rightly under attack, (M, n): exact for linear models, else by PGD."""
    if isinstance(model, LogisticRegression):
        moved = X + worst_case(model, y, attack)
    else:
        moved = X + pgd(model, X, y, attack).numpy()
    return (model(moved).numpy() >= 0) == (y == 1)


def _mean(people):
    """Return means over people, the last axis; NaN where there is nobody."""
    known = ~np.isnan(people)
    total = np.where(known, people, 0.0).sum(-1)
    count = known.sum(-1)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)


def _allowed(offers, limits):
    """Return which offers are within all limits; raise a ValueError where none is."""
    values = offers.fillna({"cost": 0})
    missed = np.zeros(len(offers))
    for name, (least, most) in limits.items():
        value = values[name].to_numpy()
        if least is not None:
            missed += np.maximum(least - value, 0)
        if most is not None:
            missed += np.maximum(value - most, 0)
    if missed.min() > 0:
        nearest = values.iloc[missed.argmin()]
        has = ", ".join(f"{name} {nearest[name]:.3g}" for name in limits)
        raise ValueError(f"no model is within the limits {limits}; the nearest has {has}")
    return missed == 0


def _best(offers, weights):
    """Return the place of the first of the allowed offers with the largest weighted sum."""
    values = offers.fillna({"cost": 0})
    worth = sum(weight * values[name] for name, weight in weights.items())
    return worth.where(offers["allowed"], -np.inf).to_numpy().argmax()


def _with_intervals(people, resamples, seed):
    """Return the means over people of one model, with the intervals of a bootstrap."""
    rows = []
    n = people["acceptance"].shape[1]
    draws = np.random.default_rng(seed).integers(n, size=(resamples, n))
    for name, (values,) in people.items():
        drawn = _mean(values[draws])
        drawn = drawn[~np.isnan(drawn)]
        low, high = np.quantile(drawn, [0.025, 0.975]) if len(drawn) else (np.nan, np.nan)
        rows.append((name, float(_mean(values)), low, high))
    return pd.DataFrame(rows, columns=["measure", "value", "low", "high"])

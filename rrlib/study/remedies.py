"""What a lender can do for applicants of a robust model, and what it costs either of them."""

import numpy as np
import pandas as pd
import torch

from rrlib.data import datasets
from rrlib.models.family import EPS_GRID, predict, select
from rrlib.models.friendly import choose_lam, fit_friendly
from rrlib.models.norms import dual_exponent
from rrlib.recourse import growing_spheres, minimal_recourse
from rrlib.recourse.robust import changed_model_recourse, noisy_recourse
from rrlib.study.common import cap, named
from rrlib.study.equal import NAMES, robust_accuracy, shift, threshold_at, thresholds
from rrlib.study.offers import ATTACK

RADII = (0.1, 0.2)
"""The radii of training to which the remedies are applied."""

FAMILY = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3)
"""The radii of the models that judge each other's recourses."""

SIDES = {"lender": -1, "applicant": 1, "both": 0}
"""Whom training protects when the radius is given to one label alone: the sign of delta."""

NOISE = (0.1,)
"""Radii of the noise in its execution that recourse is to survive, l_inf, scaled features."""

CHANGES = (0.05, 0.1)
"""Changes of the model that recourse is to survive, relative to its size, l_inf."""

LAMS = {"logistic": (0.02, 0.05, 0.1, 0.2, 0.5)}
LAMS |= dict.fromkeys(("network", "certified"), (0.05, 0.1, 0.2))
"""The weights that friendly training chooses from, on training rows alone."""

APART = 0.01
"""How far shares of denied training rows may be apart where they are called equal."""

JUDGES = tuple(f"judge {eps:g}" for eps in FAMILY)
MEASURES = ("lam", "denied", "accuracy", "robust", "n", "validity", "cost", "standard", "others")


def remedies(slices):
    """Return, for each remedy at two thresholds, what lender and applicant get of it.

    Remedies are "none"; "lender" and "applicant", training against attacks on the unfavourable or
    the favourable rows alone, and "both", on all at half the radius, for linear models (at equal
    acceptance the three are one model); "friendly" training; "noise 0.1", "change 0.05" and
    "change 0.1", recourse that survives these. The threshold is given back where it is "equal":
    the model then denies as many training rows as the standard one does.

    Returns
    -------
    DataFrame
        `dataset`, `kind`, `seed`, `eps`, `threshold` ("own" or "equal"), `remedy`, `lam` (that of
        friendly training, see `choose_lam`), `denied` (share of all test rows), `accuracy`,
        `robust` (adversarial accuracy at `offers.ATTACK`, of the searched rows), `n` (the denied
        who were searched from), `validity` (the share of these with a recourse under the cap that
        survives what it is to survive), `cost` (the mean over those with a recourse under the cap;
        where none survives it is the one of least cost), and the shares of these recourses that
        other models accept, each at its own threshold or at equal acceptance: `standard`, the
        standard one, and `others`, those of FAMILY with another radius, in the mean. Where a model
        has no threshold of equal acceptance within `APART`, its measures are NaN and it does not
        judge.
    """
    return pd.concat([_of_slice(one) for one in slices], ignore_index=True)


def transfers(slices):
    """Return which recourses of least cost, found under one radius, others accept.

    Returns
    -------
    DataFrame
        `dataset`, `kind`, `seed`, `eps` (of the finder), `threshold` ("own" or "equal", of finder
        and judge), and `judge 0`, ...: the share of the denied's valid recourses under the cap that
        the model of each radius accepts; NaN where finder or judge has no such threshold.
    """
    parts = []
    for one in slices:
        for at in range(2):
            judges, known = judging(one, at)
            found = _least(one, judges)
            helped = ~predict(judges, one.X).numpy() & found.valid.numpy()
            table = pd.DataFrame({"eps": FAMILY, "threshold": NAMES[at]})
            for e in range(len(FAMILY)):
                points = found.x_cf[e, helped[e] & known[e]]
                table.loc[e, list(JUDGES)] = _accepted(judges, known, points)
            parts.append(named(table, one))
    return pd.concat(parts, ignore_index=True)


def judging(one, at):
    """Return the models of FAMILY at one of two thresholds, and which of them have it, (K,)."""
    every = thresholds(one)
    places = [EPS_GRID.index(eps) for eps in FAMILY]
    family = select(every.family, [at * len(EPS_GRID) + place for place in places])
    apart = np.abs(every.denied[at] - every.denied[0, 0])[places]
    return family, (apart <= APART) if at else np.full(len(places), True)


def _of_slice(one):
    """Return the rows of one slice."""
    keys, models = trained(one)
    rows = []
    for at in range(2):
        family, known = at_threshold(one, models, at)
        measures = _of_models(one, family)
        judges = judging(one, at)
        least = _least(one, family)
        offers = [(None, range(len(keys)), least)]
        usual = [m for m, key in enumerate(keys) if key["remedy"] == "none"]
        offers += [(name, usual, found) for name, found in _surviving(one, select(family, usual))]
        for name, places, found in offers:
            for k, m in enumerate(places):
                row = keys[m] | {"threshold": NAMES[at], "remedy": name or keys[m]["remedy"]}
                if known[m]:
                    denied = ~predict(select(family, m), one.X)[0].numpy()
                    row |= {measure: values[m] for measure, values in measures.items()}
                    row |= _of_recourse(denied, _at(found, k), _at(least, m), row["eps"], judges)
                rows.append(row)
    columns = ["eps", "threshold", "remedy", *MEASURES]
    return named(pd.DataFrame(rows).reindex(columns=columns), one)


def trained(one):
    """Return the remedies that are ways of training, with eps and lam, and their models.

    The models of one-sided training are exact: attacks of radius eps on one label alone give the
    weights of radius eps / 2, and a bias that differs by eps / 2 ||w||_q, up where favourable rows
    are protected and down where the others are.
    """
    usual = select(one.model, [EPS_GRID.index(eps) for eps in RADII])
    keys = [{"remedy": "none", "eps": eps} for eps in RADII]
    families = [usual]
    if one.kind == "logistic":
        half = select(one.model, [EPS_GRID.index(eps / 2) for eps in RADII])
        length = torch.linalg.vector_norm(half.w, ord=dual_exponent(np.inf), dim=-1)
        for side, sign in SIDES.items():
            keys += [{"remedy": side, "eps": eps} for eps in RADII]
            families.append(half._replace(b=half.b + sign * half.eps * length))
    data = datasets.load(one.dataset, seed=one.seed, scaling=one.scaling)
    rows = data.X_train, data.y_train
    lam = choose_lam(usual, *rows, LAMS[one.kind], seed=one.seed)
    keys += [{"remedy": "friendly", "eps": eps, "lam": at} for eps, at in zip(RADII, lam)]
    families.append(fit_friendly(usual, *rows, lam=lam, seed=one.seed).model)
    return keys, type(usual)(*map(torch.cat, zip(*families)))


def at_threshold(one, models, at):
    """Return models at their own threshold, or at equal acceptance, and which of them have it."""
    if at == 0:
        return models, np.full(len(models.eps), True)
    data = datasets.load(one.dataset, seed=one.seed, scaling=one.scaling)
    share = (one.model(data.X_train)[0] < 0).double().mean().item()
    logits = models(data.X_train).numpy().astype(float)
    threshold = np.array([threshold_at(row, share) for row in logits])
    family = shift(models, np.nan_to_num(threshold))
    apart = np.abs((family(data.X_train) < 0).double().mean(-1).numpy() - share)
    return family, ~np.isnan(threshold) & (apart <= APART)


def _of_models(one, family):
    """Return the measures that need no recourse."""
    data = datasets.load(one.dataset, seed=one.seed, scaling=one.scaling)
    yes = predict(family, data.X_test).numpy()
    return {
        "denied": 1 - yes.mean(-1),
        "accuracy": (yes == (data.y_test == 1)).mean(-1),
        "robust": robust_accuracy(family, one.X, one.y, ATTACK),
    }


def _least(one, family):
    """Return recourse of least cost under the cap: exact for linear models, else by spheres."""
    yes = np.ones(1)
    if one.kind == "logistic":
        return _capped(one, minimal_recourse(family, one.X, target=yes))
    return growing_spheres(
        family, one.X, target=yes, max_cost=cap(one), max_evals=150_000, seed=one.seed
    )


def _surviving(one, family):
    """Return names and recourses of those that survive a noise or a change, under the cap."""
    found = []
    for radius in NOISE:
        surviving = noisy_recourse(family, one.X, radius=radius, seed=one.seed)
        found.append((f"noise {radius:g}", _capped(one, surviving)))
    for change in CHANGES:
        surviving = changed_model_recourse(family, one.X, change=change, seed=one.seed)
        found.append((f"change {change:g}", _capped(one, surviving)))
    return found


def _capped(one, found):
    return found._replace(valid=found.valid & (found.cost <= cap(one)))


def _at(found, k):
    """Return the points, their costs and whether they count, of one model's recourse."""
    return found.x_cf[k].numpy(), found.cost[k].numpy(), found.valid[k].numpy()


def _of_recourse(denied, found, least, eps, judges):
    """Return what a recourse gives to the denied, and who accepts it.

    Whoever has none gets the one of least cost.
    """
    points, cost, valid = (mine[denied] for mine in found)
    others, usual, some = (mine[denied] for mine in least)
    points = np.where(valid[:, None], points, others)[valid | some]
    cost = np.where(valid, cost, usual)[valid | some]
    shares = _accepted(*judges, points)
    apart = shares[(np.array(FAMILY) != eps) & ~np.isnan(shares)]
    return {
        "n": denied.sum(),
        "validity": valid.mean() if denied.any() else np.nan,
        "cost": cost.mean() if len(cost) else np.nan,
        "standard": shares[0],
        "others": apart.mean() if len(apart) else np.nan,
    }


def _accepted(family, known, points):
    """Return the share of some points that each model of a family accepts, NaN if not known."""
    if not len(points):
        return np.full(len(known), np.nan)
    return np.where(known, predict(family, points).double().mean(-1).numpy(), np.nan)

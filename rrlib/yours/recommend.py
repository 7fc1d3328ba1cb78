"""What people are told: a DataFrame of people in, what each would have to change out."""

from numbers import Real
from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_hashable

from rrlib.data.columns import in_order
from rrlib.data.tables import Split
from rrlib.figures.yours import draw_all, draw_person
from rrlib.models.bring import as_family
from rrlib.models.family import LogisticRegression, lipschitz, predict
from rrlib.models.vae import fit_vae
from rrlib.recourse import (
    cchvae,
    growing_spheres,
    minimal_recourse,
    scfe,
    scfe_adam,
)
from rrlib.recourse.actions import Actions
from rrlib.study.common import MAX_COST, MAX_COST_BOX
from rrlib.yours import reasons

YES = np.ones(1)
BEYOND = 1e-6
"""How far beyond the boundary of a linear model the least recourse lands, in scaled units."""


class Recommendations(NamedTuple):
    """What each person is told.

    Attributes
    ----------
    table : DataFrame
        A row for each person, under her own index: `changes` (in words), `change in ...` (of each
        feature, original units; 0 where it stays), `cost` (the l2 norm of the changes in scaled
        features; 0 where the answer is yes already, infinite where there is no recourse), `valid`
        (whether the model says yes to the changed person), and `reason`, where it is not.
    before, after : DataFrame
        People as they are and as they would be; the same where there is no recourse.
    scale : array of shape (d,)
        One scaled unit of each feature, in original units.
    """

    table: pd.DataFrame
    before: pd.DataFrame
    after: pd.DataFrame
    scale: np.ndarray

    def plot(self, person=None):
        """Draw one person's changes, or who changes what and what it costs, for all.

        Parameters
        ----------
        person : a value of the index, optional

        Returns
        -------
        Figure
        """
        if person is None:
            return draw_all(self.table, self.before, self.after, self.scale)
        if not is_hashable(person) or person not in self.before.index:
            raise ValueError(f"there is no person {person!r}: name a value of the index")
        row = self.table.loc[person]
        return draw_person(row, self.before.loc[person], self.after.loc[person], self.scale)

    def to_csv(self, path):
        """Write the table as a CSV file."""
        self.table.to_csv(path)

    def _repr_html_(self):
        return self.table.to_html()


def bring(models, split, *, original=True, favourable=None):
    """Return models of the reader's own as a family over the features of a split.

    Parameters
    ----------
    models, favourable
        As of `rrlib.models.bring.as_family`.
    split : Split
    original : bool
        Whether the models take original units; if not, they take the split's scaled features.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> people = pd.DataFrame({"age": rng.integers(20, 60, 90), "income": rng.normal(50, 9, 90)})
    >>> people["loan"] = np.where(people["income"] + rng.normal(0, 5, 90) > 50, "yes", "no")
    >>> split = yours.read_table(people, label="loan", favourable="yes").split(seed=0)
    >>> family = yours.bring(torch.nn.Linear(2, 1), split)
    >>> tuple(family(split.X_test[:4]).shape)
    (1, 4)
    """
    units = {"center": split.center, "scale": split.scale} if original else {}
    return as_family(models, split.feature_names, favourable=favourable, **units)


def recommend(split, model, people, *, actions=None, method=None, max_cost=None, seed=0, **options):
    """Tell people what to change so that a model says yes to them, in original units.

    Whoever has a yes needs nothing. What a method finds is rounded to whole numbers where the
    actions ask for it, changes that are not needed then are taken back, the smallest first, and
    the model judges the person in original units as she would be.

    Parameters
    ----------
    split : Split
        Of the table; its scaling measures the costs.
    model : a family of one model
        From rrlib.models, or from `bring`; `rrlib.models.select` picks one out of many.
    people : DataFrame, original units
        Columns are matched by name; no value of the index comes twice.
    actions : Actions, optional
        Without them everything may change.
    method : {"minimal", "scfe", "scfe_adam", "growing_spheres", "cchvae"}, optional
        The least recourse for linear models and growing spheres for all others, if omitted.
    max_cost : float, optional
        A recourse that costs more does not count: 10 standard deviations, 3 with min-max scaling.
    seed : int
    options : of the method

    Returns
    -------
    Recommendations

    Raises
    ------
    ValueError
        On people or actions that do not fit the features, something that is no split, family or
        `Actions`, more than one model, a cost that is no number above 0, an unknown method, or a
        method that the model does not allow.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> people = pd.DataFrame({"age": rng.integers(20, 60, 90), "income": rng.normal(50, 9, 90)})
    >>> people["loan"] = np.where(people["income"] + rng.normal(0, 5, 90) > 50, "yes", "no")
    >>> split = yours.read_table(people, label="loan", favourable="yes").split(seed=0)
    >>> model = models.fit_logistic(split.X_train, split.y_train, [0.0]).model
    >>> person = pd.DataFrame({"age": [30], "income": [30.0]})
    >>> told = yours.recommend(split, model, person, actions=yours.Actions(immutable=["age"]))
    >>> told.table.columns.tolist()
    ['changes', 'change in age', 'change in income', 'cost', 'valid', 'reason']
    >>> bool(told.after["age"].item() == 30)
    True
    """
    actions = actions or Actions()
    _check(split, model, actions)
    names = list(split.feature_names)
    before = in_order(people, names)
    twice = before.index[before.index.duplicated()].tolist()
    if twice:
        raise ValueError(f"two people have the index {twice[0]!r}: number them, by reset_index()")
    if max_cost is None:
        max_cost = MAX_COST if split.scaling == "standard" else MAX_COST_BOX
    if not (isinstance(max_cost, Real) and max_cost > 0):
        raise ValueError(f"max_cost must be a number above 0, in scaled units, not {max_cost!r}")
    X = split.scaled(before)
    lower, upper = actions.bounds(before, split.center, split.scale)
    denied = ~predict(model, X)[0].numpy()
    after = before.copy()
    reason = np.where(denied, "", "accepted already").astype(object)
    if denied.any():
        who = before[denied]
        case = reasons.Case(split, model, X[denied], who, actions, max_cost)
        search = _method(model, method, split, max_cost, seed, options)
        found = search(case.X, lower=lower[denied], upper=upper[denied])
        moved = split.unscaled(found.x_cf[0].double().numpy(), who.index)
        moved = actions.rounded(who, moved, split.scale)
        if actions.whole:
            moved = _take_back(split, model, who, moved)
        cost = _cost(split, who, moved)
        valid = predict(model, split.scaled(moved))[0].numpy() & (cost <= max_cost)
        if not valid.all():
            reason[denied] = np.where(valid, "", reasons.of(case, found, cost))
        after[denied] = np.where(valid[:, None], moved, who)
    return _told(split, before, after, reason)


def _check(split, model, actions):
    """Raise a ValueError unless these are a split, a family of one model and actions."""
    if not isinstance(split, Split):
        kind = type(split).__name__
        raise ValueError(f"split must be what a table's split(seed=0) returns, not a {kind}")
    if not hasattr(model, "eps"):
        kind = type(model).__name__
        raise ValueError(f"the model is a {kind}: make a family of it with bring(model, split)")
    if len(model.eps) != 1:
        raise ValueError(
            f"the family has {len(model.eps)} models: choose one with select(model, 0)"
        )
    if not isinstance(actions, Actions):
        raise ValueError(f"actions must be Actions(immutable=[…], …), not {actions!r}")


def _told(split, before, after, reason):
    """Return the recommendations, given why people need or have none."""
    change = after - before
    valid = (reason == "") | (reason == "accepted already")
    table = pd.DataFrame({"changes": _in_words(before, after)}, before.index)
    table = table.join(change.add_prefix("change in "))
    table["cost"] = np.where(valid, _cost(split, before, after), np.inf)
    return Recommendations(table.assign(valid=valid, reason=reason), before, after, split.scale)


def _method(model, method, split, max_cost, seed, options):
    """Return a search for a yes as a function of rows and bounds."""
    linear = isinstance(model, LogisticRegression)
    method = method or ("minimal" if linear else "growing_spheres")
    limits = {"max_cost": max_cost, "seed": seed}
    if method == "minimal":
        if not linear:
            raise ValueError("the least recourse is known of linear models: use growing_spheres")
        rule, given = minimal_recourse, {"margin": BEYOND * float(lipschitz(model))}
    elif method in ("scfe", "scfe_adam"):
        rule, given = {"scfe": scfe, "scfe_adam": scfe_adam}[method], {}
    elif method == "growing_spheres":
        rule, given = growing_spheres, limits
    elif method == "cchvae":
        latent = min(4, np.linalg.matrix_rank(split.X_train - split.X_train.mean(0)))
        vae = options.get("vae") or fit_vae(split.X_train, latent=int(latent), seed=seed)
        rule, given = cchvae, {**limits, "vae": vae}
    else:
        raise ValueError(
            f"method must be minimal, scfe, scfe_adam, growing_spheres or cchvae, not {method!r}"
        )
    given |= options

    def search(X, **bounds):
        return rule(model, X, target=YES, **bounds, **given)

    return search


def _take_back(split, model, before, after):
    """Return people without the changes that are not needed, the smallest tried first."""
    before, after = before.to_numpy(), after.copy()
    size = np.abs(after.to_numpy() - before) / split.scale
    for place in np.argsort(size, axis=1).T:
        tried = after.to_numpy().copy()
        people = np.arange(len(tried))
        tried[people, place] = before[people, place]
        tried = pd.DataFrame(tried, after.index, after.columns)
        lasts = predict(model, split.scaled(tried))[0].numpy()
        after[lasts] = tried[lasts]
    return after


def _cost(split, before, after):
    return np.linalg.norm((after - before).to_numpy() / split.scale, axis=1)


def _in_words(before, after):
    """Return each person's changes in words, "nothing" where there are none."""
    words = []
    for start, end in zip(before.to_numpy(), after.to_numpy()):
        moves = np.flatnonzero(start != end)
        said = [_one_change(before.columns[j], start[j], end[j]) for j in moves]
        words.append("; ".join(said) or "nothing")
    return words


def _one_change(name, start, end):
    sign = "+" if end > start else "−"
    size, place = reasons.number(abs(end - start)), reasons.number(end).replace("-", "−")
    return f"{name} {sign}{size} to {place}"

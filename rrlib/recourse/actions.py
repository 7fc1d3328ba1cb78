"""What people can do: named constraints in original units, as bounds that every method takes."""

import difflib
import math
from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

SLACK = 1e-6
"""A change, or a distance from a whole number, below this share of a scaled unit is rounding."""


class Actions(NamedTuple):
    """What may change, and how; what is not named may change both ways without a limit.

    Attributes
    ----------
    immutable : sequence of str
        Features that stay as they are.
    increase, decrease : sequence of str
        Features that can only rise, or only fall.
    range : dict of str -> (low, high)
        Within what limits a feature must stay, in original units; None leaves a side open. A person
        who is outside must not be asked for: that is an error.
    whole : sequence of str
        Features whose changes lead to whole numbers.
    """

    immutable: tuple = ()
    increase: tuple = ()
    decrease: tuple = ()
    range: dict = {}  # never written to
    whole: tuple = ()

    def bounds(self, people, center, scale):
        """Return the bounds on x', lower and upper, each (n, d), in scaled features.

        They are the `lower` and `upper` of the methods of rrlib.recourse, for the rows
        (people - center) / scale.

        Parameters
        ----------
        people : DataFrame of shape (n, d), original units
        center, scale : arrays of shape (d,)

        Raises
        ------
        ValueError
            As `limits`.
        """
        return tuple((side - center) / scale for side in self.limits(people))

    def limits(self, people):
        """Return the same in original units: arrays (n, d); equal to x where nothing may change.

        Raises
        ------
        ValueError
            If a name is no column, two constraints contradict each other, a range is none, or a
            person is outside: the message names row and feature.
        """
        self.check(people.columns)
        rows = people.to_numpy(np.float64)
        lower, upper = np.full(rows.shape, -np.inf), np.full(rows.shape, np.inf)
        places = {str(name): j for j, name in enumerate(people.columns)}
        for name, pair in self.range.items():
            j = places[name]
            low, high = _ends(name, pair)
            outside = np.flatnonzero((rows[:, j] < low) | (rows[:, j] > high))
            if len(outside):
                row, who = outside[0], people.index.tolist()[outside[0]]
                raise ValueError(
                    f"row {who!r}: {name} = {rows[row, j]:g} is outside its range "
                    f"[{low:g}, {high:g}]; widen the range or leave the row out"
                )
            if name in self.whole:
                low, high = math.ceil(low) if np.isfinite(low) else low, _floor(high)
            lower[:, j], upper[:, j] = low, high
        for names, side in ((self.increase, lower), (self.decrease, upper)):
            for j in (places[name] for name in names):
                side[:, j] = rows[:, j]
        for j in (places[name] for name in self.immutable):
            lower[:, j] = upper[:, j] = rows[:, j]
        return np.minimum(lower, rows), np.maximum(upper, rows)

    def check(self, names):
        """Raise a ValueError unless all constraints name features and none contradicts another."""
        known, named = [str(name) for name in names], {}
        for kind, given in zip(self._fields, self):
            if kind == "range" and not isinstance(given, Mapping):
                raise ValueError(f"range must be a dict of features to (low, high), not {given!r}")
            if isinstance(given, str):
                raise ValueError(f"{kind} must be a list of features: write {kind}=[{given!r}]")
            if not isinstance(given, Collection):
                raise ValueError(f"{kind} must be a list of features, not {given!r}")
            for name in given:
                if name not in known:
                    close = difflib.get_close_matches(str(name), known, 1)
                    hint = f"did you mean {close[0]!r}?" if close else f"there are {known[:8]}"
                    raise ValueError(f"{kind} names {name!r}, which is no feature: {hint}")
                if kind in ("immutable", "increase", "decrease"):
                    named.setdefault(name, set()).add(kind)
        for name, kinds in named.items():
            if len(kinds) > 1:
                both = " and in ".join(kind for kind in self._fields if kind in kinds)
                raise ValueError(f"{name!r} is in {both}: name it once")
        for name, pair in self.range.items():
            _ends(name, pair)

    def rounded(self, people, after, scale):
        """Return changed people with whole numbers where these are asked for, rounded outward.

        A whole number is farther from where the person stands, unless the limits forbid it: then
        it is the last one within them. Changes that are rounding alone are undone.

        Parameters
        ----------
        people, after : DataFrame of shape (n, d), original units
        scale : array of shape (d,)
            One scaled unit in original units.

        Returns
        -------
        DataFrame
        """
        before, moved = people.to_numpy(np.float64), after.to_numpy(np.float64)
        slack = SLACK * np.asarray(scale)
        lower, upper = self.limits(people)
        outward = np.where(moved > before, np.ceil(moved - slack), np.floor(moved + slack))
        inward = np.where(moved > before, np.floor(upper), np.ceil(lower))
        inside = (outward >= lower) & (outward <= upper)
        asked = np.isin([str(name) for name in people.columns], list(self.whole))
        chosen = np.where(asked, np.where(inside, outward, inward), moved.clip(lower, upper))
        still = np.abs(moved - before) <= slack
        return pd.DataFrame(np.where(still, before, chosen), people.index, people.columns)


def _ends(name, pair):
    """Return both ends of a range as floats, or raise a ValueError that names it."""
    try:
        low, high = pair
        low = -np.inf if low is None else float(low)
        high = np.inf if high is None else float(high)
    except (TypeError, ValueError):
        low, high = np.nan, np.nan
    if not low <= high:
        raise ValueError(f"range of {name!r} must be (low, high) with low <= high, not {pair!r}")
    return low, high


def _floor(high):
    return math.floor(high) if np.isfinite(high) else high

"""What the claims are tested on: the study, its variations, and the rows that count."""

from itertools import product

import numpy as np

from rrlib import study
from rrlib.audit.evidence import Evidence, name_case
from rrlib.data import datasets, rawfiles
from rrlib.study import SOME, pieces, results, stored, tables, variations

BOXED = "min-max scaling, "
SETTINGS = {"": "standardised", BOXED: "min-max"}
"""The scalings of the features, which the paper leaves open: prefix of a reading, name."""

KINDS = ("network", "logistic")
"""The kinds of model that the paper trains, networks first."""

KEYS = ("dataset", "kind", "seed", "method", "reading", "column", "eps")
"""The columns that tell the rows of a table apart, as far as it has them."""

CERTIFIED = "certified"
"""Networks trained with certificates instead of attacks: no setting of the paper."""


def gather():
    """Return everything that the claims are tested on.

    Validity and cost in the paper's setting are computed for the exploring seeds and compared with
    the stored tables, which have the confirming seeds as well; all else is stored.

    Raises
    ------
    ValueError
        Where the stored tables are not those of this study.
    """
    slices = study.run()
    if all_real():
        usual = variation("paper")
        _check(study.table(slices), usual["summary"])
        _check(results.all_differences(slices), usual["differences"])
    else:
        usual = tables.made("paper", slices)
    beyond = ("minmax", "fewer", "fewer_minmax")
    return Evidence(slices, usual, *map(variation, beyond))


def announce():
    """Return what `gather` is about to do, for whoever waits for it."""
    slices = list(product(datasets.NAMES, study.KINDS, study.SEEDS))
    todo = sum(not _is_stored(*one) for one in slices)
    folder = rawfiles.study_folder()
    if not todo:
        return f"The study is stored in {folder}; judging the claims on it takes up to a minute."
    return (
        f"Computing {todo} of the {len(slices)} slices of the study, some minutes on two cores. "
        f"Each is stored in {folder} once it is finished."
    )


def _is_stored(name, kind, seed):
    """Whether the cache holds a slice of the study."""
    setting = pieces.Setting(name, kind, seed, "standard", np.inf, datasets.source(name))
    return all(pieces.is_stored(setting, method, {}) for method in study.METHODS)


def all_real():
    """Return whether no twin stands in for a dataset."""
    return all(datasets.source(dataset) == "real" for dataset in datasets.NAMES)


def _check(live, kept):
    """Raise unless a stored table agrees with the part of it that was computed just now."""
    keys = [column for column in KEYS if column in kept]
    part = kept[kept["seed"].isin(study.SEEDS) & kept["kind"].isin(study.KINDS)]
    pair = (table.sort_values(keys).reset_index(drop=True) for table in (live, part))
    if stored.largest_difference(*pair) > 1:
        raise ValueError("the stored tables are not this study's: python -m rrlib.study")


def variation(name):
    """Return the tables of a variation of the study, by name.

    They are the stored ones. Where a twin stands in for a dataset, they are computed with few
    samples, for the same kinds of model.
    """
    chosen = variations.VARIATIONS[name]
    if all_real():
        return {table: stored.read(table, name) for table in chosen.tables}
    slices = variations.run(name, small=True, kinds=tuple(chosen.seeds))
    found = tables.made(name, slices)
    if "batches" in chosen.tables:
        usual = variations.run(chosen.usual, small=True, kinds=tuple(chosen.seeds))
        found["batches"] = study.more_batches(usual, slices, variations.SMALL_BATCH)
    return found


def select_rows(table, reading="flip", kind=None):
    """Return the rows of one reading, and of one kind of model if given.

    Validities and means over fewer than `SOME` rows are NaN.
    """
    chosen = table["reading"] == reading
    if kind:
        chosen = chosen & (table["kind"] == kind)
    part = table[chosen].copy()
    part.loc[part["n_common"] < SOME, ["cost_common", "cost_gap", "displacement"]] = np.nan
    part.loc[part["n"] < SOME, "validity"] = np.nan
    if reading != "printed":
        n_valid = part["validity"] * part["n"]
        part.loc[~(n_valid >= SOME), "cost"] = np.nan
    return part


def tables_by_scaling(evidence, name="summary"):
    """Return prefix and table for each scaling of the features for which there is such a table."""
    every = {"": evidence.usual, BOXED: evidence.boxed}
    return {prefix: tables[name] for prefix, tables in every.items() if name in tables}


def trained(kinds, table):
    """Return those of some kinds of model that a table has, and certified networks for networks."""
    asked = [*kinds, CERTIFIED] if "network" in kinds else list(kinds)
    return [kind for kind in asked if (table["kind"] == kind).any()]


def by_training(table):
    """Return a table's rows of the paper's kinds of model, and those of certified networks.

    Returns
    -------
    dict of kind -> DataFrame
        The first one counts as networks, with which the paper's own findings are named.
    """
    parts = {"network": table["kind"].isin(KINDS), CERTIFIED: table["kind"] == CERTIFIED}
    return {kind: table[rows] for kind, rows in parts.items() if rows.any()}


def name_reading(prefix, kind, name):
    """Return the name of a reading, with the kind of model only if it is not the paper's own."""
    return prefix + (f"{name_case(kind)}, " if kind == CERTIFIED else "") + name


def setting_of(prefix, kind):
    """Return the setting of the paper that a reading belongs to, none for certified networks."""
    return "" if kind == CERTIFIED else SETTINGS[prefix]

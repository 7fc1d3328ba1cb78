"""The kinds of tables that are stored of the study: how each is made, and what makes it stale."""

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

from rrlib.data import datasets
from rrlib.study import (
    acceptance,
    attacked,
    choices,
    common,
    fingerprint,
    losses,
    metrics,
    offers,
    parts,
    payers,
    pieces,
    remedies,
    results,
    surroundings,
)
from rrlib.study.variations import VARIATIONS


class Table(NamedTuple):
    """One kind of table.

    Attributes
    ----------
    make : function from a list of Slice to a DataFrame
    parts : tuple of functions
        Those whose own code makes the table stale.
    modules : tuple of functions
        Those whose modules do, with all that these import.
    methods : tuple of str, optional
        The methods whose recourses the table is made of; all of the variation if None.
    names : tuple of dataset names
    kinds : tuple of kinds of model, optional
        All of the variation if None.
    digits : int
        How many of each number are stored.
    """

    make: Callable
    parts: tuple = ()
    modules: tuple = ()
    methods: tuple | None = None
    names: tuple = datasets.NAMES
    kinds: tuple | None = None
    digits: int = 4


TABLES = {
    "summary": Table(
        results.table,
        parts=(results.table, results.safe_distance, common.cap),
        modules=(metrics.summarise,),
    ),
    "differences": Table(
        results.all_differences, parts=(results.differences, results._rows_in_common)
    ),
    "batches": Table(results.more_batches, parts=(results.more_batches, results._mean_change)),
    "attacked": Table(attacked.attacked, modules=(attacked.attacked,), methods=()),
    "losses": Table(losses.losses, modules=(losses.losses,), methods=(), digits=6),
    "offers": Table(offers.offers, modules=(offers.offers,), methods=("growing_spheres",)),
    "surroundings": Table(
        surroundings.surroundings,
        modules=(surroundings.surroundings,),
        methods=(),
        names=("adult",),
        kinds=("network", "certified"),
    ),
    "acceptance": Table(acceptance.acceptance, modules=(acceptance.acceptance,), methods=()),
    "parts": Table(parts.parts, modules=(parts.parts,), methods=()),
    "payers": Table(payers.payers, modules=(payers.payers,), methods=()),
    "choices": Table(choices.choices, modules=(choices.choices,), methods=()),
    "remedies": Table(remedies.remedies, modules=(remedies.remedies,), methods=()),
    "transfers": Table(remedies.transfers, modules=(remedies.remedies,), methods=()),
}


def made(variation, slices, tables=None):
    """Return tables of a variation, by name, from some of its slices.

    All that the slices have, or those of them that are named; "batches", which compares two
    variations, is never among them.
    """
    found = {}
    for name in VARIATIONS[variation].tables:
        own = [one for one in slices if name in tables_of(variation, one.dataset, one.kind)]
        if own and name != "batches" and name in (tables or TABLES):
            found[name] = TABLES[name].make(own)
    if "summary" in found:
        asked = found["summary"]["method"].isin(summarised(variation))
        found["summary"] = found["summary"][asked].reset_index(drop=True)
    return found


def summarised(variation):
    """Return the methods that the summary of a variation is about.

    Where some methods have options of their own, it is about these: the others recommend what they
    do in the usual variation.
    """
    chosen = VARIATIONS[variation]
    return tuple(chosen.options) or chosen.methods


def methods_behind(variation, tables):
    """Return the methods whose recourses some tables of a variation are made of."""
    found = set()
    for table in tables:
        chosen = TABLES[table].methods
        found.update(VARIATIONS[variation].methods if chosen is None else chosen)
    return tuple(method for method in VARIATIONS[variation].methods if method in found)


class Group(NamedTuple):
    """Rows that are made together; `method` is empty where a table has no methods of its own."""

    table: str
    variation: str
    dataset: str
    kind: str
    seed: int
    method: str


def groups(names=tuple(VARIATIONS)):
    """Return all groups of some variations."""
    found = []
    for name in names:
        chosen = VARIATIONS[name]
        for dataset, kind in product(datasets.NAMES, chosen.seeds):
            for table in tables_of(name, dataset, kind):
                methods = summarised(name) if table == "summary" else ("",)
                keys = product(chosen.seeds[kind], methods)
                found += [Group(table, name, dataset, kind, *key) for key in keys]
    return found


def tables_of(variation, name, kind):
    """Return the names of the tables that a slice of a variation has."""
    found = []
    for table in VARIATIONS[variation].tables:
        chosen = TABLES[table]
        if name in chosen.names and kind in (chosen.kinds or (kind,)):
            found.append(table)
    return found


def stamp(group):
    """Return the fingerprint of a group on the real data."""
    table = TABLES[group.table]
    chosen = VARIATIONS[group.variation]
    setting = setting_of(group.variation, *group[2:5])
    methods = chosen.methods if table.methods is None else table.methods
    if group.method:
        methods = (group.method,)
    own = [_search_stamp(group.variation, setting, method) for method in methods]
    if group.table == "batches":
        usual = setting_of(chosen.usual, *group[2:5])
        own += [_search_stamp(chosen.usual, usual, method) for method in methods]
    measure = fingerprint.body(*table.parts), fingerprint.code(*table.modules), results.SOME
    return fingerprint.digest(pieces.stamp_fit(setting), own, measure)


def setting_of(variation, name, kind, seed):
    """Return the setting of a slice of a variation, on the real data."""
    chosen = VARIATIONS[variation]
    return pieces.Setting(name, kind, seed, chosen.scaling, chosen.p, "real", chosen.rows)


def _search_stamp(variation, setting, method):
    """Return the stamp of a method's search in a slice, and its options."""
    options = VARIATIONS[variation].options.get(method, {})
    return pieces.stamp_search(setting, method), options

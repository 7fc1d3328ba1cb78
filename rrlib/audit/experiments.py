"""What the claims are tested on: the study, its variations, and the rows that count."""

import numpy as np

from rrlib import study
from rrlib.audit.evidence import Evidence
from rrlib.data import datasets
from rrlib.study import SOME, results, stored, variations

BOXED = "min-max scaling, "


def gather():
    """Return everything that the claims are tested on.

    The study in the paper's setting is computed, what goes beyond it comes from stored tables.
    """
    slices = study.run()
    boxed = variation("minmax")["summary"]
    return Evidence(slices, study.table(slices), variation("fewer"), boxed)


def variation(name):
    """Return the tables of a variation of the study, by name.

    They are the stored ones. Where a twin stands in for a dataset, they are computed with few
    samples.
    """
    tables = variations.VARIATIONS[name].tables
    if all(datasets.source(dataset) == "real" for dataset in datasets.NAMES):
        return {table: stored.read(table, name) for table in tables}
    slices = variations.run(name, small=True)
    found = {"summary": study.table(slices)}
    if "differences" in tables:
        found["differences"] = results.all_differences(slices)
    if "batches" in tables:
        usual = variations.run("paper", small=True)
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


def scalings(evidence):
    """Return prefix and table for each scaling of the features that was run."""
    tables = {"": evidence.table}
    if evidence.boxed is not None:
        tables[BOXED] = evidence.boxed
    return tables

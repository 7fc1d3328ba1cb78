"""What the claims are tested on: the study, its variations, and the rows that count."""

import numpy as np

from rrlib import study
from rrlib.audit.evidence import Evidence

SOME = 10
"""A mean over fewer rows than this is no point of a curve."""

FEWER = {"cchvae": {"samples": 30}, "growing_spheres": {"samples": 100}}
"""A tenth of the usual samples a shell, for claim C5."""

AGAIN = {method: options | {"seed": 1000} for method, options in FEWER.items()}
"""The same, and other random numbers in the search alone."""

BOX = {
    "cchvae": {"samples": 30, "max_evals": 3_000},
    "growing_spheres": {"samples": 100, "max_evals": 15_000},
}
"""A tenth of the usual samples and evaluations, for the study with min-max scaling."""

BOXED = "min-max scaling, "


def gather():
    """Return everything that the claims are tested on.

    It is the study, its repetition with few samples, and that with min-max scaling.
    """
    slices = study.run()
    fewer = study.run(methods=tuple(FEWER), options=FEWER)
    return Evidence(slices, study.table(slices), fewer, study.table(run_boxed()))


def run_boxed():
    """Return the slices of the study with min-max scaling."""
    return study.run(scaling="minmax", options=BOX)


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

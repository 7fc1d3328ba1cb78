"""Claim S1: fewer valid points lie around Adult's test rows as eps grows, networks."""

from itertools import product

import numpy as np

from rrlib.audit.evidence import Finding, cases_of
from rrlib.audit.experiments import name_reading, setting_of, tables_by_scaling, trained
from rrlib.audit.smallest import SHARE
from rrlib.study.surroundings import NEAREST, SHOWN

STEPS = [f"eps = {start:g} to {end:g}" for start, end in zip(SHOWN, SHOWN[1:])]
PAPERS_OWN = NEAREST, "all test rows"
"""The reading of S1 that counts: the paper maps "points in the dataset" around an instance."""


def fewer_valid_points(evidence):
    """S1: the share of valid points falls from each eps of Figure 4 to the next, Adult, networks.

    Valid is the label opposite to the model's own at the row. Whole test sets: all rows, and those
    that all three models deny.
    """
    found = []
    for prefix, table in tables_by_scaling(evidence, "surroundings").items():
        for kind in trained(["network"], table):
            part = table[table["kind"] == kind]
            for where, group in product(part["where"].unique(), part["group"].unique()):
                rows = part[(part["where"] == where) & (part["group"] == group)]
                own = (where, group) == PAPERS_OWN
                setting = setting_of(prefix, kind) if own else ""
                name = name_reading(prefix, kind, f"{where}, {group}")
                measure = "fall of the share of valid points"
                found.append(Finding(name, measure, _falls(rows), setting=setting))
    return found


def _falls(rows):
    """Return a case for each step, from the shares at one place."""
    shares = rows.pivot(index="seed", columns="eps", values="share")
    falls = -np.diff(shares.to_numpy(), axis=1)
    values = {step: dict(zip(shares.index, fall)) for step, fall in zip(STEPS, falls.T)}
    return cases_of(values, SHARE)

"""SCFE's lead, for claim C4: how much larger its cost difference is than the other methods'."""

import numpy as np

from rrlib import study
from rrlib.audit.evidence import CONFIRMING, EXPLORING, Case, name_case


def differences(slices, reading, column):
    """Return `study.differences` for slices of one kind of model, as `lead_cases` takes it."""
    return by_radius(study.differences(slices, reading, column))


def by_radius(table):
    """Return differences of one kind of model, reading and column as `lead_cases` takes them.

    A row for each dataset, seed and eps, a column for each method.
    """
    if table.empty:
        return table
    named = table.drop(columns=["kind", "reading", "column"], errors="ignore")
    return named.set_index(["dataset", "seed", "eps"])


def leads(table):
    """Return SCFE's mean difference over eps less the larger of the other methods', by dataset.

    Parameters
    ----------
    table : DataFrame
        From `differences` or `by_radius`.

    Returns
    -------
    dict of dataset -> (largest eps, dict of seed -> lead)
        Over the radii at which every seed has a value; with fewer than two, (0, dict of NaN).
    """
    found = {}
    if table.empty:
        return found
    for dataset, part in table.groupby("dataset", sort=False):
        known = part.notna().all(axis=1).groupby("eps").all()
        radii = known.index[known]
        if len(radii) < 2:
            radii = radii[:0]
        mean = part[part.index.isin(radii, level="eps")].groupby("seed").mean()
        lead = mean["scfe"] - mean.drop(columns="scfe").max(axis=1)
        seeds = part.index.unique("seed")
        largest = radii.max() if len(radii) else 0
        found[dataset] = largest, lead.reindex(seeds).to_dict()
    return found


def lead_cases(table, smallest):
    """Return the cases of C4 for a table from `differences` or `by_radius`, one for each dataset.

    A radius is no case of its own: a lead is a mean over those that the seeds know, and the
    exploring and the confirming seeds know other ones, see `name_radii`.

    Parameters
    ----------
    table : DataFrame
    smallest : dict of dataset -> the smallest lead that counts
    """
    if table.empty:
        return []
    seeds = table.index.get_level_values("seed")
    confirmed = leads(table[seeds.isin(CONFIRMING)])
    found = []
    for dataset, (_, lead) in leads(table[seeds.isin(EXPLORING)]).items():
        _, more = confirmed.get(dataset, (0, {}))
        found.append(Case(name_case(dataset), lead | more, smallest.get(dataset, np.nan)))
    return found


def lead_effects(table):
    """Return the effects of C4 over the exploring seeds, for a table as `lead_cases` takes it."""
    return [case.explored for case in lead_cases(table, {})]


def name_radii(table):
    """Return up to which eps each dataset's lead is taken, as text; "" for an empty table.

    For the exploring and, where it is another one, the confirming seeds.
    """
    if table.empty:
        return ""
    seeds = table.index.get_level_values("seed")
    explored = leads(table[seeds.isin(EXPLORING)])
    confirmed = leads(table[seeds.isin(CONFIRMING)])
    parts = []
    for dataset, (largest, _) in explored.items():
        later, _ = confirmed.get(dataset, (largest, {}))
        radii = [f"{eps:g}" if eps else "none" for eps in dict.fromkeys((largest, later))]
        parts.append(f"{name_case(dataset)} {' and '.join(radii)}")
    return ", ".join(parts)

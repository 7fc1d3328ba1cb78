"""SCFE's lead, for claim C4: how much larger its cost difference is than the other methods'."""

from rrlib import study
from rrlib.audit.evidence import effect, name_case


def differences(slices, reading, column):
    """Return `study.differences` for slices of one kind of model, as `leads` takes it."""
    return by_radius(study.differences(slices, reading, column))


def by_radius(table):
    """Return differences of one kind of model, reading and column as `leads` takes them.

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
    dict of dataset -> (largest eps, array of shape (seeds,))
        Over the radii at which every seed has a value; with fewer than two, (0, an array of NaN).
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
        found[dataset] = largest, lead.reindex(seeds).to_numpy()
    return found


def lead_effects(table):
    """Return the effects of C4 for a table from `differences` or `by_radius`."""
    found = leads(table)
    return [effect(name_lead(name, largest), lead) for name, (largest, lead) in found.items()]


def name_lead(dataset, largest):
    """Return the name of a case of C4: the dataset and the radii that its lead is taken over."""
    return name_case(dataset, f"eps up to {largest:g}" if largest else "too few eps")

"""The claims about cost, C1 to C5, made precise and measured on the study."""

from itertools import product

import numpy as np
import pandas as pd

from rrlib import study
from rrlib.audit.evidence import (
    CONFIRMING,
    EXPLORING,
    Finding,
    by_case,
    cases_of,
    departure,
    effect,
    name_case,
    roughness,
    slope,
)
from rrlib.audit.experiments import (
    BOXED,
    KINDS,
    name_reading,
    select_rows,
    setting_of,
    tables_by_scaling,
    trained,
)
from rrlib.audit.leads import by_radius, lead_cases, name_radii
from rrlib.audit.smallest import (
    BATCHES,
    COST,
    NOTHING,
    ROUGHNESS,
    cost_slope,
    standard_cost,
)

UNITS = {"": "standard deviations", BOXED: "scaled l2 cost"}
COSTS = f"slope against eps, {UNITS['']} per 0.1"


def cost_grows(evidence, kind):
    """C1, C2: the cost difference grows with eps."""
    found = []
    for prefix, table in tables_by_scaling(evidence).items():
        for trained_kind in trained([kind], table):
            found += _growth(table, prefix, trained_kind)
    return found


def _growth(table, prefix, kind):
    """Return the findings of C1 and C2 for one scaling and one kind of model."""
    flip, denied, printed = (select_rows(table, reading, kind) for reading in study.READINGS)
    curves = (
        ("flip, cost gap", flip, "cost_gap"),
        ("denied, cost gap", denied, "cost_gap"),
        ("flip, cost gap, before the collapse", flip[~flip["one_class"]], "cost_gap"),
        ("flip, own valid rows", flip, "cost"),
        ("printed, cost", printed, "cost"),
        ("flip, displacement", flip, "displacement"),
        ("denied, displacement", denied, "displacement"),
    )
    if prefix:
        curves = curves[:2]
    measure = COSTS.replace(UNITS[""], UNITS[prefix])
    found = []
    for name, rows, column in curves:
        cases = by_case(rows, column, slope, cost_slope)
        setting = setting_of(prefix, kind) if name == "flip, cost gap" else ""
        found.append(Finding(name_reading(prefix, kind, name), measure, cases, setting=setting))
    return found


def smoother(evidence):
    """C3: SCFE's curve of the cost gap is smoother than the others', by `roughness`."""
    found = []
    for prefix, table in tables_by_scaling(evidence).items():
        for kind, reading in product(trained(KINDS, table), ("flip", "denied")):
            name = f"{prefix}{name_case(kind)}, {reading}, cost gap"
            cases = _excess_roughness(select_rows(table, reading, kind))
            setting = setting_of(prefix, kind) if reading == "flip" else ""
            found.append(Finding(name, "roughness, less SCFE's", cases, setting=setting))
    return found


def _excess_roughness(rows):
    """Return the cases of C3, at the radii where every seed has a point of every curve."""
    excess = {}
    for dataset, part in rows.groupby("dataset", sort=False):
        for seeds in (EXPLORING, CONFIRMING):
            some = part[part["seed"].isin(seeds)]
            curves = some.pivot(index=["method", "seed"], columns="eps", values="cost_gap")
            curves = curves.dropna(axis=1)
            rough = roughness(curves.columns.to_numpy(), curves.to_numpy())
            rough = pd.Series(rough, index=curves.index, dtype=float).unstack("seed")
            for method in rough.index.drop("scfe", errors="ignore"):
                values = excess.setdefault(name_case(dataset, method), {})
                values |= (rough.loc[method] - rough.loc["scfe"]).to_dict()
    return cases_of(excess, ROUGHNESS)


def roughness_by_chance(fewer, again):
    """Return the roughness of the cost gap's curves, and what chance in the search gives of it.

    Two searches of the same rows under the same models differ by chance alone, twice: once in
    each.

    Parameters
    ----------
    fewer, again : DataFrame
        Summaries of the variations `fewer` and `again` of the study, without SCFE.

    Returns
    -------
    dict of "roughness" and "by chance" -> list of Effect
        One for each kind of model, dataset and method.
    """
    one, other = (select_rows(table) for table in (fewer, again))
    both = one.assign(chance=one["cost_gap"].to_numpy() - other["cost_gap"].to_numpy())
    both["cost_gap"] = both["cost_gap"].where(both["chance"].notna())
    cases = ["kind", "dataset", "method"]
    by_chance = []
    for case, part in both.groupby(cases, sort=False):
        curves = part.pivot(index="seed", columns="eps", values="cost_gap").dropna(axis=1)
        noise = part.pivot(index="seed", columns="eps", values="chance").dropna(axis=1)
        shares = []
        for curve, change in zip(curves.to_numpy(), noise.to_numpy()):
            in_one_search = departure(noise.columns, change) / np.sqrt(2)
            shares.append(in_one_search / np.ptp(curve))
        by_chance.append(effect(name_case(*case), shares))
    rough = by_case(both, "cost_gap", roughness, NOTHING, cases)
    return {"roughness": [case.explored for case in rough], "by chance": by_chance}


def dearest(evidence):
    """C4: SCFE has the largest cost difference, which the paper puts down to the others' samples.

    The second part compares SCFE's lead with the one that it has at a tenth of the samples.
    """
    found = []
    summaries = tables_by_scaling(evidence)
    for prefix, table in tables_by_scaling(evidence, "differences").items():
        if not set(study.METHODS) <= set(table.columns):
            continue
        parts = product(trained(KINDS, table), ("cost_gap", "displacement"), ("flip", "denied"))
        for kind, column, reading in parts:
            name = f"{prefix}{name_case(kind)}, {reading}, {column.replace('_', ' ')}"
            smallest = _tenth_of_scfe(select_rows(summaries[prefix], reading, kind))
            some = _some(table, kind, reading, column)
            cases = lead_cases(some, smallest)
            setting = setting_of(prefix, kind) if (column, reading) == LEAD else ""
            measure = f"SCFE's less the larger of the others', {UNITS[prefix]}, "
            measure += f"mean over eps up to: {name_radii(some)}"
            found.append(Finding(name, measure, cases, setting=setting))
    for kind in KINDS if found and evidence.fewer else ():
        name = f"{name_case(kind)}, flip, cost gap, put down to the sample size"
        measure = f"SCFE's lead less its lead at a tenth of the samples, {UNITS['']}, "
        measure += "mean over the same eps"
        found.append(Finding(name, measure, _lead_by_samples(evidence, kind)))
    return found


LEAD = ("cost_gap", "flip")


def _some(table, kind, reading="flip", column="cost_gap"):
    """Return the differences of one kind of model, reading and column, by radius."""
    chosen = (table["reading"] == reading) & (table["column"] == column)
    return by_radius(table[chosen & (table["kind"] == kind)])


def _tenth_of_scfe(rows):
    """Return the smallest lead of SCFE that counts, by dataset, from rows of the summary."""
    scfe = rows[(rows["method"] == "scfe") & rows["seed"].isin(EXPLORING)]
    parts = scfe.groupby("dataset")
    return {dataset: COST * standard_cost(part, "cost_gap") for dataset, part in parts}


def _lead_by_samples(evidence, kind):
    """Return the cases of C4's second part, at the radii where both searches have a mean."""
    many = _some(evidence.usual["differences"], kind)
    if many.empty:
        return []
    fewer = _some(evidence.fewer["differences"], kind).reindex(many.index)
    known = many.notna().all(axis=1) & fewer.notna().all(axis=1)
    smallest = _tenth_of_scfe(select_rows(evidence.usual["summary"], "flip", kind))
    with_few = lead_cases(fewer.where(known), smallest)
    found = []
    for usual, few in zip(lead_cases(many.where(known), smallest), with_few):
        change = {seed: lead - few.values[seed] for seed, lead in usual.values.items()}
        found.append(usual._replace(values=change))
    return found


def fewer_samples(evidence):
    """C5: with a tenth of the samples a shell the trend stays, and more shells are needed."""
    found = []
    for prefix, tables in (("", evidence.fewer), (BOXED, evidence.boxed_fewer)):
        if not tables:
            continue
        table = tables["summary"]
        table = table[table["method"] != "scfe"]
        for kind in trained(KINDS, table):
            found += _trend_and_batches(table, tables.get("batches"), prefix, kind)
    return found


def _trend_and_batches(table, batches, prefix, kind):
    """Return the findings of C5 for one scaling and one kind of model."""
    found = []
    for reading in ("flip", "denied"):
        cases = by_case(select_rows(table, reading, kind), "cost_gap", slope, cost_slope)
        name = f"{prefix}{name_case(kind)}, the trend, {reading}, cost gap"
        measure = COSTS.replace(UNITS[""], UNITS[prefix])
        setting = setting_of(prefix, kind) if reading == "flip" else ""
        found.append(Finding(name, measure, cases, setting=setting))
    if batches is not None:
        name = f"{prefix}{name_case(kind)}, the iterations"
        measure = "batches of samples to a recourse, less those at the usual number"
        cases = _more_batches(batches, kind)
        found.append(Finding(name, measure, cases, setting=setting_of(prefix, kind)))
    return found


def _more_batches(batches, kind):
    """Return the cases of C5's second part, over the rows with a recourse in both searches."""
    more = {}
    for row in batches[batches["kind"] == kind].itertuples():
        more.setdefault(name_case(row.dataset, row.method), {})[row.seed] = row.more
    return cases_of(more, BATCHES)

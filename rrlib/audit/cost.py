"""The claims about cost, C1 to C5, made precise and measured on the study."""

from itertools import product

import numpy as np
import pandas as pd

from rrlib import study
from rrlib.audit.evidence import (
    Finding,
    by_case,
    departure,
    effect,
    effects_of,
    name_case,
    roughness,
    slope,
)
from rrlib.audit.experiments import BOXED, select_rows
from rrlib.audit.leads import by_radius, differences, lead_effects, leads, name_lead
from rrlib.study.metrics import READINGS

COSTS = "slope against eps, standard deviations per 0.1"
KINDS = tuple(reversed(study.KINDS))
"""The kinds of model, networks first, as in the paper."""


def cost_grows(evidence, kind):
    """C1, C2: the cost difference grows with eps."""
    flip, denied, printed = (select_rows(evidence.table, reading, kind) for reading in READINGS)
    two_classes = flip[~flip["one_class"]]
    curves = (
        ("flip, cost gap", flip, "cost_gap"),
        ("denied, cost gap", denied, "cost_gap"),
        ("flip, cost gap, before the collapse", two_classes, "cost_gap"),
        ("flip, own valid rows", flip, "cost"),
        ("printed, cost", printed, "cost"),
        ("flip, displacement", flip, "displacement"),
        ("denied, displacement", denied, "displacement"),
    )
    found = [Finding(name, COSTS, by_case(rows, column, slope)) for name, rows, column in curves]
    if evidence.boxed is None:
        return found
    measure = COSTS.replace("standard deviations", "scaled l2 cost")
    for reading in ("flip", "denied"):
        rows = select_rows(evidence.boxed, reading, kind)
        effects = by_case(rows, "cost_gap", slope)
        found.append(Finding(f"{BOXED}{reading}, cost gap", measure, effects))
    return found


def smoother(evidence):
    """C3: SCFE's curve of the cost gap is smoother than the others', by `roughness`."""
    found = []
    for kind, reading in product(KINDS, ("flip", "denied")):
        name = f"{name_case(kind)}, {reading}, cost gap"
        effects = _excess_roughness(select_rows(evidence.table, reading, kind))
        found.append(Finding(name, "roughness, less SCFE's", effects))
    return found


def _excess_roughness(rows):
    """Return the effects of C3, at the radii where every seed has a point of every curve."""
    found = []
    for dataset, part in rows.groupby("dataset", sort=False):
        curves = part.pivot(index=["method", "seed"], columns="eps", values="cost_gap")
        curves = curves.dropna(axis=1)
        eps = curves.columns.to_numpy()
        rough = [roughness(eps, curve) for curve in curves.to_numpy()]
        rough = pd.Series(rough, index=curves.index).unstack("seed")
        for method in rough.index.drop("scfe"):
            excess = rough.loc[method] - rough.loc["scfe"]
            found.append(effect(name_case(dataset, method), excess.to_numpy()))
    return found


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
    return {"roughness": by_case(both, "cost_gap", roughness, cases), "by chance": by_chance}


def dearest(evidence):
    """C4: SCFE has the largest cost difference, which the paper puts down to the others' samples.

    The second part compares SCFE's lead with the one that it has at a tenth of the samples.
    """
    if any(set(one.recourse) != set(study.METHODS) for one in evidence.slices):
        return []
    unit = "standard deviations, mean over eps"
    found = []
    for kind, column, reading in product(KINDS, ("cost_gap", "displacement"), ("flip", "denied")):
        slices = [one for one in evidence.slices if one.kind == kind]
        name = f"{name_case(kind)}, {reading}, {column.replace('_', ' ')}"
        effects = lead_effects(differences(slices, reading, column))
        found.append(Finding(name, f"SCFE's less the larger of the others', {unit}", effects))
    for kind in KINDS if evidence.fewer else ():
        name = f"{name_case(kind)}, flip, cost gap, put down to the sample size"
        measure = f"SCFE's lead less its lead at a tenth of the samples, {unit}"
        found.append(Finding(name, measure, _lead_by_samples(evidence, kind)))
    return found


def _lead_by_samples(evidence, kind):
    """Return the effects of C4's second part, at the radii where both searches have a mean."""
    usual = [one for one in evidence.slices if one.kind == kind]
    many = differences(usual, "flip", "cost_gap")
    if many.empty:
        return []
    table = evidence.fewer["differences"]
    chosen = (table["reading"] == "flip") & (table["column"] == "cost_gap")
    fewer = by_radius(table[chosen & (table["kind"] == kind)]).loc[many.index]
    known = many.notna().all(axis=1) & fewer.notna().all(axis=1)
    with_few = leads(fewer.where(known))
    found = []
    for dataset, (largest, lead) in leads(many.where(known)).items():
        _, lead_with_few = with_few[dataset]
        found.append(effect(name_lead(dataset, largest), lead - lead_with_few))
    return found


def fewer_samples(evidence):
    """C5: with a tenth of the samples a shell the trend stays, and more shells are needed."""
    if not evidence.fewer:
        return []
    table = evidence.fewer["summary"]
    table = table[table["method"] != "scfe"]
    found = []
    for kind in KINDS:
        for reading in ("flip", "denied"):
            effects = by_case(select_rows(table, reading, kind), "cost_gap", slope)
            name = f"{name_case(kind)}, the trend, {reading}, cost gap"
            found.append(Finding(name, COSTS, effects))
        measure = "batches of samples to a recourse, less those at the usual number"
        effects = _more_batches(evidence.fewer["batches"], kind)
        found.append(Finding(f"{name_case(kind)}, the iterations", measure, effects))
    return found


def _more_batches(batches, kind):
    """Return the effects of C5's second part, over the rows with a recourse in both searches."""
    more = {}
    for row in batches[batches["kind"] == kind].itertuples():
        more.setdefault(name_case(row.dataset, row.method), []).append(row.more)
    return effects_of(more)

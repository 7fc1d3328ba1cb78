"""The claims about cost and validity, made precise and measured on the study."""

import numpy as np
import pandas as pd

from rrlib import study
from rrlib.evidence.common import Evidence, Finding, by_case, departure, effect, name_case, roughness, slope
from rrlib.metrics import READINGS
from rrlib.models import EPS_GRID

SOME = 10
"""A mean over fewer rows than this is no point of a curve."""

NEAR_ZERO = 0.01
"""A validity below this counts as zero."""

FEWER = {"cchvae": {"samples": 30}, "growing_spheres": {"samples": 100}}
"""A tenth of the usual samples a shell, for claim C5."""

AGAIN = {method: options | {"seed": 1000} for method, options in FEWER.items()}
"""The same, and other random numbers in the search alone."""

BOX = {"cchvae": {"samples": 30, "max_evals": 3_000}, "growing_spheres": {"samples": 100, "max_evals": 15_000}}
"""A tenth of the usual samples and evaluations, for the study with min-max scaling."""

COSTS = "slope against eps, standard deviations per 0.1"
BOXED = "min-max scaling, "


def gather():
    """Return everything that the claims are tested on: the study, its repetition with few samples, and that with min-max scaling."""
    slices = study.run()
    fewer = study.run(methods=tuple(FEWER), options=FEWER)
    return Evidence(slices, study.table(slices), fewer, study.table(run_boxed()))


def run_boxed():
    """Return the slices of the study with min-max scaling."""
    return study.run(scaling="minmax", options=BOX)


def select_rows(table, reading="flip", kind=None):
    """Return the rows of one reading, and of one kind of model if given; validities and means over fewer than `SOME` rows are NaN."""
    part = table[(table["reading"] == reading) & (table["kind"] == (kind or table["kind"]))].copy()
    part.loc[part["n_common"] < SOME, ["cost_common", "cost_gap", "displacement"]] = np.nan
    part.loc[part["n"] < SOME, "validity"] = np.nan
    if reading != "printed":
        part.loc[~(part["validity"] * part["n"] >= SOME), "cost"] = np.nan
    return part


def scalings(evidence):
    """Return prefix and table for each scaling of the features that was run."""
    return {"": evidence.table} | ({BOXED: evidence.boxed} if evidence.boxed is not None else {})


def cost_grows(evidence, kind):
    """C1, C2: the cost difference grows with eps."""
    flip, denied, printed = (select_rows(evidence.table, reading, kind) for reading in READINGS)
    curves = {"flip, cost gap": (flip, "cost_gap"), "denied, cost gap": (denied, "cost_gap"),
              "flip, cost gap, before the collapse": (flip[~flip["one_class"]], "cost_gap"), "flip, own valid rows": (flip, "cost"),
              "printed, cost": (printed, "cost"), "flip, displacement": (flip, "displacement"), "denied, displacement": (denied, "displacement")}
    found = [Finding(name, COSTS, by_case(rows, column, slope)) for name, (rows, column) in curves.items()]
    if evidence.boxed is not None:
        found += [Finding(f"{BOXED}{reading}, cost gap", COSTS.replace("standard deviations", "scaled l2 cost"),
                          by_case(select_rows(evidence.boxed, reading, kind), "cost_gap", slope)) for reading in ("flip", "denied")]
    return found


def smoother(evidence):
    """C3: SCFE's curve of the cost gap is smoother than the others', by `roughness`."""
    return [Finding(f"{name_case(kind)}, {reading}, cost gap", "roughness, less SCFE's", _excess_roughness(select_rows(evidence.table, reading, kind)))
            for kind in reversed(study.KINDS) for reading in ("flip", "denied")]


def _excess_roughness(rows):
    """Return the effects of C3, at the radii at which every seed has a point of every method's curve."""
    found = []
    for dataset, part in rows.groupby("dataset", sort=False):
        curves = part.pivot(index=["method", "seed"], columns="eps", values="cost_gap").dropna(axis=1)
        rough = curves.apply(lambda row: roughness(row.index.to_numpy(), row.to_numpy()), axis=1).unstack("seed")
        found += [effect(name_case(dataset, method), (rough.loc[method] - rough.loc["scfe"]).to_numpy()) for method in rough.index if method != "scfe"]
    return found


def roughness_by_chance(fewer, again):
    """Return the roughness of the cost gap's curves, and the part of it that chance in the search alone would give.

    Two searches of the same rows under the same models differ by chance alone, twice: once in each.

    Parameters
    ----------
    fewer, again : DataFrame
        Tables of the study with the options `FEWER` and `AGAIN`.

    Returns
    -------
    dict of "roughness" and "by chance" -> list of Effect, one for each kind of model, dataset and method
    """
    one, other = (select_rows(table) for table in (fewer, again))
    both = one.assign(chance=one["cost_gap"].to_numpy() - other["cost_gap"].to_numpy())
    both["cost_gap"] = both["cost_gap"].where(both["chance"].notna())
    by_chance, cases = [], ("kind", "dataset", "method")
    for case, part in both.groupby(list(cases), sort=False):
        curves, noise = (part.pivot(index="seed", columns="eps", values=column).dropna(axis=1) for column in ("cost_gap", "chance"))
        values = [departure(noise.columns, change) / np.sqrt(2) / np.ptp(curve) for curve, change in zip(curves.to_numpy(), noise.to_numpy())]
        by_chance.append(effect(name_case(*case), values))
    return {"roughness": by_case(both, "cost_gap", roughness, cases), "by chance": by_chance}


def differences(slices, reading, column):
    """Return each method's mean difference between a robust and the standard model, over rows that all methods have in common.

    Parameters
    ----------
    slices : list of Slice
    reading : {"flip", "denied"}
    column : {"cost_gap", "displacement"}

    Returns
    -------
    DataFrame
        A row for each dataset, seed and eps > 0, a column for each method; NaN where fewer than `SOME` rows are left.
        The rows are those that both models give one label, and for which every method has a recourse under both.
    """
    parts = []
    for one in slices:
        favourable = one.logits >= 0
        rows = (favourable == favourable[0]) & (~favourable if reading == "denied" else True)
        rows = rows & np.all([found.valid & found.valid[0] for found in one.recourse.values()], axis=0)
        count, means = rows.sum(1), {}
        for method, found in one.recourse.items():
            change = found.cost - found.cost[0] if column == "cost_gap" else np.linalg.norm(found.x_cf - found.x_cf[0], axis=-1)
            means[method] = np.where(count >= SOME, np.where(rows, change, 0).sum(1, dtype=np.float64) / np.maximum(count, 1), np.nan)[1:]
        parts.append(pd.DataFrame({"dataset": one.dataset, "seed": one.seed, "eps": EPS_GRID[1:]} | means))
    return pd.concat(parts).set_index(["dataset", "seed", "eps"]) if parts else pd.DataFrame()


def leads(table):
    """Return SCFE's mean difference over eps less the larger of the other methods', an array over seeds for each dataset.

    Parameters
    ----------
    table : DataFrame
        From `differences`.

    Returns
    -------
    dict of dataset -> (largest eps, array of shape (seeds,))
        Over the radii at which every seed has a value; with fewer than two, (0, an array of NaN).
    """
    found = {}
    for dataset, part in table.groupby("dataset", sort=False):
        known = part.isna().any(axis=1).groupby("eps").any()
        kept = known.index[~known] if (~known).sum() > 1 else known.index[:0]
        mean = part[part.index.get_level_values("eps").isin(kept)].groupby("seed").mean()
        lead = mean["scfe"] - mean.drop(columns="scfe").max(axis=1)
        seeds = part.index.get_level_values("seed").unique()
        found[dataset] = kept.max() if len(kept) else 0, lead.reindex(seeds).to_numpy()
    return found


def dearest(evidence):
    """C4: SCFE has the largest cost difference; and what the paper puts that down to, the sample size of the others."""
    unit, found = "standard deviations, mean over eps", []
    if not all(set(one.recourse) == set(study.METHODS) for one in evidence.slices):
        return found
    for kind in reversed(study.KINDS):
        slices = [one for one in evidence.slices if one.kind == kind]
        for reading, column in (("flip", "cost_gap"), ("denied", "cost_gap"), ("flip", "displacement"), ("denied", "displacement")):
            found.append(Finding(f"{name_case(kind)}, {reading}, {column.replace('_', ' ')}", f"SCFE's less the larger of the others', {unit}",
                                 lead_effects(differences(slices, reading, column))))
    few = {(one.dataset, one.kind, one.seed): one.recourse for one in evidence.fewer}
    for kind in reversed(study.KINDS if few else ()):
        usual = [one for one in evidence.slices if one.kind == kind]
        pairs = [differences([one._replace(recourse=one.recourse | found) for one, found in zip(usual, recourse)], "flip", "cost_gap")
                 for recourse in ([{}] * len(usual), [few[one.dataset, kind, one.seed] for one in usual])]
        known = pairs[0].notna().all(axis=1) & pairs[1].notna().all(axis=1)
        with_many, with_few = (leads(pair.where(known)) for pair in pairs)
        cases = [effect(name_case(dataset, _radii(largest)), lead - with_few[dataset][1]) for dataset, (largest, lead) in with_many.items()]
        found.append(Finding(f"{name_case(kind)}, flip, cost gap, put down to the sample size", f"SCFE's lead less its lead at a tenth of the samples, {unit}", cases))
    return found


def lead_effects(table):
    """Return the effects of C4 for a table from `differences`."""
    return [effect(name_case(dataset, _radii(largest)), lead) for dataset, (largest, lead) in leads(table).items()] if len(table) else []


def _radii(largest):
    return f"eps up to {largest:g}" if largest else "too few eps"


def fewer_samples(evidence):
    """C5: with a tenth of the samples a shell the trend stays, and more shells are needed."""
    found = []
    if not evidence.fewer:
        return found
    table = study.table(evidence.fewer)
    usual = {(one.dataset, one.kind, one.seed): one.recourse for one in evidence.slices}
    for kind in reversed(study.KINDS):
        for reading in ("flip", "denied"):
            found.append(Finding(f"{name_case(kind)}, the trend, {reading}, cost gap", COSTS, by_case(select_rows(table, reading, kind), "cost_gap", slope)))
        more = {}
        for one in (one for one in evidence.fewer if one.kind == kind):
            for method, few in one.recourse.items():
                many, samples = usual[one.dataset, kind, one.seed][method], FEWER[method]["samples"]
                change = (few.n_evals // samples - many.n_evals // (10 * samples))[few.valid & many.valid]
                more.setdefault(name_case(one.dataset, method), []).append(change.mean() if len(change) else np.nan)
        found.append(Finding(f"{name_case(kind)}, the iterations", "batches of samples to a recourse, less those at the usual number",
                             [effect(*case) for case in more.items()]))
    return found


def validity_falls(evidence, kind):
    """V1, V2: validity falls as eps grows."""
    parts = {prefix + reading: select_rows(table, reading, kind) for prefix, table in scalings(evidence).items() for reading in READINGS}
    parts["flip, before the collapse"] = parts["flip"][~parts["flip"]["one_class"]]
    return [Finding(reading, "fall per 0.1 of eps", by_case(rows, "validity", lambda eps, values: -slope(eps, values))) for reading, rows in parts.items()]


def validity_vanishes(evidence):
    """V3: validity is zero for eps > 0.2, in each case and on average over datasets and methods."""
    found, measure = [], f"{NEAR_ZERO} less the validity at eps > 0.2"
    rest = lambda eps, values: NEAR_ZERO - values.mean() if len(values) else np.nan
    for prefix, table in scalings(evidence).items():
        for reading in READINGS:
            rows = select_rows(table, reading)
            rows = rows[rows["eps"] > 0.2]
            found.append(Finding(f"{prefix}{reading}, each case", measure, by_case(rows, "validity", rest, ("kind", "dataset", "method"))))
            known = rows[rows.groupby(["kind", "dataset"])["validity"].transform(lambda values: values.notna().all())]
            means = known.groupby(["kind", "seed", "eps"], sort=False).agg(validity=("validity", "mean"), over=("dataset", lambda names: name_case(*names.unique())))
            found.append(Finding(f"{prefix}{reading}, on average", measure, by_case(means.reset_index(), "validity", rest, ("kind", "over"))))
    return found


def stronger_for_networks(evidence):
    """V4: validity falls further for networks than for logistic regression."""
    falls = {"fall from eps = 0 to 0.3": EPS_GRID[-1:], "fall from eps = 0 to the mean of eps > 0": EPS_GRID[1:]}
    measure, found = "the network's fall, or by how much it exceeds the linear model's, whichever is less", []
    for prefix, table in scalings(evidence).items():
        for reading in READINGS if table["kind"].nunique() == 2 else ():
            rows = select_rows(table, reading)
            found += [Finding(f"{prefix}{reading}, {name}", measure, _excess_fall(rows, radii)) for name, radii in falls.items()]
    return found


def _excess_fall(rows, radii):
    """Return the effects of V4, over those of the radii at which every seed has a value for both kinds of model."""
    cases = []
    for case, part in rows.groupby(["dataset", "method"], sort=False):
        curves = part.pivot(index="seed", columns=["kind", "eps"], values="validity")
        known = [eps for eps in radii if curves.xs(eps, axis=1, level="eps").notna().all(axis=None)]
        fall = {kind: curves[kind][0.0] - curves[kind][known].mean(axis=1) for kind in study.KINDS}
        cases.append(effect(name_case(*case), np.minimum(fall["network"], fall["network"] - fall["logistic"]).to_numpy()))
    return cases


def standard_is_more_valid(evidence):
    """V5: recourse is valid more often under the standard model than under the robust ones."""
    fall = lambda eps, values: values[0] - values[1:].mean() if len(values) > 1 and eps[0] == 0 else np.nan
    return [Finding(prefix + reading, "validity at eps = 0 less its mean over eps > 0", by_case(select_rows(table, reading), "validity", fall, ("kind", "dataset", "method")))
            for prefix, table in scalings(evidence).items() for reading in READINGS]

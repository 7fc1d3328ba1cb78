"""The claims about cost and validity, made precise and measured on the table of the study."""

import numpy as np

from rrlib import study
from rrlib.evidence.common import Finding, by_case, effect, roughness, slope
from rrlib.metrics import READINGS
from rrlib.models import EPS_GRID

SOME = 10
"""A mean over fewer common rows than this is no point of a curve."""

NEAR_ZERO = 0.01
"""A validity below this counts as zero."""

FEWER = {"cchvae": {"samples": 30}, "growing_spheres": {"samples": 100}}
"""A tenth of the usual samples a shell, for claim C5."""


def select_rows(table, reading="flip", kind=None):
    """Return the rows of one reading, and of one kind of model if given; means over fewer than `SOME` common rows are NaN."""
    part = table[(table["reading"] == reading) & (table["kind"] == (kind or table["kind"]))].copy()
    part.loc[part["n_common"] < SOME, ["cost_common", "cost_gap", "displacement"]] = np.nan
    return part


def cost_grows(evidence, kind):
    """C1, C2: the cost difference grows with eps."""
    flip, denied, printed = (select_rows(evidence.table, reading, kind) for reading in READINGS)
    curves = {"flip, cost gap": (flip, "cost_gap"), "denied, cost gap": (denied, "cost_gap"),
              "flip, cost gap, before the collapse": (flip[~flip["one_class"]], "cost_gap"), "flip, own valid rows": (flip, "cost"),
              "printed, cost": (printed, "cost"), "flip, displacement": (flip, "displacement"), "denied, displacement": (denied, "displacement")}
    measure = "slope against eps, standard deviations per 0.1"
    return [Finding(name, measure, by_case(rows, lambda part: slope(part, column))) for name, (rows, column) in curves.items()]


def smoother(evidence):
    """C3: SCFE's curve of the cost gap is smoother than the others', by `roughness`."""
    def excess(part):
        curves = part.pivot(index="eps", columns="method", values="cost_gap").dropna()
        rough = {method: roughness(curves.index, curves[method]) for method in curves}
        return {method: rough[method] - rough["scfe"] for method in rough if method != "scfe"}

    return [Finding(f"{reading}, cost gap", "roughness, less SCFE's", against_scfe(select_rows(evidence.table, reading, "network"), excess))
            for reading in ("flip", "denied")]


def dearest(evidence):
    """C4: SCFE has the largest cost difference."""
    found = []
    for reading, column in (("flip", "cost_gap"), ("denied", "cost_gap"), ("flip", "displacement")):
        def excess(part):
            curves = part[part["eps"] > 0].pivot(index="eps", columns="method", values=column).dropna()
            return {"mean over eps": (curves["scfe"] - curves.drop(columns="scfe").max(axis=1)).mean() if len(curves) else np.nan}

        cases = against_scfe(select_rows(evidence.table, reading, "network"), excess)
        found.append(Finding(f"{reading}, {column.replace('_', ' ')}", "SCFE's less the larger of the others', standard deviations", cases))
    return found


def against_scfe(rows, excess):
    """Return an effect for each dataset and each key of what `excess` finds in one dataset and seed."""
    found = {}
    if set(rows["method"]) == set(study.METHODS):
        for (dataset, _), part in rows.groupby(["dataset", "seed"], sort=False):
            for key, value in excess(part).items():
                found.setdefault(f"{dataset}, {key}", []).append(value)
    return [effect(*case) for case in found.items()]


def fewer_samples(evidence):
    """C5: with a tenth of the samples a shell the trend stays, and more shells are needed."""
    rows = select_rows(study.table(evidence.fewer)) if evidence.fewer else None
    usual, more = {(one.dataset, one.kind, one.seed): one.recourse for one in evidence.slices}, {}
    for one in evidence.fewer:
        for method, found in one.recourse.items():
            other, samples = usual[one.dataset, one.kind, one.seed][method], FEWER[method]["samples"]
            both = found.valid & other.valid
            change = found.n_evals[both].mean() / samples - other.n_evals[both].mean() / (10 * samples)
            more.setdefault(f"{one.dataset}, {method}", []).append(change)
    trend = by_case(rows, lambda part: slope(part, "cost_gap")) if evidence.fewer else []
    return [Finding("the trend, flip, cost gap", "slope against eps, standard deviations per 0.1", trend),
            Finding("the iterations", "batches of samples to a recourse, less those at the usual number", [effect(*case) for case in more.items()])]


def validity_falls(evidence, kind):
    """V1, V2: validity falls as eps grows."""
    parts = {reading: select_rows(evidence.table, reading, kind) for reading in READINGS}
    parts["flip, before the collapse"] = parts["flip"][~parts["flip"]["one_class"]]
    return [Finding(reading, "fall per 0.1 of eps", by_case(rows, lambda part: -slope(part, "validity"))) for reading, rows in parts.items()]


def validity_vanishes(evidence):
    """V3: validity is zero for eps > 0.2, in each case and on average over datasets and methods."""
    found, measure = [], f"{NEAR_ZERO} less the validity at eps > 0.2"
    rest = lambda part: NEAR_ZERO - part["validity"].mean()
    for reading in READINGS:
        rows = select_rows(evidence.table, reading)
        rows = rows[rows["eps"] > 0.2]
        found.append(Finding(f"{reading}, each case", measure, by_case(rows, rest, ("kind", "dataset", "method"))))
        found.append(Finding(f"{reading}, on average", measure, by_case(rows, rest, ("kind",))))
    return found


def stronger_for_networks(evidence):
    """V4: validity falls further for networks than for logistic regression."""
    falls = {"fall from eps = 0 to 0.3": [EPS_GRID[-1]], "fall from eps = 0 to the mean of eps > 0": EPS_GRID[1:]}
    found = []
    for reading in READINGS:
        rows = select_rows(evidence.table, reading)
        for name, radii in falls.items() if rows["kind"].nunique() == 2 else ():
            def excess(part):
                fall = part[part["eps"] == 0].groupby("kind")["validity"].mean() - part[part["eps"].isin(radii)].groupby("kind")["validity"].mean()
                return fall.get("network", np.nan) - fall.get("logistic", np.nan)
            found.append(Finding(f"{reading}, {name}", "the network's less the linear model's", by_case(rows, excess)))
    return found


def standard_is_more_valid(evidence):
    """V5: recourse is valid more often under the standard model than under the robust ones."""
    fall = lambda part: part.loc[part["eps"] == 0, "validity"].mean() - part.loc[part["eps"] > 0, "validity"].mean()
    return [Finding(reading, "validity at eps = 0 less its mean over eps > 0", by_case(select_rows(evidence.table, reading), fall, ("kind", "dataset", "method")))
            for reading in READINGS]

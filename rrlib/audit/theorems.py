"""The theorems and the adversarial accuracy: counterexamples, and what holds on the test rows."""

import numpy as np

from rrlib.audit import bounds, counterexamples, theorem3
from rrlib.audit.evidence import Finding, cases_of, name_case
from rrlib.audit.experiments import SETTINGS
from rrlib.audit.smallest import NOTHING, SHARE
from rrlib.audit.theorem3 import BROKEN, LARGEST, PRECISION
from rrlib.data import datasets
from rrlib.models.family import EPS_GRID
from rrlib.theory.descent import robust_descent
from rrlib.theory.weights import add_bias, lemma1_printed

DESCENT = {"rate": 1.0, "steps": 300}
"""Full-batch gradient descent from zero, for claim L1."""

TIGHT = "1 less the median of |log2(bound / distance)|: positive within a factor of two"


def slices_of(evidence, kind, *names):
    """Return the slices of one kind of model for the datasets named, all if none is."""
    names = names or datasets.NAMES
    return [one for one in evidence.slices if one.kind == kind and one.dataset in names]


def lemma1(evidence):
    """L1: the printed bound on the distance of the weights, for each label of the instance.

    With the label -1, one step of full-batch gradient descent on x = 1 with eps = 1/2 refutes it:
    a norm cannot lie below a negative bound. With the label +1 it is compared with logistic
    regressions trained by `DESCENT`, for every training row with that label.
    """
    bound = lemma1_printed([1.0], -1, 0.5, rate=1.0, steps=1)
    example = f"x = 1, y = -1, eps = 1/2, n = eta = 1: the bound is {bound:g}" if bound < 0 else ""
    broken, tight = {}, {}
    for one in slices_of(evidence, "logistic"):
        ratio = _lemma1_ratio(datasets.load(one.dataset, seed=one.seed))
        case = name_case(one.dataset)
        broken.setdefault(case, {})[one.seed] = SHARE - (ratio < 1).mean()
        tight.setdefault(case, {})[one.seed] = 1 - np.abs(np.log2(np.median(ratio)))
    rows = "logistic regression, training rows with y = +1, all eps"
    setting = SETTINGS[""]
    return [
        Finding("y = -1", "", [], example, setting),
        Finding("y = +1", f"{BROKEN} ({rows})", cases_of(broken, NOTHING), setting=setting),
        Finding("y = +1, tightness", f"{TIGHT} ({rows})", cases_of(tight, NOTHING)),
    ]


def _lemma1_ratio(data):
    """Return Lemma 1's bound over the distance, for the rows with y = +1 and every eps > 0."""
    X, y = add_bias(data.X_train), data.y_train
    weights = robust_descent(X, y, EPS_GRID, **DESCENT)[-1]
    distance = np.linalg.norm(weights[1:] - weights[0], axis=1)
    rows = X[y == 1]
    bound = lemma1_printed(rows[:, None], 1, np.array(EPS_GRID[1:]), **DESCENT)
    return bound / distance


def theorem1(evidence, radii=LARGEST):
    """T1, and A1 for other radii: the printed bounds on SCFE's displacement, Adult."""
    slices = slices_of(evidence, "logistic", "adult")
    measured = {one.seed: bounds.scfe_bounds(one) for one in slices if "scfe" in one.recourse}
    examples = counterexamples.scfe_counterexamples()
    return bounds_hold(measured, radii, "logistic regression", *examples)


def theorem2(evidence, radii=LARGEST):
    """T2, and A1 for other radii: the printed bounds on C-CHVAE's displacement, Adult."""
    slices = slices_of(evidence, "network", "adult")
    measured = {one.seed: bounds.cchvae_bounds(one) for one in slices if "cchvae" in one.recourse}
    models = "networks, an upper bound on the decoder's Lipschitz constant"
    return bounds_hold(measured, radii, models, counterexamples.cchvae_counterexample(), "")


def bounds_hold(measured, radii, models, against_lower, against_upper):
    """Return the findings on printed bounds: the share of rows that break them, and tightness.

    A row breaks a bound where the distance is beyond it by more than `PRECISION` of itself.

    Parameters
    ----------
    measured : dict of seed -> (displacement, Bounds), arrays of shape (E - 1, n)
    radii : sequence of float, out of EPS_GRID[1:]
    models : str
        What the bounds are compared on.
    against_lower, against_upper : str
        Exact counterexamples to the two bounds; "" where none stands against one.
    """
    found = []
    for side, sign, example in (("lower", -1, against_lower), ("upper", 1, against_upper)):
        broken, tight = {}, {}
        for seed, (distance, printed) in measured.items():
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = getattr(printed, side) / distance
                tightness = 1 - np.abs(np.log2(np.maximum(ratio, 0)))
            for eps in radii:
                e, case = EPS_GRID.index(eps) - 1, f"eps = {eps:g}"
                wrong = sign * (ratio[e] - 1) < -PRECISION
                known = ~np.isnan(ratio[e])
                share = SHARE - wrong[known].mean() if known.any() else np.nan
                broken.setdefault(case, {})[seed] = share
                middle = np.median(tightness[e][known]) if known.any() else np.nan
                tight.setdefault(case, {})[seed] = middle
        setting = SETTINGS[""]
        name, holds = f"{side} bound", cases_of(broken, NOTHING)
        found.append(Finding(name, f"{BROKEN} ({models})", holds, example, setting))
        cases = cases_of(tight, NOTHING)
        found.append(Finding(f"{name}, tightness", f"{TIGHT} ({models})", cases, "", setting))
    return found


def other_radii(evidence):
    """A1: the three panels of Figure 1 for every other radius."""
    radii = EPS_GRID[1:-1]
    example = counterexamples.theorem3_counterexample()
    panels = {
        "C-CHVAE": theorem2(evidence, radii),
        "SCFE": theorem1(evidence, radii),
        "validity": [theorem3.figure_1c(evidence, radii)._replace(counterexample=example)],
    }
    return [
        one._replace(reading=f"{panel}, {one.reading}")
        for panel, findings in panels.items()
        for one in findings
    ]

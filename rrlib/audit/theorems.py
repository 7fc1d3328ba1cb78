"""The theorems and the adversarial accuracy: counterexamples, and what holds on the test rows."""

import numpy as np
import torch
from scipy.special import expit

from rrlib.audit import bounds, counterexamples
from rrlib.audit.evidence import Finding, effects_of, name_case, slope
from rrlib.data import datasets
from rrlib.models.attacks import adversarial_accuracy, pgd_accuracy
from rrlib.models.family import EPS_GRID, select
from rrlib.models.logistic import gradient_descent
from rrlib.theory.weights import add_bias, lemma1_printed

LARGEST = EPS_GRID[-1:]
"""The radius of training in the paper's Figure 1."""

ATTACKS = (0.1, 0.3)
"""Radii of the attacks of claim R1, standard deviations."""

DESCENT = {"rate": 1.0, "steps": 300}
"""Full-batch gradient descent from zero, for claim L1."""

SLACK = "smallest slack over the test rows, relative to the distance"
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
    slack, tight = {}, {}
    for one in slices_of(evidence, "logistic"):
        ratio = _lemma1_ratio(datasets.load(one.dataset, seed=one.seed))
        case = name_case(one.dataset)
        slack.setdefault(case, []).append(ratio.min() - 1)
        tight.setdefault(case, []).append(1 - np.abs(np.log2(np.median(ratio))))
    setting = "logistic regression, training rows with y = +1, all eps"
    least = f"smallest slack, relative to the distance ({setting})"
    return [
        Finding("y = -1", "", [], example),
        Finding("y = +1", least, effects_of(slack)),
        Finding("y = +1, tightness", f"{TIGHT} ({setting})", effects_of(tight)),
    ]


def _lemma1_ratio(data):
    """Return Lemma 1's bound over the distance, for the rows with y = +1 and every eps > 0."""
    w, b = gradient_descent(data.X_train, data.y_train, EPS_GRID, **DESCENT)
    weights = np.concatenate([w[-1], b[-1][:, None]], axis=1)
    distance = np.linalg.norm(weights[1:] - weights[0], axis=1)
    rows = add_bias(data.X_train[data.y_train == 1])
    bound = lemma1_printed(rows[:, None], 1, np.array(EPS_GRID[1:]), **DESCENT)
    return bound / distance


def theorem1(evidence, radii=LARGEST):
    """T1, and A1 for other radii: the printed bounds on SCFE's displacement, Adult."""
    slices = slices_of(evidence, "logistic", "adult")
    measured = [bounds.scfe_bounds(one) for one in slices if "scfe" in one.recourse]
    examples = counterexamples.scfe_counterexamples()
    return bounds_hold(measured, radii, "logistic regression", *examples)


def theorem2(evidence, radii=LARGEST):
    """T2, and A1 for other radii: the printed bounds on C-CHVAE's displacement, Adult."""
    slices = slices_of(evidence, "network", "adult")
    measured = [bounds.cchvae_bounds(one) for one in slices if "cchvae" in one.recourse]
    setting = "networks, an upper bound on the decoder's Lipschitz constant"
    return bounds_hold(measured, radii, setting, counterexamples.cchvae_counterexample(), "")


def bounds_hold(measured, radii, setting, against_lower, against_upper):
    """Return the findings on printed bounds: for every test row, and within a factor of two.

    Parameters
    ----------
    measured : list of (displacement, Bounds)
        One for each seed, arrays of shape (E - 1, n).
    radii : sequence of float, out of EPS_GRID[1:]
    setting : str
        What the bounds are compared on.
    against_lower, against_upper : str
        Exact counterexamples to the two bounds; "" where none stands against one.
    """
    found = []
    for side, sign, example in (("lower", -1, against_lower), ("upper", 1, against_upper)):
        slack, tight = {}, {}
        for distance, printed in measured:
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = getattr(printed, side) / distance
                tightness = 1 - np.abs(np.log2(np.maximum(ratio, 0)))
            for eps in radii:
                e = EPS_GRID.index(eps) - 1
                least = _finite(np.min, sign * (ratio[e] - 1))
                slack.setdefault(f"eps = {eps:g}", []).append(least)
                middle = _finite(np.median, tightness[e])
                tight.setdefault(f"eps = {eps:g}", []).append(middle)
        found += [
            Finding(f"{side} bound", f"{SLACK} ({setting})", effects_of(slack), example),
            Finding(f"{side} bound, tightness", f"{TIGHT} ({setting})", effects_of(tight)),
        ]
    return found


def _finite(reduce, values):
    """Return a reduction over the values that are not NaN; NaN where there are none."""
    values = values[~np.isnan(values)]
    return float(reduce(values)) if len(values) else np.nan


def theorem3(evidence, radii=LARGEST):
    """T3, and A1 for other radii: SCFE's recourse scores highest under the standard model.

    It scores at least as high there as under each robust model, for every row that both deny.
    """
    cases = {}
    for one in slices_of(evidence, "logistic") + slices_of(evidence, "network"):
        if "scfe" not in one.recourse:
            continue
        points = torch.as_tensor(one.recourse["scfe"].x_cf).to(one.model.eps)
        score = expit(one.model(points).numpy())
        denied = one.logits < 0
        for eps in radii:
            e = EPS_GRID.index(eps)
            both = denied[0] & denied[e]
            worst = _finite(np.min, (score[0] - score[e])[both])
            cases.setdefault(name_case(one.kind, one.dataset, f"eps = {eps:g}"), []).append(worst)
    reading = "every row, whether or not the printed condition is met"
    measure = "smallest Pr_nr - Pr_r over the rows that both deny, at SCFE's recourses"
    example = counterexamples.theorem3_counterexample()
    return [Finding(reading, measure, effects_of(cases), example)]


def other_radii(evidence):
    """A1: the three panels of Figure 1 for every other radius."""
    radii = EPS_GRID[1:-1]
    panels = {
        "C-CHVAE": theorem2(evidence, radii),
        "SCFE": theorem1(evidence, radii),
        "validity": theorem3(evidence, radii),
    }
    return [
        one._replace(reading=f"{panel}, {one.reading}")
        for panel, findings in panels.items()
        for one in findings
    ]


def robust_accuracy(evidence):
    """R1: adversarial accuracy is lowest for the standard model, and improves with eps."""
    lowest, improves = {}, {}
    for one in evidence.slices:
        case = name_case(one.kind, one.dataset)
        for attack, accuracy in _accuracy_by_attack(one).items():
            gain = accuracy[1:].min() - accuracy[0]
            lowest.setdefault(attack, {}).setdefault(case, []).append(gain)
            rise = slope(EPS_GRID, accuracy)
            improves.setdefault(attack, {}).setdefault(case, []).append(rise)
    parts = (
        ("lowest at eps = 0", "least of the robust models' less the standard one's", lowest),
        ("improves", "slope against eps, per 0.1", improves),
    )
    return [
        Finding(f"{name}, {attack}", measure, effects_of(cases))
        for name, measure, attacks in parts
        for attack, cases in attacks.items()
    ]


def _accuracy_by_attack(one):
    """Return the adversarial accuracy of each model of a slice, shape (E,), for each attack."""
    y = datasets.load(one.dataset, seed=one.seed).y_test
    rule = adversarial_accuracy if one.kind == "logistic" else pgd_accuracy
    found = {
        f"attack of radius {radius:g}": rule(one.model, one.X, y, radius) for radius in ATTACKS
    }
    own = [rule(select(one.model, e), one.X, y, eps)[0] for e, eps in enumerate(EPS_GRID)]
    found["attack of the model's own radius"] = np.array(own)
    return found

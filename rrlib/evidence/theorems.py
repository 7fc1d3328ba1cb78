"""The theorems and the adversarial accuracy: exact counterexamples, and what holds on the test rows."""

from fractions import Fraction
from functools import lru_cache

import numpy as np
import torch
from scipy.special import expit

from rrlib import datasets, study, theory, vae
from rrlib.attacks import adversarial_accuracy, pgd_accuracy
from rrlib.evidence.common import Finding, effect, name_case, slope
from rrlib.logistic import gradient_descent
from rrlib.models import EPS_GRID, select
from rrlib.theory.weights import add_bias, lemma1_printed

ATTACKS = (0.1, 0.3)
"""Radii of the attacks of claim R1, standard deviations."""

DESCENT = {"rate": 1.0, "steps": 300}
"""Full-batch gradient descent from zero, for claim L1."""

SETTING = {"scfe": "logistic regression", "cchvae": "networks, an upper bound on the decoder's Lipschitz constant"}
SLACK = "smallest slack over the test rows, relative to the distance"
TIGHT = "1 less the median of |log2(bound / distance)|: positive within a factor of two"


def slices_of(evidence, kind, *names):
    """Return the slices of one kind of model for the datasets named."""
    return [one for one in evidence.slices if one.kind == kind and one.dataset in (names or datasets.NAMES)]


def scfe_counterexamples():
    """Return exact counterexamples to the lower and to the upper bound of Theorem 1, as text; "" if one does not break its bound.

    One feature, no bias, lam = 1; m = s - h(x).
    """
    found = []
    for w_r, m_nr, m_r in ((Fraction(1, 2), 1, 1), (Fraction(1, 10), 10, 1)):
        distance = abs(Fraction(m_nr, 2) - m_r * w_r / (1 + w_r**2))
        lower, upper = abs(m_nr - m_r / w_r), Fraction(1, 2) + w_r / (1 + w_r)
        text = f"w = 1 and {w_r}, m = {m_nr} and {m_r}, lambda = 1: distance {distance}, "
        found.append((text + f"lower bound {lower}" if lower > distance else "", text + f"upper bound {upper}" if upper < distance else ""))
    return found[0][0], found[1][1]


def cchvae_counterexample():
    """Return an exact counterexample to the lower bound of Theorem 2: G has slope 1 left of 0 and 1/2 right of it, so L = 1."""
    decode = lambda z: z if z < 0 else z / 2
    radii = Fraction(1), Fraction(2)
    distance, bound = abs(decode(radii[1]) - decode(radii[0])), radii[1] - radii[0]
    return f"slopes 1 and 1/2, radii {radii[0]} and {radii[1]}: distance {distance}, lower bound {bound}" if bound > distance else ""


def theorem3_counterexample():
    """Return an exact counterexample to Theorem 3: weights 1 and 2, both recourses at 1, and whatever n eta > 0."""
    gain = Fraction(1) - Fraction(1)
    met = theory.theorem3_printed(float(gain), 1, 1.0, 1.0, 1, eps=0.1, rate=0.1, steps=1000)
    return f"w = 1 and 2, x' = 1 for both: the condition holds at {gain}, but 1 < 2" if met and 1 * 1 < 2 * 1 else ""


def lemma1(evidence):
    """L1: the printed bound on the distance of the weights after full-batch gradient descent, for each label of the instance.

    With the label -1, one step on x = 1 with eps = 1/2 refutes it: a norm cannot lie below a negative bound. With the label +1
    it is compared with logistic regressions trained by `DESCENT`, for every training row with that label.
    """
    bound = lemma1_printed([1.0], -1, 0.5, rate=1.0, steps=1)
    example = f"x = 1, y = -1, eps = 1/2, n = eta = 1: the bound is {bound:g}" if bound < 0 else ""
    slack, tight = {}, {}
    for one in slices_of(evidence, "logistic"):
        data = datasets.load(one.dataset, seed=one.seed)
        w, b = gradient_descent(data.X_train, data.y_train, EPS_GRID, **DESCENT)
        weights = np.concatenate([w[-1], b[-1][:, None]], axis=1)
        distance = np.linalg.norm(weights[1:] - weights[0], axis=1)
        rows = add_bias(data.X_train[data.y_train == 1])
        ratio = lemma1_printed(rows[:, None], 1, np.array(EPS_GRID[1:]), **DESCENT) / distance
        slack.setdefault(name_case(one.dataset), []).append(ratio.min() - 1)
        tight.setdefault(name_case(one.dataset), []).append(1 - np.abs(np.log2(np.median(ratio))))
    setting = "logistic regression, training rows with y = +1, all eps"
    return [Finding("y = -1", "", [], example),
            Finding("y = +1", f"smallest slack, relative to the distance ({setting})", [effect(*case) for case in slack.items()]),
            Finding("y = +1, tightness", f"{TIGHT} ({setting})", [effect(*case) for case in tight.items()])]


def distances(one, method):
    """Return ||x'_r - x'_nr||_2 for every robust model, (E - 1, n), NaN where one of the two is not valid."""
    found = one.recourse[method]
    apart = np.linalg.norm(found.x_cf[1:].astype(float) - found.x_cf[0], axis=-1)
    return np.where(found.valid[1:] & found.valid[0], apart, np.nan)


def scfe_bounds(one):
    """Return the exact displacement (E - 1, n) of SCFE's recourses towards one target for both models, and the printed bounds."""
    h, w = one.model(one.X).numpy(), one.model.w.numpy()[:, None, :]
    m = np.where(h[0] >= 0, -1.0, 1.0) - h
    recourse = theory.scfe_recourse(m, w, 0.01)
    moving = (w[1:] != 0).any(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        bounds = theory.theorem1_printed(m[0], w[0], m[1:], w[1:], 0.01)
    return np.where(moving, np.linalg.norm(recourse[1:] - recourse[0], axis=-1), np.nan), bounds


@lru_cache
def decoder_stretch(name, seed):
    """Return the Lipschitz constant of the decoder with which the study's C-CHVAE searched one dataset and seed."""
    return vae.lipschitz_upper(study.remember(study.fit_vae)(name, seed, study.fingerprint(name)).decoder)


def cchvae_bounds(one):
    """Return the displacement (E - 1, n) of C-CHVAE's recourses, and the printed bounds with the decoder's Lipschitz constant."""
    stretch, radius = decoder_stretch(one.dataset, one.seed), one.recourse["cchvae"].radius.astype(float)
    return distances(one, "cchvae"), theory.Bounds(stretch * (radius[1:] - radius[0]), stretch * (radius[1:] + radius[0]))


def bounds_hold(evidence, radii, method):
    """T1, T2, and A1 for other radii: printed bounds on Adult, for every test row, and within a factor of two."""
    kind, measure = {"scfe": ("logistic", scfe_bounds), "cchvae": ("network", cchvae_bounds)}[method]
    examples = scfe_counterexamples() if method == "scfe" else (cchvae_counterexample(), "")
    kept = [(EPS_GRID.index(eps) - 1, f"eps = {eps:g}") for eps in radii]
    measured = [measure(one) for one in slices_of(evidence, kind, "adult") if method in one.recourse]
    found = []
    for side, example, sign in (("lower", examples[0], -1), ("upper", examples[1], 1)):
        slack, tight = [], []
        for value, bounds in measured:
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = getattr(bounds, side) / value
                tightness = 1 - np.abs(np.log2(np.maximum(ratio, 0)))
            slack.append([_finite(np.min, sign * (ratio[e] - 1)) for e, _ in kept])
            tight.append([_finite(np.median, tightness[e]) for e, _ in kept])
        for label, values, text in ((f"{side} bound", slack, example), (f"{side} bound, tightness", tight, "")):
            effects = [effect(case, column) for (_, case), column in zip(kept, np.transpose(values))] if measured else []
            found.append(Finding(label, f"{SLACK if values is slack else TIGHT} ({SETTING[method]})", effects, text))
    return found


def _finite(reduce, values):
    """Return a reduction over the values that are not NaN; NaN where there are none."""
    values = values[~np.isnan(values)]
    return float(reduce(values)) if len(values) else np.nan


def standard_scores_higher(evidence, radii):
    """T3, and A1 for other radii: SCFE's recourse scores at least as high under the standard model as under the robust one."""
    kept, found = [EPS_GRID.index(eps) for eps in radii], {}
    for kind in ("logistic", "network"):
        for one in slices_of(evidence, kind):
            if "scfe" not in one.recourse:
                continue
            points = torch.as_tensor(one.recourse["scfe"].x_cf).to(one.model.eps)
            score, up = one.model(points).numpy(), one.logits < 0
            for e in kept:
                both = up[0] & up[e]
                worst = (expit(score[0]) - expit(score[e]))[both]
                found.setdefault(name_case(kind, one.dataset, f"eps = {EPS_GRID[e]:g}"), []).append(_finite(np.min, worst))
    measure = "smallest Pr_nr - Pr_r over the rows that both deny, at SCFE's recourses"
    return [Finding("every row, whether or not the printed condition is met", measure, [effect(*case) for case in found.items()], theorem3_counterexample())]


def other_radii(evidence):
    """A1: the three panels of Figure 1 for every other radius."""
    radii = EPS_GRID[1:-1]
    panels = {"C-CHVAE, ": bounds_hold(evidence, radii, "cchvae"), "SCFE, ": bounds_hold(evidence, radii, "scfe")}
    panels["validity, "] = standard_scores_higher(evidence, radii)
    return [one._replace(reading=panel + one.reading) for panel, findings in panels.items() for one in findings]


def robust_accuracy(evidence):
    """R1: adversarial accuracy is lowest for the standard model, and improves with eps."""
    lowest, improves = {}, {}
    for one in evidence.slices:
        y = datasets.load(one.dataset, seed=one.seed).y_test
        rule = adversarial_accuracy if one.kind == "logistic" else pgd_accuracy
        curves = {f"attack of radius {radius:g}": rule(one.model, one.X, y, radius) for radius in ATTACKS}
        each = [rule(select(one.model, e), one.X, y, eps)[0] for e, eps in enumerate(EPS_GRID)]
        for reading, accuracy in (curves | {"attack of the model's own radius": np.array(each)}).items():
            case = name_case(one.kind, one.dataset)
            lowest.setdefault(reading, {}).setdefault(case, []).append(accuracy[1:].min() - accuracy[0])
            improves.setdefault(reading, {}).setdefault(case, []).append(slope(EPS_GRID, accuracy))
    parts = (("lowest at eps = 0", "least of the robust models' less the standard one's", lowest), ("improves", "slope against eps, per 0.1", improves))
    return [Finding(f"{name}, {reading}", measure, [effect(*case) for case in cases.items()])
            for name, measure, readings in parts for reading, cases in readings.items()]

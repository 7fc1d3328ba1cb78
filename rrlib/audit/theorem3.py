"""Claim T3: whether the standard model is surer of its own recourse than a robust one is."""

import numpy as np
import torch
from scipy.special import expit

from rrlib.audit import counterexamples
from rrlib.audit.evidence import Finding, cases_of, name_case
from rrlib.audit.experiments import SETTINGS
from rrlib.audit.smallest import NOTHING, SHARE
from rrlib.models.family import EPS_GRID

LARGEST = EPS_GRID[-1:]
"""The radius of training in the paper's Figure 1."""

PRECISION = 1e-6
"""Below this two probabilities are the same: recourses are stored in single precision."""

BROKEN = f"{SHARE} less the share of broken rows"


def theorem3(evidence):
    """T3: SCFE's recourse scores highest under the standard model.

    A row breaks that where its recourse under a robust model scores higher there than its recourse
    under the standard model does under that one. The sentence of Sec. 4.2 is about all datasets and
    radii; the target of those whom both models accept is the other label, which is no setting of
    the paper.
    """
    shares = {"denied": {}, "accepted": {}}
    for one in _searched(evidence):
        for sign, group in enumerate(shares):
            broken, both = broken_rows(one, favourable=bool(sign))
            value = SHARE - broken.sum() / both.sum() if both.any() else np.nan
            shares[group].setdefault(name_case(one.kind, one.dataset), {})[one.seed] = value
    example = counterexamples.theorem3_counterexample()
    found = [Finding("the theorem", "", [], example, SETTINGS[""]), figure_1c(evidence)]
    for group, cases in shares.items():
        name, measure = f"Sec. 4.2, {group} by both models", f"{BROKEN}, all eps > 0"
        setting = SETTINGS[""] if group == "denied" else ""
        found.append(Finding(name, measure, cases_of(cases, NOTHING), setting=setting))
    return found


def figure_1c(evidence, radii=LARGEST):
    """Return the finding on Figure 1(c), and A1 for other radii: Theorem 3 for Adult's denied.

    All rows that both models deny count, whether or not they meet the printed condition.
    """
    cases = {}
    for one in _searched(evidence):
        if one.dataset != "adult":
            continue
        broken, both = broken_rows(one, favourable=False)
        for eps in radii:
            e = EPS_GRID.index(eps) - 1
            value = SHARE - broken[e] / both[e] if both[e] else np.nan
            cases.setdefault(name_case(one.kind, f"eps = {eps:g}"), {})[one.seed] = value
    each = cases_of(cases, NOTHING)
    return Finding("Figure 1(c), Adult's denied", BROKEN, each, setting=SETTINGS[""])


def _searched(evidence):
    """Return the slices on which SCFE was run."""
    return [one for one in evidence.slices if "scfe" in one.recourse]


def broken_rows(one, *, favourable):
    """Return how many rows break Theorem 3's conclusion under each robust model, and of how many.

    Parameters
    ----------
    one : Slice, with the recourses of SCFE
    favourable : bool
        Whether the rows are those that both models accept; else those that both deny.

    Returns
    -------
    two arrays of shape (E - 1,)
    """
    points = torch.as_tensor(one.recourse["scfe"].x_cf).to(one.model.eps)
    logits = one.model(points).numpy()
    score = expit(-logits if favourable else logits)
    chosen = (one.logits >= 0) == favourable
    both = chosen[1:] & chosen[0]
    broken = both & (score[1:] - score[0] > PRECISION)
    return broken.sum(1), both.sum(1)

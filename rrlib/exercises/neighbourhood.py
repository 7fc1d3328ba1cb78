"""Checks of the chapter on neighbourhoods."""

import numpy as np

from rrlib.exercises.checks import check, compare


@check
def fills(answer, results, changes):
    """The names of a kind of model and of a dataset, as a pair."""
    kind, dataset = answer
    if (kind, dataset) not in results:
        known = "; ".join(", ".join(case) for case in results)
        return f"there is no such case; there are {known}."
    radii, change = changes(results[kind, dataset], True, 1)
    at = np.flatnonzero(np.isclose(radii, 0.1))
    if not len(at):
        return "too few people are denied there."
    low = np.asarray(change.low)[at[0]]
    if low <= 0:
        return f"the interval of the change there starts at {low:.3f}."
    return None


@check
def features_to_empty(answer):
    """The number of features, as a whole number."""
    d = 1
    while (1 - 0.5**2) ** (d / 2) / 2 >= 1e-6:
        d += 1
    return compare(answer, d)


@check
def draws(answer, results):
    """The number of draws at epsilon = 0 and at epsilon = 0.3, as a pair."""
    needed = []
    for share, denied, _ in results["network", "adult"]:
        people = denied[:, : share.shape[1]]
        medians = [np.median(share[e, people[e], 2]) for e in (0, -1)]
        needed.append(1 / np.array(medians))
    return compare(answer, np.mean(needed, axis=0))


@check
def protected_radius(answer):
    """A function that takes the weights and epsilon."""
    cases = [([3.0, 0.0], 0.1), ([3.0, -4.0], 0.2), ([1.0, 1.0, -1.0, 1.0], 0.3)]
    found = [answer(np.array(w), eps) for w, eps in cases]
    right = [eps * np.abs(w).sum() / np.linalg.norm(w) for w, eps in cases]
    off = compare(found, right)
    return off and f"of three sets of weights, {off}"

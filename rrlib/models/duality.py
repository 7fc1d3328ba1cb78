"""What the dual of the robust logistic problem proves: a lower bound, and an overlap."""

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack
from scipy.special import entr, expit

FEASIBLE = 1e-12
"""A share of the terms of a dual constraint, at least of 1, that it may miss by rounding."""

OVERLAP = 1e-9
"""Dual weights above this in every row prove that no hyperplane separates the classes."""

SAMPLE = 500
"""Rows of each class that are asked first whether they overlap."""


def dual_weights(problem, theta):
    """Return weights a, shape (n,), made dual feasible from sigma(-margin); None where that fails.

    The dual of the robust loss maximises the mean entropy of a in [0, 1]^n under two constraints,
    sum a y = 0 and ||sum a y x||_p <= eps sum a. The smallest weighted correction that meets them
    solves a linear system. Whether the result meets them is then verified.
    """
    a = expit(-problem.margins(theta))
    # sums @ a holds sum a, sum a y and the d entries of sum a y z.
    sums = np.vstack([np.ones(len(a)), problem.sign, problem.sign * problem.Z.T])
    total = a.sum()
    moment = _allowed_moment(problem, sums[2:] @ a, total)
    wanted = np.concatenate([[total, 0.0], moment])
    for _ in range(2):  # the second time corrects what the first one rounded
        # The change of a with sums @ change = wanted - sums @ a that is least in
        # sum change^2 / (a (1 - a)); its multipliers solve a system of d + 2 equations.
        weighted = sums * (a * (1 - a))
        multipliers = np.linalg.lstsq(weighted @ sums.T, wanted - sums @ a, rcond=None)[0]
        a = a + multipliers @ weighted
    missed = np.abs(sums @ a - wanted)
    allowed = FEASIBLE * np.maximum(len(a), np.abs(sums) @ np.abs(a))
    feasible = (missed <= allowed).all() and ((a >= 0) & (a <= 1)).all()
    return a if feasible else None


def _allowed_moment(problem, moment, total):
    """Return sum a y z, shape (d,), moved to where the attack allows it.

    That is max_j |moment_j / reach_j| <= total, by clipping, or, for p = 2,
    ||moment / reach||_2 <= total, by shrinking the whole; 0 without an attack.
    """
    limit = problem.reach * total
    if problem.p == np.inf:
        return np.clip(moment, -limit, limit)
    if not limit.any():
        return np.zeros_like(moment)
    return moment / max(1.0, np.linalg.norm(moment / limit))


def lower_bound(problem, theta):
    """Return a lower bound on the least robust loss, in nats; -inf where no dual point is found.

    A dual point that misses its constraints by rounding claims too much by mean a margin at the
    minimiser; that at theta is taken off.
    """
    a = dual_weights(problem, theta)
    if a is None:
        return -np.inf
    too_much = max(0.0, (a * problem.margins(theta)).mean())
    return (entr(a) + entr(1 - a)).mean() - too_much


def separating_direction(problem, theta):
    """Return a direction along which the loss falls for ever, shape (d + 1,), or None.

    Where one exists, the loss has no minimiser. It is a theta whose margins are all at least 0
    and not all 0. Where the margins at `theta` are all positive, `theta` is one. There is none
    where the dual weights at `theta` are positive in every row, nor where a sample of the rows
    overlaps by itself. Else a linear program decides, if the penalty is linear (p = inf, or no
    attack). For an l2 attack no program decides, and None means that `theta` itself does not
    separate: where all margins can be positive, `minimise` has gone along them.
    """
    margins = problem.margins(theta)
    if (margins > 0).all():
        return theta
    weights = dual_weights(problem, theta)
    if weights is not None and weights.min() > OVERLAP:
        return None
    if _overlap(problem, _sample(problem, margins)):
        return None
    if problem.p == 2 and problem.reach.any():
        return None
    return _largest_margins(problem)


def _sample(problem, margins):
    """Return rows of both classes from the hardest on, ever sparser towards the easiest."""
    order = np.argsort(margins)
    chosen = []
    for label in (-1, 1):
        own = order[problem.sign[order] == label]
        places = np.geomspace(1, len(own), SAMPLE).astype(int) - 1
        chosen.append(own[np.unique(places)])
    return np.concatenate(chosen)


def _overlap(problem, rows):
    """Whether some rows alone rule out that any theta but 0 has no negative margin.

    It is enough to ask without an attack, which only lowers the margins.
    """
    part = problem._replace(
        Z=problem.Z[rows], sign=problem.sign[rows], reach=np.zeros_like(problem.reach)
    )
    span = np.column_stack([part.Z, np.ones(len(part.Z))])
    full = np.linalg.matrix_rank(span) == span.shape[1]
    return full and _largest_margins(part) is None


def _largest_margins(problem):
    """Return a theta that makes as many margins as it can at least 1, and none negative.

    None where all have to be 0. The variables of the linear program are up, down >= 0 with
    v = up - down, the bias, and for each row the part of its margin up to 1, whose sum is largest.
    """
    n, d = problem.Z.shape
    signed = problem.sign[:, None] * problem.Z
    rows = np.column_stack([signed - problem.reach, -signed - problem.reach, problem.sign])
    rows = rows / np.abs(rows).max(axis=1, keepdims=True)
    gain = np.concatenate([np.zeros(2 * d + 1), -np.ones(n)])
    bounds = [(0, None)] * (2 * d) + [(None, None)] + [(0, 1)] * n
    constraints = hstack([csr_array(-rows), eye_array(n)], format="csr")
    found = linprog(gain, A_ub=constraints, b_ub=np.zeros(n), bounds=bounds)
    if found.status != 0:
        raise RuntimeError(f"the linear program that looks for separation failed: {found.message}")
    theta = np.append(found.x[:d] - found.x[d : 2 * d], found.x[2 * d])
    return theta if -found.fun > 0.5 else None

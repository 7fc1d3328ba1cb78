"""Exact answers for linear families: the minimiser of Eq. 2, and the recourse of least cost."""

from functools import partial

import torch

from rrlib.models.checks import as_tensor, check_features
from rrlib.models.family import check_linear, count_features, predict
from rrlib.models.norms import dual_exponent
from rrlib.recourse.common import (
    check_not_negative,
    check_positive,
    check_real,
    clip,
    in_blocks,
    judge,
    make_box,
    start_and_target,
)


@torch.no_grad()
def scfe_linear(model, X, *, target=None, s=1.0, lam=0.01):
    """Return the exact minimiser of Eq. 2 for a linear family: x + m w / (lam + ||w||_2^2).

    Here m = s - h(x) is what the score misses. No model evaluations are counted beyond h(x).

    Parameters
    ----------
    model : LogisticRegression
    X : array of shape (n, d), scaled features
    target : array of signs, broadcast to (E, n), optional
        +1 aims at the score s, -1 at -s. Omitted: the opposite of each model's own prediction.
    s : float
        Target score, in logits; any finite number.
    lam : float
        Weight of the squared distance, finite and positive.

    Returns
    -------
    Recourse
        Where the minimiser is beyond the range of the family's type: x_cf = x, valid False.

    Raises
    ------
    ValueError
        On another kind of model, malformed X or target, or s or lam out of range.

    Examples
    --------
    >>> w, b = torch.tensor([[1.0, 0.0]]), -torch.ones(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> recourse.scfe_linear(model, np.array([[0.0, 0.0]])).x_cf.numpy().round(3)
    array([[[1.98, 0.  ]]], dtype=float32)
    """
    check_linear(model, "scfe_linear", "scfe")
    check_real("s", s)
    check_positive("lam", lam, "at 0 the minimiser is not unique")
    start, target = start_and_target(model, X, target)
    return in_blocks(partial(_scfe_linear, model, s, lam), start, target)


def _scfe_linear(model, s, lam, start, target, box):
    """Solve Eq. 2 for some of the rows; there are no bounds."""
    miss = s * target - model(start)
    scale = miss / (lam + model.w.square().sum(-1, keepdim=True))
    x_cf = start + scale.unsqueeze(-1) * model.w.unsqueeze(1)
    return judge(model, start, x_cf, target, torch.ones_like(miss, dtype=torch.long))


@torch.no_grad()
def boundary_distance(model, X, *, p=2):
    """Return the l_p distance of each row to the decision boundary of a linear family, (E, n).

    It is |h(x)| / ||w||_q, in scaled features, the least cost of any recourse; infinite for a
    constant classifier.

    Raises
    ------
    ValueError
        On another kind of model, malformed X, or a p other than 1, 2 and inf.

    Examples
    --------
    >>> w, b = torch.tensor([[3.0, 4.0]]), torch.zeros(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> recourse.boundary_distance(model, np.array([[-1.0, -1.0]])).numpy().round(3)
    array([[1.4]], dtype=float32)
    """
    check_linear(model, "boundary_distance", "growing_spheres")
    X = as_tensor(check_features(X, d=count_features(model)), model.w)
    length = torch.linalg.vector_norm(model.w, ord=dual_exponent(p), dim=-1, keepdim=True)
    return torch.where(length > 0, model(X).abs() / length, torch.inf)


@torch.no_grad()
def minimal_recourse(model, X, *, target=None, p=2, margin=0.0, lower=None, upper=None):
    """Return the recourse of least l_p cost for a linear family, exactly, within bounds.

    Only moves along sign(w_j) towards the target side help, so x' = x + sign_j a_j with
    0 <= a_j <= room_j, and the problem is to reach sum |w_j| a_j = m at the least l_p norm of a.
    Its solution is

    - p = 2: a_j = min(mu |w_j|, room_j),
    - p = inf: a_j = min(mu, room_j) where w_j is not 0,
    - p = 1: spend the room of the features in the order of falling |w_j|.

    The sum is piecewise linear in mu, and sorting its breakpoints gives mu in closed form.

    Parameters
    ----------
    model : LogisticRegression
    X : array of shape (n, d), scaled features
    target : array of signs, broadcast to (E, n), optional
        +1 for the favourable label, -1 for the other. Omitted: the opposite of each model's own
        prediction.
    p : {1, 2, inf}
        Norm of the cost that is least; the field `cost` of the result is the l2 norm in any case.
    margin : float
        How far beyond the decision boundary to land, in logits; finite and at least 0. A hair is
        always added, so that the model itself gives the target label: 4 (d + 4) rounding units of
        the family's type, relative to |b| + sum |w_j x_j| + |h(x)|.
    lower, upper : array of shape (d,) or (n, d), optional
        Bounds on x', scaled features; an immutable feature has lower = upper = x.

    Returns
    -------
    Recourse
        A row that has the target label already stays where it is. So does a row that no move
        within its bounds brings across (a constant classifier, for instance), with valid = False.

    Raises
    ------
    ValueError
        On another kind of model, malformed X, target, p, margin or bounds.

    Examples
    --------
    >>> w, b = torch.tensor([[3.0, 4.0]]), torch.zeros(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> x = np.array([[-1.0, -1.0]])
    >>> recourse.minimal_recourse(model, x).cost.numpy().round(3)
    array([[1.4]], dtype=float32)
    >>> fixed = recourse.minimal_recourse(model, x, lower=[-1.0, -9.0], upper=[-1.0, 9.0])
    >>> fixed.x_cf.numpy().round(3)
    array([[[-1.  ,  0.75]]], dtype=float32)
    """
    check_linear(model, "minimal_recourse", "scfe or growing_spheres")
    dual_exponent(p)
    check_not_negative("margin", margin, "it is a distance from the boundary, in logits")
    start, target = start_and_target(model, X, target)
    box = make_box(X, lower, upper, start)
    return in_blocks(partial(_minimal, model, p, margin), start, target, box)


def _minimal(model, p, margin, start, target, box):
    """Find the recourse of least cost for some of the rows, as `minimal_recourse` says."""
    w, h = model.w.unsqueeze(1), model(start)
    sign = target.unsqueeze(-1) * w.sign()
    weight = w.abs().expand(len(target), *start.shape)
    room = torch.where(weight > 0, _room(sign, start, box), 0.0)

    terms = model.b.abs().unsqueeze(-1) + (w * start).abs().sum(-1) + h.abs()
    hair = 4 * (start.shape[-1] + 4) * torch.finfo(start.dtype).eps * terms
    need = margin + hair - target * h
    spend = _spend_by_weight if p == 1 else _spend_together
    amount, feasible = spend(weight, room, need, p)

    move = feasible & (predict(model, start) != (target > 0))
    x_cf = clip(torch.where(move.unsqueeze(-1), start + sign * amount, start), box)
    return judge(model, start, x_cf, target, torch.ones_like(h, dtype=torch.long))


def _room(sign, start, box):
    """Return how far each feature may move towards the target side, shape (E, n, d)."""
    if box is None:
        return torch.full_like(sign, torch.inf)
    return torch.where(sign > 0, box.upper - start, start - box.lower)


def _spend_by_weight(weight, room, need, p):
    """Return the amounts a with sum weight a = need, 0 <= a <= room and the least sum a.

    The second answer, shape (E, n), is whether there are any such amounts.
    """
    weight, order = weight.sort(dim=-1, descending=True, stable=True)
    room = room.gather(-1, order)
    gain = torch.where(weight > 0, weight * room, 0.0).cumsum(-1)
    left = need.unsqueeze(-1) - _before(gain)
    amount = torch.where(weight > 0, left / weight, 0.0)
    amount = amount.clamp_min(0.0).minimum(room)
    feasible = gain[..., -1] >= need
    return torch.zeros_like(amount).scatter(-1, order, amount), feasible


def _spend_together(weight, room, need, p):
    """As `_spend_by_weight` for the least l2 or l_inf norm.

    All features move together, a = min(mu speed, room) with speed = weight or 1, until their room
    is full. Between two such moments the gain grows in mu at the rate of those still moving.
    """
    speed = weight if p == 2 else torch.ones_like(weight)
    full = torch.where(weight > 0, room / speed, 0.0)
    full, order = full.sort(-1)
    gain = torch.where(weight > 0, weight * room, 0.0).gather(-1, order).cumsum(-1)
    left = need.unsqueeze(-1) - _before(gain)
    rate = (weight * speed).gather(-1, order)
    moving = rate.flip(-1).cumsum(-1).flip(-1)
    mu = torch.where(moving > 0, left / moving, torch.inf)
    fits = (mu <= full) & mu.isfinite()
    first = fits.byte().argmax(-1, keepdim=True)
    amount = torch.where(weight > 0, mu.gather(-1, first) * speed, 0.0).minimum(room)
    return amount, fits.any(-1)


def _before(gain):
    """Return the gains before each step of a running sum: 0 for the first."""
    return torch.cat([torch.zeros_like(gain[..., :1]), gain[..., :-1]], -1)

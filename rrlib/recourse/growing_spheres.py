"""Growing spheres: a ball shrinks until it holds no flip, then grows until it does."""

import itertools
from functools import partial

import torch

from rrlib.models.certificate import certified_radius, rounding
from rrlib.models.family import lipschitz, predict, select
from rrlib.recourse.common import (
    Recourse,
    check_not_negative,
    check_positive,
    check_whole,
    in_blocks,
    judge,
    make_box,
    start_and_target,
)
from rrlib.recourse.layers import Sampler, Search, parts


def growing_spheres(
    model,
    X,
    *,
    target=None,
    samples=1000,
    step=0.1,
    gamma=0.1,
    sparse=True,
    closest=10,
    max_cost=10.0,
    max_evals=150_000,
    lower=None,
    upper=None,
    seed,
):
    """Search the layers around x for the nearest point of the target label (Eq. 4).

    The method of Laugel et al. (2017). The ball of radius w = `step` is halved while one of its
    samples has the target label. Then the layers between k w and (k + 1) w, k = 1, 2, ..., are
    searched until one holds such a sample. The coordinates of a hit are reverted to x in ascending
    order of |x'_j - x_j| while the label lasts; of the `closest` hits of the layer, thus made
    sparse, the one with the least ||x' - x||_2 + gamma ||x' - x||_0 is recommended.

    Samples are uniform in the layer. Layer k draws from (seed, k) the same directions and relative
    radii for all rows, all models and all widths; the ball is layer 0. Each row has its own width,
    and drops out once it is solved. A layer within the row's certified radius holds no flip and is
    passed without evaluating the model. A row is not searched at all where the ball of radius
    |h(x)| / Lipschitz constant, which holds no flip either, reaches beyond max_cost.

    Parameters
    ----------
    model : a family of rrlib.models
    X : array of shape (n, d), scaled features
    target : array of signs, broadcast to (E, n), optional
        +1 for the favourable label, -1 for the other. Omitted: the opposite of each model's own
        prediction.
    samples : int
        Points drawn in the ball and in each layer.
    step : float
        Radius of the first ball, in scaled features; a layer is as wide as the last ball.
    gamma : float
        What one more changed feature costs, in scaled features. At 0 the l2 norm alone decides.
    sparse : bool
        Whether coordinates are reverted; if not, the closest hit is recommended.
    closest : int
        How many hits of the successful layer are made sparse.
    max_cost : float
        Hits farther than this from x do not count, in scaled features.
    max_evals : int
        Budget of model evaluations for a row; a layer that might exceed it is not entered.
    lower, upper : array of shape (d,) or (n, d), optional
        Bounds on x', scaled features, to which the samples are clipped; an immutable feature has
        lower = upper = x.
    seed : int

    Returns
    -------
    Recourse
        `n_evals` counts what the published algorithm evaluates, passed layers included; 0 for a row
        that is not searched. `radius` is the outer radius of the layer that holds the hits. Where
        no layer does: x_cf = x, valid False.

    Raises
    ------
    ValueError
        On malformed X, target or bounds, or an option out of range.

    Notes
    -----
    The field's libraries take layers of 0.2; with them the closest hit costs about 15 % more than
    the exact minimum for a linear model in six dimensions, with 0.1 about 12 %. The excess grows
    with the dimension.

    Examples
    --------
    >>> w, b = torch.tensor([[1.0, 0.0]]), -torch.ones(1)
    >>> model = models.LogisticRegression(w, b, eps=torch.zeros(1))
    >>> found = recourse.growing_spheres(model, np.array([[0.0, 0.0]]), samples=100, seed=0)
    >>> found.valid.tolist(), bool(found.cost.item() >= 1)
    ([[True]], True)
    """
    check_whole("samples", samples, 1)
    check_whole("closest", closest, 1)
    check_positive("step", step)
    check_not_negative("gamma", gamma)
    check_not_negative("max_cost", max_cost)
    check_not_negative("max_evals", max_evals)
    check_whole("seed", seed, 0)
    start, target = start_and_target(model, X, target)
    box = make_box(X, lower, upper, start)
    closest = min(closest, samples) if sparse else 1
    need = samples + sparse * closest * start.shape[1]
    sampler = Sampler(samples, seed, need, max_evals)
    body = partial(_search, model, sampler, step, gamma, sparse, closest, max_cost)
    with torch.inference_mode():  # no gradients are recorded, and each operation is cheaper
        found = in_blocks(body, start, target, box)
    return Recourse(*(field.clone() for field in found))  # tensors that autograd can take


def _search(model, sampler, step, gamma, sparse, closest, max_cost, start, target, box):
    """Search for some of the rows, as `growing_spheres` says."""
    members = [select(model, e) for e in range(len(target))]
    spare = rounding(model, start, 2 * (max_cost + step))
    search = Search(members, start, target, spare, box, *sampler)

    # Rounding stays below the thousandth.
    steepest = 0.999 * model(start).abs() / lipschitz(model).unsqueeze(-1)
    todo = (predict(model, start) != (target > 0)) & (steepest <= max_cost)
    if box is not None:
        todo = todo & (box.upper > box.lower).any(-1)
    reach = certified_radius(model, start, most=max_cost)

    width, n_evals = _shrink(search, torch.full_like(target, step), reach, todo)
    hits, distance, radius = _grow(search, width, reach, todo, n_evals, closest, max_cost)
    if sparse:
        _make_sparse(search, hits, distance, n_evals)
    x_cf = _cheapest(hits, start, distance, gamma)
    return judge(model, start, x_cf, target, n_evals, radius)


def _shrink(search, width, reach, todo):
    """Halve the balls until they hold no hit; return their radii and the evaluations, (E, n)."""
    n_evals = torch.zeros_like(width, dtype=torch.long)
    ball = search.layer(0)
    shrinking = todo & search.pays(n_evals)
    while shrinking.any():
        n_evals += search.samples * shrinking
        shrinking = shrinking & (width > reach)
        for e, rows in parts(shrinking, ball.numel()):
            places, _, _ = search.hits(e, rows, width[e, rows], ball)
            shrinking[e, rows] = False
            shrinking[e, rows[places]] = True
        width = torch.where(shrinking, width / 2, width)
        shrinking = shrinking & search.pays(n_evals)
    return width, n_evals


def _grow(search, width, reach, todo, n_evals, closest, max_cost):
    """Search layer after layer until each row has hits, or no budget for more.

    Returns the `closest` hits (E, n, closest, d), their distances, inf where there are fewer, and
    the outer radius of their layer, (E, n). Adds to n_evals.
    """
    start = search.start
    hits = start[:, None].expand(*width.shape, closest, -1).clone()
    distance = torch.full(hits.shape[:-1], torch.inf).to(start)
    radius = torch.zeros_like(width)
    for k in itertools.count(1):
        todo = todo & search.pays(n_evals) & (k * width < max_cost)
        if not todo.any():
            break
        n_evals += search.samples * todo
        outer = (k + 1) * width
        near = todo & (outer > reach)
        if not near.any():
            continue
        layer = search.layer(k)
        for e, rows in parts(near, layer.numel()):
            places, samples, points = search.hits(e, rows, width[e, rows], layer)
            if len(places):
                away = (points - start[rows[places]]).norm(dim=-1)
                away = torch.where(away <= max_cost, away, torch.inf)
                places, index = places.unique_consecutive(return_inverse=True)
                rows = rows[places]
                chosen, distance[e, rows] = _nearest(index, samples, away, search.samples, closest)
                at = rows[:, None].expand_as(chosen)
                hits[e, rows] = search.points(at, width[e, at], layer[chosen])
        solved = todo & distance[..., 0].isfinite()
        radius = torch.where(solved, outer, radius)
        todo = todo & ~solved
    return hits, distance, radius


def _make_sparse(search, hits, distance, n_evals):
    """Make the hits sparse, in place, and add what that takes to n_evals."""
    closest, d = hits.shape[-2:]
    for e, rows in parts(distance[..., 0].isfinite(), closest * d**2):
        hits[e, rows], tried = _sparsify(search, e, rows, hits[e, rows])
        n_evals[e, rows] += (tried * distance[e, rows].isfinite()).sum(-1)


def _sparsify(search, e, rows, points):
    """Revert coordinates of the points, (m, c, d), by ascending change while the label lasts.

    Returns the sparse points and how many reversals were tried, shape (m, c). All prefixes of the
    order are judged at once.
    """
    d = points.shape[-1]
    start = search.start[rows, None]
    order = (points - start).abs().argsort(dim=-1, stable=True)
    turn = order.argsort(-1)  # the place of each coordinate in the order, from 0
    count = torch.arange(1, d + 1, device=turn.device).unsqueeze(-1)
    # (m, c, d, d): the point after 1, ..., d reversals.
    tries = torch.where(turn.unsqueeze(-2) < count, start.unsqueeze(-2), points.unsqueeze(-2))
    lasts = search.reached(e, rows, tries)
    kept = lasts.long().cumprod(-1).sum(-1)  # reversals before the first that loses the label
    sparse = torch.where(turn < kept.unsqueeze(-1), start, points)
    # One more is tried and undone. All d are kept only if rounding gives x itself the label.
    return sparse, (kept + 1).clamp_max(d)


def _cheapest(hits, start, distance, gamma):
    """Return the hit that costs least, gamma for each changed feature included; x where none is."""
    change = hits - start[:, None]
    price = change.norm(dim=-1) + gamma * (change != 0).sum(-1)
    price = torch.where(distance.isfinite(), price, torch.inf)
    best = price.argmin(-1)[..., None, None]
    point = torch.take_along_dim(hits, best, dim=2).squeeze(2)
    return torch.where(distance[..., :1].isfinite(), point, start)


def _nearest(places, samples, away, count, closest):
    """Return the nearest samples of each row, (m, closest), and their distances.

    Given are, for each hit, the place of its row, its sample out of `count`, and its distance. A
    distance is inf where a row has fewer hits.
    """
    distance = away.new_full((places[-1] + 1, count), torch.inf)
    distance[places, samples] = away
    distance, chosen = distance.topk(closest, largest=False)
    return chosen, distance

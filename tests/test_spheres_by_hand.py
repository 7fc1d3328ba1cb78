"""Growing spheres on one and two features: which layer hits, what it costs, where it ends."""

import importlib
from inspect import signature

import numpy as np
import pytest
import torch

from rrlib.models import LogisticRegression
from rrlib.recourse import layers
from rrlib.recourse.common import Box
from rrlib.recourse.layers import Search

MODULE = importlib.import_module("rrlib.recourse.growing_spheres")


def doubles(values):
    return torch.tensor(values, dtype=torch.float64)


def family(w, b):
    return LogisticRegression(doubles(w), doubles(b), doubles([0.0] * len(b)))


def line(*bounds, slope=1.0):
    """Models on one feature, the logit slope (x - bound)."""
    return family([[slope]] * len(bounds), [-slope * bound for bound in bounds])


@pytest.fixture
def drawn(monkeypatch):
    """In units of its width, layer k holds k + 1/4 to the right and k + 3/4 to the left; noted."""
    seen = []

    def draw(seed, k, samples, like):
        seen.append((seed, k, samples))
        return doubles([[k + 0.25], [-k - 0.75]]).to(like)

    monkeypatch.setattr(layers, "draw_layer", draw)
    return seen


@pytest.fixture
def judged(monkeypatch):
    """The model, the rows and the widths of each layer that is evaluated."""
    seen = []
    hits = Search.hits

    def watched(self, e, rows, width, layer):
        seen.append((e, rows.tolist(), width.tolist()))
        return hits(self, e, rows, width, layer)

    monkeypatch.setattr(Search, "hits", watched)
    return seen


def search(model, X, **options):
    usual = {"samples": 2, "step": 0.5, "sparse": False, "seed": 9}
    return MODULE.growing_spheres(model, X, **usual | options)


def fields(found):
    """valid, cost, evaluations, radius and x' of one row."""
    return [field.flatten().tolist() for field in (*found[1:5], found.x_cf)]


def test_what_is_done_if_nothing_is_said():
    options = signature(MODULE.growing_spheres).parameters.values()
    found = {one.name: one.default for one in options if one.default is not one.empty}
    assert found == {
        "target": None,
        "samples": 1000,
        "step": 0.1,
        "gamma": 0.1,
        "sparse": True,
        "closest": 10,
        "max_cost": 10.0,
        "max_evals": 150_000,
        "lower": None,
        "upper": None,
    }


def test_a_search_by_hand(drawn, judged):
    """From 0 to 1, known to be 0.999 off: a ball up to 1/2 is passed, layer 2 holds 9/8."""
    found = search(line(1.0), [[0.0]])
    assert fields(found) == [[True], [1.125], [6], [1.5], [1.125]]
    assert drawn == [(9, 0, 2), (9, 1, 2), (9, 2, 2)]
    assert judged == [(0, [0], [0.5])] * 2


def test_layers_that_are_certified_are_passed(drawn, judged):
    """From 0 to 3: the sixth layer is the first that ends beyond 2.997, and layer 6 holds 25/8."""
    found = search(line(3.0), [[0.0]])
    assert fields(found) == [[True], [3.125], [14], [3.5], [3.125]]
    assert [k for _, k, _ in drawn] == [0, 5, 6] and len(judged) == 2


def test_a_ball_is_halved_while_it_holds_a_hit(drawn, judged):
    """From 0 to 1/10: 1/4 and 1/8 are hits, 1/16 is none; layer 1 holds 5/16."""
    found = search(line(0.1), [[0.0]], step=1.0)
    assert fields(found) == [[True], [0.3125], [8], [0.5], [0.3125]]
    assert judged == [(0, [0], [width]) for width in (1.0, 0.5, 0.25, 0.25)]


def test_a_ball_that_is_certified_is_not_evaluated(drawn, judged, monkeypatch):
    """A ball as wide as the reach is; neither is a layer that ends there."""

    def reach(model, start, *, most):
        assert most == 10
        return doubles([[1.0]])

    monkeypatch.setattr(MODULE, "certified_radius", reach)
    found = search(line(0.6), [[0.0]])
    assert fields(found) == [[True], [1.125], [6], [1.5], [1.125]], "the hit of layer 1 is not seen"
    assert judged == [(0, [0], [0.5])]
    judged.clear()
    search(line(0.6), [[0.0]], step=1.0)
    assert judged == [(0, [0], [1.0])], "the first layer after the ball"


def test_a_logit_of_zero_is_favourable(drawn):
    assert fields(search(line(1.125), [[0.0]])) == [[True], [1.125], [6], [1.5], [1.125]]
    down = search(line(-0.875), [[0.0]])
    assert fields(down) == [[True], [1.375], [6], [1.5], [-1.375]], "-7/8 is still favourable"


def test_costs_count_from_the_row(drawn):
    assert fields(search(line(11.0), [[10.0]])) == [[True], [1.125], [6], [1.5], [11.125]]


def test_a_row_that_is_there_is_not_searched(drawn):
    found = search(line(1.0), [[2.0]], target=1.0)
    assert fields(found) == [[True], [0], [0], [0], [2]]


NONE = [[False], [0], [0], [0], [0]]


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"max_cost": 1.125}, [[True], [1.125], [6], [1.5], [1.125]]),
        ({"max_cost": 1.12}, [[False], [0], [6], [0], [0]]),
        ({"max_cost": 1.0}, [[False], [0], [4], [0], [0]]),
        ({"max_cost": 0.999}, [[False], [0], [4], [0], [0]]),
        ({"max_cost": 0.998}, NONE),
        ({"max_evals": 6}, [[True], [1.125], [6], [1.5], [1.125]]),
        ({"max_evals": 5.9}, [[False], [0], [4], [0], [0]]),
        ({"max_evals": 2}, [[False], [0], [2], [0], [0]]),
        ({"max_evals": 1}, NONE),
        ({"upper": [1.0625]}, [[True], [1.0625], [6], [1.5], [1.0625]]),
        ({"lower": [0.0], "upper": [0.0]}, NONE),
        ({"sparse": True, "max_evals": 8}, [[True], [1.125], [7], [1.5], [1.125]]),
        ({"sparse": True, "max_evals": 7.9}, [[False], [0], [4], [0], [0]]),
        ({"sparse": True, "closest": 1, "max_evals": 7}, [[True], [1.125], [7], [1.5], [1.125]]),
    ],
)
def test_where_a_search_ends(drawn, options, expected):
    """Two samples a layer; to make two hits sparse might take two more, and one takes one."""
    assert fields(search(line(1.0), [[0.0]], **options)) == expected


def test_a_budget_that_ends_while_the_ball_shrinks(drawn):
    """From 0 to 1/10 the balls of 1, 1/2 and 1/4 take six evaluations, and a layer two more."""
    for max_evals, used in ((4, 4), (6, 6), (7.9, 6)):
        found = search(line(0.1), [[0.0]], step=1.0, max_evals=max_evals)
        assert fields(found) == [[False], [0], [used], [0], [0]]
    assert search(line(0.1), [[0.0]], step=1.0, max_evals=8).valid.all()


def test_each_pair_has_its_own_search(drawn):
    """Rows at 0, 2 and -2, which lie 0.1, 1.9 and 2.1 from the first bound, 1, 1 and 3 from 1."""
    found = search(line(0.1, 1.0), [[0.0], [2.0], [-2.0]])
    assert found.cost.tolist() == [[0.3125, 2.375, 2.125], [1.125, 1.375, 3.125]]
    assert found.x_cf.squeeze(-1).tolist() == [[0.3125, -0.375, 0.125], [1.125, 0.625, 1.125]]
    assert found.radius.tolist() == [[0.5, 2.5, 2.5], [1.5, 1.5, 3.5]]
    assert found.n_evals.tolist() == [[6, 10, 10], [6, 6, 14]] and found.valid.all()
    assert torch.equal(found.n_evals, found.n_evals.long())


@pytest.fixture
def layer(monkeypatch):
    """Replaces what a layer holds, for points of two features; the ball holds its middle."""

    def holds(*points):
        def draw(seed, k, samples, like):
            return doubles([[0.0, 0.0]] * len(points) if k == 0 else list(points))

        monkeypatch.setattr(layers, "draw_layer", draw)

    return holds


TILTED = family([[1.0, 0.1]], [-1.0])
"""The first feature decides; the second helps a little."""

A, B, D = (1.5, 0.5), (1.2, 1.0), (0.95, 1.1)
"""Hits 1.58, 1.56 and 1.45 away: without the second feature A and B last, D not without the first.

Reverted they cost 1.5, 1.2 and, still, 1.45.
"""

NO = (-1.5, 0.0)


def recommended(**options):
    found = search(TILTED, [[0.0, 0.0]], **{"samples": 4, "step": 1.0, "sparse": True} | options)
    return tuple(found.x_cf.flatten().tolist()), found.n_evals.item()


@pytest.mark.parametrize(
    "closest, expected",
    [(1, (D, 9)), (2, ((1.2, 0), 11)), (3, ((1.2, 0), 13)), (9, ((1.2, 0), 13))],
)
def test_hits_are_made_sparse_by_hand(layer, closest, expected):
    """Ball and layer take eight evaluations, A and B two each, D one; nobody reverts a miss."""
    layer(A, NO, B, D)
    assert recommended(closest=closest) == expected
    assert recommended(closest=closest, sparse=False) == (D, 8)


def test_changes_count_from_the_row(layer):
    """From (0, 7) the hits are (1.5, 7.5), (1.2, 8) and (0.95, 8.1)."""
    layer(A, NO, B, D)
    found = search(family([[1.0, 0.1]], [-1.7]), [[0.0, 7.0]], samples=4, step=1.0, sparse=True)
    assert found.x_cf.tolist() == [[[1.2, 7]]] and found.n_evals.item() == 13


@pytest.mark.parametrize("max_evals, expected", [(14, ((1.2, 0), 13)), (13, ((0, 0), 4))])
def test_a_layer_is_entered_if_all_its_hits_can_be_made_sparse(layer, max_evals, expected):
    """After the ball four samples, and two reversals of three hits: ten more."""
    layer(A, NO, B, D)
    assert recommended(closest=3, max_evals=max_evals) == expected


@pytest.mark.parametrize("max_cost, step", [(10.0, 0.5), (0.5, 10.0), (1.5, 1.5)])
def test_rounding_is_allowed_for_wherever_samples_are(drawn, monkeypatch, max_cost, step):
    """The last layer begins before the cap, and is at most as wide as a step."""
    radii = []
    bound = MODULE.rounding
    monkeypatch.setattr(MODULE, "rounding", lambda *given: radii.append(given[-1]) or bound(*given))
    search(line(1.0), [[0.0]], max_cost=max_cost, step=step)
    assert radii[0] >= max_cost + step


@pytest.mark.parametrize("gamma, point", [(0.0, D), (0.04, D), (0.05, (1.5, 0)), (0.1, (1.5, 0))])
def test_the_price_of_a_feature(layer, gamma, point):
    """1.5 with one feature changed or 1.4534 with two."""
    layer(A, NO, D, NO)
    assert recommended(gamma=gamma) == (point, 11)


def test_of_two_equal_changes_the_first_is_reverted_first(layer):
    layer((1.2, 1.2), NO, (-1.2, -1.2), NO)
    assert recommended() == ((1.2, 1.2), 9)


def test_no_more_is_tried_than_there_is():
    """The row itself has the label: all three coordinates are reverted, or the first loses it."""
    model = family([[1.0] * 3], [0.0])
    start = doubles([[0.0, 0.0, 0.0]])
    found = Search([model], start, doubles([[1.0]]), doubles([[0.0]]), None, 1, 0, 1, 9)
    points = doubles([[[3.0, -1.0, 0.5], [0.1, 0.2, -0.6]]])
    sparse, tried = MODULE._sparsify(found, 0, torch.tensor([0]), points)
    assert sparse.tolist() == [[[0, 0, 0], [0.1, 0.2, -0.6]]] and tried.tolist() == [[3, 1]]


def test_the_cheapest_of_no_hits_is_the_row():
    start = doubles([[1.0, 1.0], [5.0, 5.0]])
    hits = doubles([[[[2.0, 1.0], [1.0, 1.5]], [[5.0, 6.0], [5.0, 5.0]]]])
    distance = doubles([[[1.0, 0.5], [np.inf, np.inf]]])
    found = MODULE._cheapest(hits, start, distance, 0.1)
    assert found.tolist() == [[[1.0, 1.5], [5.0, 5.0]]]
    distance[0, 0, 1] = np.inf
    assert MODULE._cheapest(hits, start, distance, 0.1).tolist() == [[[2.0, 1.0], [5.0, 5.0]]]


def test_the_nearest_by_hand():
    """Two rows with hits 3, 1, 2 and 5, of four samples each."""
    places, samples = torch.tensor([0, 0, 0, 1]), torch.tensor([0, 2, 3, 1])
    away = doubles([3.0, 1.0, 2.0, 5.0])
    chosen, distance = MODULE._nearest(places, samples, away, 4, 2)
    assert distance.tolist() == [[1, 2], [5, np.inf]]
    assert chosen[0].tolist() == [2, 3] and chosen[1, 0] == 1


def test_a_frozen_feature_stays(layer):
    """Without its second feature D is no hit and A is; a row that cannot move is not searched."""
    layer(A, NO, D, NO)
    X = [[0.0, 0.0], [0.0, 0.0]]
    lower, upper = [[0.0, 0.0], [-9.0, 0.0]], [[0.0, 0.0], [9.0, 0.0]]
    found = search(TILTED, X, samples=4, step=1.0, lower=lower, upper=upper)
    assert found.x_cf[0].tolist() == [[0, 0], [1.5, 0]]
    assert found.n_evals.tolist() == [[0, 8]] and found.valid.tolist() == [[False, True]]


def lookup(box=None, spare=0.0):
    """A search among rows 0 and 10, for models with bounds 2 and 9; the second leads down."""
    members = [line(2.0), line(9.0)]
    target = doubles([[1.0, 1.0], [-1.0, -1.0]])
    start = doubles([[0.0], [10.0]])
    return Search(members, start, target, spare * torch.ones_like(target), box, 3, 4, 5, 11.0)


@pytest.mark.parametrize("spare", [0.0, 0.5, 100.0])
@pytest.mark.parametrize("endless", [False, True])
def test_hits_of_a_layer_by_hand(endless, spare):
    """Moves 1, 2, -3 at widths 1 and 1/2: points 1, 2, -3 and 10.5, 11, 8.5."""
    box = Box(*(doubles([[end]] * 2) for end in (-np.inf, np.inf))) if endless else None
    found = lookup(box, spare)
    layer, width = doubles([[1.0], [2.0], [-3.0]]), doubles([1.0, 0.5])
    both = torch.tensor([0, 1])
    places, samples, points = found.hits(0, both, width, layer)
    assert places.tolist() == [0, 1, 1, 1] and samples.tolist() == [1, 0, 1, 2]
    assert points.flatten().tolist() == [2, 10.5, 11, 8.5]
    places, samples, points = found.hits(1, both, width, layer)
    assert places.tolist() == [0, 0, 0, 1] and samples.tolist() == [0, 1, 2, 2]
    places, samples, points = found.hits(1, torch.tensor([1]), width[1:], layer)
    assert places.tolist() == [0] and samples.tolist() == [2] and points.tolist() == [[8.5]]
    nowhere = found.hits(0, torch.tensor([0]), doubles([0.1]), layer)
    assert [len(part) for part in nowhere] == [0, 0, 0] and nowhere[2].shape == (0, 1)


def test_points_are_clipped_to_the_bounds_of_their_rows():
    box = Box(doubles([[-1.0], [9.5]]), doubles([[1.5], [99.0]]))
    found = lookup(box)
    layer, width = doubles([[1.0], [2.0], [-3.0]]), doubles([1.0, 0.5])
    coarse = found._coarse(0, torch.tensor([0, 1]), width, layer)
    assert coarse.tolist() == [[-1, -0.5, -3], [8.5, 9, 7.5]]
    rows = torch.tensor([[0, 0], [1, 1]])
    points = found.points(rows, width[:, None].expand(2, 2), doubles([[[1.0], [2.0]], [[2], [-3]]]))
    assert points.flatten().tolist() == [1, 1.5, 11, 9.5]


def test_a_logit_that_is_no_number_is_judged_by_the_model():
    found = lookup()._replace(members=[line(np.nan)])
    answer = found.hits(0, torch.tensor([0]), doubles([1.0]), doubles([[1.0]]))
    assert [len(part) for part in answer] == [0, 0, 0]
    down = found._replace(target=-found.target)
    places, _, _ = down.hits(0, torch.tensor([0]), doubles([1.0]), doubles([[1.0]]))
    assert places.tolist() == [0], "what is not favourable counts as denied"


def test_what_a_budget_pays_for():
    used = torch.tensor([0, 6, 7])
    assert lookup().pays(used).tolist() == [True, True, False], "5 more, of 11"


def test_a_layer_is_drawn_from_the_seed_and_its_number(monkeypatch):
    monkeypatch.setattr(layers, "draw_layer", lambda *given: given)
    found = lookup()
    assert found.layer(7) == (4, 7, 3, found.start)


@pytest.mark.parametrize("k, d", [(0, 1), (0, 3), (2, 1), (3, 4)])
def test_draws_by_hand(k, d):
    """Directions come first; then the volume below a sample is its share of the layer's."""
    like = torch.zeros(1, d, dtype=torch.float32)
    found = layers.draw_layer(5, k, 6, like)
    assert found.dtype == torch.float32 and found.shape == (6, d)
    rng = np.random.default_rng([5, k])
    directions, share = rng.standard_normal((6, d)), rng.random(6)
    length = np.linalg.norm(directions, axis=1)
    radii = found.double().norm(dim=1).numpy()
    assert np.allclose(radii**d, k**d + ((k + 1) ** d - k**d) * share, rtol=1e-5)
    assert np.allclose(found.numpy() / radii[:, None], directions / length[:, None], atol=1e-6)


def test_parts_by_hand(monkeypatch):
    monkeypatch.setattr(layers, "CHUNK", 6)
    mask = torch.tensor([[True, False, True, True], [False] * 4, [False, True, False, False]])

    def listed(size):
        return [(e, rows.tolist()) for e, rows in layers.parts(mask, size)]

    assert listed(3) == [(0, [0, 2]), (0, [3]), (2, [1])]
    assert listed(2) == listed(1) == [(0, [0, 2, 3]), (2, [1])]
    assert listed(100) == [(0, [0]), (0, [2]), (0, [3]), (2, [1])], "one row at least"

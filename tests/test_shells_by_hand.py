"""C-CHVAE on one feature: which shell hits, what it costs, where the search ends, by hand."""

import importlib

import numpy as np
import pytest
import torch

from rrlib.models import LogisticRegression
from rrlib.models.decoder import Residual
from rrlib.models.vae import VAE
from rrlib.recourse.common import Box

MODULE = importlib.import_module("rrlib.recourse.cchvae")


def doubles(values):
    return torch.tensor(values, dtype=torch.float64)


def line(*bounds, slope=1.0):
    """Models on one feature, the logit slope (x - bound)."""
    parts = [[slope]] * len(bounds), [-slope * bound for bound in bounds], [0.0] * len(bounds)
    return LogisticRegression(*map(doubles, parts))


def affine(a, c):
    """y = a x + c."""
    a, c = doubles(a), doubles(c)
    out, inputs = a.shape
    return Residual(a, c, a.new_zeros(0, inputs), a.new_zeros(0), a.new_zeros(out, 0))


def shift(c, scale=1.0):
    """A VAE with G(E(x)) = x + c, and G that stretches by `scale`."""
    return VAE(affine([[1 / scale], [0.0]], [c / scale, 0.0]), affine([[scale]], [0.0]))


def test_gaps_by_hand():
    model = LogisticRegression(doubles([[2.0], [0.0]]), doubles([0.0, -1.0]), doubles([0.0, 0.0]))
    points = doubles([[-1.0], [0.0], [0.25], [3.0], [0.25]])
    wanted = torch.tensor([[True, True, True, False, False]] * 2)
    found = MODULE._gap(model, points, wanted)
    assert found[0].tolist() == pytest.approx([0.999, 0, 0, 0.999 * 3, 0.999 / 4])
    assert found[1].tolist() == [np.inf, np.inf, np.inf, 0, 0]


def test_the_most_that_a_recourse_may_cost():
    start = doubles([[0.0, 0.0], [1.0, 1.0]])
    assert MODULE._widest(start, None, 7.0).tolist() == [7, 7]
    box = Box(doubles([[-3.0, -1.0], [1.0, 0.0]]), doubles([[2.0, 4.0], [1.0, 1.5]]))
    assert MODULE._widest(start, box, 7.0).tolist() == [5, 1]
    assert MODULE._widest(start, box, 3.0).tolist() == [3, 1]


def test_draws_by_hand():
    """Lengths in [3/2, 2), as long as the displacements, which point anywhere."""
    lengths, shifts = MODULE._draw(4, 3, 2000, 0.5, torch.zeros(1, 2))
    assert lengths.dtype == shifts.dtype == torch.float64 and shifts.shape == (2000, 2)
    assert torch.allclose(shifts.norm(dim=1), lengths)
    assert 1.5 <= lengths.min() < 1.51 and 1.99 < lengths.max() < 2
    assert lengths.mean().item() == pytest.approx(1.75, abs=0.01)
    assert (shifts / lengths[:, None]).mean(0).abs().max() < 0.05
    for other in ((5, 3), (4, 2)):
        assert not torch.equal(MODULE._draw(*other, 2000, 0.5, torch.zeros(1, 2))[1], shifts)
    assert torch.equal(MODULE._draw(4, 3, 2000, 0.5, torch.zeros(1, 2))[1], shifts)


@pytest.mark.parametrize("chunk", [20_000, 6, 1])
def test_a_shell_by_hand(monkeypatch, chunk):
    """From 0 and 10 by 1, 3 and -2: costs are those of the decoded points 1 to the right."""
    monkeypatch.setattr(MODULE, "CHUNK", chunk)
    asked = []
    decode = MODULE.decode_around

    def watched(decoder, z, shifts):
        asked.append(len(z))
        return decode(decoder, z, shifts)

    monkeypatch.setattr(MODULE, "decode_around", watched)
    model = LogisticRegression(*(part.float() for part in line(1.5, 20.0)))
    decoder = Residual(*(part.float() for part in affine([[1.0]], [1.0])))
    z, start = doubles([[0.0], [10.0]]), doubles([[0.0], [10.0]])
    wanted = torch.tensor([[True, False], [False, True]])
    shifts = doubles([[3.0], [1.0], [-2.0]])
    given = model, decoder, z, start, wanted
    everyone = torch.ones(2, 2, dtype=torch.bool)
    hit, choice, least = MODULE._search_shell(*given, everyone, shifts, None)
    assert asked == ([2] if chunk > 3 else [1, 1])
    # points 4, 2, -1 and 14, 12, 9: at least 1.5; below; below 20; at least 20
    assert hit.tolist() == [[True, False], [True, False]]
    assert choice[:, 0].tolist() == [1, 2] and least.tolist() == [1, 1]
    box = Box(doubles([[-0.5], [10.5]]), doubles([[1.75], [30.0]]))
    hit, choice, least = MODULE._search_shell(*given, everyone, shifts, box)
    assert hit.tolist() == [[True, False], [True, False]] and least.tolist() == [0.5, 0.5]
    assert choice[:, 0].tolist() == [0, 2], "3 and 1 are both clipped to 1.75: the first"
    open_ = torch.tensor([[False, True], [True, True]])
    hit, _, least = MODULE._search_shell(*given, open_, shifts, box)
    assert hit.tolist() == [[False, False], [True, False]], "a pair that is solved has no hit"
    assert least.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("chunk", [20_000, 2, 1])
def test_which_of_the_points_hit(monkeypatch, chunk):
    """A logit of 0 is favourable; one that is no number is judged as it is anywhere."""
    monkeypatch.setattr(MODULE, "CHUNK", chunk)
    nan = float("nan")
    cases = [
        ([-1.0, 0.0], True, 1),
        ([-1.0, -0.5], True, None),
        ([0.5, 0.0], False, None),
        ([0.5, -0.1], False, 1),
        ([nan, 2.0], True, 1),
        ([nan, -1.0], True, None),
        ([2.0, nan], False, 1),
    ]
    identity = affine([[1.0]], [0.0])
    decoder = Residual(*(part.float() for part in identity))
    for logits, favourable, expected in cases:

        def model(points, logits=logits):
            return torch.where(points[:, 0] > 1.5, *torch.tensor(logits)).unsqueeze(0)

        wanted = torch.tensor([[favourable]])
        origin, shifts = doubles([[0.0]]), doubles([[2.0], [1.0]])
        given = model, decoder, origin, origin, wanted, torch.ones_like(wanted), shifts, None
        hit, choice, _ = MODULE._search_shell(*given)
        assert hit.item() == (expected is not None)
        assert not hit or choice.item() == expected


@pytest.fixture
def drawn(monkeypatch):
    """Shell k of width 1/2 holds k/2 + 1/8 to the right and k/2 + 3/8 to the left; noted."""
    seen = []

    def draw(seed, shell, samples, step, like):
        seen.append((seed, shell, samples, step))
        lengths = step * (shell + doubles([0.25, 0.75]))
        return lengths, lengths[:, None] * doubles([[1.0], [-1.0]])

    monkeypatch.setattr(MODULE, "_draw", draw)
    return seen


def search(model, X, vae, **options):
    return MODULE.cchvae(model, X, vae, **{"samples": 2, "step": 0.5, "seed": 9} | options)


def fields(found):
    """valid, x', cost, evaluations, radius and latent distance of one row."""
    return [field.flatten().tolist() for field in (*found[1:6], found.x_cf)]


def test_a_search_by_hand(drawn):
    """From 0 to 1: shells 0 and 1 reach 5/8; shell 2 holds 9/8. Shell 0 cannot reach: passed."""
    found = search(line(1.0), [[0.0]], shift(0.0))
    assert fields(found) == [[True], [1.125], [6], [1.5], [1.125], [1.125]]
    assert found.reconstruction_error.tolist() == [0]
    assert drawn == [(9, 1, 2, 0.5), (9, 2, 2, 0.5)]


def test_a_hit_on_the_boundary_and_costs_from_the_row(drawn):
    """A logit of 0 is favourable; from 10 to 11.125 it is 1.125 and not 11.125."""
    for row in (0.0, 10.0):
        found = search(line(row + 1.125), [[row]], shift(0.0), max_cost=1.125)
        assert fields(found) == [[True], [1.125], [6], [1.5], [1.125], [row + 1.125]]


def test_a_stretching_decoder(drawn):
    """G(z) = 4 z: shell 0 may reach 2, and holds 1/2; shell 1 holds 5/2."""
    found = search(line(1.0), [[0.0]], shift(0.0, scale=4.0))
    assert fields(found) == [[True], [2.5], [4], [1.0], [0.625], [2.5]]
    assert [shell for _, shell, _, _ in drawn] == [0, 1]


NONE = [[False], [0], [0], [0], [0], [0]]


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"max_cost": 1.125}, [[True], [1.125], [6], [1.5], [1.125], [1.125]]),
        ({"max_cost": 1.1}, [[False], [0], [6], [1.5], [0], [0]]),
        ({"max_cost": 0.999}, [[False], [0], [6], [1.5], [0], [0]]),
        ({"max_cost": 0.998}, NONE),
        ({"max_evals": 6}, [[True], [1.125], [6], [1.5], [1.125], [1.125]]),
        ({"max_evals": 5.9}, [[False], [0], [4], [1.0], [0], [0]]),
        ({"max_evals": 1}, NONE),
        ({"upper": [1.0625]}, [[True], [1.0625], [6], [1.5], [1.125], [1.0625]]),
        ({"upper": [0.5], "lower": [-0.5]}, NONE),
    ],
)
def test_where_a_search_ends(drawn, options, expected):
    """At 1.1 the third shell holds nothing that is cheap enough; below 0.999 nobody begins."""
    assert fields(search(line(1.0), [[0.0]], shift(0.0), **options)) == expected


def test_a_search_ends_where_every_point_costs_too_much(drawn):
    """From 2 to 1, but the row is decoded at 7: 5 - 3/8 is the least cost in the first shell."""
    model = line(1.0, slope=-1.0)
    found = search(model, [[2.0]], shift(5.0), max_cost=4.5)
    assert fields(found) == [[False], [0], [2], [0.5], [0], [2]]
    found = search(model, [[2.0]], shift(5.0), max_cost=4.625)
    assert fields(found) == [[True], [1.375], [26], [6.5], [6.375], [0.625]]


def test_only_beyond_the_cap_a_shell_ends_a_search(drawn):
    """Decoded at 3/2, with the boundary at -1: 3/2 + 1/2 is the cap of 2, and not beyond."""
    found = search(line(-1.0, slope=-1.0), [[0.0]], shift(1.5), max_cost=2.0)
    assert fields(found) == [[True], [1.375], [12], [3.0], [2.875], [-1.375]]
    assert [shell for _, shell, _, _ in drawn] == [1, 2, 3, 4, 5]
    drawn.clear()
    found = search(line(-1.0, slope=-1.0), [[0.0]], shift(1.5, scale=4.0), max_cost=2.0)
    assert fields(found) == [[True], [2.0], [4], [1.0], [0.875], [-2.0]]
    assert [shell for _, shell, _, _ in drawn] == [0, 1], "3/2 + 4/2 is beyond"


def test_each_pair_has_its_own_search(drawn):
    """Bounds 1 and 3; rows at 0, at 2 and at 4, which lie 1, 1 (down), 3 (down) off; 3, 1, 1."""
    found = search(line(1.0, 3.0), [[0.0], [2.0], [4.0]], shift(0.0))
    assert found.x_cf.squeeze(-1).tolist() == [[1.125, 2 - 1.375, 4 - 3.375], [3.125, 3.125, 2.625]]
    assert found.cost.tolist() == [[1.125, 1.375, 3.375], [3.125, 1.125, 1.375]]
    assert found.n_evals.tolist() == [[6, 6, 14], [14, 6, 6]]
    assert found.radius.tolist() == [[1.5, 1.5, 3.5], [3.5, 1.5, 1.5]]
    assert found.latent_distance.tolist() == found.cost.tolist() and found.valid.all()
    assert torch.equal(found.n_evals, found.n_evals.long())


def test_a_hit_that_is_none_in_double_precision(drawn):
    """The boundary lies 1e-9 beyond the hit of shell 2; float32 does not see it, and it goes on."""
    found = search(line(1.125 + 1e-9), [[0.0]], shift(0.0))
    assert fields(found) == [[True], [1.625], [8], [2.0], [1.625], [1.625]]


def test_a_vae_of_other_rows_is_named():
    vae = VAE(affine([[1.0], [0.0]], [0.0, 0.0]), affine([[1.0], [1.0]], [0.0, 0.0]))
    with pytest.raises(ValueError, match="vae decodes to 2 features, but X has 1; fit it on rows"):
        search(line(0.0), [[1.0]], vae)

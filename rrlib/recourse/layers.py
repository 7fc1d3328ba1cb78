"""Samples in layers around the rows, and which of them have the label that is wanted."""

from typing import NamedTuple

import numpy as np
import torch

from rrlib.recourse.common import Box

CHUNK = 2**20
"""Coordinates of samples that are worked on at once: few enough for the processor's cache."""


class Sampler(NamedTuple):
    """How many samples a layer has, the seed, what a layer may cost a row, and a row's budget."""

    samples: int
    seed: int
    need: int
    max_evals: float


class Search(NamedTuple):
    """What all stages of the search read: models, rows, bounds, and the sampler and its budget.

    `members` are single models, `target` holds the signs of the labels that are wanted, and
    `spare` more than rounding takes from a logit, both (E, n). `need` is the most that a layer may
    cost a row: its samples, and the reversals of its hits.
    """

    members: list
    start: torch.Tensor
    target: torch.Tensor
    spare: torch.Tensor
    box: Box | None
    samples: int
    seed: int
    need: int
    max_evals: float

    def layer(self, k):
        """Return layer k in units of its width, shape (samples, d)."""
        return draw_layer(self.seed, k, self.samples, self.start)

    def pays(self, n_evals):
        """Return where the budget pays for one more layer."""
        return n_evals + self.need <= self.max_evals

    def hits(self, e, rows, width, layer):
        """Return which samples of a layer model e gives the label wanted.

        Each row, of (m,), has its own width. The answer is, for each hit, its row's place among
        `rows`, its sample's in the layer, and its point: shapes (h,), (h,), (h, d).

        All samples are judged up to rounding; those with the label, or within rounding of it, are
        judged again by the model itself.
        """
        spare = self.spare[e, rows]
        short = self._coarse(e, rows, width, layer).mul_(-self.target[e, rows, None])
        some = (~(short.amin(-1) > spare)).nonzero().squeeze(-1)  # also where a logit is NaN
        if not len(some):
            return some, some, self.start[some]
        candidates = ~(short[some] > spare[some, None])
        among, samples = candidates.nonzero(as_tuple=True)
        places = some[among]
        at = rows[places]
        points = self.points(at, width[places], layer[samples])
        kept = self.reached(e, at, points).nonzero().squeeze(-1)
        return places[kept], samples[kept], points[kept]

    def _coarse(self, e, rows, width, layer):
        """Return the logits of a layer's samples, up to rounding, shape (m, samples).

        Without bounds the layer goes through the model's first layer once for all rows.
        """
        start, member = self.start[rows], self.members[e]
        if self.box is None:
            return member.around(start, width, layer)[0]
        moves = layer.mT.contiguous().unsqueeze(1)
        points = torch.addcmul(start.mT.unsqueeze(-1), width.unsqueeze(-1), moves)
        lower, upper = (side[rows].mT.unsqueeze(-1) for side in self.box)
        points = points.clamp_(lower, upper)
        return member(points.flatten(1).mT).view(points.shape[1:])

    def points(self, rows, width, moves):
        """Return moves (..., d) in units of the width, added to their rows, within the bounds.

        Rows and width have shape (...,).
        """
        points = torch.addcmul(self.start[rows], width.unsqueeze(-1), moves)
        if self.box is None:
            return points
        return points.clamp_(self.box.lower[rows], self.box.upper[rows])

    def reached(self, e, rows, points):
        """Return which points, shape (m, ..., d), model e gives the label wanted for their row."""
        logits = self.members[e](points.flatten(0, -2))[0].unflatten(0, points.shape[:-1])
        wanted = self.target[e, rows] > 0
        return (logits >= 0) == wanted.reshape(-1, *[1] * (logits.ndim - 1))


def draw_layer(seed, k, samples, like):
    """Return points uniform between the spheres of radius k and k + 1, shape (samples, d)."""
    rng = np.random.default_rng([seed, k])
    d = like.shape[1]
    points = rng.standard_normal((samples, d))
    share = rng.random((samples, 1))
    inner = (k / (k + 1)) ** d
    radii = (k + 1) * (inner + (1 - inner) * share) ** (1 / d)
    return torch.as_tensor(points * radii / np.linalg.norm(points, axis=1, keepdims=True)).to(like)


def parts(mask, size):
    """Yield (e, rows) until all places of the mask (E, n) that are True are named.

    A row takes `size` coordinates, and the rows that are named together fit into the cache.
    """
    for e, chosen in enumerate(mask):
        rows = chosen.nonzero().squeeze(-1)
        if len(rows):
            for part in rows.split(max(1, CHUNK // size)):
                yield e, part

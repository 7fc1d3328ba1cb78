"""Samples in layers around the rows, and which of them have the label that is wanted."""

from typing import NamedTuple

import numpy as np
import torch

from rrlib.recourse.common import Box

CHUNK = 2**18
"""Coordinates of samples that are worked on at once: few enough for the processor's cache."""


class Search(NamedTuple):
    """What all stages of the search read: models, rows, bounds, and the sampler and its budget.

    `members` are single models, and `positive`, shape (E, n), tells whether the label that is
    wanted is the favourable one. `need` is the most that a layer may cost a row: its samples, and
    the reversals of its hits.
    """

    members: list
    start: torch.Tensor
    positive: torch.Tensor
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

    def sample(self, rows, width, layer):
        """Return the layer around some rows, each at its own width, clipped to their bounds.

        Shapes: rows and width (m,), layer (samples, d), and the result (m, samples, d).
        """
        points = torch.addcmul(self.start[rows, None], width[:, None, None], layer)
        if self.box is None:
            return points
        return points.clamp_(self.box.lower[rows, None], self.box.upper[rows, None])

    def reached(self, e, rows, points):
        """Return which points, shape (m, ..., d), model e gives the label wanted for their row."""
        logits = self.members[e](points.flatten(0, -2))[0].unflatten(0, points.shape[:-1])
        wanted = self.positive[e, rows]
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

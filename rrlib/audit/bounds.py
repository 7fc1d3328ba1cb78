"""The printed bounds of Theorems 1 and 2, beside the displacements that they bound, slice by slice.

A displacement is ||x'_r - x'_nr||_2, how far the recourse under a robust model lies from that under
the standard one.
"""

from functools import lru_cache

import numpy as np

from rrlib import study, theory
from rrlib.models import decoder


def distances(one, method):
    """Return the displacement under every robust model, shape (E - 1, n).

    NaN where one of the two recourses is not valid.
    """
    found = one.recourse[method]
    apart = np.linalg.norm(found.x_cf[1:].astype(float) - found.x_cf[0], axis=-1)
    return np.where(found.valid[1:] & found.valid[0], apart, np.nan)


def scfe_bounds(one):
    """Return SCFE's exact displacement, shape (E - 1, n), and the printed bounds on it.

    The recourses aim at one target for both models. The displacement is NaN where the robust
    weights are zero.
    """
    h = one.model(one.X).numpy()
    w = one.model.w.numpy()[:, None, :]
    target = np.where(h[0] >= 0, -1.0, 1.0)
    m = target - h
    recourse = theory.scfe_recourse(m, w, 0.01)
    apart = np.linalg.norm(recourse[1:] - recourse[0], axis=-1)
    moving = (w[1:] != 0).any(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        bounds = theory.theorem1_printed(m[0], w[0], m[1:], w[1:], 0.01)
    return np.where(moving, apart, np.nan), bounds


@lru_cache
def decoder_stretch(name, seed):
    """Return the Lipschitz constant of the decoder that the study's C-CHVAE searches with."""
    fitted = study.vae_of(name, seed)
    return decoder.lipschitz_upper(fitted.decoder)


def cchvae_bounds(one):
    """Return C-CHVAE's displacement, shape (E - 1, n), and the printed bounds on it.

    The bounds take an upper bound on the decoder's Lipschitz constant.
    """
    stretch = decoder_stretch(one.dataset, one.seed)
    radius = one.recourse["cchvae"].radius.astype(float)
    lower = stretch * (radius[1:] - radius[0])
    upper = stretch * (radius[1:] + radius[0])
    return distances(one, "cchvae"), theory.Bounds(lower, upper)

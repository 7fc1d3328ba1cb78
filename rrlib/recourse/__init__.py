"""Recourse methods, in batch: all rows and all models of a family at once."""

from rrlib.recourse.cchvae import LatentRecourse, cchvae
from rrlib.recourse.common import Recourse, flip_target
from rrlib.recourse.growing_spheres import growing_spheres
from rrlib.recourse.linear import boundary_distance, minimal_recourse, scfe_linear
from rrlib.recourse.scfe import scfe, scfe_adam

__all__ = [
    "LatentRecourse",
    "Recourse",
    "boundary_distance",
    "cchvae",
    "flip_target",
    "growing_spheres",
    "minimal_recourse",
    "scfe",
    "scfe_adam",
    "scfe_linear",
]

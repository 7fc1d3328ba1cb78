"""The study: the sweep over datasets, models, radii, methods and seeds, and what it found."""

from rrlib.study.metrics import (
    READINGS,
    Interval,
    interval,
    share_valid_in_ball,
    summarise,
    transfer,
    validity_by_budget,
)
from rrlib.study.results import Slice, fingerprint, remember, table
from rrlib.study.sweep import KINDS, MAX_COST, MAX_COST_BOX, METHODS, SEEDS, fit_vae, run

__all__ = [
    "KINDS",
    "MAX_COST",
    "MAX_COST_BOX",
    "METHODS",
    "READINGS",
    "SEEDS",
    "Interval",
    "Slice",
    "fingerprint",
    "fit_vae",
    "interval",
    "remember",
    "run",
    "share_valid_in_ball",
    "summarise",
    "table",
    "transfer",
    "validity_by_budget",
]

"""The study: a sweep over datasets, models, radii, methods, seeds, and what is measured on it."""

from rrlib.study.balls import share_valid_in_ball
from rrlib.study.common import MAX_COST, MAX_COST_BOX
from rrlib.study.intervals import Interval, interval
from rrlib.study.metrics import READINGS, summarise, transfer, validity_by_budget
from rrlib.study.pieces import vae_of
from rrlib.study.results import SOME, differences, more_batches, safe_distance, table
from rrlib.study.sweep import KINDS, METHODS, SEEDS, Slice, run

__all__ = [
    "KINDS",
    "MAX_COST",
    "MAX_COST_BOX",
    "METHODS",
    "READINGS",
    "SEEDS",
    "SOME",
    "Interval",
    "Slice",
    "differences",
    "interval",
    "more_batches",
    "run",
    "safe_distance",
    "share_valid_in_ball",
    "summarise",
    "table",
    "transfer",
    "vae_of",
    "validity_by_budget",
]

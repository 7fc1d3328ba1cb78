"""The bounds of the paper as printed, and the repaired ones, named after their theorems. NumPy, float64, broadcasting."""

from rrlib.theory.bounds import Bounds
from rrlib.theory.collapse import collapse_slope, collapse_threshold
from rrlib.theory.scfe_cost import (
    definition1_printed,
    scfe_cost,
    scfe_recourse,
    theorem1,
    theorem1_exact,
    theorem1_printed,
)
from rrlib.theory.validity import (
    Decision,
    recourse_certificate,
    scfe_budget,
    scfe_order,
    scfe_score,
    scfe_score_unsquared,
    theorem3,
    theorem3_printed,
)

__all__ = [
    "Bounds",
    "Decision",
    "collapse_slope",
    "collapse_threshold",
    "definition1_printed",
    "recourse_certificate",
    "scfe_budget",
    "scfe_cost",
    "scfe_order",
    "scfe_recourse",
    "scfe_score",
    "scfe_score_unsquared",
    "theorem1",
    "theorem1_exact",
    "theorem1_printed",
    "theorem3",
    "theorem3_printed",
]

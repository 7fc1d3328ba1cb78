"""The bounds of the paper as printed, and the repaired ones, named after their theorems.

NumPy, float64, broadcasting.
"""

from rrlib.theory.bounds import Bounds
from rrlib.theory.cchvae_cost import (
    cchvae_cost,
    cchvae_cost_gap,
    decoder_free,
    theorem2,
    theorem2_printed,
)
from rrlib.theory.collapse import collapse_slope, collapse_threshold
from rrlib.theory.scfe_cost import (
    definition1_printed,
    linearisation_error,
    scfe_cost,
    scfe_recourse,
    scfe_recourse_unsquared,
    stationary_recourse,
    theorem1,
    theorem1_exact,
    theorem1_printed,
    theorem1_reach,
    theorem1_stability,
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
from rrlib.theory.weights import (
    add_bias,
    lemma1_decay,
    lemma1_metric,
    lemma1_printed,
    lemma1_stability,
    lemma1_trivial,
    mean_hessian,
    smoothness,
    stability_sum,
)
from rrlib.theory.weights_region import (
    lemma1_region,
    robust_region_box,
    robust_region_reach,
    robust_region_support,
    robust_risk,
    shrunk_models,
)

__all__ = [
    "Bounds",
    "Decision",
    "add_bias",
    "cchvae_cost",
    "cchvae_cost_gap",
    "collapse_slope",
    "collapse_threshold",
    "decoder_free",
    "definition1_printed",
    "lemma1_decay",
    "lemma1_metric",
    "lemma1_printed",
    "lemma1_region",
    "lemma1_stability",
    "lemma1_trivial",
    "linearisation_error",
    "mean_hessian",
    "recourse_certificate",
    "robust_region_box",
    "robust_region_reach",
    "robust_region_support",
    "robust_risk",
    "scfe_budget",
    "scfe_cost",
    "scfe_order",
    "scfe_recourse",
    "scfe_recourse_unsquared",
    "scfe_score",
    "scfe_score_unsquared",
    "shrunk_models",
    "smoothness",
    "stability_sum",
    "stationary_recourse",
    "theorem1",
    "theorem1_exact",
    "theorem1_printed",
    "theorem1_reach",
    "theorem1_stability",
    "theorem2",
    "theorem2_printed",
    "theorem3",
    "theorem3_printed",
]

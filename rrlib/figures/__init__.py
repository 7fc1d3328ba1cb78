"""Every figure of the book: a file or two for each chapter, and one for the style.

Each function draws one figure and returns it.
"""

from rrlib.figures.cchvae_cost import kinked_decoder, theorem2_panels, theorem2_shares
from rrlib.figures.certified import (
    certified_gains,
    certified_steps,
    interval_bound,
    recourse_by_training,
)
from rrlib.figures.choices import choices_matrix
from rrlib.figures.collapse import (
    approach,
    collapse_thresholds,
    loss_along_ray,
    worst_case_tails,
)
from rrlib.figures.equal import changes_by_group, parts_of_a_rise
from rrlib.figures.experiments import (
    budget_curves,
    curves_against_eps,
    curves_over_seeds,
    effect_rows,
    seeds_of,
)
from rrlib.figures.forecast import forecast_intervals
from rrlib.figures.interactive.acceptance import move_acceptance
from rrlib.figures.interactive.budget import move_budget
from rrlib.figures.interactive.means import move_means
from rrlib.figures.interactive.navigator import move_navigator
from rrlib.figures.interactive.person import move_person
from rrlib.figures.landscapes import exact_recourses, latent_search, scfe_paths, sphere_search
from rrlib.figures.methods import cost_excess, scfe_traps
from rrlib.figures.neighbourhood import (
    ball_changes,
    ball_radii,
    ball_shares,
    cap_shares,
    neighbourhood_maps,
)
from rrlib.figures.opening import opening
from rrlib.figures.prediction import predicted_and_found
from rrlib.figures.protects import network_gaps, signed_losses, three_boundaries
from rrlib.figures.remedies import remedies_plane, transfer_maps
from rrlib.figures.scfe_cost import definition1, theorem1_panels, theorem1_shares
from rrlib.figures.speed import speed_rates
from rrlib.figures.style import use_style
from rrlib.figures.tradeoff import tradeoff_map, tradeoff_plane
from rrlib.figures.training import (
    adversarial_accuracy_panels,
    adversarial_matrix,
    attack_bracket,
    inner_maximum,
)
from rrlib.figures.validity import score_budget, theorem3_differences, validity_split
from rrlib.figures.weights import (
    weights_bounds,
    weights_growth,
    weights_intervals,
    weights_region,
    weights_steps,
)

__all__ = [
    "adversarial_accuracy_panels",
    "adversarial_matrix",
    "approach",
    "attack_bracket",
    "ball_changes",
    "ball_radii",
    "ball_shares",
    "budget_curves",
    "cap_shares",
    "certified_gains",
    "certified_steps",
    "changes_by_group",
    "choices_matrix",
    "collapse_thresholds",
    "cost_excess",
    "curves_against_eps",
    "curves_over_seeds",
    "definition1",
    "effect_rows",
    "exact_recourses",
    "forecast_intervals",
    "inner_maximum",
    "interval_bound",
    "kinked_decoder",
    "latent_search",
    "loss_along_ray",
    "move_acceptance",
    "move_budget",
    "move_means",
    "move_navigator",
    "move_person",
    "neighbourhood_maps",
    "network_gaps",
    "opening",
    "parts_of_a_rise",
    "predicted_and_found",
    "recourse_by_training",
    "remedies_plane",
    "scfe_paths",
    "scfe_traps",
    "score_budget",
    "seeds_of",
    "signed_losses",
    "speed_rates",
    "sphere_search",
    "theorem1_panels",
    "theorem1_shares",
    "theorem2_panels",
    "theorem2_shares",
    "theorem3_differences",
    "three_boundaries",
    "tradeoff_map",
    "tradeoff_plane",
    "transfer_maps",
    "use_style",
    "validity_split",
    "weights_bounds",
    "weights_growth",
    "weights_intervals",
    "weights_region",
    "weights_steps",
    "worst_case_tails",
]

"""Every figure of the book, one file a chapter and one for the style. Each function draws one figure and returns it."""

from rrlib.figures.cchvae_cost import kinked_decoder, theorem2_panels, theorem2_shares
from rrlib.figures.collapse import approach, collapse_thresholds, loss_along_ray
from rrlib.figures.experiments import budget_curves, curves_against_eps, curves_over_seeds, effect_rows
from rrlib.figures.methods import cost_excess, exact_recourses, latent_search, scfe_paths, scfe_traps, speed_rates, sphere_search
from rrlib.figures.neighbourhood import ball_changes, ball_radii, ball_shares, cap_shares, neighbourhood_maps
from rrlib.figures.opening import opening
from rrlib.figures.scfe_cost import definition1, theorem1_panels, theorem1_shares
from rrlib.figures.style import use_style
from rrlib.figures.training import adversarial_accuracy_panels, adversarial_matrix, attack_bracket, inner_maximum
from rrlib.figures.validity import score_budget, theorem3_differences, validity_split
from rrlib.figures.weights import weights_bounds, weights_growth, weights_intervals, weights_region, weights_steps

__all__ = [
    "ball_changes", "ball_radii", "ball_shares", "cap_shares", "neighbourhood_maps",
    "cost_excess", "exact_recourses", "latent_search", "scfe_paths", "scfe_traps", "speed_rates", "sphere_search",
    "adversarial_accuracy_panels", "adversarial_matrix", "approach", "attack_bracket", "budget_curves", "collapse_thresholds",
    "curves_against_eps", "curves_over_seeds", "definition1", "effect_rows",
    "inner_maximum", "kinked_decoder", "loss_along_ray", "opening", "score_budget", "theorem1_panels", "theorem1_shares",
    "theorem2_panels", "theorem2_shares", "theorem3_differences", "use_style",
    "validity_split", "weights_bounds", "weights_growth", "weights_intervals", "weights_region", "weights_steps",
]

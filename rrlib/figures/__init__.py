"""Every figure of the book, one file a chapter and one for the style. Each function draws one figure and returns it."""

from rrlib.figures.opening import opening
from rrlib.figures.scfe_cost import definition1, theorem1_panels, theorem1_shares
from rrlib.figures.style import use_style
from rrlib.figures.training import adversarial_accuracy_panels, adversarial_matrix, attack_bracket, inner_maximum

__all__ = [
    "adversarial_accuracy_panels",
    "adversarial_matrix",
    "attack_bracket",
    "definition1",
    "inner_maximum",
    "opening",
    "theorem1_panels",
    "theorem1_shares",
    "use_style",
]

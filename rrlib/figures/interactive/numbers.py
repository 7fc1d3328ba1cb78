"""What a built page holds of a figure that its reader moves: a place, and numbers as JSON."""

import json

import numpy as np

DIGITS = 5
"""Significant digits of every number on a page."""


class Interactive:
    """A figure that a reader moves.

    On a built page the script of its name, in ``book/_static/interactive``, draws it from the
    numbers, in the place of the picture ``fig-<name>``. In print, in Jupyter and without scripts
    the picture stays.

    Parameters
    ----------
    name : str
        Of the script.
    source : "real" or "twin"
        The page says where the numbers come from a twin.
    numbers : arrays, numbers, texts, and dicts of these
        No person's row of a dataset.
    """

    def __init__(self, name, source, **numbers):
        self.name = name
        self.numbers = {"source": source} | as_json(numbers)

    def __repr__(self):
        return f"the figure {self.name!r} moves on the built page"

    def _repr_html_(self):
        numbers = json.dumps(self.numbers, ensure_ascii=False, separators=(",", ":"))
        safe = numbers.replace("<", "\\u003c")
        script = f'<script type="application/json">{safe}</script>'
        return f'<div class="interactive" data-figure="{self.name}">{script}</div>'


def as_json(value):
    """Return a value as JSON has it: lists, rounded numbers, None for what is not finite."""
    if isinstance(value, dict):
        return {str(key): as_json(each) for key, each in value.items()}
    if isinstance(value, str):
        return value
    if np.ndim(value):
        return [as_json(each) for each in value]
    if isinstance(value, (bool, int, np.bool_, np.integer)):
        return value if isinstance(value, bool) else int(value)
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None

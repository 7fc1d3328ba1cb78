"""What the study is run for: the paper's setting, and what goes beyond it."""

from typing import NamedTuple

from rrlib.study import sweep
from rrlib.study.sweep import METHODS

SAMPLERS = ("cchvae", "growing_spheres")

FEWER = {"cchvae": {"samples": 30}, "growing_spheres": {"samples": 100}}
"""A tenth of the usual samples a shell, for claim C5."""

BATCH = {method: options["samples"] for method, options in FEWER.items()}

AGAIN = {method: options | {"seed": 1000} for method, options in FEWER.items()}
"""The same, and other random numbers in the search alone."""

BOX = {
    "cchvae": {"samples": 30, "max_evals": 3_000},
    "growing_spheres": {"samples": 100, "max_evals": 15_000},
}
"""A tenth of the usual samples and evaluations, for the study with min-max scaling."""

SMALL = {
    "cchvae": {"samples": 30, "max_evals": 900},
    "growing_spheres": {"samples": 30, "max_evals": 900},
}
"""What the samplers may do where a twin stands in for a dataset, and nothing is a result."""


SMALL_BATCH = {"cchvae": 3, "growing_spheres": 3}


class Variation(NamedTuple):
    """One way to run the study.

    Attributes
    ----------
    title : str
    tables : tuple out of "summary", "differences" and "batches"
        What of it is stored.
    methods : tuple of str
    options : dict of method -> dict of its keyword arguments
    scaling : {"standard", "minmax"}
    """

    title: str
    tables: tuple
    methods: tuple
    options: dict
    scaling: str = "standard"


VARIATIONS = {
    "paper": Variation("the paper's setting", ("summary", "differences"), METHODS, {}),
    "minmax": Variation(
        "min-max scaling, a tenth of the samples", ("summary",), METHODS, BOX, "minmax"
    ),
    "fewer": Variation(
        "a tenth of the samples", ("summary", "differences", "batches"), METHODS, FEWER
    ),
    "again": Variation("a tenth of the samples, drawn again", ("summary",), SAMPLERS, AGAIN),
}


def run(name, *, small=False, **how):
    """Return the slices of a variation.

    Parameters
    ----------
    name : {"paper", "minmax", "fewer", "again"}
    small : bool
        Whether the samplers have no more than `SMALL`.
    how : arguments of `sweep.run`: `names`, `kinds`, `seeds`, `jobs`, `cache`
    """
    chosen = VARIATIONS[name]
    options = chosen.options
    if small:
        options = {method: options.get(method, {}) | SMALL[method] for method in SAMPLERS}
    return sweep.run(methods=chosen.methods, options=options, scaling=chosen.scaling, **how)

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

SMALL = {method: {"samples": 30, "max_evals": 900} for method in SAMPLERS}
"""What the samplers may do where a twin stands in for a dataset, and nothing is a result."""

SMALL_FEWER = {method: options | {"samples": 3} for method, options in SMALL.items()}
"""A tenth of these samples, and drawn again with other random numbers."""

SMALL_AGAIN = {method: options | {"seed": 1000} for method, options in SMALL_FEWER.items()}
SMALL_BATCH = {method: options["samples"] for method, options in SMALL_FEWER.items()}


class Variation(NamedTuple):
    """One way to run the study.

    Attributes
    ----------
    title : str
    tables : tuple out of "summary", "differences" and "batches"
        What of it is stored.
    methods : tuple of str
    options : dict of method -> dict of its keyword arguments
    on_twins : dict
        The same where a twin stands in for a dataset.
    scaling : {"standard", "minmax"}
    """

    title: str
    tables: tuple
    methods: tuple
    options: dict
    on_twins: dict
    scaling: str = "standard"


TENTH = "a tenth of the samples"
VARIATIONS = {
    "paper": Variation("the paper's setting", ("summary", "differences"), METHODS, {}, SMALL),
    "minmax": Variation(f"min-max scaling, {TENTH}", ("summary",), METHODS, BOX, SMALL, "minmax"),
    "fewer": Variation(TENTH, ("summary", "differences", "batches"), METHODS, FEWER, SMALL_FEWER),
    "again": Variation(f"{TENTH}, drawn again", ("summary",), SAMPLERS, AGAIN, SMALL_AGAIN),
}


def run(name, *, small=False, **how):
    """Return the slices of a variation.

    Parameters
    ----------
    name : {"paper", "minmax", "fewer", "again"}
    small : bool
        Whether the samplers have what they may do on twins.
    how : arguments of `sweep.run`: `names`, `kinds`, `seeds`, `jobs`, `cache`
    """
    chosen = VARIATIONS[name]
    options = chosen.on_twins if small else chosen.options
    return sweep.run(methods=chosen.methods, options=options, scaling=chosen.scaling, **how)

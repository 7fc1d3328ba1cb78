"""What the study is run for: the paper's setting, and what goes beyond it."""

from typing import NamedTuple

import numpy as np

from rrlib.study import sweep
from rrlib.study.sweep import KINDS, METHODS, SEEDS

SAMPLERS = ("cchvae", "growing_spheres")

FEWER = {"cchvae": {"samples": 30}, "growing_spheres": {"samples": 100}}
"""A tenth of the usual samples a shell, for claim C5."""

BATCH = {method: options["samples"] for method, options in FEWER.items()}

AGAIN = {method: options | {"seed": 1000} for method, options in FEWER.items()}
"""The same, and other random numbers in the search alone."""

SMALL = {method: {"samples": 30, "max_evals": 900} for method in SAMPLERS}
"""What the samplers may do where a twin stands in for a dataset, and nothing is a result."""

SMALL_FEWER = {method: options | {"samples": 3} for method, options in SMALL.items()}
"""A tenth of these samples, and drawn again with other random numbers."""

SMALL_AGAIN = {method: options | {"seed": 1000} for method, options in SMALL_FEWER.items()}
SMALL_BATCH = {method: options["samples"] for method, options in SMALL_FEWER.items()}


SAMPLE = 2_000
"""How many of Adult's test rows are searched from where the paper's setting is varied."""

ALL = ("logistic", "network", "certified")
"""Every kind of model: the paper's two, and networks trained on a certificate."""

TEN = dict.fromkeys(ALL, range(10))
"""The seeds of each kind: five that explore, and five that confirm."""

L2 = dict.fromkeys(KINDS, range(10)) | {"certified": SEEDS}
BOXED_FEWER = dict.fromkeys(KINDS, range(10))
EXPLORED = dict.fromkeys(KINDS, SEEDS)
LATER = (*SEEDS, *range(10, 15))
"""Five seeds that explore, and five that confirm what was first seen on others."""

EQUALLED = dict.fromkeys(ALL, LATER)
VARIED = dict.fromkeys(KINDS, range(15))


class Variation(NamedTuple):
    """One way to run the study.

    Attributes
    ----------
    title : str
    tables : tuple of names of tables
        What of it is stored.
    methods : tuple of str
    options : dict of method -> dict of its keyword arguments
    on_twins : dict
        The same where a twin stands in for a dataset.
    seeds : dict of kind -> its seeds
    scaling : {"standard", "minmax"}
    p : {2, inf}
        Norm of the perturbations in training.
    rows : int, optional
        How many test rows of each split are searched from; all if None.
    usual : str
        The variation with the usual number of samples, which "batches" compares with.
    """

    title: str
    tables: tuple
    methods: tuple
    options: dict
    on_twins: dict
    seeds: dict
    scaling: str = "standard"
    p: float = np.inf
    rows: int | None = None
    usual: str = "paper"


WHOLE = ("summary", "differences", "losses", "attacked", "offers", "surroundings")
BATCHES = ("summary", "differences", "batches")
EQUAL = ("acceptance", "parts", "payers", "remedies", "transfers")
TENTH = "a tenth of the samples"
VARIATIONS = {
    "paper": Variation("the paper's setting", WHOLE, METHODS, {}, SMALL, TEN),
    "minmax": Variation(
        "min-max scaling", WHOLE, METHODS, {}, SMALL, TEN, scaling="minmax", rows=SAMPLE
    ),
    "l2": Variation("training against l2", ("summary",), METHODS, {}, SMALL, L2, p=2, rows=SAMPLE),
    "fewer": Variation(TENTH, BATCHES, METHODS, FEWER, SMALL_FEWER, TEN),
    "fewer_minmax": Variation(
        f"min-max scaling, {TENTH}",
        ("summary", "batches"),
        METHODS,
        FEWER,
        SMALL_FEWER,
        BOXED_FEWER,
        scaling="minmax",
        rows=SAMPLE,
        usual="minmax",
    ),
    "again": Variation(
        f"{TENTH}, drawn again", ("summary",), SAMPLERS, AGAIN, SMALL_AGAIN, EXPLORED
    ),
    "equal": Variation("equal acceptance", EQUAL, (), {}, {}, EQUALLED, rows=SAMPLE),
    "equal_minmax": Variation(
        "equal acceptance, min-max scaling",
        EQUAL[:2],
        (),
        {},
        {},
        EQUALLED,
        scaling="minmax",
        rows=SAMPLE,
    ),
    "choices": Variation("what the paper left open", ("choices",), (), {}, {}, VARIED, rows=SAMPLE),
}


def run(name, *, small=False, **how):
    """Return the slices of a variation.

    Parameters
    ----------
    name : one of VARIATIONS
    small : bool
        Whether the samplers have what they may do on twins.
    how : arguments of `sweep.run`: `names`, `kinds`, `seeds`, `jobs`, `cache`
    """
    chosen = VARIATIONS[name]
    options = chosen.on_twins if small else chosen.options
    same = {"methods": chosen.methods, "options": options}
    return sweep.run(scaling=chosen.scaling, p=chosen.p, rows=chosen.rows, **same, **how)

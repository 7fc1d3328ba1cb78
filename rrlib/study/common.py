"""What all tables of the study share: the cap on the cost, and the columns that name a slice."""

MAX_COST, MAX_COST_BOX = 10.0, 3.0
"""The largest l2 cost of a recourse that counts, in standard deviations, and with min-max scaling.

There no two rows of the box [0, 1]^d are farther apart than sqrt(d) < 3. C-CHVAE and growing
spheres stop at the cap; SCFE has none of its own.
"""


def cap(one):
    """Return the largest cost of a recourse that counts in a slice."""
    return MAX_COST if one.scaling == "standard" else MAX_COST_BOX


def named(part, one):
    """Return a part of a table with the slice that it belongs to in its first columns."""
    part.insert(0, "dataset", one.dataset)
    part.insert(1, "kind", one.kind)
    part.insert(2, "seed", one.seed)
    return part

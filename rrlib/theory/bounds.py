"""What every theorem returns."""

from typing import NamedTuple

import numpy as np


class Bounds(NamedTuple):
    """A lower and an upper bound on one quantity, arrays of one shape, in scaled features."""

    lower: np.ndarray
    upper: np.ndarray

"""Arrays as people have them."""

import numpy as np


def read_only(array):
    """A copy that cannot be written, as tables hand arrays out."""
    array = np.array(array)
    array.flags.writeable = False
    return array


def backwards(array):
    """A copy whose rows run backwards in memory."""
    return np.array(array[::-1])[::-1]

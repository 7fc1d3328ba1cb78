"""What all checks share: how an answer is judged, and how a number is compared."""

from functools import wraps

import numpy as np


def check(judge):
    """Turn what judges an answer into a check that prints its verdict.

    Parameters
    ----------
    judge : callable
        Takes the answer and whatever else the cell hands over.
        Returns None where the answer is right, or else one sentence on what is off.
        The first line of its docstring says what an answer looks like.

    Returns
    -------
    callable
        Takes the same and prints the verdict.
        An answer that is still ``...`` is not judged, and one of another kind is told what
        is expected.

    Examples
    --------
    >>> @check
    ... def half(answer):
    ...     '''A number.'''
    ...     return compare(answer, 0.5)
    >>> half(...)
    Not answered yet. Expected: a number.
    >>> half(0.4)
    Not yet: the number is too small.
    >>> half("much")
    Not yet: this cannot be judged. Expected: a number.
    >>> half(1 / 2)
    Right.
    """
    first_line = judge.__doc__.splitlines()[0]
    expected = f"Expected: {first_line[0].lower()}{first_line[1:]}"

    @wraps(judge)
    def verdict(answer, *given):
        if answer is ...:
            print(f"Not answered yet. {expected}")
            return
        try:
            off = judge(answer, *given)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            off = f"this cannot be judged. {expected}"
        print("Right." if off is None else f"Not yet: {off}")

    return verdict


def compare(answer, truth, rtol=1e-3):
    """Say which number is off, and to which side.

    Parameters
    ----------
    answer, truth : float or array_like
        What the reader found, and what is right; of one shape.
    rtol : float
        The relative error that still counts as right.

    Returns
    -------
    str or None
        The first number that is off, counted from 1 where there are several; or None.

    Raises
    ------
    ValueError
        If the answer does not consist of numbers.

    Examples
    --------
    >>> compare([1, 2, 3], [1, 2, 4])
    'number 3 is too small.'
    >>> compare([1, 2], [1, 2, 4])
    '3 numbers are expected, not 2.'
    >>> compare(0.3334, 1 / 3)
    """
    given, right = np.ravel(np.asarray(answer, dtype=float)), np.ravel(truth)
    if len(given) != len(right):
        many = "one number is" if len(right) == 1 else f"{len(right)} numbers are"
        return f"{many} expected, not {len(given)}."
    wrong = np.flatnonzero(~np.isclose(given, right, rtol=rtol, atol=1e-9))
    if not len(wrong):
        return None
    first = wrong[0]
    which = "the number" if len(right) == 1 else f"number {first + 1}"
    if np.isnan(given[first]):
        return f"{which} is not a number."
    return f"{which} is too {'small' if given[first] < right[first] else 'large'}."

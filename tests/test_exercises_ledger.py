"""Checks of exercises on the ledger: right, wrong with its hint, and not judged."""

import pandas as pd

from rrlib.audit.evidence import Case
from rrlib.exercises import ledger as check

RIGHT = "Right.\n"


def case(mean):
    """A case whose five confirming seeds lie close to one value; the smallest effect is 1."""
    values = [mean + step for step in (-0.1, 0, 0, 0, 0.1)]
    return Case(f"{mean}", dict(enumerate(values + values)), 1.0)


LEDGER = pd.DataFrame(
    [
        ("C1", "flip", [case(2), case(3)]),
        ("C1", "denied", [case(2), case(-2)]),
        ("V1", "flip", [case(2)]),
        ("V1", "denied", []),
        ("S1", "flip", [case(-2)]),
        ("T1", "rows", [case(2)]),
        ("T1", "others", [case(-2)]),
    ],
    columns=["id", "reading", "cases"],
)


def test_the_stricter_factor(says):
    assert says(check.stricter, 4.6041 / 2.7764) == RIGHT
    assert says(check.stricter, 1.66) == RIGHT, "as the solution prints it"
    assert "too small" in says(check.stricter, 1.65)
    assert "too small" in says(check.stricter, 2.576 / 1.960)
    assert "cannot be judged" in says(check.stricter, "larger")


def test_claims_whose_readings_differ(says):
    assert says(check.two_answers, ["C1"], LEDGER) == RIGHT
    assert "readings of V1 do not differ" in says(check.two_answers, ["C1", "V1"], LEDGER)
    assert "1 of these claims are missing" in says(check.two_answers, [], LEDGER)
    assert "no empirical claim is called T1" in says(check.two_answers, ["C1", "T1"], LEDGER)
    assert "cannot be judged" in says(check.two_answers, 1, LEDGER)


def test_a_reading_that_is_for_and_against(says):
    assert says(check.for_and_against, ("C1", "denied"), LEDGER) == RIGHT
    assert "below minus" in says(check.for_and_against, ("C1", "flip"), LEDGER)
    assert "lies above" in says(check.for_and_against, ("S1", "flip"), LEDGER)
    assert "no such reading" in says(check.for_and_against, ("C1", "printed"), LEDGER)
    assert "cannot be judged" in says(check.for_and_against, ["C1"], LEDGER)

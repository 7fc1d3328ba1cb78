"""What answers each claim of the paper; the rule that turns it into verdicts is in :mod:`rrlib.claims`."""

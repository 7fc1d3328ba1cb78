"""Settings of all tests: the same examples on every run, on every machine."""

from hypothesis import settings

settings.register_profile("book", derandomize=True, deadline=None)
settings.load_profile("book")

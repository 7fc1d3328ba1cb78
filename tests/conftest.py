"""Settings of all tests: the same examples on every run and machine, and one thread."""

import torch
from hypothesis import settings

settings.register_profile("book", derandomize=True, deadline=None)
settings.load_profile("book")
torch.set_num_threads(1)

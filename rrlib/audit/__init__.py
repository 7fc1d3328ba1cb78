"""Each claim of the paper, its test on the study, and its verdict."""

"""The three datasets, their published files, and the synthetic twins that can stand in for them."""

"""Adversarial training and algorithmic recourse: what the book computes."""

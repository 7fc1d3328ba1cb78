"""Figures that a reader moves: numbers and a still picture here, scripts in book/_static.

Each function draws the picture and returns the numbers; a cell shows the one, the next the other.
"""

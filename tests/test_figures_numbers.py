"""What is compared of a picture: the numbers that it draws."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from rrlib.figures.numbers import describe, numbers_of


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def test_numbers_of_each_kind_of_artist(ax):
    ax.plot([0, 1], [2, np.nan])
    assert numbers_of(ax).tolist() == [0, 2, 1]
    ax.scatter([5], [6])
    assert {5, 6} <= set(numbers_of(ax))
    ax.bar([10], [7], width=2)
    assert {9, 11, 7} <= set(numbers_of(ax).round(9))
    ax.fill_between([20, 21], [22, 22], [23, 23])
    assert {20, 21, 22, 23} <= set(numbers_of(ax))
    ax.imshow([[30, 31]])
    assert {30, 31} <= set(numbers_of(ax))


def test_one_number_more_or_moved_is_seen(ax):
    (line,) = ax.plot([0, 1, 2], [1, 4, 9], color="red")
    before = describe(ax.figure)
    line.set_color("blue")
    ax.text(0, 0, "a text")
    ax.annotate("an arrow", (0, 0), (1, 1), arrowprops={})
    assert describe(ax.figure) == before
    line.set_ydata([4, 1, 9])
    assert describe(ax.figure) != before, "numbers that changed places"
    line.set_ydata([1, 4, 9.1])
    assert describe(ax.figure) != before
    line.set_ydata([1, 4, 9])
    assert describe(ax.figure) == before
    ax.plot([0], [0])
    assert describe(ax.figure) != before


def test_a_panel_of_zeros_and_an_empty_one():
    fig, (zeros, _) = plt.subplots(1, 2)
    zeros.plot([0, 0], [0, 0])
    assert describe(fig).splitlines() == [
        "Figure of 2 panels",
        "4 numbers of size 0, mean 0.000, slope 0.000",
        "0 numbers of size 0, mean 0.000, slope 0.000",
    ]
    plt.close(fig)

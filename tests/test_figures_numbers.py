"""What is compared of a picture: the numbers that it draws."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch

from _ext import alike
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


def test_a_line_in_words(ax):
    """0, 2, 1 and 3: the root of 14 / 4, a mean of 6 / 4 and a slope of 8 / 3 / 4 over it."""
    ax.plot([0, 1], [2, 3])
    size = np.sqrt(14 / 4)
    mean, slope = 6 / 4 / size, (-2 / 3 + 1 / 3 + 3) / 4 / size
    words = f"4 numbers of size {size:.3g}, mean {mean:.3f}, slope {slope:.3f}"
    assert describe(ax.figure) == f"Figure of 1 panel\n{words}"


def test_one_number_is_its_own_mean(ax):
    ax.imshow([[5]])
    assert "1 numbers of size 5, mean 1.000" in describe(ax.figure)


def test_numbers_that_cancel_have_no_mean_and_no_sign(ax):
    ax.plot([-1, 1], [1, -1])
    assert "mean 0.000, slope 0.000" in describe(ax.figure)


def test_numbers_of_an_arrow_do_not_count(ax):
    ax.add_patch(FancyArrowPatch((0, 0), (1, 1)))
    assert numbers_of(ax).size == 0


def test_whole_numbers_with_gaps_are_numbers(ax):
    """What a mask hides is not drawn."""
    ax.imshow(np.ma.masked_equal([[1, 2], [3, 4]], 3))
    assert numbers_of(ax).tolist() == [1, 2, 4]


@pytest.mark.parametrize("side", ["xticks", "yticks"])
def test_a_panel_with_ticks_on_one_side_is_no_map(ax, side):
    ax.plot([1, 2], [3, 4])
    ax.set(**{side: []})
    assert "mean" in describe(ax.figure)


def test_a_panel_of_zeros_and_an_empty_one():
    fig, (zeros, _) = plt.subplots(1, 2)
    zeros.plot([0, 0], [0, 0])
    assert describe(fig).splitlines() == [
        "Figure of 2 panels",
        "4 numbers of size 0, mean 0.000, slope 0.000",
        "0 numbers of size 0, mean 0.000, slope 0.000",
    ]
    plt.close(fig)


def test_of_a_map_the_numbers_are_counted():
    fig, ax = plt.subplots()
    ax.plot([1, 2], [3, 4])
    ax.set(xticks=[], yticks=[])
    assert describe(fig) == "Figure of 1 panel\n4 numbers"
    plt.close(fig)


STORED = "Figure of 1 panel\n4 numbers of size 1.87, mean 0.802, slope 0.356"


@pytest.mark.parametrize(
    ("words", "equal"),
    [
        (STORED, True),
        (STORED.replace("1.87", "1.88").replace("0.802", "0.808"), True),
        (STORED.replace("0.356", "0.340"), False),
        (STORED.replace("0.802", "0.82"), False),
        (STORED.replace("1.87", "1.9"), False),
        (STORED.replace("4 n", "5 n"), False),
        (STORED + "\n0 numbers", False),
    ],
)
def test_figures_count_as_equal_up_to_a_hundredth(words, equal):
    def output(text):
        return {"output_type": "display_data", "data": {"text/plain": text, "image/png": ""}}

    other = {"output_type": "stream", "text": "printed"}
    outputs, stored = [other, output(words)], [other, output(STORED)]
    taken = alike.compare(lambda outputs, stored: outputs, outputs, stored)
    assert (taken == stored) == equal and taken[0] == other

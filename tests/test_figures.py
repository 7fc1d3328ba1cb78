"""What the figures of the study draw: all inside the axes, neighbouring radii in one stripe.

And the rooms of figures and of theorems export every name that a chapter calls.
"""

import ast
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest

from rrlib import figures, theory
from rrlib.audit.evidence import Effect
from rrlib.models import EPS_GRID
from rrlib.study import Interval

matplotlib.use("Agg")


BOOK = Path(__file__).resolve().parents[1] / "book"
CHAPTERS = sorted(BOOK.glob("*.ipynb"))


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def made(seed, scale):
    """An interval over E radii of numbers of a given size, unknown at the last one."""
    mean = scale * np.random.default_rng(seed).normal(size=len(EPS_GRID))
    mean[-1] = np.nan
    return Interval(mean, mean - scale, mean + scale)


ROWS = {
    "cost gap": {
        ("adult", "scfe"): made(0, 1.0),
        ("adult", "cchvae"): made(1, 10.0),
        ("adult", "growing_spheres"): made(2, 0.1),
    },
    "accuracy": {("adult", "accuracy"): made(3, 0.5)},
}
MARKED = {"adult": np.isin(EPS_GRID, [EPS_GRID[2], *EPS_GRID[-2:]])}


def test_all_bands_lie_inside_the_axes():
    fig = figures.curves_against_eps(EPS_GRID, ROWS, MARKED, "real", majority={"adult": 5.0})
    for ax, curves in zip(fig.axes, ROWS.values()):
        low, high = ax.get_ylim()
        ends = np.array([(curve.low, curve.high) for curve in curves.values()])
        assert low <= np.nanmin(ends) and np.nanmax(ends) <= high
    assert fig.axes[1].get_ylim()[1] >= 5.0, "the dashed line is seen"


def test_limits_are_kept_where_given():
    fig = figures.curves_against_eps(EPS_GRID, ROWS, MARKED, "real", limits={"cost gap": (-1, 2)})
    assert fig.axes[0].get_ylim() == (-1, 2)


def test_neighbouring_radii_share_a_stripe():
    fig = figures.curves_against_eps(EPS_GRID, ROWS, MARKED, "real")
    stripes = [
        patch.get_window_extent().transformed(fig.axes[0].transData.inverted())
        for patch in fig.axes[0].patches
    ]
    covered = [[eps for eps in EPS_GRID if stripe.x0 <= eps <= stripe.x1] for stripe in stripes]
    assert covered == [[EPS_GRID[2]], list(EPS_GRID[-2:])]


def test_seeds_are_drawn_one_by_one():
    values = np.random.default_rng(4).random((5, len(EPS_GRID)))
    fig = figures.curves_against_eps(
        EPS_GRID, ROWS, MARKED, "real", seeds={"accuracy": {("adult", "accuracy"): values}}
    )
    thin = [line.get_ydata() for line in fig.axes[1].lines if line.get_linewidth() < 1]
    np.testing.assert_array_equal(thin, values)


def test_budget_curves_dot_the_models_of_one_class():
    budgets = np.linspace(0, 1, 3)
    panels = {
        ("adult", "scfe"): {
            eps: Interval(budgets, budgets - 1, budgets + 1) for eps in (0.0, 0.1, 0.3)
        }
    }
    fig = figures.budget_curves(budgets, panels, {"adult": {0.3}}, 1.0, "real")
    assert [line.get_linestyle() for line in fig.axes[0].lines[:3]] == ["-", "-", ":"]
    assert all(
        path.vertices[:, 1].min() >= 0 and path.vertices[:, 1].max() <= 1
        for band in fig.axes[0].collections
        for path in band.get_paths()
    )


@pytest.mark.parametrize("shared", [False, True])
def test_panels_of_one_quantity_share_their_axis(shared):
    findings = {
        "narrow": [Effect("Adult, SCFE", 0.5, 0.4, 0.6)],
        "wide": [Effect("Adult, SCFE", 5.0, -4.0, 9.0)],
    }
    fig = figures.effect_rows(findings, "effect", "real", shared=shared)
    assert (fig.axes[0].get_xlim() == fig.axes[1].get_xlim()) == shared


def called(room):
    """The names of a room that some chapter asks for."""
    for chapter in CHAPTERS:
        for cell in nbformat.read(chapter, as_version=4).cells:
            tree = ast.parse(cell.source if cell.cell_type == "code" else "")
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and ast.unparse(node.value) == room:
                    yield node.attr


@pytest.mark.parametrize("room", [figures, theory], ids=["figures", "theory"])
def test_a_room_exports_what_the_chapters_call(room):
    names = set(called(room.__name__.removeprefix("rrlib.")))
    assert len(names) > 20, "the chapters call most of it"
    assert names <= set(room.__all__)
    assert all(hasattr(room, name) for name in room.__all__)


def test_only_where_the_favourable_are_ahead_is_shaded():
    x = np.linspace(0, 1, 11)
    ahead, behind = np.where(x > 0.55, 0.2, 0.4), np.full(11, 0.3)
    panels = {"below": (x, ahead, behind), "above": (x, ahead / 2, behind)}
    fig = figures.worst_case_tails(panels, "x", "real")
    left, right = (ax.collections[0].get_paths() for ax in fig.axes)
    assert len(left) == 1 and left[0].vertices[:, 0].max() == pytest.approx(0.5)
    assert not right


def test_interval_bound_draws_both_ranges_over_the_ball():
    x = np.linspace(-1, 1, 5)
    curves = {"unit 1": x, "unit 2": -x, "network": 0 * x}
    panels = {"one": ({"network": x}, (0, 1), (0, 1)), "two": (curves, (-1, 1), (-3, 4))}
    fig = figures.interval_bound(x, panels, (-0.5, 0.5))
    boxes = [part.get_paths()[0].vertices for part in fig.axes[1].collections]
    ends = [(box[:, 1].min(), box[:, 1].max()) for box in boxes]
    assert ends == [(-3, 4), (-1, 1)]
    assert all((box[:, 0].min(), box[:, 0].max()) == (-0.5, 0.5) for box in boxes)


def test_certified_steps_draw_a_constant_along_all_radii():
    losses = np.linspace(0.5, 0.6, len(EPS_GRID))
    steps = {"best constant": 0.7, "greedy start": losses, "after training": losses - 0.1}
    fig = figures.certified_steps(EPS_GRID, {("min-max", "adult"): steps}, "real")
    constant, *curves = (line.get_ydata() for line in fig.axes[0].lines)
    assert len(constant) == len(EPS_GRID) and set(constant) == {0.7}
    np.testing.assert_array_equal(curves, [losses, losses - 0.1])


def test_certified_gains_have_a_line_at_zero_and_a_band_held_out():
    held = made(5, 1.0)
    panels = {("min-max", "adult"): (held, held.mean + 1)}
    (ax,) = figures.certified_gains(EPS_GRID, panels, "real").axes
    zero, training, curve = (line.get_ydata() for line in ax.lines)
    assert not np.any(zero)
    np.testing.assert_array_equal(training, held.mean + 1)
    np.testing.assert_array_equal(curve, held.mean)
    assert len(ax.collections) == 1


def test_recourse_by_training_cuts_shares_at_their_ends():
    curves = {"certified": made(6, 1.0), "as the field trains them": made(7, 1.0)}
    rows = {("validity,\nmin-max", "adult"): curves, ("cost,\nmin-max", "adult"): curves}
    share, cost = figures.recourse_by_training(EPS_GRID, rows, "real").axes
    assert share.get_ylim() == (-0.05, 1.05) and cost.get_ylim()[0] < -1
    assert [line.get_color() for line in share.lines] == [line.get_color() for line in cost.lines]

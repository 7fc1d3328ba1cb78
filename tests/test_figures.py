"""What the figures of the study draw: all inside the axes, neighbouring radii in one stripe.

And the rooms of figures and of theorems export every name that a chapter calls.
"""

import ast
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient
from PIL import Image

from rrlib import figures, study, theory
from rrlib.audit.evidence import Case, effect
from rrlib.data import datasets
from rrlib.figures import style
from rrlib.figures.experiments import VERDICT_COLOURS
from rrlib.figures.style import palette_png
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


def test_every_dataset_and_method_of_the_study_has_a_look_of_its_own():
    assert {"adult", "compas", "german"} <= set(style.DATASETS) <= set(datasets.NAMES)
    assert set(style.METHODS) >= set(study.METHODS)
    for looks in (style.DATASETS, style.METHODS):
        seen = [*looks.values(), looks["newcomer"]]
        assert looks["newcomer"].label == "newcomer" and "newcomer" not in looks
        for part in ("label", "colour", "marker"):
            assert len({getattr(look, part) for look in seen}) == len(seen), part


def case(step, least=0.0):
    """A case whose five exploring values are even steps around 1."""
    values = 1 + step * np.linspace(-1, 1, 5)
    return Case("Adult, SCFE", dict(enumerate(values)), least)


def test_an_effect_is_blue_above_the_smallest_that_counts():
    """The interval is 0.89 to 1.11: above zero in both panels, above what counts in one."""
    findings = {"counts": [case(0.1, 0.5)], "too small": [case(0.1, 0.95)]}
    fig = figures.effect_rows(findings, "effect", "real")
    colours = [ax.lines[0].get_color() for ax in fig.axes]
    assert colours == [VERDICT_COLOURS[True], VERDICT_COLOURS[False]]
    assert [ax.lines[2].get_xdata()[0] for ax in fig.axes] == [0.5, 0.95], "a tick marks it"
    _, mean, low, high = effect("", list(case(0.1).values.values()))
    assert fig.axes[0].lines[0].get_xdata() == pytest.approx([low, high])
    assert low > 0 and mean == pytest.approx(1)


def test_bands_are_the_ledgers_intervals():
    rng = np.random.default_rng(0)
    parts = [
        pd.DataFrame({"seed": seed, "eps": EPS_GRID, "x": rng.normal(size=len(EPS_GRID))})
        for seed in range(5)
    ]
    table = pd.concat(parts).assign(dataset="adult", method="scfe")
    (band,) = figures.curves_over_seeds(table, "x").values()
    for e, eps in enumerate(EPS_GRID):
        by_hand = effect("", table.loc[table["eps"] == eps, "x"].to_numpy())
        assert (band.mean[e], band.low[e], band.high[e]) == pytest.approx(by_hand[1:])


def test_a_notebooks_figure_has_a_palette_and_its_size(monkeypatch):
    monkeypatch.setattr(style, "DOTS", 220)
    fig = figures.curves_against_eps(EPS_GRID, ROWS, MARKED, "real")
    usual = BytesIO()
    fig.savefig(usual, dpi=220, bbox_inches="tight")
    data = palette_png(fig)
    image = Image.open(BytesIO(data))
    assert image.info["dpi"] == pytest.approx((220, 220), abs=0.1)
    assert image.mode == "P" and image.size == Image.open(usual).size
    assert len(data) < len(usual.getvalue()) / 2
    full = np.asarray(Image.open(usual).convert("RGB"), float)
    apart = np.abs(np.asarray(image.convert("RGB"), float) - full)
    assert apart.mean() < 1, "of 255 levels a colour"


@pytest.mark.parametrize("shared", [False, True])
def test_panels_of_one_quantity_share_their_axis(shared):
    findings = {"narrow": [case(0.1)], "wide": [case(10)]}
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


@pytest.mark.slow
def test_a_kernel_shows_its_figures_by_palette():
    """The notebook's own format of figures, which loads with the first of them, gives way."""
    source = "import matplotlib.pyplot as plt\nfrom rrlib import figures\nfigures.use_style()\n"
    cell = nbformat.v4.new_code_cell(source + "plt.subplots()\nplt.show()")
    page = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(page).execute()
    (shown,) = [out["data"] for out in cell.outputs if "data" in out and "image/png" in out["data"]]
    image = Image.open(BytesIO(b64decode(shown["image/png"])))
    assert image.mode == "P" and image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert shown["text/plain"].startswith("Figure of 1 panel")

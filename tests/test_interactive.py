"""Figures that a reader moves: in the browser they say the numbers of Python, and give way."""

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from browser import CHROMIUM, HTML
from rrlib import theory
from rrlib.audit import experiments
from rrlib.audit.evidence import EXPLORING, LATER
from rrlib.audit.parts import ORDERS, four_parts, over_seeds
from rrlib.data import datasets
from rrlib.figures.interactive.numbers import Interactive
from rrlib.models import EPS_GRID, fit_logistic, robust_loss
from rrlib.recourse import boundary_distance

BOOK = HTML / "book"
PAGES = {
    "person": "index",
    "means": "collapse",
    "budget": "validity",
    "acceptance": "equal",
    "navigator": "tradeoff",
}
each_figure = pytest.mark.parametrize("name", PAGES)
in_browser = [
    pytest.mark.skipif(not BOOK.exists(), reason="no built book: run jupyter-book build ."),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH"),
]


def test_numbers_are_rounded_and_cannot_end_their_script():
    figure = Interactive("person", "twin", eps=np.array([0.1, np.nan]), w=1 / 3, label="</script>")
    text = figure._repr_html_()
    assert text.count("</script>") == 1
    start, end = text.index("{"), text.rindex("}") + 1
    expected = {"source": "twin", "eps": [0.1, None], "w": 0.33333, "label": "</script>"}
    assert json.loads(text[start:end]) == expected
    assert "0x" not in repr(figure), "the same on every machine"


@pytest.fixture(scope="module")
def opened(browser):
    """Return a function that opens a figure's page and returns the figure.

    A page is loaded once for all tests, which find the figure as the last one has left it.
    """
    contexts, shown = {}, {}

    def open_page(name, **options):
        how = json.dumps(options)
        if how not in contexts:
            contexts[how] = browser.new_context(**options)
        if (name, how) not in shown:
            shown[name, how] = load(contexts[how].new_page(), name)
        shown[name, how].page.emulate_media(media="screen")
        return shown[name, how]

    yield open_page
    for context in contexts.values():
        context.close()


def load(page, name):
    """Load a figure's page; formulas are tested elsewhere."""
    page.route("**/mathjax/**", lambda route: route.abort())
    page.goto((BOOK / f"{PAGES[name]}.html").as_uri(), wait_until="domcontentloaded")
    return Shown(page, name)


class Shown:
    """A figure on an open page."""

    def __init__(self, page, name):
        self.page, self.name = page, name
        self.place = page.locator(f"#fig-{name} .interactive")
        self.still = page.locator(f"#fig-{name} img")

    @property
    def numbers(self):
        """What the script has computed."""
        return self.place.evaluate("place => place.numbers")

    @property
    def embedded(self):
        """What Python has put on the page."""
        return json.loads(self.place.locator("script").text_content())

    @property
    def words(self):
        return self.place.locator(".words[role=status]").text_content()

    def slide(self, label, place):
        """Put a slider to one of its places, counted from 0."""
        self.place.get_by_label(label, exact=True).fill(str(place))

    def choose(self, label, value):
        self.place.get_by_label(label, exact=True).select_option(value)

    def point(self, label):
        return self.place.get_by_role("slider", name=label, exact=True)

    def middle(self, label):
        """Where a point is on the window."""
        box = self.point(label).locator(".grip").bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(self, label, right, down):
        self.point(label).scroll_into_view_if_needed()
        x, y = self.middle(label)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + right, y + down, steps=3)
        self.page.mouse.up()


def at(shown, label):
    """The two numbers that a point says."""
    words = shown.point(label).get_attribute("aria-valuetext").replace("−", "-")
    return [float(word) for word in words.replace(",", "").split() if word[-1].isdigit()]


class TestInBrowser:
    pytestmark = in_browser

    @pytest.mark.slow
    @each_figure
    def test_it_takes_the_place_of_its_picture_on_screen_alone(self, opened, name):
        shown = opened(name)
        expect(shown.place).to_be_visible()
        assert not shown.still.is_visible()
        assert len(shown.words) > 40
        shown.page.emulate_media(media="print")
        assert not shown.place.is_visible()
        expect(shown.still).to_be_visible()

    @pytest.mark.slow
    @each_figure
    def test_without_scripts_the_picture_is_there(self, opened, name):
        shown = opened(name, java_script_enabled=False)
        expect(shown.still).to_be_visible()
        assert shown.page.locator(f"[data-figure={name}]").inner_text() == ""

    @pytest.mark.slow
    @each_figure
    def test_every_slider_moves_by_keys_and_says_its_value(self, opened, name):
        shown = opened(name)
        sliders = shown.place.locator("input[type=range]")
        assert sliders.count() >= 1
        for slider in sliders.all():
            low = slider.input_value() == "0"
            before = slider.get_attribute("aria-valuetext"), json.dumps(shown.numbers)
            slider.press("ArrowRight" if low else "ArrowLeft")
            assert slider.get_attribute("aria-valuetext") != before[0]
            slider.press("End" if low else "Home")
            after = slider.get_attribute("aria-valuetext")
            assert after != before[0] and json.dumps(shown.numbers) != before[1]
            label, output = (slider.locator(f"xpath=../{tag}") for tag in ("label", "output"))
            assert label.text_content() and output.text_content() == after
            slider.press("Home" if low else "End")

    @pytest.mark.slow
    @each_figure
    def test_letters_are_large_enough_on_a_phone(self, opened, name):
        shown = opened(name, viewport={"width": 400, "height": 800})
        heights = shown.place.locator("svg text").evaluate_all(
            "nodes => nodes.map(node => parseFloat(getComputedStyle(node).fontSize))"
        )
        assert len(heights) > 5 and min(heights) >= 9
        frame = shown.place.bounding_box()
        for plane in shown.place.locator(".plane > svg").all():
            box = plane.bounding_box()
            assert box["width"] <= frame["width"] and box["height"] > 100
            across = (box["width"], plane.evaluate("node => node.viewBox.baseVal.width"))
            assert across[1] == 0, "nothing is scaled, letters neither"

    def test_a_persons_recourse_is_that_of_python(self, opened):
        shown = opened("person")
        given = shown.embedded
        adult, pair = datasets.load("adult", seed=0), [2, 5]
        model = fit_logistic(adult.X_train[:, pair], adult.y_train, given["eps"]).model
        for keys in ("", "ArrowLeft", "ArrowUp ArrowUp", "Shift+ArrowRight"):
            for key in keys.split():
                shown.point("the person").press(key)
            x = (np.array(at(shown, "the person")) - adult.center[pair]) / adult.scale[pair]
            distance = boundary_distance(model, x[None]).numpy()[:, 0]
            logits = model(x[None]).numpy()[:, 0]
            for k in (0, 7, 13, 19, 20):
                shown.slide("trained against ε", k)
                found = shown.numbers
                assert found["logit"] == pytest.approx(logits[k], abs=1e-3)
                if np.isfinite(distance[k]):
                    assert found["cost"] == pytest.approx(distance[k], rel=1e-3, abs=1e-3)
                else:
                    assert found["cost"] is None or not np.isfinite(found["cost"])
                    assert "no boundary left" in shown.words

    def test_a_person_is_moved_by_keys_mouse_and_touch(self, opened):
        shown = opened("person", has_touch=True)
        assert at(shown, "the person") == [9, 38]
        shown.point("the person").press("ArrowRight")
        assert at(shown, "the person") == [9.5, 38]
        shown.point("the person").press("Shift+ArrowDown")
        assert at(shown, "the person") == [9.5, 33]
        shown.drag("the person", 80, -40)
        education, hours = at(shown, "the person")
        assert education > 10 and hours > 36
        x, y = shown.middle("the person")
        touch = shown.page.context.new_cdp_session(shown.page)
        for kind, right in (("touchStart", 0), ("touchMove", -20), ("touchMove", -60)):
            points = [{"x": x + right, "y": y}]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert at(shown, "the person")[0] < education - 0.5

    def test_two_means_have_pythons_loss_threshold_and_minimiser(self, opened):
        shown = opened("means")
        spread = np.array(shown.embedded["spread"])
        for eps, share, keys in ((8, 5, ""), (4, 9, "ArrowUp"), (20, 12, "ArrowLeft"), (0, 0, "")):
            shown.slide("radius ε", eps)
            shown.slide("favourable people", share)
            if keys:
                shown.point("mean of the favourable").press(keys)
            means = np.array([at(shown, f"mean of the {who}") for who in ("others", "favourable")])
            found, half = shown.numbers, np.linalg.norm(means[1] - means[0]) / 2
            threshold = theory.collapse_threshold(means, np.array([0, 1]), p=2)
            assert found["threshold"] == pytest.approx(threshold)
            weight = round(20 * found["share"])
            X = np.repeat([spread - half, spread + half], [20 - weight, weight], axis=0).ravel()
            y = np.repeat([0, 1], [(20 - weight) * len(spread), weight * len(spread)])
            given = X[:, None], 2 * y - 1, found["eps"], 2
            w, b = np.array([found["weight"]]), found["bias"]
            assert found["loss"] == pytest.approx(robust_loss(w, b, *given), abs=1e-9)
            fit = fit_logistic(X[:, None], y, [found["eps"]], p=2)
            assert found["loss"] == pytest.approx(fit.loss[0], abs=1e-7)
            assert found["weight"] == pytest.approx(fit.model.w.item(), abs=1e-3)
            slope = theory.collapse_slope(X[:, None], y, np.array([1.0]), found["eps"], p=2)
            assert found["slope"] == pytest.approx(slope, abs=1e-4)
            denied = (fit.model(X[:, None]) < 0).double().mean().item()
            assert found["denied"] == pytest.approx(denied)
            assert ("the balls meet" in shown.words) == (found["eps"] >= found["threshold"])

    def test_validity_is_that_of_the_models(self, opened):
        shown = opened("budget")
        places = dict(zip(range(37), 10 ** np.arange(-3, 1.51, 0.125)))
        for name, radius, power, s in (
            ("adult", 4, 24, 9),
            ("compas", 3, 16, 4),
            ("german", 5, 20, 9),
        ):
            shown.choose("data", name)
            for label, place in (("trained against ε", radius - 1), ("penalty λ", power)):
                shown.slide(label, place)
            shown.slide("target score s", s)
            found, data = shown.numbers, datasets.load(name, seed=0)
            radii = [0, EPS_GRID[radius]]
            model = fit_logistic(data.X_train, data.y_train, radii).model
            distance = boundary_distance(model, data.X_test).numpy()
            score = (s + 1) / 10
            budget = theory.scfe_budget(np.linalg.norm(model.w, axis=1), score, places[power])
            assert [found["usual"], found["other"]] == pytest.approx(budget, rel=1e-3)
            within = (distance[:, None] <= budget[:, None]).mean(-1)
            shares = [[found["standard"], found["budget"]], [found["boundary"], found["robust"]]]
            np.testing.assert_allclose(shares, within, atol=0.02)

    def test_threshold_and_geometry_are_those_of_the_stored_tables(self, opened):
        shown = opened("acceptance")
        seeds = LATER if experiments.all_real() else EXPLORING
        parts = four_parts(experiments.variation("equal")["parts"])
        columns = [f"{part}, {order}" for part in ("threshold", "geometry") for order in ORDERS]
        means = over_seeds(parts, seeds, columns).query("measure == 'least'")
        means = means.set_index(["dataset", "kind", "eps", "part"])["mean"]
        for case, given in shown.embedded["cases"].items():
            shown.choose("data and models", case)
            shown.slide("threshold given back", 0)
            for order, (k, eps) in product(ORDERS, enumerate(given["eps"])):
                shown.choose("order", order)
                shown.slide("trained against ε", k)
                found = shown.numbers
                for part in ("threshold", "geometry"):
                    stored = means[(*case.split(), eps, f"{part}, {order}")]
                    assert found[part] == pytest.approx(stored, abs=0.01)

    def test_a_threshold_given_back_leaves_geometry(self, opened):
        shown = opened("acceptance")
        for case, given in shown.embedded["cases"].items():
            shown.choose("data and models", case)
            shown.slide("threshold given back", len(given["share"][0]) - 1)
            found = shown.numbers
            assert found["threshold"] == 0 and found["chosen"] == found["usual"]
            assert found["geometry"] == pytest.approx(found["equal"] - found["start"])

    def test_the_navigator_chooses_the_best_that_is_allowed(self, opened):
        shown = opened("navigator")
        for name, wish, robust, accepted in (
            ("adult", "cost", 14, 2),
            ("compas", "robust", 0, 8),
            ("compas", "affordable", 12, 0),
            ("german", "accuracy", 10, 16),
            ("adult", "robust", 18, 18),
        ):
            shown.choose("data", name)
            shown.choose("wish and colour", wish)
            shown.slide("at least robust", robust)
            shown.slide("at least accepted", accepted)
            table = pd.DataFrame(shown.embedded["cases"][name])
            table["cost"] = table["cost"].fillna(0)
            limits = {"robust": robust / 20, "acceptance": accepted / 20}
            left = table[np.all([table[key] >= low - 1e-9 for key, low in limits.items()], axis=0)]
            best = shown.numbers.get("best")
            if len(left) == 0:
                assert best is None and "No offer" in shown.words
                continue
            sign = -1 if wish == "cost" else 1
            expected = left.loc[(sign * left[wish]).idxmax()]
            assert best["eps"] == expected["eps"] and best[wish] == expected[wish]
            shares = best["denied"], None if np.isnan(expected["denied"]) else expected["denied"]
            assert shares[0] == shares[1]

    def test_any_offer_of_the_navigator_can_be_looked_at(self, opened):
        shown = opened("navigator")
        shown.choose("data", "compas")
        shown.slide("look at radius ε", 3)
        shown.slide("and threshold", 4)
        seen, table = shown.numbers["seen"], pd.DataFrame(shown.embedded["cases"]["compas"])
        (row,) = table[(table["eps"] == 0.1) & (table["denied"] == 0.4)].itertuples()
        assert (seen["robust"], seen["accuracy"], seen["cost"]) == (
            row.robust,
            row.accuracy,
            row.cost,
        )

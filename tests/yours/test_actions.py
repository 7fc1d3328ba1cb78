"""Actions: what the constraints are in scaled features, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rrlib.models import LogisticRegression
from rrlib.models.vae import fit_pca
from rrlib.recourse import cchvae, growing_spheres, minimal_recourse, scfe, scfe_adam
from rrlib.recourse.actions import Actions

CENTER, SCALE = np.array([40.0, 3000.0, 2.0]), np.array([10.0, 800.0, 0.5])
PEOPLE = pd.DataFrame(
    {"age": [30, 55], "income": [2000.0, 2500.5], "credits": [1, 3]}, index=["Ada", "Bo"]
)
X = (PEOPLE.to_numpy() - CENTER) / SCALE


def test_each_constraint_by_hand():
    actions = Actions(
        immutable=["age"],
        increase=["income"],
        range={"income": (1000, 9000), "credits": (0.5, None)},
    )
    lower, upper = actions.limits(PEOPLE)
    assert lower.tolist() == [[30, 2000, 0.5], [55, 2500.5, 0.5]]
    assert upper.tolist() == [[30, 9000, np.inf], [55, 9000, np.inf]]
    low, high = actions.bounds(PEOPLE, CENTER, SCALE)
    assert (low[:, 0] == X[:, 0]).all() and (high[:, 0] == X[:, 0]).all()
    np.testing.assert_allclose(high[:, 1], (9000 - 3000) / 800)
    falls = Actions(decrease=["credits"]).limits(PEOPLE)
    assert falls[1].tolist() == [[np.inf, np.inf, 1], [np.inf, np.inf, 3]]


def test_whole_numbers_narrow_a_range():
    actions = Actions(whole=["credits", "age"], range={"credits": (0.5, 4.5), "age": (None, 60.5)})
    lower, upper = actions.limits(PEOPLE)
    assert (lower[0, 2], upper[0, 2], upper[0, 0]) == (1, 4, 60)


def test_whoever_stands_beyond_the_last_whole_number_of_a_range_may_stay():
    people = PEOPLE.assign(credits=[0.7, 4.3])
    lower, upper = Actions(whole=["credits"], range={"credits": (0.5, 4.5)}).limits(people)
    assert lower[:, 2].tolist() == [0.7, 1] and upper[:, 2].tolist() == [4, 4.3]


def test_the_ends_of_a_range_are_within_it():
    lower, upper = Actions(range={"age": (30, 55)}).limits(PEOPLE)
    assert lower[:, 0].tolist() == [30, 30] and upper[:, 0].tolist() == [55, 55]
    lower, upper = Actions(range={"age": (30, 30)}).limits(PEOPLE[:1])
    assert lower[:, 0].tolist() == upper[:, 0].tolist() == [30]


def test_a_direction_narrows_a_range_and_what_is_immutable_has_none():
    actions = Actions(
        immutable=["age"],
        decrease=["income"],
        range={"age": (0, 99), "income": (1000, 9000)},
        whole=["age", "income"],
    )
    lower, upper = actions.limits(PEOPLE)
    assert lower.tolist() == [[30, 1000, -np.inf], [55, 1000, -np.inf]]
    assert upper.tolist() == [[30, 2000, np.inf], [55, 2500.5, np.inf]]


def test_columns_may_be_numbers():
    people = PEOPLE.set_axis([0, 1, 2], axis=1)
    actions = Actions(immutable=["0"], range={"1": (0, 9000)}, whole=["2"])
    assert actions.limits(people)[1].tolist() == [[30, 9000, np.inf], [55, 9000, np.inf]]
    assert actions.rounded(people, people + 0.5, SCALE)[2].tolist() == [2, 4]


def family(slopes, bias):
    columns = [torch.tensor([slopes], dtype=torch.float64), torch.tensor([bias]).double()]
    return LogisticRegression(*columns, torch.zeros(1).double())


@pytest.mark.parametrize("method", ["minimal", "scfe", "scfe_adam", "spheres", "cchvae"])
def test_every_method_takes_the_bounds(method):
    actions = Actions(immutable=["age"], increase=["income"], range={"credits": (1, 5)})
    lower, upper = actions.bounds(PEOPLE, CENTER, SCALE)
    model = family([1.0, 1.0, 0.5], -3.0)
    methods = {
        "minimal": minimal_recourse,
        "scfe": scfe,
        "scfe_adam": scfe_adam,
        "spheres": lambda *rows, **options: growing_spheres(*rows, seed=0, **options),
        "cchvae": lambda *rows, **options: cchvae(
            *rows, fit_pca(np.eye(3), latent=2), seed=0, **options
        ),
    }
    found = methods[method](model, X, target=np.ones(1), lower=lower, upper=upper)
    point = found.x_cf[0].numpy()
    assert (point >= lower).all() and (point <= upper).all()
    assert (point[:, 0] == X[:, 0]).all() and found.valid.any()


def test_a_person_outside_the_range_is_named():
    message = "row 'Bo': income = 2500.5 is outside its range .-inf, 2200.; widen the range"
    with pytest.raises(ValueError, match=message):
        Actions(range={"income": (None, 2200)}).limits(PEOPLE)
    with pytest.raises(ValueError, match="row 7: income = 2500.5"):
        Actions(range={"income": (None, 2200)}).limits(PEOPLE.set_axis([3, 7]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"immutable": ["agee"]},
            "immutable names 'agee', which is no feature: did you mean 'age'",
        ),
        ({"whole": ["x"]}, r"whole names 'x', .*: there are \['age', 'income', 'credits'\]"),
        ({"range": {"wealth": (0, 1)}}, "range names 'wealth'"),
        ({"immutable": "age"}, r"write immutable=\['age'\]"),
        ({"immutable": ["age"], "increase": ["age"]}, "'age' is in immutable and in increase"),
        ({"increase": ["age"], "decrease": ["age"]}, "'age' is in increase and in decrease"),
        ({"range": {"age": (3, 2)}}, "low <= high"),
        ({"range": {"age": 3}}, "low <= high"),
        ({"range": {"age": (np.nan, 3)}}, "low <= high"),
    ],
)
def test_what_makes_no_sense_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Actions(**options).limits(PEOPLE)


def test_rounding_goes_outward_within_the_limits():
    actions = Actions(whole=["age", "credits"], range={"credits": (0, 4)})
    after = pd.DataFrame(
        {"age": [30.2, 52.7], "income": [2000.1, 2500.5], "credits": [1 + 1e-9, 4.0]},
        PEOPLE.index,
    )
    rounded = actions.rounded(PEOPLE, after, SCALE)
    assert rounded["age"].tolist() == [31, 52]
    assert rounded["income"].tolist() == [2000.1, 2500.5]
    assert rounded["credits"].tolist() == [1, 4]
    beyond = after.assign(credits=[1.0, 4 + 1e-7])
    assert actions.rounded(PEOPLE, beyond, SCALE)["credits"].tolist() == [1, 4]
    near = after.assign(age=[31 + 1e-9, 54 - 1e-9])
    assert actions.rounded(PEOPLE, near, SCALE)["age"].tolist() == [31, 54], "rounding alone"


def test_beyond_the_limits_the_last_number_within_them_is_taken():
    actions = Actions(whole=["credits"], range={"credits": (0, 4), "income": (1000, 3000)})
    after = PEOPLE.assign(credits=[-0.4, 4.4], income=[999.0, 3001.0])
    rounded = actions.rounded(PEOPLE, after, SCALE)
    assert rounded["credits"].tolist() == [0, 4] and rounded["income"].tolist() == [1000, 3000]


def test_what_is_rounding_depends_on_the_unit_of_a_feature():
    """A millionth of a scaled unit is 0.0008 of income."""
    actions = Actions(whole=["income"])
    after = PEOPLE.assign(income=[2000.0005, 2500.4995])
    assert actions.rounded(PEOPLE, after, SCALE)["income"].tolist() == [2000, 2500.5]
    after = PEOPLE.assign(income=[2000.001, 2500.499])
    assert actions.rounded(PEOPLE, after, SCALE)["income"].tolist() == [2001, 2500]
    after = PEOPLE.assign(income=[2003.0005, 2497.9995])
    assert actions.rounded(PEOPLE, after, SCALE)["income"].tolist() == [2003, 2498]


@given(
    start=st.integers(-5, 5),
    move=st.floats(-6, 6),
    low=st.floats(-9, -5) | st.none(),
    high=st.floats(5, 9) | st.none(),
)
def test_a_rounded_value_is_whole_allowed_and_outward_where_it_can_be(start, move, low, high):
    actions = Actions(whole=["a"], range={"a": (low, high)})
    people = pd.DataFrame({"a": [float(start)]})
    lower, upper = actions.limits(people)
    target = float(np.clip(start + move, lower, upper).item())
    found = actions.rounded(people, people.assign(a=target), np.ones(1))["a"][0]
    assert found == round(found) and lower.item() <= found <= upper.item()
    assert abs(found - target) < 1 and (found - start) * (target - start) >= 0
    assert abs(found - start) >= abs(target - start) - 2e-6, "the limits are whole here"

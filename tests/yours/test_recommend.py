"""Recommendations: original units, the model's own yes, and the reason where there is none."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from torch import nn

from rrlib import yours
from rrlib.models import LogisticRegression, fit_logistic, init_network
from rrlib.models.vae import fit_vae
from rrlib.yours import Actions, bring, read_table, recommend

RNG = np.random.default_rng(1)
N = 300
ROWS = pd.DataFrame(
    {
        "income": RNG.normal(3000, 800, N).round(2),
        "loans": RNG.integers(0, 6, N),
        "age": RNG.integers(20, 70, N),
    }
)
SCORE = (ROWS["income"] - 3000) / 800 - 0.6 * (ROWS["loans"] - 2.5) + RNG.normal(0, 0.5, N)
TABLE = read_table(ROWS.assign(ok=np.where(SCORE > 0, "yes", "no")), label="ok", favourable="yes")
SPLIT = TABLE.split(seed=0)
MODEL = fit_logistic(SPLIT.X_train, SPLIT.y_train, [0.05]).model
FREE = Actions(whole=["loans", "age"])


def says_yes(model, people):
    return (model(SPLIT.scaled(people))[0] >= 0).numpy()


def denied(model, n=20):
    return ROWS[~says_yes(model, ROWS)][:n]


def line(w, b):
    columns = [torch.tensor([w]).double(), torch.tensor([b]).double()]
    return LogisticRegression(*columns, torch.zeros(1).double())


def test_one_row_a_person_in_original_units():
    people = ROWS[:40][["age", "loans", "income"]].set_index(np.arange(40) + 1000)
    actions = Actions(immutable=["age"], range={"loans": (0, None)}, whole=["loans"])
    found = recommend(SPLIT, MODEL, people, actions=actions)
    table = found.table
    assert table.index.equals(people.index) and table["valid"].all()
    assert (table["change in age"] == 0).all()
    assert (found.after["loans"] % 1 == 0).all() and (found.after["loans"] >= 0).all()
    assert says_yes(MODEL, found.after).all()
    accepted = says_yes(MODEL, people)
    assert (table["reason"] == np.where(accepted, "accepted already", "")).all()
    assert (table["cost"][accepted] == 0).all() and (table["cost"][~accepted] > 0).all()
    change = (found.after - found.before) / SPLIT.scale
    np.testing.assert_allclose(table["cost"], np.linalg.norm(change, axis=1))
    np.testing.assert_array_equal(table["change in income"], (found.after - found.before)["income"])


def test_changes_are_told_in_words():
    model = line([1.0, 0.0, 0.0], 0.0)
    person = pd.DataFrame({"income": [SPLIT.center[0] - 100], "loans": [2], "age": [30]})
    found = recommend(SPLIT, model, person, actions=Actions(whole=["income"]))
    end = np.ceil(SPLIT.center[0])
    assert found.after["income"][0] == end
    assert found.table["changes"][0] == f"income +{end - person['income'][0]:.4g} to {end:,.0f}"


def test_the_least_recourse_of_a_linear_model_is_exact():
    people = denied(MODEL)
    found = recommend(SPLIT, MODEL, people)
    distance = -MODEL(SPLIT.scaled(people))[0].numpy() / MODEL.lipschitz().item()
    np.testing.assert_allclose(found.table["cost"], distance, rtol=1e-4)


def test_what_whole_numbers_do_not_need_is_taken_back():
    people = denied(MODEL)
    found = recommend(SPLIT, MODEL, people, actions=FREE)
    for name in ROWS:
        without = found.after.assign(**{name: people[name]})
        moved = found.after[name] != people[name]
        assert not says_yes(MODEL, without)[moved].any(), name


@pytest.mark.parametrize("method", ["scfe", "scfe_adam", "growing_spheres", "cchvae"])
def test_all_methods_are_judged_by_the_model(method):
    people = denied(MODEL, 8)
    quick = {"vae": fit_vae(SPLIT.X_train, latent=2, seed=0, steps=100)} if "vae" in method else {}
    found = recommend(SPLIT, MODEL, people, actions=FREE, method=method, **quick)
    assert found.table["valid"].all() and says_yes(MODEL, found.after).all()
    assert (found.after["loans"] % 1 == 0).all()


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is")
def test_a_forest_and_a_module_confirm_their_recourses():
    forest = RandomForestClassifier(10, random_state=0).fit(ROWS, SCORE > 0)
    brought = bring(forest, SPLIT, favourable=True)
    people = ROWS[~forest.predict(ROWS)][:5]
    actions = Actions(immutable=["age"], whole=["loans"])
    found = recommend(SPLIT, brought, people, actions=actions, samples=200)
    assert found.table["valid"].all() and forest.predict(found.after).all()
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 1))
    net[4].bias.data -= net(torch.tensor(SPLIT.X_train).float()).median()
    brought = bring(net, SPLIT, original=False)
    found = recommend(SPLIT, brought, denied(brought, 5), actions=actions, samples=200)
    ready = torch.tensor(SPLIT.scaled(found.after)).float()
    own = (net(ready).squeeze() >= 0).numpy()
    assert found.table["valid"].any() and (own == found.table["valid"]).all()


def test_each_reason():
    people = denied(MODEL, 4)
    people = people.assign(income=people["income"].clip(upper=2500))

    def why(model=MODEL, **options):
        table = recommend(SPLIT, model, people, **options).table
        assert not table["valid"].any() and np.isinf(table["cost"]).all()
        assert (table["changes"] == "nothing").all()
        return set(table["reason"])

    assert why(line([0.0, 0, 0], -1.0)) == {"constant model"}
    everyone = {"constant model on all 240 training rows"}
    dummy = DummyClassifier(strategy="constant", constant=0).fit(ROWS, SCORE > 0)
    assert why(bring(dummy, SPLIT), samples=10, max_evals=1000) == everyone
    fixed = Actions(immutable=list(ROWS))
    assert why(actions=fixed) == {"nothing actionable helps"}
    only_age = line([1.0, 0, 0], -9.0)
    assert why(only_age, actions=Actions(immutable=["income"])) == {"nothing actionable helps"}
    assert why(only_age, actions=Actions(decrease=["income"])) == {"nothing actionable helps"}
    narrow = Actions(range={"income": (0, 5000)})
    assert why(only_age, actions=narrow) == {"out of range"}
    assert why(only_age, max_cost=3.0) == {"out of budget"}
    net = init_network(3, [0.0], 0)
    net = net._replace(b2=net.b2 - net(SPLIT.X_train).max() - 0.01)
    assert why(net, max_cost=0.01) == {"out of budget"}
    net = net._replace(b2=net.b2 + 0.05)
    assert why(net, actions=fixed) == {"nothing actionable helps"}
    (said,) = why(bring(Band(far=True), SPLIT), samples=100, max_evals=500)
    assert said == "not found within 400 evaluations"
    steps = Actions(range={"loans": (0, 5)}, immutable=["income", "age"], whole=["loans"])
    window = pd.DataFrame({"income": [0.0], "loans": [0], "age": [30]})
    band = bring(Band(), SPLIT)
    found = recommend(SPLIT, band, window, actions=steps)
    assert found.table["reason"][0] == "found, but not in whole numbers"


class Band(nn.Module):
    """A yes between 1.2 and 1.8 loans, or also where nobody is who is asked."""

    def __init__(self, far=False):
        super().__init__()
        self.far = far

    def forward(self, rows):
        near = 0.3 - (rows[:, 1] - 1.5).abs()
        rich = rows[:, 0] - 3500
        return rich.where(rich > 0, -1.0) if self.far else near


def test_what_does_not_fit_is_refused():
    people = ROWS[:3]
    with pytest.raises(ValueError, match="column 'age' is missing"):
        recommend(SPLIT, MODEL, people[["income", "loans"]])
    with pytest.raises(ValueError, match="'town' is none of the features"):
        recommend(SPLIT, MODEL, people.assign(town=1))
    with pytest.raises(ValueError, match="row 1: income = .* outside its range"):
        rows = people.assign(income=[1.0, 9999.0, 2.0])
        recommend(SPLIT, MODEL, rows, actions=Actions(range={"income": (0, 9000)}))
    with pytest.raises(ValueError, match="two people have the index 2"):
        recommend(SPLIT, MODEL, people.set_axis([1, 2, 2]))
    with pytest.raises(ValueError, match="has 2 models: choose one"):
        recommend(SPLIT, fit_logistic(SPLIT.X_train, SPLIT.y_train, [0.0, 0.1]).model, people)
    with pytest.raises(ValueError, match="method must be minimal"):
        recommend(SPLIT, MODEL, denied(MODEL), method="newton")
    net = init_network(3, [0.0], 0)
    with pytest.raises(ValueError, match="linear models: use growing_spheres"):
        recommend(SPLIT, net._replace(b2=net.b2 - 9), people, method="minimal")


def test_nobody_and_those_with_a_yes_are_told_nothing():
    nobody = recommend(SPLIT, MODEL, ROWS.head(0))
    assert nobody.table.shape == (0, 7)
    yes = ROWS[says_yes(MODEL, ROWS)].head(3)
    found = recommend(SPLIT, MODEL, yes, actions=Actions(immutable=list(ROWS)))
    assert found.table["valid"].all() and (found.table["changes"] == "nothing").all()
    for result in (nobody, found):
        result.plot().canvas.draw()
    found.plot(yes.index[0]).canvas.draw()
    plt.close("all")


def test_results_are_written_and_drawn(tmp_path):
    renamed = ROWS.rename(columns={"income": "income, $ a_month$ größe"})
    table = read_table(renamed.assign(ok=SCORE > 0), label="ok", favourable=True)
    split = table.split(seed=0)
    model = fit_logistic(split.X_train, split.y_train, [0.0]).model
    found = recommend(split, model, renamed[:30])
    found.to_csv(tmp_path / "told.csv")
    again = pd.read_csv(tmp_path / "told.csv", index_col=0, keep_default_na=False)
    assert again["changes"].tolist() == found.table["changes"].tolist()
    np.testing.assert_allclose(again["cost"], found.table["cost"])
    for person in (None, *found.table.index[:4]):
        fig = found.plot(person)
        fig.canvas.draw()
        plt.close(fig)
    moved = found.table.index[found.table["cost"] > 0][0]
    ax = found.plot(moved).axes[0]
    widths = sorted(abs(bar.get_width()) for bar in ax.patches)
    assert np.linalg.norm(widths) == pytest.approx(found.table.loc[moved, "cost"])
    plt.close("all")
    with pytest.raises(ValueError, match="no person 'Eve'"):
        found.plot("Eve")
    assert "changes" in found._repr_html_()
    assert set(yours.__all__) <= set(dir(yours))

"""Each conclusion against each choice that the paper left open, from the stored tables.

An effect is the robust model's value less the standard one's, at the radius of
`study.choices.RADIUS`: a cost as a share of the standard model's mean over the same rows, a
validity as a share of people. It is positive in the direction of the conclusion.
"""

import numpy as np
import pandas as pd

from rrlib.audit.conclusions import OURS, PAPERS
from rrlib.audit.evidence import CONFIRMING, EXPLORING, LATER, Effect, effect
from rrlib.audit.parts import APART, PEOPLE
from rrlib.audit.smallest import COST
from rrlib.study import SOME, stored
from rrlib.study.choices import RADIUS

BOXED_RADIUS = 0.02
"""With min-max scaling the smallest radius: at the usual one hardly a model tells people apart."""

HOLDS, OPPOSITE, SMALL = "holds", "opposite", "too small"
OPEN, NONE = "open", "no value"
"""What a cell says: beyond the smallest effect, beyond it the other way, below it, none of these
shown, and some seed without a value."""

UNDONE = (SMALL, OPPOSITE)


def usual_rows(summary, reading="flip", radius=None):
    """Return the paper's effects from a stored summary, in the form of the table "choices".

    Parameters
    ----------
    summary : DataFrame
        Of one variation of the study.
    reading : {"flip", "denied"}
    radius : float, optional
        Of the robust model; that of `RADIUS` for each dataset if omitted.
    """
    rows = summary[summary["reading"] == reading]
    eps = rows["dataset"].map(RADIUS) if radius is None else radius
    keys = ["dataset", "kind", "seed", "method"]
    robust = rows[rows["eps"] == eps].set_index(keys)
    standard = rows[rows["eps"] == 0].set_index(keys)
    before = robust["cost_common"] - robust["cost_gap"]
    cost = (robust["cost_gap"] / before).where(robust["n_common"] >= SOME)
    enough = (robust["n"] >= SOME) & (standard["n"].reindex(robust.index) >= SOME)
    valid = (robust["validity"] - standard["validity"].reindex(robust.index)).where(enough)
    wide = pd.DataFrame({"cost": cost, "valid": valid}).unstack("method")
    wide.columns = [f"{method} {what}" for what, method in wide.columns]
    return wide.reset_index()


def part_rows(table, radius=None):
    """Return our effects from a stored table "parts", in the form of the table "choices".

    Parameters are those of `usual_rows`.
    """
    eps = table["dataset"].map(RADIUS) if radius is None else radius
    rows = table[(table["measure"] == "least") & (table["eps"] == eps)].copy()
    robust, standard = rows["robust"], rows["standard"]
    thresholds = np.minimum(robust - rows["equal"], rows["rate"] - standard)
    geometry = np.minimum(rows["equal"] - standard, robust - rows["rate"])
    rows["same"] = (robust - standard) / standard
    rows["threshold"], rows["geometry"] = thresholds / standard, geometry / standard
    rows["equal"] = (rows["equal"] - standard) / standard
    columns = ["dataset", "kind", "seed", "apart", "n", "same", "threshold", "geometry", "equal"]
    return rows[columns]


def completed(rows):
    """Return rows with the effects that follow from others, and without parts that do not count.

    `most` is the threshold part less half of the rise, `next` a tenth less the size of the change
    at equal acceptance. A part counts as in `audit.parts`; `same` compares no rates, and needs the
    people alone.
    """
    rows = rows.copy()
    if "same" in rows:
        people = rows["n"] >= PEOPLE
        rows["same"] = rows["same"].where(people)
        for column in ("threshold", "geometry", "equal"):
            rows[column] = rows[column].where(people & (rows["apart"] <= APART))
        rows["most"] = rows["threshold"] - rows["same"] / 2
        rows["next"] = COST - rows["equal"].abs()
    return rows


def gather():
    """Return what `matrix` takes, from the stored tables: name of a choice -> tables of effects.

    The first is the usual setting.
    """
    paper, boxed = stored.read("summary", "paper"), stored.read("summary", "minmax")
    parts, boxed_parts = stored.read("parts", "equal"), stored.read("parts", "equal_minmax")
    usual = usual_rows(paper), part_rows(parts)
    found = {"usual": usual}
    for name, radius in (("min-max", None), (f"min-max, eps {BOXED_RADIUS:g}", BOXED_RADIUS)):
        found[name] = usual_rows(boxed, radius=radius), part_rows(boxed_parts, radius)
    found["trained against l2"] = (usual_rows(stored.read("summary", "l2")),)
    found["the denied alone"] = (usual_rows(paper, "denied"),)
    found["certified"] = tuple(in_place_of_networks(rows) for rows in usual)
    found["a tenth of the samples"] = (usual_rows(stored.read("summary", "fewer")),)
    varied = stored.read("choices", "choices")
    for name, rows in varied[varied["choice"] != "usual"].groupby("choice", sort=False):
        found[name] = (rows.dropna(axis=1, how="all"),)
    found["equal acceptance"] = (at_equal_acceptance(parts),)
    return found


def in_place_of_networks(rows):
    """Return the rows of certified networks as those of networks."""
    return rows[rows["kind"] == "certified"].assign(kind="network")


def at_equal_acceptance(table):
    """Return what the same people pay more at equal acceptance, as the cost of growing spheres.

    For linear models too, where it is the exact distance.
    """
    rows = completed(part_rows(table))
    return rows[["dataset", "kind", "seed"]].assign(**{"growing_spheres cost": rows["equal"]})


def cell(tables, conclusion, dataset, exploring=True):
    """Return the effect of a conclusion in one dataset, signed, see `matrix`.

    None where no table has its column, or the one that has it no row of the dataset and the kind.
    """
    for rows in tables:
        if conclusion.column in rows:
            chosen = (rows["dataset"] == dataset) & (rows["kind"] == conclusion.kind)
            seeds = EXPLORING if exploring else asked_again(rows, conclusion)
            chosen &= rows["seed"].isin(seeds)
            values = conclusion.sign * rows.loc[chosen, conclusion.column].to_numpy(float)
            return effect(dataset, values) if len(values) else None
    return None


def asked_again(rows, conclusion):
    """Return the seeds that confirm: 5 to 9 for the paper's conclusions where these were run."""
    known = conclusion in PAPERS and set(CONFIRMING) <= set(rows["seed"])
    return CONFIRMING if known else LATER


def say(one, smallest):
    """Return what the effect of a cell says, out of HOLDS, ..., NONE."""
    if np.isnan(one.low):
        return NONE
    if one.low > smallest:
        return HOLDS
    if one.high < -smallest:
        return OPPOSITE
    return SMALL if one.high < smallest else OPEN


def matrix(choices, exploring=True):
    """Return every cell: conclusion, dataset and choice, its effect and what it says.

    Parameters
    ----------
    choices : dict of name -> sequence of DataFrame
        Tables that have some columns of the table "choices" each.
    exploring : bool
        Whether the effects are those of the seeds that explore, or those of the five others of
        `asked_again`: 10 to 14 for our conclusions and at equal acceptance, else 5 to 9.

    Returns
    -------
    DataFrame
        `conclusion`, `dataset`, `choice`, `mean`, `low`, `high`, `smallest`, `says`.
    """
    found = []
    for choice, tables in choices.items():
        tables = [completed(rows) for rows in tables]
        for conclusion in (*PAPERS, *OURS):
            for dataset in conclusion.datasets:
                one = cell(tables, conclusion, dataset, exploring)
                if one is not None:
                    says = say(one, conclusion.smallest)
                    row = (conclusion.name, dataset, choice, *one[1:], conclusion.smallest, says)
                    found.append(row)
    columns = ["conclusion", "dataset", "choice", *Effect._fields[1:], "smallest", "says"]
    return pd.DataFrame(found, columns=columns)


def verdicts(cells):
    """Return what follows for each conclusion and dataset, from the cells that have a value.

    "robust" where all of them hold; "hangs on a choice" where the usual one holds, and some choice
    shows an effect that is too small or opposite; "artefact" where the usual one is such, and some
    choice holds; "never" where none holds; "open" for all else.

    Returns
    -------
    DataFrame
        `verdict`, `holds` and `of` (cells), and `under`: the choices that undo a conclusion which
        hangs on them, and those that make an artefact.
    """
    rows = {}
    for key, part in cells.groupby(["conclusion", "dataset"], sort=False):
        says = part.set_index("choice")["says"]
        says = says[says != NONE]
        holding, undone = (says.index[says.isin(which)] for which in ((HOLDS,), UNDONE))
        verdict, under = "open", ()
        if not len(holding):
            verdict = "never"
        elif len(holding) == len(says):
            verdict = "robust"
        elif "usual" in undone:
            verdict, under = "artefact", holding
        elif "usual" in holding and len(undone):
            verdict, under = "hangs on a choice", undone
        rows[key] = verdict, len(holding), len(says), ", ".join(under)
    index = pd.MultiIndex.from_tuples(rows, names=["conclusion", "dataset"])
    return pd.DataFrame(list(rows.values()), index, ["verdict", "holds", "of", "under"])

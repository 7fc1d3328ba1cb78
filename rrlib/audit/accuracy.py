"""Claim R1: adversarial accuracy is lowest for the standard model, and improves with eps."""

from rrlib.audit.evidence import Finding, cases_of, name_case, slope
from rrlib.audit.experiments import by_training, name_reading, setting_of, tables_by_scaling
from rrlib.audit.smallest import GRID_LENGTH, SHARE
from rrlib.study.attacked import ATTACKS, name_attack

CURVE = ["kind", "dataset", "seed"]
"""What tells the curves of one attack apart."""

PAPERS_OWN = name_attack(ATTACKS[-1])
"""The attack that counts, which the paper leaves open."""


def robust_accuracy(evidence):
    """R1: adversarial accuracy is lowest for the standard model, and improves with eps.

    The paper does not state the radius of its attack. The largest of the grid counts: at each
    model's own radius the standard model is not attacked at all, and at a smaller one most robust
    models are trained against more than they meet.
    """
    found = []
    for prefix, table in tables_by_scaling(evidence, "attacked").items():
        for kind, rows in by_training(table).items():
            for attack, part in rows.groupby("attack"):
                setting = setting_of(prefix, kind) if attack == PAPERS_OWN else ""
                for name, measure, cases in _parts(part):
                    title = name_reading(prefix, kind, f"{name}, attack of {attack}")
                    found.append(Finding(title, measure, cases, setting=setting))
    return found


def _parts(rows):
    """Return name, measure and cases of both parts of the claim, for one attack."""
    lowest, improves = {}, {}
    for (kind, dataset, seed), part in rows.groupby(CURVE, sort=False):
        eps, accuracy = part["eps"].to_numpy(), part["accuracy"].to_numpy()
        case = name_case(kind, dataset)
        lowest.setdefault(case, {})[seed] = accuracy[1:].min() - accuracy[0]
        improves.setdefault(case, {})[seed] = slope(eps, accuracy)
    least = "least of the robust models' less the standard one's"
    return (
        ("lowest at eps = 0", least, cases_of(lowest, SHARE)),
        ("improves", "slope against eps, per 0.1", cases_of(improves, SHARE / GRID_LENGTH)),
    )

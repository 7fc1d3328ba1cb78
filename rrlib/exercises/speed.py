"""Checks of the chapter on speed."""

from rrlib.exercises.checks import check, compare
from rrlib.recourse.growing_spheres import growing_spheres


@check
def spread(answer):
    """Which draws spread the mean more: "shared" or "independent"."""
    if answer not in ("shared", "independent"):
        return 'the answer is "shared" or "independent".'
    if answer == "independent":
        return "for a linear model all denied rows need the same direction; think of its luck."
    return None


@check
def two_threads(answer):
    """The smallest share p at which two threads are as fast as two processes, a number."""
    return compare(answer, 1.0)


@check
def fewer_samples(answer, network, rows):
    """Evaluations with 500 samples over those with 1,000, a number, to two digits."""
    counts = []
    for samples in (500, 1000):
        options = {"target": 1.0, "samples": samples, "sparse": False, "seed": 0}
        counts.append(growing_spheres(network, rows, **options).n_evals.double().mean())
    return compare(answer, (counts[0] / counts[1]).item(), rtol=0.01)

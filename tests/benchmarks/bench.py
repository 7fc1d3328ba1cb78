"""How fast the batched methods are, against plain loops over single instances.

Run it with ``python tests/benchmarks/bench.py``. With ``--sizes`` it measures instead the rate and
the peak memory of each batched method, measure and attack at 10^4, 10^5 and 10^6 rows; ``--only``
picks some of them.

The loops stand for what one would write for one person at a time: the same settings, objective and
tolerance, the same model code, fresh random draws for each person and layer, vectorised over a
layer's samples. They run in the same process with the same number of threads, on the first few of
the same rows; validity and mean cost are compared on these rows.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from rrlib.data import datasets
from rrlib.models import (
    EPS_GRID,
    adversarial_accuracy,
    certified_accuracy,
    fit_logistic,
    fit_network,
    pgd_accuracy,
    predict,
    select,
    to,
)
from rrlib.models.vae import decode, fit_vae
from rrlib.recourse import (
    Recourse,
    cchvae,
    growing_spheres,
    minimal_recourse,
    scfe,
    scfe_adam,
    scfe_linear,
)
from rrlib.study.balls import share_valid_in_ball
from rrlib.study.metrics import summarise, transfer, validity_by_budget


def machine():
    """Return what the figures depend on: the processor, its cores, threads in use, versions."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def processor():
    """Return the processor's name, from Linux's own record where there is one."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    for line in lines:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def scfe_loop(model, X, *, s=1.0, lam=0.01, tol=1e-8, max_steps=500):
    """Newton's method for one row at a time, towards the favourable label, in float64."""
    model = to(model, torch.float64)
    return torch.stack([_newton(model, x, s, lam, tol, max_steps) for x in torch.as_tensor(X)])


def _newton(model, x, s, lam, tol, max_steps):
    """Return the minimiser for one row, gradient and Hessian by torch's autograd."""

    def objective(z):
        return (model(z.unsqueeze(0))[0, 0] - s) ** 2 + lam * (z - x).square().sum()

    z = x
    for _ in range(max_steps):
        z = z.detach().requires_grad_()
        value = objective(z)
        (gradient,) = torch.autograd.grad(value, z, create_graph=True)
        if gradient.norm() <= tol:
            break
        rows = [torch.autograd.grad(part, z, retain_graph=True)[0] for part in gradient]
        with torch.no_grad():
            values, vectors = torch.linalg.eigh(torch.stack(rows))
            step = -vectors @ ((vectors.T @ gradient) / values.abs().clamp_min(lam))
            length, slope = 1.0, gradient @ step
            for _ in range(30):
                limit = value + 1e-4 * length * slope + 1e-15 * value
                if objective(z + length * step) <= limit:
                    break
                length /= 2
            z = z + length * step
    return z.detach()


def growing_spheres_loop(
    model,
    X,
    *,
    samples=1000,
    step=0.1,
    gamma=0.1,
    closest=10,
    max_cost=10.0,
    max_evals=150_000,
    seed,
):
    """Growing spheres for one row at a time, towards the favourable label."""
    draw, points = torch.Generator().manual_seed(seed), []
    for x in torch.as_tensor(X).to(model[0]):
        width, inner, used = step, 0.0, 0
        while used + samples <= max_evals and inner < max_cost:
            outer = inner + width
            layer = _layer(x, inner, outer, samples, draw)
            hits = layer[model(layer)[0] >= 0]
            used += samples
            if inner == 0 and len(hits):
                width /= 2
                continue
            hits = hits[(hits - x).norm(dim=1) <= max_cost]
            if len(hits):
                nearest = (hits - x).norm(dim=1).argsort()[:closest]
                points.append(_cheapest(model, x, _revert(model, x, hits[nearest]), gamma))
                break
            inner = outer
        else:
            points.append(x)
    return torch.stack(points)


def cchvae_loop(model, X, vae, *, samples=300, step=0.1, max_cost=10.0, max_evals=30_000, seed):
    """C-CHVAE for one row at a time, towards the favourable label.

    Sampling and decoding run in float32, as in the batch.
    """
    draw, points = torch.Generator().manual_seed(seed), []
    vae = type(vae)(*(to(part, torch.float32) for part in vae))
    model = to(model, torch.float32)
    for x in torch.as_tensor(X, dtype=torch.float32):
        z = vae.encoder(x.unsqueeze(0))[0, : vae.decoder.A.shape[1]]
        for shell in range(max_evals // samples):
            directions = torch.randn(samples, len(z), generator=draw)
            lengths = step * (shell + torch.rand(samples, 1, generator=draw))
            decoded = decode(vae, z + directions * lengths / directions.norm(dim=1, keepdim=True))
            cost = (decoded - x).norm(dim=1)
            cost[(model(decoded)[0] < 0) | (cost > max_cost)] = torch.inf
            if cost.isfinite().any():
                points.append(decoded[cost.argmin()])
                break
        else:
            points.append(x)
    return torch.stack(points)


def _layer(x, inner, outer, samples, draw):
    """Return points uniform between two spheres around x."""
    d = len(x)
    directions = torch.randn(samples, d, generator=draw, dtype=x.dtype)
    share = torch.rand(samples, 1, generator=draw, dtype=x.dtype)
    radii = (inner**d + (outer**d - inner**d) * share) ** (1 / d)
    return x + directions * radii / directions.norm(dim=1, keepdim=True)


def _revert(model, x, hits):
    """Revert the hits' coordinates in ascending order of their change while the label lasts."""
    order = (hits - x).abs().argsort(dim=1)
    going = torch.ones(len(hits), dtype=torch.bool)
    for j in order.T:
        trial = hits.scatter(1, j[:, None], x[j][:, None])
        going &= model(trial)[0] >= 0
        hits = torch.where(going[:, None], trial, hits)
    return hits


def _cheapest(model, x, hits, gamma):
    change = hits - x
    return hits[(change.norm(dim=1) + gamma * (change != 0).sum(1)).argmin()]


def setup(seed=0, epochs=10, rows=1000):
    """Return the models, the VAE, the Adult instances that all models deny, and the data."""
    data = datasets.load("adult", seed=seed)
    families = {
        "logistic regression": fit_logistic(data.X_train, data.y_train, EPS_GRID).model,
        "network": fit_network(data.X_train, data.y_train, EPS_GRID, seed=seed, epochs=epochs),
    }
    accepted = torch.stack([predict(model, data.X_test).any(0) for model in families.values()])
    denied = ~accepted.any(0).numpy()
    return families, fit_vae(data.X_train, seed=seed), data.X_test[denied][:rows], data


def compare(batch, loop, model, X, subset, repeats=3):
    """Return rates, validity and mean cost of a batched method and of a loop.

    Both are called with a family and rows. The batch takes all rows of X and all models; the loop
    takes the first `subset` rows for one model after the other. The rate of the batch is that of
    the fastest of `repeats` calls.
    """
    batch(model, X[:20])
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        found = batch(model, X)
        seconds.append(time.perf_counter() - start)
    start = time.perf_counter()
    points = [loop(select(model, e), X[:subset]) for e in range(len(model.eps))]
    loop_seconds = time.perf_counter() - start
    points = torch.stack(points)
    change = points - torch.as_tensor(X[:subset]).to(points)
    valid = {"batch": found.valid[:, :subset], "loop": predict(model, points)}
    costs = {"batch": found.cost[:, :subset], "loop": change.norm(dim=-1)}
    both = valid["batch"] & valid["loop"]
    rates = {"batch": found.valid.numel() / min(seconds), "loop": both.numel() / loop_seconds}
    return {
        "models": len(model.eps),
        "loop rows": subset,
        "batch, per second": rates["batch"],
        "loop, per second": rates["loop"],
        "ratio": rates["batch"] / rates["loop"],
        **{f"{name}, valid": valid[name].double().mean().item() for name in valid},
        **{f"{name}, mean cost": costs[name][both].double().mean().item() for name in costs},
    }


def table(families, vae, X, *, subset=50, seed=0):
    """Return the measured table, a row for each method, model and number of models."""
    methods = [
        ("SCFE", scfe, scfe_loop, {}),
        ("growing spheres", growing_spheres, growing_spheres_loop, {"seed": seed}),
        ("C-CHVAE", cchvae, cchvae_loop, {"seed": seed, "vae": vae}),
    ]
    rows = []
    for name, batch, loop, options in methods:
        batch, loop = partial(batch, target=1.0, **options), partial(loop, **options)
        for kind, family in families.items():
            for model in (select(family, 0), family):
                measured = compare(batch, loop, model, X, subset)
                rows.append({"method": name, "model": kind} | measured)
    return pd.DataFrame(rows)


def training_table(data, *, epochs=3, seed=0):
    """Return seconds and mean test accuracy of training eight networks, together and in turn."""
    train = partial(fit_network, data.X_train, data.y_train, seed=seed, epochs=epochs)
    favourable = torch.as_tensor(data.y_test == 1)
    grids = {"eight together": [EPS_GRID], "one after the other": [[eps] for eps in EPS_GRID]}
    rows = []
    for name, parts in grids.items():
        start = time.perf_counter()
        models = [train(eps) for eps in parts]
        seconds = time.perf_counter() - start
        right = torch.cat([predict(model, data.X_test) for model in models]) == favourable
        accuracy = right.double().mean().item()
        rows.append({"networks": name, "seconds": seconds, "mean accuracy": accuracy})
    return pd.DataFrame(rows)


LINEAR, NETWORK = "logistic regression", "network"

RECOURSES = {
    "scfe_linear": [LINEAR],
    "minimal_recourse": [LINEAR],
    "scfe": [LINEAR, NETWORK],
    "scfe_adam": [LINEAR, NETWORK],
    "growing_spheres": [LINEAR, NETWORK],
    "cchvae": [LINEAR, NETWORK],
}
MEASURES = {
    "summarise": [LINEAR],
    "validity_by_budget": [LINEAR],
    "transfer": [LINEAR, NETWORK],
    "share_valid_in_ball": [LINEAR, NETWORK],
    "adversarial_accuracy": [LINEAR],
    "pgd_accuracy": [LINEAR, NETWORK],
    "certified_accuracy": [LINEAR, NETWORK],
}
"""What is measured on many rows, and for which kinds of model."""


def jobs(model, vae, X):
    """Return what is measured, each as a function of nothing, on rows X."""
    y = np.arange(len(X)) % 2
    methods = {
        "scfe": scfe,
        "scfe_adam": partial(scfe_adam, max_steps=100),
        "scfe_linear": scfe_linear,
        "minimal_recourse": minimal_recourse,
        "growing_spheres": partial(growing_spheres, seed=0),
        "cchvae": partial(cchvae, vae=vae, seed=0),
        "share_valid_in_ball": partial(share_valid_in_ball, radius=0.5, samples=100, seed=0),
        "adversarial_accuracy": partial(adversarial_accuracy, y=y, radius=0.1),
        "pgd_accuracy": partial(pgd_accuracy, y=y, radius=0.1),
        "certified_accuracy": partial(certified_accuracy, y=y, radius=0.1),
    }
    return {name: partial(method, model, X=X) for name, method in methods.items()}


def judging(model, X):
    """Return the measures that judge recourses, as functions of nothing, on those of rows X."""
    favourable = predict(model, X).numpy()
    valid = np.ones_like(favourable)
    points = torch.as_tensor(X).to(model[0]).expand(len(valid), -1, -1) + 0.1
    found = Recourse(points, torch.as_tensor(valid), points[..., 0].abs(), 1 * valid, None)
    return {
        "summarise": partial(summarise, found, favourable, X),
        "validity_by_budget": partial(validity_by_budget, found, np.linspace(0, 5, 50)),
        "transfer": partial(transfer, model, found, favourable),
    }


def many_rows(name, kind, n):
    """Print the rate and the peak memory of one job on n rows drawn from Adult's, 8 models."""
    families, vae, X, _ = setup(epochs=2)
    rng = np.random.default_rng(0)
    rows = X[rng.integers(len(X), size=n)] + 0.1 * rng.normal(size=(n, X.shape[1]))
    model = families[kind]
    judges = name in ("summarise", "validity_by_budget", "transfer")
    job = (judging(model, rows) if judges else jobs(model, vae, rows))[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    found = job()
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{name}, {kind}, {n:,} rows: {n / seconds:,.0f} rows per CPU s, "
        f"peak {(peak - before) / 1e6:.2f} GB more than before, {size(found) / 1e9:.2f} GB output",
        flush=True,
    )


def size(found):
    """Return the bytes that a result takes: tensors of a recourse, an array, or a table."""
    if isinstance(found, tuple):
        return sum({field.data_ptr(): field.nbytes for field in found}.values())
    return int(np.asarray(found).nbytes)


def scaling(sizes, only):
    """Print rates and peak memory of each job, each in a process of its own."""
    kinds = RECOURSES | MEASURES
    for name, n in product(only or kinds, sizes):
        for kind in kinds[name]:
            command = [sys.executable, __file__, "--one", name, kind, str(n)]
            subprocess.run(command, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="store the measured tables in this file")
    parser.add_argument("--threads", type=int, default=1, help="torch threads, for both")
    parser.add_argument("--subset", type=int, default=50, help="rows that the loops take, of 1,000")
    parser.add_argument("--sizes", type=int, nargs="*", help="measure rates and memory at n rows")
    parser.add_argument("--only", nargs="+", choices=RECOURSES | MEASURES, help="of --sizes, these")
    parser.add_argument("--one", nargs=3, metavar=("METHOD", "KIND", "N"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.one:
        method, kind, n = options.one
        return many_rows(method, kind, int(n))
    if options.sizes is not None:
        return scaling(options.sizes or [10**4, 10**5, 10**6], options.only)
    families, vae, X, data = setup()
    result = {"machine": machine(), "source": data.source, "rows": len(X)}
    facts = [f"{key}: {value}" for key, value in result["machine"].items()]
    print(*facts, f"Adult ({data.source}), {len(X)} denied rows", sep=" | ")
    recourse, training = table(families, vae, X, subset=options.subset), training_table(data)
    for measured in (recourse, training):
        print(measured.to_string(index=False, float_format="{:.4g}".format), end="\n\n")
    if options.json:
        result |= {"recourse": recourse.to_dict("records"), "training": training.to_dict("records")}
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

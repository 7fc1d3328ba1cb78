"""How fast the batched methods are, against plain loops over single instances: ``python tests/benchmarks/bench.py``.

The loops stand for what one would write for one person at a time: the same settings, objective and tolerance, the same
model code, fresh random draws for each person and layer, vectorised over a layer's samples. They run in the same process
with the same number of threads, on the first few of the same rows; validity and mean cost are compared on these rows.
"""

import argparse
import json
import os
import platform
import time
from functools import partial
from pathlib import Path

import pandas as pd
import torch

from rrlib import datasets
from rrlib.logistic import fit_logistic
from rrlib.models import EPS_GRID, predict, select, to
from rrlib.recourse import cchvae, growing_spheres, scfe
from rrlib.training import fit_network
from rrlib.vae import decode, fit_vae


def machine():
    """Return what the figures depend on: the processor's name, its cores, the threads in use and the versions."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return {"processor": names[0] if names else platform.processor() or platform.machine(), "cores": os.cpu_count(),
            "threads": torch.get_num_threads(), "python": platform.python_version(), "torch": torch.__version__}


def scfe_loop(model, X, *, s=1.0, lam=0.01, tol=1e-8, max_steps=500):
    """Newton's method for one row at a time, gradient and Hessian by torch's autograd, in float64; towards the favourable label."""
    model, points = to(model, torch.float64), []
    for x in torch.as_tensor(X):
        def objective(z):
            return (model(z.unsqueeze(0))[0, 0] - s) ** 2 + lam * (z - x).square().sum()

        z = x
        for _ in range(max_steps):
            z = z.detach().requires_grad_()
            value = objective(z)
            gradient, = torch.autograd.grad(value, z, create_graph=True)
            if gradient.norm() <= tol:
                break
            hessian = torch.stack([torch.autograd.grad(part, z, retain_graph=True)[0] for part in gradient])
            with torch.no_grad():
                values, vectors = torch.linalg.eigh(hessian)
                step, length = -vectors @ ((vectors.T @ gradient) / values.abs().clamp_min(lam)), 1.0
                for _ in range(30):
                    if objective(z + length * step) <= value + 1e-4 * length * (gradient @ step) + 1e-15 * value:
                        break
                    length /= 2
                z = z + length * step
        points.append(z.detach())
    return torch.stack(points)


def growing_spheres_loop(model, X, *, samples=1000, step=0.1, gamma=0.1, closest=10, max_cost=10.0, max_evals=150_000, seed):
    """Growing spheres for one row at a time, towards the favourable label."""
    draw, points = torch.Generator().manual_seed(seed), []
    for x in torch.as_tensor(X).to(model[0]):
        d, width, inner = len(x), step, 0.0
        used = 0
        while used + samples <= max_evals and inner < max_cost:
            outer = inner + width
            directions = torch.randn(samples, d, generator=draw, dtype=x.dtype)
            radii = (inner**d + (outer**d - inner**d) * torch.rand(samples, 1, generator=draw, dtype=x.dtype)) ** (1 / d)
            layer = x + directions * radii / directions.norm(dim=1, keepdim=True)
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
    """C-CHVAE for one row at a time, towards the favourable label, sampling and decoding in float32 as the batch does."""
    draw, points = torch.Generator().manual_seed(seed), []
    vae, model = type(vae)(*(to(part, torch.float32) for part in vae)), to(model, torch.float32)
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


def _revert(model, x, hits):
    """Revert the coordinates of the hits, all hits together, in ascending order of their change while the label lasts."""
    order, going = (hits - x).abs().argsort(dim=1), torch.ones(len(hits), dtype=torch.bool)
    for j in order.T:
        trial = hits.scatter(1, j[:, None], x[j][:, None])
        going &= model(trial)[0] >= 0
        hits = torch.where(going[:, None], trial, hits)
    return hits


def _cheapest(model, x, hits, gamma):
    change = hits - x
    return hits[(change.norm(dim=1) + gamma * (change != 0).sum(1)).argmin()]


def setup(seed=0, epochs=10, rows=1000):
    """Return the models, the VAE and the rows of the benchmark: Adult instances that all models deny."""
    data = datasets.load("adult", seed=seed)
    families = {
        "logistic regression": fit_logistic(data.X_train, data.y_train, EPS_GRID).model,
        "network": fit_network(data.X_train, data.y_train, EPS_GRID, seed=seed, epochs=epochs),
    }
    denied = ~torch.stack([predict(model, data.X_test).any(0) for model in families.values()]).any(0)
    return families, fit_vae(data.X_train, seed=seed), data.X_test[denied.numpy()][:rows], data


def compare(batch, loop, model, X, subset, repeats=3):
    """Return rates, validity and mean cost of a batched method and of a loop, both called with a family and rows.

    The batch takes all rows of X and all models; the loop takes the first `subset` rows for one model after the other.
    The rate of the batch is that of the fastest of `repeats` calls.
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
    valid = {"batch": found.valid[:, :subset], "loop": predict(model, points)}
    both = valid["batch"] & valid["loop"]
    costs = {"batch": found.cost[:, :subset], "loop": (points - torch.as_tensor(X[:subset]).to(points)).norm(dim=-1)}
    rates = {"batch": found.valid.numel() / min(seconds), "loop": both.numel() / loop_seconds}
    return {"models": len(model.eps), "loop rows": subset, "batch, per second": rates["batch"], "loop, per second": rates["loop"],
            "ratio": rates["batch"] / rates["loop"],
            **{f"{name}, valid": valid[name].double().mean().item() for name in valid},
            **{f"{name}, mean cost": costs[name][both].double().mean().item() for name in costs}}


def table(families, vae, X, *, subset=50, seed=0):
    """Return the measured table, one row for each method, model and number of models, as a DataFrame."""
    methods = {
        "SCFE": (partial(scfe, target=1.0), scfe_loop),
        "growing spheres": (partial(growing_spheres, target=1.0, seed=seed), partial(growing_spheres_loop, seed=seed)),
        "C-CHVAE": (partial(cchvae, vae=vae, target=1.0, seed=seed), partial(cchvae_loop, vae=vae, seed=seed)),
    }
    rows = []
    for name, (batch, loop) in methods.items():
        for kind, family in families.items():
            for model in (select(family, 0), family):
                rows.append({"method": name, "model": kind} | compare(batch, loop, model, X, subset))
    return pd.DataFrame(rows)


def training_table(data, *, epochs=3, seed=0):
    """Return seconds and mean test accuracy of training eight networks together and one after the other, as a DataFrame."""
    def together():
        return [fit_network(data.X_train, data.y_train, EPS_GRID, seed=seed, epochs=epochs)]

    def one_by_one():
        return [fit_network(data.X_train, data.y_train, [eps], seed=seed, epochs=epochs) for eps in EPS_GRID]

    rows = []
    for name, train in (("eight together", together), ("one after the other", one_by_one)):
        start = time.perf_counter()
        models = train()
        seconds = time.perf_counter() - start
        right = torch.cat([predict(model, data.X_test) for model in models]) == torch.as_tensor(data.y_test == 1)
        rows.append({"networks": name, "seconds": seconds, "mean accuracy": right.double().mean().item()})
    return pd.DataFrame(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="store the measured tables in this file")
    parser.add_argument("--threads", type=int, default=1, help="torch threads of batches and loops alike")
    parser.add_argument("--subset", type=int, default=50, help="rows that the loops take, of 1,000")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    families, vae, X, data = setup()
    result = {"machine": machine(), "source": data.source, "rows": len(X)}
    print(*(f"{key}: {value}" for key, value in result["machine"].items()), f"Adult ({data.source}), {len(X)} denied rows", sep=" | ")
    recourse, training = table(families, vae, X, subset=options.subset), training_table(data)
    with pd.option_context("display.width", 250, "display.max_columns", None, "display.float_format", "{:.4g}".format):
        print(recourse.to_string(index=False), training.to_string(index=False), sep="\n\n")
    if options.json:
        result |= {"recourse": recourse.to_dict("records"), "training": training.to_dict("records")}
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

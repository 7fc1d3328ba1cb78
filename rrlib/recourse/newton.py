"""Newton steps on the objective of SCFE, for many rows at once."""

import torch


def damped_hessian(miss, slope, bend, lam, held):
    """Return the Hessian of the objective, (m, d, d), in which held coordinates stand alone."""
    eye = torch.eye(slope.shape[-1]).to(slope)
    outer = slope.unsqueeze(-1) * slope.unsqueeze(-2)
    hessian = 2 * (outer + miss.unsqueeze(-1) * bend + lam * eye)
    both_free = ~held.unsqueeze(-1) & ~held.unsqueeze(-2)
    return hessian * both_free + 2 * lam * torch.diag_embed(held.to(slope))


def newton_step(gradient, hessian, lam):
    """Return the step -H^-1 gradient of each row, shape (m, d).

    A Hessian that is not positive definite enters with the absolute values of its eigenvalues,
    none of them below lam.
    """
    factor, failed = torch.linalg.cholesky_ex(hessian)
    bad = failed > 0
    factor[bad] = torch.eye(gradient.shape[-1]).to(gradient)
    step = -torch.cholesky_solve(gradient.unsqueeze(-1), factor).squeeze(-1)
    if bad.any():
        values, vectors = torch.linalg.eigh(hessian[bad])
        values = values.abs().clamp_min(lam).unsqueeze(-1)
        along = (vectors.mT @ gradient[bad].unsqueeze(-1)) / values
        step[bad] = -(vectors @ along).squeeze(-1)
    return step

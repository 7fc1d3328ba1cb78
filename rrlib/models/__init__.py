"""Families of models, how they are trained, and how they are attacked."""

from rrlib.models.attacks import (
    adversarial_accuracy,
    certified_accuracy,
    pgd,
    pgd_accuracy,
    worst_case,
)
from rrlib.models.certified import CertifiedFit, fit_certified
from rrlib.models.family import EPS_GRID, LogisticRegression, lipschitz, predict, select, to
from rrlib.models.logistic import Fit, Trajectory, fit_logistic, gradient_descent, robust_loss
from rrlib.models.network import Network, init_network
from rrlib.models.norms import dual_exponent, dual_vector
from rrlib.models.training import fit_network

__all__ = [
    "EPS_GRID",
    "CertifiedFit",
    "Fit",
    "LogisticRegression",
    "Network",
    "Trajectory",
    "adversarial_accuracy",
    "certified_accuracy",
    "dual_exponent",
    "dual_vector",
    "fit_certified",
    "fit_logistic",
    "fit_network",
    "gradient_descent",
    "init_network",
    "lipschitz",
    "pgd",
    "pgd_accuracy",
    "predict",
    "robust_loss",
    "select",
    "to",
    "worst_case",
]

"""Models that a reader brings: PyTorch modules and scikit-learn classifiers, as a family.

They are asked in float64 or in their own type, one after the other, all rows at once. What is not
known of them, a Lipschitz constant or the least margin in a ball, is given as infinite: searches
then rule nothing out beforehand.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch

from rrlib.models.checks import as_tensor
from rrlib.models.decisions import Decisions
from rrlib.models.modules import Module


class Members:
    """The models of a family, picked and moved like the tensors beside them."""

    def __init__(self, models):
        self.models = list(models)

    def to(self, dtype_or_device):
        """Return the models in another dtype or on another device, as copies."""
        return Members(model.to(dtype_or_device) for model in self.models)

    def __getitem__(self, index):
        """Return some of the models: of an int, a slice, a list or a tensor of ints."""
        if isinstance(index, torch.Tensor):
            index = index.cpu()
        places = np.atleast_1d(np.arange(len(self.models))[index])
        return Members(self.models[place] for place in places)

    def numel(self):
        """Return the number of parameters of the largest model."""
        return max(model.size for model in self.models)


class Brought(NamedTuple):
    """A family of models that were brought: a `LogisticRegression`, as far as searches can tell.

    Attributes
    ----------
    like : Tensor of shape (E, d)
        Zeros of the family's type.
    members : Members
    slope : Tensor of shape (E,)
        Upper bounds on the Lipschitz constants of the logits, l2, in scaled features; infinite
        where none is known.
    eps : Tensor of shape (E,)
        NaN: nobody knows what the models were trained against.
    """

    like: torch.Tensor
    members: Members
    slope: torch.Tensor
    eps: torch.Tensor

    def __call__(self, X):
        """Return the logits, shape (E, n), of rows (n, d), or (E, n, d) of each model's own."""
        return torch.stack([model.logits(rows) for model, rows in self._each(X)])

    def logits_and_gradient(self, X):
        """Return logits (E, n) and their gradients in the features (E, n, d)."""
        pairs = [model.logits_and_gradient(rows) for model, rows in self._each(X)]
        return tuple(map(torch.stack, zip(*pairs)))

    def gradient(self, X):
        """Return the gradients of the logits in the features, (E, n, d)."""
        return self.logits_and_gradient(X)[1]

    def derivatives(self, X):
        """Return logits (E, n), gradients (E, n, d) and Hessians (E, n, d, d), of X (E, n, d)."""
        triples = [model.derivatives(rows) for model, rows in self._each(X)]
        return tuple(map(torch.stack, zip(*triples)))

    def lipschitz(self):
        """Return upper bounds on the Lipschitz constants of the logits in the l2 norm, (E,)."""
        return self.slope

    def least_margin(self, X, sign, radius, *, q, chord=False):
        """Return a lower bound on the margin y h in an l_p ball around each row, shape (E, n).

        It follows from the Lipschitz bound; -inf where there is none.
        """
        wide = math.sqrt(X.shape[-1]) if q == 1 else 1.0  # of an l_inf ball, in l2
        slope = self.slope.to(X).unsqueeze(-1)
        fall = torch.where(slope.isfinite(), slope * radius * wide, torch.inf)
        return sign * self(X) - fall

    def interval_margin(self, X, sign, radius, *, q):
        """Return the same: of the units nothing is known."""
        return self.least_margin(X, sign, radius, q=q)

    def around(self, X, width, moves):
        """Return the logits (E, n, S) at x_i + width_i move_j; moves (S, d)."""
        points = torch.addcmul(X.unsqueeze(1), width[:, None, None], moves)
        return self(points.flatten(0, 1)).unflatten(-1, points.shape[:2])

    def magnitude(self, X, radius):
        """Return the size of the logits, (E, n): that of their terms is not known.

        So `certificate.rounding` may be too small for a model with large terms that cancel, and a
        search may miss a point whose logit is lost in rounding; what it finds is judged again.
        """
        return self(X).abs()

    def _each(self, X):
        """Yield each model with its rows."""
        X = as_tensor(X, self.like)
        rows = X.expand(len(self.like), *X.shape[-2:])
        return zip(self.members.models, rows)


def as_family(models, names, *, center=0.0, scale=1.0, favourable=None):
    """Return models that were brought as a family that the methods of rrlib.recourse take.

    Modules are copied, so neither their mode, gradients, device nor dtype is touched, and training
    them further does not change the family; dropout is off in the copy and batch norm is fixed.
    A scikit-learn model gives decisions alone: its logit is 1 or -1, growing spheres and C-CHVAE
    work, and methods that need gradients raise an error.

    Parameters
    ----------
    models : a model or a sequence of models
        A torch.nn.Module that maps rows (n, d) to one logit each, (n,) or (n, 1), at least 0 for
        the favourable label; or a fitted scikit-learn classifier or pipeline of two classes.
    names : sequence of str
        The features, in the order of the family's columns.
    center, scale : float, or array of shape (d,)
        Models are asked at X * scale + center: those of a `Split`, for models that take original
        units.
    favourable : value, optional
        The favourable class of scikit-learn models; the second of their `classes_`, if omitted.

    Returns
    -------
    Brought
        In the type and on the device of the first module, if all modules have the same type; in
        float64 otherwise.

    Raises
    ------
    ValueError
        On something that is no such model, is not fitted, has not one logit or not two classes, or
        takes other features; on names that are no list, or occur twice; on a scale that is not
        positive.

    Examples
    --------
    >>> linear = torch.nn.Linear(2, 1)
    >>> family = yours.as_family(linear, ["age", "income"])
    >>> tuple(family(np.zeros((3, 2))).shape)
    (1, 3)
    """
    given = list(models) if isinstance(models, list | tuple) else [models]
    if not given:
        raise ValueError("models is empty: hand over at least one")
    names = _checked(names)
    modules = [model for model in given if isinstance(model, torch.nn.Module)]
    like = _reference(modules, len(names))
    center, scale = (_of_each(value, like) for value in (center, scale))
    if not (center.isfinite() & scale.isfinite() & (scale > 0)).all():
        raise ValueError("center must be finite, and scale finite and positive, for every feature")
    adapted = []
    for model in given:
        if isinstance(model, torch.nn.Module):
            adapted.append(Module.of(model, center, scale))
        else:
            adapted.append(Decisions.of(model, names, center, scale, favourable))
    slope = torch.tensor([model.lipschitz() for model in adapted]).to(like)
    eps = torch.full_like(slope, torch.nan)
    return Brought(like.expand(len(given), -1).clone(), Members(adapted), slope, eps)


def _checked(names):
    """Return the names of the features as text, or raise a ValueError."""
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ValueError(f"names must be a list of features, not {names!r}")
    names = [str(name) for name in names]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"names has {twice[0]!r} twice: features need different names")
    return names


def _reference(modules, d):
    """Return zeros, shape (1, d), of the type and on the device of the family."""
    parameters = [next(module.parameters(), None) for module in modules]
    types = {parameter.dtype for parameter in parameters if parameter is not None}
    devices = [parameter.device for parameter in parameters if parameter is not None]
    dtype = types.pop() if len(types) == 1 else torch.float64
    if dtype not in (torch.float32, torch.float64):
        dtype = torch.float32
    return torch.zeros(1, d, dtype=dtype, device=devices[0] if devices else "cpu")


def _of_each(value, like):
    """Return a number of each feature as a float64 tensor of shape (d,)."""
    value = torch.as_tensor(value, dtype=torch.float64, device=like.device)
    if value.shape not in ((), like.shape[1:]):
        raise ValueError(
            f"center and scale must be numbers, or one for each of the {like.shape[1]} features"
        )
    return value.expand(like.shape[1])

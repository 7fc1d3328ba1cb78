"""A scikit-learn classifier as a member of a family: it decides, and gives no gradient."""

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

WHY = (
    "a scikit-learn model gives decisions and no gradient: use growing_spheres or cchvae, or bring "
    "a torch.nn.Module"
)


class Decisions(NamedTuple):
    """A fitted classifier of two classes, the columns that it takes, and their units.

    Attributes
    ----------
    model : scikit-learn estimator
    favourable : value of its `classes_`
    columns : list of int
        Where its features stand among those of the family.
    named : list of str, or None
        Their names, where it was fitted on a DataFrame.
    center, scale : Tensor of shape (d,), float64
        It is asked at X * scale + center.
    """

    model: Any
    favourable: Any
    columns: list
    named: list | None
    center: torch.Tensor
    scale: torch.Tensor

    @classmethod
    def of(cls, model, names, center, scale, favourable):
        """Return a classifier as a member; raise a ValueError where it is none of two classes."""
        if not isinstance(model, BaseEstimator):
            raise ValueError(
                f"{_kind(model)} is neither a torch.nn.Module nor a fitted scikit-learn classifier"
            )
        check_is_fitted(model)
        classes = getattr(model, "classes_", None)
        if classes is None:
            raise ValueError(f"{_kind(model)} is no classifier: bring one that has classes_")
        if isinstance(classes, list) and np.ndim(classes[0]):
            raise ValueError(
                f"{_kind(model)} has {len(classes)} outputs, and one is needed: fit it on labels "
                "of shape (n,)"
            )
        classes = np.asarray(classes).tolist()
        if len(classes) != 2:
            raise ValueError(f"{_kind(model)} has the classes {classes}, and two are needed")
        asked = classes[1] if favourable is None else favourable
        same = [one for one in classes if one == asked or str(one) == str(asked)]
        if not same:
            raise ValueError(f"favourable={asked!r} is none of the classes {classes}")
        columns, named = _columns(model, names)
        return cls(model, same[0], columns, named, center, scale)

    @property
    def size(self):
        """Return 0: nothing is rounded in a logit that is 1 or -1."""
        return 0

    def to(self, dtype_or_device):
        """Return the member with its units on another device; its decisions have no type."""
        if isinstance(dtype_or_device, torch.dtype):
            return self
        center, scale = (unit.to(dtype_or_device) for unit in (self.center, self.scale))
        return self._replace(center=center, scale=scale)

    def logits(self, X):
        """Return 1 for the favourable class and -1 for the other, shape (n,)."""
        rows = (X.double() * self.scale + self.center).cpu().numpy()[:, self.columns]
        if self.named is not None:
            rows = pd.DataFrame(rows, columns=self.named)
        decided = np.asarray(self.model.predict(rows)) == self.favourable
        return torch.from_numpy(np.where(decided, 1.0, -1.0)).to(X)

    def logits_and_gradient(self, X):
        """Raise a ValueError that says why.

        Under `torch.inference_mode`, in which nobody differentiates, the gradient is NaN: growing
        spheres looks at it there to bound a ball that is free of the other class, and finds none.
        """
        if torch.is_inference_mode_enabled():
            return self.logits(X), torch.full_like(X, torch.nan)
        raise ValueError(WHY)

    def derivatives(self, X):
        """Raise a ValueError that says why."""
        raise ValueError(WHY)

    def lipschitz(self):
        """Return infinity: decisions jump."""
        return math.inf


def _columns(model, names):
    """Return where a classifier's features stand among the names, and what it calls them."""
    own = getattr(model, "feature_names_in_", None)
    if own is None:
        count = getattr(model, "n_features_in_", len(names))
        if count != len(names):
            raise ValueError(f"{_kind(model)} takes {count} features, not {len(names)}")
        return list(range(len(names))), None
    own = [str(name) for name in own]
    lacking = [name for name in own if name not in names]
    extra = [name for name in names if name not in own]
    if lacking or extra:
        said = [f"it was fitted with {name!r}, which is no feature here" for name in lacking[:3]]
        said += [f"it does not know {name!r}" for name in extra[:3]]
        raise ValueError(f"{_kind(model)}: {'; '.join(said)}: fit it on the features alone")
    return [names.index(name) for name in own], own


def _kind(model):
    return model.__name__ if isinstance(model, type) else type(model).__name__

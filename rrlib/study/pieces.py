"""What a slice is made of: models, a VAE, what one method recommends. Each is stored by itself.

The store tells pieces apart by everything that they depend on, their stamp: see
:mod:`rrlib.study.fingerprint`.
"""

from typing import NamedTuple

from joblib import Memory

from rrlib.data import datasets, rawfiles
from rrlib.models import certified, logistic, training, vae
from rrlib.models.family import EPS_GRID
from rrlib.recourse import cchvae, growing_spheres, scfe, scfe_adam
from rrlib.study import fingerprint
from rrlib.study.common import MAX_COST, MAX_COST_BOX

SEARCHES = {
    "scfe": scfe,
    "cchvae": cchvae,
    "growing_spheres": growing_spheres,
    "scfe_adam": scfe_adam,
}
TRAINERS = {
    "logistic": logistic.fit_logistic,
    "network": training.fit_network,
    "certified": certified.fit_certified,
}


class Setting(NamedTuple):
    """What one slice is computed for.

    Attributes
    ----------
    name, kind : str
    seed : int
    scaling : {"standard", "minmax"}
    p : {2, inf}
        Norm of the perturbations in training.
    source : "real" or "twin"
    rows : int, optional
        How many test rows are searched from, the first of the split; all if None.
    """

    name: str
    kind: str
    seed: int
    scaling: str
    p: float
    source: str
    rows: int | None = None


def models_of(setting, cache=True):
    """Return the models of a setting, trained or fetched."""
    setting = setting._replace(rows=None)
    return remember(fit, cache)(setting, stamp_fit(setting))


def vae_of(name, seed, cache=True):
    """Return the VAE that all models of a dataset and a seed share, fitted or fetched.

    It is fitted on standardised features.

    Examples
    --------
    >>> vae = study.vae_of("german", 0, cache=False)
    >>> type(vae).__name__
    'VAE'
    """
    return remember(fit_vae, cache)(name, seed, stamp_vae(name, datasets.source(name)))


def is_stored(setting, method, options):
    """Whether the cache holds what a method recommends in a setting."""
    stamp = stamp_search(setting, method)
    return remember(search).check_call_in_cache(setting, method, options, stamp)


def fit(setting, stamp):
    """Train one kind of model at every eps."""
    data = datasets.load(setting.name, seed=setting.seed, scaling=setting.scaling)
    rows = data.X_train, data.y_train
    if setting.kind == "logistic":
        return logistic.fit_logistic(*rows, EPS_GRID, p=setting.p).model
    found = TRAINERS[setting.kind](*rows, EPS_GRID, p=setting.p, seed=setting.seed)
    return found.model if setting.kind == "certified" else found


def fit_vae(name, seed, stamp):
    """Fit the VAE of a dataset and a seed on standardised features."""
    return vae.fit_vae(datasets.load(name, seed=seed).X_train, seed=seed)


def search(setting, method, options, stamp, cache=True):
    """Return what a method recommends to the test rows of a setting, as arrays, float32.

    A recourse above the cap on the cost is not valid.
    """
    data = datasets.load(setting.name, seed=setting.seed, scaling=setting.scaling)
    cap = MAX_COST if setting.scaling == "standard" else MAX_COST_BOX
    chosen = dict(options)
    if not method.startswith("scfe"):
        chosen = {"seed": setting.seed, "max_cost": cap} | chosen
    if method == "cchvae":
        chosen["vae"] = in_units_of(data, vae_of(setting.name, setting.seed, cache))
    found = SEARCHES[method](models_of(setting, cache), data.X_test[: setting.rows], **chosen)
    found = found._replace(valid=found.valid & (found.cost <= cap))
    return type(found)(*map(_slim, found))


def in_units_of(data, fitted):
    """Return a VAE of standardised features for the same features in the scaling of `data`."""
    if data.scaling == "standard":
        return fitted
    standard = datasets.load(data.name, seed=data.seed)
    scale = standard.scale / data.scale
    shift = (standard.center - data.center) / data.scale
    return vae.rescale(fitted, scale, shift)


def stamp_fit(setting):
    """Return the fingerprint of the models of a setting."""
    code = fingerprint.code(TRAINERS[setting.kind])
    data = fingerprint.data(setting.name, setting.source)
    setting = setting._replace(rows=None)
    body, versions = fingerprint.body(fit), fingerprint.versions()
    return fingerprint.digest(setting, EPS_GRID, code, body, data, versions)


def stamp_vae(name, source):
    """Return the fingerprint of the VAEs of a dataset."""
    code, data = fingerprint.code(vae.fit_vae), fingerprint.data(name, source)
    return fingerprint.digest(code, fingerprint.body(fit_vae), data, fingerprint.versions())


def stamp_search(setting, method):
    """Return the fingerprint of what a method recommends in a setting."""
    code = [fingerprint.code(SEARCHES[method]), fingerprint.body(search), stamp_fit(setting)]
    if method == "cchvae":
        code += [fingerprint.body(in_units_of), stamp_vae(setting.name, setting.source)]
    return fingerprint.digest(MAX_COST, MAX_COST_BOX, setting.rows, *code)


def remember(function, cache=True):
    """Return a function with its results stored in the study's cache, if `cache` asks for it.

    The cache lies in the folder that `RRLIB_CACHE` names, else in this machine's usual one.
    """
    if not cache:
        return function
    folder = str(rawfiles.study_folder())  # of a Path joblib would make another cache
    return Memory(folder, verbose=0).cache(function, ignore=["cache"] if function is search else [])


def _slim(field):
    """Return a tensor as an array, real numbers in float32."""
    return field.float().numpy() if field.is_floating_point() else field.numpy()

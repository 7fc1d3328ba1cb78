"""Checks of the chapter on collapse."""

import numpy as np

from rrlib.exercises.checks import check, compare
from rrlib.theory.collapse import collapse_threshold

PEOPLE = np.array([[0.0, 0.0], [2.0, 0.0], [4.0, 3.0], [4.0, 5.0]])
LABELS = np.array([0, 0, 1, 1])


@check
def four_people(answer):
    """The thresholds of the four people for p = 1, 2 and infinity, as three numbers."""
    return compare(answer, [collapse_threshold(PEOPLE, LABELS, p=p) for p in (1, 2, np.inf)])


@check
def equal_means(answer):
    """Rows of one feature and their labels 0 and 1, as a pair (X, y)."""
    X, y = np.asarray(answer[0], dtype=float), np.asarray(answer[1])
    X = X.reshape(len(y), -1)
    if set(y.tolist()) != {0, 1}:
        return "both labels, 0 and 1, have to occur."
    if collapse_threshold(X, y) > 1e-12:
        return "some radius above 0 keeps a linear model from being constant."
    favourable = {tuple(row) for row in X[y == 1]}
    if favourable & {tuple(row) for row in X[y == 0]}:
        return "two people are alike and have different labels, so no classifier is always right."
    return None


@check
def favourable_counted(answer, data):
    """How many times, at least, each favourable row is counted, as a whole number."""
    share = np.mean(data.y_train == 1)
    return compare(answer, np.floor((1 - share) / share) + 1)


@check
def last_feature(answer, data):
    """The name of the feature that goes last."""
    if answer not in data.feature_names:
        return f"no feature has that name; there are {', '.join(data.feature_names)}."
    X, y = data.X_train, data.y_train
    apart = np.abs(X[y == 1].mean(axis=0) - X[y == 0].mean(axis=0))
    if answer != data.feature_names[apart.argmax()]:
        return "the class means of another feature are further apart."
    return None

"""What defines each dataset: its files, how they are read, its features, its groups.

**Adult** (Becker and Kohavi 1996, doi:10.24432/C5XW20), 48,842 rows: age (years);
final weight (people that the row stands for); education (level, 1 preschool to 16
doctorate); capital gain and capital loss (US dollars a year); hours per week.
Favourable: a yearly income above 50,000 US dollars. Groups: sex, race.

**COMPAS** (Larson, Mattu, Kirchner and Angwin 2016, ProPublica), 6,172 rows after
ProPublica's filters (screened within 30 days of the arrest, outcome known, no
ordinary traffic offence, a score present): age (years); prior offences (count);
length of stay (whole days between the dates of entering and leaving jail);
juvenile felonies, juvenile misdemeanours, other juvenile offences (counts).
Favourable: no recidivism within two years. Groups: sex, race.

**German Credit** (Hofmann 1994, doi:10.24432/C5NC77), 1,000 rows: duration
(months); credit amount (Deutsche Mark); instalment rate (share of the disposable
income, coded 1 to 4); residence since (years, coded 1 to 4); age (years); existing
credits (number at this bank); people liable (number to maintain). Favourable: good
credit. Group: age band, which follows from the age.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import pandas as pd

from rrlib.data import published
from rrlib.data.published import RawFile

NAMES = ("adult", "compas", "german")


class Spec(NamedTuple):
    """What defines a dataset; ``features`` maps columns of its files to names.

    Each process reads the files once: every seed splits the same rows.
    """

    title: str
    rows: int
    features: dict
    groups: tuple[str, ...]
    read: Callable[..., pd.DataFrame]
    files: tuple[RawFile, ...]


def _read_adult(*paths):
    layout = {"header": None, "skipinitialspace": True, "comment": "|"}
    table = pd.concat(pd.read_csv(path, **layout) for path in paths)
    table["favourable"] = table[14].str.startswith(">50K").astype(int)
    return table.rename(columns={8: "race", 9: "sex"})


def _read_compas(path):
    table = pd.read_csv(path, parse_dates=["c_jail_in", "c_jail_out"])
    screened = table["days_b_screening_arrest"].between(-30, 30)
    known = table["is_recid"] != -1
    offence = table["c_charge_degree"] != "O"
    scored = table["score_text"].notna()
    table = table[screened & known & offence & scored]
    stay = table["c_jail_out"].dt.normalize() - table["c_jail_in"].dt.normalize()
    return table.assign(stay=stay.dt.days, favourable=1 - table["two_year_recid"])


def _read_german(path):
    table = pd.read_csv(path, sep=" ", header=None)
    return table.assign(favourable=2 - table[20])


ADULT = Spec(
    title="Adult",
    rows=48_842,
    features={
        0: "age",
        2: "final weight",
        4: "education",
        10: "capital gain",
        11: "capital loss",
        12: "hours per week",
    },
    groups=("sex", "race"),
    read=cache(_read_adult),
    files=(published.ADULT_DATA, published.ADULT_TEST),
)

COMPAS = Spec(
    title="COMPAS",
    rows=6_172,
    features={
        "age": "age",
        "priors_count": "prior offences",
        "stay": "length of stay",
        "juv_fel_count": "juvenile felonies",
        "juv_misd_count": "juvenile misdemeanours",
        "juv_other_count": "other juvenile offences",
    },
    groups=("sex", "race"),
    read=cache(_read_compas),
    files=(published.COMPAS,),
)

GERMAN = Spec(
    title="German Credit",
    rows=1_000,
    features={
        1: "duration",
        4: "credit amount",
        7: "instalment rate",
        10: "residence since",
        12: "age",
        15: "existing credits",
        17: "people liable",
    },
    groups=("age_band",),
    read=cache(_read_german),
    files=(published.GERMAN,),
)

SPECS = {"adult": ADULT, "compas": COMPAS, "german": GERMAN}

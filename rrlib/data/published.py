"""Raw files as published: where each comes from, and the SHA-256 of its bytes."""

from typing import NamedTuple


class DataError(ValueError):
    """A published file, or the variable that points to it, cannot be used."""


class RawFile(NamedTuple):
    """A file as published: its origin and the SHA-256 of its bytes."""

    url: str
    sha256: str

    @property
    def name(self):
        return self.url.rsplit("/", 1)[-1]


UCI = "https://archive.ics.uci.edu/ml/machine-learning-databases"
PROPUBLICA = "https://raw.githubusercontent.com/propublica/compas-analysis/master"

ADULT_DATA = RawFile(
    f"{UCI}/adult/adult.data",
    "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
)
ADULT_TEST = RawFile(
    f"{UCI}/adult/adult.test",
    "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
)
COMPAS = RawFile(
    f"{PROPUBLICA}/compas-scores-two-years.csv",
    "c451db85908b2f7fef1d83203bedf6b71ecda0d5af468d82ae62178f91d0cc7d",
)
GERMAN = RawFile(
    f"{UCI}/statlog/german/german.data",
    "b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871",
)

"""Your table, your model: everything in the book, in your own units and by your own names."""

from rrlib.data.tables import Split, Table, read_table
from rrlib.models.bring import as_family
from rrlib.recourse.actions import Actions
from rrlib.yours.recommend import Recommendations, bring, recommend

__all__ = [
    "Actions",
    "Recommendations",
    "Split",
    "Table",
    "as_family",
    "bring",
    "read_table",
    "recommend",
]

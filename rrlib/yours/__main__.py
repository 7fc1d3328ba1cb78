"""``python -m rrlib.yours table.csv --label L --favourable YES``: a report on your own table."""

import argparse
import csv
import sys
from pathlib import Path

from rrlib.yours import Actions, read_table
from rrlib.yours.report import ReportError, write_report

SAMPLE = 100_000
"""Rows of a larger table that are used."""

TIME = (
    "On two cores a report on 50,000 rows of six columns takes about a quarter of a minute, and "
    "about three minutes with --full. Parquet files are read with less time and memory than CSV."
)


def parse(arguments=None):
    """Return the options of the command line."""
    about = "Put a table of your own through the book, and write one HTML file."
    parser = argparse.ArgumentParser(prog="python -m rrlib.yours", description=about, epilog=TIME)
    add = parser.add_argument
    add("table", help="a CSV or Parquet file, a row a person")
    add("--label", required=True, help="the column to predict")
    add("--favourable", required=True, help="its value that people want")
    add("--unfavourable", type=names, help="its other values, where there are more than two")
    add("--columns", type=names, help="the features (default: all columns that hold numbers)")
    add("--missing", type=names, default=[], help="texts that stand for a missing value")
    add("--group", type=names, default=[], help="columns to report by")
    add("--immutable", type=names, default=[], help="features that cannot change")
    add("--increase", type=names, default=[], help="features that can only rise")
    add("--decrease", type=names, default=[], help="features that can only fall")
    limits = {"nargs": 3, "action": "append", "metavar": ("NAME", "LOW", "HIGH"), "default": []}
    add("--range", help="limits of a feature; may be given again", **limits)
    add("--rows", type=names, help="people by row number (default: ten of the table's twin)")
    add("--out", default="report.html", help="the file to write (default: report.html)")
    least = f"use so many rows of a larger table, drawn at random (default: {SAMPLE:,})"
    add("--sample", type=int, metavar="ROWS", default=SAMPLE, help=least)
    whole = "networks too, five seeds, all rows and all denied people; takes minutes"
    add("--full", action="store_true", help=whole)
    add("--quiet", action="store_true", help="no progress bar")
    return parser.parse_args(arguments)


def names(text):
    """Return names that commas divide; a name with a comma in it stands in double quotes."""
    return next(csv.reader([text], skipinitialspace=True))


def to_parameters(options):
    """Return the parameters of the chapter."""
    ranges = {name: [float(low), float(high)] for name, low, high in options.range}
    return {
        "table": str(Path(options.table).resolve()),
        "label": options.label,
        "favourable": options.favourable,
        "unfavourable": options.unfavourable,
        "columns": options.columns,
        "missing": options.missing,
        "groups": options.group,
        "immutable": options.immutable,
        "increase": options.increase,
        "decrease": options.decrease,
        "ranges": ranges,
        "people": options.rows and [int(row) for row in options.rows],
        "sample": None if options.full else options.sample,
        "seeds": [0, 1, 2, 3, 4] if options.full else [0, 1, 2],
        "full": options.full,
        "most": 10**9 if options.full else 2000,
    }


def check(asked):
    """Read the table and try the constraints, so that what is wrong is said at once."""
    options = ("label", "favourable", "unfavourable", "columns", "groups", "missing")
    given = {name: asked[name] for name in options}
    table = read_table(asked["table"], most=asked["sample"], **given)
    known = set(table.features) | set(table.left_out["column"])
    kinds = ("immutable", "increase", "decrease")
    constraints = {kind: asked[kind] for kind in kinds} | {"range": asked["ranges"]}
    Actions(**constraints).check(sorted(known))
    lost = set(asked["people"] or []) - set(table.features.index)
    if lost:
        raise ValueError(f"row {min(lost)} is not among the rows that are used: see the report")
    return table


def in_options(message):
    """Return an error with the argument that it advises as an option of the command."""
    return message.replace("unfavourable=", "--unfavourable ")


def main(arguments=None):
    """Write the report, or say in one line what is wrong."""
    options = parse(arguments)
    try:
        asked = to_parameters(options)
        print(check(asked))
        write_report(options.out, asked, progress=not options.quiet)
    except (OSError, ValueError, ReportError) as error:
        sys.exit(f"{type(error).__name__}: {in_options(str(error))}")
    print(f"written: {options.out}")


if __name__ == "__main__":
    main()

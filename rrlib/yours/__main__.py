"""``python -m rrlib.yours table.csv --label L --favourable YES``: a report on your own table."""

import argparse
import csv
import os
import re
import sys
from pathlib import Path

from rrlib.yours import Actions, read_table
from rrlib.yours.report import ReportError, write_report

SAMPLE = 100_000
"""Rows of a larger table that are used."""

TIME = (
    "On two cores a report on 50,000 rows of six columns takes about a quarter of a minute, and "
    "about three minutes with --full; on a million rows of 200 columns it takes about three "
    "minutes of computing and 6 GB of memory. Both grow with the rows that are used and with the "
    "columns: a smaller --sample or fewer --columns need less, and --full needs as much more. "
    "Parquet files are read faster than CSV. Rows are numbered from 0, the header not counted. "
    "The exit code is 2 where the table or an option is wrong."
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
    open_side = "limits of a feature, none where a side is open; may be given again"
    add("--range", help=open_side, **limits)
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
    ranges = {name: [to_limit(name, end) for end in ends] for name, *ends in options.range}
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
        "people": options.rows and [to_row(text) for text in options.rows],
        "sample": None if options.full else options.sample,
        "seeds": [0, 1, 2, 3, 4] if options.full else [0, 1, 2],
        "full": options.full,
        "most": 10**9 if options.full else 2000,
    }


def to_limit(name, text):
    """Return one end of a range as a number, None where it is open."""
    if text.lower() == "none":
        return None
    try:
        return float(text)
    except ValueError:
        raise ValueError(
            f"--range {name}: {text!r} is no number; write none to leave it open"
        ) from None


def to_row(text):
    """Return a row number."""
    if not text.strip().isdecimal():
        raise ValueError(f"--rows: {text!r} is no row number; rows are numbered from 0")
    return int(text)


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
        raise ValueError(
            f"row {min(lost)} is not among the rows that are used, {len(table.features):,} out of "
            f"those up to {table.features.index[-1]:,}: its label or a feature is missing, or it "
            "was not drawn, see --sample"
        )
    ranges = {name: ends for name, ends in asked["ranges"].items() if name in table.features}
    for name, ends in ranges.items():
        column = table.features[name]
        if not (column.clip(*ends) == column).any():
            raise ValueError(
                f"--range {name}: no row of the table is within; its values go from "
                f"{column.min():g} to {column.max():g}"
            )
    Actions(range=ranges).limits(table.features.loc[asked["people"] or []])
    return table


def check_place(out):
    """Raise an OSError unless a file can be written there, before anything is computed."""
    folder = Path(out).resolve().parent
    if Path(out).is_dir():
        raise IsADirectoryError(f"--out {out} is a folder: name a file in it")
    if not folder.is_dir():
        raise FileNotFoundError(f"--out {out}: there is no folder {folder}; make it first")
    if not os.access(out if Path(out).exists() else folder, os.W_OK):
        raise PermissionError(f"--out {out} cannot be written: name a file elsewhere")


def in_options(message):
    """Return an error with the arguments that it advises as options of the command."""
    return re.sub(r"\b(unfavourable|missing)=\[?([^\]\s]*)\]?", r"--\1 \2", message)


def main(arguments=None):
    """Write the report, or say in one line what is wrong."""
    options = parse(arguments)
    try:
        asked = to_parameters(options)
        check_place(options.out)
        if not options.quiet:
            print(f"reading {options.table}", file=sys.stderr, flush=True)
        print(check(asked), flush=True)
        write_report(options.out, asked, progress=not options.quiet)
    except (OSError, ValueError, ReportError) as error:
        print(f"{type(error).__name__}: {in_options(str(error))}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped: no report is written", file=sys.stderr)
        sys.exit(130)
    print(f"written: {options.out}")


if __name__ == "__main__":
    main()

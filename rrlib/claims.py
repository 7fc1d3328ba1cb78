"""Print the ledger: every claim of the paper and its verdict.

``python -m rrlib.claims`` prints it as text, with ``--json`` every effect and its interval.
"""

import argparse
import json

import pandas as pd
import torch

from rrlib.audit import claims, experiments, report


def main():
    """Print the ledger of claims."""
    about = "Print the ledger: every claim of the paper and its verdict."
    parser = argparse.ArgumentParser(prog="python -m rrlib.claims", description=about)
    what = "every effect with its interval, for machines"
    parser.add_argument("--json", action="store_true", help=what)
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = claims.ledger(experiments.gather())
    if options.json:
        print_json(table)
    else:
        print_text(table)


def print_json(table):
    """Print a ledger for machines; a number that is not known is null."""
    records = table.drop(columns=["weakest", "strongest"]).to_dict("records")
    for record in records:
        record["effects"] = [known(effect) for effect in record["effects"]]
    print(json.dumps(records, indent=2, allow_nan=False))


def known(effect):
    """Return an effect as a dict with None where it is NaN."""
    return {key: None if pd.isna(value) else value for key, value in effect._asdict().items()}


def print_text(table):
    """Print a ledger as text: each claim, and under it a line for each reading."""
    for (name, where, statement), part in table.groupby(["id", "where", "statement"], sort=False):
        print(f"{name}  {where}: {statement}")
        for row in part.itertuples():
            cases = "; ".join(report.count(row.effects))
            reason = row.counterexample or report.describe(row.weakest)
            print(f"    {row.verdict}  {row.reading}  {cases}  {reason}")


if __name__ == "__main__":
    main()

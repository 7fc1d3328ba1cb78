"""Print the ledger: every claim of the paper and its verdict, and below them our own.

``python -m rrlib.claims`` prints it as text, with ``--json`` every effect and its intervals.
"""

import argparse
import json
import signal

import pandas as pd
import torch

from rrlib.audit import claims, experiments, report


def main():
    """Print the ledger of claims."""
    about = "Print the ledger: every claim of the paper and its verdict, and our own."
    parser = argparse.ArgumentParser(prog="python -m rrlib.claims", description=about)
    what = "every effect with its intervals, for machines"
    parser.add_argument("--json", action="store_true", help=what)
    options = parser.parse_args()
    torch.set_num_threads(1)
    papers = claims.ledger(experiments.gather())
    ours = claims.own_ledger(experiments.variation("equal"))
    if options.json:
        print_json(pd.concat([papers, ours]))
    else:
        print_text(papers)
        print("\nOurs, judged on seeds 10 to 14:")
        print_text(ours)


def print_json(table):
    """Print a ledger for machines; a number that is not known is null."""
    settled = claims.in_one_look(table).set_index("id")["verdict"]
    records = table.drop(columns="cases").to_dict("records")
    for record, cases in zip(records, table["cases"]):
        record["claim verdict"] = settled[record["id"]]
        record["effects"] = [report.to_dict(case) for case in cases]
    print(json.dumps(records, indent=2, allow_nan=False))


def print_text(table):
    """Print a ledger as text: each claim, and under it a line for each reading."""
    for claim in claims.in_one_look(table).itertuples():
        print(f"{claim.id}  {claim.where}: {claim.statement}: {claim.verdict}")
        for row in table[table["id"] == claim.id].itertuples():
            own = f" [{row.setting}]" if row.setting else ""
            cases = "; ".join(report.count(row.cases, row))
            reason = row.counterexample or report.describe(report.ends(row.cases)[0])
            print(f"    {row.verdict}  {row.reading}{own}  {cases}  {reason}")


if __name__ == "__main__":
    if hasattr(signal, "SIGPIPE"):  # whoever reads may stop early, as head does
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()

"""Print the ledger: every claim of the paper and its verdict, and our own.

The first call computes the study, some minutes on two cores, and stores it for the others.
"""

import argparse
import json
import signal
import sys

import pandas as pd
import torch

from rrlib.audit import claims, experiments, report


def main():
    """Print the ledger of claims."""
    parser = argparse.ArgumentParser("python -m rrlib.claims", description=__doc__)
    parser.add_argument("--json", action="store_true", help="every effect and interval, as JSON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(experiments.announce(), file=sys.stderr)
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
    effects = [[report.to_dict(case) for case in cases] for cases in table["cases"]]
    said = table.assign(**{"claim verdict": table["id"].map(settled), "effects": effects})
    records = said.drop(columns="cases").to_dict("records")
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
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Interrupted; what is finished is stored, and the next call goes on from there.")

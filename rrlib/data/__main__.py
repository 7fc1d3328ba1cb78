"""``python -m rrlib.data``: write the statistics of all twins from the real files."""

import json

from rrlib.data import datasets, twins


def main():
    """Write the statistics of all datasets from the real files."""
    twins.FOLDER.mkdir(exist_ok=True)
    for name in datasets.NAMES:
        if datasets.source(name) != "real":
            raise SystemExit(f"{name}: no real files; name their folder in RRLIB_DATA")
        table, _ = datasets.frame(name)
        statistics = twins.fit(table.drop(columns="age_band", errors="ignore"))
        path = twins.FOLDER / f"{name}.json"
        path.write_text(json.dumps(statistics, separators=(",", ":")) + "\n", "ascii")
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

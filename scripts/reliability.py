#!/usr/bin/env python3
"""Makes docs/reliability.md of the rows that are promised and of what the last run proved.

    scripts/reliability.py LINES [COMMIT]

LINES is the file that the proofs append to (FACTEUR_PROOFS), one JSON object a line;
COMMIT the one that was tested, when it is not the present one.
A run is added to docs/reliability/campaign.jsonl, which only grows; the page shows the
last run of each row and the sum of all of them.
"""
import json
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROWS = ROOT / "docs/reliability/rows.toml"
CAMPAIGN = ROOT / "docs/reliability/campaign.jsonl"
PAGE = ROOT / "docs/reliability.md"
BEGIN, END = "<!-- rows: written by scripts/reliability.py -->", "<!-- end of rows -->"


def order(row):
    """A2 before A11 before B1."""
    return row[0], int(row[1:])


def read(path):
    """The JSON objects of a file of lines."""
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()] if path.exists() else []


def commit():
    """The commit that was tested, marked when the tree differs from it."""
    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=True).stdout.strip()
    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--", "crates", "bench") else "")


def shown(runs):
    """What one row's runs say: the last run of each of its tests at each scale, then the sum."""
    if not runs:
        return "not run", "", "0"
    last = {}
    for run in runs:
        last[(run["test"], run["unit"], run["scale"])] = run
    def said(run):
        share = f", {run['share']}" if "share" in run else ""
        return f"{run['count']:,} {run['unit']}{share} ({run['scale']}, {run['commit']})"
    counts = "; ".join(said(run) for run in last.values())
    seeds = ", ".join(sorted({str(run["seed"]) for run in last.values() if run["seed"] is not None}))
    total = {}
    for run in runs:
        total[run["unit"]] = total.get(run["unit"], 0) + run["count"]
    return counts, seeds, "; ".join(f"{count:,} {unit}" for unit, count in total.items())


def table(rows, campaign):
    """The page's table."""
    lines = ["| row | what | must hold | last runs (scale, commit) | seed | all runs | test |", "|---|---|---|---|---|---|---|"]
    for row in sorted(rows, key=order):
        said = rows[row]
        tests = "<br>".join(f"`{test}`" for test in said["tests"])
        counts, seeds, total = shown([run for run in campaign if run["row"] == row])
        lines.append(f"| {row} | {said['what']} | {said['bar']} | {counts} | {seeds} | {total} | {tests} |")
    return "\n".join(lines)


def main():
    """Adds the run to the campaign and writes the page."""
    rows = tomllib.loads(ROWS.read_text())
    at, today = sys.argv[2] if len(sys.argv) > 2 else commit(), date.today().isoformat()
    run = [line | {"commit": at, "date": today} for line in read(Path(sys.argv[1]))]
    unknown = sorted({line["row"] for line in run} - set(rows))
    if unknown:
        sys.exit(f"no such row in {ROWS.name}: {', '.join(unknown)}")
    with CAMPAIGN.open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in run)
    head, rest = PAGE.read_text().split(BEGIN)
    tail = rest.split(END)[1]
    PAGE.write_text(f"{head}{BEGIN}\n\n{table(rows, read(CAMPAIGN))}\n\n{END}{tail}")
    missing = sorted(set(rows) - {line["row"] for line in run}, key=order)
    print(f"{len(run)} proofs held at {at}" + (f"; not shown in this run: {', '.join(missing)}" if missing else ""))


if __name__ == "__main__":
    main()

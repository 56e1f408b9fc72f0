"""What tracing costs: the whole table of targets, measured, by one command.

    python benchmarks/run.py [--runs N] [--calls N] [--cpu N] [--only WORD] [--json FILE]
                             [--without PEER]...

Every tool traces the same programs in turn, A B C A B C ... Tool and program are bound to one
processor, and what they use of it together is measured: on an idle machine that is the time that
passes, for one of them always runs, and on a busy one it hardly changes. (Where they are free, or
sleep, it is the time that passes.) A cost is what much to do takes less what nothing takes, so that
the start of the tool is left out; a ratio is the median of the rounds' ratios, and beside it stand
their range and the ratio of the least that each has cost. A peer that is missing is an error,
unless ``--without`` names it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

import peers
import single
import work
from rows import ROWS, Result, Row, judge
from tabulate import tabulate
from timing import rounds


def wanted(args: argparse.Namespace) -> list[Row]:
    """The rows to be measured."""
    left_out = set(args.without)
    return [
        row
        for row in ROWS
        if args.only in row.name and not {row.above.tool, row.below.tool} & left_out
    ]


def check_peers(tools: dict[str, list[str]], rows: list[Row]) -> None:
    """Say what is missing, and end."""
    used = {measure.tool for row in rows for measure in (row.above, row.below)}
    for name in sorted(used & set(peers.missing(tools))):
        sys.exit(
            f"benchmarks: {name} is missing: install it (strace by your system's packages, "
            f"python-ptrace and libdebug by pip), or say --without '{name}'"
        )


def singles(tools: dict[str, list[str]], folder: Path, args: argparse.Namespace) -> list[Result]:
    """What is no ratio of two costs."""
    attempts = 3
    return [
        single.fairness(tools, folder, args.cpu, attempts),
        single.fairness(tools, folder, None, attempts),
        *single.formatting(folder, args.runs),
        single.memory(tools, folder, single.CALLS),
        *single.starting(tools, args.cpu, args.runs),
    ]


def table(args: argparse.Namespace) -> list[Result]:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tools, rows = peers.commands(folder), wanted(args)
        check_peers(tools, rows)
        work.build(folder)
        measures = [measure for row in rows for measure in (row.above, row.below)]
        measured = rounds(measures, tools, work.works(folder, args.calls), args.runs, args.cpu)
        found = [judge(row, measured) for row in rows]
        return found if args.only else [*found, *singles(tools, folder, args)]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="What tracing costs, as ratios.")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--cpu", type=int, default=min(os.sched_getaffinity(0)))
    parser.add_argument("--only", default="", help="the rows with this in their name")
    parser.add_argument("--json", type=Path, help="write the results here, too")
    parser.add_argument("--without", action="append", default=[], choices=peers.PEERS)
    args = parser.parse_args()
    results = table(args)
    here = f"{platform.system()} {platform.release()}, {platform.machine()}"
    print(f"{here}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}\n")
    print(tabulate(results, headers=["", "measured", "range", "target", "verdict"]))
    if args.json is not None:
        rows = [result._asdict() for result in results]
        args.json.write_text(json.dumps({"machine": here, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()

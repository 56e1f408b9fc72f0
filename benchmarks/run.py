"""What tracing costs: the whole table of targets, measured, by one command.

    python benchmarks/run.py [--runs N] [--calls N] [--cpu N] [--only WORD] [--json FILE]
                             [--without PEER]...

Every tool traces the same programs in turn, A B C A B C ... Tool and program are bound to one
processor, and what they use of it together is measured: on an idle machine that is the time that
passes, for one of them always runs, and on a busy one it hardly changes. (Where they are free, or
sleep, it is the time that passes.) A cost is what much to do takes less what nothing takes, so that
the start of the tool is left out; a ratio is the median of the rounds' ratios, and beside it stand
their range and the ratio of the least that each has cost.

What is compared with is installed, into build/benchmarks and by apt-get, unless ``--without`` names
it: where it cannot be, that is an error.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path

import peers
import single
import work
from rows import ROWS, Result, Row, judge
from tabulate import tabulate
from timing import Measure, rounds


def wanted(args: argparse.Namespace) -> list[Row]:
    """The rows to be measured."""
    left_out = set(args.without)
    return [
        row
        for row in ROWS
        if args.only in row.name and not {row.above.tool, row.below.tool} & left_out
    ]


def singles(tools: dict[str, list[str]], folder: Path, args: argparse.Namespace) -> list[Result]:
    """What is no ratio of two costs."""
    attempts = 3
    return [
        single.fairness(tools, folder, args.cpu, attempts),
        single.fairness(tools, folder, None, attempts),
        *single.formatting(folder, args.runs),
        single.memory(tools, folder, single.CALLS),
        *single.starting(tools, args.cpu, args.runs),
        single.stepping(tools, folder, args.cpu),
    ]


def table(args: argparse.Namespace) -> tuple[list[Result], dict[Measure, list[float]]]:
    """Measure everything: the lines, and the microseconds behind them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tools, rows = peers.commands(folder), wanted(args)
        measures = [measure for row in rows for measure in (row.above, row.below)]
        peers.get(measure.tool for measure in measures)
        work.build(folder)
        measured = rounds(measures, tools, work.works(folder, args.calls), args.runs, args.cpu)
        found = [judge(row, measured) for row in rows]
        return found if args.only else [*found, *singles(tools, folder, args)], measured


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="What tracing costs, as ratios.")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--cpu", type=int, default=min(os.sched_getaffinity(0)))
    parser.add_argument("--only", default="", help="the rows with this in their name")
    parser.add_argument("--json", type=Path, help="write the results here, too (see page.py)")
    parser.add_argument("--without", action="append", default=[], choices=peers.PEERS)
    args = parser.parse_args()
    results, measured = table(args)
    here = f"{platform.system()} {platform.release()}, {platform.machine()}"
    print(f"{here}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}\n")
    print(tabulate(results, headers=["", "measured", "range", "target", "verdict"]))
    if args.json is not None:
        rows = [result._asdict() for result in results]
        costs = [
            {"tool": what.tool, "work": what.work, "clock": what.clock.value, "us": us}
            for what, us in measured.items()
        ]
        told = {"machine": here, "rows": rows, "costs": costs}
        args.json.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()

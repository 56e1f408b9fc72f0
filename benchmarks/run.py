"""What tracing costs, as ratios: against a bare ptrace loop (the floor), strace, and ourselves.

    python benchmarks/run.py [--runs N] [--calls N] [--cpu N]

Every tool traces the same program, pinned with it to one processor, in turn: A B C A B C ... The
cost per call is the time of a run with many calls less that of a run with none, so that the start
of the tool is left out; the ratio is the median of the rounds' ratios. A missing tool is an error.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tabulate import tabulate

HERE = Path(__file__).parent

FLOOR, TEXT, STRACE = "floor", "picotrace -f -o", "strace -f -o"
STREAM, STOP = "stream of batches", "stop per event"

# A tool, what its cost is divided by, and the most that is hoped for; None: a peer.
ROWS = [
    (FLOOR, FLOOR, None),
    (STRACE, FLOOR, None),
    (TEXT, FLOOR, 1.15),
    (STREAM, TEXT, 1.05),
    (STOP, TEXT, 1.25),
]


def compile_all(folder: Path) -> None:
    """The floor and the workload, from the C files beside this one."""
    compiler = os.environ.get("CC", "cc")
    for name in ("floor", "dense"):
        command = [compiler, "-O2", "-o", str(folder / name), str(HERE / f"{name}.c")]
        subprocess.run(command, check=True)


def tools(folder: Path) -> dict[str, list[str]]:
    """The command lines to be compared, without the program they trace."""
    strace = shutil.which("strace")
    if strace is None:
        sys.exit("benchmarks: strace is missing: install it, it is the peer to be compared with")
    return {
        FLOOR: [str(folder / "floor")],
        STRACE: [strace, "-f", "-o", str(folder / "s.txt")],
        TEXT: [sys.executable, "-m", "pypicotrace", "-f", "-o", str(folder / "p.txt")],
        STREAM: [sys.executable, str(HERE / "embedded.py"), "stream"],
        STOP: [sys.executable, str(HERE / "embedded.py"), "stop"],
    }


def seconds(command: list[str], cpu: int) -> float:
    """How long a command takes, pinned to one processor with all that it starts."""
    start = time.perf_counter()
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
    )
    return time.perf_counter() - start


def measure(folder: Path, args: argparse.Namespace) -> dict[str, list[float]]:
    """Microseconds per call of each tool, in each round."""
    dense = str(folder / "dense")
    costs: dict[str, list[float]] = {name: [] for name, _, _ in ROWS}
    for _ in range(args.runs):
        for name, command in tools(folder).items():
            many = seconds([*command, dense, str(args.calls)], args.cpu)
            none = seconds([*command, dense, "0"], args.cpu)
            costs[name].append((many - none) / args.calls * 1e6)
    return costs


def rows(costs: dict[str, list[float]]) -> list[list[object]]:
    """A row per tool: microseconds, ratio to its peer with the range of the rounds, verdict."""
    table: list[list[object]] = []
    for name, peer, target in ROWS:
        ratios = [cost / other for cost, other in zip(costs[name], costs[peer], strict=True)]
        ratio = statistics.median(ratios)
        verdict = "" if target is None else ("reached" if ratio <= target else "MISSED")
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        micros = round(statistics.median(costs[name]), 2)
        table.append([name, micros, peer, round(ratio, 3), spread, target, verdict])
    return table


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="What tracing costs, as ratios.")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--cpu", type=int, default=min(os.sched_getaffinity(0)))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compile_all(folder)
        costs = measure(folder, args)
    head = ["tool", "us per call", "over", "ratio", "range", "target", "verdict"]
    print(tabulate(rows(costs), headers=head))


if __name__ == "__main__":
    main()

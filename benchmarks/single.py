"""The rows that are no ratio of two programs' times: fairness, memory, start, a line of text."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

import install
import peers
from rows import Result
from timing import seconds

THREADS, FAIR_SECONDS = 32, 3
LINES = 2_000_000
CALLS, CROWD = 1_000_000, 1000
TURNS = 20_000


def result(name: str, got: float, most: float, unit: str, detail: str) -> Result:
    """A line of the table for something that is to be small."""
    verdict = "reached" if got <= most else "MISSED"
    return Result(name, f"{got:.3g}{unit}", detail, f"<= {most:g}{unit}", verdict)


def fairness(tools: dict[str, list[str]], folder: Path, cpu: int | None, runs: int) -> Result:
    """The most calls of one thread over the fewest, in a fixed time; all attempts are shown."""
    command = [*tools[peers.TEXT], str(folder / "crowd"), "fair", str(THREADS), str(FAIR_SECONDS)]
    found = []
    for _ in range(runs):
        run = subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            preexec_fn=None if cpu is None else lambda: os.sched_setaffinity(0, {cpu}),
        )
        fewest, most = map(int, run.stdout.split())
        found.append(most / max(fewest, 1))
    where = "unpinned" if cpu is None else "pinned"
    name, limit = f"{THREADS} spinning threads, most / fewest, {where}", 2.0 if cpu is None else 1.3
    return result(name, statistics.median(found), limit, "", ", ".join(f"{n:.2f}" for n in found))


def peak_mb(folder: Path, command: list[str]) -> float:
    """The most memory in MB that a command, or the largest of its children, had in use."""
    told = subprocess.run([str(folder / "peak"), *command], check=True, stdout=subprocess.PIPE)
    return int(told.stdout.split()[-1]) / 1024


def memory(tools: dict[str, list[str]], folder: Path, calls: int) -> Result:
    """Of 1,000 threads and a million calls to a file, above the interpreter."""
    crowd = [str(folder / "crowd"), "threads", str(CROWD), str(calls)]
    bare = peak_mb(folder, [sys.executable, "-c", "pass"])
    full = peak_mb(folder, [*tools[peers.TEXT], *crowd])
    name = f"peak memory, {CROWD:,} threads, {calls:,} calls"
    return result(name, full - bare, 30, " MB", f"{full:.1f}, interpreter {bare:.1f}")


def starting(tools: dict[str, list[str]], cpu: int, runs: int) -> list[Result]:
    """`picotrace true`: how long it takes, and how many times as long as strace takes."""
    ours, theirs, pythons = [], [], []
    to_file = tools[peers.STRACE][1:]
    picotrace = install.own()
    for _ in range(runs * 3):
        ours.append(seconds([picotrace, *to_file, "/bin/true"], cpu) * 1000)
        theirs.append(seconds([*tools[peers.STRACE], "/bin/true"], cpu) * 1000)
        pythons.append(seconds([install.OWN / "bin" / "python", "-c", ""], cpu) * 1000)
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    least = f"least {min(ours):.0f} ms; Python itself {statistics.median(pythons):.0f} ms"
    return [
        result("picotrace true", statistics.median(ours), 120, " ms", least),
        result(
            "picotrace true, over strace true",
            statistics.median(ratios),
            4,
            "",
            f"minima {min(ours) / min(theirs):.2f}",
        ),
    ]


def stepping(tools: dict[str, list[str]], folder: Path, cpu: int) -> Result:
    """What an instruction takes where each is a stop."""
    command = [*tools[peers.STEPPER], str(folder / "turns")]
    costs, counts = [], []
    for turns in (0, TURNS):
        costs.append(seconds([*command, str(turns)], cpu))
        counts.append(int((folder / "trace").read_text().split()[-1]))
    more = counts[1] - counts[0]
    us = (costs[1] - costs[0]) / more * 1e6
    return Result("singlestepper, an instruction", f"{us:.1f} us", f"of {more:,}", "", "")


def formatting(folder: Path, runs: int) -> list[Result]:
    """A line of text in C: to nothing, and to a file."""
    found = []
    for name, file, most in (("nothing", "/dev/null", 60), ("a file", str(folder / "lines"), 100)):
        times = [
            float(subprocess.check_output([str(folder / "format"), str(LINES), file]))
            for _ in range(runs)
        ]
        row = f"formatting a line of the same LWP, to {name}"
        found.append(
            result(row, statistics.median(times), most, " ns", f"least {min(times):.0f} ns")
        )
    return found

"""Where the time goes: whose each sample of the processor's clock is, and what of it.

    python benchmarks/where.py OUT.json [--calls N] [--cpu N]

Text of all calls of a program that makes nothing but calls is sampled by perf(1), tracer and
tracee bound to one processor. The clock is the system's (cpu-clock): what runs with interrupts off
is counted where they come on again. page.py makes a table of it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import install
import peers
import work

RATE = 10_000
"""Samples a second."""
KERNEL = re.compile(r"\[(kernel|guest\.kernel)|\.ko\b|^\[vdso")
SWITCH = re.compile(
    r"schedul|switch|wake_up|wakeup|ttwu|enqueue|dequeue|pick_|update_curr|rq_|_rq|select_task|"
    r"prepare_task|set_next|put_prev|load_avg|sched_"
)
"""Functions of the kernel that have one program run in place of another."""


def part(comm: str, library: str, function: str) -> str:
    """Whose time a sample is of, in words of the page."""
    tracer = not comm.startswith("dense")
    who = "tracer" if tracer else "tracee"
    if KERNEL.search(library):
        what = "switching from one to the other" if SWITCH.search(function) else "its system calls"
        return what if what.startswith("switching") else f"the {who}: {what}"
    if "_pico" in library:
        return "the tracer: the loop, in C"
    return f"the {who}: itself" if not tracer else "the tracer: Python and the C library"


def parts(lines: Iterable[str]) -> Counter[str]:
    """Of ``perf script -F comm,ip,sym,dso``: how many samples each part has."""
    found: Counter[str] = Counter()
    for line in lines:
        sample = re.match(r"\s*(.*?)\s+[0-9a-f]+ (.*) \((.*)\)\s*$", line)
        if sample:
            comm, function, library = sample.groups()
            found[part(comm, library, function)] += 1
    return found


def sampled(folder: Path, calls: int, cpu: int) -> Counter[str]:
    """Trace, and look."""
    data = folder / "perf.data"
    command = [*peers.commands(folder)[peers.TEXT], *work.works(folder, calls)[work.DENSE].much]
    record = ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(RATE), "-o", str(data), "--"]
    subprocess.run(
        [*record, "taskset", "-c", str(cpu), *command], check=True, stdout=subprocess.DEVNULL
    )
    script = ["perf", "script", "-i", str(data), "-F", "comm,ip,sym,dso"]
    told = subprocess.run(script, check=True, stdout=subprocess.PIPE, text=True)
    return parts(told.stdout.splitlines())


def main() -> None:
    """Write it."""
    parser = argparse.ArgumentParser(description="Where the time of a traced call goes.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--cpu", type=int, default=min(os.sched_getaffinity(0)))
    args = parser.parse_args()
    install.programs(["perf"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        work.build(folder)
        found = sampled(folder, args.calls, args.cpu)
    here = f"{platform.system()} {platform.release()}, {platform.machine()}"
    told = {"machine": here, "calls": args.calls, "samples": dict(found.most_common())}
    args.out.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""Where the time goes: whose each sample of the processor's clock is, and what of it.

    python benchmarks/where.py OUT.json [--calls N] [--cpu N]

Text of all calls of a program that makes nothing but calls is sampled by perf(1), tracer and
tracee bound to one processor; what nothing to do takes is taken off, and so the start is. The clock
is the system's (cpu-clock): what runs while interrupts are off is counted where they come on again.
page.py makes a table of it.
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
from collections.abc import Iterator
from pathlib import Path

import install
import peers
import work

RATE = 10_000
"""Samples a second."""
FRAME = re.compile(r"\s*[0-9a-f]+ (.*?)(?:\+0x[0-9a-f]+)? \((.*)\)$", re.MULTILINE)
KERNEL = re.compile(r"\[k|bpf")
TRACEE = (
    (r"ptrace_notify", "the tracee stops: it wakes up the tracer, and sleeps"),
    (r"", "the tracee: the call itself, and into the kernel and back"),
)
TRACER = (
    (r"bpf|htab|lookup_nulls", "eBPF programs of the machine, at each system call of the tracer"),
    (r"kernel_wait4", "the tracer waits for a stop: wait4(2)"),
    (r"sys_ptrace", "the tracer asks what it is, and resumes: ptrace(2), twice"),
    (r"sys_write", "the tracer writes the file"),
    (r"syscall_64|exit_to_user", "the tracer: into the kernel and back"),
    (r"^@.*(_pico\.|libc\.|vdso)", "the tracer's own loop, in C"),
    (r"", "Python"),
)
"""Parts, by the functions that are in a sample's chain of calls; a library has a @ before it."""


def part(program: str, chain: str) -> str:
    """Which part of the whole a sample is of."""
    rules = TRACEE if program.startswith("dense") else TRACER
    return next(what for functions, what in rules if re.search(functions, chain))


def samples(told: str) -> Iterator[str]:
    """The part of each sample in what ``perf script -F comm,ip,sym,dso`` prints."""
    for block in told.split("\n\n"):
        program, _, rest = block.strip("\n").partition("\n")
        frames = FRAME.findall(rest)
        if frames:
            kernel = [function for function, library in frames if KERNEL.match(library)]
            yield part(program.strip(), " ".join(kernel) or f"@{frames[0][1]}")


def sampled(folder: Path, command: list[str], cpu: int) -> Counter[str]:
    """How many samples each part has."""
    data = folder / "perf.data"
    record = ["perf", "record", "-q", "-g", "-e", "cpu-clock", "-F", str(RATE), "-o", str(data)]
    bound = ["taskset", "-c", str(cpu)]
    subprocess.run([*bound, *record, "--", *command], check=True, stdout=subprocess.DEVNULL)
    script = ["perf", "script", "-i", str(data), "-F", "comm,ip,sym,dso"]
    return Counter(samples(subprocess.run(script, check=True, stdout=-1, text=True).stdout))


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
        text, dense = peers.commands(folder)[peers.TEXT], work.works(folder, args.calls)[work.DENSE]
        found = sampled(folder, [*text, *dense.much], args.cpu)
        found.subtract(sampled(folder, [*text, *dense.nothing], args.cpu))
    here = f"{platform.system()} {platform.release()}, {platform.machine()}"
    parts = {what: max(count, 0) for what, count in found.most_common()}
    told = {"machine": here, "calls": args.calls, "samples": parts}
    args.out.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()

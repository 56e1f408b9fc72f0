"""What the system tells of processes, without the tracer: on each system in its own way."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

LINUX = sys.platform == "linux"
NAME = os.uname().sysname

OPEN = "openat" if LINUX else "open"
SLEEP = "clock_nanosleep" if LINUX else "__nanosleep50"
WAIT = "wait4" if LINUX else "__wait450"
EXIT = "exit_group" if LINUX else "exit"
"""What the C library calls for open(3), sleep(3), wait(3) and exit(3)."""


class Process(NamedTuple):
    """A process that lives, which a zombie does not."""

    pid: int
    parent: int
    """While it is traced, that may be its tracer."""
    state: str
    """R running, S asleep, D asleep beyond the reach of signals, T stopped."""
    traced: bool
    session: int
    name: str


def processes() -> Iterator[Process]:
    yield from _processes_by_proc() if LINUX else _processes_by_ps()


def process(pid: int) -> Process | None:
    if LINUX:
        return _process_by_proc(pid)
    return next(_processes_by_ps("-p", str(pid)), None)


def state(pid: int) -> str:
    """As `Process.state`; empty: there is no such process."""
    found = process(pid)
    return found.state if found is not None else ""


def untouched(pid: int) -> bool:
    """Nobody traces it, and it has not been stopped."""
    found = process(pid)
    return found is not None and not found.traced and found.state in "RSD"


def traced_asleep(pid: int) -> bool:
    """Somebody traces it, and it is asleep, not stopped."""
    found = process(pid)
    return found is not None and found.traced and found.state == "S"


def marked(mark: bytes) -> list[int]:
    """The processes but this one with that in their environment."""
    if not LINUX:
        lines = _ps("pid", "command", which=["-axww", "-e"])
        found = [int(line.split()[0]) for line in lines if mark in line]
        return [pid for pid in found if pid != os.getpid()]
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if int(pid) != os.getpid() and mark in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(int(pid))
    return found


def children() -> list[int]:
    """The children of this process, zombies too, and its tracees where those are children."""
    if not LINUX:
        rows = [line.split() for line in _ps("pid", "ppid", "ucomm")]
        return [int(row[0]) for row in rows if int(row[1]) == os.getpid() and row[2] != b"ps"]
    found = []
    for path in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # that LWP has ended
            found += [int(child) for child in path.read_text().split()]
    return found


def _ps(*columns: str, which: Sequence[str] = ("-ax",)) -> list[bytes]:
    """The rows, without a header."""
    argv = ["ps", *which, *(f"-o{column}=" for column in columns)]
    # Without the mark of this test in its own environment. Where one process was asked for and is
    # gone, the status is 1.
    env = {"PATH": os.environ["PATH"]}
    done = subprocess.run(argv, check=False, stdout=subprocess.PIPE, env=env)
    return done.stdout.splitlines()


def _processes_by_ps(*which: str) -> Iterator[Process]:
    for line in _ps("pid", "ppid", "sid", "stat", "ucomm", which=which or ["-ax"]):
        pid, parent, session, stat, *name = line.decode(errors="backslashreplace").split()
        # ps(1) of NetBSD: I is a long sleep, O on a processor; X among the rest is traced.
        letter = {"I": "S", "O": "R"}.get(stat[0], stat[0])
        if letter != "Z":
            words = (int(pid), int(parent), letter, "X" in stat, int(session), " ".join(name))
            yield Process(*words)


def _processes_by_proc() -> Iterator[Process]:
    for entry in filter(str.isdigit, os.listdir("/proc")):
        found = _process_by_proc(int(entry))
        if found is not None:
            yield found


def _process_by_proc(pid: int) -> Process | None:
    folder = Path(f"/proc/{pid}")
    try:
        line = (folder / "stat").read_bytes().decode(errors="backslashreplace")
        status = (folder / "status").read_bytes()
    except OSError:
        return None
    name, _, rest = line.partition("(")[2].rpartition(") ")
    state, parent, _, session = rest.split()[:4]
    if state in "ZX":
        return None
    traced = b"\nTracerPid:\t0\n" not in status
    return Process(pid, int(parent), state.upper(), traced, int(session), name)

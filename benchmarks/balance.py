"""What a program holds (descriptors, memory, threads, timers), and what it has left behind.

For Linux: it looks at /proc.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import time
import tracemalloc
from collections.abc import Container
from pathlib import Path
from typing import NamedTuple

PAGE = os.sysconf("SC_PAGE_SIZE")
WALL = 0x40000000
"""__WALL, wait(2): tracees and threads too."""
PATIENCE = 10.0
"""Seconds that what was killed may take to be gone."""
RSS_GROWTH = 16 << 20
PYTHON_GROWTH = 1 << 20


class Held(NamedTuple):
    """What this process holds now."""

    descriptors: tuple[str, ...]
    threads: int
    timers: int
    signals: tuple[str, ...]
    rss: int
    python: int


def held() -> Held:
    """Bytes of memory; descriptors by number and what they are of; signals blocked and caught."""
    gc.collect()
    status = Path("/proc/self/status").read_text().splitlines()
    statm = Path("/proc/self/statm").read_text().split()
    return Held(
        descriptors=tuple(sorted(_descriptors())),
        threads=len(os.listdir("/proc/self/task")),
        timers=Path("/proc/self/timers").read_text().count("ID:"),
        signals=tuple(line for line in status if line.startswith(("SigBlk", "SigIgn", "SigCgt"))),
        rss=int(statm[1]) * PAGE,
        python=tracemalloc.get_traced_memory()[0],
    )


def _descriptors() -> list[str]:
    found = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            found.append(f"{fd} {os.readlink(f'/proc/self/fd/{fd}')}")
        except FileNotFoundError:
            continue  # the one that listed them
    return found


def leaks(before: Held, now: Held, *, memory: bool) -> list[str]:
    """What is held now and was not before; of memory, if that is asked for, more than may be."""
    found = [f"descriptor {one}" for one in now.descriptors if one not in before.descriptors]
    found += [f"{now.threads} threads, {before.threads} before"] * (now.threads > before.threads)
    found += [f"{now.timers} timers, {before.timers} before"] * (now.timers > before.timers)
    found += [f"signals {now.signals}, {before.signals} before"] * (now.signals != before.signals)
    for what, growth, most in (
        ("resident", now.rss - before.rss, RSS_GROWTH),
        ("Python's", now.python - before.python, PYTHON_GROWTH),
    ):
        found += [f"memory, {what}: {growth >> 10} kB more"] * (memory and growth > most)
    return found


def reap(own: Container[int]) -> list[str]:
    """Take the ends of children; those that are not in ``own`` are leaks, and so are tracees."""
    found: list[str] = []
    end = time.monotonic() + PATIENCE
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG | WALL)
        except ChildProcessError:
            return found
        if pid and pid not in own:
            found.append(f"child {pid}, status {status:#x}")
        elif not pid and time.monotonic() > end:
            return [*found, "a child that lives, or a tracee"]
        elif not pid:
            time.sleep(0.005)


def left_behind(mark: bytes) -> list[str]:
    """Processes that have ``mark`` in their environment, and do not end.

    One that has stopped itself, and lost who would have it go on, is continued first.
    """
    end = time.monotonic() + PATIENCE
    while (living := _marked(mark)) and time.monotonic() < end:
        for pid in living:
            if "State:\tT (stopped), TracerPid:\t0" in _state(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        time.sleep(0.01)
    return [f"process {pid}: {_state(pid)}" for pid in living]


def _marked(mark: bytes) -> list[int]:
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if int(pid) != os.getpid() and mark in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(int(pid))
        except OSError:
            continue  # it is gone, or somebody else's
    return found


def _state(pid: int) -> str:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return "gone just now"
    return ", ".join(line for line in lines if line.startswith(("Name:", "State:", "TracerPid:")))

"""Runs of the tracer, programs to attach to, and what they tell."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import pytest
from record import of

import pypicotrace as pt

WAY = os.environ.get("PYPICOTRACE_WAY", "")
"""How the `trace` fixture runs its loops: "filtered", a filter in the kernel chooses every call;
"pinned", tracee and tracer share a processor where that is worth it; "stream", the events come in
batches, where a test does nothing to the LWPs; "entries", no call's exit is asked for."""
asks_for_results = pytest.mark.skipif(
    WAY == "entries", reason="it asks what calls return, which only their exits tell"
)
PATIENCE = 20.0
"""Seconds to wait for what happens at once on a machine that is not busy."""


@dataclass(frozen=True)
class Run:
    """What a run of the tracer gave, and what the tracee itself said."""

    events: list[pt.Event]
    root: int
    status: pt.Exited | pt.Signaled | None
    output: bytes

    def of(self, kind: type[pt.Event], **fields: object) -> list[Any]:
        return of(self.events, kind, **fields)

    def one(self, kind: type[pt.Event], **fields: object) -> Any:
        """The only event of that class with these values."""
        found = self.of(kind, **fields)
        assert len(found) == 1, f"{kind.__name__} {fields}: {found}"
        return found[0]

    def said(self, word: str) -> list[tuple[int, ...]]:
        """The numbers on each line of the output that begins with that word."""
        lines = [line.split() for line in self.output.decode().splitlines()]
        return [tuple(int(n) for n in line[1:]) for line in lines if line[:1] == [word]]

    def told(self, word: str) -> tuple[int, ...]:
        """The numbers on the only line that begins with that word."""
        (numbers,) = self.said(word)
        return numbers

    def calls(self, lwp: int | None = None) -> list[Any]:
        """The entries and exits, of one LWP."""
        return [
            ev
            for ev in self.events
            if isinstance(ev, pt.SyscallEntry) and (lwp is None or ev.lwp == lwp)
        ]


class Trace(Protocol):
    def __call__(
        self,
        argv: Sequence[str],
        *,
        events: pt.Mask = ...,
        follow: bool = ...,
        text: bool = ...,
        deadly: Collection[str] = ...,
        body: Callable[[Any], object] = ...,
        altered: bool = ...,
        **options: Any,
    ) -> Run: ...


def contents(file: IO[bytes]) -> bytes:
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)


@dataclass(frozen=True)
class Target:
    """A program that was running before anybody traced it."""

    process: subprocess.Popen[bytes]
    out: IO[bytes]
    other: int = 0
    """A process that this one has made, which is meant then."""

    @property
    def pid(self) -> int:
        return self.other or self.process.pid

    def said(self, word: str) -> list[tuple[int, ...]]:
        """Of whole lines: what comes in the middle of one, a signal's handler, may write there."""
        whole, newline, _ = contents(self.out).rpartition(b"\n")
        return Run([], 0, None, whole + newline).said(word)

    def lwps(self) -> dict[int, dict[str, str]]:
        """The fields of /proc/PID/task/LWP/status."""
        found = {}
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found[int(task.name)] = fields((task / "status").read_text())
        return found


def fields(status: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in status.splitlines())
    return {key: value.strip() for key, _, value in pairs}


def kill_in_its_stop(stop: pt.Stop) -> None:
    """Kill a stopped LWP, and wait until it is in no stop any more: it wakes up to die."""
    os.kill(stop.lwp, signal.SIGKILL)
    status = Path(f"/proc/{stop.lwp}/status")
    until(lambda: "t (tracing stop)" not in status.read_text(), "it was killed")


def until(true: Callable[[], object], what: str, bound: float = PATIENCE) -> None:
    """Wait for something that has no event of its own."""
    end = time.monotonic() + bound
    while True:
        # Before the look, which may itself be late: the last one begins when the time is over.
        over = time.monotonic() > end
        if true():
            return
        assert not over, f"in vain for {bound:.0f} seconds: {what}"
        time.sleep(0.001)

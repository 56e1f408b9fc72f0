"""What the test programs here share: their tracees, and what these say of themselves."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pypicotrace as pt
from pypicotrace.testing import Trace, compile_tracee

HERE = Path(__file__).parent
PORTABLE = HERE.parent / "live" / "tracees" / "portable"
LINUX = sys.platform == "linux"
"""The other system that there is a tracer for is NetBSD."""

MADE: dict[str, type[pt.Event]] = {
    "fork": pt.Forked,
    "vfork": pt.Vforked,
    "clone": pt.Forked,
    "posix_spawn": pt.Vforked if LINUX else pt.Spawned,
}
"""What is said of each way to make a child. Linux does posix_spawn(3) by vfork and execve."""


def program(name: str) -> str:
    """The path of a tracee: of this folder, or of those that the live tests have."""
    source = HERE / "tracees" / f"{name}.c"
    return compile_tracee(source if source.exists() else PORTABLE / f"{name}.c")


def said(output: bytes, word: str) -> list[tuple[int, ...]]:
    """The numbers on each line of a tracee's output that begins with that word."""
    lines = [line.split() for line in output.decode().splitlines()]
    return [tuple(int(number) for number in line[1:]) for line in lines if line[:1] == [word]]


def told(trace: Trace, word: str) -> tuple[int, ...]:
    """The numbers on the only such line of a trace's output."""
    lines = said(trace.stdout, word)
    assert len(lines) == 1, f"{word!r}: {trace.stdout!r} {trace.stderr!r}"
    return lines[0]


def ended_well(trace: Trace, status: int) -> None:
    """The command has exited with that status: all that it wanted was so."""
    assert isinstance(trace.status, pt.Exited), f"{trace.status}: {trace.stderr!r}"
    assert trace.status.status == status, f"{trace.status}: {trace.stderr!r}"


@contextmanager
def running(*argv: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that nobody traces so far; it is killed in the end if it still runs."""
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def name_of(signo: int) -> str:
    """A signal's name without SIG."""
    return signal.Signals(signo).name.removeprefix("SIG")

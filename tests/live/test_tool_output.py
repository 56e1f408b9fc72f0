"""On every system: what becomes of the lines of the tools where nobody reads, or room is short."""

from __future__ import annotations

import errno
import os
import platform
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cli_support import (
    Finished,
    Running,
    eventually,
    read_until,
    running,
    status_field,
    untraced,
)
from runs import until
from system import LINUX

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "amd64"), reason=f"not written for {platform.machine()}"
)
needs_proc = pytest.mark.skipif(not LINUX, reason="where a process sleeps is Linux's to tell")

SOURCE = Path(__file__).parent / "tracees" / "portable" / "counted.S"
STATUS = 3
TOOLS = [("truss",), ("sigtracer",), ("singlestepper", "-t")]
TABLE = ("singlestepper",)
INCOMPLETE, TABLE_LOST = "the trace is incomplete", "the table is lost"


@pytest.fixture
def counted(tmp_path: Path) -> str:
    """A program of few instructions, and fewer calls."""
    program = str(tmp_path / "counted")
    subprocess.run(["cc", "-nostdlib", "-static", "-o", program, str(SOURCE)], check=True)
    return program


class Pipe(NamedTuple):
    """A pipe, and what it is full of."""

    reading: int
    writing: int
    full_of: bytes


@pytest.fixture
def full_pipe() -> Iterator[Pipe]:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    size = 0
    try:
        while True:
            size += os.write(writing, b"x")
    except BlockingIOError:
        os.set_blocking(writing, True)
    # The last one, after which come the tool's lines.
    yield Pipe(reading, writing, b"x" * size)
    os.close(reading)
    os.close(writing)


def argv(tool: tuple[str, ...], *more: str) -> list[str]:
    name, *options = tool
    return [sys.executable, "-m", f"pypicotrace.tools.{name}", *options, *more]


def complaint(tool: tuple[str, ...], where: str, reason: int, what: str) -> bytes:
    return f"picotrace-{tool[0]}: {where}: {os.strerror(reason)}; {what}\n".encode()


def sleeps_in(run: Running, where: str) -> bool:
    return where in Path(f"/proc/{run.pid}/wchan").read_text()


def waits_to_write(run: Running) -> None:
    eventually(lambda: sleeps_in(run, "pipe_write"), "it waits for its reader")


def has_been_passed_on(run: Running, signo: int) -> bool:
    """Whether what is traced, which stands, has got a signal."""
    [child] = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    return bool(int(status_field(int(child), "ShdPnd"), 16) >> (signo - 1) & 1)


@needs_proc
@pytest.mark.parametrize("tool", TOOLS)
def test_a_second_signal_ends_what_nobody_reads(
    tool: tuple[str, ...], counted: str, full_pipe: Pipe
) -> None:
    with running(argv(tool, "-o", "-", counted), stdout=full_pipe.writing) as run:
        waits_to_write(run)
        run.kill(signal.SIGTERM)
        eventually(lambda: has_been_passed_on(run, signal.SIGTERM), "the first is the command's")
        waits_to_write(run)
        run.kill(signal.SIGINT)
        message = complaint(tool, "standard output", errno.EAGAIN, INCOMPLETE)
        assert run.end() == (-signal.SIGINT, b"", message)


@needs_proc
@pytest.mark.parametrize(("blocking", "where"), [(True, "pipe_write"), (False, "poll")])
@pytest.mark.parametrize("tool", [*TOOLS, TABLE])
def test_a_slow_reader(
    tool: tuple[str, ...], blocking: bool, where: str, counted: str, full_pipe: Pipe
) -> None:
    """It is waited for, also where the descriptor is not one that blocks; nothing is lost."""
    file = Path(counted).with_name("lines")
    assert untraced(argv(tool, "-o", str(file), counted)) == (STATUS, b"", b"")
    lines = len(file.read_bytes().splitlines())
    os.set_blocking(full_pipe.writing, blocking)
    with running(argv(tool, "-o", "-", counted), stdout=full_pipe.writing) as run:
        eventually(lambda: sleeps_in(run, where), "it waits for its reader")
        assert read_until(full_pipe.reading, full_pipe.full_of) == full_pipe.full_of
        for _ in range(lines):
            read_until(full_pipe.reading, b"\n")
        assert run.end() == (STATUS, b"", b"")


@needs_proc
@pytest.mark.parametrize("signo", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_the_wait_for_a_reader_of_the_table(
    signo: int, counted: str, full_pipe: Pipe
) -> None:
    """Once that can be no second one of what ended the traced command."""
    with running(argv(TABLE, "-o", "-", counted), stdout=full_pipe.writing) as run:
        waits_to_write(run)
        until(lambda: run.kill(signo) or run.process.poll() is not None, "it ends")
        assert run.process.returncode == -signo


@pytest.mark.parametrize(
    ("tool", "what"), [*((tool, INCOMPLETE) for tool in TOOLS), (TABLE, TABLE_LOST)]
)
def test_a_line_that_a_full_disk_has_cut_is_taken_back(
    tool: tuple[str, ...], what: str, counted: str
) -> None:
    """And what comes after it is lost, which is told once."""
    file = Path(counted).with_name("lines")

    def limited(most: int) -> Finished:
        return untraced(
            argv(tool, "-o", str(file), counted),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
        )

    assert limited(1 << 20) == (STATUS, b"", b"")
    first, second = file.read_bytes().splitlines(keepends=True)[:2]
    room = len(first) + len(second) // 2
    assert limited(room) == (STATUS, b"", complaint(tool, str(file), errno.EFBIG, what))
    whole, _, cut = file.read_bytes().rpartition(b"\n")
    # NetBSD refuses the whole of a write that does not fit: all of the table.
    assert (bool(whole), cut) == (LINUX or tool != TABLE, b"")

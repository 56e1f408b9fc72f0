"""A reader that is slower than the tracees slows them: nothing is lost, and nothing piles up."""

from __future__ import annotations

import os
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_support import eventually, tracing
from rows import Row, from_events, from_text
from runs import contents, until
from truth import glance, read_truth
from truthful import check_truth

import pypicotrace as pt

Tracee = Callable[[str], str]

CALLS = 8000
"""Of each of two LWPs: megabytes of text, and of events."""
BOUND = 1 << 20
"""Bytes by which the tracer may grow meanwhile: less than the trace is long."""
NAP = 0.002
"""Seconds between two reads."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "truth"


@pytest.fixture
def argv(tracee: Tracee, file: Path) -> list[str]:
    return [tracee("markers"), str(file), "1", "2", str(CALLS)]


def stands_still(file: Path) -> None:
    """The tracees have come to a halt, by their own clock, and stay there while nobody reads."""
    seen = [-1]

    def same() -> bool:
        seen.append(glance(file).clock)
        time.sleep(0.05)
        return 0 < seen[-1] == glance(file).clock

    until(same, "the tracees wait for the reader")


def slowly(fd: int) -> Iterator[bytes]:
    while piece := os.read(fd, 65536):
        yield piece
        time.sleep(NAP)


def resident(pid: int | str = "self") -> int:
    """Bytes of memory that a process has now: 0, one that has ended."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_the_command_into_a_pipe(argv: list[str], file: Path, tmp_path: Path) -> None:
    with tracing("-f", "-o", "-", *argv) as run, open(tmp_path / "text", "w+b") as kept:
        assert run.process.stdout is not None
        eventually(lambda: glance(file).clock, "it has begun")
        stands_still(file)
        before = glance(file).clock
        assert before < CALLS, "no more than a pipe holds"
        first = last = resident(run.pid)
        for piece in slowly(run.process.stdout.fileno()):
            kept.write(piece)
            last = max(last, resident(run.pid))
        assert run.end().status == 10
        kept.flush()
        text = contents(kept)
    assert len(text) > 2 * BOUND
    assert last - first < BOUND
    lines = text.decode("ascii").splitlines(keepends=True)
    check_truth(from_text(lines), read_truth(file))


def test_text_into_a_pipe(argv: list[str], file: Path, tmp_path: Path) -> None:
    """`Loop.write_text` waits for its reader."""
    r, w = os.pipe()
    sizes = [resident()]

    def read() -> None:
        stands_still(file)
        with open(tmp_path / "text", "wb") as kept:
            for piece in slowly(r):
                kept.write(piece)
                sizes.append(resident())

    reader = threading.Thread(target=read)
    with pt.spawn(argv, follow=True) as loop:
        reader.start()
        assert loop.write_text(w) == 0
    os.close(w)
    reader.join()
    os.close(r)
    assert max(sizes) - sizes[0] < BOUND
    with open(tmp_path / "text", encoding="ascii") as lines:
        check_truth(from_text(lines), read_truth(file))


def test_a_stream(argv: list[str], file: Path, tmp_path: Path) -> None:
    """While a batch is looked at, each LWP comes to its next stop, and no further."""
    with open(tmp_path / "kept", "w+b") as kept, pt.spawn(argv, follow=True) as loop:
        batches = 0
        grown = first = 0
        for batch in loop.stream():
            pickle.dump(list(from_events(batch)), kept)
            if glance(file).clock:
                stands_still(file) if batches % 20 == 0 else time.sleep(NAP)
                first = first or resident()
                grown = max(grown, resident() - first)
            batches += 1
        kept.seek(0)
        rows: list[Row] = []
        for _ in range(batches):
            rows += pickle.load(kept)  # noqa: S301  written above
    assert loop.returncode == 10
    assert batches > 20
    assert grown < BOUND
    check_truth(rows, read_truth(file))

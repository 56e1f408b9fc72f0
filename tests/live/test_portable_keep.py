"""On every system: at each execve it is asked whether to trace the process on."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
from record import of
from runs import Target, contents, until

import pypicotrace as pt
from pypicotrace.text import Text

Tracee = Callable[[str], str]
Scratch = Callable[[], IO[bytes]]
SCRIPT = ["sh", "-c", "date; (exec ls -d /); date; exit 5"]


def base(path: bytes) -> bytes:
    return os.path.basename(path)


def test_what_it_is_told(scratch: Scratch) -> None:
    asked: list[tuple[bytes, list[bytes]]] = []
    threads = set()

    def keep(path: bytes, argv: list[bytes]) -> bool:
        asked.append((path, argv))
        threads.add(threading.get_ident())
        return True

    with pt.spawn(SCRIPT, follow=True, stdout=scratch(), keep=keep) as loop:
        execs = of(list(loop), pt.Exec)
    assert threads == {threading.get_ident()}
    assert [argv for _, argv in asked] == [
        [os.fsencode(word) for word in SCRIPT],
        [b"date"],
        [b"ls", b"-d", b"/"],
        [b"date"],
    ]
    shell, date = shutil.which("sh"), shutil.which("date")
    assert shell is not None
    assert date is not None
    assert [Path(os.fsdecode(path)) for path, _ in asked[:2]] == [
        Path(shell).resolve(),
        Path(date).resolve(),
    ]
    assert len(execs) == 4


@pytest.mark.parametrize("events", [pt.ALL, pt.EXEC | pt.ATTACH | pt.EXIT], ids=["all", "few"])
@pytest.mark.parametrize("way", ["stop", "stream", "text"])
def test_one_that_is_not_wanted_runs_free(scratch: Scratch, way: str, events: pt.Mask) -> None:
    out = scratch()
    with pt.spawn(
        SCRIPT,
        follow=True,
        stdout=out,
        events=events,
        keep=lambda path, argv: argv[0] != b"date",
    ) as loop:
        if way == "text":
            lines = scratch()
            loop.write_text(lines.fileno(), Text.PLAIN)
            words = [line.split()[3] for line in contents(lines).decode().splitlines()]
            assert (words.count("EXEC"), words.count("DETACHED")) == (4, 2)
        else:
            record = list(loop) if way == "stop" else [e for b in loop.stream(3) for e in b]
            gone = {ev.pid: ev.seq for ev in of(record, pt.Detached)}
            images = {ev.pid: ev.seq for ev in of(record, pt.Exec) if ev.program == b"date"}
            # Nothing but its image comes before, and nothing after.
            assert {pid: seq - 1 for pid, seq in gone.items()} == images
            assert len(gone) == 2
            assert not [ev for ev in record if ev.pid in gone and ev.seq > gone[ev.pid]]
            assert len(of(record, pt.Exited)) == 2
    assert isinstance(loop.status, pt.Exited)
    assert loop.status.status == 5
    assert len(contents(out).splitlines()) == 3


def test_not_even_the_first(scratch: Scratch) -> None:
    with pt.spawn(["sh", "-c", "exit 6"], keep=lambda path, argv: False) as loop:
        assert [type(ev) for ev in loop] == [pt.Exec, pt.Detached]
    assert loop.status is None
    assert os.waitpid(loop.root, 0) == (loop.root, 6 << 8)


def test_what_it_raises_ends_the_trace_as_the_bodys_would() -> None:
    def keep(path: bytes, argv: list[bytes]) -> bool:
        if argv[0] == b"sleep":
            raise ZeroDivisionError
        return True

    loop = pt.spawn(["sh", "-c", "sleep 60; :"], follow=True, keep=keep)
    with pytest.raises(ZeroDivisionError), loop:
        list(loop.stream())
    assert isinstance(loop.status, pt.Signaled)


@pytest.mark.parametrize("way", [iter, lambda loop: loop.stream()])
def test_a_stop_iteration_of_its_own_does_not_end_the_trace_as_if_it_were_over(
    way: Callable[[pt.Loop], Iterator[object]],
) -> None:
    nothing: Iterator[bool] = iter(())
    with pt.spawn(["sleep", "60"], keep=lambda path, argv: next(nothing)) as loop:
        with pytest.raises(RuntimeError, match="raised StopIteration") as caught:
            list(way(loop))
        assert isinstance(caught.value.__cause__, StopIteration)


def test_what_was_attached_to_is_unharmed_by_what_it_raises(start: Callable[..., Target]) -> None:
    def keep(path: bytes, argv: list[bytes]) -> bool:
        raise ZeroDivisionError

    made = start(["sh", "-c", "echo ready; read line; exec date"], stdin=subprocess.PIPE)
    until(lambda: made.said("ready"), "ready")
    assert made.process.stdin is not None
    with pt.attach(made.pid, keep=keep) as loop:
        made.process.stdin.close()
        with pytest.raises(ZeroDivisionError):
            list(loop)
    assert made.process.wait() == 0


def test_a_tracer_is_run_with_it(scratch: Scratch) -> None:
    class Names(pt.Tracer):
        def __init__(self) -> None:
            self.seen: list[bytes] = []

        def exited(self, event: pt.Exited) -> None:
            self.seen.append(event.program)

    tracer = Names()
    options = {"follow": True, "stdout": scratch(), "keep": lambda path, argv: argv[0] != b"date"}
    assert isinstance(pt.run(tracer, SCRIPT, **options), pt.Exited)
    assert tracer.seen == [b"ls", b"sh"]


def test_what_is_no_function() -> None:
    with pytest.raises(TypeError, match="keep is a function"):
        pt.spawn(["true"], keep=True)  # type: ignore[arg-type]

"""Tracers as classes."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections.abc import Callable
from typing import IO

import pytest

import pypicotrace as pt
from pypicotrace.kinds import Kind

Scratch = Callable[[], IO[bytes]]


class Everything(pt.Tracer):
    """Notes which of its methods were called."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def started(self) -> None:
        self.seen.append(f"started {self.loop.root > 0}")

    def exec(self, event: pt.Exec) -> None:
        self.seen.append("exec")

    def forked(self, event: pt.Forked) -> None:
        self.seen.append("forked")

    def exited(self, event: pt.Exited) -> None:
        self.seen.append(f"exited {event.status}")

    def ended(self, status: pt.Exited | pt.Signaled | None) -> None:
        self.seen.append(f"ended {status.status}" if isinstance(status, pt.Exited) else "ended")


def test_a_method_for_each_event(scratch: Scratch) -> None:
    tracer = Everything()
    status = pt.run(tracer, ["sh", "-c", "(exit 4); exit 3"], follow=True, stdout=scratch())
    assert status == pt.Exited(pid=tracer.loop.root, lwp=0, program=b"sh", status=3)
    assert tracer.seen == [
        "started True",
        "exec",
        "forked",
        "exited 4",
        "exited 3",
        "ended 3",
    ]


def test_what_has_no_method_is_not_asked_for() -> None:
    assert pt.Tracer().mask() == pt.Mask(0)
    assert Everything().mask() == pt.EXEC | pt.FORK | pt.Mask(1 << Kind.EXITED)


class Names(pt.Tracer):
    """Is told what to look at when it is made; a type checker would have that done by a class."""

    def __init__(self, events: pt.Mask, *names: str) -> None:
        self.events = events  # type: ignore[misc]
        self.syscalls = names  # type: ignore[misc]
        self.seen: set[tuple[type[pt.Event], str]] = set()

    def event(self, event: pt.Event) -> None:
        assert isinstance(event, pt.SyscallEntry)
        self.seen.add((type(event), event.name))


def test_what_one_tracer_asks_for(scratch: Scratch) -> None:
    tracer = Names(pt.SCE, "close")
    pt.run(tracer, ["date"], stdout=scratch())
    assert tracer.seen == {(pt.SyscallEntry, "close")}


class FailOpen(pt.Tracer):
    events, syscalls = pt.SCE, ("open", "openat")

    def syscall_entry(self, event: pt.SyscallEntry) -> None:
        if event.stop.read_cstring(event.arg("path")) == b"/etc/passwd":
            event.stop.inject(error=errno.EACCES)


def test_a_tracer_that_has_calls_fail(scratch: Scratch) -> None:
    out = scratch()
    status = pt.run(FailOpen(), ["cat", "/etc/passwd"], stdout=out, stderr=out)
    assert isinstance(status, pt.Exited)
    assert status.status == 1
    out.seek(0)
    assert b"Permission denied" in out.read()


class All(pt.Tracer):
    def __init__(self) -> None:
        self.kinds: set[type[pt.Event]] = set()

    def event(self, event: pt.Event) -> None:
        self.kinds.add(type(event))


def test_one_method_for_all_events(scratch: Scratch) -> None:
    tracer = All()
    pt.run(tracer, ["date"], stdout=scratch())
    assert {pt.Exec, pt.SyscallEntry, pt.SyscallExit, pt.Exited} <= tracer.kinds


def test_on_a_process_that_runs_already() -> None:
    class Once(pt.Tracer):
        def attached(self, event: pt.Attached) -> None:
            self.loop.interrupt()

    child = subprocess.Popen(["sleep", "60"])
    try:
        assert pt.run(Once(), pids=[child.pid]) is None
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_what_a_method_raises_ends_the_trace(scratch: Scratch) -> None:
    class Fails(pt.Tracer):
        def exec(self, event: pt.Exec) -> None:
            raise RuntimeError("enough")

    tracer = Fails()
    with pytest.raises(RuntimeError, match="enough"):
        pt.run(tracer, ["sleep", "60"], stdout=scratch())
    assert isinstance(tracer.loop.status, pt.Signaled)


def test_one_that_is_killed_while_it_is_looked_at_ends_the_method_alone(scratch: Scratch) -> None:
    class Looks(pt.Tracer):
        over = False

        def exec(self, event: pt.Exec) -> None:
            os.kill(event.pid, signal.SIGKILL)
            os.waitid(os.P_PID, event.pid, os.WEXITED | os.WNOWAIT)
            event.stop.registers.update(rax=0)
            self.over = True

    tracer = Looks()
    ended = pt.run(tracer, ["sleep", "60"], stdout=scratch())
    assert isinstance(ended, pt.Signaled)
    assert not tracer.over


@pytest.mark.parametrize(("argv", "pids"), [([], []), (["date"], [1])])
def test_a_program_or_processes(argv: list[str], pids: list[int]) -> None:
    with pytest.raises(ValueError, match="argv"):
        pt.run(pt.Tracer(), argv, pids=pids)

#!/usr/bin/env python3
"""Ends: a tracee that is killed or let go at each kind of stop, and one that is attached to."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from witness import LINUX, MADE, ended_well, program, running

import pypicotrace as pt
from pypicotrace.testing import Trace, atf

Traced = Callable[..., Trace]


def entry(event: Any) -> bool:
    return type(event) is pt.SyscallEntry and event.name == "getppid"


def left(event: Any) -> bool:
    return type(event) is pt.SyscallExit and event.name == "getppid"


STOPS: dict[str, tuple[list[str], Callable[[Any], bool]]] = {
    "entry": (["calls", "some"], entry),
    "exit": (["calls", "some"], left),
    "signal": (
        ["dispositions", "handled", str(int(signal.SIGUSR1))],
        lambda ev: type(ev) is pt.Stopped,
    ),
    "fault": (["faulty", "handled", str(int(signal.SIGSEGV))], lambda ev: type(ev) is pt.Crashed),
    "exec": (["execs", "/bin/sh", "-c", "exit 9"], lambda ev: type(ev) is pt.Exec and ev.seq > 1),
    "fork": (["families", "fork", "exit"], lambda ev: type(ev) is pt.Forked),
    "vfork_done": (["families", "vfork", "exit"], lambda ev: type(ev) is pt.VforkDone),
    "lwp_created": (["threads", "some", "3"], lambda ev: type(ev) is pt.LwpCreated),
    "lwp_exited": (["threads", "some", "3"], lambda ev: type(ev) is pt.LwpExited),
}


def words(where: str) -> list[str]:
    name, *rest = STOPS[where][0]
    return [program(name), *rest]


@atf.each(where=STOPS.keys())
def test_killed_at_a_stop(where: str, traced: Traced) -> None:
    """A tracee that is killed while it stands in a stop ends by that, and does nothing more"""
    killed: list[int] = []

    def kill(event: Any) -> None:
        if not killed and STOPS[where][1](event):
            killed.append(event.seq)
            os.kill(event.pid, signal.SIGKILL)

    trace = traced(words(where), follow=True, at_stop=kill)
    assert killed, trace
    assert isinstance(trace.status, pt.Signaled)
    trace.expect(pt.Signaled(pid=trace.root, signo=signal.SIGKILL, core=False), times=1)
    # Other LWPs of it may have been under way; no new call begins in the one that stood.
    stood = next(event for event in trace if event.seq == killed[0])
    after = [event for event in trace.lwp(stood.lwp) if event.seq > stood.seq]
    assert not [event for event in after if type(event) is pt.SyscallEntry]


STATUS = {"calls": 0, "dispositions": 5, "faulty": 6, "execs": 9, "families": 0, "threads": 0}


@atf.each(where=STOPS.keys())
def test_let_go_at_a_stop(where: str, traced: Traced) -> None:
    """A tracee that is let go while it stands in a stop runs on to its own end"""
    argv = words(where)
    with running("/bin/sh", "-c", 'read line; exec "$@"', "sh", *argv) as process:
        with pt.attach(process.pid, follow=True) as loop:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()
            # The shell has a Stopped of its own when it is attached to on no system; an Exec first.
            began = False
            for event in loop:
                began = began or type(event) is pt.Exec
                if began and STOPS[where][1](event) and event.program != b"sh":
                    break
                if where == "exec" and type(event) is pt.Exec and event.program == b"sh":
                    break
        assert process.wait() == STATUS[STOPS[where][0][0]]


@atf.each(status=[0, 1, 2, 42, 127, 128, 254, 255])
def test_status(status: int, traced: Traced) -> None:
    """An exit is reported with its status"""
    trace = traced(["/bin/sh", "-c", f"exit {status}"])
    ended_well(trace, status)
    assert trace.events[-1] == trace.status


def test_core_of_one_that_goes_on(traced: Traced, tmp_path: Path) -> None:
    """A core file is written of a tracee that goes on afterwards"""
    if LINUX:
        atf.skip("Linux: no request of ptrace(2) writes a core file")
    core = tmp_path / "core"

    def dump(event: Any) -> None:
        if entry(event) and not core.exists():
            event.stop.dump_core(core)

    ended_well(traced([program("calls"), "some"], at_stop=dump), 0)
    assert core.read_bytes()[:4] == b"\x7fELF"


@atf.each(doing=["reading", "running", "stopped"])
def test_attached_to(doing: str, traced: Traced) -> None:
    """A process that is attached to, whatever it does, and let go, does it on"""
    script = {"reading": "read line; exit 7", "stopped": "kill -STOP $$; exit 7"}
    script["running"] = "trap 'exit 7' TERM; while :; do :; done"
    with running("/bin/sh", "-c", script[doing]) as process:
        if doing == "stopped":
            os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        with pt.attach(process.pid) as loop:
            assert loop.attached == {process.pid: 1}
        assert process.stdin is not None
        if doing == "reading":
            process.stdin.write(b"go\n")
            process.stdin.flush()
        elif doing == "stopped":
            process.send_signal(signal.SIGCONT)
        else:
            process.send_signal(signal.SIGTERM)
        # One that had not set its trap yet is killed by it.
        assert process.wait() in ((7,) if doing != "running" else (7, -signal.SIGTERM))


def test_end_is_told_to_the_parent(traced: Traced) -> None:
    """The end of a child that is attached to is told to its tracer, and then to its parent"""
    with running("/bin/sh", "-c", "read line; exit 7") as process:
        with pt.attach(process.pid, events=pt.EXIT) as loop:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()
            ends = list(loop)
        assert [(type(end), end.pid) for end in ends] == [(pt.Exited, process.pid)]
        assert process.wait() == 7


def refused(pid: int) -> int:
    """The error with which attaching fails."""
    try:
        with pt.attach(pid):
            return 0
    except pt.AttachError as error:
        return int(error.errno or 0)


def test_attach_to_nobody() -> None:
    """Nobody can be attached to who is not there"""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert refused(process.pid) == errno.ESRCH


def test_attach_to_oneself() -> None:
    """A process cannot attach to itself: EPERM on Linux, EINVAL on NetBSD"""
    assert refused(os.getpid()) == (errno.EPERM if LINUX else errno.EINVAL)


def test_attach_to_the_ended(traced: Traced) -> None:
    """A process that has ended, and nobody has waited for, cannot be attached to"""
    process = subprocess.Popen(["/bin/sh", "-c", "exit 7"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert refused(process.pid) in (errno.EPERM, errno.ESRCH)
    assert process.wait() == 7


def test_attach_to_the_traced(traced: Traced) -> None:
    """A process that is traced cannot be attached to: EPERM on Linux, EBUSY on NetBSD"""
    with running("/bin/sh", "-c", "read line; exit 7") as process:
        script = (
            "import pypicotrace as pt, sys\n"
            f"with pt.attach({process.pid}):\n"
            "    print('attached', flush=True)\n"
            "    sys.stdin.read()\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"attached\n"
            assert refused(process.pid) == (errno.EPERM if LINUX else errno.EBUSY)
            other.communicate(b"")
        assert refused(process.pid) == 0


@atf.each(how=MADE.keys())
def test_children_end_with_the_loop(how: str, traced: Traced) -> None:
    """All that a loop has started is gone when it is left"""
    with pt.spawn([program("families"), how, "exec"], follow=True) as loop:
        for event in loop:
            if type(event) is MADE[how]:
                child = event.child
                break
    for pid in (loop.root, child):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            continue
        # An orphan's end is taken by whoever adopts it, which may take a moment.
        assert ended(pid), pid


def ended(pid: int) -> bool:
    """Whether it is no more than an entry for whoever waits for it."""
    listed = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], stdout=subprocess.PIPE, check=False
    )
    return listed.stdout.strip()[:1] in (b"", b"Z")


if __name__ == "__main__":
    atf.main()

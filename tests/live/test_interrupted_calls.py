"""What attaching to a process, and letting go of it, does to the call that it sleeps in."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from runs import Target, until

import pypicotrace as pt

Tracee = Callable[[str], str]
Start = Callable[..., Target]

GO_ON = (
    *("read", "poll", "select", "nanosleep", "futex", "wait4", "flock", "pause"),
    *("inotify", "msgrcv"),
)
RETURN = ("epoll_wait", "sigtimedwait", "semop", "recv")
"""signal(7), "Interruption of system calls and library functions by stop signals"; recv(2) is with
a timeout of the socket's."""
IPC_RMID = 0


@pytest.fixture
def asleep(start: Start, tracee: Tracee) -> Iterator[Callable[[str], Target]]:
    """A process in that call, and not before it."""
    made: list[tuple[str, Target]] = []

    def begin(call: str) -> Target:
        target = start([tracee("interrupted"), call])
        made.append((call, target))
        until(lambda: target.said("asleep") and sleeps(target), f"it sleeps in {call}")
        return target

    yield begin
    libc = ctypes.CDLL(None)
    for call, target in made:
        for (number,) in target.said("made"):
            if call == "semop":
                libc.semctl(number, 0, IPC_RMID)
            else:
                libc.msgctl(number, IPC_RMID, None)


def sleeps(target: Target) -> bool:
    """Two looks at the call that it is in, between which it has not run."""
    looks = [look(target.pid) for _ in range(2)]
    return looks[0] == looks[1] and looks[0][0] == "S"


def look(pid: int) -> tuple[str, str, str]:
    folder = Path(f"/proc/{pid}")
    status = (folder / "status").read_text()
    switches = status.partition("\nvoluntary_ctxt_switches:")[2].split()[0]
    return status.partition("State:\t")[2][0], switches, (folder / "syscall").read_text()


@pytest.mark.parametrize("call", [*GO_ON, *RETURN])
def test_row_9_a_call_that_it_sleeps_in(asleep: Callable[[str], Target], call: str) -> None:
    """Nearly all go on as if nothing had been; those that signal(7) lists return EINTR."""
    target = asleep(call)
    before = look(target.pid)
    with pt.attach(target.pid) as loop:
        assert isinstance(next(iter(loop)), pt.Attached)
    until(
        lambda: target.said("returned") or (look(target.pid) != before and sleeps(target)),
        "it goes on, or has returned",
    )
    if call in RETURN:
        until(lambda: target.said("returned"), "it returns")
        assert target.said("returned") == [(-1, errno.EINTR)]
        assert target.process.wait() == 0
    else:
        assert target.said("returned") == []
        os.kill(target.pid, 9)

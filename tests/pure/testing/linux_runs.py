"""Runs of Linux's, as scripts: what may fail of a loop is in one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from faulty import Case

from pypicotrace import events as ev
from pypicotrace.choice import Choice, Follow
from pypicotrace.testing import script as s

GETPID, WRITE, FORK, CLONE, EXECVE, EXIT = 39, 1, 57, 56, 59, 60
SIGUSR1, SIGSEGV, SIGSTOP, SIGCONT = 10, 11, 19, 18
UNTRACED = 0x00800000
PAGE = 4096

START = [s.exec_(10), s.exit_(10, 0)]
CALLS = [s.entry(10, GETPID), s.exit_(10, 10)]
THREAD = [s.made(10, s.EVENT_CLONE, 11, owned=True), s.first_stop(11, pid=10, parent=1)]
CHILD = [s.made(10, s.EVENT_FORK, 20), s.first_stop(20, pid=20, parent=10)]


def with_registers(stop: s.Scripted, nr: int) -> s.Scripted:
    return replace(stop, regs=s.regs_x86_64(nr, 1, 2, 3))


def on(**bodies: Callable[[Any], object]) -> Callable[[Any], object]:
    """What is done at each kind of event: with the stop."""

    def body(event: ev.Event) -> None:
        if (do := bodies.get(type(event).__name__)) is not None:
            do(event.stop)

    return body


def at_entry(stop: Any) -> None:
    stop.registers["rbx"] = 7
    stop.set_args(5)
    stop.signal(SIGUSR1)


def in_memory(stop: Any) -> None:
    stop.write(PAGE, stop.read(PAGE, 8))


def at_signal(stop: Any) -> None:
    stop.set_siginfo(sender=1)
    stop.signal(SIGUSR1)


SCRIPTS = {
    "program": Case(
        [
            *START,
            *CALLS,
            s.signalled(10, SIGSTOP),
            s.group_stop(10),
            s.signalled(10, SIGCONT),
            s.first_stop(10),
            s.faulted(10, SIGSEGV, 1, 16),
            s.killed(10, SIGSEGV, core=True),
        ]
    ),
    "lwps": Case(
        [
            *START,
            *THREAD,
            s.first_stop(12, pid=10, parent=1),
            s.entry(11, WRITE, 1, 2, 3),
            s.made(10, s.EVENT_CLONE, 12, owned=True),
            s.exit_(11, 3),
            s.entry(12, GETPID),
            s.exit_(12, 10),
            s.exited(11, 0),
            s.entry(10, EXIT),
            s.exited(12, 0),
            s.exited(10, 0),
        ]
    ),
    "exec-of-an-lwp": Case(
        [
            *START,
            *THREAD,
            s.entry(10, WRITE, 1, 2, 3),
            s.entry(11, EXECVE),
            s.exec_(10, 11),
            s.exit_(10, 0, EXECVE),
            *CALLS,
            s.exited(10, 0),
        ]
    ),
    "children": Case(
        [
            *START,
            s.entry(10, FORK),
            *CHILD,
            s.exit_(10, 20),
            s.first_stop(21, pid=21, parent=10),  # before its creator tells of it
            s.exit_(20, 0, FORK),
            s.made(10, s.EVENT_VFORK, 21),
            s.exec_(21),
            s.exit_(21, 0, EXECVE),
            s.exited(20, 1),
            s.entry(21, GETPID),
            s.exit_(21, 21),
            s.stopped(10, s.SIGTRAP, s.EVENT_VFORK_DONE, state=21),
            s.exited(21, 0),
            s.signalled(10, 17),
            s.exited(10, 0),
        ]
    ),
    "attached": Case(
        [
            s.first_stop(10, pid=10, parent=1),
            s.first_stop(11, pid=10, parent=1),
            s.exit_(10, 10, GETPID),
            s.entry(11, WRITE, 1, 2, 3),
            s.exit_(11, 3),
            s.entry(10, GETPID),
            s.entry(11, GETPID),
        ],
        attach=[10],
    ),
    "left": Case(
        [
            s.first_stop(10, pid=10, parent=1),
            s.first_stop(11, pid=10, parent=1),
            s.entry(10, GETPID),
            s.first_stop(11),
        ],
        attach=[10],
        until=3,
    ),
    "let-go": Case(
        [*START, *CHILD, s.entry(20, GETPID), s.entry(10, GETPID)],
        body=lambda event: event.stop.detach() if type(event) is ev.SyscallEntry else None,
    ),
    "changed": Case(
        [
            *START,
            with_registers(s.entry(10, WRITE, 1, 2, 3), WRITE),
            s.exit_(10, 3, regs=s.regs_x86_64(WRITE, 5, 2, 3)),
            s.signalled(10, 12, 0, 77),
            s.exited(10, 0),
        ],
        body=on(SyscallEntry=at_entry, Stopped=at_signal),
    ),
    "looked-into": Case(
        [*START, *CALLS, s.exited(10, 0)],
        body=on(SyscallEntry=in_memory, SyscallExit=in_memory),
    ),
    "ended": Case([*START, *THREAD, *CHILD], until=3),
    "answered": Case(
        [
            *START,
            with_registers(s.entry(10, WRITE, 1, 2, 3), WRITE),
            s.exit_(10, -38, regs=s.regs_x86_64(-1)),
            s.exited(10, 0),
        ],
        body=on(SyscallEntry=lambda stop: stop.inject(retval=3)),
    ),
    "filtered": Case(
        [
            s.exec_(10),
            s.chosen(10, CLONE, UNTRACED | 17, regs=s.regs_x86_64(CLONE, UNTRACED | 17)),
            s.made(10, s.EVENT_FORK, 20),
            s.exit_(10, 20),
            s.first_stop(20, pid=20, parent=10),
            s.exited(20, 0),
            s.chosen(10, GETPID),
            s.exit_(10, 10),
            s.exited(10, 0),
        ],
        choice=Choice(follow=Follow.ALL, words=["clone", "getpid"], kernel_filter=True),
    ),
    "asked": Case(
        [
            s.exec_(10, path=b"/bin/prog", argv=[b"prog"]),
            s.exit_(10, 0),
            *CHILD,
            s.exec_(20, path=b"/bin/other"),
            s.entry(10, GETPID),
            s.exit_(10, 10),
            s.exited(10, 0),
        ],
        choice=Choice(follow=Follow.ALL, keep=lambda path, argv: path != b"/bin/other"),
    ),
}

FAMILY = Case(
    [s.first_stop(10, pid=10, parent=1), s.first_stop(20, pid=20, parent=10)],
    attach=[10],
    children=True,
)
"""One that is attached to with its child."""

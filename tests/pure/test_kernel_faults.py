"""Each call of the kernel contract fails once, with each errno that its manual page has, at each
position of runs of Linux's: what must hold afterwards.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fault_checks import complaints, standing, told, wrong_after_deaths, wrong_after_faults
from faulty import Case, Fault, played

from pypicotrace import events as ev
from pypicotrace._ffi import lib
from pypicotrace.choice import Choice, Follow
from pypicotrace.errors import KernelError
from pypicotrace.testing import script as s
from pypicotrace.text import Text

GETPID, WRITE, FORK, VFORK, CLONE, EXECVE, EXIT = 39, 1, 57, 58, 56, 59, 60
SIGUSR1, SIGSEGV, SIGSTOP, SIGCONT = 10, 11, 19, 18
UNTRACED = 0x00800000

# ptrace(2), but for ESRCH: that one comes of a tracee that was killed, see below.
PTRACE = (errno.EIO, errno.EPERM, errno.EINVAL, errno.EFAULT, errno.EBUSY)
# open(2), read(2) and readlink(2) of what /proc has of a process that is there.
PROC = (errno.EACCES, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EPERM, errno.EIO)
ERRNOS = {
    "wait": (errno.EINTR, errno.EINVAL),
    "answer": PTRACE,
    "resume": PTRACE,
    # fork(2), pipe(2), execve(2), and ptrace(2) for the seizing.
    "spawn": (
        *(errno.EAGAIN, errno.ENOMEM, errno.ENOSYS, errno.EMFILE, errno.ENFILE, errno.EPERM),
        *(errno.E2BIG, errno.EACCES, errno.EFAULT, errno.EINVAL, errno.EIO, errno.EISDIR),
        *(errno.ELIBBAD, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.ENOEXEC),
        *(errno.ENOTDIR, errno.ETXTBSY),
    ),
    "set_filter": (errno.EOPNOTSUPP, errno.ENOMEM),
    "keep_child": PTRACE,
    "attach": (*PTRACE, *PROC, errno.ESRCH),
    "detach": PTRACE,
    "interrupt": PTRACE,
    "kill": (errno.EPERM, errno.EINVAL, errno.ESRCH),
    "children": PROC,
    "family": PROC,
    "program": PROC,
    "image": PROC,
    "read": (errno.EFAULT, errno.EINVAL, errno.ENOMEM, errno.EPERM),  # process_vm_readv(2)
    "write": (errno.EFAULT, errno.EINVAL, errno.ENOMEM, errno.EPERM),
    "send": (errno.EAGAIN, errno.EINVAL, errno.EPERM),  # tgkill(2)
    "set_siginfo": PTRACE,
    "get_regs": PTRACE,
    "set_regs": PTRACE,
    "alter": (*PTRACE, errno.EOPNOTSUPP),
    "tick": (errno.EINVAL, errno.EFAULT),  # timer_settime(2)
}

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
WAYS = {
    "stop": {},
    "stream": {"stream": 3},
    "text": {"text": Text.ARGV | Text.ENV | Text.AUXV},
}
CASES = {
    f"{name}-{way}": replace(case, **options)
    for name, case in SCRIPTS.items()
    for way, options in WAYS.items()
    if way == "stop" or (case.body is bool and not (way == "text" and case.until))
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@each_case
def test_without_a_fault(case: Case) -> None:
    whole = played(case)
    assert whole.raised is None
    assert not list(complaints(case, whole, whole))
    assert len(whole.events) + len(whole.text.splitlines()) > 2


@each_case
def test_each_call_fails_with_each_errno(case: Case) -> None:
    """Nobody is left standing, nothing is invented, and there is one clear exception, or none."""
    wrong = wrong_after_faults(case, ERRNOS)
    assert not wrong, "\n".join(wrong)


@each_case
def test_a_process_is_killed_at_each_call(case: Case) -> None:
    """Its end is told, nothing is invented, and the run goes on for the others."""
    wrong = wrong_after_deaths(case)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_what_is_refused_is_told_after_what_was_recorded(way: dict[str, Any]) -> None:
    case = replace(SCRIPTS["program"], **way)
    whole = played(case)
    for at, call in enumerate(whole.calls, 1):
        if call.name in ("answer", "resume"):
            run = played(case, Fault(at, errno.EIO))
            assert isinstance(run.raised, KernelError)
            assert "Input/output error" in str(run.raised)
            assert [told(event) for event in run.events] == [
                told(event) for event in whole.events[: len(run.events)]
            ]


def test_one_that_cannot_be_let_go_is_tried_again_and_then_told_of() -> None:
    case = SCRIPTS["left"]
    calls = [call.name for call in played(case).calls]
    at = calls.index("detach") + 1
    assert played(case, Fault(at, errno.EIO)).raised is None
    run = played(case, Fault(at, errno.EIO, lib.PICO_FAULT_FOR_EVER))
    assert isinstance(run.raised, KernelError)
    assert str(run.raised) == "[Errno 5] close: Input/output error"
    assert standing(run, case) == {10, 11}
    assert not [event for event in run.events if isinstance(event, ev.Detached)]

"""Each call of the kernel contract fails once, with each errno that its manual page has, at each
position of runs of Linux's: what must hold afterwards.
"""

from __future__ import annotations

import errno
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fault_checks import complaints, standing, told, wrong_after_deaths, wrong_after_faults
from faulty import IN, Case, Fault, played
from linux_runs import FAMILY, SCRIPTS

from pypicotrace import events as ev
from pypicotrace._ffi import lib
from pypicotrace.errors import KernelError
from pypicotrace.text import Text

ELIBBAD = 80
"""Linux's, and of no other system's errno."""
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
        *(ELIBBAD, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.ENOEXEC),
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


def test_each_function_is_called_somewhere() -> None:
    """One that is not cannot fail there."""
    called = {call.name for case in (*CASES.values(), FAMILY) for call in played(case).calls}
    of_others = {"none", "step_too"}  # where a stop is its whole process's
    assert called == ERRNOS.keys() == {*IN.values()} - of_others


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


def test_children_that_the_system_does_not_tell_of() -> None:
    """What is attached to by then is let go, and why is said. One that has ended has none."""
    whole = played(FAMILY)
    assert [event.pid for event in whole.events if type(event) is ev.Attached] == [10, 20]
    wrong = wrong_after_faults(FAMILY, ERRNOS)
    assert not wrong, "\n".join(wrong)
    looks = [at for at, call in enumerate(whole.calls, 1) if call.name == "children"]
    assert len(looks) > 2
    for at in looks:
        refused = played(FAMILY, Fault(at, errno.EMFILE)).raised
        assert isinstance(refused, KernelError)
        assert re.search(r"look for the children of process [12]0: Too many open", str(refused))
        assert played(FAMILY, Fault(at, errno.ESRCH)).raised is None


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


@pytest.mark.parametrize("error", [errno.EINVAL, errno.ESRCH, errno.ENOMEM])
def test_a_wait_that_fails_for_ever_is_given_up(error: int) -> None:
    case = SCRIPTS["left"]
    at = [call.name for call in played(case).calls].index("wait") + 1
    run = played(case, Fault(at, error, lib.PICO_FAULT_FOR_EVER))
    assert run.raised is not None
    assert len(run.calls) < 100


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


def test_the_kernel_that_fails_has_all_that_the_one_below_has() -> None:
    folder = Path(__file__).resolve().parents[2] / "csrc" / "testing"
    below, around = (
        set(re.findall(r"(?:\t\t\.|->ops\.)(\w+) = ", (folder / name).read_text()))
        for name in ("script.c", "faults.c")
    )
    assert {"wait", "send", "keep_child"} < below == around

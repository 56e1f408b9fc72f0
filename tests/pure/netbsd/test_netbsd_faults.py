"""Each call of the kernel contract fails, at each position of runs recorded on NetBSD."""

from __future__ import annotations

import errno

import pytest
from fault_checks import complaints, wrong_after_deaths, wrong_after_faults
from faulty import IN, Case, played
from played import NAMES, recording

from pypicotrace.choice import Choice, Follow

# ptrace(2) of NetBSD, but for ESRCH: that one comes of a tracee that was killed.
PTRACE = (errno.EAGAIN, errno.EBUSY, errno.EINVAL, errno.EPERM)
SYSCTL = (errno.ENOMEM, errno.EPERM, errno.EINVAL)
ERRNOS = {
    **dict.fromkeys(IN.values(), PTRACE),
    "wait": (errno.EINTR, errno.EINVAL),
    "spawn": (errno.EAGAIN, errno.ENOMEM, errno.ENOENT, errno.EACCES, errno.ETXTBSY),
    **dict.fromkeys(("children", "family", "program", "image"), SYSCTL),
    "kill": (errno.EPERM, errno.EINVAL, errno.ESRCH),
    "tick": (errno.EINVAL, errno.EFAULT),
}


def case_of(name: str) -> Case:
    recorded = recording(name)
    return Case(
        recorded.stops,
        os="netbsd",
        attach=[recorded.stops[0].id] if recorded.attached else [],
        choice=Choice(follow=Follow.ALL, whole_results=recorded.stepped),
    )


each_recording = pytest.mark.parametrize("name", NAMES)


@each_recording
def test_without_a_fault(name: str) -> None:
    case = case_of(name)
    whole = played(case)
    assert whole.raised is None
    assert not list(complaints(case, whole, whole))


@each_recording
def test_each_call_fails_with_each_errno(name: str) -> None:
    wrong = wrong_after_faults(case_of(name), ERRNOS)
    assert not wrong, "\n".join(wrong)


@each_recording
def test_a_process_is_killed_at_each_call(name: str) -> None:
    wrong = wrong_after_deaths(case_of(name))
    assert not wrong, "\n".join(wrong)

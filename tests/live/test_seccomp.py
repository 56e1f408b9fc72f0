"""Calls that a tracee may not make by its own wish: reported as they end, which is as untraced."""

from __future__ import annotations

import errno
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from runs import WAY, Run, Trace, asks_for_results

import pypicotrace as pt

Tracee = Callable[[str], str]

CALL = "getpgid"
"""What tracees/seccomps.c forbids and calls, once."""
ANSWER = 4242
SYS_SECCOMP = 1
"""The si_code of such a SIGSYS (sigaction(2))."""

STRICT = pytest.mark.skipif(
    WAY == "filtered", reason="who has a filter cannot have strict mode (seccomp(2))"
)

Refuse = Callable[[str], Run]


@pytest.fixture
def refuse(trace: Trace, tracee: Tracee, tmp_path: Path, text: bool) -> Refuse:
    """Runs it untraced and traced, and holds what both say and how they end against each other."""

    def run(how: str) -> Run:
        argv = [tracee("seccomps"), how]
        untraced = subprocess.run(argv, check=True, stdout=subprocess.PIPE, cwd=tmp_path)
        traced = trace(argv, text=text, cwd=tmp_path, deadly=[CALL])
        assert without_ids(traced) == without_ids(Run([], 0, None, untraced.stdout))
        entry = traced.one(pt.SyscallEntry, name=CALL)
        child, _ = traced.told("child")
        assert entry.pid == child
        return traced

    return run


def without_ids(run: Run) -> list[object]:
    """What is the same each time: all but pids and LWPs, which "log" has as its result, too."""
    words = ["number", "told", "joined"]
    ends = [status for _, status in run.said("child")]
    calls = [call for call in run.said("call") if call != (run.told("child")[0], 0)]
    return [calls, ends, *(run.said(word) for word in words)]


def results(run: Run) -> list[tuple[int | None, int]]:
    return [(ev.retval, ev.error) for ev in run.of(pt.SyscallExit, name=CALL)]


@asks_for_results
@pytest.mark.parametrize(("how", "error"), [("errno", errno.ENOANO), ("trace", errno.ENOSYS)])
def test_row_39_refused_with_an_error(refuse: Refuse, how: str, error: int) -> None:
    run = refuse(how)
    assert results(run) == [(None, error)]
    assert run.told("call") == (-1, error)


@asks_for_results
def test_row_39_allowed_and_logged(refuse: Refuse) -> None:
    run = refuse("log")
    assert results(run) == [run.told("call")]


@asks_for_results
def test_row_39_answered_by_another_lwp(refuse: Refuse) -> None:
    run = refuse("notify")
    assert results(run) == [(ANSWER, 0)] == run.said("call")


@asks_for_results
def test_row_39_refused_with_a_signal(refuse: Refuse) -> None:
    run = refuse("trap")
    (number,) = run.told("number")
    # The kernel puts the registers back as they were at the entry (syscall_rollback()), where the
    # number is in the place of the result; the handler then gives the call its own.
    assert results(run) == [(number, 0)]
    crashed = run.one(pt.Crashed)
    assert (crashed.signo, crashed.code) == (signal.SIGSYS, SYS_SECCOMP)
    assert run.told("told") == (signal.SIGSYS, SYS_SECCOMP, number)
    assert run.told("call") == (ANSWER, 0)


def test_row_39_killed_by_a_signal(refuse: Refuse) -> None:
    run = refuse("trap-default")
    child, _ = run.told("child")
    crashed, end = run.one(pt.Crashed), run.one(pt.Signaled)
    assert (crashed.lwp, crashed.signo, crashed.code) == (child, signal.SIGSYS, SYS_SECCOMP)
    assert (end.pid, end.signo) == (child, signal.SIGSYS)


@pytest.mark.parametrize("how", ["kill-last", "kill-process", pytest.param("strict", marks=STRICT)])
def test_row_39_killed(refuse: Refuse, how: str) -> None:
    run = refuse(how)
    child, _ = run.told("child")
    end = run.one(pt.Signaled)
    assert (end.pid, end.signo) == (child, signal.SIGKILL if how == "strict" else signal.SIGSYS)
    assert not run.said("call")
    assert len(run.of(pt.LwpExited)) == (how == "kill-process")
    # The kernel may let it come back from the call to die (since Linux 5.16), as above.
    assert results(run) in ([], [(*run.told("number"), 0)])


def test_row_39_one_lwp_is_killed(refuse: Refuse) -> None:
    run = refuse("kill-thread")
    (lwp,) = run.told("lwp")
    child, _ = run.told("child")
    assert results(run) == []
    assert isinstance(run.calls(lwp)[-1], pt.SyscallEntry)
    run.one(pt.LwpExited, lwp=lwp)
    assert run.one(pt.Exited, pid=child).status == 17
    assert not run.of(pt.Signaled)


@STRICT
def test_row_39_what_strict_mode_allows(trace: Trace, tracee: Tracee, text: bool) -> None:
    run = trace([tracee("seccomps"), "strict-exit"], text=text)
    child, _ = run.told("child")
    assert run.calls(child)[-1].name == "exit"
    assert run.one(pt.Exited, pid=child).status == 17

"""Calls that never come back: nothing is made up for them, and nobody else waits for them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import IO

import pytest
from record import check_record, of
from runs import Run, Trace, asks_for_results

import pypicotrace as pt

Tracee = Callable[[str], str]

EXITED_17 = 17 << 8
ASLEEP = ["read", "clock_nanosleep", "futex", "vfork"]
"""What LWPs of tracees/asleep.c are in."""
INTERRUPTED = {512, 514, 516}
"""What the kernel returns from a call for a signal (linux/errno.h), before it is delivered."""


def is_last(run: Run, lwp: int, name: str) -> bool:
    """Whether an LWP was last seen to enter that call."""
    last = run.calls(lwp)[-1]
    return type(last) is pt.SyscallEntry and last.name == name


@pytest.mark.parametrize("end", ["kill", "group", "exec"])
def test_row_35_ended_inside_a_call(trace: Trace, tracee: Tracee, text: bool, end: str) -> None:
    run = trace([tracee("asleep"), end], text=text)
    child, status = run.told("child")
    for name in ASLEEP:
        (lwp,) = run.told(name)
        assert is_last(run, lwp, name)
        run.one(pt.LwpExited, lwp=lwp)
    if end == "kill":
        assert status == run.one(pt.Signaled, pid=child).signo == signal.SIGKILL
        assert is_last(run, child, "pause")
    else:
        assert status == EXITED_17
        assert is_last(run, child, "exit_group")
        assert len(run.of(pt.Exec, pid=child)) == (end == "exec")


@asks_for_results
def test_row_35_a_signal_that_kills_wakes_one(trace: Trace, tracee: Tracee, text: bool) -> None:
    """The LWP that the signal comes to returns from its call first; the others are killed in it."""
    run = trace([tracee("asleep"), "term"], text=text)
    child, status = run.told("child")
    assert status == run.one(pt.Signaled, pid=child).signo == signal.SIGTERM
    woken = run.one(pt.Stopped, pid=child).lwp
    for name in [*ASLEEP, "pause"]:
        (lwp,) = run.told(name)
        assert is_last(run, lwp, name) == (lwp != woken)
    last = run.calls(woken)[-1]
    assert isinstance(last, pt.SyscallExit)
    assert last.error in INTERRUPTED


def test_row_35_exit_does_not_return(trace: Trace, tracee: Tracee, text: bool) -> None:
    run = trace([tracee("lwps"), "tree", "4"], text=text)
    for ev in run.of(pt.LwpExited):
        assert is_last(run, ev.lwp, "exit")
    assert is_last(run, run.root, "exit_group")
    assert not run.of(pt.SyscallExit, name="exit")
    assert not run.of(pt.SyscallExit, name="exit_group")


def test_row_35_killed_as_it_enters_a_call(
    tracee: Tracee, scratch: Callable[[], IO[bytes]]
) -> None:
    """The call is not even made: what stands there is that it was entered."""
    for number in range(40):
        with pt.spawn([tracee("numbers")], stdout=scratch()) as loop:
            record = []
            for ev in loop:
                record.append(ev)
                if len(of(record, pt.SyscallEntry)) > number:
                    os.kill(loop.root, signal.SIGKILL)
                    break
            record += loop
        check_record(record)
        assert [type(ev) for ev in record[-2:]] == [pt.SyscallEntry, pt.Signaled]


@asks_for_results
def test_row_45_blocked_for_ever(trace: Trace, tracee: Tracee, text: bool) -> None:
    """Some LWPs sleep, one of them so that it cannot even be stopped; the others are all there."""
    calls = 500
    run = trace([tracee("asleep"), "group", str(calls)], text=text)
    child, _ = run.told("child")
    made = {
        ev.lwp: len(run.of(pt.SyscallExit, lwp=ev.lwp, name="getppid"))
        for ev in run.of(pt.LwpCreated, pid=child)
    }
    assert sorted(made.values()) == [0, 0, 0, 0, calls, calls, calls]
    for name in ASLEEP:
        (lwp,) = run.told(name)
        assert is_last(run, lwp, name)

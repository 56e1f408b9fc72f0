"""On every system: signals, and the calls that they meet."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from typing import IO, Any

import pytest
from record import check_record, of
from runs import Run, Trace, contents
from system import LINUX

import pypicotrace as pt

Tracee = Callable[[str], str]
Scratch = Callable[[], IO[bytes]]

USR1 = signal.SIGUSR1
RESTART = {512} if LINUX else {-3}
"""ERESTARTSYS (linux/errno.h), ERESTART (sys/errno.h): the call is to be made once more."""
BACK = {"rt_sigreturn", "sigreturn"} if LINUX else {"setcontext"}
"""The call by which a handler returns."""


@pytest.fixture
def signals(tracee: Tracee) -> str:
    return tracee("portable/signals")


def stops(run: Run) -> list[Any]:
    return [ev for ev in run.events if isinstance(ev, pt.Stopped)]


def test_row_11_handled(trace: Trace, signals: str, text: bool) -> None:
    run = trace([signals, "handled"], text=text)
    assert run.told("handled") == (3,)
    assert [(ev.signo, ev.sender) for ev in stops(run)] == [(USR1, run.root)] * 3
    assert len([ev for ev in run.of(pt.SyscallEntry) if ev.name in BACK]) == 3


def test_row_11_ignored(trace: Trace, signals: str, text: bool) -> None:
    run = trace([signals, "ignored"], text=text)
    assert [ev.signo for ev in stops(run)] == [USR1]
    assert run.one(pt.Exited).status == 5


def test_row_11_blocked(trace: Trace, signals: str, text: bool) -> None:
    run = trace([signals, "blocked"], text=text)
    assert (run.told("before"), run.told("after")) == ((0,), (1,))
    assert [ev.signo for ev in stops(run)] == [USR1]


@pytest.mark.parametrize(
    ("how", "signo"),
    [
        ("default", signal.SIGUSR1),
        ("kill", signal.SIGKILL),
        ("abort", signal.SIGABRT),
        ("fault", signal.SIGSEGV),
    ],
)
def test_row_46_death_by_a_signal(
    trace: Trace, signals: str, text: bool, how: str, signo: signal.Signals
) -> None:
    run = trace([signals, how], text=text)
    assert run.one(pt.Signaled).signo == signo
    assert isinstance(run.status, pt.Signaled)
    told = [ev.signo for ev in stops(run)]
    assert told == ([] if signo == signal.SIGKILL else [signo])
    if how == "fault":
        crash = run.one(pt.Crashed)
        assert (crash.lwp, crash.addr) == (run.root, 64)


@pytest.mark.parametrize("how", ["interrupted", "restarted"])
def test_row_15_a_signal_meets_a_call(signals: str, scratch: Scratch, how: str) -> None:
    """It is sent when the tracee stands at the entry of a read that has nothing to read."""
    out = scratch()
    record: list[pt.Event] = []
    with pt.spawn([signals, how], stdout=out) as loop:
        for ev in loop:
            record.append(ev)
            entry = type(ev) is pt.SyscallEntry and ev.name == "read"
            if entry and not of(record, pt.Stopped) and of(record, pt.SyscallExit, name="write"):
                os.kill(loop.root, USR1)
    check_record(record)
    check_met(Run(record, loop.root, loop.status, contents(out)), how)


def check_met(run: Run, how: str) -> None:
    exits = [ev.error for ev in run.of(pt.SyscallExit, name="read")]
    (stop,) = stops(run)
    assert (stop.signo, stop.sender) == (USR1, os.getpid())
    if how == "interrupted":
        assert run.told("read") == (-1, errno.EINTR, 1)
    else:
        assert run.told("read") == (1, 0, 1)
        assert exits[-1] == 0
        assert exits[-2] in RESTART


@pytest.mark.parametrize("how", ["sent", "faults", "masked"])
def test_row_11_of_several_lwps_the_one_it_is_for(
    trace: Trace, tracee: Tracee, text: bool, how: str
) -> None:
    """It gets each signal, and calls of others are not interrupted for it."""
    rounds, lwps = 5, 1 if how == "masked" else 4
    run = trace([tracee("portable/aimed"), how, str(rounds)], text=text)
    assert run.one(pt.Exited).status == 0
    assert run.told("aimed") == (rounds * lwps, 0)
    assert run.said("got") == [(rounds,)] * lwps
    signo = signal.SIGSEGV if how == "faults" else USR1
    assert [ev.signo for ev in stops(run)] == [signo] * rounds * lwps

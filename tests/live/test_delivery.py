"""Signals: each is reported once and delivered once, stops are real, calls go on after them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import IO

import pytest
from record import check_record
from runs import Trace, asks_for_results

import pypicotrace as pt

Tracee = Callable[[str], str]

SI_USER, SI_QUEUE, SI_TKILL, SI_KERNEL = 0, -1, -6, 0x80
CODES = {"kill": SI_USER, "raise": SI_TKILL, "queue": SI_QUEUE}
ERESTARTSYS, ERESTARTNOHAND, ERESTART_RESTARTBLOCK = 512, 514, 516
"""What the kernel itself returns from a call that a signal interrupts (linux/errno.h)."""


@pytest.mark.parametrize("how", CODES)
@pytest.mark.parametrize("mode", ["handled", "ignored", "masked", "default"])
def test_row_11_every_signal_once(
    trace: Trace, tracee: Tracee, text: bool, mode: str, how: str
) -> None:
    run = trace([tracee("modes"), mode, how], text=text)
    told = run.said("signal")
    assert len(told) == (4 if mode == "default" else 62)
    for signo, caught, code, value in told:
        assert caught == (mode in ("handled", "masked"))
        ev = run.one(pt.Stopped, signo=signo)
        assert (ev.lwp, ev.code, ev.sender, ev.uid) == (run.root, CODES[how], run.root, os.getuid())
        if how == "queue" and not text:
            assert ev.value & 0xFFFFFFFF == 1000 + signo
        if caught:
            assert code == CODES[how]
            assert how != "queue" or value == 1000 + signo
    assert not any(caught for _, caught in run.said("pending"))
    assert len(run.of(pt.Stopped)) == len(told)


def test_row_11_a_masked_signal_is_reported_when_it_is_delivered(
    trace: Trace, tracee: Tracee
) -> None:
    run = trace([tracee("modes"), "masked", "kill"])
    for ev in run.of(pt.Stopped):
        before = run.calls(run.root)
        last = [call for call in before if call.seq < ev.seq][-1]
        # SIG_UNBLOCK is 1.
        assert (last.name, last.args[0]) == ("rt_sigprocmask", 1)


@pytest.mark.parametrize("handled", [True, False], ids=["handled", "default"])
@pytest.mark.parametrize("how", ["kill", "raise", "int3"])
def test_row_13_sigtrap_of_the_tracees_own(
    trace: Trace, tracee: Tracee, text: bool, how: str, handled: bool
) -> None:
    run = trace([tracee("traps"), how, *["handled"] * handled], text=text)
    ours = how == "int3"
    ev = run.one(pt.Crashed if ours else pt.Stopped, signo=signal.SIGTRAP)
    assert ev.code == (SI_KERNEL if ours else CODES[how])
    if not ours:
        assert ev.sender == run.root
    assert len(run.of(pt.Stopped)) + len(run.of(pt.Crashed)) == 1
    if handled:
        assert run.told("trap") == (1, ev.code)
        assert run.one(pt.Exited).status == 0
    else:
        assert run.one(pt.Signaled).signo == signal.SIGTRAP


STOPPING = [signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU]


@pytest.mark.parametrize("signo", STOPPING, ids=lambda s: s.name)
@pytest.mark.parametrize("lwps", [1, 4])
def test_row_14_stopped_and_continued(
    trace: Trace, tracee: Tracee, text: bool, signo: signal.Signals, lwps: int
) -> None:
    rounds = 5
    run = trace([tracee("stops"), str(int(signo)), str(rounds), str(lwps)], text=text)
    (child,) = run.told("child")
    assert run.status is not None
    assert run.status.status == 0  # type: ignore[union-attr]
    stops = [
        ev for ev in run.events if isinstance(ev, pt.Stopped | pt.Continued) and ev.pid == child
    ]
    arrived = [ev for ev in stops if isinstance(ev, pt.Stopped)]
    assert [ev.signo for ev in arrived] == [signo, signal.SIGCONT] * rounds
    assert len(stops) - len(arrived) == rounds
    # Its parent is told of each stop and each continuation, by SIGCHLD.
    told = {ev.code for ev in run.of(pt.Stopped, pid=run.root, signo=signal.SIGCHLD)}
    assert {5, 6} <= told  # CLD_STOPPED, CLD_CONTINUED


def test_row_14_a_stop_that_is_over_before_all_lwps_are_seen_in_it(
    tracee: Tracee, scratch: Callable[[], IO[bytes]]
) -> None:
    """SIGCONT comes while some LWPs are still being seen to stop: the process goes on once."""
    events = pt.SIGNAL | pt.EXIT
    with pt.spawn([tracee("spinners"), "16"], events=events, stdout=scratch()) as loop:
        sender = threading.Thread(target=stop_and_continue, args=(loop.root, 200))
        sender.start()
        record = list(loop)
        sender.join()
    check_record(record, mask=events)
    stops = continued = 0
    for ev in record:
        stops += isinstance(ev, pt.Stopped) and ev.signo == signal.SIGSTOP
        continued += isinstance(ev, pt.Continued)
        assert continued <= stops
    assert continued


def stop_and_continue(pid: int, rounds: int) -> None:
    for i in range(rounds):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(i % 20 * 50e-6)  # no stop is waited for: it is to be caught half done
        os.kill(pid, signal.SIGCONT)
    os.kill(pid, signal.SIGKILL)


def test_row_14_sigkill_ends_a_stop(trace: Trace, tracee: Tracee, text: bool) -> None:
    run = trace([tracee("stops"), str(int(signal.SIGSTOP)), "0", "4"], text=text)
    (child,) = run.told("child")
    assert run.one(pt.Signaled, pid=child).signo == signal.SIGKILL
    assert not run.of(pt.Continued)


@pytest.mark.parametrize("continued", [False, True], ids=["stopped", "continued"])
def test_row_14_the_loop_is_closed_in_a_group_stop(
    tracee: Tracee, scratch: Callable[[], IO[bytes]], continued: bool
) -> None:
    """What was spawned ends, though it is stopped, or just about to go on."""
    with pt.spawn([tracee("spinners"), "4"], events=pt.SIGNAL, stdout=scratch()) as loop:
        os.kill(loop.root, signal.SIGSTOP)
        assert next(iter(loop)).signo == signal.SIGSTOP  # type: ignore[attr-defined]
        if continued:
            os.kill(loop.root, signal.SIGCONT)
    assert isinstance(loop.status, pt.Signaled)
    assert loop.status.signo == signal.SIGKILL


INTERRUPTED = {
    "read": ERESTARTSYS,
    "poll": ERESTART_RESTARTBLOCK,
    "nanosleep": ERESTART_RESTARTBLOCK,
}


@asks_for_results
@pytest.mark.parametrize("how", ["restart", "once", "harmless"])
@pytest.mark.parametrize("call", INTERRUPTED)
def test_row_15_a_call_interrupted_by_a_signal(
    trace: Trace, tracee: Tracee, text: bool, call: str, how: str
) -> None:
    run = trace([tracee("restarts"), call, how], text=text)
    lwp, result, error = run.told("call")
    calls = [ev for ev in run.calls(lwp) if ev.name in (call, "restart_syscall")]
    first, second = calls[:2]
    assert (first.name, second.name, second.error) == (call, call, INTERRUPTED[call])
    # Only read is restarted when a handler has run (signal(7)); each is when none has.
    again = how == "harmless" or (how == "restart" and call == "read")
    assert error == (0 if again else 4)
    rest = [(type(ev), ev.name) for ev in calls[2:] if ev.seq < said(run.calls(lwp))]
    if again:
        name = call if call == "read" else "restart_syscall"
        assert rest == [(pt.SyscallEntry, name), (pt.SyscallExit, name)]
        assert calls[3].retval == result
    else:
        assert rest == []
    assert run.told("caught") == (how != "harmless",)


def said(calls: list[pt.SyscallEntry]) -> int:
    """Where an LWP begins to tell the result of its call."""
    return next(ev.seq for ev in calls if ev.name == "write")

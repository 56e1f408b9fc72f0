"""Signals of the tracer's own: sent, replaced, suppressed, and what they say of themselves."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest
from runs import Run, Trace, asks_for_results, kill_in_its_stop

import pypicotrace as pt

Tracee = Callable[[str], str]

SI_USER, SI_QUEUE, SI_TKILL, SEGV_ACCERR, CLD_DUMPED = 0, -1, -6, 2, 3
USR1, USR2 = signal.SIGUSR1, signal.SIGUSR2

PLACES: dict[str, Callable[[Any], bool]] = {
    "entry": lambda ev: type(ev) is pt.SyscallEntry and ev.name == "getppid",
    "exit": lambda ev: type(ev) is pt.SyscallExit and ev.name == "getppid",
    "fork": lambda ev: isinstance(ev, pt.Forked),
    "signal": lambda ev: isinstance(ev, pt.Stopped) and ev.signo == USR2,
}


def at(place: str, do: Callable[[pt.Stop], object]) -> Callable[[Any], object]:
    """A body that does something at the first event of that kind."""
    left = [None]

    def body(ev: Any) -> None:
        if left and PLACES[place](ev):
            left.pop()
            do(ev.stop)

    return body


def send(signo: int) -> Callable[[pt.Stop], object]:
    return lambda stop: stop.signal(signo)


@asks_for_results
@pytest.mark.parametrize("place", PLACES)
def test_row_18_a_handled_signal_runs_its_handler_once(
    trace: Trace, tracee: Tracee, place: str
) -> None:
    run = trace([tracee("receivers"), "handled"], body=at(place, send(USR1)))
    replaced = place == "signal"
    assert run.told("caught") == (1, not replaced)
    arrived = run.of(pt.Stopped, signo=USR1)
    assert [(ev.code, ev.sender) for ev in arrived] == [(SI_TKILL, os.getpid())] * (not replaced)
    if replaced:
        assert run.told("info") == (SI_USER, os.getpid(), os.getuid())


@asks_for_results
@pytest.mark.parametrize("place", PLACES)
def test_row_18_an_ignored_signal_arrives_and_does_nothing(
    trace: Trace, tracee: Tracee, place: str
) -> None:
    run = trace([tracee("receivers"), "ignored"], body=at(place, send(USR1)))
    replaced = place == "signal"
    assert run.told("caught") == (0, not replaced)
    assert run.told("pending") == (0,)
    assert len(run.of(pt.Stopped, signo=USR1)) == (not replaced)


@asks_for_results
@pytest.mark.parametrize("place", PLACES)
def test_row_18_a_masked_signal_is_pending_and_not_delivered(
    trace: Trace, tracee: Tracee, place: str
) -> None:
    run = trace([tracee("receivers"), "masked"], body=at(place, send(USR1)))
    assert run.told("caught") == (0, place != "signal")
    assert run.told("pending") == (1,)
    assert not run.of(pt.Stopped, signo=USR1)


@asks_for_results
@pytest.mark.parametrize("place", PLACES)
def test_row_18_a_fatal_signal_kills(trace: Trace, tracee: Tracee, place: str) -> None:
    run = trace([tracee("receivers"), "default"], body=at(place, send(USR1)))
    ended = run.one(pt.Signaled, pid=run.root)
    assert (ended.signo, ended.core) == (USR1, False)
    assert not run.said("caught")


@pytest.mark.parametrize("core", [False, True], ids=["no core", "core"])
@pytest.mark.parametrize("signo", [signal.SIGABRT, signal.SIGSEGV, signal.SIGTERM, signal.SIGKILL])
def test_row_18_a_fatal_signal_with_its_core_flag(
    trace: Trace, tracee: Tracee, tmp_path: Path, signo: signal.Signals, core: bool
) -> None:
    argv = [tracee("receivers"), "dies", *["core"] * core]
    run = trace(argv, body=at("entry", send(signo)), cwd=tmp_path)
    child, by, dumped = run.told("death")
    ended = run.one(pt.Signaled, pid=child)
    assert (by, dumped) == (ended.signo, ended.core) == (signo, core and signo in DUMPS)


DUMPS = {signal.SIGABRT, signal.SIGSEGV}


def test_row_18_a_signal_is_suppressed(trace: Trace, tracee: Tracee) -> None:
    run = trace([tracee("receivers"), "handled"], body=at("signal", lambda stop: stop.suppress()))
    assert run.told("caught") == (0, 0)
    run.one(pt.Stopped, signo=USR2)


def test_row_18_a_stopping_signal_is_suppressed(trace: Trace, tracee: Tracee) -> None:
    """The process is not stopped: nobody would continue it."""

    def body(ev: Any) -> None:
        if isinstance(ev, pt.Stopped) and ev.signo == USR1:
            ev.stop.signal(signal.SIGSTOP)
            ev.stop.suppress()

    run = trace([tracee("receivers"), "handled"], body=both(at("entry", send(USR1)), body))
    assert run.told("caught") == (0, 1)
    assert not run.of(pt.Continued)


def both(*bodies: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda ev: [body(ev) for body in bodies]


def test_row_18_a_fault_is_suppressed_until_its_cause_is_gone(trace: Trace, tracee: Tracee) -> None:
    """It comes again, being executed again; then it is replaced, and the handler leaves."""
    seen = Counter[int]()

    def body(ev: Any) -> None:
        if not isinstance(ev, pt.Crashed):
            return
        seen[ev.addr] += 1
        if seen[ev.addr] < 3:
            ev.stop.suppress()

    run = trace([tracee("siginfos"), "fault"], body=body)
    assert seen == {16: 3}
    assert run.told("addr") == (16,)


LWPS, ROUNDS, EVERY = 8, 60, 5


def test_row_18_each_of_several_lwps_gets_its_own(trace: Trace, tracee: Tracee) -> None:
    calls = Counter[int]()

    def body(ev: Any) -> None:
        if PLACES["entry"](ev):
            calls[ev.lwp] += 1
            if calls[ev.lwp] % EVERY == 0:
                ev.stop.signal(USR1)

    run = trace([tracee("receivers"), "lwps", str(LWPS), str(ROUNDS)], body=body)
    told = dict(run.said("lwp"))  # type: ignore[arg-type]
    assert told == dict.fromkeys(calls, ROUNDS // EVERY)
    assert len(told) == LWPS
    assert Counter(ev.lwp for ev in run.of(pt.Stopped, signo=USR1)) == told


@asks_for_results
@pytest.mark.parametrize("place", PLACES)
def test_row_18_an_lwp_that_was_killed_in_between(trace: Trace, tracee: Tracee, place: str) -> None:
    """It is said so where the kernel can tell: a replaced signal is given to it at the resume."""
    told = []

    def body(stop: pt.Stop) -> None:
        kill_in_its_stop(stop)
        with contextlib.suppress(pt.TraceeDied):
            stop.signal(USR1)
            told.append("sent")
        if place == "signal":
            with pytest.raises(pt.TraceeDied):
                stop.set_siginfo(code=SI_USER)

    run = trace([tracee("receivers"), "handled"], body=at(place, body))
    assert told == (["sent"] if place == "signal" else [])
    assert run.one(pt.Signaled, pid=run.root).signo == signal.SIGKILL


def test_row_19_the_value_and_the_sender(trace: Trace, tracee: Tracee) -> None:
    run = changed(
        trace, [tracee("siginfos"), "queue"], sender=1234, uid=4321, value=2**63 + 5, errno=9
    )
    assert run.told("value") == (2**63 + 5,)
    assert run.told("info") == (USR1, SI_QUEUE, 9, 1234, 4321)


def test_row_19_what_is_not_given_stays(trace: Trace, tracee: Tracee) -> None:
    run = changed(trace, [tracee("siginfos"), "queue"], errno=5)
    assert run.told("value")[0] & 0xFFFFFFFF == 7
    assert run.told("info") == (USR1, SI_QUEUE, 5, run.root, os.getuid())


def test_row_19_the_code(trace: Trace, tracee: Tracee) -> None:
    run = changed(trace, [tracee("siginfos"), "queue"], code=SI_TKILL, value=8)
    assert run.told("info")[:2] == (USR1, SI_TKILL)


def test_row_19_the_address_of_a_fault(trace: Trace, tracee: Tracee) -> None:
    run = changed(trace, [tracee("siginfos"), "fault"], addr=0x7FFF_FFFF_F000, code=SEGV_ACCERR)
    assert run.told("addr") == (0x7FFF_FFFF_F000,)
    assert run.told("info")[:2] == (signal.SIGSEGV, SEGV_ACCERR)


def test_row_19_the_status_of_a_child(trace: Trace, tracee: Tracee) -> None:
    run = changed(trace, [tracee("siginfos"), "child"], status=77, code=CLD_DUMPED, sender=99)
    assert run.told("status") == (77,)
    assert run.told("info")[:4] == (signal.SIGCHLD, CLD_DUMPED, 0, 99)


def test_row_19_of_a_signal_that_takes_anothers_place(trace: Trace, tracee: Tracee) -> None:
    def body(ev: Any) -> None:
        if isinstance(ev, pt.Stopped):
            ev.stop.signal(USR2)
            ev.stop.set_siginfo(code=SI_QUEUE, value=3)
            ev.stop.set_siginfo(sender=77)

    run = trace([tracee("siginfos"), "queue"], body=body)
    assert run.told("value") == (3,)
    assert run.told("info")[:4] == (USR2, SI_QUEUE, 0, 77)


def changed(trace: Trace, argv: list[str], **info: int) -> Run:
    def body(ev: Any) -> None:
        if isinstance(ev, pt.Stopped | pt.Crashed):
            ev.stop.set_siginfo(**info)

    return trace(argv, body=body)


def test_what_does_not_go_is_refused_and_leaves_the_tracee_alone(
    tracee: Tracee, scratch: Callable[[], IO[bytes]]
) -> None:
    with pt.spawn([tracee("receivers")], follow=True, stdout=scratch()) as loop:
        first = True
        for ev in loop:
            stop = ev.stop
            if stop is None:
                continue
            if first:
                first = False
                for bad in (0, -1, signal.NSIG, 2**40):
                    with pytest.raises(ValueError, match="is no signal"):
                        stop.signal(bad)
                with pytest.raises(TypeError):
                    stop.signal("SIGUSR1")  # type: ignore[arg-type]
                with pytest.raises(ValueError, match="cannot suppress a signal at EXEC"):
                    stop.suppress()
                with pytest.raises(ValueError, match="cannot change a signal at EXEC"):
                    stop.set_siginfo(code=0)
            if isinstance(ev, pt.Stopped) and ev.signo == USR2:
                for wrong in ({"addr": 1}, {"status": 1}, {"value": 1, "code": 0}):
                    with pytest.raises(ValueError, match="only together with"):
                        stop.set_siginfo(**wrong)
                with pytest.raises(ValueError, match="has 32 bits"):
                    stop.set_siginfo(sender=2**33)
            stale = stop
    with pytest.raises(pt.LoopClosed):
        stale.signal(USR1)
    assert isinstance(loop.status, pt.Exited)
    assert loop.status.status == 0


def test_a_stale_stop(tracee: Tracee, scratch: Callable[[], IO[bytes]]) -> None:
    with pt.spawn([tracee("receivers")], stdout=scratch()) as loop:
        events = iter(loop)
        stale = next(events).stop
        next(events)
        for use in (
            lambda: stale.signal(USR1),
            stale.suppress,
            lambda: stale.set_siginfo(code=0),
            lambda: stale.read_struct(0, "i"),
        ):
            with pytest.raises(pt.StaleStop):
                use()

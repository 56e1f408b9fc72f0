#!/usr/bin/env python3
"""Signals: what a tracer is told of them, and what the tracee gets."""

from __future__ import annotations

import os
import platform
import signal
from collections.abc import Callable
from typing import Any

from witness import LINUX, ended_well, name_of, program, told

import pypicotrace as pt
from pypicotrace.testing import Trace, atf

Traced = Callable[..., Trace]
HANDLED = {
    name_of(signo): int(signo)
    for signo in (
        *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1),
        *(signal.SIGUSR2, signal.SIGALRM, signal.SIGPIPE, signal.SIGCHLD, signal.SIGURG),
        *(signal.SIGWINCH, signal.SIGPROF, signal.SIGCONT),
    )
}
FATAL = {
    name_of(signo): int(signo)
    for signo in (
        *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1),
        *(signal.SIGUSR2, signal.SIGALRM, signal.SIGPIPE, signal.SIGPROF, signal.SIGXCPU),
        *(signal.SIGABRT, signal.SIGSYS),
    )
}
HARMLESS = {
    name_of(signo): int(signo)
    for signo in (signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH, signal.SIGCONT)
}
FAULTS = {
    "SEGV": int(signal.SIGSEGV),
    "BUS": int(signal.SIGBUS),
    "ILL": int(signal.SIGILL),
    "FPE": int(signal.SIGFPE),
}


def ended_by(trace: Trace, signo: int) -> None:
    """That signal has killed the command."""
    assert isinstance(trace.status, pt.Signaled), trace.status
    assert trace.status.signo == signo, trace.status


@atf.each(signo=HANDLED)
def test_handled(signo: int, traced: Traced) -> None:
    """A signal with a handler is reported once and handled once"""
    trace = traced([program("dispositions"), "handled", str(signo)])
    ended_well(trace, 5)
    assert told(trace, "handled") == (1,)
    trace.expect(pt.Stopped(signo=signo), times=1)


@atf.each(signo=HANDLED)
def test_ignored(signo: int, traced: Traced) -> None:
    """A signal that is ignored is reported all the same, and has no effect"""
    trace = traced([program("dispositions"), "ignored", str(signo)])
    ended_well(trace, 5)
    assert told(trace, "handled") == (0,)
    trace.expect(pt.Stopped(signo=signo), times=1)


@atf.each(signo=HANDLED)
def test_masked(signo: int, traced: Traced) -> None:
    """A signal that is masked is not reported before it is unmasked"""
    trace = traced([program("dispositions"), "masked", str(signo)])
    ended_well(trace, 5)
    assert told(trace, "before") == (0,)
    assert told(trace, "handled") == (1,)
    said_so = [made.exit.seq for made in trace.calls("write") if made.exit is not None]
    stopped = trace.expect(pt.Stopped(signo=signo), times=1)[0]
    # "before" is written while it is masked, "handled" after it.
    assert said_so[-2] < stopped.seq < said_so[-1]


@atf.each(signo=FATAL)
def test_fatal(signo: int, traced: Traced) -> None:
    """A signal whose default it is to kill does that, after it was reported"""
    trace = traced([program("dispositions"), "default", str(signo)])
    ended_by(trace, signo)
    trace.expect(pt.Stopped(signo=signo), pt.Signaled(pid=trace.root, signo=signo))


@atf.each(signo=HARMLESS)
def test_harmless(signo: int, traced: Traced) -> None:
    """A signal whose default it is to be discarded has no effect"""
    trace = traced([program("dispositions"), "default", str(signo)])
    ended_well(trace, 5)
    trace.expect(pt.Stopped(signo=signo), at_most=1)


def test_kill(traced: Traced) -> None:
    """SIGKILL does not stop: the end is all that is told of it"""
    trace = traced([program("dispositions"), "default", str(int(signal.SIGKILL))])
    ended_by(trace, signal.SIGKILL)
    trace.expect_none(pt.Stopped(signo=signal.SIGKILL))


@atf.each(fault=FAULTS)
def test_fault(fault: int, traced: Traced) -> None:
    """A fault is reported as one, of the LWP that caused it, and kills"""
    needs_fault(fault)
    trace = traced([program("faulty"), "default", str(fault)])
    ended_by(trace, fault)
    crashed = trace.expect(pt.Crashed(signo=fault, pid=trace.root, lwp=trace.root), times=1)[0]
    # siginfo(2): a cause that the kernel knows is above 0.
    assert crashed.code > 0


@atf.each(fault=FAULTS)
def test_fault_handled(fault: int, traced: Traced) -> None:
    """A fault with a handler is reported, and then handled"""
    needs_fault(fault)
    trace = traced([program("faulty"), "handled", str(fault)])
    ended_well(trace, 6)
    trace.expect(pt.Crashed(signo=fault), times=1)


@atf.each(fault=FAULTS, how=["masked", "ignored"])
def test_fault_that_cannot_be_put_off(fault: int, how: str, traced: Traced) -> None:
    """A fault that is masked or ignored is reported, and kills"""
    needs_fault(fault)
    if not LINUX:
        atf.expect_fail("NetBSD: the signal is dropped, and the fault comes again without end")
    crashes: list[int] = []

    def enough(event: Any) -> None:
        if isinstance(event, pt.Crashed):
            crashes.append(event.seq)
            if len(crashes) > 3:
                event.stop.signal(signal.SIGKILL)

    trace = traced([program("faulty"), how, str(fault)], at_stop=enough)
    ended_by(trace, fault)
    trace.expect(pt.Crashed(signo=fault), pt.Signaled(signo=fault))


def needs_fault(fault: int) -> None:
    """Not every processor can be brought to each fault."""
    if fault == signal.SIGFPE and platform.machine() not in ("x86_64", "amd64", "i386"):
        atf.skip(f"a division by zero is no fault on {platform.machine()}")


def test_address_of_a_fault(traced: Traced) -> None:
    """A fault of memory tells the address that was touched"""
    trace = traced([program("faulty"), "default", str(int(signal.SIGSEGV))])
    trace.expect(pt.Crashed(signo=signal.SIGSEGV, addr=64))


def test_sender(traced: Traced) -> None:
    """A signal that a process sent tells which, and its user"""
    trace = traced([program("dispositions"), "handled", str(int(signal.SIGUSR1))])
    trace.expect(pt.Stopped(signo=signal.SIGUSR1, sender=trace.root, uid=os.getuid(), code=0))


@atf.each(signo=FATAL)
def test_suppressed(signo: int, traced: Traced) -> None:
    """A fatal signal that the tracer does not pass on has no effect"""

    def suppress(event: Any) -> None:
        if isinstance(event, pt.Stopped) and event.signo == signo:
            event.stop.suppress()

    trace = traced([program("dispositions"), "default", str(signo)], at_stop=suppress)
    ended_well(trace, 5)
    trace.expect(pt.Stopped(signo=signo), times=1)


@atf.each(by={name: FATAL[name] for name in ("HUP", "TERM", "USR2")})
def test_replaced(by: int, traced: Traced) -> None:
    """A signal in whose place the tracer passes on another is that other for the tracee"""

    def replace(event: Any) -> None:
        if isinstance(event, pt.Stopped) and event.signo == signal.SIGUSR1:
            event.stop.signal(by)

    trace = traced([program("dispositions"), "default", str(int(signal.SIGUSR1))], at_stop=replace)
    ended_by(trace, by)


@atf.each(signo={name: FATAL[name] for name in ("INT", "TERM", "USR1")})
def test_sent_by_the_tracer(signo: int, traced: Traced) -> None:
    """A signal that the tracer sends at another stop is delivered"""
    sent: list[int] = []

    def send(event: Any) -> None:
        if isinstance(event, pt.SyscallEntry) and event.name == "getppid" and not sent:
            sent.append(signo)
            event.stop.signal(signo)

    trace = traced([program("dispositions"), "nothing", "0"], at_stop=send)
    ended_by(trace, signo)


@atf.each(signo={name: HANDLED[name] for name in ("USR1", "PROF", "CHLD")})
def test_each_of_a_hundred(signo: int, traced: Traced) -> None:
    """Of a hundred signals, one after another, each is reported once and handled once"""
    trace = traced([program("dispositions"), "hundred", str(signo)])
    ended_well(trace, 5)
    assert told(trace, "handled") == (100,)
    trace.expect(pt.Stopped(signo=signo), times=100)


@atf.each(how=["interrupted", "restarted"])
def test_in_a_call(how: str, traced: Traced) -> None:
    """A call that a signal interrupts fails with EINTR, or is made again with SA_RESTART"""
    sent: list[int] = []

    def interrupt(event: Any) -> None:
        # Of a pipe: the loader reads files. What is pending when it would sleep interrupts it.
        entry = type(event) is pt.SyscallEntry and event.name == "read"
        if entry and event.arg("nbyte" if "nbyte" in event.params else "count") == 1 and not sent:
            sent.append(event.seq)
            event.stop.signal(signal.SIGUSR1)

    trace = traced([program("signals"), how], at_stop=interrupt)
    ended_well(trace, 5)
    trace.expect(pt.Stopped(signo=signal.SIGUSR1), times=1)
    result, error, handled = told(trace, "read")
    assert handled == 1
    if how == "interrupted":
        assert (result, error) == (-1, 4)
    else:
        assert (result, error) == (1, 0)
    reads = [made for made in trace.calls("read") if made.entry and made.entry.seq >= sent[0]]
    assert reads[0].error, "the first is interrupted"
    assert LINUX or reads[0].error in (4, -3)


if __name__ == "__main__":
    atf.main()

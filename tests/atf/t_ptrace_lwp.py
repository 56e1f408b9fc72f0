#!/usr/bin/env python3
"""LWPs (threads): what a tracer is told of their beginning and end, and whose a call is."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from witness import LINUX, ended_well, program, told

import pypicotrace as pt
from pypicotrace.testing import Trace, atf, call

Traced = Callable[..., Trace]
ASKED = {
    "nothing": pt.Mask(0),
    "create": pt.LWP_CREATE,
    "exit": pt.LWP_EXIT,
    "both": pt.LWP_CREATE | pt.LWP_EXIT,
}


@atf.each(count=[1, 4, 16, 64])
def test_created_once_exited_once(count: int, traced: Traced) -> None:
    """Each LWP is created once and exits once, in this order, and nothing is told of it outside"""
    trace = traced([program("threads"), "some", str(count)])
    ended_well(trace, 0)
    trace.expect(pt.LwpCreated, times=count)
    lwps = [lwp for lwp in trace.lwps if lwp != trace.root]
    assert len(lwps) == count
    for lwp in lwps:
        own = trace.lwp(lwp).events
        assert [type(own[0]), type(own[-1])] == [pt.LwpCreated, pt.LwpExited], trace.lwp(lwp)
        trace.lwp(lwp).expect(pt.LwpExited, times=1)


@atf.each(asked=ASKED)
def test_event_iff_asked(asked: pt.Mask, traced: Traced) -> None:
    """Each event comes if and only if its bit is set"""
    trace = traced([program("threads"), "some", "3"], events=asked | pt.EXIT)
    ended_well(trace, 0)
    trace.expect(pt.LwpCreated, times=3 if asked & pt.LWP_CREATE else 0)
    # The first LWP's end is the process's own.
    others = trace.only(pt.LwpExited).lwps
    assert len([lwp for lwp in others if lwp != trace.root]) == (3 if asked & pt.LWP_EXIT else 0)


@atf.each(count=[1, 4, 16])
def test_calls_are_their_lwps(count: int, traced: Traced) -> None:
    """Each call is reported of the LWP that makes it: three of each"""
    trace = traced([program("threads"), "some", str(count)], syscalls=["getppid"])
    ended_well(trace, 0)
    assert len(trace.calls("getppid")) == 3 * count
    for lwp in trace.only("getppid").lwps:
        trace.lwp(lwp).expect(call("getppid", retval=os.getpid()), times=3)


@atf.each(count=[1, 4, 16])
def test_process_exits_with_lwps(count: int, traced: Traced) -> None:
    """A process that exits while LWPs are asleep in calls ends, by its own status"""
    trace = traced([program("threads"), "leave", str(count)])
    ended_well(trace, 3)
    trace.expect(pt.LwpCreated, times=count)
    trace.expect(pt.Exited(pid=trace.root), times=1)
    for lwp in trace.lwps:
        trace.lwp(lwp).expect(pt.LwpExited, at_most=1)
    assert type(trace.events[-1]) is pt.Exited


@atf.each(count=[1, 4, 16])
def test_process_killed_with_lwps(count: int, traced: Traced) -> None:
    """A process that is killed while LWPs are asleep in calls ends by the signal"""
    trace = traced([program("threads"), "kill", str(count)])
    trace.expect(pt.Signaled(pid=trace.root, signo=signal.SIGKILL, core=False), times=1)
    assert type(trace.events[-1]) is pt.Signaled


def test_first_lwp(traced: Traced) -> None:
    """The first LWP has the process's id, and is not announced as created"""
    trace = traced([program("threads"), "some", "2"])
    assert trace.lwps[0] == trace.root
    trace.lwp(trace.root).expect_none(pt.LwpCreated)


@atf.each(count=[1, 8])
def test_ids_are_their_own(count: int, traced: Traced) -> None:
    """LWPs that live at the same time have different ids, none of them a process's"""
    trace = traced([program("threads"), "some", str(count)])
    created = [event.lwp for event in trace.only(pt.LwpCreated)]
    assert len({*created, trace.root}) == count + 1
    assert trace.pids == [trace.root]


@atf.each(how=["handled", "masked_by_others"])
def test_signal_for_one_lwp(how: str, traced: Traced) -> None:
    """A signal that only one LWP can take is reported of that one, and handled by it"""
    trace = traced([program("lwp_signals"), how])
    ended_well(trace, 0)
    lwp, count = told(trace, "handled")
    assert count == 1
    assert lwp != trace.root
    # NetBSD: what is sent to the process is the process's, whoever takes it (psi_lwpid, ptrace(2)).
    of = lwp if LINUX or how == "handled" else 0
    assert [event.lwp for event in trace.only(pt.Stopped(signo=signal.SIGUSR1))] == [of]


def running_beside(traced: Traced) -> int:
    """How many LWPs run, at most, while another of their process stands in its stop."""
    seen: list[int] = []

    def look(event: Any) -> None:
        if isinstance(event, pt.SyscallEntry) and event.name == "getppid":
            seen.append(sum(lwp.state == "running" for lwp in event.stop.lwps))

    traced([program("threads"), "some", "4"], at_stop=look)
    return max(seen)


def test_others_run_on(traced: Traced) -> None:
    """While one LWP stands in its stop the others of its process run"""
    if not LINUX:
        atf.expect_fail("NetBSD: the whole process stops")
    assert running_beside(traced) >= 1


def test_others_stand_too(traced: Traced) -> None:
    """While one LWP stands in its stop the others of its process stand still, too"""
    if LINUX:
        atf.expect_fail("Linux: an LWP stops alone")
    assert running_beside(traced) == 0


if __name__ == "__main__":
    atf.main()

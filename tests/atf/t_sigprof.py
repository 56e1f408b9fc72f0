#!/usr/bin/env python3
"""ITIMER_PROF: whether its signals go to the LWP that uses the time."""

from __future__ import annotations

import signal
from collections.abc import Callable

from witness import ended_well, program

import pypicotrace as pt
from pypicotrace.testing import Trace, atf
from pypicotrace.testing.sigprof import Profile, profile

Traced = Callable[..., Trace]
BUSY = "1500"
"""Milliseconds of CPU time: some 150 signals."""
PLACES = {
    "first_of_two": ["1", "0"],
    "second_of_two": ["0", "1"],
    "last_of_four": ["0", "0", "0", "1"],
}


def shown(taken: Profile) -> None:
    """The counts, whichever way it ends."""
    print(taken.table())


@atf.each(place=PLACES)
def test_one_busy(place: list[str], traced: Traced) -> None:
    """Of several LWPs one is busy and the others sleep: the signals are for that one"""
    taken = profile([program("burners"), BUSY, *place])
    shown(taken)
    assert taken.verdict().follows, taken.verdict().words
    busy = max(taken.times, key=lambda lwp: taken.times[lwp])
    # The others have run as well, to start: the timer may have run out just then, once for each.
    others = [count for lwp, count in taken.signals.items() if lwp != busy]
    assert max(others, default=0) <= 1


def test_by_shares(traced: Traced) -> None:
    """All but one are busy, for different times: the signals are shared as the time is"""
    taken = profile([program("burners"), "500", "1", "2", "3", "0"])
    shown(taken)
    assert taken.verdict().follows, taken.verdict().words


def test_a_timer_of_its_own(traced: Traced) -> None:
    """A program that profiles itself gets its signals in the LWP that is busy"""
    taken = profile([program("burners"), "-t", BUSY, "0", "1"], interval_us=None)
    shown(taken)
    assert taken.verdict().follows, taken.verdict().words


def test_no_signals_for_the_idle(traced: Traced) -> None:
    """A process that uses no time gets no signals"""
    trace = traced([program("burners"), "-t", "1", "0", "0"])
    ended_well(trace, 0)
    trace.expect(pt.Stopped(signo=signal.SIGPROF), at_most=1)


if __name__ == "__main__":
    atf.main()

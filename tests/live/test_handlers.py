"""Signals at any time, and in numbers: none is lost, doubled, moved, or out of order."""

from __future__ import annotations

import errno
import platform
import signal
from collections.abc import Callable

import pytest
from runs import Trace, asks_for_results

import pypicotrace as pt

Tracee = Callable[[str], str]

FIRST = 0x5A5A000000000000
"""What tracees/registers.c has where a call's result would be when it makes none."""

needs_the_registers = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the registers that are compared are x86-64's"
)


@asks_for_results
@needs_the_registers
@pytest.mark.parametrize("how", ["done", "failed", "spin"])
def test_row_16_registers_after_a_handler(
    trace: Trace, tracee: Tracee, text: bool, how: str
) -> None:
    """The tracee sees that all are as before; the result of rt_sigreturn is what the first had."""
    rounds = 300
    run = trace([tracee("registers"), how, str(rounds)], text=text)
    assert run.one(pt.Exited).status == 0
    ends = run.of(pt.SyscallExit, name="rt_sigreturn")
    if how == "spin":
        # The timer may come more than once in a round, or between two.
        inside = {ev.retval for ev in ends if ev.retval is not None and ev.retval >= FIRST}
        assert inside == {FIRST + number for number in range(rounds)}
    elif how == "failed":
        assert [(ev.retval, ev.error) for ev in ends] == [(None, errno.EPIPE)] * rounds
    else:
        assert [(ev.retval, ev.error) for ev in ends] == [(0, 0)] * rounds


@asks_for_results
@pytest.mark.parametrize(("how", "count"), [("each", 200), ("one", 30)])
def test_row_17_a_timer_often(
    trace: Trace, tracee: Tracee, text: bool, how: str, count: int
) -> None:
    """Each signal is that of the LWP whose handler runs, and its calls are what they were to be."""
    lwps = 4
    run = trace([tracee("timers"), how, str(lwps), str(count)], text=text)
    assert run.one(pt.Exited).status == 0
    told = run.said("lwp")
    assert len(told) == 1 + lwps
    for lwp, caught, calls in told:
        assert len(run.of(pt.Stopped, lwp=lwp, signo=signal.SIGPROF)) == caught
        assert len(run.of(pt.SyscallExit, lwp=lwp, name="rt_sigreturn")) == caught
        made = run.of(pt.SyscallExit, lwp=lwp, name="getppid", error=0)
        assert len(made) == calls + (calls > 0), "one more before it starts to count"
    times = [caught for _, caught, _ in told[1:]]
    assert min(times) >= count if how == "each" else sum(times) + told[0][1] >= count


@pytest.mark.parametrize("how", ["masked", "open"])
def test_row_17_queued_signals_in_order(trace: Trace, tracee: Tracee, text: bool, how: str) -> None:
    lwps, count = 3, 40
    run = trace([tracee("queued"), how, str(lwps), str(count)], text=text)
    assert run.one(pt.Exited).status == 0
    got: dict[int, list[tuple[int, int]]] = {}
    for lwp, signo, value in run.said("got"):
        got.setdefault(lwp, []).append((signo, value))
    first = int(signal.SIGRTMIN) + 1
    every = [(signo, value) for signo in range(first, first + 3) for value in range(count)]
    for lwp, in_order in got.items():
        # Of one kind the oldest comes first; of several that wait, the lowest (signal(7)).
        assert sorted(in_order, key=lambda kind: kind[0]) == every
        assert in_order == every or how == "open"
        arrived = run.of(pt.Stopped, lwp=lwp)
        assert [ev.signo for ev in arrived] == [signo for signo, _ in in_order]
        if not text:
            assert [ev.value & 0xFFFFFFFF for ev in arrived] == [value for _, value in in_order]
    assert len(got) == lwps
    assert len(run.of(pt.Stopped)) == lwps * len(every)

"""On every system: one instruction at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from runs import Trace, asks_for_results

import pypicotrace as pt

Tracee = Callable[[str], str]
MAKES = {"fork", "vfork", "__vfork14", "clone", "clone3"}
STEPS = 200


@asks_for_results
@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("how", ["fork", "vfork"])
def test_over_what_makes_a_child(trace: Trace, tracee: Tracee, how: str, follow: bool) -> None:
    """The call is seen, and the child is none the worse, traced or not."""
    stepping: list[int] = []

    def body(ev: Any) -> None:
        left = isinstance(ev, pt.SyscallExit)
        if left and ("alarm" in ev.name or "itimer" in ev.name):
            stepping.append(ev.pid)
        if left and ev.name in MAKES:
            stepping.clear()
        elif stepping == [ev.pid] and ev.stop is not None:
            ev.stop.step()

    run = trace([tracee("portable/families"), how, "exit"], body=body, follow=follow)
    [(_, child, end)] = run.said("child")
    assert end == 17 << 8
    assert run.one(pt.Exited, pid=run.root).status == 0
    assert len(run.of(pt.SingleStep)) > 10
    [made] = [ev for ev in run.of(pt.SyscallExit) if ev.name in MAKES and ev.pid == run.root]
    assert made.retval == child
    assert ({ev.pid for ev in run.events} == {run.root, child}) is follow


def test_of_several_lwps(trace: Trace, tracee: Tracee) -> None:
    """Each takes its own, whoever stops meanwhile, and calls that wait for others end."""
    taken: Counter[int] = Counter()

    def body(ev: Any) -> None:
        if ev.lwp in taken or isinstance(ev, pt.LwpCreated):
            taken[ev.lwp] += isinstance(ev, pt.SingleStep)
            if ev.stop is not None and taken[ev.lwp] < STEPS:
                ev.stop.step()

    run = trace([tracee("portable/threads"), "some", "3"], body=body)
    assert run.told("made") == (3,)
    assert len(taken) == 3
    assert set(taken.values()) == {STEPS}
    counted = Counter(ev.lwp for ev in run.of(pt.SingleStep))
    assert counted == taken


def test_places(trace: Trace, tracee: Tracee) -> None:
    """Where the program counter is said to be it is, and it goes on."""
    places: list[int] = []

    def body(ev: Any) -> None:
        if isinstance(ev, pt.SingleStep):
            assert ev.stop.pc == ev.pc
            places.append(ev.pc)
        if ev.stop is not None and len(places) < STEPS:
            ev.stop.step()

    run = trace([tracee("portable/signals"), "ignored"], body=body)
    assert run.one(pt.Exited).status == 5
    assert len(places) == STEPS
    assert len(set(places)) > 10

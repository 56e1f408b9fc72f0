"""Everybody gets a turn beside LWPs that stop as fast as they are served, and from its own loop."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import pytest
from record import of
from runs import Target, until

import pypicotrace as pt

Tracee = Callable[[str], str]
Start = Callable[..., Target]

LONG = 0.005
"""Seconds: within that the others are at their next call."""

OVERDUE = 1.5
"""Longer than a stop is kept of which it is not known whose it is."""


@pytest.fixture
def busy(start: Start, tracee: Tracee) -> Callable[[int], Target]:
    """A process with so many LWPs that make calls without end."""

    def run(lwps: int) -> Target:
        target = start([tracee("spinners"), str(lwps)])
        until(lambda: target.said("ready"), "ready")
        return target

    return run


def with_a_long_body(loop: pt.Loop, count: int) -> list[pt.Event]:
    record = []
    for ev in itertools.islice(loop, count):
        record.append(ev)
        time.sleep(LONG)
    return record


def test_row_45_all_lwps_are_attached_to(busy: Callable[[int], Target]) -> None:
    target = busy(6)
    with pt.attach(target.pid) as loop:
        record = with_a_long_body(loop, 90)
    assert {ev.lwp for ev in of(record, pt.Attached)} == set(target.lwps())
    calls = [sum(ev.lwp == lwp for ev in record) for lwp in target.lwps()]
    assert max(calls) <= 2 * min(calls)


def test_a_program_that_is_added_runs(busy: Callable[[int], Target]) -> None:
    with pt.attach(busy(6).pid, events=pt.SCE | pt.EXIT) as loop:
        with_a_long_body(loop, 20)
        added = loop.add(["true"])
        record = with_a_long_body(loop, 500)
    assert [ev.status for ev in of(record, pt.Exited) if ev.pid == added] == [0]


def test_one_that_was_let_go_is_another_loops(busy: Callable[[int], Target]) -> None:
    """The one that has let go of it is busy with its others."""
    target, *others = (busy(1), busy(1), busy(1))
    with pt.attach(*(each.pid for each in (target, *others))) as before:
        assert len({ev.pid for ev in itertools.islice(before, 1000)}) == 3
        before.detach(target.pid)
        assert any(isinstance(ev, pt.Detached) for ev in itertools.islice(before, 1000))
        with pt.attach(target.pid) as after:
            until(lambda: target.lwps()[target.pid]["State"].startswith("t"), "it stands")
            end = time.monotonic() + OVERDUE
            batches = itertools.takewhile(lambda _: time.monotonic() < end, before.stream())
            assert {pid for batch in batches for pid in batch.pid} == {one.pid for one in others}
            after.stop_after(calls=2, seconds=10)
            record = list(after)
    kinds = [pt.Attached, pt.SyscallEntry, pt.SyscallExit, pt.SyscallEntry, pt.SyscallExit]
    assert [type(ev) for ev in record if not isinstance(ev, pt.Detached)][-5:] == kinds

"""Force in the middle of things: kills and ends while LWPs and processes are made.

Nothing may be left of a tracee afterwards, which a fixture checks for every test, and what is in
the record must be true.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections.abc import Callable, Iterator
from typing import IO

import pytest
from record import check_record, of
from runs import Trace

import pypicotrace as pt

Tracee = Callable[[str], str]
Scratch = Callable[[], IO[bytes]]

NO_CALLS = pt.ALL & ~(pt.SCE | pt.SCX)
BOTH = pytest.mark.parametrize("events", [pt.ALL, NO_CALLS], ids=["all", "no calls"])
FORKS = pytest.mark.parametrize("how", ["fork", "vfork", "parent", "thread"])
ROUNDS = 6


def moments(events: pt.Mask) -> list[int]:
    """When to strike, in events from the first child or LWP on."""
    chance = random.Random(int(events))  # noqa: S311  the same in each run
    return [chance.randrange(1, 600 if events & pt.SCE else 150) for _ in range(ROUNDS)]


def storm(loop: pt.Loop, record: list[pt.Event]) -> Iterator[tuple[int, pt.Event]]:
    """The loop's events, numbered from the first child or LWP on; all go into ``record``."""
    begun = False
    number = 0
    for ev in loop:
        record.append(ev)
        begun = begun or isinstance(ev, pt.Forked | pt.LwpCreated)
        number += begun
        yield number, ev


@BOTH
@FORKS
def test_row_47_the_tree_is_killed_in_a_storm_of_forks(
    tracee: Tracee, scratch: Scratch, how: str, events: pt.Mask
) -> None:
    for moment in moments(events):
        record: list[pt.Event] = []
        with pt.spawn(
            [tracee("forkers"), "4", how], events=events, follow=True, stdout=scratch()
        ) as loop:
            for number, _ in storm(loop, record):
                if number == moment:
                    os.killpg(loop.root, signal.SIGKILL)
        check_record(record, mask=events)
        assert of(record, pt.Signaled, pid=loop.root, signo=signal.SIGKILL) == [loop.status]


@BOTH
@FORKS
def test_row_47_forkers_are_killed_in_a_storm(
    tracee: Tracee, scratch: Scratch, how: str, events: pt.Mask
) -> None:
    """A child whose parent was killed before it could tell of it is found all the same."""
    for moment in moments(events):
        record: list[pt.Event] = []
        forkers: list[int] = []
        with pt.spawn(
            [tracee("forkers"), "8", how], events=events, follow=True, stdout=scratch()
        ) as loop:
            for number, ev in storm(loop, record):
                forkers += [child.child for child in of([ev], pt.Forked, pid=loop.root)]
                if number % 20 == 0 and len(forkers) > 1:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(forkers.pop(0), signal.SIGKILL)
                if number == moment + 100:
                    os.killpg(loop.root, signal.SIGKILL)
        check_record(record, mask=events)


@BOTH
@FORKS
@pytest.mark.parametrize("killed", [0, 3], ids=["", "killed"])
def test_the_loop_is_closed_in_a_storm_of_forks(
    tracee: Tracee, scratch: Scratch, how: str, killed: int, events: pt.Mask
) -> None:
    """What a spawned program has made ends with the loop, also the child of a killed forker."""
    for moment in moments(events):
        record: list[pt.Event] = []
        forkers: list[int] = []
        with pt.spawn(
            [tracee("forkers"), "4", how], events=events, follow=True, stdout=scratch()
        ) as loop:
            for number, ev in storm(loop, record):
                forkers += [child.child for child in of([ev], pt.Forked, pid=loop.root)]
                if number >= moment:
                    for pid in forkers[:killed]:
                        os.kill(pid, signal.SIGKILL)
                    break
        check_record(record, mask=events, complete=False)


@BOTH
@pytest.mark.parametrize("how", ["storm", "tree", "group"])
def test_row_47_killed_in_a_storm_of_lwps(
    tracee: Tracee, scratch: Scratch, how: str, events: pt.Mask
) -> None:
    count = {"storm": "1000000", "tree": "20", "group": "20"}[how]
    for moment in moments(events):
        record: list[pt.Event] = []
        with pt.spawn([tracee("lwps"), how, count], events=events, stdout=scratch()) as loop:
            for number, _ in storm(loop, record):
                if number == (moment if how != "group" else min(moment, 20)):
                    os.kill(loop.root, signal.SIGKILL)
        check_record(record, mask=events)
        assert isinstance(loop.status, pt.Signaled)


@BOTH
@pytest.mark.parametrize("how", ["storm", "tree"])
def test_the_loop_is_closed_in_a_storm_of_lwps(
    tracee: Tracee, scratch: Scratch, how: str, events: pt.Mask
) -> None:
    count = {"storm": "1000000", "tree": "20"}[how]
    for moment in moments(events):
        record: list[pt.Event] = []
        with pt.spawn([tracee("lwps"), how, count], events=events, stdout=scratch()) as loop:
            for number, _ in storm(loop, record):
                if number == moment:
                    break
        check_record(record, mask=events, complete=False)


@BOTH
def test_row_44_exit_group_in_a_storm_of_lwps(
    trace: Trace, tracee: Tracee, text: bool, events: pt.Mask
) -> None:
    for _ in range(ROUNDS):
        run = trace([tracee("lwps"), "quits", "20"], events=events, text=text)
        assert run.one(pt.Exited).status == 0
        created = [ev.lwp for ev in run.of(pt.LwpCreated)]
        assert len(created) >= 20
        assert sorted(created) == sorted(ev.lwp for ev in run.of(pt.LwpExited))

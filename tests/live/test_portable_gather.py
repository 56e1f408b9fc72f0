"""On every system: a whole process stands still and is looked at, and does not notice."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from runs import Trace

import pypicotrace as pt

Tracee = Callable[[str], str]
KINDS = 3


def at_signal(do: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda ev: do(ev) if isinstance(ev, pt.Stopped) and ev.signo == signal.SIGUSR1 else None


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@pytest.mark.parametrize("events", [pt.ALL, pt.ALL & ~(pt.SCE | pt.SCX)], ids=["all", "no calls"])
def test_all_of_it_stands(
    trace: Trace, tracee: Tracee, pipe: tuple[int, int], events: pt.Mask
) -> None:
    """What its LWPs count does not grow while it is looked at, and each says where it is."""
    reader, writer = pipe
    places: list[int] = []
    seen: list[list[int]] = []

    def look(ev: Any) -> None:
        if not places:
            places.append(int(os.read(reader, 100).split()[1]))
        others = ev.stop.gather()
        counts = ev.stop.read(places[0], 8 * KINDS)
        pcs = [stop.pc for stop in others]
        time.sleep(0.002)
        assert all(stop.read(places[0], 8 * KINDS) == counts for stop in (ev.stop, *others))
        assert [stop.pc for stop in others] == pcs
        assert [stop.lwp for stop in ev.stop.gather()] == [stop.lwp for stop in others]
        seen.append([stop.lwp for stop in others])

    argv = [tracee("portable/crowd"), "20"]
    run = trace(argv, events=events, body=at_signal(look), stdout=writer)
    assert os.read(reader, 100) == b"caught 20\n"
    assert seen == [sorted(ev.lwp for ev in run.of(pt.LwpCreated))] * 20
    assert run.one(pt.Exited).status == 0


def test_what_would_change_them_is_refused(trace: Trace, tracee: Tracee) -> None:
    refused = []

    def look(ev: Any) -> None:
        for stop in ev.stop.gather():
            name = next(iter(stop.registers))
            changes = (
                partial(stop.registers.update, {name: 1}),
                partial(stop.write, 0, b"x"),
                stop.step,
            )
            for change in changes:
                with pytest.raises(pt.KernelError) as caught:
                    change()
                refused.append(caught.value.errno)

    trace([tracee("portable/crowd"), "1"], body=at_signal(look))
    assert refused == [errno.EBUSY] * 3 * KINDS


def test_handles_are_good_for_one_stop(tracee: Tracee) -> None:
    kept: list[pt.Stop] = []
    with pt.spawn(
        [tracee("portable/crowd"), "2"], events=pt.SIGNAL, stdout=subprocess.DEVNULL
    ) as loop:
        for ev in loop:
            if isinstance(ev, pt.Stopped):
                for stop in kept:
                    with pytest.raises(pt.StaleStop):
                        stop.read(0, 1)
                kept = ev.stop.gather()
    assert len(kept) == KINDS


def test_let_go_from_there(tracee: Tracee) -> None:
    """Those that stand are let go as well."""
    with pt.spawn([tracee("portable/crowd"), "3"], stdout=subprocess.DEVNULL) as loop:
        for ev in loop:
            if isinstance(ev, pt.Stopped):
                assert len(ev.stop.gather()) == KINDS
                ev.stop.detach()
        assert loop.status is None
        assert os.waitpid(loop.root, 0) == (loop.root, 0)


def test_closed_from_there(tracee: Tracee) -> None:
    with pt.spawn([tracee("portable/crowd"), "3"], stdout=subprocess.DEVNULL) as loop:
        for ev in loop:
            if isinstance(ev, pt.Stopped):
                ev.stop.gather()
                break
    assert isinstance(loop.status, pt.Signaled)


def test_of_one_lwp() -> None:
    with pt.spawn(["true"]) as loop:
        assert all(ev.stop.gather() == [] for ev in loop if ev.stop is not None)


def test_at_any_event(trace: Trace, tracee: Tracee) -> None:
    """Nothing is lost of the record."""

    def body(ev: Any) -> None:
        if ev.stop is not None and ev.seq % 7 == 0:
            assert all(stop.pc for stop in ev.stop.gather())

    trace([tracee("portable/threads"), "some", "8"], body=body)

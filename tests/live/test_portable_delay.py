"""On every system: an LWP stands still for a while, and all else goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import IO, Any

import pytest
from record import check_record, of
from runs import Target, contents, until
from system import untouched

import pypicotrace as pt
from pypicotrace.text import Text

Tracee = Callable[[str], str]
Scratch = Callable[[], IO[bytes]]
FOR_EVER = 10**9
"""Seconds. A test that waited for it to pass would not end."""


def first_of(loop: pt.Loop, pid: int) -> Any:
    """Its first event in which an LWP stands."""
    for ev in loop:
        if ev.pid == pid and ev.stop is not None:
            return ev
    raise AssertionError("the loop has ended")


def events_of(loop: pt.Loop, way: str) -> Iterator[pt.Event]:
    if way == "stop":
        yield from loop
    else:
        yield from (ev for batch in loop.stream(2) for ev in batch)


@pytest.mark.parametrize("way", ["stop", "stream"])
def test_others_are_served_meanwhile(scratch: Scratch, way: str) -> None:
    """To their end, however long it takes."""
    with pt.spawn(["sleep", "60"]) as loop:
        first_of(loop, loop.root).stop.delay(FOR_EVER)
        other = loop.add(["sh", "-c", "date; exit 3"], stdout=scratch())
        for ev in events_of(loop, way):
            assert ev.pid == other
            if isinstance(ev, pt.Exited):
                assert ev.status == 3
                break


@pytest.mark.parametrize("way", ["stop", "stream"])
def test_it_goes_on_when_its_time_is_over(scratch: Scratch, way: str) -> None:
    """And nothing of it, or of others, is lost."""
    with pt.spawn(["sh", "-c", "exit 3"]) as loop:
        late = first_of(loop, loop.root)
        late.stop.delay(0.2)
        other = loop.add(["sh", "-c", "date; date"], stdout=scratch())
        record = [late, *events_of(loop, way)]
    check_record(record, added={other})
    of_late = [ev for ev in record[1:] if ev.pid == loop.root]
    assert of_late[0].ts_ns - late.ts_ns >= 200_000_000
    assert of(record, pt.Exited, pid=other)
    assert isinstance(loop.status, pt.Exited)
    assert loop.status.status == 3


def test_nothing_is_done_while_it_is_waited_for(scratch: Scratch) -> None:
    with pt.spawn(["date"], stdout=scratch()) as loop:
        first_of(loop, loop.root).stop.delay(0.7)
        busy, start = time.thread_time(), time.monotonic()
        ev = next(iter(loop))
        assert time.monotonic() - start >= 0.7
        assert time.thread_time() - busy < 0.2
        assert ev.pid == loop.root


def test_a_run_to_text(scratch: Scratch) -> None:
    lines = scratch()
    with pt.spawn(["sh", "-c", "exit 3"]) as loop:
        first_of(loop, loop.root).stop.delay(0.1)
        start = time.monotonic()
        assert loop.write_text(lines.fileno(), Text.PLAIN) == 0
        assert time.monotonic() - start >= 0.1
    assert contents(lines).splitlines()[-1].split()[3:] == [b"EXITED", b"status=3"]


def test_each_goes_on_when_its_own_time_is_over() -> None:
    """The last that was asked for counts, and none takes it back, or is waited for by another."""
    delays = [FOR_EVER, 0.05, 0.1, 0]
    with pt.spawn(["sleep", "0"]) as loop:
        pids = [loop.root, *(loop.add(["sleep", "0"]) for _ in delays[1:])]
        execs: dict[int, int] = {}
        second: dict[int, int] = {}
        ended = 0
        for ev in loop:
            if isinstance(ev, pt.Exec):
                execs[ev.pid] = ev.ts_ns
                assert ev.stop is not None
                ev.stop.delay(FOR_EVER)
                ev.stop.delay(delays[pids.index(ev.pid)])
            else:
                second.setdefault(ev.pid, ev.ts_ns)
                ended += isinstance(ev, pt.Exited)
            if ended == len(pids) - 1:
                break
    assert loop.root not in second
    for pid, delay in zip(pids[1:], delays[1:], strict=True):
        assert second[pid] - execs[pid] >= delay * 10**9


def test_a_call_is_answered_late(tracee: Tracee, scratch: Scratch) -> None:
    """On NetBSD its exit is told at once, and the program gets it late."""
    entry: Any = None
    with pt.spawn([tracee("portable/targets"), "asleep"], stdout=scratch()) as loop:
        for ev in loop:
            if type(ev) is pt.SyscallEntry and ev.name == "read" and ev.args[0] == 0:
                entry = ev
                assert ev.stop is not None
                ev.stop.inject(retval=0)
                ev.stop.delay(0.05)
    assert isinstance(loop.status, pt.Exited)
    assert loop.status.status == 9
    assert loop.status.ts_ns - entry.ts_ns >= 50_000_000


@pytest.mark.parametrize("how", ["asleep", "threads"])
def test_one_that_is_let_go_does_not_wait(
    tracee: Tracee, start: Callable[..., Target], how: str
) -> None:
    made = start([tracee("portable/targets"), how], stdin=-1)
    until(lambda: made.said("ready"), "ready")
    with pt.attach(made.pid) as loop:
        first_of(loop, made.pid).stop.delay(FOR_EVER)
        other = loop.add(["date"], stdout=made.out)
        assert first_of(loop, other).pid == other
        loop.detach(made.pid)
        assert of(list(loop), pt.Detached, pid=made.pid)
    until(lambda: untouched(made.pid), "it is let go")


def test_the_end_of_the_loop_does_not_wait(tracee: Tracee, start: Callable[..., Target]) -> None:
    made = start([tracee("portable/targets"), "asleep"], stdin=-1)
    until(lambda: made.said("ready"), "ready")
    with pt.attach(made.pid) as loop:
        first_of(loop, made.pid).stop.delay(FOR_EVER)
        other = loop.add(["sleep", "60"])
        first_of(loop, other).stop.delay(FOR_EVER)
        loop.add(["sleep", "60"])
        assert type(next(iter(loop))) is pt.Exec
    until(lambda: untouched(made.pid), "it is let go")
    with pytest.raises(ProcessLookupError):
        os.kill(other, 0)


@pytest.mark.parametrize(
    ("seconds", "error"),
    [
        (-1, ValueError),
        (float("nan"), ValueError),
        (float("inf"), ValueError),
        (10**9 + 1, ValueError),
        ("1", TypeError),
        (True, TypeError),
    ],
)
def test_what_is_no_time(seconds: Any, error: type[Exception]) -> None:
    with pt.spawn(["sleep", "0"]) as loop:
        stop = first_of(loop, loop.root).stop
        with pytest.raises(error):
            stop.delay(seconds)
        next(iter(loop))
        with pytest.raises(pt.StaleStop):
            stop.delay(0)

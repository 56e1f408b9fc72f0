"""A process that is gathered while its LWPs come and go, by force and by themselves."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from runs import Trace, fields, until

import pypicotrace as pt

Tracee = Callable[[str], str]
NO_CALLS = pt.ALL & ~(pt.SCE | pt.SCX)


def whole(stop: pt.Stop) -> list[pt.Stop]:
    """All of it; each that stands says where it is, unless it was killed."""
    found = stop.gather()
    for other in found:
        with contextlib.suppress(pt.TraceeDied):
            assert other.pc
    return found


def now_and_then() -> Callable[[Any], None]:
    """A body that looks at the whole process at some of the events.

    Not at all of them: a call that is interrupted each time is never done.
    """
    moments = set(range(5, 400, 13))

    def body(ev: Any) -> None:
        if ev.stop is not None and ev.seq in moments:
            with contextlib.suppress(pt.TraceeDied):
                whole(ev.stop)

    return body


@pytest.mark.parametrize("events", [pt.ALL, NO_CALLS], ids=["all", "no calls"])
@pytest.mark.parametrize(
    "argv",
    [
        ["execs", "later", "1"],
        ["execs", "race", "1"],
        ["execs", "storm", "1"],
        ["lwps", "storm", "20"],
        ["lwps", "tree", "4"],
        ["lwps", "group", "6"],
        ["lwps", "shot", "6"],
        ["lwps", "quits", "6"],
        ["forkers", "2", "fork"],
        ["leaderless", "exit"],
        ["leaderless", "exec"],
        ["stops", "20", "2", "4"],
    ],
    ids=" ".join,
)
def test_whatever_it_does(trace: Trace, tracee: Tracee, argv: list[str], events: pt.Mask) -> None:
    name, *args = argv
    if name == "forkers":
        until_killed(tracee(name), args, events)
    else:
        trace([tracee(name), *args], events=events, body=now_and_then())


def until_killed(program: str, args: list[str], events: pt.Mask) -> None:
    body = now_and_then()
    with pt.spawn([program, *args], events=events, follow=True) as loop:
        for ev in loop:
            body(ev)
            if ev.seq == 200:
                os.killpg(loop.root, signal.SIGKILL)
    assert isinstance(loop.status, pt.Signaled)


def test_one_that_has_ended_is_not_among_them(trace: Trace, tracee: Tracee) -> None:
    """However often they are gathered before its end is told."""
    ending: set[int] = set()
    seen: list[set[int]] = []

    def body(ev: Any) -> None:
        ending.discard(ev.lwp)
        if ev.stop is not None and ending:
            until(lambda: all(map(has_ended, ending)), "they have ended")
            found = [{stop.lwp for stop in ev.stop.gather()} for _ in range(2)]
            assert found[0] == found[1]
            seen.append(ending & found[1])
        if type(ev) is pt.SyscallEntry and ev.name == "exit":
            ending.add(ev.lwp)

    trace([tracee("lwps"), "storm", "20"], body=body)
    assert seen
    assert not any(seen)


def has_ended(lwp: int) -> bool:
    """And may have been waited for, when it was gathered."""
    try:
        status = Path(f"/proc/{lwp}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):  # this one between open and read
        return True
    return fields(status)["State"].startswith("Z")


def test_one_that_is_asleep_in_the_kernel_is_not_among_them(tracee: Tracee) -> None:
    """A vfork's parent does not wake up: the others are told after a second."""
    with pt.spawn([tracee("asleep"), "kill"], follow=True) as loop:
        for ev in loop:
            vforks = [lwp for lwp in ev.stop.lwps if lwp.call == "vfork"] if ev.stop else []
            if vforks and len(ev.stop.lwps) > 2:
                began = time.monotonic()
                found = {stop.lwp for stop in ev.stop.gather()}
                assert vforks[0].lwp not in found
                assert found
                assert time.monotonic() - began < 5
                break
        else:
            pytest.fail("no LWP came to a vfork")

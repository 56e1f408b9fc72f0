"""What a report has to say of events, found in the plainest way: by looking at all again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import ceil
from typing import Any

import pypicotrace as pt

Span = tuple[int, int]
RESTART = 512
MADE = ("openat",)


def exits(events: Sequence[pt.Event]) -> list[pt.SyscallExit]:
    return [event for event in events if isinstance(event, pt.SyscallExit)]


def is_error(event: pt.SyscallExit) -> bool:
    return event.error > 0 and event.error != RESTART


def calls(events: Sequence[pt.Event]) -> dict[str, tuple[int, int, int, list[int]]]:
    """By name: how many, how many exits, how many errors, how long each took, in order."""
    there = {event.seq for event in events}
    found: dict[str, Any] = defaultdict(lambda: [0, 0, 0, []])
    for event in events:
        if isinstance(event, pt.SyscallExit):
            row = found[event.name]
            row[0] += event.enter_seq not in there
            row[1] += 1
            row[2] += is_error(event)
            row[3] += [event.elapsed_ns] if event.elapsed_ns else []
        elif isinstance(event, pt.SyscallEntry):
            found[event.name][0] += 1
    return {name: (a, b, c, sorted(d)) for name, (a, b, c, d) in found.items()}


def quantile(ordered: Sequence[int], part: float) -> int:
    return ordered[ceil(part * len(ordered)) - 1]


def failures(events: Sequence[pt.Event], *, paths: bool) -> Counter[tuple[Any, ...]]:
    """How often each program's call failed by an error; with paths, each address."""
    found: Counter[tuple[Any, ...]] = Counter()
    for event in exits(events):
        if is_error(event):
            key = (event.program, event.name, event.error)
            if not paths:
                found[key] += 1
            elif "path" in event.params[: len(event.args)]:
                found[(*key, event.arg("path"))] += 1
    return found


def lives(events: Sequence[pt.Event]) -> list[list[int]]:
    """The places of each process's events, in the order in which they came: ids come again."""
    found: list[list[int]] = []
    open_: dict[int, list[int]] = {}
    for place, event in enumerate(events):
        if event.pid not in open_:
            open_[event.pid] = []
            found.append(open_[event.pid])
        open_[event.pid].append(place)
        if isinstance(event, pt.Forked | pt.Vforked | pt.Spawned):
            open_[event.child] = []
            found.append(open_[event.child])
        if isinstance(event, pt.Exited | pt.Signaled):
            del open_[event.pid]
    return found


def inside(events: Sequence[pt.Event], life: Sequence[int]) -> list[tuple[int, int, int]]:
    """Of each LWP of a process: its id, how long it lived, how long it was in calls.

    Where no exits were recorded, nobody knows how long any of them was.
    """
    returns = bool(exits(events))
    ends = events[life[-1]] if life else None
    ended = isinstance(ends, pt.Exited | pt.Signaled)
    last = events[life[-1]].ts_ns if ended else events[-1].ts_ns
    found: list[tuple[int, int, int]] = []
    begun: dict[int, int] = {}
    heard: dict[int, int] = {}
    entered: dict[int, int] = {}
    spans: dict[int, list[Span]] = defaultdict(list)

    def close(lwp: int, ts_ns: int, heard_of: int) -> None:
        if lwp in entered and returns:
            spans[lwp].append((entered.pop(lwp), ts_ns))
            heard_of = ts_ns
        covered = {n for a, b in spans.pop(lwp, []) for n in range(a, b)}
        begin = begun.pop(lwp)
        found.append((lwp, heard_of - begin, len(covered)))

    executed = 0
    for place in life:
        event = events[place]
        ts, lwp = event.ts_ns, event.lwp
        if isinstance(event, pt.Exec):
            for other in [each for each in begun if each != lwp]:
                close(other, ts, ts)
            if event.old_lwp:
                if lwp in entered:
                    spans[lwp].append((entered.pop(lwp), ts))
                executed = ts
        if not lwp:
            continue
        begin = ts
        if isinstance(event, pt.SyscallExit) and lwp not in begun:
            begin = ts - event.elapsed_ns
        begun.setdefault(lwp, begin)
        heard[lwp] = ts
        if isinstance(event, pt.SyscallExit):
            # An execve that another LWP has begun is this one's from EXEC on.
            spans[lwp].append((max(ts - event.elapsed_ns, begun[lwp], executed), ts))
            entered.pop(lwp, None)
        elif isinstance(event, pt.SyscallEntry):
            entered[lwp] = ts
        elif isinstance(event, pt.LwpExited):
            close(lwp, ts, ts)
    for lwp in list(begun):
        close(lwp, last, last if ended else heard[lwp])
    return found


def origin(events: Sequence[pt.Event], place: int, pid: int, fd: int) -> int | None:
    """The event that has made a descriptor that a process has before a place."""
    for at in range(place - 1, -1, -1):
        event = events[at]
        if isinstance(event, pt.Forked | pt.Vforked | pt.Spawned) and event.child == pid:
            pid = event.pid
        elif event.pid != pid:
            continue
        elif isinstance(event, pt.Exited | pt.Signaled):
            return None  # another one of that id
        elif isinstance(event, pt.SyscallExit) and not event.error:
            if event.name in MADE and event.retval == fd:
                return event.seq
            if event.name == "close" and event.args[0] == fd:
                return None
            copies = event.name == "dup" or (event.name == "fcntl" and event.args[1] == 0)
            if copies and event.retval == fd:
                return origin(events, at, pid, event.args[0])
    return None


def moved(events: Sequence[pt.Event]) -> dict[tuple[bytes, int, int | None], list[int]]:
    """By program, descriptor and what made it: reads, bytes, writes, bytes."""
    found: dict[tuple[bytes, int, int | None], list[int]] = defaultdict(lambda: [0] * 4)
    for place, event in enumerate(events):
        if isinstance(event, pt.SyscallExit) and event.name in ("read", "write"):
            if event.error:
                continue
            fd = event.args[0]
            row = found[event.program, fd, origin(events, place, event.pid, fd)]
            at = 0 if event.name == "read" else 2
            row[at] += 1
            row[at + 1] += event.retval or 0
    return dict(found)

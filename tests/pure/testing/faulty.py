"""Runs of the loop on a scripted kernel of which one call fails.

What a run is, is a `Case`; `played` runs it, with a `Fault` or without. From the calls of a run
without one, `killed` knows what the script becomes where a process is killed at one of them.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

from pypicotrace import events as ev
from pypicotrace._ffi import ffi, lib
from pypicotrace.choice import Choice, Follow
from pypicotrace.testing.script import (
    EVENT_CLONE,
    EVENT_EXEC,
    EVENT_FORK,
    EVENT_VFORK,
    FakeKernel,
    Scripted,
)
from pypicotrace.text import Text

SIGKILL = 9
IN = {
    getattr(lib, name): name.removeprefix("PICO_IN_").lower()
    for name in dir(lib)
    if name.startswith("PICO_IN_")
}


class Fault(NamedTuple):
    """The call that fails, counted from 1, and how."""

    at: int = 0
    error: int = 0
    then: int = lib.PICO_FAULT_ONCE


class Call(NamedTuple):
    """One that the loop made; ``lwp`` and ``status`` of a wait: what has stopped or ended."""

    name: str
    pid: int
    lwp: int
    status: int
    result: int


@dataclass(frozen=True)
class Case:
    """A run: the stops, and what is done with them; ``until``: it is left after so many events."""

    stops: Sequence[Scripted]
    os: str = "linux"
    attach: Sequence[int] = ()
    children: bool = False
    choice: Choice = field(default_factory=lambda: Choice(follow=Follow.ALL))
    body: Callable[[Any], object] = bool
    started: Callable[[Any], object] = bool
    stream: int = 0
    until: int = 0
    text: Text | None = None


class Run(NamedTuple):
    """What came of it."""

    events: list[ev.Event]
    calls: list[Call]
    raised: BaseException | None
    status: Any
    text: bytes


class FaultyKernel(FakeKernel):
    """A scripted kernel of which one call fails."""

    def __init__(self, stops: Sequence[Scripted], os: str, fault: Fault) -> None:
        super().__init__(stops, os)
        self._fault = fault

    def open(self) -> Any:
        fault = ffi.new("struct pico_fault *", tuple(self._fault))
        self._faults = ffi.gc(lib.pico_faults_open(super().open(), fault), lib.pico_faults_free)
        return self._faults

    def calls(self) -> list[Call]:
        count = lib.pico_faults_calls(self._faults, ffi.NULL, 0)
        array = ffi.new("struct pico_fault_call[]", count or 1)
        lib.pico_faults_calls(self._faults, array, count)
        return [
            Call(IN[call.function], call.pid, call.lwp, call.status, call.result)
            for call in array[0:count]
        ]


def played(case: Case, fault: Fault = Fault()) -> Run:  # noqa: B008  # it is a constant
    """One run, to its end or the exception that ends it."""
    kernel = FaultyKernel(case.stops, case.os, fault)
    loop = kernel.loop(case.choice, case.attach, children=case.children)
    events: list[ev.Event] = []
    raised: BaseException | None = None
    with tempfile.TemporaryFile() as file:
        try:
            with loop:
                case.started(loop)
                if case.text is not None:
                    loop.write_text(file.fileno(), case.text)
                else:
                    size = case.stream
                    for event in chain.from_iterable(loop.stream(size)) if size else loop:
                        events.append(event)
                        case.body(event)
                        if len(events) == case.until:
                            break
        except BaseException as error:
            raised = error
        file.seek(0)
        return Run(events, kernel.calls(), raised, loop.status, file.read())


def owners(case: Case) -> dict[int, int]:
    """The process of each LWP that the script has. NetBSD: each its own."""
    process = {stop.id: stop.id for stop in case.stops if stop.id}
    process |= {stop.id: stop.pid for stop in case.stops if stop.pid}
    if case.os == "linux":
        for stop in case.stops:
            if stop.status >> 16 == EVENT_CLONE and stop.owned:
                process[stop.state] = process[stop.id]
    return process


def stops_before_each_call(run: Run, case: Case) -> Iterator[set[int]]:
    """Before each call of a run: which stops of the script were played."""
    seen: set[int] = set()
    for call in run.calls:
        yield set(seen)
        if call.name in ("wait", "spawn") and call.lwp != 0:
            places = (
                place
                for place, stop in enumerate(case.stops)
                if place not in seen and (stop.id, stop.status) == (call.lwp, call.status)
            )
            # The end of what the loop has killed is in no script.
            seen |= {*itertools.islice(places, 1)}


def killed(case: Case, pid: int, seen: set[int], *, late: bool) -> list[Scripted]:
    """The script where a process is killed when those stops were played.

    What it has not made by then is never made. Its end comes at once, or after all others.
    """
    process = owners(case)
    dead = {lwp for lwp, owner in process.items() if owner == pid}
    unborn = _unborn(case, dead, seen)
    before = [stop for place, stop in enumerate(case.stops) if place in seen]
    after = [stop for place, stop in enumerate(case.stops) if place not in seen]
    ended = {stop.id for stop in before if stop.id in dead and stop.status & 0xFF != 0x7F}
    here = _alive(before, dead, pid) - ended
    ends = [
        Scripted(lwp, SIGKILL, pid=pid) for lwp in sorted(here, key=lambda lwp: (lwp == pid, lwp))
    ]
    rest = [stop for stop in after if stop.id not in dead | unborn]
    return [*before, *rest, *ends] if late else [*before, *ends, *rest]


def _alive(before: Sequence[Scripted], dead: set[int], pid: int) -> set[int]:
    """The LWPs of a process that are there: it itself, and those that have stopped or been made."""
    here = {pid}
    for stop in before:
        if stop.id in dead:
            here.add(stop.id)
        if stop.state in dead:
            if stop.status >> 16 == EVENT_EXEC:
                here -= {lwp for lwp in here if lwp != stop.id}
            else:
                here.add(stop.state)
    return here


def _unborn(case: Case, dead: set[int], seen: set[int]) -> set[int]:
    """Children, and theirs, that those would have made later, and that have not stopped yet."""
    gone: set[int] = set()
    makers = set(dead)
    here = {stop.id for place, stop in enumerate(case.stops) if place in seen}
    while True:
        new = {
            child
            for place, stop in enumerate(case.stops)
            if place not in seen and stop.id in makers
            for child in _children(stop, case.os)
            if child not in here
        } - makers
        if not new:
            return gone
        gone |= new
        makers |= new


def _children(stop: Scripted, os: str) -> list[int]:
    if os == "linux":
        made = stop.status >> 16 in (EVENT_FORK, EVENT_VFORK, EVENT_CLONE)
        return [stop.state] if made else []
    # TRAP_CHLD, and then the event and the child: struct ptrace_siginfo.
    trap, event, child = (int.from_bytes(stop.siginfo[at : at + 4], "little") for at in (4, 16, 20))
    return [child] if stop.status >> 8 & 0xFF == 5 and trap == 4 and event != 4 else []

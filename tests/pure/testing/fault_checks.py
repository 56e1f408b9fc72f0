"""What must hold after a run of which one call has failed, or in which a process was killed."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any

from faulty import Case, Fault, Run, killed, owners, played, stops_before_each_call

from pypicotrace import events as ev
from pypicotrace._ffi import lib
from pypicotrace.errors import PicotraceError, TraceeDied

NEVER = frozenset({"seq", "ts_ns", "enter_seq", "elapsed_ns", "program", "stop", "stime_ns"})
"""What of an event is the tracer's own, or depends on what went before it."""


def standing(run: Run, case: Case) -> set[int]:
    """Who has stopped, and was neither resumed, let go nor killed.

    Of an LWP (NetBSD: of a process), by the calls; one that is killed runs to its end by itself.
    One that could not be attached to has no stops, though a script may have them all the same.
    """
    whole = case.os == "netbsd"
    still: set[int] = set()
    killed: set[int] = set()
    attached: set[int] = set()
    refused: set[int] = set()
    process: dict[int, int] = {}
    for call in run.calls:
        who = call.pid if whole else call.lwp
        if call.name in ("wait", "spawn") and call.lwp != 0:
            if call.status & 0xFF == 0x7F:
                still.add(call.lwp)
            else:
                # The first LWP of a process is the last to end.
                still -= {who for who in still if process.get(who) == call.lwp} | {call.lwp}
        elif call.name in ("resume", "detach", "answer"):
            process[who] = call.pid
            if call.name != "answer" and call.result == 0:
                still.discard(who)
        if call.name == "kill" and call.result == 0:
            killed.add(call.pid)
        if call.name == "attach":
            (attached if call.result >= 0 else refused).add(call.pid)
    not_ours = killed | (refused - attached)
    return {who for who in still if process.get(who, who) not in not_ours}


def is_clear(raised: BaseException | None) -> bool:
    """No exception, or one of ours, alone, with words in it."""
    if raised is None:
        return True
    alone = raised.__context__ is None or raised.__suppress_context__
    return isinstance(raised, PicotraceError | MemoryError) and bool(str(raised)) and alone


@cache
def _names(kind: type[ev.Event]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


def told(event: ev.Event) -> tuple[Any, ...]:
    """An event without what is the tracer's own."""
    names = (name for name in _names(type(event)) if name not in NEVER)
    return (type(event).__name__, *((name, getattr(event, name)) for name in names))


def by_lwp(events: Sequence[ev.Event]) -> dict[tuple[int, int], list[tuple[Any, ...]]]:
    lwps: dict[tuple[int, int], list[tuple[Any, ...]]] = {}
    for event in events:
        lwps.setdefault((event.pid, event.lwp), []).append(told(event))
    return lwps


OTHERWISE = frozenset({"Signaled", "LwpExited", "Detached", "Exited", "Attached"})


def is_as(event: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether it says the same, or of a result the half that it says it has."""
    if event == other:
        return True
    if not event[0] == other[0] == "SyscallExit":
        return False
    fields, whole = dict(event[1:]), dict(other[1:])
    if fields["cut"] and whole["retval"] is not None:
        whole |= {"retval": whole["retval"] % 2**32, "retval2": whole["retval2"], "cut": True}
    return bool(fields == whole)


def invented(run: Run, whole: Run) -> list[tuple[Any, ...]]:
    """What a run without a fault does not have, or not in that order.

    An end may differ; and a child whose creator could not tell of it is said to be attached to.
    """
    found: list[tuple[Any, ...]] = []
    before = by_lwp(whole.events)
    for who, events in by_lwp(run.events).items():
        rest = iter(before.get(who, []))
        found += [
            event
            for event in events
            if event[0] not in OTHERWISE and not any(is_as(event, other) for other in rest)
        ]
    return found


def out_of_order(events: Sequence[ev.Event]) -> list[ev.Event]:
    """Events that an LWP, or a process, cannot have at that place.

    Nothing comes after its end; a call is entered and left in turns.
    """
    ended: set[tuple[int, int]] = set()
    inside: set[tuple[int, int]] = set()
    wrong: list[ev.Event] = []
    for event in events:
        who = (event.pid, event.lwp)
        if who in ended or (event.pid, 0) in ended:
            wrong.append(event)
        if type(event) is ev.SyscallEntry:
            if who in inside:
                wrong.append(event)
            inside.add(who)
        elif type(event) is ev.SyscallExit:
            if event.enter_seq and who not in inside:
                wrong.append(event)
            inside.discard(who)
        elif isinstance(event, ev.Exec):
            # The others are gone, and their ids may be new ones' one day.
            calls = {who} if event.old_lwp or who in inside else set()
            inside = {other for other in inside if other[0] != event.pid} | calls
            ended = {other for other in ended if other[0] != event.pid}
        elif isinstance(event, ev.LwpExited | ev.Exited | ev.Signaled | ev.Detached):
            ended.add(who)
            inside.discard(who)
    return wrong


def complaints(case: Case, run: Run, whole: Run) -> Iterator[str]:
    """What does not hold after a run with a fault."""
    if still := standing(run, case):
        yield f"left standing: {still}"
    refused = isinstance(run.raised, ValueError)  # by EINVAL: what is no such value
    if not refused and not is_clear(run.raised):
        yield f"raised: {run.raised!r} in {run.raised and run.raised.__context__!r}"
    if found := invented(run, whole):
        yield f"invented: {found}"
    if found := out_of_order(run.events):
        yield f"out of order: {found}"


def deaths(case: Case, whole: Run) -> Iterator[tuple[str, int, Case, Fault]]:
    """A process killed just before each call about it, its end coming at once or late."""
    places = stops_before_each_call(whole, case)
    for at, (call, seen) in enumerate(zip(whole.calls, places, strict=True), 1):
        if call.pid not in owners(case).values() or call.name in ("kill", "attach"):
            continue
        for late in (False, True):
            stops = killed(case, call.pid, seen, late=late)
            fault = Fault(at, errno.ESRCH, lib.PICO_FAULT_KILLED)
            what = f"killed at call {at}, {call.name}, late: {late}"
            yield what, call.pid, replace(case, stops=stops), fault


def others(run: Run, pid: int) -> dict[Any, Any]:
    """What was told of other processes."""
    lwps = by_lwp(run.events)
    return {who: events for who, events in lwps.items() if who[0] != pid}


def astray(run: Run, whole: Run, pid: int, there: set[int]) -> Iterator[str]:
    """What became of a process that was killed, and of the others, that should not have."""
    elsewhere = others(run, pid)
    for who, events in others(whole, pid).items():
        got = elsewhere.get(who, [])
        # A script plays on for a child that is held until it is known that nobody tells of it.
        held = any(event[0] == "Attached" for event in got)
        if who[0] in there and got != events and not held:
            yield f"of another: {got} for {events}"
    own = [event for event in run.events if event.pid == pid]
    if own and not isinstance(own[-1], ev.Signaled | ev.Exited | ev.Detached):
        yield f"no end: {own}"


def wrong_after_faults(case: Case, errnos: Mapping[str, Sequence[int]]) -> list[str]:
    """What does not hold where each call of a run fails once with each of its errnos."""
    whole = played(case)
    wrong: list[str] = []
    for at, call in enumerate(whole.calls, 1):
        for error in errnos[call.name]:
            run = played(case, Fault(at, error))
            said = complaints(case, run, whole)
            wrong += [f"call {at}, {call.name}, {errno.errorcode[error]}: {why}" for why in said]
    return wrong


def wrong_after_deaths(case: Case) -> list[str]:
    """What does not hold where a process is killed just before each call about it."""
    whole = played(case)
    wrong: list[str] = []
    for what, pid, of_death, fault in deaths(case, whole):
        run = played(of_death, fault)
        said = list(complaints(of_death, run, whole))
        if run.raised is not None and not isinstance(run.raised, TraceeDied):
            said.append(f"raised {run.raised!r}")
        if run.raised is None and case.text is None and not case.until:
            said += astray(run, whole, pid, {stop.id for stop in of_death.stops})
        wrong += [f"{what}: {why}" for why in said]
    return wrong

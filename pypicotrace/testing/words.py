"""An event in one line, for people who look at a failed test. Pure."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from pypicotrace import events as ev
from pypicotrace.events import Event
from pypicotrace.testing.patterns import HALF, Pattern, Seen, error_name, given

STRING_MAX = 48
"""Bytes of a string that are shown."""


def in_words(seen: Seen) -> str:
    """What happened, without where and when."""
    event = seen.event
    if isinstance(event, ev.SyscallExit):
        return f"{_call(event, seen)} = {_result(event)}"
    if isinstance(event, ev.SyscallEntry):
        return f"{_call(event, seen)} ..."
    more = DETAILS[type(event)](event) if type(event) in DETAILS else ""
    return f"{type(event).__name__} {more}".rstrip()


def _signaled(event: ev.Signaled) -> str:
    return f"{signal_name(event.signo)}{', core dumped' if event.core else ''}"


def _child(event: ev.Forked | ev.Vforked | ev.Spawned | ev.VforkDone) -> str:
    return f"child={event.child}"


DETAILS: dict[type[Event], Callable[[Any], str]] = {
    ev.Signaled: _signaled,
    ev.Stopped: lambda event: signal_name(event.signo),
    ev.Crashed: lambda event: signal_name(event.signo),
    ev.Exited: lambda event: str(event.status),
    ev.Exec: lambda event: os.fsdecode(event.program or b""),
    **dict.fromkeys((ev.Forked, ev.Vforked, ev.Spawned, ev.VforkDone), _child),
}
"""What is said of an event beside its name."""


def with_place(seen: Seen) -> str:
    """The same with the event's number, process and LWP."""
    event = seen.event
    whose = f"{event.pid}/{event.lwp}" if event.lwp not in (0, event.pid) else f"{event.pid}"
    return f"#{event.seq} {whose}: {in_words(seen)}"


def pattern_in_words(pattern: Pattern) -> str:
    """A pattern as it was written, more or less."""
    if isinstance(pattern, Event):
        inside = ", ".join(f"{name}={value!r}" for name, value in given(pattern).items())
        return f"{type(pattern).__name__}({inside})"
    return f"{pattern.__name__}()" if isinstance(pattern, type) else repr(pattern)


def signal_name(signo: int) -> str:
    try:
        return signal.Signals(signo).name
    except ValueError:
        return f"signal {signo}"


def _call(event: ev.SyscallEntry, seen: Seen) -> str:
    names = event.params or ("",) * len(event.args)
    shown = [_value(seen, name, value) for name, value in zip(names, event.args, strict=False)]
    return f"{event.name}({', '.join(shown)})"


def _value(seen: Seen, name: str, value: int) -> str:
    text = seen.strings.get(name)
    if text is not None:
        return f"{name}={text[:STRING_MAX]!r}{'...' if len(text) > STRING_MAX else ''}"
    # Descriptors such as AT_FDCWD, and -1.
    if HALF - 4096 <= value < HALF:
        value -= HALF
    return f"{name}={_number(value)}" if name else _number(value)


def _result(event: ev.SyscallExit) -> str:
    if event.error:
        return f"error {error_name(event)}"
    if event.retval is None:
        return "?"
    return _number(event.retval)


def _number(value: int) -> str:
    return f"{value:#x}" if value > 0xFFFF else str(value)

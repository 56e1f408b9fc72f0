"""What a checker reads of a trace: a row for each event, of a text or of a loop.

Pure, and knows nothing of what was traced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from pypicotrace import syscalls


class Wrong(AssertionError):
    """A trace that is not that of what was done."""


class Row(NamedTuple):
    """What the checker reads of an event.

    ``name`` is that of a call, or of a signal. ``values`` are the arguments of an entry, the
    result and the error of an exit, whether there is a core for SIGNALED, and otherwise the one
    number that there is, if there is one.
    """

    pid: int
    lwp: int
    word: str
    name: str
    values: tuple[int, ...]


def from_text(lines: Iterable[str]) -> Iterator[Row]:
    """Of lines with their ends. What new images were given is left out."""
    for line in lines:
        try:
            row = _row(line)
        except (ValueError, IndexError):
            raise Wrong(f"not a whole line: {line!r}") from None
        if row is not None:
            yield row


def _row(line: str) -> Row | None:
    pid, lwp, _, word, *rest = line.split(None, 4)
    info = rest[0].rstrip() if rest else ""
    if line[-1] != "\n":
        raise ValueError
    name = ""
    values: tuple[int, ...] = ()
    if word == "SCE":
        name, bracket, args = info.partition("(")
        if not bracket or args[-1] != ")":
            raise ValueError
        values = tuple(int(arg, 0) for arg in args[:-1].split(",") if arg)
    elif word == "SCX":
        name, _, result = info.partition(" = ")
        match = RESULT.fullmatch(result)
        if match is None:
            raise ValueError
        values = (int(match[1] or "0", 0), int(match[2] or "0"))
    elif "[" in word:
        return None
    elif word in ("STOPPED", "CRASHED"):
        name, *told = info.split()
        if not all("=" in each for each in told):
            raise ValueError
    elif word == "SIGNALED":
        signal, core = info.split()
        name = "SIG" + signal.removeprefix("signal=")
        values = ({"core=true": 1, "core=false": 0}[core],)
    elif info:
        values = (int(info.partition("=")[2]),)
    return Row(int(pid), int(lwp), word, name, values)


# A result, which sigreturn has none of; where there are two, the second; an error and its name.
RESULT = re.compile(r"(?:(0x[0-9a-f]+|\d+)(?: 0x[0-9a-f]+| \d+)?(?: Err#(\d+)(?: [A-Z]\w*)?)?)?")
WORDS = {
    "Forked": ("FORKED", "child"),
    "Vforked": ("VFORKED", "child"),
    "VforkDone": ("VFORK_DONE", "child"),
    "LwpCreated": ("LWP_CREATED", "lwp"),
    "LwpExited": ("LWP_EXITED", "lwp"),
    "Exited": ("EXITED", "status"),
    "Exec": ("EXEC", "old_lwp"),
}


def from_events(events: Iterable[Any]) -> Iterator[Row]:
    for ev in events:
        kind = type(ev).__name__
        if kind == "SyscallEntry":
            yield Row(ev.pid, ev.lwp, "SCE", _name(ev), tuple(ev.args))
        elif kind == "SyscallExit":
            yield Row(ev.pid, ev.lwp, "SCX", _name(ev), (ev.retval or 0, ev.error))
        elif kind in ("Stopped", "Crashed"):
            yield Row(ev.pid, ev.lwp, kind.upper(), signal_name(ev.signo), ())
        elif kind == "Signaled":
            yield Row(ev.pid, ev.lwp, "SIGNALED", signal_name(ev.signo), (int(ev.core),))
        else:
            word, number = WORDS.get(kind, (kind.upper(), ""))
            value = getattr(ev, number) if number else 0
            yield Row(ev.pid, ev.lwp, word, "", (value,) if value or word == "EXITED" else ())


def _name(ev: Any) -> str:
    """As the text has it, where the number means nothing."""
    unknown = ev.name == f"syscall_{ev.sysnum}"
    return f"UNKNOWN SYSCALL {ev.sysnum}" if unknown else str(ev.name)


@cache
def signal_name(number: int) -> str:
    return syscalls.signals("linux").get(number, f"SIG{number}")


@cache
def signal_number(name: str) -> int:
    return next(number for number in range(1, 65) if signal_name(number) == name)

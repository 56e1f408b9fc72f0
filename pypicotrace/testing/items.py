"""What happened, as a snapshot takes it: whole calls and events, of a trace or of its text. Pure.

A call stands where it returned, or where it began if it never did.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pypicotrace import events as ev
from pypicotrace.table import shown
from pypicotrace.testing.patterns import Seen, error_name
from pypicotrace.testing.words import signal_name


class Item(NamedTuple):
    """A call, or an event that is none.

    ``name`` is the call's, or the event's class. Of a call, ``args`` are its arguments in order,
    ``strings`` what those point to by place, ``result`` a number, an error's name, or None where
    it did not return; ``abi`` is None for events. Of an event, ``details`` has what it tells.
    """

    pid: int
    lwp: int
    program: str
    name: str
    abi: str | None = None
    args: tuple[int, ...] = ()
    strings: Mapping[int, bytes] = {}
    result: int | str | None = None
    details: Mapping[str, int | str] = {}


def items_of(trace: Iterable[Seen]) -> Iterator[Item]:
    """The items of a trace."""
    for seen in trace:
        event = seen.event
        program = shown(event.program)
        if isinstance(event, ev.SyscallEntry):
            if not seen.returned:
                yield _call(event, program, seen.strings)
        else:
            name = type(event).__name__
            more = DETAILS[type(event)](event) if type(event) in DETAILS else {}
            yield Item(event.pid, event.lwp, program, name, details=more)


def _call(event: ev.SyscallEntry, program: str, strings: Mapping[str, bytes]) -> Item:
    result: int | str | None = None
    if isinstance(event, ev.SyscallExit):
        result = str(error_name(event)) if event.error else event.retval
    places = {event.params.index(name): text for name, text in strings.items()}
    whose = (event.pid, event.lwp, program, event.name, event.abi or "unknown")
    return Item(*whose, args=event.args, strings=places, result=result)


def _signal(event: ev.Stopped) -> dict[str, int | str]:
    sender: dict[str, int | str] = {"sender": event.sender} if event.sender else {}
    return {"signo": signal_name(event.signo), **sender}


DETAILS: dict[type[ev.Event], Callable[[Any], dict[str, int | str]]] = {
    **dict.fromkeys(
        (ev.Forked, ev.Vforked, ev.Spawned, ev.VforkDone), lambda event: {"child": event.child}
    ),
    ev.Stopped: _signal,
    ev.Crashed: _signal,
    ev.Exited: lambda event: {"status": event.status},
    ev.Signaled: lambda event: {
        "signo": signal_name(event.signo),
        **({"core": "yes"} if event.core else {}),
    },
}


COLOUR = re.compile(r"\x1b\[[\d;]*m")
LINE = re.compile(
    r" *(?:\d+[:.][\d:.]+ +){0,2}(?P<pid>\d+) +(?P<lwp>\d+) +(?P<program>[!-~]+)"
    r" (?P<event>[A-Z_]+)(?P<place>\[\d+\])?(?: (?P<info>[ -~]*))?"
)
NAME = r"(?:UNKNOWN SYSCALL(?: (?P<sysnum>-?\d+))?|(?P<name>\w+))"
ENTRY = re.compile(rf"{NAME}\((?P<args>[^()]*)\)")
# Of a call that returns nothing there is a space, of one that returns two things there are both.
EXIT = re.compile(
    rf"{NAME} (?:= (?P<result>\w+)(?: \w+)?(?: \(32 bits\))?)?"
    r"(?: Err#(?P<number>-?\d+)(?: (?P<error>\w+))?)?(?: <[\d.]+>)?"
)
# The words of picotrace's text for what has a class here, and how it calls what it tells.
WORDS = {
    "EXEC": ev.Exec,
    "FORKED": ev.Forked,
    "VFORKED": ev.Vforked,
    "SPAWNED": ev.Spawned,
    "VFORK_DONE": ev.VforkDone,
    "LWP_CREATED": ev.LwpCreated,
    "LWP_EXITED": ev.LwpExited,
    "STOPPED": ev.Stopped,
    "CRASHED": ev.Crashed,
    "CONTINUED": ev.Continued,
    "SIGNALED": ev.Signaled,
    "EXITED": ev.Exited,
    "ATTACHED": ev.Attached,
    "DETACHED": ev.Detached,
}
STEPS = ("SINGLESTEP", "BREAKPOINT", "DBREG")
NEEDED = {
    **dict.fromkeys(("FORKED", "VFORKED", "SPAWNED", "VFORK_DONE"), "child"),
    **dict.fromkeys(("STOPPED", "CRASHED", "SIGNALED"), "signo"),
    "EXITED": "status",
}
TOLD = {"child": "child", "status": "status", "signal": "signo", "si_pid": "sender"}


def items_of_text(lines: Iterable[str], abi: str) -> Iterator[Item]:
    """The items of a trace as the command picotrace writes it.

    :param abi: whose calls these are; the text does not say it.
    :raises ValueError: a line is none of such a trace; the message has it, and its number.
    """
    entered: dict[int, Item] = {}
    for number, line in enumerate(lines, 1):
        found = LINE.fullmatch(COLOUR.sub("", line))
        try:
            if found is None:
                raise ValueError
            items = list(_items(found, entered, abi))
        except ValueError:
            raise ValueError(f"line {number} is no line of a trace: {line!r}") from None
        yield from items
    yield from entered.values()


def _items(found: re.Match[str], entered: dict[int, Item], abi: str) -> Iterator[Item]:
    """What a line has ended, or says by itself.

    :param entered: the calls that the LWPs are in.
    :raises ValueError: that is none of picotrace's, or cut.
    """
    if found["place"]:
        return  # what a new image was given
    lwp = int(found["lwp"])
    common = (int(found["pid"]), lwp, found["program"])
    word, info = found["event"], found["info"] or ""
    if word == "SCE":
        yield from _given_up(entered, lwp)
        entered[lwp] = _entry(common, info, abi)
    elif word == "SCX":
        yield _exit(entered.pop(lwp, None), common, info, abi)
    else:
        if word in ("EXITED", "SIGNALED"):
            ended = [lwp for lwp, item in entered.items() if item.pid == common[0]]
            for lwp in ended:
                yield from _given_up(entered, lwp)
        yield _event(common, word, info)


def _given_up(entered: dict[int, Item], lwp: int) -> Iterator[Item]:
    """A call of which no exit comes any more."""
    if lwp in entered:
        yield entered.pop(lwp)


Common = tuple[int, int, str]


def _name(found: re.Match[str]) -> str:
    """A call's name, as events have it."""
    return found["name"] or f"syscall_{found['sysnum'] or -1}"


def _entry(common: Common, info: str, abi: str) -> Item:
    found = ENTRY.fullmatch(info)
    if found is None:
        raise ValueError
    args = tuple(int(word, 0) for word in found["args"].split(",") if word)
    return Item(*common, _name(found), abi, args)


def _exit(entry: Item | None, common: Common, info: str, abi: str) -> Item:
    found = EXIT.fullmatch(info)
    if found is None:
        raise ValueError
    result: int | str = int(found["result"] or "0", 0)
    if found["number"]:
        result = found["error"] or found["number"]
    item = entry if entry is not None else Item(*common, _name(found), abi)
    # An execve ends as another program.
    return item._replace(result=result, program=common[2])


def _event(common: Common, word: str, info: str) -> Item:
    if word not in WORDS and word not in STEPS:
        raise ValueError
    details: dict[str, int | str] = {}
    parts = info.split()
    if word in ("STOPPED", "CRASHED"):
        details["signo"] = parts[0] if parts else ""
    for part in parts:
        name, equals, value = part.partition("=")
        if equals and name in TOLD:
            details[TOLD[name]] = int(value) if value.isdecimal() else value
        elif part == "core=true":
            details["core"] = "yes"
    needed = NEEDED.get(word)
    if needed is not None and details.get(needed, "") == "":
        raise ValueError
    if needed == "signo":
        details[needed] = _signal_name(str(details[needed]))
    return Item(*common, WORDS[word].__name__ if word in WORDS else word, details=details)


def _signal_name(word: str) -> str:
    """As `signal_name` has it; the text has a number as ``signal#99``, and of an end no ``SIG``."""
    return word.replace("#", " ") if "#" in word else f"SIG{word.removeprefix('SIG')}"

"""What happened, as a snapshot takes it: whole calls and events, of a trace or of its text. Pure.

A call stands where it returned, or where it began if it never did.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pypicotrace import events as ev
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
        program = event.program.decode(errors="backslashreplace")
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


LINE = re.compile(
    r" *(?:\d+[:.][\d:.]+ +)?(?P<pid>\d+) +(?P<lwp>\d+) +(?P<program>[!-~]+)"
    r" (?P<event>[A-Z_]+)(?P<place>\[\d+\])?(?: (?P<info>[ -~]*))?"
)
ENTRY = re.compile(r"(?P<name>\w+)\((?P<args>[^()]*)\)")
EXIT = re.compile(
    r"(?P<name>\w+) = (?P<result>-?\w+)(?: Err#(?P<number>-?\d+)(?: (?P<error>\w+))?)?"
    r"(?: \(32 bits\))?(?: <[\d.]+>)?"
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
TOLD = {"child": "child", "status": "status", "signal": "signo", "si_pid": "sender"}


def items_of_text(lines: Iterable[str], abi: str) -> Iterator[Item]:
    """The items of a trace as the command picotrace writes it.

    :param abi: whose calls these are; the text does not say it.
    :raises ValueError: a line is none of such a trace; the message has it, and its number.
    """
    entered: dict[int, Item] = {}
    for number, line in enumerate(lines, 1):
        found = LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"line {number} is no line of a trace: {line!r}")
        if found["place"]:
            continue  # what a new image was given
        common = (int(found["pid"]), int(found["lwp"]), found["program"])
        word, info = found["event"], found["info"] or ""
        if word == "SCE":
            yield from _given_up(entered, int(found["lwp"]))
            entered[int(found["lwp"])] = _entry(common, info, abi)
        elif word == "SCX":
            yield _exit(entered.pop(int(found["lwp"]), None), common, info, abi)
        else:
            if word in ("EXITED", "SIGNALED"):
                ended = [lwp for lwp, item in entered.items() if item.pid == common[0]]
                for lwp in ended:
                    yield from _given_up(entered, lwp)
            yield _event(common, word, info)
    yield from entered.values()


def _given_up(entered: dict[int, Item], lwp: int) -> Iterator[Item]:
    """A call of which no exit comes any more."""
    if lwp in entered:
        yield entered.pop(lwp)


Common = tuple[int, int, str]


def _entry(common: Common, info: str, abi: str) -> Item:
    found = ENTRY.fullmatch(info)
    if found is None:
        return Item(*common, info, abi)
    args = tuple(int(word, 0) for word in found["args"].split(",") if word)
    return Item(*common, found["name"], abi, args)


def _exit(entry: Item | None, common: Common, info: str, abi: str) -> Item:
    found = EXIT.fullmatch(info)
    if found is None:
        return Item(*common, info, abi, result="?")
    result: int | str = int(found["result"], 0)
    if found["number"]:
        result = found["error"] or found["number"]
    item = entry if entry is not None else Item(*common, found["name"], abi)
    # An execve ends as another program.
    return item._replace(result=result, program=common[2])


def _event(common: Common, word: str, info: str) -> Item:
    details: dict[str, int | str] = {}
    if word in ("STOPPED", "CRASHED"):
        details["signo"] = info.split(maxsplit=1)[0]
    for part in info.split():
        name, equals, value = part.partition("=")
        if equals and name in TOLD:
            details[TOLD[name]] = int(value) if value.isdecimal() else value
        elif part == "core=true":
            details["core"] = "yes"
    return Item(*common, WORDS[word].__name__ if word in WORDS else word, details=details)

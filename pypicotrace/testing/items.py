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
OLD_LWP = re.compile(r"\bold_lwp=(\d+)")
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
    text = _Text(abi)
    for number, line in enumerate(lines, 1):
        found = LINE.fullmatch(COLOUR.sub("", line))
        try:
            if found is None:
                raise ValueError
            text.take(found)
        except ValueError:
            raise ValueError(f"line {number} is no line of a trace: {line!r}") from None
    return (item for item in text.items if item is not None)


class _Text:
    """The items of the lines that were taken so far."""

    def __init__(self, abi: str) -> None:
        self._abi = abi
        self._entered: dict[tuple[int, int], int] = {}
        """Where the call is that an LWP is in. By its process, too: NetBSD counts them in each."""
        self.items: list[Item | None] = []
        """None: where a call began that has returned since."""

    def take(self, found: re.Match[str]) -> None:
        """Take a line.

        :raises ValueError: that is none of picotrace's, or cut.
        """
        if found["place"]:
            return  # what a new image was given
        pid, lwp = int(found["pid"]), int(found["lwp"])
        common = (pid, lwp, found["program"])
        word, info = found["event"], found["info"] or ""
        if word == "SCE":
            self.items.append(_entry(common, info, self._abi))
            self._entered[pid, lwp] = len(self.items) - 1
        elif word == "SCX":
            self.items.append(_exit(self._returned(pid, lwp), common, info, self._abi))
        else:
            item = _event(common, word, info)
            if word in ("EXITED", "SIGNALED"):
                self._given_up(pid)
            elif word == "LWP_EXITED":
                self._entered.pop((pid, lwp), None)
            elif word == "EXEC":
                self._replaced(pid, lwp, info)
            self.items.append(item)

    def _returned(self, pid: int, lwp: int) -> Item | None:
        """The call that an LWP was in."""
        place = self._entered.pop((pid, lwp), None)
        if place is None:
            return None
        item, self.items[place] = self.items[place], None
        return item

    def _given_up(self, pid: int) -> None:
        """Of the calls of a process no exit comes any more."""
        self._entered = {who: place for who, place in self._entered.items() if who[0] != pid}

    def _replaced(self, pid: int, lwp: int, info: str) -> None:
        """One LWP is left, which has called execve; on Linux it has the first one's id."""
        moved = OLD_LWP.search(info)
        place = self._entered.get((pid, int(moved[1]) if moved is not None else lwp))
        self._given_up(pid)
        if place is not None:
            self._entered[pid, lwp] = place


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
    # An execve ends as another program, and maybe as another LWP.
    return item._replace(result=result, program=common[2], lwp=common[1])


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

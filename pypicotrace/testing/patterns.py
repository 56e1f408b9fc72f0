"""What an event of a trace is expected to be, and how far one is from it. Pure.

A pattern is an event with some of its fields (``pt.Exited(status=0)``), a class of events
(``pt.Exited``), or a system call: ``call("openat", path="/etc/hosts", error="ENOENT")``. In the
place of a value there may be a matcher of this module, or a compiled regular expression.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from typing import Any, NamedTuple, cast

from pypicotrace import syscalls as tables
from pypicotrace.events import UNSET, Event, SyscallEntry, SyscallExit
from pypicotrace.testing.named import every_call, with_name

WORD, HALF = 2**64, 2**32
NOT_COMPARED = frozenset({"stop", "params", "ts_ns"})


class Matcher:
    """Stands in the place of a value: what it agrees with, and what it is called in a message."""

    def __init__(self, words: str, agrees: Callable[[Any], bool]) -> None:
        self.words = words
        self.agrees = agrees

    def __repr__(self) -> str:
        return self.words


# They stand where an event has an int, or bytes: hence the types of what these return.
ANY: Any = Matcher("ANY", lambda value: True)


def one_of(*values: Any) -> Any:
    """Agrees with each of these values."""
    words = f"one_of({', '.join(map(repr, values))})"
    return Matcher(words, lambda got: any(agrees(value, got) for value in values))


def at_least(least: int) -> Any:
    """Agrees with numbers from ``least`` on."""
    return Matcher(f"at_least({least})", lambda got: isinstance(got, int) and got >= least)


def at_most(most: int) -> Any:
    """Agrees with numbers up to ``most``."""
    return Matcher(f"at_most({most})", lambda got: isinstance(got, int) and got <= most)


def bits(on: int, off: int = 0) -> Any:
    """Agrees with numbers that have all bits of ``on`` set, and none of ``off``."""
    words = f"bits({on:#x}, off={off:#x})" if off else f"bits({on:#x})"
    return Matcher(words, lambda got: isinstance(got, int) and got & on == on and not got & off)


def like(glob: str) -> Any:
    """Agrees with strings of that form: ``*``, ``?`` and ``[...]`` as in a shell, ``*`` also /."""

    def matches(got: Any) -> bool:
        return isinstance(got, str | bytes) and fnmatchcase(os.fsdecode(got), glob)

    return Matcher(f"like({glob!r})", matches)


def where(true: Callable[[Any], object], words: str) -> Any:
    """Agrees with what the function is true of; ``words`` stand for it in messages."""
    return Matcher(words, lambda got: bool(true(got)))


def agrees(expected: Any, got: Any) -> bool:
    """Whether a value is what a pattern has in its place.

    A negative number stands for the unsigned one of 32 or 64 bits that the kernel was given, a str
    for bytes in the encoding of file names, ``...`` for anything; in a tuple as its last for all
    that follows.
    """
    if isinstance(expected, Matcher):
        return expected.agrees(got)
    if isinstance(expected, re.Pattern):
        return _found(expected, got)
    if isinstance(expected, tuple) and isinstance(got, tuple):
        return _tuples_agree(expected, got)
    if isinstance(expected, str) and isinstance(got, bytes):
        return os.fsencode(expected) == got
    if isinstance(expected, int) and isinstance(got, int) and expected < 0 <= got:
        return got in (expected % HALF, expected % WORD)
    return expected is ... or bool(expected == got)


def _found(pattern: re.Pattern[Any], got: Any) -> bool:
    if isinstance(got, bytes) and isinstance(pattern.pattern, str):
        got = os.fsdecode(got)
    return isinstance(got, type(pattern.pattern)) and pattern.search(got) is not None


def _tuples_agree(expected: tuple[Any, ...], got: tuple[Any, ...]) -> bool:
    if expected and expected[-1] is ...:
        expected, got = expected[:-1], got[: len(expected) - 1]
    return len(expected) == len(got) and all(map(agrees, expected, got))


class Seen(NamedTuple):
    """An event with what is known of it besides.

    ``strings`` has the strings behind the call's pointers, by argument name; ``returned``: it is
    the entry of a call whose exit was seen.
    """

    event: Event
    strings: Mapping[str, bytes] = {}
    returned: bool = False


class Distance(NamedTuple):
    """How an event differs from a pattern: in how many of how many things, and in words."""

    asked: int
    wrong: list[str]
    unlike: float = 0.0
    """How unlike what is wrong looks, from 0 to 1 for each of them."""


@dataclass(frozen=True)
class Call:
    """A system call: the exit of one, or its entry where it never returned. Made by `call`."""

    name: Any
    event: Mapping[str, Any]
    args: Mapping[str, Any]

    def __repr__(self) -> str:
        name = self.name if isinstance(self.name, str) else f"call({self.name!r})"
        args = ", ".join(f"{key}={value!r}" for key, value in self.args.items())
        event = "".join(f" {key}={value!r}" for key, value in self.event.items())
        return f"{name}({args or '...'}){event}"


Pattern = Event | type[Event] | Call


def checked(pattern: Any) -> Pattern:
    """The pattern itself.

    :raises TypeError: it is none: nothing would ever be like it, and what is expected not to happen
        would not have.
    """
    kind = pattern if isinstance(pattern, type) else type(pattern)
    if kind is Call or (issubclass(kind, Event) and kind is not Event):
        return cast("Pattern", pattern)
    hint = f": call({pattern!r}) is a system call" if isinstance(pattern, str) else ""
    raise TypeError(f"{pattern!r} is no event, no class of events and no call(...){hint}")


def call(
    name: Any,
    *,
    retval: Any = ...,
    error: Any = ...,
    pid: Any = ...,
    lwp: Any = ...,
    **args: Any,
) -> Call:
    """A system call, whole: it stands where the call returned, or where it began if it never did.

    :param name: its name; or a matcher, a regular expression.
    :param retval: what it returned, None where it failed.
    :param error: its error: number or name (``"ENOENT"``); 0: it did not fail.
    :param pid, lwp: who made it.
    :param args: its arguments, by the names that the event has for them (NetBSD's: ``path``,
        ``fd``); a str or bytes for what a pointer points to. Of several calls that ``name`` may
        mean, those are meant that have them.
    :raises KeyError: there is no error of that name, or on no system a call of that name, or one
        with such an argument. (A mistyped name would otherwise never happen, as was expected.)
    """
    if isinstance(error, str):
        _check_error(error)
    _check_arguments(name, args)
    event = {"retval": retval, "error": error, "pid": pid, "lwp": lwp}
    return Call(name, {key: value for key, value in event.items() if value is not ...}, args)


def _check_error(name: str) -> None:
    known = {known for system in tables.SYSTEMS for known in tables.errors(system).values()}
    if name not in known:
        raise tables.unknown(f"no error {name!r}", name, known)


def _check_arguments(name: Any, args: Iterable[str]) -> None:
    named = isinstance(name, str)
    found = with_name(name) if named else [made for made in every_call() if agrees(name, made.name)]
    known = dict.fromkeys(param.name for made in found for param in made.params)
    for arg in args:
        if arg not in known:
            what = f"{name} has no" if named else f"no call whose name is {name!r} has an"
            raise tables.unknown(f"{what} argument {arg!r}", arg, known)


def distance(pattern: Pattern, seen: Seen) -> Distance | None:
    """How far an event is from a pattern; None where it is nothing of the kind."""
    if isinstance(pattern, Call):
        return _distance_of_call(pattern, seen)
    if isinstance(pattern, type):
        return Distance(0, []) if type(seen.event) is pattern else None
    if type(seen.event) is not type(pattern):
        return None
    asked = given(pattern)
    return _compare([(key, want, getattr(seen.event, key)) for key, want in asked.items()])


def given(pattern: Event) -> dict[str, Any]:
    """The fields that an event was made with, but for those that are no part of a pattern."""
    values = {f.name: (f.default, getattr(pattern, f.name)) for f in fields(pattern)}
    return {
        name: value
        for name, (default, value) in values.items()
        if name not in NOT_COMPARED and value is not UNSET and value is not default
    }


def matches(pattern: Pattern, seen: Seen) -> bool:
    """Whether an event is what the pattern says."""
    found = distance(pattern, seen)
    return found is not None and not found.wrong


def _compare(things: list[tuple[str, Any, Any]]) -> Distance:
    differ = [(name, want, got) for name, want, got in things if not agrees(want, got)]
    wrong = [f"{name}: expected {want!r}, got {got!r}" for name, want, got in differ]
    return Distance(len(things), wrong, sum(_unlike(want, got) for _, want, got in differ))


def _unlike(want: Any, got: Any) -> float:
    """Of texts, in bytes or not; whatever else is not the same is as unlike as can be."""
    if not isinstance(want, str | bytes) or not isinstance(got, str | bytes):
        return 1.0
    return 1.0 - SequenceMatcher(None, os.fsdecode(want), os.fsdecode(got)).ratio()


def _distance_of_call(pattern: Call, seen: Seen) -> Distance | None:
    event = seen.event
    if not isinstance(event, SyscallEntry) or seen.returned:
        return None
    if not agrees(pattern.name, event.name):
        return None
    if not isinstance(pattern.name, str) and not pattern.args.keys() <= {*event.params}:
        return None  # another of the calls that it may be has these arguments
    things = [
        (key, want, _argument(event, seen.strings, key, want)) for key, want in pattern.args.items()
    ]
    for key, want in pattern.event.items():
        things.append((key, want, _of_event(event, key, want)))
    return _compare(things)


def _of_event(event: SyscallEntry, key: str, want: Any) -> Any:
    if key in ("pid", "lwp"):
        return getattr(event, key)
    if not isinstance(event, SyscallExit):
        return UNRETURNED
    return error_name(event) if key == "error" and isinstance(want, str) else getattr(event, key)


class _Words:
    """A value that is none, and says so in a message."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __repr__(self) -> str:
        return self._words


UNRETURNED = _Words("nothing: the call did not return")


def _argument(event: SyscallEntry, strings: Mapping[str, bytes], name: str, want: Any) -> Any:
    if name not in event.params:
        raise tables.unknown(f"{event.name} has no argument {name!r}", name, event.params)
    number = isinstance(want, int) or (isinstance(want, Matcher) and name not in strings)
    if number or name not in strings:
        return event.arg(name)
    return strings[name]


def error_name(event: SyscallExit) -> str | int:
    """The error of a call by its name, where it has one."""
    system = event.abi.partition("-")[0] if event.abi else "linux"
    return tables.errors(system).get(event.error, event.error)

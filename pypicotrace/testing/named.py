"""Calls by the words that ``syscalls=`` takes: names, ``/regular expressions/``, classes. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain

from pypicotrace import syscalls as tables
from pypicotrace.events import SyscallEntry
from pypicotrace.syscalls import Syscall
from pypicotrace.syscalls.classes import class_named

NUMBERED = re.compile(r"syscall_-?\d+")
"""What a call is called of which there is a number only."""


def is_one_of(words: tuple[str, ...]) -> Callable[[SyscallEntry], bool]:
    """What says of a call whether one of the words means it.

    :raises KeyError: no system has a call of that name.
    :raises ValueError: there is no such class, or that is no regular expression.
    """
    tests = [_test(word) for word in words]
    return lambda event: any(test(event) for test in tests)


def _test(word: str) -> Callable[[SyscallEntry], bool]:
    if word.startswith("%"):
        of = class_named(word[1:])
        return lambda event: (call := prototype(event)) is not None and of.has(call)
    if len(word) > 1 and word.startswith("/") and word.endswith("/"):
        try:
            pattern = re.compile(word[1:-1])
        except re.error as error:
            raise ValueError(f"{word!r} is no regular expression: {error}") from None
        return lambda event: pattern.search(event.name) is not None
    with_name(word)
    return lambda event: event.name == word


def with_name(name: str) -> list[Syscall]:
    """What the tables of all systems say of a call.

    :raises KeyError: no system has it.
    """
    every = [tables.load(abi).by_name for abi in tables.ABIS]
    found = [names[name] for names in every if name in names]
    if not found and not NUMBERED.fullmatch(name):
        known = dict.fromkeys(known for names in every for known in names)
        raise tables.unknown(f"no system call {name!r}", name, known)
    return found


def every_call() -> Iterator[Syscall]:
    """What the tables of all systems say of all calls."""
    return chain.from_iterable(tables.load(abi).by_name.values() for abi in tables.ABIS)


def prototype(event: SyscallEntry) -> Syscall | None:
    """What the table of its ABI says of a call; None where it says nothing."""
    if event.abi not in tables.ABIS:
        return None
    return tables.load(event.abi).by_name.get(event.name)

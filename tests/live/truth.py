"""What tracees have recorded of themselves, by tracees/truth.h.

Pure: it knows a file of records, and nothing of any trace.
"""

from __future__ import annotations

import platform
import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import NamedTuple, overload

from pypicotrace import syscalls

HEAD = 4096
TRUTH = struct.Struct("=6I")
GO = 16
ACCOUNT = struct.Struct("=4i2I")
RECORD = struct.Struct("=IiII6Qq")
WHAT = struct.Struct("=IiI")
NOTED = struct.Struct("=4x2Q")

ROOT, FORKED, VFORKED, CREATED, EXECUTED = range(1, 6)
CALL, OPENS, CLOSES, HANDLED, ENDED, DIES, IGNORES, CALL32 = range(1, 9)
CALLS = {CALL, OPENS, CLOSES, CALL32}
EXECUTES_IT = 0
"""The execve that an image has come by: it was entered in the one before."""

TAG = 0x4D


class Call(NamedTuple):
    """A call that was made.

    ``after`` is 0 where it has not returned; ``result`` is None where nobody knows it then.
    """

    what: int
    name: str
    args: tuple[int, ...]
    before: int
    after: int
    result: int | None

    def __str__(self) -> str:
        args = ", ".join(f"{arg:#x}" for arg in self.args)
        return f"{self.name}({args}) = {self.result}"


NO_CALL = Call(0, "", (), 0, 0, None)


class Calls(Sequence[Call]):
    """The calls of an account, made of its records when they are asked for: there can be a million.

    :param where: the offset of each in ``data``.
    """

    def __init__(self, data: bytes, where: array[int]) -> None:
        self.data = data
        self.where = where
        self.latest = (-1, NO_CALL)

    def __len__(self) -> int:
        return len(self.where)

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> list[Call]: ...
    def __getitem__(self, index: int | slice) -> Call | list[Call]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if self.latest[0] != index:
            self.latest = (index, self._made(self.where[index]))
        return self.latest[1]

    def _made(self, at: int) -> Call:
        what, nr, before, after, *args, result = RECORD.unpack_from(self.data, at)
        name, bits = _call(nr, "linux-i386" if what == CALL32 else abi())
        given = tuple(arg & mask for arg, mask in zip(args, bits, strict=False))
        return Call(what, name, given, before, after, result if after or tagged(given) else None)


class Note(NamedTuple):
    """What an LWP has recorded besides calls: ``number`` is a signal, or the pid of what ended.

    ``value`` and ``more`` are the si_code and si_value of a signal; the status of what ended.
    """

    what: int
    number: int
    value: int
    more: int
    before: int
    calls: int
    """How many calls it had begun by then."""


@dataclass
class Account:
    """What an LWP has done, by its own records."""

    number: int
    pid: int
    lwp: int
    how: int
    creator: int
    calls: Sequence[Call]
    notes: list[Note]

    @cached_property
    def signals(self) -> list[Note]:
        """Those that are seen arriving: SIGKILL is not, nor that of a filter that kills."""
        about = [note for note in self.notes if note.what in (HANDLED, DIES, IGNORES)]
        return [note for note in about if note.what == HANDLED or not note.value]


@dataclass
class Truth:
    """The file of a program. ``clock`` is the latest that was drawn from it."""

    accounts: list[Account]
    clock: int = 0
    go: int = 0
    ready: int = 0


@cache
def abi() -> str:
    return syscalls.for_system("linux", platform.machine())[0]


@cache
def _call(number: int, abi: str) -> tuple[str, tuple[int, ...]]:
    """A call's name, and for each argument the bits of it that count."""
    known = syscalls.load(abi).by_number.get(number)
    if known is None:
        return f"UNKNOWN SYSCALL {number}", (2**64 - 1,) * 6
    return known.name, tuple(2**32 - 1 if p.narrow else 2**64 - 1 for p in known.params)


def read_truth(file: Path) -> Truth:
    """The file as tracees/truth.h has it."""
    accounts = []
    # Most of it is a hole.
    with open(file, "rb") as whole, mmap(whole.fileno(), 0, access=ACCESS_READ) as data:
        room, each, used, clock, go, ready = TRUTH.unpack_from(data)
        first = HEAD + room * ACCOUNT.size
        for number in range(used):
            *head, count, _ = ACCOUNT.unpack_from(data, HEAD + number * ACCOUNT.size)
            at = first + number * each * RECORD.size
            accounts.append(_account(number, head, data[at : at + count * RECORD.size]))
    return Truth(accounts, clock, go, ready)


def _account(number: int, head: list[int], data: bytes) -> Account:
    calls = array("L")
    notes: list[Note] = []
    for at in range(0, len(data), RECORD.size):
        what, nr, before = WHAT.unpack_from(data, at)
        if what in CALLS:
            calls.append(at)
        elif what:
            value, more = NOTED.unpack_from(data, at + WHAT.size)
            notes.append(Note(what, nr, value, more, before, len(calls)))
    pid, lwp, how, creator = head
    return Account(number, pid, lwp, how, creator, Calls(data, calls), notes)


def tagged(args: Iterable[int]) -> bool:
    return any(arg >> 56 == TAG for arg in args)


def glance(file: Path) -> Truth:
    """The head of the file, without the accounts; all 0 where the program has not yet begun."""
    head = b""
    if file.exists():
        with open(file, "rb") as whole:
            head = whole.read(TRUTH.size)
    *_, clock, go, ready = TRUTH.unpack(head.ljust(TRUTH.size, b"\0"))
    return Truth([], clock, go, ready)


def let_go(file: Path) -> None:
    """Tell a program that waits for it."""
    with open(file, "r+b") as head:
        head.seek(GO)
        head.write(struct.pack("=I", 1))

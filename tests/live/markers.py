"""The trace of tracees/markers.c held against what that program has counted itself.

Pure: it knows lines and events, and a file of numbers, but neither a kernel nor a loop.
"""

from __future__ import annotations

import errno
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

MARKER = "lseek"
MAKES = {"clone", "clone3", "fork", "vfork"}


class Wrong(AssertionError):
    """A trace that is not that of what was done."""


class Account(NamedTuple):
    """What an LWP has done, by its own count.

    ``moments`` has two numbers for each call: what the clock of all LWPs gave before and after it.
    """

    pid: int
    lwp: int
    calls: int
    status: int
    moments: memoryview


class Row(NamedTuple):
    """What the checker reads of an event.

    ``values`` are the arguments of an entry, the result and the error of an exit (of other calls
    than markers they are left out), and otherwise the one number that there is, if there is one.
    """

    pid: int
    lwp: int
    word: str
    name: str
    values: tuple[int, ...]


def accounts(file: Path, lwps: int, calls: int) -> list[Account]:
    """The file that tracees/markers.c has left: as many accounts, with room for as many calls."""
    data = memoryview(file.read_bytes())
    layout = struct.Struct("=iiIi")
    rest = data[lwps * layout.size :].cast("I")
    head = layout.iter_unpack(data[: lwps * layout.size])
    return [Account(*of, rest[i * 2 * calls : (i + 1) * 2 * calls]) for i, of in enumerate(head)]


def from_text(lines: Iterable[str]) -> Iterator[Row]:
    """Of lines with their ends."""
    for line in lines:
        try:
            yield _row(line)
        except ValueError:
            raise Wrong(f"not a whole line: {line!r}") from None


def _row(line: str) -> Row:
    pid, lwp, _, word, *rest = line.split(None, 4)
    info = rest[0] if rest else ""
    if line[-1] != "\n":
        raise ValueError
    values: tuple[int, ...] = ()
    if word == "SCE":
        name, _, args = info.partition("(")
        if name == MARKER:
            values = tuple(int(arg, 0) for arg in args.rstrip().removesuffix(")").split(","))
    elif word == "SCX":
        name, _, result = info.partition(" = ")
        if name == MARKER:
            retval, _, error = result.partition(" Err#")
            values = (int(retval, 0), int(error.split()[0]) if error else 0)
    else:
        name = ""
        values = tuple(int(number) for _, eq, number in [info.partition("=")] if eq)
    return Row(int(pid), int(lwp), word, name, values)


FIELD = {"Forked": "child", "LwpCreated": "lwp", "LwpExited": "lwp", "Exited": "status"}
WORD = {"Forked": "FORKED", "LwpCreated": "LWP_CREATED", "LwpExited": "LWP_EXITED"}


def from_events(events: Iterable[Any]) -> Iterator[Row]:
    for ev in events:
        kind = type(ev).__name__
        if kind == "SyscallEntry":
            yield Row(ev.pid, ev.lwp, "SCE", ev.name, ev.args)
        elif kind == "SyscallExit":
            yield Row(ev.pid, ev.lwp, "SCX", ev.name, (ev.retval or 0, ev.error))
        else:
            values = (getattr(ev, FIELD[kind]),) if kind in FIELD else ()
            yield Row(ev.pid, ev.lwp, WORD.get(kind, kind.upper()), "", values)


class Lwp:
    """An LWP that is there now: the call it is in, and how many markers it has made."""

    __slots__ = ("account", "call", "made")

    def __init__(self, account: Account) -> None:
        self.account = account
        self.call = ""
        self.made = 0

    def moment(self, after: int) -> int:
        if self.made >= self.account.calls:
            raise Wrong("a call that was not made")
        return int(self.account.moments[2 * self.made + after])

    def arguments(self, fd: int) -> tuple[int, ...]:
        """Of its next marker; ``fd`` is the file that is not moved but in its offset."""
        offset = self.account.lwp << 32 | self.made
        return (0xFFFFFFFF if self.made % 4 == 3 else fd, offset, 9 if self.made % 4 == 1 else 0)

    def result(self) -> tuple[int, int]:
        if self.made % 4 == 1:
            return (0, errno.EINVAL)
        if self.made % 4 == 3:
            return (0, errno.EBADF)
        return (self.account.lwp << 32 | self.made, 0)


class Checker:
    """Takes a trace row by row, and raises `Wrong` at the first that cannot be true."""

    def __init__(self, truth: Iterable[Account]) -> None:
        self.truth = {account.lwp: account for account in truth}
        self.there: dict[int, Lwp] = {}
        self.done: set[int] = set()
        self.making: Counter[int] = Counter()
        self.fd: int | None = None
        self.latest = -1

    def take(self, row: Row) -> None:
        pid, lwp, word, name, values = row
        if word == "EXITED":
            self.exited(pid, lwp, values)
            return
        if word == "EXEC" and not self.there and not self.done:
            self.come(pid, lwp)
            return
        if word == "LWP_CREATED" and values == (lwp,) and lwp != pid:
            self.made(pid)
            self.come(pid, lwp)
            return
        now = self.there.get(lwp)
        if now is None or now.account.pid != pid:
            raise Wrong("no such LWP is there")
        if word == "SCE":
            self.enter(now, name, values)
        elif word == "SCX":
            self.leave(now, name, values)
        elif word == "FORKED" and now.call in MAKES and len(values) == 1:
            self.made(pid)
            self.come(values[0], values[0])
        elif word == "LWP_EXITED" and now.call == "exit" and values == (lwp,):
            self.go(now)
        else:
            raise Wrong("that did not happen")

    def come(self, pid: int, lwp: int) -> None:
        account = self.truth.get(lwp)
        if account is None or account.pid != pid:
            raise Wrong(f"process {pid} never had an LWP {lwp}")
        if lwp in self.there or lwp in self.done:
            raise Wrong(f"LWP {lwp} comes twice")
        self.there[lwp] = Lwp(account)

    def made(self, pid: int) -> None:
        if not self.making[pid]:
            raise Wrong("nobody has made one")
        self.making[pid] -= 1

    def go(self, now: Lwp) -> None:
        if now.made != now.account.calls:
            raise Wrong(f"{now.made} of {now.account.calls} calls before the end")
        del self.there[now.account.lwp]
        self.done.add(now.account.lwp)

    def exited(self, pid: int, lwp: int, values: tuple[int, ...]) -> None:
        first = self.there.get(pid)
        if first is None or lwp != 0 or first.call != "exit_group":
            raise Wrong("no process that may end")
        if any(now.account.pid == pid != now.account.lwp for now in self.there.values()):
            raise Wrong("before its LWPs")
        if values != (first.account.status,):
            raise Wrong(f"its status was {first.account.status}")
        self.go(first)

    def enter(self, now: Lwp, name: str, values: tuple[int, ...]) -> None:
        if now.call:
            raise Wrong(f"it is in {now.call} already")
        now.call = name
        self.making[now.account.pid] += name in MAKES
        if name != MARKER:
            return
        if self.fd is None:
            self.fd = values[0]
        if values != now.arguments(self.fd):
            raise Wrong(f"its next call is {now.arguments(self.fd)}")
        self.latest = max(self.latest, now.moment(0))

    def leave(self, now: Lwp, name: str, values: tuple[int, ...]) -> None:
        if now.call != name or not name:
            raise Wrong(f"it is in {now.call or 'no call'}")
        now.call = ""
        if name != MARKER:
            return
        if values != now.result():
            raise Wrong(f"its result was {now.result()}")
        # A call whose entry the trace has before this exit cannot have begun after it.
        if now.moment(1) < self.latest:
            raise Wrong("a later call came before it")
        now.made += 1

    def end(self) -> None:
        if missing := self.truth.keys() - self.done:
            raise Wrong(f"no end of {sorted(missing)}")


def check_markers(rows: Iterable[Row], truth: Iterable[Account]) -> None:
    """Hold a trace of all events against the truth.

    Each LWP is made before it comes, and comes and goes once; each of its calls is there once, in
    order, with its own arguments and its own result; calls of different LWPs are in order where it
    is known which came first; and each process ends last, with its status.

    :raises Wrong: with the row, and its number, that cannot be.
    """
    checker = Checker(truth)
    for number, row in enumerate(rows, 1):
        try:
            checker.take(row)
        except Wrong as wrong:
            raise Wrong(f"{wrong}; row {number}: {row}") from None
    checker.end()

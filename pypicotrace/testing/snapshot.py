"""Traces without what changes from run to run, to be kept in a file and compared. Pure.

Processes are named by their place in the tree (``<1>``, its second child ``<1.2>``), LWPs by their
number in the process (``<1/2>``), addresses (``&1``) and descriptors (``fd1``) in the order in
which each process comes to have them. Times are left out. Each LWP has a section of its own: what
several do at once has no order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from pypicotrace import syscalls
from pypicotrace.syscalls import Param
from pypicotrace.syscalls.classes import class_named
from pypicotrace.testing.items import Item

HEADER = "# pypicotrace snapshot 1"
IS_DESCRIPTOR = class_named("desc").takes
MADE = frozenset({"Forked", "Vforked", "Spawned"})
ENDS = frozenset({"Exited", "Signaled"})
LOST = "?"

# What Linux's table does not say of results (its entry points all return a long).
OPENS = re.compile(
    r"open|openat2?|creat|dup[23]?|socket|accept4?|epoll_create1?|eventfd2?|signalfd4?"
    r"|timerfd_create|inotify_init1?|memfd_create|pidfd_open|userfaultfd|kqueue1?|paccept"
)
MAPS = re.compile(r"mmap2?|mremap|brk|shmat")
IDENTIFIES = re.compile(
    r"(?:get|set)?(?:pid|ppid|tid|pgid|pgrp|sid)|gettid|set_tid_address|v?fork|clone3?|posix_spawn"
    r"|_lwp_self|(?:__)?wait\d?(?:50|id)?|__wait450|__wait650"
)
# The result is that of whatever a signal interrupted.
MEANINGLESS = frozenset({"rt_sigreturn", "sigreturn", "restart_syscall"})
LOWEST_ADDRESS = 2**32
NEGATIVE = 2**64 - 4096
AT_FDCWD = -100


class Line(NamedTuple):
    """A call or an event: its name, what is given with it by name, and a call's result."""

    name: str
    given: tuple[tuple[str, str], ...]
    result: str | None = None

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value}" for name, value in self.given)
        return f"{self.name}({given})" + (f" = {self.result}" if self.result is not None else "")


class Section(NamedTuple):
    """What an LWP did: its name, and its lines."""

    program: str
    lines: list[Line]


Snapshot = Mapping[str, Section]


class _Numbers:
    """New names for values, in the order in which they come."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._known: dict[int, str] = {}

    def __getitem__(self, value: int) -> str:
        return self._known.setdefault(value, f"{self._mark}{len(self._known) + 1}")


class _Process:
    """A process. What has its id after its end is another."""

    def __init__(self, name: str, begun: int) -> None:
        self.name = name
        self.begun = begun
        """The place of the item that was the first to tell of it."""
        self.ended = False
        self.children = 0
        self._lwps: list[int] = []

    @property
    def is_stranger(self) -> bool:
        """Nobody was seen to make it."""
        return "." not in self.name

    def has(self, lwp: int) -> bool:
        return lwp in self._lwps

    def lwp(self, lwp: int) -> str:
        """The LWP's name; that of the first is its process's."""
        if lwp and lwp not in self._lwps:
            self._lwps.append(lwp)
        number = self._lwps.index(lwp) + 1 if lwp else 1
        return self.name + (f"/{number}" if number > 1 else "")


class _Processes:
    """The processes, by their ids, each of which may have been several one after the other."""

    def __init__(self) -> None:
        self._all: dict[int, list[_Process]] = {}
        self._strangers = 0

    def of(self, item: Item, place: int) -> _Process:
        """The process that did this, as the items come one after the other."""
        process = self._living(item.pid)
        if process is None:
            self._strangers += 1
            process = self._new(item.pid, str(self._strangers), place)
        process.lwp(item.lwp)
        if item.abi is None:
            if item.name in MADE:
                self._made(process, int(item.details["child"]), place)
            process.ended = item.name in ENDS
        return process

    def known(self, number: int, place: int, own: _Process) -> str:
        """Whatever has that number there; a process that is not of the trace is ``<other>``."""
        found = self._all.get(number)
        if found is not None:
            # After its end, too: it is then that its parent asks for it.
            begun = (process for process in reversed(found) if process.begun <= place)
            return f"<{next(begun, found[0]).name}>"
        for process in (own, *(process for found in self._all.values() for process in found)):
            if process.has(number):
                return f"<{process.lwp(number)}>"
        return "<other>"

    def _living(self, pid: int) -> _Process | None:
        found = self._all.get(pid)
        return found[-1] if found is not None and not found[-1].ended else None

    def _new(self, pid: int, name: str, place: int) -> _Process:
        process = _Process(name, place)
        self._all.setdefault(pid, []).append(process)
        return process

    def _made(self, parent: _Process, pid: int, place: int) -> None:
        parent.children += 1
        name = f"{parent.name}.{parent.children}"
        child = self._living(pid)
        if child is not None and child.is_stranger:
            child.name = name
        else:
            self._new(pid, name, place)


class _Normal:
    """One process's own names for addresses and descriptors."""

    def __init__(self, processes: _Processes, own: _Process) -> None:
        self._processes = processes
        self._own = own
        self.place = 0
        """Of the item for which names are wanted."""
        self._addresses = _Numbers("&")
        self._descriptors = _Numbers("fd")

    def address(self, value: int) -> str:
        return self._addresses[value] if value else "0"

    def descriptor(self, value: int) -> str:
        if value >= LOWEST_ADDRESS // 2:
            value -= 2**64 if value >= LOWEST_ADDRESS else LOWEST_ADDRESS
        if value == AT_FDCWD:
            return "AT_FDCWD"
        return str(value) if value <= 2 else self._descriptors[value]

    def identity(self, value: int) -> str:
        if not 0 < value < LOWEST_ADDRESS // 2:
            return _number(value)
        return self._processes.known(value, self.place, self._own)


def _number(value: int) -> str:
    if value >= NEGATIVE:
        return str(value - 2**64)
    if LOWEST_ADDRESS - 4096 <= value < LOWEST_ADDRESS:
        return str(value - LOWEST_ADDRESS)
    return str(value)


def take(items: Iterable[Item]) -> dict[str, Section]:
    """The snapshot of what happened."""
    processes = _Processes()
    everything = [(processes.of(item, place), item, place) for place, item in enumerate(items)]
    sections: dict[str, Section] = {}
    normal: dict[_Process, _Normal] = {}
    for process, item, place in sorted(everything, key=lambda one: _order(one[0].lwp(one[1].lwp))):
        name = process.lwp(item.lwp)
        names = normal.setdefault(process, _Normal(processes, process))
        names.place = place
        section = sections.setdefault(name, Section(item.program, []))
        sections[name] = section._replace(program=item.program)
        section.lines.append(_line(item, names))
    return sections


def _order(name: str) -> list[list[int]]:
    """So that 1.10 comes after 1.9, and 1/2 after 1."""
    process, _, lwp = name.partition("/")
    return [[int(number) for number in process.split(".")], [int(lwp or 1)]]


def _line(item: Item, names: _Normal) -> Line:
    if item.abi is None:
        return Line(
            item.name, tuple(_detail(key, value, names) for key, value in item.details.items())
        )
    call = syscalls.load(item.abi).by_name.get(item.name) if item.abi in syscalls.ABIS else None
    params = call.params if call is not None else ()
    given = []
    for place, value in enumerate(item.args):
        param = params[place] if place < len(params) else None
        shown = (
            _string(item.strings[place])
            if place in item.strings
            else _role(param, value)(names, value)
        )
        given.append((param.name if param is not None else f"arg{place + 1}", shown))
    return Line(item.name, tuple(given), _result(item, names))


def _detail(key: str, value: int | str, names: _Normal) -> tuple[str, str]:
    whose = key in ("child", "sender") and isinstance(value, int)
    return key, names.identity(int(value)) if whose else str(value)


def _string(text: bytes) -> str:
    return repr(text.decode(errors="surrogateescape"))


def _role(param: Param | None, value: int) -> Callable[[_Normal, int], str]:
    if param is not None:
        if param.type.endswith("*"):
            return _Normal.address
        if IS_DESCRIPTOR is not None and IS_DESCRIPTOR(param):
            return _Normal.descriptor
        if param.type in ("pid_t", "lwpid_t"):
            return _Normal.identity
    # Linux calls many an address an unsigned long.
    if LOWEST_ADDRESS <= value < NEGATIVE:
        return _Normal.address
    return lambda names, number: _number(number)


def _result(item: Item, names: _Normal) -> str:
    if item.result is None:
        return LOST
    if item.name in MEANINGLESS:
        return "..."
    if isinstance(item.result, str):
        return item.result
    if OPENS.fullmatch(item.name):
        return names.descriptor(item.result)
    if MAPS.fullmatch(item.name) or LOWEST_ADDRESS <= item.result < NEGATIVE:
        return names.address(item.result)
    return (names.identity if IDENTIFIES.fullmatch(item.name) else _number)(item.result)


def written(snapshot: Snapshot) -> str:
    """A snapshot as a file has it."""
    blocks = [HEADER]
    for name, section in snapshot.items():
        blocks.append("\n".join([f"[{name}] {section.program}", *map(str, section.lines)]))
    return "\n\n".join(blocks) + "\n"


QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
GIVEN = re.compile(rf"(\w+)=({QUOTED}|[^,()'\"]*)(?:, |$)")
LINE = re.compile(rf"(\w[\w-]*)\(((?:{QUOTED}|[^()'\"])*)\)(?: = (.+))?")


def read(text: str) -> dict[str, Section]:
    """A snapshot from the text of a file.

    :raises ValueError: it is none; the message has the line, and its number.
    """
    lines = text.splitlines()
    if not lines or lines[0] != HEADER:
        raise ValueError(f"it does not begin with {HEADER!r}")
    sections: dict[str, Section] = {}
    for number, line in enumerate(lines[1:], 2):
        head = re.fullmatch(r"\[([\d./]+)\] (.*)", line)
        found = LINE.fullmatch(line)
        if head is not None:
            section = sections.setdefault(head[1], Section(head[2], []))
        elif found is not None and sections:
            name, given, result = found.groups()
            section.lines.append(Line(name, tuple(GIVEN.findall(given)), result))
        elif line:
            raise ValueError(f"line {number} is no line of a snapshot: {line!r}")
    return sections

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


class _Processes:
    """The names of processes and LWPs."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._children: dict[str, int] = {}
        self._lwps: dict[int, list[int]] = {}

    def made(self, parent: int, child: int) -> None:
        name = self.process(parent)
        self._children[name] = self._children.get(name, 0) + 1
        self._names[child] = f"{name}.{self._children[name]}"

    def process(self, pid: int) -> str:
        if pid not in self._names:
            strangers = sum("." not in name for name in self._names.values())
            self._names[pid] = str(strangers + 1)
        return self._names[pid]

    def lwp(self, pid: int, lwp: int) -> str:
        """The LWP's; that of the first is its process's."""
        known = self._lwps.setdefault(pid, [])
        if lwp and lwp not in known:
            known.append(lwp)
        number = known.index(lwp) + 1 if lwp else 1
        return self.process(pid) + (f"/{number}" if number > 1 else "")

    def known(self, number: int) -> str:
        """Whatever has that number; a process that is not of the trace is ``<other>``."""
        if number in self._names:
            return f"<{self._names[number]}>"
        for pid, lwps in self._lwps.items():
            if number in lwps:
                return f"<{self.lwp(pid, number)}>"
        return "<other>"


class _Normal:
    """One process's own names for addresses and descriptors."""

    def __init__(self, processes: _Processes) -> None:
        self._processes = processes
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
        return self._processes.known(value) if 0 < value < LOWEST_ADDRESS // 2 else _number(value)


def _number(value: int) -> str:
    if value >= NEGATIVE:
        return str(value - 2**64)
    if LOWEST_ADDRESS - 4096 <= value < LOWEST_ADDRESS:
        return str(value - LOWEST_ADDRESS)
    return str(value)


def take(items: Iterable[Item]) -> dict[str, Section]:
    """The snapshot of what happened."""
    everything = list(items)
    processes = _Processes()
    for item in everything:
        processes.process(item.pid)
        if item.name in MADE and item.abi is None:
            processes.made(item.pid, int(item.details["child"]))
        processes.lwp(item.pid, item.lwp)
    sections: dict[str, Section] = {}
    normal: dict[int, _Normal] = {}
    for item in sorted(everything, key=lambda item: _order(processes.lwp(item.pid, item.lwp))):
        name = processes.lwp(item.pid, item.lwp)
        names = normal.setdefault(item.pid, _Normal(processes))
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

"""What must hold of every record, and a record read back from text.

`check_record` is called for every run that the live tests make, whatever else they look at.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from system import LINUX, NAME

import pypicotrace as pt
from pypicotrace import syscalls
from pypicotrace.events import UNSET

MAKE_CHILDREN = {"fork", "vfork", "clone", "clone3", "__vfork14", "__clone", "posix_spawn"}
EXECUTE = {"execve", "execveat", "fexecve"}
EXIT = {"exit", "exit_group"}
EXIT_LWP = {"_lwp_exit"}
ENDS_OF_LWPS = LINUX
"""LWPs that end with their process, or with its image, say so."""
KEEPS_LWP = not LINUX
"""An LWP that is not the first and executes a program keeps its id."""
RAW_ERRORS = frozenset() if LINUX else frozenset({-2, -3})
"""EJUSTRETURN and ERESTART: what NetBSD's kernel tells of a call that does not return a result."""
SHOWN_BEFORE = 15


class BadRecord(AssertionError):
    """A record that cannot be true."""


@dataclass
class Lwp:
    """What the record has said of an LWP that is there now."""

    id: int
    call: pt.SyscallEntry | None = None
    """The call it is in."""
    half: bool = False
    """It was attached to and may be inside a call whose entry was not seen."""


@dataclass
class Process:
    """What the record has said of a process that is there now."""

    pid: int
    lwps: dict[int, Lwp] = field(default_factory=dict)
    vforked: set[int] = field(default_factory=set)
    """Children that one of its LWPs waits for."""
    created: set[int] = field(default_factory=set)
    """Its LWPs so far, but for the first."""
    spoke: bool = False
    exits: bool = False
    """One of its LWPs has called exit or exit_group."""
    cut: bool = False
    """An LWP of it has ended inside a call: all that were there are killed."""


class Checker:
    """Reads a record, event by event, and raises `BadRecord` at the first that cannot be.

    ``mask`` says which events were asked for: without those that announce something, it may come
    unannounced.
    """

    def __init__(
        self,
        mask: pt.Mask,
        deadly: Collection[str] = (),
        *,
        altered: bool = False,
        added: Collection[int] = (),
    ) -> None:
        self.mask = mask
        self.deadly = EXIT | EXIT_LWP | set(deadly)
        self.altered = altered
        self.added = set(added)
        self.processes: dict[int, Process] = {}
        self.began = False
        self.last: pt.Event | None = None
        self.expected: set[int] = set()

    def take(self, ev: pt.Event) -> None:  # noqa: PLR0912  a branch for each kind of event
        self._order(ev)
        process = self._process(ev)
        match ev:
            case pt.Attached():
                self._add(process, ev.lwp).half = True
            case pt.LwpCreated():
                self._add(process, ev.lwp)
                process.created.add(ev.lwp)
            case pt.LwpExited():
                lwp = self._lwp(process, ev.lwp)
                killed = lwp.call is not None and lwp.call.name not in self.deadly
                process.cut |= killed and not self.altered
                del process.lwps[ev.lwp]
            case pt.SyscallExit():
                self._exit(self._lwp(process, ev.lwp), ev)
            case pt.SyscallEntry():
                lwp = self._lwp(process, ev.lwp)
                require(lwp.call is None or not self._all(pt.SCX), "it is in a call already")
                require(not process.cut or not self._all(pt.SCX), "it should have been killed")
                lwp.call, lwp.half = ev, False
                process.exits |= ev.name in EXIT
            case pt.Exec():
                self._exec(process, ev)
            case pt.Forked() | pt.Vforked() | pt.Spawned():
                self._child(process, ev)
            case pt.VforkDone():
                lwp = self._lwp(process, ev.lwp)
                self._inside(lwp, MAKE_CHILDREN)
                # CLONE_VFORK may come with CLONE_THREAD: then it was an LWP that was waited for.
                if self._all(pt.VFORK) and ev.child not in process.created and not lwp.half:
                    require(ev.child in process.vforked, "no such child was waited for")
                    process.vforked.remove(ev.child)
            case pt.Stopped(lwp=0):
                require(not LINUX, "it is an LWP that stops")
            case pt.Stopped():
                lwp = self._lwp(process, ev.lwp)
                # NetBSD: it may be asleep there (csrc/netbsd/aim.c).
                require(
                    not LINUX or lwp.call is None or not self._all(pt.SCX), "a signal inside a call"
                )
                lwp.half = False
            case pt.SingleStep() | pt.Breakpoint():
                lwp = self._lwp(process, ev.lwp)
                require(lwp.call is None or not self._all(pt.SCX), "a step inside a call")
                lwp.half = False
            case pt.Continued():
                require(ev.lwp == 0, "it is the process that goes on")
            case pt.Exited() | pt.Signaled():
                self._gone(process, ev)
            case pt.Detached():
                del self.processes[ev.pid]
            case _:
                raise BadRecord(f"unexpected {type(ev).__name__}")
        process.spoke = True

    def end(self) -> None:
        """The record is complete: everything has ended."""
        if self._all(pt.EXIT):
            require(not self.processes, f"no end of {sorted(self.processes)}")

    def _all(self, bits: pt.Mask) -> bool:
        return self.mask & bits == bits

    def _ends_of_lwps(self) -> bool:
        """Each LWP that is there will say that it ends."""
        return ENDS_OF_LWPS and self._all(pt.LWP_CREATE | pt.LWP_EXIT)

    def _order(self, ev: pt.Event) -> None:
        if self.last is not None:
            require(ev.seq == self.last.seq + 1, "numbers without gaps")
            require(not ev.ts_ns or ev.ts_ns >= self.last.ts_ns, "time goes on")
        else:
            require(ev.seq == 1, "the first is number 1")
        require(isinstance(ev.program, bytes) and ev.program != b"", "a program has a name")
        self.last = ev

    def _process(self, ev: pt.Event) -> Process:
        process = self.processes.get(ev.pid)
        if process is not None:
            return process
        started = not self.began or ev.pid in self.added
        root = started and (isinstance(ev, pt.Exec) or not self._all(pt.EXEC))
        self.began = True
        self.added.discard(ev.pid)
        announced = self._all(pt.FORK | pt.VFORK)
        require(
            root or isinstance(ev, pt.Attached) or not announced, f"process {ev.pid} is not known"
        )
        return self._new(ev.pid, without_lwp=isinstance(ev, pt.Attached))

    def _new(self, pid: int, *, without_lwp: bool = False) -> Process:
        require(pid not in self.processes, f"process {pid} is there already")
        process = self.processes[pid] = Process(pid)
        if not without_lwp:
            process.lwps[pid] = Lwp(pid)
        return process

    def _add(self, process: Process, lwp: int) -> Lwp:
        require(lwp > 0, "an LWP has an id")
        require(
            all(lwp not in other.lwps for other in self.processes.values()),
            f"LWP {lwp} is there already",
        )
        process.lwps[lwp] = Lwp(lwp)
        return process.lwps[lwp]

    def _lwp(self, process: Process, lwp: int) -> Lwp:
        if lwp not in process.lwps and not self._all(pt.LWP_CREATE):
            self._add(process, lwp)
        require(lwp in process.lwps, f"LWP {lwp} is not there")
        return process.lwps[lwp]

    def _gone(self, process: Process, ev: pt.Exited | pt.Signaled) -> None:
        require(ev.lwp == 0, "it is the process that ends")
        rest = process.lwps.keys() - {process.pid}
        require(not rest or not self._ends_of_lwps(), f"before its LWPs {rest}")
        half = any(lwp.half for lwp in process.lwps.values())
        asked = isinstance(ev, pt.Signaled) or process.exits or half or not self._all(pt.SCE)
        asked = asked or self.altered
        require(asked, "nobody has called exit")
        del self.processes[process.pid]

    def _exit(self, lwp: Lwp, ev: pt.SyscallExit) -> None:
        failed = ev.error != 0
        possible = ev.error >= 0 or ev.error in RAW_ERRORS
        require(failed == (ev.retval is None) and possible, "a result or an error")
        if not self._all(pt.SCE):
            return
        entry, lwp.call = lwp.call, None
        if entry is None:
            require(lwp.half and not ev.enter_seq, "an exit without an entry")
            lwp.half = False
            return
        lwp.half = False
        require(ev.name == entry.name or self.altered, f"it entered {entry.name}")
        if ev.enter_seq is not UNSET:
            require(ev.enter_seq == entry.seq, f"its entry is number {entry.seq}")
            same = ev.sysnum == entry.sysnum and ev.args == entry.args
            require(same or self.altered, f"it entered as {entry}")

    def _exec(self, process: Process, ev: pt.Exec) -> None:
        require(KEEPS_LWP or ev.lwp == ev.pid, "the new image's LWP has the process's id")
        caller = process.lwps.get(ev.old_lwp or ev.lwp)
        # Attached to between its execve and the report of it, it is known by the new id alone.
        half = any(lwp.half for lwp in process.lwps.values())
        if ev.old_lwp:
            require(ev.old_lwp != ev.pid, "the id has changed")
            known = caller is not None or half or not self._all(pt.LWP_CREATE)
            require(known, "the caller is not there")
        rest = process.lwps.keys() - {ev.lwp, ev.old_lwp}
        require(not rest or not self._ends_of_lwps(), f"LWPs survive: {rest}")
        if process.spoke and caller is not None:
            self._inside(caller, EXECUTE)
        call = caller.call if caller is not None else None
        process.lwps = {ev.lwp: Lwp(ev.lwp, call, half and call is None)}
        process.exits = process.cut = False

    def _child(self, process: Process, ev: pt.Forked | pt.Vforked | pt.Spawned) -> None:
        self._inside(self._lwp(process, ev.lwp), MAKE_CHILDREN)
        require(ev.child > 0, "a child has a pid")
        if self._all(pt.FORK | pt.VFORK):
            self._new(ev.child)
        if isinstance(ev, pt.Vforked):
            process.vforked.add(ev.child)

    def _inside(self, lwp: Lwp, calls: set[str]) -> None:
        if not self._all(pt.SCE | pt.SCX) or lwp.half:
            return
        name = lwp.call.name if lwp.call is not None else "no call"
        require(name in calls, f"it is in {name}")


def require(true: bool, message: str) -> None:
    if not true:
        raise BadRecord(message)


def check_record(
    events: Sequence[pt.Event],
    *,
    mask: pt.Mask = pt.ALL,
    complete: bool = True,
    deadly: Collection[str] = (),
    altered: bool = False,
    added: Collection[int] = (),
) -> None:
    """Hold a record against what is true of all.

    Every LWP is announced before anything is said of it and nothing is said after its end; entries
    and exits alternate, and an exit is that of its entry: number, arguments, sequence number; an
    entry without an exit has ended with its LWP or its image; a process that exits was asked to;
    every child that was announced is there, and every process ends.

    :param mask: what was asked for.
    :param complete: the loop was run to its end.
    :param deadly: calls besides exit that an LWP may die of while others live on (seccomp(2)).
    :param altered: numbers and arguments of calls were changed at their entries.
    :param added: the pids of programs that were started besides the first.
    :raises BadRecord: with the events that lead there.
    """
    checker = Checker(mask, deadly, altered=altered, added=added)
    for i, ev in enumerate(events):
        try:
            checker.take(ev)
        except BadRecord as e:
            before = [e for e in events[:i] if e.pid == ev.pid][-SHOWN_BEFORE:]
            raise BadRecord("\n".join([f"{e}, at", *map(str, before), f"-> {ev}"])) from None
    if complete:
        checker.end()


IMAGE = re.compile(r" *\d+ +0 +\S+ (ARGV|ENV|AUXV)\[")
LINE = re.compile(r" *(\d+) +(\d+) +(\S+) ([A-Z_]+) ?(.*)")
ENTRY = re.compile(r"(UNKNOWN SYSCALL -?\d+|\w+)\(([^)]*)\)")
RESULT = re.compile(
    r"(UNKNOWN SYSCALL -?\d+|\w+) (?:= (\w+)(?: (?!Err)\w+)?)?(?: Err#(-?\d+).*)?(?: \(32 bits\))?"
)
SIGNALS = {name: number for number, name in syscalls.signals(NAME.lower()).items()}
FROM_TEXT: dict[str, type[pt.Event]] = {
    "EXEC": pt.Exec,
    "FORKED": pt.Forked,
    "VFORKED": pt.Vforked,
    "SPAWNED": pt.Spawned,
    "VFORK_DONE": pt.VforkDone,
    "LWP_CREATED": pt.LwpCreated,
    "LWP_EXITED": pt.LwpExited,
    "STOPPED": pt.Stopped,
    "CRASHED": pt.Crashed,
    "CONTINUED": pt.Continued,
    "SIGNALED": pt.Signaled,
    "EXITED": pt.Exited,
    "ATTACHED": pt.Attached,
    "DETACHED": pt.Detached,
}
RENAMED = {"si_code": "code", "si_pid": "sender", "si_uid": "uid", "si_addr": "addr"}


def parse(text: bytes) -> list[pt.Event]:
    """The events of a text, without what a line does not have."""
    events = [line for line in text.decode().splitlines() if not IMAGE.match(line)]
    return [_line(line, i + 1) for i, line in enumerate(events)]


def _line(line: str, seq: int) -> pt.Event:
    match = LINE.fullmatch(line)
    if match is None:
        raise BadRecord(f"not a line of text: {line!r}")
    pid, lwp, program, word, info = match.groups()
    common: dict[str, Any] = {
        "pid": int(pid),
        "lwp": int(lwp),
        "program": program.encode(),
        "seq": seq,
        "ts_ns": 0,
    }
    if word == "SCE":
        entry = ENTRY.fullmatch(info)
        assert entry is not None, line
        args = tuple(int(arg, 0) for arg in entry[2].split(",") if arg)
        return pt.SyscallEntry(**common, name=entry[1], args=args)
    if word == "SCX":
        result = RESULT.fullmatch(info)
        assert result is not None, line
        error = int(result[3] or 0)
        retval = None if error else int(result[2] or "0", 0)
        return pt.SyscallExit(**common, name=result[1], retval=retval, error=error)
    return FROM_TEXT[word](**common, **_info(word, info))


def _info(word: str, info: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"old_lwp": 0} if word == "EXEC" else {}
    parts = info.split()
    if word in ("STOPPED", "CRASHED"):
        fields["signo"] = SIGNALS[parts.pop(0)]
    for part in parts:
        key, _, value = part.partition("=")
        if key == "signal":
            fields["signo"] = SIGNALS["SIG" + value]
        elif key == "core":
            fields["core"] = value == "true"
        elif key not in ("lwp", "si_trap"):
            fields[RENAMED.get(key, key)] = int(value, 0)
    return fields


def of(events: Iterable[pt.Event], kind: type[pt.Event], **fields: object) -> list[Any]:
    """The events of exactly that class whose fields have these values."""
    return [
        ev
        for ev in events
        if type(ev) is kind and all(getattr(ev, key) == value for key, value in fields.items())
    ]

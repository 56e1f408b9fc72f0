"""Traces as a kernel could tell them, made up step by step from numbers that somebody draws."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from pypicotrace import Batch, syscalls
from pypicotrace._ffi import ffi, lib
from pypicotrace.batch import batch_of
from pypicotrace.kinds import Kind
from pypicotrace.layout import SIZE
from pypicotrace.report.collected import Collected

ABI = "linux-x86_64"
NUMBERS = {name: call.number for name, call in syscalls.load(ABI).by_name.items()}
PIDS = range(100, 108)
"""So few that ids come again."""
PROGRAMS = (b"sh", b"make", b"cc1", b"</script>")
ERRORS = (0, 0, 0, 2, 13, 512)
"""The last one is a restart."""
DESCRIPTORS = 6
CALLS = ("openat", "read", "write", "close", "dup", "fcntl", "getppid", "wait4", "execve")
Step = tuple[int, int, int, int]
"""What happens, to whom, how, and after how many nanoseconds."""


@dataclass
class Call:
    name: str
    args: list[int]
    seq: int
    ts_ns: int


@dataclass
class Alive:
    """A process."""

    program: bytes
    lwps: dict[int, Call | None] = field(default_factory=dict)


class Story:
    """A trace. Steps that cannot be are none."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.alive: dict[int, Alive] = {}
        self._ts_ns = 10**12
        self._next_lwp = 1000
        self._begin(PIDS[0], PROGRAMS[0])
        self._tell(Kind.EXEC, PIDS[0], PIDS[0])

    def step(self, step: Step) -> None:
        what, who, how, after = step
        self._ts_ns += after
        if not self.alive:
            return
        pid = sorted(self.alive)[who % len(self.alive)]
        process = self.alive[pid]
        lwp = sorted(process.lwps)[how % len(process.lwps)]
        STEPS[what % len(STEPS)](self, pid, lwp, how)

    def batch(self, first: int = 0) -> Batch:
        """Its records, without the first ones."""
        told = self.records[first:]
        made = ffi.new("struct pico_event[]", len(told))
        for record, values in zip(made, told, strict=True):
            for name, value in values.items():
                setattr(record, name, value)
        return Batch(made, len(told))

    def _begin(self, pid: int, program: bytes) -> None:
        self.alive[pid] = Alive(program, {pid: None})

    def _tell(self, kind: Kind, pid: int, lwp: int, **more: Any) -> None:
        common = {"seq": len(self.records) + 1, "ts_ns": self._ts_ns, "sysnum": -1}
        who = {"pid": pid, "lwp": lwp, "program": self.alive[pid].program, "kind": int(kind)}
        self.records.append({**common, **who, **more})

    def enter(self, pid: int, lwp: int, how: int) -> None:
        if self.alive[pid].lwps[lwp] is not None:
            self.leave(pid, lwp, how)
            return
        name = CALLS[how % len(CALLS)]
        args = [how % DESCRIPTORS, 0x7000 + how % 3, how % 5]
        if name == "fcntl":
            args[1] = how % 2  # F_DUPFD, F_GETFD
        call = Call(name, args, len(self.records) + 1, self._ts_ns)
        self.alive[pid].lwps[lwp] = call
        self._tell(Kind.SCE, pid, lwp, **self._words(call))

    def leave(self, pid: int, lwp: int, how: int) -> None:
        call = self.alive[pid].lwps[lwp]
        if call is None:
            return
        self.alive[pid].lwps[lwp] = None
        error = ERRORS[how % len(ERRORS)]
        if call.name == "execve" and not error:
            lwp = self._execute(pid, lwp, how)
        result = {"error": error, "retval": [0 if error else how % DESCRIPTORS, 0]}
        elapsed = self._ts_ns - call.ts_ns
        times = {"enter_seq": call.seq, "elapsed_ns": elapsed}
        self._tell(Kind.SCX, pid, lwp, **self._words(call), **result, **times)

    def _words(self, call: Call) -> dict[str, Any]:
        return {
            "abi": lib.PICO_ABI_LINUX_X86_64,
            "sysnum": NUMBERS[call.name],
            "nargs": len(call.args),
            "args": call.args,
        }

    def _execute(self, pid: int, lwp: int, how: int) -> int:
        """Of several LWPs the one that calls is left, and has the process's id."""
        process = self.alive[pid]
        process.lwps = {pid: None}
        process.program = PROGRAMS[how % len(PROGRAMS)]
        self._tell(Kind.EXEC, pid, pid, other=0 if lwp == pid else lwp)
        return pid

    def fork(self, pid: int, lwp: int, how: int) -> None:
        free = [each for each in PIDS if each not in self.alive]
        if free:
            child = free[how % len(free)]
            kind = (Kind.FORKED, Kind.VFORKED, Kind.SPAWNED)[how % 3]
            self._tell(kind, pid, lwp, other=child)
            self._begin(child, self.alive[pid].program)

    def thread(self, pid: int, lwp: int, how: int) -> None:
        self._next_lwp += 1
        self.alive[pid].lwps[self._next_lwp] = None
        self._tell(Kind.LWP_CREATED, pid, self._next_lwp)

    def thread_end(self, pid: int, lwp: int, how: int) -> None:
        if lwp != pid:
            del self.alive[pid].lwps[lwp]
            self._tell(Kind.LWP_EXITED, pid, lwp)

    def signal(self, pid: int, lwp: int, how: int) -> None:
        kind = Kind.CRASHED if how % 5 == 0 else Kind.STOPPED
        self._tell(kind, pid, lwp, signo=1 + how % 15)

    def exit(self, pid: int, lwp: int, how: int) -> None:
        self._tell(Kind.EXITED, pid, 0, status=how % 3)
        del self.alive[pid]

    def kill(self, pid: int, lwp: int, how: int) -> None:
        flags = lib.PICO_CORE if how % 2 else 0
        self._tell(Kind.SIGNALED, pid, 0, signo=11, flags=flags)
        del self.alive[pid]


STEPS = (
    *(Story.enter,) * 6,
    *(Story.leave,) * 6,
    *(Story.fork,) * 2,
    *(Story.thread, Story.thread_end, Story.signal, Story.exit, Story.kill),
)


def story(steps: list[Step]) -> Story:
    made = Story()
    for step in steps:
        made.step(step)
    return made


def counted(batch: Batch, cut: int = 0) -> Collected:
    """A batch, or the two that it is in when it is cut there."""
    made = Collected()
    for part in (batch,) if not cut else cuts(batch, cut):
        made.add(part)
    made.finish()
    return made


def cuts(batch: Batch, place: int) -> list[Batch]:
    data = bytes(batch.buffer())
    return [batch_of(data[: place * SIZE]), batch_of(data[place * SIZE :])]


def long_story(count: int = 3000, seed: int = 5) -> Story:
    chance = random.Random(seed)  # noqa: S311
    draw = chance.randrange
    steps: list[Step] = [(draw(100), draw(10), draw(1000), draw(40)) for _ in range(count)]
    made = Story()
    for step in steps:
        if len(made.alive) == 1 and step[0] % 19 in (17, 18):  # it would be over
            continue
        made.step(step)
    return made


LONG = long_story()

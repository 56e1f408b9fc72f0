"""A kernel of Linux's kind, in little: what its processes do, and which stops that makes.

Each method is something that an LWP does, or that is done to it; what a record must then say is
kept beside the stops.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pypicotrace.testing import script as s
from pypicotrace.testing.script import Scripted

FORK, CLONE, EXECVE, EXIT, EXIT_GROUP, GETPID = 57, 56, 59, 60, 231, 39
SIGUSR1, SIGKILL = 10, 9
Told = tuple[str, int]


@dataclass
class Lwp:
    """One that is there. ``pending``: it has not come to its first stop."""

    id: int
    pid: int
    call: int | None = None
    pending: bool = False


@dataclass
class World:
    """All processes, what a tracer was told so far, and what it must have recorded of each LWP."""

    stops: list[Scripted] = field(default_factory=list)
    told: dict[tuple[int, int], list[Told]] = field(default_factory=dict)
    lwps: dict[int, Lwp] = field(default_factory=dict)
    last: int = 10

    def begin(self) -> None:
        """The program that is traced has its image."""
        self.lwps[10] = Lwp(10, 10)
        self.stops += [s.exec_(10), s.exit_(10, 0, EXECVE)]
        self.say(10, 10, "Exec")

    def say(self, pid: int, lwp: int, kind: str, what: int = 0) -> None:
        self.told.setdefault((pid, lwp), []).append((kind, what))

    def of(self, pid: int) -> list[Lwp]:
        """The LWPs of a process, its first last: so they end."""
        own = [lwp for lwp in self.lwps.values() if lwp.pid == pid]
        return sorted(own, key=lambda lwp: (lwp.id == pid, lwp.id))

    def idle(self) -> list[int]:
        """LWPs that run, in no call."""
        return [it.id for it in self.lwps.values() if it.call is None and not it.pending]

    def inside(self) -> list[int]:
        return [it.id for it in self.lwps.values() if it.call is not None and not it.pending]

    def pending(self) -> list[int]:
        return [it.id for it in self.lwps.values() if it.pending]

    def enter(self, lwp: int, call: int = GETPID) -> None:
        it = self.lwps[lwp]
        it.call = call
        self.stops.append(s.entry(lwp, call))
        self.say(it.pid, lwp, "SyscallEntry", call)

    def leave(self, lwp: int, result: int = 0) -> None:
        it = self.lwps[lwp]
        assert it.call is not None
        self.stops.append(s.exit_(lwp, result, it.call))
        self.say(it.pid, lwp, "SyscallExit", it.call)
        it.call = None

    def signal(self, lwp: int) -> None:
        self.stops.append(s.signalled(lwp, SIGUSR1))
        self.say(self.lwps[lwp].pid, lwp, "Stopped", SIGUSR1)

    def interrupt(self) -> None:
        """A signal for the tracer, or a tick."""
        self.stops.append(s.interrupted())

    def fork(self, lwp: int, *, child_first: bool) -> None:
        """The child's first stop comes before its parent's event, or later."""
        self.enter(lwp, FORK)
        child = self._new(self.last + 1, FORK)
        self.last += 1
        if child_first:
            self._arrive(child, parent=self.lwps[lwp].pid)
        self.stops.append(s.made(lwp, s.EVENT_FORK, child.id))
        self.say(self.lwps[lwp].pid, lwp, "Forked", child.id)

    def clone(self, lwp: int, *, child_first: bool) -> None:
        """The same of a new LWP of the process."""
        self.enter(lwp, CLONE)
        pid = self.lwps[lwp].pid
        child = self._new(pid, CLONE)
        self.last += 1
        self.say(pid, child.id, "LwpCreated")
        if child_first:
            self._arrive(child, parent=1)
        self.stops.append(s.made(lwp, s.EVENT_CLONE, child.id, owned=True))

    def _new(self, pid: int, call: int) -> Lwp:
        """It begins inside the call that has made it."""
        child = Lwp(self.last + 1, pid, call, pending=True)
        self.lwps[child.id] = child
        return child

    def arrive(self, lwp: int) -> None:
        self._arrive(self.lwps[lwp], parent=1)

    def _arrive(self, it: Lwp, parent: int) -> None:
        it.pending = False
        self.stops.append(s.first_stop(it.id, pid=it.pid, parent=parent))

    def end_lwp(self, lwp: int) -> None:
        """One that is not its process's first ends."""
        self.enter(lwp, EXIT)
        self.stops.append(s.exited(lwp, 0))
        self._end(self.lwps[lwp])

    def _end(self, it: Lwp) -> None:
        if it.id != it.pid:
            self.say(it.pid, it.id, "LwpExited")
        del self.lwps[it.id]

    def exit(self, lwp: int, status: int) -> None:
        self.enter(lwp, EXIT_GROUP)
        pid = self.lwps[lwp].pid
        for it in self.of(pid):
            self.stops.append(s.exited(it.id, status))
            self._end(it)
        self.say(pid, 0, "Exited", status)

    def kill(self, pid: int) -> None:
        """At whatever its LWPs are."""
        for it in self.of(pid):
            self.stops.append(s.killed(it.id, SIGKILL))
            self._end(it)
        self.say(pid, 0, "Signaled", SIGKILL)

    def execute(self, lwp: int) -> None:
        """Of any LWP: it has its process's id then, and all others are gone."""
        self.enter(lwp, EXECVE)
        pid = self.lwps[lwp].pid
        for it in self.of(pid):
            if it.id in (pid, lwp):
                continue
            self.stops.append(s.exited(it.id, 0))
            self._end(it)
        self.stops.append(s.exec_(pid, lwp))
        if lwp != pid:
            del self.lwps[lwp]
        self.say(pid, pid, "Exec", lwp if lwp != pid else 0)
        self.lwps[pid] = Lwp(pid, pid, EXECVE)

    def finish(self) -> None:
        for pid in sorted({it.pid for it in self.lwps.values()}):
            self.kill(pid)

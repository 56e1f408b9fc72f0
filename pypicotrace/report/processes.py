"""The tree of processes over time, and each LWP's time in the kernel. Pure.

An LWP is in the kernel from the entry of a call to its exit: with the time that it sleeps there,
and what tracing adds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pypicotrace.kinds import Kind
from pypicotrace.report import LWPS_MAX, MARKS_MAX, PROCESSES_MAX


@dataclass(slots=True)
class Lwp:
    """An LWP. Times are nanoseconds on the recording's clock, durations nanoseconds."""

    lwp: int
    begin_ns: int
    last_ns: int
    """When it ended, or was heard of last."""
    known_ns: int
    """Up to here it is known whether it was in the kernel."""
    ended: bool = False
    calls: int = 0
    errors: int = 0
    in_ns: int = 0
    ended_in_ns: int = 0
    """How long it was in calls that it never came back from. At the end of the trace it is known
    whether exits were recorded at all; then they are a part of ``in_ns``, or nobody knows."""
    entered: bool = False
    """It is in a call since ``known_ns``."""


@dataclass(slots=True)
class Process:
    """A process, from its first to its last event."""

    pid: int
    parent: int
    """The place of the one that made it in `Processes.all`; -1: none in the trace."""
    program: bytes
    begin_ns: int
    last_ns: int
    ended: bool = False
    status: int | None = None
    """Its exit status."""
    signo: int = 0
    """The signal that has ended it."""
    core: bool = False
    calls: int = 0
    errors: int = 0
    programs: list[tuple[int, bytes]] = field(default_factory=list)
    """What it was called, and since when."""
    marks: list[tuple[int, int, int]] = field(default_factory=list)
    """When, which `Kind`, which signal or LWP."""
    lwps: list[Lwp] = field(default_factory=list)
    living: dict[int, Lwp] = field(default_factory=dict)
    """Those that have not ended, by their ids."""


class Processes:
    """All processes of a trace, in the order in which they came, up to the limits."""

    def __init__(self) -> None:
        self.all: list[Process] = []
        self._living: dict[int, tuple[int, Process]] = {}
        """Those that have not ended, and their places, by their ids."""
        self._lwps = 0
        self._marks = 0
        self._exits = False
        self.more = 0
        """Children that were made when there was no room,"""
        self.more_lwps = 0
        """LWPs,"""
        self.more_marks = 0
        """execs and signals,"""
        self.events_elsewhere = 0
        """and events of processes that are not here."""

    def of(self, pid: int, program: bytes, ts_ns: int) -> Process | None:
        """The process that an event is of; None: there is no room for it."""
        found = self._living.get(pid)
        process = found[1] if found is not None else self._appear(pid, -1, program, ts_ns)
        if process is None:
            self.events_elsewhere += 1
            return None
        process.begin_ns = min(process.begin_ns, ts_ns)
        process.last_ns = max(process.last_ns, ts_ns)
        if process.program != program:
            process.program = program
            if self._room_for_a_mark():
                process.programs.append((ts_ns, program))
        return process

    def child(self, parent: int, child: int, program: bytes, ts_ns: int) -> None:
        """A process has made another."""
        before = self._living.get(child)
        if before is not None:  # its end is not in the trace, and its id was free again
            self._forget(before[1], before[1].last_ns)
        found = self._living.get(parent)
        if self._appear(child, -1 if found is None else found[0], program, ts_ns) is None:
            self.more += 1
            self.more_lwps += 1

    def entry(self, process: Process, lwp: int, ts_ns: int) -> None:
        """A call begins."""
        process.calls += 1
        thread = self._lwp(process, lwp, ts_ns)
        if thread is not None:
            thread.calls += 1
            thread.known_ns = max(thread.known_ns, ts_ns)
            thread.entered = True

    def exit(
        self, process: Process, lwp: int, ts_ns: int, elapsed_ns: int, *, new: bool, error: bool
    ) -> None:
        """A call ends.

        :param elapsed_ns: how long it took, 0: nobody knows.
        :param new: its entry is not in the trace.
        """
        self._exits = True
        process.calls += new
        process.errors += error
        thread = self._lwp(process, lwp, ts_ns - min(elapsed_ns, ts_ns))
        if thread is not None:
            thread.calls += new
            thread.errors += error
            thread.last_ns = max(thread.last_ns, ts_ns)
            if elapsed_ns:
                thread.in_ns += max(ts_ns - max(ts_ns - elapsed_ns, thread.known_ns), 0)
            thread.known_ns = max(thread.known_ns, ts_ns)
            thread.entered = False

    def mark(self, process: Process, kind: int, ts_ns: int, number: int = 0) -> None:
        """Something happens to a process that the time line shows."""
        if self._room_for_a_mark():
            process.marks.append((ts_ns, kind, number))

    def executed(self, process: Process, lwp: int, old_lwp: int, ts_ns: int) -> None:
        """A new image, of one LWP; those that there were besides need not be heard of again.

        :param old_lwp: the id that ``lwp`` had when it called execve, where it was another's then.
        """
        self.mark(process, Kind.EXEC, ts_ns)
        for other in list(process.living):
            if other != lwp:
                self.lwp_ended(process, other, ts_ns)
        thread = self._lwp(process, lwp, ts_ns) if lwp else None
        if thread is not None and old_lwp:
            self._leave(thread, ts_ns)

    def lwp_begun(self, process: Process, lwp: int, ts_ns: int) -> None:
        """An LWP was made, or attached to."""
        if self._lwp(process, lwp, ts_ns) is None:
            self.more_lwps += 1

    def lwp_seen(self, process: Process, lwp: int, ts_ns: int) -> None:
        """Something else was heard of an LWP; 0: of none."""
        if lwp:
            self._lwp(process, lwp, ts_ns)

    def lwp_ended(self, process: Process, lwp: int, ts_ns: int) -> None:
        """An LWP is gone; that may be all that the trace has of it."""
        thread = self._lwp(process, lwp, ts_ns)
        if thread is not None:
            self._leave(thread, ts_ns)
            thread.ended = True
            del process.living[lwp]

    def ended(
        self, process: Process, ts_ns: int, status: int | None, signo: int = 0, core: bool = False
    ) -> None:
        """By exit, by a signal, or by being let go: then both are nothing."""
        process.status, process.signo, process.core = status, signo, core
        process.ended = True
        self._forget(process, ts_ns)

    def finish(self, ts_ns: int) -> None:
        """The trace is over: who was in a call is in it still, where exits would have been seen."""
        for _, process in list(self._living.values()):
            for thread in process.living.values():
                if thread.entered and self._exits:
                    self._leave(thread, ts_ns)
                    process.last_ns = max(process.last_ns, thread.last_ns)
        if self._exits:
            for process in self.all:
                for thread in process.lwps:
                    thread.in_ns += thread.ended_in_ns
                    thread.ended_in_ns = 0

    def _appear(self, pid: int, parent: int, program: bytes, ts_ns: int) -> Process | None:
        if len(self.all) >= PROCESSES_MAX:
            return None
        process = Process(pid, parent, program, ts_ns, ts_ns, programs=[(ts_ns, program)])
        self._living[pid] = len(self.all), process
        self.all.append(process)
        return process

    def _lwp(self, process: Process, lwp: int, ts_ns: int) -> Lwp | None:
        thread = process.living.get(lwp)
        if thread is None:
            if self._lwps >= LWPS_MAX:
                return None
            self._lwps += 1
            thread = process.living[lwp] = Lwp(lwp, ts_ns, ts_ns, ts_ns)
            process.lwps.append(thread)
            process.begin_ns = min(process.begin_ns, ts_ns)
        thread.last_ns = max(thread.last_ns, ts_ns)
        return thread

    def _leave(self, thread: Lwp, ts_ns: int) -> None:
        """A call that it is in is over, by its end."""
        if thread.entered:
            thread.ended_in_ns += max(ts_ns - thread.known_ns, 0)
        thread.entered = False
        thread.last_ns = max(thread.last_ns, ts_ns)
        thread.known_ns = max(thread.known_ns, ts_ns)

    def _forget(self, process: Process, ts_ns: int) -> None:
        for lwp in list(process.living):
            self.lwp_ended(process, lwp, ts_ns)
        process.last_ns = max(process.last_ns, ts_ns)
        del self._living[process.pid]

    def _room_for_a_mark(self) -> bool:
        if self._marks >= MARKS_MAX:
            self.more_marks += 1
            return False
        self._marks += 1
        return True

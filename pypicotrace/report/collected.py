"""All that is counted of a recording: events go in, batch after batch. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pypicotrace._ffi import lib
from pypicotrace.batch import Batch
from pypicotrace.kinds import Kind
from pypicotrace.layout import PLACES
from pypicotrace.records import Values
from pypicotrace.report.activity import Activity
from pypicotrace.report.counts import Counts
from pypicotrace.report.descriptors import Descriptors
from pypicotrace.report.failures import Failures
from pypicotrace.report.meaning import failed
from pypicotrace.report.processes import Process, Processes

SEQ, ENTER_SEQ, TS, ELAPSED = (PLACES[name] for name in ("seq", "enter_seq", "ts_ns", "elapsed_ns"))
PID, LWP, PROGRAM, KIND = (PLACES[name] for name in ("pid", "lwp", "program", "kind"))
ERROR, OTHER, STATUS, SIGNO = (PLACES[name] for name in ("error", "other", "status", "signo"))
FLAGS = PLACES["flags"]


class Collected:
    """What is known of a trace so far."""

    def __init__(self) -> None:
        self.events = 0
        self.first_seq = 0
        self.begin_ns = 0
        self.end_ns = 0
        self.activity = Activity()
        self.counts = Counts()
        self.descriptors = Descriptors()
        self.failures = Failures()
        self.processes = Processes()

    def add(self, batch: Batch) -> None:
        """Count these."""
        for row in batch.tuples():
            kind, ts = row[KIND], row[TS]
            if not self.events:
                self.first_seq = row[SEQ]
                self.begin_ns = self.end_ns = ts
            self.events += 1
            self.end_ns = max(self.end_ns, ts)
            self.begin_ns = min(self.begin_ns, ts)
            process = self.processes.of(row[PID], row[PROGRAM], ts)
            if kind == Kind.SCE:
                self._entry(row, process)
            elif kind == Kind.SCX:
                self._exit(row, process)
            else:
                OTHERS[kind](self, row, process)

    def finish(self) -> None:
        """No more come."""
        self.processes.finish(self.end_ns)
        begins = [process.begin_ns for process in self.processes.all]
        self.begin_ns = min([self.begin_ns, *begins])

    def _entry(self, row: Values, process: Process | None) -> None:
        self.activity.add(row[TS], call=True, error=False)
        self.counts.entry(row)
        if process is not None:
            self.processes.entry(process, row[LWP], row[TS])

    def _exit(self, row: Values, process: Process | None) -> None:
        ts, error, elapsed = row[TS], failed(row[ERROR]), row[ELAPSED]
        # Also where its entry was before the first event that was kept.
        new = row[ENTER_SEQ] < self.first_seq
        self.activity.add(ts, call=new, error=error)
        self.counts.exit(row, elapsed, new=new, error=error)
        if error:
            self.failures.add(row)
        elif not row[ERROR]:
            self.descriptors.add(row)
        if process is not None:
            self.processes.exit(process, row[LWP], ts, elapsed, new=new, error=error)

    def _child(self, row: Values, process: Process | None) -> None:
        self.descriptors.child(row[PID], row[OTHER])
        self.processes.child(row[PID], row[OTHER], row[PROGRAM], row[TS])
        if process is not None:
            self.processes.lwp_seen(process, row[LWP], row[TS])

    def _exec(self, row: Values, process: Process | None) -> None:
        if process is not None:
            self.processes.executed(process, row[LWP], row[OTHER], row[TS])

    def _lwp_begun(self, row: Values, process: Process | None) -> None:
        if process is None:
            self.processes.more_lwps += 1
        else:
            self.processes.lwp_begun(process, row[LWP], row[TS])

    def _lwp_exited(self, row: Values, process: Process | None) -> None:
        if process is not None:
            self.processes.lwp_ended(process, row[LWP], row[TS])

    def _signal(self, row: Values, process: Process | None) -> None:
        if process is not None:
            self.processes.lwp_seen(process, row[LWP], row[TS])
            self.processes.mark(process, row[KIND], row[TS], row[SIGNO])

    def _seen(self, row: Values, process: Process | None) -> None:
        if process is not None:
            self.processes.lwp_seen(process, row[LWP], row[TS])

    def _exited(self, row: Values, process: Process | None) -> None:
        self.descriptors.ended(row[PID])
        if process is not None:
            self.processes.ended(process, row[TS], row[STATUS])

    def _signaled(self, row: Values, process: Process | None) -> None:
        self.descriptors.ended(row[PID])
        if process is not None:
            core = bool(row[FLAGS] & lib.PICO_CORE)
            self.processes.ended(process, row[TS], None, row[SIGNO], core)

    def _detached(self, row: Values, process: Process | None) -> None:
        self.descriptors.ended(row[PID])
        if process is not None:
            self.processes.ended(process, row[TS], None)


OTHERS: dict[int, Callable[[Collected, Values, Process | None], Any]] = {
    Kind.EXEC: Collected._exec,
    **dict.fromkeys((Kind.FORKED, Kind.VFORKED, Kind.SPAWNED), Collected._child),
    **dict.fromkeys((Kind.LWP_CREATED, Kind.ATTACHED), Collected._lwp_begun),
    Kind.LWP_EXITED: Collected._lwp_exited,
    **dict.fromkeys((Kind.STOPPED, Kind.CRASHED), Collected._signal),
    **dict.fromkeys((Kind.VFORK_DONE, Kind.CONTINUED), Collected._seen),
    **dict.fromkeys((Kind.SINGLESTEP, Kind.BREAKPOINT, Kind.DBREG), Collected._seen),
    Kind.EXITED: Collected._exited,
    Kind.SIGNALED: Collected._signaled,
    Kind.DETACHED: Collected._detached,
}

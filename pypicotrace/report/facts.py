"""What was counted, as the page is given it: plain lists and numbers for JSON. Pure.

Times are nanoseconds from the begin of the trace, durations nanoseconds. The page's scripts know a
row's values by their places; beside each list here they are named.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pypicotrace import syscalls
from pypicotrace.calls import ABI_NAMES
from pypicotrace.formats.header import Header
from pypicotrace.formats.values import program_of
from pypicotrace.kinds import Kind
from pypicotrace.report import CALLS_MAX, KEYS_MAX, SHOWN_MAX
from pypicotrace.report.collected import Collected
from pypicotrace.report.counts import Count
from pypicotrace.report.descriptors import Descriptor, Moved
from pypicotrace.report.durations import bars
from pypicotrace.report.failures import Failure, Times
from pypicotrace.report.meaning import name_of_call, shown
from pypicotrace.report.processes import Lwp, Process
from pypicotrace.report.rows import Rows

Facts = dict[str, Any]
UNKNOWN, WELL, BADLY, LET_GO = range(4)
"""How a process has ended."""


class Made:
    """Makes the facts of what was collected."""

    def __init__(self, header: Header, collected: Collected) -> None:
        system = header.os if header.os in syscalls.SYSTEMS else "linux"
        self._errors, self._signals = syscalls.errors(system), syscalls.signals(system)
        self._collected = collected
        self._begin = collected.begin_ns

    def facts(self) -> Facts:
        """All of them."""
        it = self._collected
        begun = it.activity.begin or self._begin
        return {
            "duration": it.end_ns - self._begin,
            "activity": {
                "begin": max(begun - self._begin, 0),
                "width": it.activity.width,
                "calls": it.activity.calls,
                "errors": it.activity.errors,
            },
            "processes": [self._process(process) for process in it.processes.all],
            "calls": self._calls(),
            "allBars": self._all_bars(),
            "errors": [
                self._failure(*row) for row in it.failures.by_call.first(SHOWN_MAX, count_of)
            ],
            "paths": [
                self._failure(*row) for row in it.failures.by_path.first(SHOWN_MAX, count_of)
            ],
            "descriptors": [
                self._descriptor(*row) for row in it.descriptors.rows.first(SHOWN_MAX, bytes_of)
            ],
            "left": left_out(it),
        }

    def _since(self, ts_ns: int) -> int:
        return ts_ns - self._begin

    def _process(self, process: Process) -> list[Any]:
        """Pid, parent, begin, end, its end and its way, calls, errors, names, marks, LWPs."""
        how, way = self._end(process)
        return [
            process.pid,
            process.parent,
            self._since(process.begin_ns),
            self._since(process.last_ns),
            how,
            way,
            process.calls,
            process.errors,
            [[self._since(ts), name_of(program)] for ts, program in process.programs],
            [[self._since(ts), *self._mark(kind, number)] for ts, kind, number in process.marks],
            [self._lwp(lwp) for lwp in process.lwps],
        ]

    def _end(self, process: Process) -> tuple[str, int]:
        if not process.ended:
            return "", UNKNOWN
        if process.signo:
            return self._signal(process.signo) + " (core)" * process.core, BADLY
        if process.status is None:
            return "let go", LET_GO
        return f"status {process.status}", BADLY if process.status else WELL

    def _mark(self, kind: int, number: int) -> tuple[str, str]:
        """Its class, and what it says."""
        if kind == Kind.EXEC:
            return "exec", "exec"
        return ("crash" if kind == Kind.CRASHED else "signal"), self._signal(number)

    def _signal(self, signo: int) -> str:
        return self._signals.get(signo, f"signal {signo}")

    def _lwp(self, lwp: Lwp) -> list[Any]:
        """Id, begin, end, in the kernel, calls, errors."""
        begin, end = self._since(lwp.begin_ns), self._since(lwp.last_ns)
        return [lwp.lwp, begin, end, lwp.in_ns, lwp.calls, lwp.errors]

    def _calls(self) -> list[list[Any]]:
        """Name, ABI, count, exits, errors, those timed, total, median, 99 %, longest, histogram."""
        rows = self._collected.counts.rows.first(CALLS_MAX, lambda count: count.durations.total)
        return [call(abi, sysnum, count) for (abi, sysnum), count in rows]

    def _all_bars(self) -> list[tuple[int, int, int]]:
        together: dict[int, int] = {}
        for _, count in self._collected.counts.rows.first(CALLS_MAX, lambda _: 0):
            for bucket, times in count.durations.buckets.items():
                together[bucket] = together.get(bucket, 0) + times
        return bars(together)

    def _failure(self, failure: Failure, times: Times) -> list[Any]:
        """Program, call, error, count, first, last, address of the path."""
        return [
            name_of(failure.program),
            name_of_call(failure.abi, failure.sysnum),
            self._errors.get(failure.error, f"error {failure.error}"),
            times.count,
            self._since(times.first_ns),
            self._since(times.last_ns),
            "" if failure.address is None else hex(failure.address),
        ]

    def _descriptor(self, descriptor: Descriptor, moved: Moved) -> list[Any]:
        """Program, number, call that made it, by whom, event, when, reads, bytes, writes, bytes."""
        made = descriptor.origin
        return [
            name_of(descriptor.program),
            descriptor.number,
            made.call if made else "",
            name_of(made.program) if made else "",
            made.seq if made else 0,
            self._since(made.ts_ns) if made else 0,
            *(moved.reads, moved.bytes_read, moved.writes, moved.bytes_written),
        ]


def name_of(program: bytes) -> str:
    return shown(program_of(program))


def count_of(times: Times) -> int:
    return times.count


def bytes_of(moved: Moved) -> int:
    return moved.bytes_read + moved.bytes_written


def call(abi: int, sysnum: int, count: Count) -> list[Any]:
    took = count.durations
    return [
        name_of_call(abi, sysnum),
        ABI_NAMES.get(abi, "unknown"),
        *(count.count, count.returned, count.errors),
        *(took.count, took.total, took.quantile(0.5), took.quantile(0.99), took.most),
        bars(took.buckets),
    ]


def left_out(it: Collected) -> dict[str, list[str]]:
    """What is not in the page, in words, by section."""
    processes = it.processes
    untimed = sum(row.returned - row.durations.count for _, row in rows_of(it.counts.rows))
    said = {
        "time": [
            *said_if(processes.more, "more processes, made after these."),
            *said_if(processes.events_elsewhere, "events of theirs; the other sections have them."),
            *said_if(processes.more_marks, "more execs, signals and names of programs."),
        ],
        "calls": [
            *said_if(it.counts.rows.refused, f"events of calls beyond these {CALLS_MAX:,}."),
            *said_if(untimed, "exits of which nobody knows how long the call took."),
        ],
        "lwps": said_if(processes.more_lwps, "more LWPs."),
        "errors": unshown(it.failures.by_call, count_of, "failures"),
        "paths": unshown(it.failures.by_path, count_of, "failures"),
        "descriptors": unshown(it.descriptors.rows, bytes_of, "bytes"),
    }
    return {section: lines for section, lines in said.items() if lines}


def rows_of(rows: Rows[Any, Any]) -> Iterable[tuple[Any, Any]]:
    return rows.first(len(rows), lambda _: 0)


def said_if(count: int, what: str) -> list[str]:
    return [f"Not shown: {count:,} {what}"] if count else []


def unshown(rows: Rows[Any, Any], amount: Any, unit: str) -> list[str]:
    """What of a table is not in the page."""
    rest = rows.first(len(rows), amount)[SHOWN_MAX:]
    total = sum(amount(row) for _, row in rest)
    return [
        *said_if(len(rest), f"more rows, with {total:,} {unit}."),
        *said_if(rows.refused, f"calls that would have a row beyond the first {KEYS_MAX:,}."),
    ]

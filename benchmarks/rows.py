"""The rows that compare two tools: what is hoped for, and what came of it."""

from __future__ import annotations

from typing import NamedTuple

import peers as p
import work as w
from timing import Clock, Measure, ratio


class Row(NamedTuple):
    """The cost of one over that of another: at most ``target``, or at least where ``faster``."""

    name: str
    above: Measure
    below: Measure
    target: float | None
    faster: bool = False


def faster(
    name: str, peer: str, ours: str, work: str, target: float, *, clock: Clock = Clock.PROCESSOR
) -> Row:
    """How many times as long as ours a peer takes."""
    return Row(name, Measure(peer, work, clock), Measure(ours, work, clock), target, faster=True)


def costs(name: str, ours: str, base: str, work: str, target: float | None) -> Row:
    """How many times as long as something simpler ours takes."""
    return Row(name, Measure(ours, work), Measure(base, work), target)


def many(n: int, how: str) -> Row:
    """What a call takes where so many make calls, over what it takes where one does."""
    above, below = w.at_once(n, how), w.at_once(1, how)
    target = 1.3 if n == w.MANY[-1] else None
    return Row(f"{above}, over one", Measure(p.TEXT, above), Measure(p.TEXT, below), target)


def many_against_strace(n: int, how: str) -> Row:
    """How many times as long strace takes."""
    work = w.at_once(n, how)
    target = 2.5 if n == w.MANY[-1] else None
    above, below = Measure(p.STRACE, work), Measure(p.TEXT, work)
    return Row(f"{work}, against strace", above, below, target, faster=True)


ROWS = [
    costs("strace, over the floor", p.STRACE, p.FLOOR, w.DENSE, None),
    costs("text, over the floor", p.TEXT, p.FLOOR, w.DENSE, 1.15),
    costs("a floor that asks, over the floor", p.ASKING, p.FLOOR, w.DENSE, None),
    faster("text, against strace", p.STRACE, p.TEXT, w.DENSE, 1.25),
    faster("as it is, against strace", p.STRACE, p.DEFAULT, w.DENSE, 5, clock=Clock.FREE),
    faster("python-ptrace, dense calls", p.PYTHON_PTRACE, p.TEXT, w.DENSE, 2.5),
    faster("python-ptrace, tar", p.PYTHON_PTRACE, p.TEXT, w.TAR, 4),
    faster("python-ptrace, fork and exec", p.PYTHON_PTRACE, p.TEXT, w.FORKS, 50, clock=Clock.WALL),
    faster("libdebug, dense calls", p.LIBDEBUG, p.TEXT, w.DENSE, 3),
    costs("perf trace (not ptrace), over text", p.PERF, p.TEXT, w.DENSE, None),
    costs("filter, calls of no interest, over untraced", p.FILTER, p.UNTRACED, w.SPARSE, 1.05),
    costs("filter, python import, over untraced", p.FILTER, p.UNTRACED, w.PYTHON, 1.15),
    costs("filter, gcc -c, over untraced", p.FILTER, p.UNTRACED, w.COMPILE, 1.25),
    costs("filter, tar, over untraced", p.FILTER, p.UNTRACED, w.TAR, 1.45),
    *(
        costs(f"filter, {work}, the floor over untraced", p.FLOOR_FILTER, p.UNTRACED, work, None)
        for work in (w.PYTHON, w.COMPILE, w.TAR)
    ),
    faster("filter, tar, against strace's", p.STRACE_FILTER, p.FILTER, w.TAR, 1.0),
    faster("filter, posix_spawn, against strace's", p.STRACE_FILTER, p.FILTER, w.SPAWNS, 3),
    faster("entries only, against both stops", p.TEXT, p.ENTRIES, w.DENSE, 1.7),
    *(many(n, how) for how in w.KINDS for n in w.MANY[1:]),
    *(many_against_strace(n, how) for how in w.KINDS for n in w.MANY),
    costs("truss, dense calls, over strace", p.TRUSS, p.STRACE, w.DENSE, 2.5),
    costs("truss, tar, over strace", p.TRUSS, p.STRACE, w.TAR, 2.5),
    costs("truss -c, over strace -c", p.TRUSS_COUNTS, p.STRACE_COUNTS, w.DENSE, 1.1),
    costs("truss --live, over truss -c", p.TRUSS_LIVE, p.TRUSS_COUNTS, w.DENSE, 1.05),
    costs(
        "sigtracer, calls of no interest, over untraced", p.SIGTRACER, p.UNTRACED, w.SPARSE, 1.02
    ),
    costs("stream of batches, over text", p.STREAM, p.TEXT, w.DENSE, 1.05),
    costs("ndjson, over text", p.NDJSON, p.TEXT, w.DENSE, 1.5),
    costs("ndjson, tar, over text", p.NDJSON, p.TEXT, w.TAR, 1.5),
    costs("stop per event, over text", p.STOP, p.TEXT, w.DENSE, 1.25),
]


class Result(NamedTuple):
    """A line of the table."""

    row: str
    measured: str
    detail: str
    target: str
    verdict: str


def judge(row: Row, measured: dict[Measure, list[float]]) -> Result:
    """A row, with what was measured."""
    got = ratio(measured[row.above], measured[row.below])
    detail = f"{got.least:.2f} to {got.most:.2f}, minima {got.of_minima:.2f}"
    if row.target is None:
        return Result(row.name, f"{got.median:.2f}", detail, "", "")
    reached = got.median >= row.target if row.faster else got.median <= row.target
    target = f"{'>=' if row.faster else '<='} {row.target:g}"
    verdict = "reached" if reached else "MISSED"
    return Result(row.name, f"{got.median:.3f}", detail, target, verdict)

"""Measuring: the same program under several tools in turn, so that all meet what else runs."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from work import Work


class Clock(Enum):
    """What is measured of a command, with all that it has started."""

    PROCESSOR = "processor time"
    """Bound to one processor: what passes there for it, whoever else is busy on the machine."""
    WALL = "time"
    """Bound to one processor: also what is slept away."""
    FREE = "time, unbound"


class Measure(NamedTuple):
    """A tool, what it traces, and what is measured of both together."""

    tool: str
    work: str
    clock: Clock = Clock.PROCESSOR


def processor_seconds() -> float:
    """What all commands so far have used."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def seconds(command: Sequence[str], cpu: int, clock: Clock = Clock.PROCESSOR) -> float:
    """How long a command takes."""
    start = time.perf_counter(), processor_seconds()
    subprocess.run(
        command,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=None if clock is Clock.FREE else lambda: os.sched_setaffinity(0, {cpu}),
    )
    if clock is Clock.PROCESSOR:
        return processor_seconds() - start[1]
    return time.perf_counter() - start[0]


def rounds(
    measures: Iterable[Measure],
    tools: dict[str, list[str]],
    works: dict[str, Work],
    runs: int,
    cpu: int,
) -> dict[Measure, list[float]]:
    """Microseconds for a unit of work, by measure, of each round: A B C A B C ...

    The time with nothing to do is taken off.

    :raises SystemExit: that leaves nothing: there was too little to do.
    """
    unique = list(dict.fromkeys(measures))
    costs: dict[Measure, list[float]] = {measure: [] for measure in unique}
    for _ in range(runs):
        for measure in unique:
            tool, work = tools[measure.tool], works[measure.work]
            much = seconds([*tool, *work.much], cpu, measure.clock)
            nothing = seconds([*tool, *work.nothing], cpu, measure.clock)
            if much <= nothing:
                sys.exit(f"benchmarks: {measure.tool}, {measure.work}: give more --calls")
            costs[measure].append((much - nothing) / work.units * 1e6)
    return costs


class Ratio(NamedTuple):
    """Of two costs: the median of the rounds, its range, and of the least that each has cost."""

    median: float
    least: float
    most: float
    of_minima: float


def ratio(above: Sequence[float], below: Sequence[float]) -> Ratio:
    """The one over the other, round by round."""
    each = [a / b for a, b in zip(above, below, strict=True)]
    return Ratio(statistics.median(each), min(each), max(each), min(above) / min(below))

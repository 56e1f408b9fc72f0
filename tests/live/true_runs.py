"""Programs that tell the truth (tracees/truth.h), and both ways to trace them to their end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cli_support import picotrace
from rows import Row, from_events, from_text
from runs import Trace
from truth import Truth, read_truth
from truthful import check_truth

import pypicotrace as pt

STATUS = 11
"""What those programs end with, where nothing else is meant by it."""


@dataclass(frozen=True)
class Told:
    """What the tracer and the tracees have said. ``status`` is negative where a signal ended it."""

    rows: list[Row]
    truth: Truth
    status: int

    def of(self, word: str) -> list[Row]:
        return [row for row in self.rows if row.word == word]


class Tell(Protocol):
    def __call__(
        self,
        program: str,
        *words: str,
        body: Callable[[Any], object] | None = ...,
        killed: Mapping[int, int] | None = ...,
        sent: Collection[int] = ...,
        **how: Any,
    ) -> Told: ...


def by_events(trace: Trace, argv: list[str], file: Path, **how: Any) -> tuple[list[Row], int]:
    """The API: every event stops its LWP."""
    run = trace([argv[0], str(file), *argv[1:]], **how)
    status = run.status
    assert status is not None
    number = status.status if isinstance(status, pt.Exited) else -status.signo
    return list(from_events(run.events)), number


def by_command(argv: list[str], file: Path) -> tuple[list[Row], int]:
    """The command, whose text is read."""
    trace = file.with_suffix(".trace")
    run = picotrace("-f", "-o", str(trace), argv[0], str(file), *argv[1:])
    assert (run.out, run.err) == (b"", b""), run
    with open(trace, encoding="ascii") as text:
        return list(from_text(text)), run.status


def hold(rows: list[Row], file: Path, status: int, **how: Any) -> Told:
    truth = read_truth(file)
    check_truth(rows, truth, **how)
    return Told(rows, truth, status)

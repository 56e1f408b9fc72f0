"""Which calls have failed, by what, and for which path. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pypicotrace.layout import PLACES
from pypicotrace.records import Values
from pypicotrace.report import KEYS_MAX
from pypicotrace.report.meaning import path_of_call
from pypicotrace.report.rows import Rows

TS, PROGRAM, ABI, NARGS = (PLACES[name] for name in ("ts_ns", "program", "abi", "nargs"))
SYSNUM, ERROR, ARGS = (PLACES[name] for name in ("sysnum", "error", "args"))


class Failure(NamedTuple):
    """What failures have in common."""

    program: bytes
    abi: int
    sysnum: int
    error: int
    address: int | None = None
    """Where in the process's memory the path is that the call was given."""


@dataclass(slots=True)
class Times:
    """How often, and when first and last."""

    count: int = 0
    first_ns: int = 0
    last_ns: int = 0

    def add(self, ts_ns: int) -> None:
        if not self.count:
            self.first_ns = ts_ns
        self.count += 1
        self.last_ns = ts_ns


class Failures:
    """Calls that have failed, counted."""

    def __init__(self) -> None:
        self.by_call: Rows[Failure, Times] = Rows(KEYS_MAX, Times)
        self.by_path: Rows[Failure, Times] = Rows(KEYS_MAX, Times)
        """Of calls that take a path. Names are not in a recording, addresses are."""

    def add(self, row: Values) -> None:
        """Count an SCX that has failed."""
        failure = Failure(row[PROGRAM], row[ABI], row[SYSNUM], row[ERROR])
        times = self.by_call.at(failure)
        if times is not None:
            times.add(row[TS])
        place = path_of_call(row[ABI], row[SYSNUM])
        if place is not None and place < row[NARGS]:
            times = self.by_path.at(failure._replace(address=row[ARGS + place]))
            if times is not None:
                times.add(row[TS])

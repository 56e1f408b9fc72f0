"""Who reads and writes what: bytes by descriptor, and which call has made it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pypicotrace.layout import PLACES
from pypicotrace.records import Values
from pypicotrace.report import KEYS_MAX, PROCESSES_MAX
from pypicotrace.report.meaning import (
    MAKERS,
    READS,
    WRITES,
    copies_descriptor,
    name_of_call,
    stem_of_call,
)
from pypicotrace.report.rows import Rows

SEQ, TS, PID, PROGRAM = (PLACES[name] for name in ("seq", "ts_ns", "pid", "program"))
ABI, SYSNUM, ARGS, RETVAL = (PLACES[name] for name in ("abi", "sysnum", "args", "retval"))
OTHER, NARGS = PLACES["other"], PLACES["nargs"]
OPEN_MAX = 4096
"""Descriptors of a process that are known at a time."""
DESCRIPTOR_BITS = 0xFFFFFFFF
"""It is an int: the upper half of its register is nobody's."""


class Origin(NamedTuple):
    """The call that has made a descriptor."""

    call: str
    program: bytes
    seq: int
    ts_ns: int


class Descriptor(NamedTuple):
    """A descriptor as a program uses it. ``origin`` is None where nobody saw it being made."""

    program: bytes
    number: int
    origin: Origin | None


@dataclass(slots=True)
class Moved:
    """How many calls, and bytes."""

    reads: int = 0
    bytes_read: int = 0
    writes: int = 0
    bytes_written: int = 0


class Descriptors:
    """Bytes by descriptor.

    A descriptor is what the last call has made that returned its number, in the process or in one
    that it descends from.
    """

    def __init__(self) -> None:
        self.rows: Rows[Descriptor, Moved] = Rows(KEYS_MAX, Moved)
        self._tables: dict[int, dict[int, Origin]] = {}

    def child(self, parent: int, child: int) -> None:
        """A process has made another, which has its descriptors."""
        table = self._tables.get(parent)
        self._tables.pop(child, None)
        if table and len(self._tables) < PROCESSES_MAX:
            self._tables[child] = dict(table)

    def ended(self, pid: int) -> None:
        self._tables.pop(pid, None)

    def add(self, row: Values) -> None:
        """Take an SCX that has not failed."""
        abi, sysnum = row[ABI], row[SYSNUM]
        what = stem_of_call(abi, sysnum)
        if what in READS:
            moved = self._at(row)
            if moved is not None:
                moved.reads += 1
                moved.bytes_read += row[RETVAL]
        elif what in WRITES:
            moved = self._at(row)
            if moved is not None:
                moved.writes += 1
                moved.bytes_written += row[RETVAL]
        elif what in MAKERS:
            made = Origin(name_of_call(abi, sysnum), row[PROGRAM], row[SEQ], row[TS])
            self._made(row, made)
        elif what == "close":
            self._tables.get(row[PID], {}).pop(row[ARGS] & DESCRIPTOR_BITS, None)
        elif row[NARGS] and copies_descriptor(abi, sysnum, row[ARGS + 1]):
            self._made(row, self._origin(row))

    def _at(self, row: Values) -> Moved | None:
        number = row[ARGS] & DESCRIPTOR_BITS
        return self.rows.at(Descriptor(row[PROGRAM], number, self._origin(row)))

    def _origin(self, row: Values) -> Origin | None:
        table = self._tables.get(row[PID])
        return table.get(row[ARGS] & DESCRIPTOR_BITS) if table else None

    def _made(self, row: Values, origin: Origin | None) -> None:
        table = self._tables.get(row[PID])
        number = row[RETVAL] & DESCRIPTOR_BITS
        if origin is None:
            if table:
                table.pop(number, None)
            return
        if table is None:
            if len(self._tables) >= PROCESSES_MAX:
                return
            table = self._tables[row[PID]] = {}
        if number in table or len(table) < OPEN_MAX:
            table[number] = origin

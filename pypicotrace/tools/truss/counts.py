"""How often which calls are made, how long they take, and how many fail: ``-c``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from pypicotrace import EXIT, Batch, SyscallExit
from pypicotrace.tools.decode.text import one_line

Key = tuple[Any, ...]

ENDS = frozenset(kind for kind in range(EXIT.bit_length()) if EXIT >> kind & 1)
"""The kinds of record that say so."""

FINE = 5
"""Bits of a time that count: it is known to a 32nd of itself."""


def bucket(ns: int) -> int:
    """Which bucket of a histogram a time belongs to."""
    coarse = max(ns.bit_length() - FINE - 1, 0)
    return (coarse << FINE) + (ns >> coarse)


def middle(place: int) -> int:
    """The time in the middle of a bucket, in nanoseconds."""
    coarse = max((place >> FINE) - 1, 0)
    low = place - (coarse << FINE)
    return (low << coarse) + (1 << coarse >> 1)


class Row:
    """What is known of one call: how many of them, of these how many failed, and their times."""

    __slots__ = ("buckets", "calls", "errors", "ns")

    def __init__(self) -> None:
        self.calls = self.errors = self.ns = 0
        self.buckets: dict[int, int] = {}

    def quantile(self, share: float) -> int:
        """The time in nanoseconds that this share of the calls did not exceed."""
        wanted = max(1, -int(-share * self.calls // 1))
        seen = 0
        for place in sorted(self.buckets):
            seen += self.buckets[place]
            if seen >= wanted:
                return middle(place)
        return 0


class Now(NamedTuple):
    """What is known of a call so far, and whose it is."""

    owner: Key
    name: str
    calls: int
    errors: int
    ns: int


class Line(NamedTuple):
    """A row as it is shown; times in seconds."""

    share: float
    seconds: float
    mean: float
    p50: float
    p99: float
    calls: int
    errors: int
    name: str


OWNERS: dict[str, tuple[str, ...]] = {"total": (), "process": ("pid",), "lwp": ("pid", "lwp")}
"""For whom calls are counted, and the columns of a record that say whose a call is."""
ORDERS: dict[str, Callable[[Line], Any]] = {
    "time": lambda line: -line.seconds,
    "calls": lambda line: -line.calls,
    "errors": lambda line: -line.errors,
    "mean": lambda line: -line.mean,
    "p50": lambda line: -line.p50,
    "p99": lambda line: -line.p99,
    "name": lambda line: line.name,
}


class Counts:
    """Rows of all calls, for all processes together, for each process, or for each LWP."""

    def __init__(self, by: str = "total") -> None:
        """``by`` is one of `OWNERS`."""
        self.owner = OWNERS[by]
        self._rows: dict[Key, Row] = {}
        """By a call and its owner; of a process that has ended, where its id has come again, the
        owner's last word is which one it was."""
        self._names: dict[Key, str] = {}
        self._programs: dict[Key, bytes] = {}
        """What a process was last, by its id, or that and which one it was."""
        self._keys: dict[int, list[Key]] = {}
        """Of rows, by process,"""
        self._ended: set[int] = set()
        """and those that have ended: who has that id next is another."""
        self._again = 0

    def add_batch(self, batch: Batch) -> None:
        """The exits of calls in a batch, which has nothing else but ends of processes.

        These alone where calls are counted for each.
        """
        names = ("abi", "sysnum", *self.owner, "elapsed_ns", "error")
        columns = [getattr(batch, name) for name in names]
        if not self.owner:
            self._add_part(batch, columns, 0)
            return
        begin = 0
        for end in _ends(batch.kind):
            self._add_part_by_process(batch, columns, begin, end)
            self.ended(batch.pid[end])
            begin = end + 1
        self._add_part_by_process(batch, columns, begin, len(batch))

    def _add_part_by_process(
        self, batch: Batch, columns: Sequence[Sequence[int]], begin: int, end: int
    ) -> None:
        last = dict(zip(batch.pid[begin:end], range(begin, end), strict=True))
        self._renew(last.keys() & self._ended)
        self._add_part(batch, [column[begin:end] for column in columns], begin)
        for pid, place in last.items():
            self._programs[pid,] = batch[place].program

    def _add_part(self, batch: Batch, columns: Sequence[Sequence[int]], begin: int) -> None:
        *whose, times, errors = columns
        rows = self._rows
        # zip makes the key of a record's columns, and the loop's body does as little as it can.
        keys = zip(*whose, strict=True)
        for place, (key, ns, error) in enumerate(zip(keys, times, errors, strict=True), begin):
            row = rows.get(key)
            if row is None:
                row = self._named(key, batch[place])
            row.calls += 1
            row.ns += ns
            if error > 0:
                row.errors += 1
            coarse = ns.bit_length() - FINE - 1
            at = (coarse << FINE) + (ns >> coarse) if coarse > 0 else ns
            row.buckets[at] = row.buckets.get(at, 0) + 1

    def add(self, event: SyscallExit) -> None:
        """One exit of a call."""
        if self.owner:
            self._renew({event.pid} & self._ended)
            self._programs[event.pid,] = event.program
        key = (event.abi, event.sysnum, *(getattr(event, name) for name in self.owner))
        row = self._rows.get(key) or self._named(key, event)
        row.calls += 1
        row.ns += event.elapsed_ns
        row.errors += event.error > 0
        at = bucket(event.elapsed_ns)
        row.buckets[at] = row.buckets.get(at, 0) + 1

    def ended(self, pid: int) -> None:
        """A process has ended."""
        if pid in self._keys:
            self._ended.add(pid)

    def _renew(self, pids: Iterable[int]) -> None:
        """These ids have come again: what was counted before is others'."""
        for pid in pids:
            self._again += 1
            self._programs[pid, self._again] = self._programs.pop((pid,))
            for key in self._keys.pop(pid):
                self._rows[(*key, self._again)] = self._rows.pop(key)
            self._ended.remove(pid)

    def _named(self, key: Key, event: Any) -> Row:
        self._names[key[:2]] = event.name
        if self.owner:
            self._keys.setdefault(event.pid, []).append(key)
        row = self._rows[key] = Row()
        return row

    def now(self) -> dict[Row, Now]:
        """All rows as they are now."""
        return {
            row: Now(self._shown(key[2:]), self._names[key[:2]], row.calls, row.errors, row.ns)
            for key, row in self._rows.items()
        }

    def lines(self, order: str = "time") -> list[tuple[Key, list[Line]]]:
        """For each owner the lines in that order, one of `ORDERS`, the first being the greatest.

        Of those that have had one id, who had it first comes first.
        """
        owners: dict[Key, list[tuple[str, Row]]] = {}
        for key, row in self._rows.items():
            owners.setdefault(key[2:], []).append((self._names[key[:2]], row))
        found = []
        for owner in sorted(owners, key=self._age):
            rows = owners[owner]
            whole = sum(row.ns for _, row in rows)
            made = [_line(name, row, whole) for name, row in rows]
            found.append((owner, sorted(sorted(made, key=_name), key=ORDERS[order])))
        return found

    def _shown(self, owner: Key) -> Key:
        """As it is called, which several may be."""
        return owner[: len(self.owner)]

    def _age(self, owner: Key) -> tuple[Key, Key, Key]:
        which = owner[len(self.owner) :] or (self._again + 1,)
        return owner[:1], which, owner

    def table(self, order: str = "time") -> str:
        """Tables of text, and what is on top of each where there are several; none of no calls."""
        parts = []
        for owner, lines in self.lines(order):
            parts += [self._title(owner)] if owner else []
            parts.append(_table(lines))
        return "\n".join([*parts, ""])

    def _title(self, owner: Key) -> str:
        which = (owner[0], *owner[len(self.owner) :])
        program = one_line(self._programs.get(which, b""))
        lwp = f", LWP {owner[1]}" if len(self.owner) > 1 else ""
        return f"Process {owner[0]} ({program}){lwp}:"

    def json(self, order: str = "time") -> str:
        """The same as JSON; times in nanoseconds."""
        found = []
        for owner, lines in self.lines(order):
            who = dict(zip(self.owner, self._shown(owner), strict=True))
            found += [{**who, **_object(line)} for line in lines]
        return json.dumps({"calls": found}, indent=1) + "\n"


def _ends(kinds: Sequence[int]) -> list[int]:
    """Where in a column of kinds a process ends."""
    if ENDS.isdisjoint(kinds):
        return []
    return [place for place, kind in enumerate(kinds) if kind in ENDS]


def _name(line: Line) -> str:
    return line.name


def _line(name: str, row: Row, whole: int) -> Line:
    return Line(
        share=row.ns / whole if whole else 0.0,
        seconds=row.ns / 1e9,
        mean=row.ns / row.calls / 1e9,
        p50=row.quantile(0.5) / 1e9,
        p99=row.quantile(0.99) / 1e9,
        calls=row.calls,
        errors=row.errors,
        name=name,
    )


def _object(line: Line) -> dict[str, Any]:
    times = {name: round(getattr(line, name) * 1e9) for name in ("mean", "p50", "p99")}
    whole = {"name": line.name, "calls": line.calls, "errors": line.errors}
    return {**whole, "time": round(line.seconds * 1e9), **times}


HEADERS = ("% time", "seconds", "mean us", "p50 us", "p99 us", "calls", "errors", "syscall")


def _table(lines: Iterable[Line]) -> str:
    from tabulate import tabulate  # most runs do without

    shown = list(lines)
    rows: list[tuple[Any, ...]] = [
        (
            f"{100 * line.share:.2f}",
            f"{line.seconds:.6f}",
            *(f"{1e6 * time:.1f}" for time in (line.mean, line.p50, line.p99)),
            line.calls,
            line.errors or "",
            line.name,
        )
        for line in shown
    ]
    calls, errors = sum(line.calls for line in shown), sum(line.errors for line in shown)
    seconds = sum(line.seconds for line in shown)
    mean = f"{1e6 * seconds / calls:.1f}" if calls else ""
    rows.append(("100.00", f"{seconds:.6f}", mean, "", "", calls, errors or "", "total"))
    right = ("right",) * (len(HEADERS) - 1)
    text: str = tabulate(
        rows, HEADERS, tablefmt="simple", colalign=(*right, "left"), disable_numparse=True
    )
    return text

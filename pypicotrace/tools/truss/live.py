"""A table of calls on the terminal, drawn anew while the loop is gone through: ``--live``."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, NamedTuple

import pypicotrace as pt
from pypicotrace.tools.truss.counts import Counts, Now, Row

INTERVAL = 0.5
"""Seconds from one drawing to the next."""
PATIENCE = 50
"""So many times as long as a drawing takes it is to the next at least: where rows are many."""
AROUND = 5
"""Lines of the terminal that are not a call's: title, heads, how many more there are."""


class Unseen(Exception):
    """There is nowhere to draw; the message says what to do."""


class Rate(NamedTuple):
    """A row of the table: what there is, and how much of it came since the drawing before."""

    now: Now
    calls: float
    """A second."""
    errors: float
    """A second."""


def rates(before: Mapping[Any, Now], now: Mapping[Any, Now], seconds: float) -> list[Rate]:
    """The rows of what is counted now, as against some seconds ago."""
    made = []
    for key, row in now.items():
        past = before.get(key)
        calls, errors = (past.calls, past.errors) if past is not None else (0, 0)
        since = seconds or 1.0
        made.append(Rate(row, (row.calls - calls) / since, (row.errors - errors) / since))
    return made


# As the table of -c; p50 and p99, which take longer to find out, are not in this one.
ORDERS: dict[str, Any] = {
    "time": lambda rate: -rate.now.ns,
    "calls": lambda rate: -rate.now.calls,
    "errors": lambda rate: -rate.now.errors,
    "mean": lambda rate: -rate.now.ns / rate.now.calls,
    "name": lambda rate: rate.now.name,
    "rate": lambda rate: -rate.calls,
}


def shown(rows: Sequence[Rate], order: str, room: int) -> tuple[list[Rate], int]:
    """So many rows as there is room for, the greatest first, and how many more there are."""
    inside = sorted(sorted(rows, key=lambda rate: rate.now.name), key=ORDERS[order])
    most = max(room, 1)
    return inside[:most], max(len(inside) - most, 0)


class Live:
    """Draws, on a thread of its own, what is counted; that takes the same however often it is."""

    def __init__(self, counts: Counts, order: str) -> None:
        """Have a terminal.

        :raises Unseen: there is none, or nothing to draw with.
        """
        if find_spec("rich") is None:
            raise Unseen("there is no rich: pip install 'pypicotrace[progress]'")
        from rich.console import Console

        self._console = Console(file=sys.stderr)
        seen = sys.stderr is not None and sys.stderr.isatty()
        if not seen or self._console.is_dumb_terminal:
            raise Unseen("standard error is no terminal to draw on; -c has a table at the end")
        self._counts = counts
        self._order = order
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._before: dict[Row, Now] = {}
        self._begun = self._last = time.monotonic()

    def take(self, loop: pt.Loop) -> None:
        """Go through the loop to its end, and draw meanwhile; what was drawn is taken away."""
        drawer = threading.Thread(target=self._draw, daemon=True)
        drawer.start()
        try:
            for batch in loop.stream():
                with self._lock:
                    self._counts.add_batch(batch)
        finally:
            self._over.set()
            drawer.join()

    def _draw(self) -> None:
        from rich.live import Live as Drawn

        # A terminal that is gone ends this thread; the trace goes on.
        with (
            suppress(OSError),
            Drawn(console=self._console, auto_refresh=False, transient=True) as drawn,
        ):
            pause = INTERVAL
            while not self._over.wait(pause):
                begun = time.thread_time()
                drawn.update(self._table(), refresh=True)
                pause = max(INTERVAL, PATIENCE * (time.thread_time() - begun))

    def _table(self) -> Any:
        from rich.table import Table

        with self._lock:
            now = self._counts.now()
        at = time.monotonic()
        rows = rates(self._before, now, at - self._last)
        self._before, self._last = now, at
        first, more = shown(rows, self._order, self._console.height - AROUND)
        owners = self._counts.owner
        made = Table(
            title=self._title(rows, at),
            caption=f"... and {more} more" if more else None,
            box=None, title_justify="left", caption_justify="left", pad_edge=False,
        )  # fmt: skip
        for head in ("% time", "seconds", "mean us", "calls", "a second", "errors", "a second"):
            made.add_column(head, justify="right")
        for head in (*owners, "syscall"):
            made.add_column(head)
        whole = sum(rate.now.ns for rate in rows) or 1
        for rate in first:
            made.add_row(*_cells(rate, whole), *map(str, rate.now.owner), rate.now.name)
        return made

    def _title(self, rows: Sequence[Rate], at: float) -> str:
        calls, errors = sum(r.now.calls for r in rows), sum(r.now.errors for r in rows)
        rate = sum(r.calls for r in rows)
        return f"{at - self._begun:.0f} s, {calls} calls, {rate:.0f} a second, {errors} errors"


def _cells(rate: Rate, whole: int) -> list[str]:
    now = rate.now
    return [
        f"{100 * now.ns / whole:.2f}",
        f"{now.ns / 1e9:.6f}",
        f"{now.ns / now.calls / 1e3:.1f}",
        str(now.calls),
        f"{rate.calls:.0f}",
        str(now.errors or ""),
        f"{rate.errors:.0f}" if now.errors else "",
    ]

"""The last events alone, and only where something went wrong: a flight recorder."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from pypicotrace.batch import Batch, batch_of
from pypicotrace.formats import Format
from pypicotrace.formats.header import Header
from pypicotrace.kinds import Kind
from pypicotrace.layout import PLACES, SIZE

KIND, STATUS, SIGNO = PLACES["kind"], PLACES["status"], PLACES["signo"]
CRASHES = {
    *(signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV),
    *(signal.SIGSYS, signal.SIGTRAP),
}
"""Signals by which a program ends that is wrong; others are sent to it."""


class Bad(NamedTuple):
    """What went wrong."""

    failed: bool = False
    """A process has ended by a signal, or with a status that is not 0."""
    crashed: bool = False
    """One has ended by a signal of `CRASHES`."""


class Last:
    """Keeps events in memory, and has a format make bytes of them at the end."""

    def __init__(self, form: Format, count: int, wanted: Callable[[Bad], bool]) -> None:
        """Prepare to keep events.

        :param count: how many, at least 1.
        :param wanted: says at the end whether they are to be written; is told what any process has
            done.
        """
        self._form = form
        self._count = count
        self._wanted = wanted
        self._header: Header | None = None
        self._kept: deque[bytes] = deque()
        self._size = 0
        self._bad = Bad()

    def begin(self, header: Header) -> bytes:
        self._header = header
        return b""

    def events(self, batch: Batch) -> bytes:
        kinds = batch.kind
        if Kind.SIGNALED in kinds or Kind.EXITED in kinds:
            for row in batch.tuples():
                self._bad = Bad(self._bad.failed or failed(row), self._bad.crashed or crashed(row))
        self._kept.append(bytes(batch.buffer()[-self._count * SIZE :]))
        self._size += len(self._kept[-1])
        while self._size - len(self._kept[0]) >= self._count * SIZE:
            self._size -= len(self._kept.popleft())
        return b""

    def end(self) -> bytes:
        if self._header is None or not self._wanted(self._bad):
            return b""
        last = batch_of(b"".join(self._kept)[-self._count * SIZE :])
        return self._form.begin(self._header) + self._form.events(last) + self._form.end()


def failed(row: tuple[int, ...]) -> bool:
    """Whether a record says that a process has ended in that way."""
    return row[KIND] == Kind.SIGNALED or (row[KIND] == Kind.EXITED and row[STATUS] != 0)


def crashed(row: tuple[int, ...]) -> bool:
    """Whether a record says that a process has ended by what is wrong with it."""
    return row[KIND] == Kind.SIGNALED and row[SIGNO] in CRASHES

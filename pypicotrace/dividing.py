"""A trace from a loop to several files, in any format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

from pypicotrace import __version__
from pypicotrace.batch import Batch, batch_of
from pypicotrace.files import OfProcesses, OneAfterAnother
from pypicotrace.formats import Format
from pypicotrace.formats.header import Header, here
from pypicotrace.kinds import Kind
from pypicotrace.layout import SIZE
from pypicotrace.loop import Loop
from pypicotrace.text import Piece, Text

LAST = (Kind.EXITED, Kind.SIGNALED, Kind.DETACHED)
"""After which nothing more comes of a process."""
PART = 16
"""Events that may be too many for a file before that is noticed."""


class Division(Protocol):
    """What goes where. All of it raises OSError where that cannot be written."""

    @property
    def is_text(self) -> bool:
        """Whether it takes text, or else batches."""

    def begin(self, header: Header) -> None:
        """Batches come, with this header."""

    def put_text(self, piece: Piece) -> None:
        """Lines of text."""

    def put(self, batch: Batch) -> None:
        """Events."""

    def end(self) -> None:
        """Nothing more comes."""

    def close(self) -> None:
        """The files are not needed any more."""


class DividedWriter:
    """Writes a trace: `write` while the loop is open, `finish` when it is closed.

    A write that fails costs the trace from there on, and the tracees run on.
    """

    def __init__(self, division: Division, style: Text) -> None:
        """Prepare to write.

        :param style: how text looks.
        """
        self._division = division
        self._style = style
        self._lost: OSError | None = None

    def write(self, loop: Loop, command: Sequence[str]) -> None:
        """Write what happens until the loop's tracees are gone, or it is interrupted.

        :param command: what was started, for the header.
        """
        if self._division.is_text:
            for piece in loop.text(self._style):
                self._try(partial(self._division.put_text, piece))
            return
        loop.keep_rest()
        self._try(partial(self._division.begin, here(__version__, command)))
        for batch in loop.stream():
            self._try(partial(self._division.put, batch))

    def finish(self, loop: Loop) -> OSError | None:
        """Write what happened while the loop was closed, and the end; returns what has failed."""
        for piece in loop.rest_text:
            self._try(partial(self._division.put_text, piece))
        if loop.rest:
            self._try(partial(self._division.put, loop.rest))
        self._try(self._division.end)
        return self._lost

    def close(self) -> None:
        """The files are not needed any more."""
        self._division.close()

    def _try(self, step: Callable[[], None]) -> None:
        if self._lost is not None:
            return
        try:
            step()
        except OSError as error:
            self._lost = error


class ByProcess:
    """Each process has a file, which is whole by itself."""

    def __init__(self, files: OfProcesses, make: Callable[[], Format] | None) -> None:
        """Write to these files.

        :param make: makes a format; None: text.
        """
        self._files = files
        self._make = make
        self._header: Header | None = None
        self._forms: dict[int, Format] = {}

    @property
    def is_text(self) -> bool:
        return self._make is None

    def begin(self, header: Header) -> None:
        self._header = header

    def put_text(self, piece: Piece) -> None:
        self._files.write(piece.pid, piece.lines)
        if piece.last:
            self._files.end(piece.pid)

    def put(self, batch: Batch) -> None:
        for pid, part, last in lives(batch):
            self._files.write(pid, self._begun(pid) + self._forms[pid].events(part))
            if last:
                self._end(pid)

    def end(self) -> None:
        for pid in list(self._forms):
            self._end(pid)

    def close(self) -> None:
        self._files.close()

    def _begun(self, pid: int) -> bytes:
        if pid in self._forms or self._make is None or self._header is None:
            return b""
        form = self._forms[pid] = self._make()
        return form.begin(self._header)

    def _end(self, pid: int) -> None:
        self._files.write(pid, self._forms.pop(pid).end())
        self._files.end(pid)


class Rotation:
    """One file after another, of which each is whole by itself."""

    def __init__(self, files: OneAfterAnother, form: Format | None) -> None:
        """Write to these files.

        :param form: what to write; None: text.
        """
        self._files = files
        self._form = form
        self._header: Header | None = None
        self._has_events = False

    @property
    def is_text(self) -> bool:
        return self._form is None

    def begin(self, header: Header) -> None:
        self._header = header
        if self._form is not None:
            self._files.write(self._form.begin(header))
        self._has_events = False

    def put_text(self, piece: Piece) -> None:
        left = piece.lines
        while left:
            if self._files.is_full:
                self._files.turn()
            end = left.find(b"\n", max(self._files.room, 1) - 1) + 1 or len(left)
            self._files.write(left[:end])
            left = left[end:]

    def put(self, batch: Batch) -> None:
        for part in parts(batch):
            if self._files.is_full and self._has_events:
                self._turn()
            if self._form is not None:
                self._files.write(self._form.events(part))
            self._has_events = True

    def end(self) -> None:
        if self._form is not None:
            self._files.write(self._form.end())

    def close(self) -> None:
        self._files.close()

    def _turn(self) -> None:
        self.end()
        self._files.turn()
        if self._header is not None:
            self.begin(self._header)


def parts(batch: Batch) -> Iterator[Batch]:
    """A batch in pieces of a few events."""
    records = batch.buffer()
    for start in range(0, len(records), PART * SIZE):
        yield batch_of(bytes(records[start : start + PART * SIZE]))


def lives(batch: Batch) -> Iterator[tuple[int, Batch, bool]]:
    """A batch by process: its id, its events, and whether they are its last.

    An id that comes again in the same batch comes again here.
    """
    records = batch.buffer()
    found: dict[int, list[int]] = {}
    for place, (pid, kind) in enumerate(zip(batch.pid, batch.kind, strict=True)):
        found.setdefault(pid, []).append(place)
        if kind in LAST:
            yield pid, those(records, found.pop(pid)), True
    for pid, places in found.items():
        yield pid, those(records, places), False


def those(records: memoryview, places: list[int]) -> Batch:
    """A batch of the records at those places."""
    return batch_of(b"".join([records[place * SIZE : (place + 1) * SIZE] for place in places]))

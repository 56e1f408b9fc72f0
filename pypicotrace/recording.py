"""Recordings: a trace in a file, read as if it were a loop."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO, Any

from pypicotrace.batch import Batch, batch_of
from pypicotrace.errors import BadRecording
from pypicotrace.events import Event
from pypicotrace.formats import needed
from pypicotrace.formats.header import Header
from pypicotrace.launch import Path
from pypicotrace.layout import SIZE

CHUNK = 1 << 20
"""Bytes that are read at a time, at most,"""
LINE_MAX = 1 << 24
"""and those of the longest line: what has no end in so many is no recording."""


class Recording:
    """A trace that was written as ndjson: an iterable of its events, as `Loop` is one.

    Nothing is stopped, so their ``stop`` is None. Made by `read`. An iteration begins anew each
    time where the recording was given by its name, and goes on where it was given as an open file.
    What is in memory is one batch, however long it is. ``header`` says where, when and of what the
    trace is.
    """

    def __init__(self, source: Path | IO[bytes]) -> None:
        self._source = source
        self._parsing = needed("pypicotrace.formats.parsing", "reading ndjson")
        if isinstance(source, str | bytes | os.PathLike):
            self._name = os.fsdecode(source)
            with open(source, "rb") as file:
                self.header = self._header(file)
        else:
            self._name = str(getattr(source, "name", "recording"))
            self.header = self._header(source)

    def __iter__(self) -> Iterator[Event]:
        for batch in self.stream():
            yield from batch

    def stream(self, size: int = 4096) -> Iterator[Batch]:
        """The events in batches, as `Loop.stream` gives them.

        :param size: how many a batch has at most.
        :raises ValueError: less than 1.
        :raises BadRecording: in the iteration: a line is no event, or the last one is cut. What
            comes before it has been given by then.
        """
        if size < 1:
            raise ValueError("a batch has room for one event at least")
        return self._stream(size)

    def _stream(self, size: int) -> Iterator[Batch]:
        records = bytearray()
        try:
            for record in self._records():
                records += record
                if len(records) == size * SIZE:
                    yield batch_of(records)
                    records.clear()
        except ValueError:
            if records:
                yield batch_of(records)
            raise
        if records:
            yield batch_of(records)

    def _header(self, file: IO[bytes]) -> Header:
        line = file.readline(LINE_MAX) if hasattr(file, "readline") else None
        if not isinstance(line, bytes):
            raise TypeError("a recording is given by its name, or as a file of bytes (mode 'rb')")
        try:
            if not line:
                raise ValueError("it is empty")
            header: Header = self._parsing.header_of(line)
            if not line.endswith(b"\n"):
                raise ValueError("its first line is cut")
        except ValueError as error:
            raise BadRecording(f"{self._name}: no recording of picotrace: {error}") from None
        return header

    def _records(self) -> Iterator[bytes]:
        if isinstance(self._source, str | bytes | os.PathLike):
            with open(self._source, "rb") as file:
                file.readline(LINE_MAX)
                yield from self._records_in(file)
        else:
            yield from self._records_in(self._source)

    def _records_in(self, file: IO[bytes]) -> Iterator[bytes]:
        number = 2
        try:
            for chunk in whole_lines(file):
                yield from self._parsing.records_of(chunk, number)
                number += chunk.count(b"\n")
        except ValueError as error:
            raise BadRecording(f"{self._name}: {error}") from None


def whole_lines(file: IO[bytes]) -> Iterator[bytes]:
    """What a file has, in pieces that end where a line does.

    :raises ValueError: the last line does not end, or one is longer than any can be.
    """
    rest = b""
    some: Any = getattr(file, "read1", file.read)  # of a pipe what is there
    while data := some(CHUNK):
        whole, newline, after = data.rpartition(b"\n")
        if newline:
            yield rest + whole + newline
            rest = after
        else:
            rest += data
        if len(rest) > LINE_MAX:
            raise ValueError("a line of it has no end")
    if rest:
        raise ValueError("the last line is cut: the trace was not written to its end")


def read(source: Path | IO[bytes]) -> Recording:
    """Open a recording: what ``picotrace --format ndjson -o FILE`` has written.

        for event in pt.read("trace.ndjson"):
            print(event.lwp, event.name, event.args)

    The events are equal to those that a loop gave when it was made, in all that they carry but
    ``stop``; the names of calls and arguments are those of this version's tables. So what takes an
    iterable of events takes a live program and a recording alike.

    :param source: the file's name, or a file that is open for reading bytes, as standard input is
        (``sys.stdin.buffer``).
    :returns: an iterable of events, which can also be had in batches.
    :raises OSError: it cannot be opened.
    :raises TypeError: ``source`` is neither.
    :raises BadRecording: it is no recording, or of a version that is not known here; also in an
        iteration, where a line of it is no event or the last one is cut.
    :raises MissingExtra: msgspec is not installed: ``pip install 'pypicotrace[formats]'``.
    """
    return Recording(source)

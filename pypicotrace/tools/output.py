"""Where a command's lines go: all of them, as long as there is room and somebody to read them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pypicotrace as pt
from pypicotrace.ending import Signals
from pypicotrace.tools.frame import check_traced, complain, open_output, output_name


class Unwritten(Exception):
    """The lines cannot be written any more."""


class Output:
    """A file, or a stream."""

    def __init__(self, command: str, name: str | None, signals: Signals) -> None:
        """Open it.

        :param command: the command's name, which complains.
        :param name: as of `open_output`.
        :param signals: say how long a reader that lets us wait is waited for.
        :raises Failure: it cannot be written to.
        """
        self._command = command
        self._name = output_name(name)
        self._signals = signals
        self._fd = open_output(name)
        owned = name not in (None, "-")
        self._lines = pt.LineWriter(self._fd, owns_file=owned, patient=signals.is_patient)

    @property
    def lost(self) -> int:
        """The errno of the write that failed, or 0."""
        return self._lines.lost

    def write(self, text: str) -> None:
        """Write whole lines.

        :raises Unwritten: nobody reads them, or there is no room.
        """
        try:
            self._lines.write(text.encode(errors="surrogateescape"))
        except OSError as error:
            raise Unwritten from error

    @contextmanager
    def written(self, what: str = "the trace is incomplete") -> Iterator[None]:
        """Where something in this block is not written, it ends, and that is said.

        :param what: what comes of that.
        """
        try:
            yield
        except Unwritten:
            complain(self._command, f"{self._name}: {os.strerror(self.lost)}; {what}")

    def show(self, loop: pt.Loop, take: Callable[[pt.Event], object]) -> None:
        """Trace to the end, each event given to ``take`` while its LWP stands.

        :raises Failure: there is nothing that could be attached to.
        """
        check_traced(loop)
        with self.traced(loop):
            for event in loop:
                with suppress(pt.TraceeDied):
                    take(event)

    @contextmanager
    def traced(self, loop: pt.Loop) -> Iterator[None]:
        """The same of a block that goes through a loop; a command runs on.

        What was attached to is let go.
        """
        with self.written():
            yield
        if self.lost and loop.root and self._signals.is_patient():
            for _ in loop.stream():
                pass

    def close(self) -> None:
        os.close(self._fd)

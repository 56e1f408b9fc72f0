"""A trace from a loop to a descriptor, in one of the formats that Python writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from pypicotrace import __version__
from pypicotrace.formats import Format
from pypicotrace.formats.header import here
from pypicotrace.lines import LineWriter
from pypicotrace.loop import Loop


class Writer:
    """Writes a trace: `write` while the loop is open, `finish` when it is closed.

    A write that fails costs the trace from there on, and the tracees run on.
    """

    def __init__(
        self, fd: int, form: Format, *, owns_file: bool, patient: Callable[[], bool]
    ) -> None:
        """Prepare to write.

        :param owns_file, patient: as of `LineWriter`.
        """
        self._form = form
        self._lines = LineWriter(fd, owns_file=owns_file, patient=patient)

    def write(self, loop: Loop, command: Sequence[str]) -> None:
        """Write what happens until the loop's tracees are gone, or it is interrupted.

        :param command: what was started, for the header.
        """
        loop.keep_rest()
        self._put(self._form.begin(here(__version__, command)))
        for batch in loop.stream():
            self._put(self._form.events(batch))

    def finish(self, loop: Loop) -> int:
        """Write what happened while the loop was closed, and the format's end.

        :returns: the errno of the write that failed, or 0.
        """
        rest = self._form.events(loop.rest) if loop.rest else b""
        self._put(rest + self._form.end())
        return self._lines.lost

    def _put(self, data: bytes) -> None:
        with suppress(OSError):  # what is lost is told at the end
            self._lines.write(data)

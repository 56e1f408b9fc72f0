"""A trace from a loop to a descriptor, in one of the formats that Python writes."""

from __future__ import annotations

import errno
import select
from collections.abc import Callable, Sequence

from pypicotrace import __version__
from pypicotrace._ffi import ffi, lib
from pypicotrace.formats import Format
from pypicotrace.formats.header import here
from pypicotrace.loop import Loop

READER_PATIENCE_MS = 500
"""How long a reader that takes nothing may keep a tracer from ending that is to end."""
ALWAYS_TAKEN = 512
"""What poll(2) promises room for is one write of so many bytes: POSIX's least PIPE_BUF."""


class Writer:
    """Writes a trace: `write` while the loop is open, `finish` when it is closed.

    A write that fails costs the trace from there on, and the tracees run on.
    """

    def __init__(
        self, fd: int, form: Format, *, owns_file: bool, patient: Callable[[], bool]
    ) -> None:
        """Prepare to write.

        :param owns_file: nobody else writes to that file: a line that a full disk has cut may be
            taken back.
        :param patient: whether a reader that lets us wait is to be waited for; asked after each
            signal.
        """
        self._fd = fd
        self._form = form
        self._patient = patient
        flags = owns_file * lib.PICO_TEXT_OWNS_FILE
        self._text = ffi.gc(lib.pico_text_new(fd, flags), lib.pico_text_free)
        if self._text == ffi.NULL:
            raise MemoryError
        self.lost = 0
        """The errno of the write that failed, or 0."""

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
        return self.lost

    def _put(self, data: bytes) -> None:
        left = memoryview(data)
        while left and not self.lost:
            piece = left
            if not self._patient():
                piece = left[:ALWAYS_TAKEN]
                if not self._reader_takes():
                    self.lost = errno.EAGAIN
                    return
            taken = lib.pico_text_write(self._text, ffi.from_buffer(piece), len(piece))
            self._flush()
            if taken < 0:
                self.lost = -taken
            left = left[max(taken, 0) :]

    def _flush(self) -> None:
        while (failed := lib.pico_text_flush(self._text)) == -errno.EINTR:
            if not self._patient():
                self.lost = errno.EAGAIN
                return
        self.lost = self.lost or -failed

    def _reader_takes(self) -> bool:
        """Whether a small write to it would not have to wait for long."""
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        return bool(poll.poll(READER_PATIENCE_MS))

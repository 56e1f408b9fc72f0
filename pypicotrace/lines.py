"""Lines to a descriptor: all of them, or up to the one that there is no room for."""

from __future__ import annotations

import errno
import os
import select
from collections.abc import Callable

from pypicotrace._ffi import ffi, lib

READER_PATIENCE_MS = 500
"""How long a reader that takes nothing may keep a tracer from ending that is to end."""
ALWAYS_TAKEN = 512
"""What poll(2) promises room for is one write of so many bytes: POSIX's least PIPE_BUF."""


class LineWriter:
    """Writes lines to a descriptor, as the commands do.

        with Signals(loop, ends_program=True) as signals, loop:
            out = pt.LineWriter(pt.open_trace("-"), patient=signals.is_patient)
            for event in loop:
                out.write(line_of(event))

    A reader that lets us wait is waited for, also where the descriptor does not block; a signal's
    handler can end that. What cannot be written is lost, with all that comes after it.
    """

    def __init__(
        self, fd: int, *, owns_file: bool = False, patient: Callable[[], bool] | None = None
    ) -> None:
        """Prepare to write to a descriptor, which stays the caller's to close.

        :param owns_file: nobody else writes to that file: a line that a full disk has cut may be
            taken back.
        :param patient: whether a reader is to be waited for, asked after each signal; where it is
            not, it gets what it takes at once. None: always.
        :raises MemoryError: there is none for the buffer.
        """
        self._fd = fd
        self._patient = patient or (lambda: True)
        flags = owns_file * lib.PICO_TEXT_OWNS_FILE
        self._text = ffi.gc(lib.pico_text_new(fd, flags), lib.pico_text_free)
        if self._text == ffi.NULL:
            raise MemoryError
        self.lost = 0
        """The errno of the write that failed, or 0."""

    def write(self, data: bytes) -> None:
        """Write all of it.

        :param data: whole lines.
        :raises OSError: that cannot be done, or could not be done before; EAGAIN: a reader was to
            be waited for no longer.
        """
        left = memoryview(data)
        while left and not self.lost:
            left = left[self._put(left) :]
        if self.lost:
            raise OSError(self.lost, os.strerror(self.lost))

    def _put(self, data: memoryview) -> int:
        """Write some of it; returns how much."""
        if not self._patient():
            data = data[:ALWAYS_TAKEN]
            if not self._reader_takes():
                self.lost = errno.EAGAIN
                return 0
        taken = int(lib.pico_text_write(self._text, ffi.from_buffer(data), len(data)))
        self._flush()
        if taken < 0:
            self.lost = -taken
        return max(taken, 0)

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

"""Files that a trace is divided among: one for each process, or one after another."""

from __future__ import annotations

import errno
import os
import re
import resource
import stat
from collections import OrderedDict, deque
from contextlib import suppress

from pypicotrace.tracefile import name_of_output, open_trace

OPEN_MAX = 256
"""So many files of processes are open at once,"""
OPEN_PART = 4
"""and at most this part of what may be: the tracer needs some as well."""
OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)
DIGITS = 6
"""Of a file's number, as long as these are enough."""


class File:
    """A file for a trace. A line that a full disk has cut is taken back."""

    def __init__(self, path: str, *, append: bool = False) -> None:
        """Open it, as `pypicotrace.tracefile.open_trace` does.

        :raises OSError: that cannot be done; with its name.
        """
        self._name = name_of_output(path)
        try:
            self._fd = open_trace(path, append=append)
        except OSError as error:
            raise OSError(error.errno, error.strerror, self._name) from None
        self.size = 0
        """How much was written."""

    def write(self, data: bytes) -> None:
        """Write all of it.

        :raises OSError: that cannot be done; with the file's name.
        """
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._fd, left) :]
        except OSError as error:
            done = len(data) - len(left)
            self._take_back(done - (data.rfind(b"\n", 0, done) + 1))
            raise OSError(error.errno, error.strerror, self._name) from None
        self.size += len(data)

    def _take_back(self, size: int) -> None:
        with suppress(OSError):
            found = os.fstat(self._fd)
            if size and stat.S_ISREG(found.st_mode):
                os.ftruncate(self._fd, found.st_size - size)

    def close(self) -> None:
        os.close(self._fd)


class OfProcesses:
    """A file for each process, ``PATH.PID``; where that id comes again, ``PATH.PID.2``, and so on.

    Few are open at once: the one that was not written to for the longest makes room.
    """

    def __init__(self, path: str, *, append: bool = False) -> None:
        """Look whether files can be made; there are none yet.

        :param append: a file that is there is gone on with, else it is emptied.
        :raises OSError: they cannot be made there.
        """
        folder = os.path.dirname(path) or "."
        if not stat.S_ISDIR(os.stat(folder).st_mode):
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        self._path = path
        self._append = append
        self._open: OrderedDict[int, File] = OrderedDict()
        self._made: dict[int, str] = {}
        """The file of each process that lives, which was opened before,"""
        self._times: dict[int, int] = {}
        """and how often that id has come."""
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        most = OPEN_MAX if limit == resource.RLIM_INFINITY else min(OPEN_MAX, limit // OPEN_PART)
        self._most = max(most, 1)

    def write(self, pid: int, data: bytes) -> None:
        """Write to a process's file.

        :raises OSError: it cannot be opened, or written to; with its name.
        """
        file = self._open.get(pid) or self._opened(pid)
        self._open.move_to_end(pid)
        file.write(data)

    def end(self, pid: int) -> None:
        """Close a process's file: what has that id next is another."""
        self._made.pop(pid, None)
        file = self._open.pop(pid, None)
        if file is not None:
            file.close()

    def close(self) -> None:
        for pid in list(self._open):
            self.end(pid)

    def _opened(self, pid: int) -> File:
        path = self._made.get(pid)
        append = path is not None or self._append
        if path is None:
            times = self._times[pid] = self._times.get(pid, 0) + 1
            path = f"{self._path}.{pid}" + (f".{times}" if times > 1 else "")
        while len(self._open) >= self._most:
            self._close_one()
        file = self._open[pid] = self._with_room(path, append)
        self._made[pid] = path
        return file

    def _with_room(self, path: str, append: bool) -> File:
        while True:
            try:
                return File(path, append=append)
            except OSError as error:
                if error.errno not in OUT_OF_DESCRIPTORS or not self._open:
                    raise
            self._close_one()

    def _close_one(self) -> None:
        _, file = self._open.popitem(last=False)
        file.close()


class OneAfterAnother:
    """Files ``PATH.000001``, ``PATH.000002``, ...; where one is full the next is begun."""

    def __init__(self, path: str, size: int, *, keep: int | None = None, append: bool = False):
        """Open the first one.

        :param size: as soon as a file has so many bytes it is full.
        :param keep: so many are left, the newest; None: all.
        :param append: the first one has the number after the last that is there.
        :raises OSError: it cannot be opened; or there are some already, and are not to be gone on
            with.
        """
        self._path = path
        self._full = size
        self._keep = keep
        there = numbers(path)
        if there and not append:
            raise OSError(
                errno.EEXIST,
                "there are files of an earlier trace: remove them, or give --append to go on after "
                "the last",
            )
        self._numbers = deque(there)
        self._file = self._next()

    @property
    def is_full(self) -> bool:
        """Whether the file is to be followed by another."""
        return self._file.size >= self._full

    @property
    def room(self) -> int:
        """Bytes until it is."""
        return max(self._full - self._file.size, 0)

    def write(self, data: bytes) -> None:
        """Write to the file.

        :raises OSError: that cannot be done; with its name.
        """
        self._file.write(data)

    def turn(self) -> None:
        """Go on with the next file.

        :raises OSError: it cannot be opened; with its name.
        """
        full, self._file = self._file, self._next()
        full.close()

    def close(self) -> None:
        self._file.close()

    def _next(self) -> File:
        number = self._numbers[-1] + 1 if self._numbers else 1
        path = numbered(self._path, number)
        file = File(path)
        self._numbers.append(number)
        while self._keep is not None and len(self._numbers) > self._keep:
            with suppress(FileNotFoundError):
                os.unlink(numbered(self._path, self._numbers.popleft()))
        return file


def numbered(path: str, number: int) -> str:
    return f"{path}.{number:0{DIGITS}}"


def numbers(path: str) -> list[int]:
    """The numbers of the files that are there, in order.

    :raises OSError: there is no such folder.
    """
    folder, name = os.path.split(path)
    pattern = re.compile(re.escape(name) + rf"\.([0-9]{{{DIGITS},}})", re.ASCII)
    found = [pattern.fullmatch(entry) for entry in os.listdir(folder or ".")]
    return sorted(int(match[1]) for match in found if match is not None)

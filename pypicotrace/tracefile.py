"""The descriptor that the trace is written to."""

from __future__ import annotations

import errno
import fcntl
import os
import stat


class NotSafe(OSError):
    """Somebody else has put something where the trace was to be."""


def open_trace(path: str | None, *, append: bool = False) -> int:
    """A descriptor for a trace, out of the way of the command's 0, 1 and 2, and not inherited.

        with open(pt.open_trace("trace"), "wb") as file:
            loop.write_text(file.fileno(), owns_file=True)

    :param path: a file, which only its owner can read if it is new; ``-``: standard output; None:
        standard error.
    :param append: a file is not emptied, and what is written comes at its end.
    :raises OSError: it cannot be opened; or (ELOOP, EPERM) it is in a folder where anybody may make
        files, and is a symbolic link, or another user's.
    """
    if path is None or path == "-":
        return _high(2 if path is None else 1)
    low = _open_file(path, append)
    try:
        return _high(low)
    finally:
        os.close(low)


def _high(fd: int) -> int:
    """A copy of a descriptor that can be written to, above 2 and not inherited."""
    if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(errno.EBADF, "not open for writing")
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)


def _open_file(path: str, append: bool) -> int:
    """Open a file, and empty it where nothing is to be appended.

    In a folder where anybody may make files, a name can lead to another place (a symbolic link), or
    to a file whose owner would then read the trace: neither is followed. This is what the Linux
    settings fs.protected_symlinks and fs.protected_regular do, where they are on.
    """
    shared = bool(os.stat(os.path.dirname(path) or ".").st_mode & stat.S_IWOTH)
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_NOFOLLOW if shared else 0)
    flags |= os.O_APPEND if append else 0
    try:
        fd = os.open(path, flags, 0o600)
    except OSError:
        # Linux says ELOOP, NetBSD EFTYPE.
        if shared and os.path.islink(path):
            raise NotSafe(
                errno.ELOOP, "it is a symbolic link in a folder that anybody can write to"
            ) from None
        raise
    try:
        found = os.fstat(fd)
        regular = stat.S_ISREG(found.st_mode)
        if shared and regular and found.st_uid != os.geteuid():
            raise NotSafe(
                errno.EPERM, "it is another user's file in a folder that anybody can write to"
            )
        if regular and not append:
            os.ftruncate(fd, 0)
    except BaseException:
        os.close(fd)
        raise
    return fd


def same_file(a: str, b: str) -> bool:
    """Whether two names, of which the first exists, are one file's; ``-`` is none."""
    return a != "-" and os.path.exists(b) and os.path.samefile(a, b)

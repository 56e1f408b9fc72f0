"""The descriptor that the trace is written to."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat

from pypicotrace.folders import SHARED, NotSafe, folder_of, is_shared


def open_trace(path: str | os.PathLike[str] | None, *, append: bool = False) -> int:
    """A descriptor to write a trace to, as the command's ``-o`` has it, above 2 and not inherited.

        with open(pt.open_trace("trace"), "wb") as file:
            loop.write_text(file.fileno(), owns_file=True)

    In a folder where anybody may make files neither a symbolic link is written to, nor another
    user's file, nor one that has other names; nor is a link of another user's followed there.

    :param path: a file, which only its owner can read if it is new; ``-``: standard output; None:
        standard error.
    :param append: a file is not emptied, and what is written comes at its end.
    :returns: the descriptor, which is the caller's to close.
    :raises OSError: it cannot be opened, or not safely.
    """
    if path is None or path == "-":
        return _high(2 if path is None else 1)
    low = _open_file(os.fspath(path), append)
    try:
        return _high(low)
    finally:
        os.close(low)


def _high(fd: int) -> int:
    """A copy of a descriptor that can be written to, above 2 and not inherited."""
    if not _is_writable(fd):
        raise OSError(errno.EBADF, "not open for writing")
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)


def _is_writable(fd: int) -> bool:
    return fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY


def _open_file(path: str, append: bool) -> int:
    """Open a file, and empty it where nothing is to be appended.

    In a folder where anybody may make files, a name can lead to another place (a symbolic link), or
    be that of a file whose owner would then read the trace, or of one of ours that is to be harmed
    (a second name of it): none is followed. This is what the Linux settings fs.protected_symlinks,
    _regular, _fifos and _hardlinks do, where they are on.
    """
    try:
        folder, name = folder_of(path)
        try:
            return _open_in(folder, name, append)
        finally:
            os.close(folder)
    except OSError as error:
        error.filename = path  # and not that of the one step of the way
        raise


def _open_in(folder: int, name: str, append: bool) -> int:
    shared = is_shared(folder)
    if shared:
        # Before it is opened, too: a FIFO of somebody else's would let us wait for a reader.
        with contextlib.suppress(FileNotFoundError):
            _check(os.stat(name, dir_fd=folder, follow_symlinks=False))
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_NOFOLLOW if shared else 0)
    flags |= os.O_APPEND if append else 0
    fd = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        found = os.fstat(fd)
        if shared:
            _check(found)
        if stat.S_ISREG(found.st_mode) and not append:
            os.ftruncate(fd, 0)
    except BaseException:
        os.close(fd)
        raise
    return fd


def same_file(source: str, target: str) -> bool:
    """Whether to write to the one would change what is read from the other.

    ``-`` is standard input of what is read, and standard output of what is written. A terminal or a
    socket can be both.
    """
    read, written = _status(source, 0), _status(target, 1)
    if read is None or written is None:
        return False
    if target == "-" and not _is_writable(1):
        return False  # it was closed, and what is read has its number
    return stat.S_ISREG(read.st_mode) and os.path.samestat(read, written)


def _status(path: str, standard: int) -> os.stat_result | None:
    """What there is, if anything."""
    try:
        return os.fstat(standard) if path == "-" else os.stat(path)
    except OSError:
        return None


def name_of_output(path: str) -> str:
    """What is written to, in words."""
    return "standard output" if path == "-" else path


def _check(found: os.stat_result) -> None:
    """What a file in a shared folder may be.

    :raises NotSafe: it is not.
    """
    if stat.S_ISLNK(found.st_mode):
        raise NotSafe(errno.ELOOP, f"it is a symbolic link in {SHARED}")
    if found.st_uid != os.geteuid():
        raise NotSafe(errno.EPERM, f"it is another user's file in {SHARED}")
    if stat.S_ISREG(found.st_mode) and found.st_nlink > 1:
        raise NotSafe(errno.EPERM, f"it has other names, and this one is in {SHARED}")

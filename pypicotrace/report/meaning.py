"""What the numbers of a recorded call mean to a report. Pure."""

from __future__ import annotations

from functools import lru_cache

from pypicotrace.calls import syscall
from pypicotrace.formats.values import call_of
from pypicotrace.syscalls.classes import CLASSES, stem

RESTARTS = {512, 513, 514, 516}
"""ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK (include/linux/errno.h): the
kernel says so to itself of a call that a signal has interrupted. Its program sees no error, or
EINTR after all. What NetBSD says in that way is negative (sys/sys/errno.h)."""

READS = {"read", "pread", "readv", "preadv", "recvfrom", "recvmsg", "recv"}
WRITES = {"write", "pwrite", "writev", "pwritev", "sendto", "sendmsg", "send"}
"""Calls that take a descriptor first and return how many bytes they have moved."""
MAKERS = {
    *("open", "openat", "creat", "socket", "accept", "paccept"),
    *("eventfd", "epoll_create", "memfd_create", "pidfd_open", "timerfd_create", "inotify_init"),
    *("signalfd", "kqueue", "mq_open", "userfaultfd", "perf_event_open", "io_uring_setup"),
}
"""Calls that return a new descriptor."""
F_DUPFD = 0
F_DUPFD_CLOEXEC = {"linux": 1030, "netbsd": 12}
"""fcntl(2): include/uapi/linux/fcntl.h, sys/fcntl.h."""


def failed(error: int) -> bool:
    """Whether a call's error is one that its program sees."""
    return error > 0 and error not in RESTARTS


@lru_cache(maxsize=4096)
def name_of_call(abi: int, sysnum: int) -> str:
    return call_of(abi, sysnum).name


@lru_cache(maxsize=4096)
def stem_of_call(abi: int, sysnum: int) -> str:
    """Its name without what its ABI and its version add to it."""
    return stem(name_of_call(abi, sysnum))


def copies_descriptor(abi: int, sysnum: int, command: int) -> bool:
    """Whether a call returns a copy of the descriptor that it takes first.

    :param command: its second argument.
    """
    what = stem_of_call(abi, sysnum)
    if what == "fcntl":
        system = call_of(abi, sysnum).abi.partition("-")[0]
        return command in (F_DUPFD, F_DUPFD_CLOEXEC.get(system))
    return what == "dup"


@lru_cache(maxsize=4096)
def path_of_call(abi: int, sysnum: int) -> int | None:
    """The place of the argument that points to a path, the first of them; None: it takes none."""
    call = syscall(abi, sysnum)
    takes = CLASSES["file"].takes
    if call is None or takes is None:
        return None
    return next((place for place, param in enumerate(call.params) if takes(param)), None)


def shown(text: str) -> str:
    r"""Text of which nothing is invisible or moves what stands beside it.

    What cannot be printed (controls, marks that turn the direction of writing) is ``\xHH``,
    ``\uHHHH`` or ``\UHHHHHHHH``, as in Python.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else escaped(ord(char)) for char in text)


def escaped(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

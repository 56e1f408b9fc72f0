"""Writing the core file of a process that stands."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable

import pypicotrace as pt
from pypicotrace.tools.coredumper import elf
from pypicotrace.tools.coredumper import process as proc

PIECE = 1 << 20
CORE_SIGNALS = frozenset({"ILL", "TRAP", "ABRT", "BUS", "FPE", "SEGV", "SYS"})
"""Those that a program sends itself by what it does, and that leave a core by default."""


class NotWritten(Exception):
    """There is no core file, and why."""


def open_core(path: str) -> int:
    """A new file, for its owner alone.

    :raises NotWritten: it is there already, or cannot be made.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except OSError as error:
        raise NotWritten(f"{path}: {error.strerror}") from None


def write_core(event: pt.Stopped | pt.Crashed, path: str, limit: int | None = None) -> bool:
    """Write a core file of the process, all of which stands meanwhile.

    :param event: the signal that arrives.
    :param path: the file; there must be none of that name.
    :param limit: how many bytes it has at most; None: as many as it takes.
    :returns: whether it is whole.
    :raises NotWritten: there is none.
    :raises pypicotrace.TraceeDied: it was killed meanwhile.
    """
    if sys.platform != "linux":
        return by_kernel(event.stop, path)
    stops = [event.stop, *event.stop.gather()]
    name, bits = os.uname().machine, event.stop.registers.bits
    machine = elf.MACHINES.get((name, bits))
    if machine is None:
        raise NotWritten(f"cores of {bits}-bit programs on {name} are not known")
    pid = event.pid
    every = proc.mappings(proc.read(pid, "smaps"))
    parts = [part for part in every if part.end <= 1 << bits]
    described = proc.process(*(proc.read(pid, name) for name in ("stat", "status", "cmdline")))
    threads = [thread(machine, pid, stop, event.signo) for stop in stops]
    noted = elf.notes(
        machine, described, threads, said(event), auxv=proc.read(pid, "auxv"), mappings=parts
    )
    fd = open_core(path)
    try:
        laid = elf.placed(machine, noted, parts)
        most = laid.end if limit is None else min(limit, laid.end)
        write_at(fd, 0, laid.head[:most])
        write_memory(fd, event.stop.read, zip(parts, laid.places, strict=True), most)
        os.truncate(fd, most)
    except OSError as error:
        os.unlink(path)
        raise NotWritten(f"{path}: {error.strerror}") from None
    except ValueError as error:
        os.unlink(path)
        raise NotWritten(f"{path}: {error}") from None
    except BaseException:
        os.unlink(path)
        raise
    finally:
        os.close(fd)
    return most == laid.end


def by_kernel(stop: pt.Stop, path: str) -> bool:
    """The same where the system writes it: whole, and as large as the process may have it."""
    try:
        stop.dump_core(path)
    except ValueError as error:
        raise NotWritten(str(error)) from None
    except pt.KernelError as error:
        if error.errno == errno.EFBIG:
            raise NotWritten("the process's limit of core files is too low (ulimit -c)") from None
        raise NotWritten(f"{path}: {os.strerror(error.errno or 0)}") from None
    return True


def thread(machine: elf.Machine, pid: int, stop: pt.Stop, signo: int) -> elf.Thread:
    """An LWP that stands."""
    pending, blocked = proc.signals(proc.read(pid, f"task/{stop.lwp}/status"))
    sets = [
        (number, owner, data)
        for number, owner in machine.sets
        if (data := regset(stop, number)) is not None
    ]
    return elf.Thread(stop.lwp, list(stop.registers.values()), signo, pending, blocked, sets)


def regset(stop: pt.Stop, number: int) -> bytes | None:
    """A set of registers; None where this processor has none, or this kernel does not tell."""
    try:
        return stop.regset(number)
    except (pt.KernelError, pt.Unsupported):
        return None


def said(event: pt.Stopped | pt.Crashed) -> elf.Signal:
    """What the signal says of itself."""
    if event.addr or event.sender is None:
        return elf.Signal(event.signo, event.code or 0, event.addr or 0)
    return elf.Signal(
        event.signo, event.code or 0, 0, event.sender, event.uid or 0, event.value or 0
    )


def write_at(fd: int, place: int, data: bytes) -> None:
    """All of it."""
    while data:
        written = os.pwrite(fd, data, place)
        data, place = data[written:], place + written


def write_memory(
    fd: int,
    read: Callable[[int, int], bytes],
    placed: Iterable[tuple[elf.Mapping, int]],
    most: int,
) -> None:
    """The memory, each part at its place. What is zero, or cannot be read, becomes a hole."""
    for part, place in placed:
        for start in range(0, part.size, PIECE):
            size = min(PIECE, part.size - start, most - (place + start))
            if size <= 0:
                break
            write_pages(fd, place + start, readable(read, part.start + start, size))


def readable(read: Callable[[int, int], bytes], addr: int, size: int) -> bytes:
    """So much of it as can be read; zeros for the rest."""
    try:
        return read(addr, size)
    except pt.KernelError:
        if size <= elf.PAGE:
            return bytes(size)
    half = size // 2 // elf.PAGE * elf.PAGE or elf.PAGE
    return readable(read, addr, half) + readable(read, addr + half, size - half)


def write_pages(fd: int, place: int, data: bytes) -> None:
    """Those that are not all zero."""
    for start in range(0, len(data), elf.PAGE):
        page = data[start : start + elf.PAGE]
        if page.strip(b"\0"):
            write_at(fd, place + start, page)

"""The handle to a stopped LWP. It is dead as soon as its LWP has been resumed."""

from __future__ import annotations

import errno
from typing import Any, Protocol

from pypicotrace._ffi import ffi, lib
from pypicotrace.errors import KernelError, StaleStop, check

PAGE = 4096


class Owner(Protocol):
    """What a stop needs of the loop it belongs to."""

    @property
    def turn(self) -> int:
        """Grows whenever an LWP is resumed."""

    def pointer(self) -> Any:
        """The C loop; raises where the loop cannot be used (closed, another thread)."""


def _none() -> None:
    return None


def _unmapped(addr: int, moved: int, size: int) -> KernelError:
    return KernelError(errno.EFAULT, f"only {moved} of {size} bytes at {addr:#x} are mapped")


class Stop:
    """A stopped LWP: its memory can be read and written while it stands still.

    ``lwp`` is its id. Valid until the loop takes the next event; after that every method raises
    `StaleStop`. Pickled, it becomes None.
    """

    __slots__ = ("_owner", "_turn", "lwp")

    def __init__(self, owner: Owner, lwp: int) -> None:
        self._owner = owner
        self._turn = owner.turn
        self.lwp = lwp

    def __repr__(self) -> str:
        state = "standing" if self._turn == self._owner.turn else "stale"
        return f"<Stop of LWP {self.lwp}, {state}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_none, ())

    def _pointer(self) -> Any:
        pointer = self._owner.pointer()
        if self._turn != self._owner.turn:
            raise StaleStop(f"LWP {self.lwp} has been resumed since this stop")
        return pointer

    def read(self, addr: int, size: int) -> bytes:
        """Exactly ``size`` bytes of memory at ``addr``.

        :raises KernelError: EFAULT, not all of it is mapped.
        :raises TraceeDied: it was killed just now.
        """
        pointer = self._pointer()
        if size == 0:
            return b""
        buffer = ffi.new("char[]", size)
        moved = check(lib.pico_loop_read(pointer, self.lwp, addr, buffer, size), "read memory")
        if moved < size:
            raise _unmapped(addr, moved, size)
        return bytes(ffi.buffer(buffer))

    def read_cstring(self, addr: int, limit: int = 4096) -> bytes:
        """The bytes at ``addr`` up to a NUL, which is not part of the result, at most ``limit``.

        :raises KernelError: EFAULT, memory ends before a NUL or the limit was reached.
        :raises TraceeDied: it was killed just now.
        """
        self._pointer()
        data = b""
        while len(data) < limit:
            at = addr + len(data)
            # Never across the end of a page: the next one need not be mapped.
            size = min(PAGE - at % PAGE, limit - len(data))
            head, nul, _ = self.read(at, size).partition(b"\0")
            data += head
            if nul:
                break
        return data

    def write(self, addr: int, data: bytes) -> None:
        """Write all of ``data`` to memory at ``addr``; also to pages the LWP itself cannot write.

        :raises KernelError: EFAULT, not all of it is mapped; what came before may be written.
        :raises TraceeDied: it was killed just now.
        """
        pointer = self._pointer()
        if not data:
            return
        moved = check(lib.pico_loop_write(pointer, self.lwp, addr, data, len(data)), "write memory")
        if moved < len(data):
            raise _unmapped(addr, moved, len(data))

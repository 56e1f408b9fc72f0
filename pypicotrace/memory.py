"""The memory of an LWP that stands still."""

from __future__ import annotations

import errno
import struct
import sys
from typing import Any

from pypicotrace._ffi import ffi, lib
from pypicotrace.errors import KernelError, check
from pypicotrace.standing import Standing

PAGE = 4096


def _unmapped(addr: int, moved: int, size: int) -> KernelError:
    return KernelError(errno.EFAULT, f"only {moved} of {size} bytes at {addr:#x} are mapped")


def _check_address(addr: int) -> None:
    if not isinstance(addr, int):
        raise TypeError(f"an address is an int, not {type(addr).__name__}")
    if not 0 <= addr < 2**64:
        raise ValueError(f"{addr} is no address (0 to 2**64 - 1)")


class Memory(Standing):
    """What of a `Stop` reads and writes memory."""

    __slots__ = ()

    def read(self, addr: int, size: int) -> bytes:
        """Exactly ``size`` bytes of memory at ``addr``.

        :raises TypeError, ValueError: that is no address, or no size.
        :raises KernelError: EFAULT, not all of it is mapped.
        :raises TraceeDied: it was killed just now.
        """
        _check_address(addr)
        if size < 0:
            raise ValueError(f"a size is not negative: {size}")
        if size > sys.maxsize:  # a tracee's own, say; no process has so much
            raise _unmapped(addr, 0, size)
        if size == 0:
            self._pointer()
            return b""
        buffer = ffi.new("char[]", size)
        done = lib.pico_loop_read(self._pointer(), self.lwp, addr, buffer, size)
        moved = check(done, "read memory")
        if moved < size:
            raise _unmapped(addr, moved, size)
        return bytes(ffi.buffer(buffer))

    def read_cstring(self, addr: int, limit: int = 4096) -> bytes:
        """The bytes at ``addr`` up to a NUL, which is not part of the result, at most ``limit``.

        :raises TypeError, ValueError: that is no address, or no limit.
        :raises KernelError: EFAULT, memory ends before a NUL or the limit was reached.
        :raises TraceeDied: it was killed just now.
        """
        self._pointer()
        _check_address(addr)
        if limit < 0:
            raise ValueError(f"a limit is not negative: {limit}")
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

    def read_struct(self, addr: int, fmt: str) -> tuple[Any, ...]:
        """The values of a C structure at ``addr``.

        :param fmt: as the struct module takes it. Without a byte order in front it has the
            tracer's own sizes and alignment, which differ from those of a 32-bit program.
        :raises struct.error: ``fmt`` is no format.
        :raises KernelError: EFAULT, not all of it is mapped.
        :raises TraceeDied: it was killed just now.
        """
        shape = struct.Struct(fmt)
        return shape.unpack(self.read(addr, shape.size))

    def write(self, addr: int, data: bytes | bytearray | memoryview) -> None:
        """Write all of ``data`` to memory at ``addr``; also to pages the LWP itself cannot write.

        :raises TypeError, ValueError: that is no address, or these are no bytes.
        :raises KernelError: EFAULT, not all of it is mapped; what came before may be written.
        :raises TraceeDied: it was killed just now.
        """
        _check_address(addr)
        whole = bytes(memoryview(data))
        if not whole:
            self._pointer()
            return
        done = lib.pico_loop_write(self._pointer(), self.lwp, addr, whole, len(whole))
        moved = check(done, "write memory")
        if moved < len(whole):
            raise _unmapped(addr, moved, len(whole))

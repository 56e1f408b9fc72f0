"""System calls as picotrace-truss shows them, of made-up events and memory."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Any

import pypicotrace as pt
from pypicotrace import syscalls
from pypicotrace.tools.truss.lines import Lines
from pypicotrace.tools.truss.shape import Shape

FIRST = 0x10000
STEP = 0x10000
PAGE = 0x1000
"""What is mapped of a piece at least, as kernels do it."""


class Memory:
    """Pieces of memory, far from each other, by name; as much of a stop as decoders see."""

    def __init__(self, pieces: Mapping[str, bytes]) -> None:
        self._pieces = {FIRST + i * STEP: data for i, data in enumerate(pieces.values())}
        self.addresses = dict(zip(pieces, self._pieces, strict=True))

    def read(self, addr: int, size: int) -> bytes:
        data = self._rest(addr)
        if len(data) < size:
            raise pt.KernelError(errno.EFAULT, "not mapped")
        return data[:size]

    def read_cstring(self, addr: int, limit: int = 4096) -> bytes:
        head, nul, _ = self._rest(addr).partition(b"\0")
        if not nul and len(head) < limit:
            raise pt.KernelError(errno.EFAULT, "not mapped")
        return head[:limit]

    def _rest(self, addr: int) -> bytes:
        base = addr // STEP * STEP
        page = PAGE if base in self._pieces else 0
        return self._pieces.get(base, b"").ljust(page, b"\0")[addr - base :]


Argument = int | str
"""A number, or the name of a piece of memory that is pointed to."""


def pointers(memory: Memory, args: tuple[Argument, ...]) -> tuple[int, ...]:
    """As unsigned numbers, as events have them."""
    values = [memory.addresses[arg] if isinstance(arg, str) else arg for arg in args]
    return tuple(value & (2**64 - 1) for value in values)


def shown(
    abi: str,
    name: str,
    *args: Argument,
    ret: int | None = 0,
    error: int = 0,
    before: Mapping[str, bytes] | None = None,
    after: Mapping[str, bytes] | None = None,
    shape: Shape = Shape(),  # noqa: B008
    **memory: bytes,
) -> str:
    """The line of a call; ``before`` and ``after`` it the memory may be another."""
    at_entry, at_exit = Memory({**memory, **(before or {})}), Memory({**memory, **(after or {})})
    call = syscalls.load(abi).by_name[name]
    common: dict[str, Any] = {
        "pid": 7,
        "lwp": 7,
        "sysnum": call.number,
        "name": name,
        "args": pointers(at_entry, args),
        "abi": abi,
        "ts_ns": 5,
    }
    lines = Lines(shape, 0)
    assert list(lines.feed(pt.SyscallEntry(**common, stop=at_entry))) == []  # type: ignore[arg-type]
    result = {"retval": None if error else ret, "error": error, "elapsed_ns": 0, "retval2": 0}
    [line] = lines.feed(pt.SyscallExit(**common, **result, stop=at_exit))  # type: ignore[arg-type]
    return " = ".join(part.rstrip() for part in line.rsplit(" = ", 1))

"""What a decoder may look at: the call that an argument belongs to, and its process's memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Decode = Callable[[int, "Call"], "str | None"]
"""An argument as text; None: it is not shown, for this call does not look at it."""


Unreadable = OSError
"""Memory that is not mapped: `pypicotrace.KernelError` is one, so that a stop's own methods do."""


class Shown(NamedTuple):
    """How values are shown: at most so many bytes of a string, and array elements; all members."""

    limit: int = 32
    verbose: bool = False
    hexadecimal: bool = False


class Call:
    """A system call at its entry, or, with a result, at its exit.

    ``read(addr, size)`` gives exactly so many bytes, and ``cstring(addr, limit)`` those before a
    NUL, at most ``limit``; both raise `Unreadable`. ``retval`` is None before the exit, and where
    the call failed; ``ended`` is whether it is the exit; ``describe`` says what a descriptor refers
    to.
    """

    __slots__ = ("args", "cstring", "describe", "ended", "read", "retval", "shown")

    def __init__(
        self,
        args: tuple[int, ...],
        read: Callable[[int, int], bytes],
        cstring: Callable[[int, int], bytes],
        shown: Shown,
        describe: Callable[[int], str] | None = None,
    ) -> None:
        self.args = args
        self.read = read
        self.cstring = cstring
        self.shown = shown
        self.describe = describe
        self.retval: int | None = None
        self.ended = False

"""Where calls are chosen: by a filter in the kernel, or by the loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pypicotrace._ffi import ffi, lib
from pypicotrace.choice import Choice, Follow
from pypicotrace.errors import Unsupported, check
from pypicotrace.kinds import Mask
from pypicotrace.names import kept
from pypicotrace.syscalls import Table

if TYPE_CHECKING:
    from pypicotrace.syscalls.select import Selection


class Filtering(NamedTuple):
    """What chooses the calls: ``in_kernel``, a filter there, or the loop; and ``why``, in words."""

    in_kernel: bool
    why: str


EVERY_CALL = Filtering(False, "every call is of interest")
NOT_ASKED = Filtering(False, "a filter in the kernel was not asked for")
RUNNING = Filtering(False, "a process that runs already cannot be given a filter")
NOT_FOLLOWED = Filtering(False, "a filter in the kernel is for ever, and children are not followed")
NOT_HERE = Filtering(False, "this system has no filters in the kernel")
TAKES_PRIVILEGE = Filtering(
    False, "a filter in the kernel would take set-user-ID programs their privilege"
)
FREE = Filtering(True, "seccomp(2)")
NO_NEW_PRIVS = Filtering(
    True, "seccomp(2), with no_new_privs: set-user-ID programs run without their privilege"
)


def set_filter(
    loop: Any, keep: list[Any], choice: Choice, tables: Sequence[Table], chosen: list[Selection]
) -> Filtering:
    """Have what the C loop spawns take its filter into the kernel, where that is asked for.

    :param keep: gets what C borrows.
    :param chosen: the calls of each table; empty: all.
    :raises Unsupported: it was asked for, and cannot be had.
    """
    stops = choice.events & (Mask.SCE | Mask.SCX)
    if not stops or (not chosen and stops & Mask.SCX):
        return EVERY_CALL
    if choice.kernel_filter is False:
        return NOT_ASKED
    if choice.follow is not Follow.ALL or choice.keep is not None:
        return NOT_FOLLOWED
    # Most runs have none.
    from pypicotrace import seccomp

    try:
        return _set(loop, keep, seccomp.program(tables, chosen or None), choice)
    except Unsupported:
        if choice.kernel_filter:
            raise
        return NOT_HERE


def _set(loop: Any, keep: list[Any], program: bytes, choice: Choice) -> Filtering:
    array = kept(keep, ffi.new("uint64_t[]", len(program) // 8))
    ffi.memmove(array, program, len(program))
    cost = check(
        lib.pico_loop_set_kernel_filter(loop, array, len(program)),
        "filter system calls in the kernel",
    )
    if cost == lib.PICO_FILTER_FREE:
        return FREE
    if cost == lib.PICO_FILTER_TAKES_PRIVS and not choice.kernel_filter:
        lib.pico_loop_set_kernel_filter(loop, ffi.NULL, 0)
        return TAKES_PRIVILEGE
    return NO_NEW_PRIVS

"""A C loop that does what is asked for."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pypicotrace._ffi import ffi, lib
from pypicotrace.calls import ABIS
from pypicotrace.choice import Choice, Pin
from pypicotrace.errors import KernelError, Unsupported, check
from pypicotrace.filtering import Filtering, set_filter
from pypicotrace.names import call_names, kept
from pypicotrace.syscalls import Table

if TYPE_CHECKING:
    from pypicotrace.syscalls.select import Selection

WHY_NOT = {
    errno.EAGAIN: "there is no timer for the tracer: as many signals are pending as this user may "
    "have (RLIMIT_SIGPENDING, ulimit -i)",
    errno.EXDEV: "/proc is that of another pid namespace: mount its own there "
    "(unshare --mount-proc does)",
}


def native_kernel() -> Any:
    """A ``struct pico_kernel *`` of the system this runs on, for a loop to own."""
    error = ffi.new("int *")
    kernel = lib.pico_kernel_native(error)
    if -error[0] in WHY_NOT:
        raise KernelError(-error[0], WHY_NOT[-error[0]])
    check(error[0], "open the kernel")
    return kernel


def open_loop(
    keep: list[Any], kernel: Any, choice: Choice, calls: Sequence[Table]
) -> tuple[Any, Filtering]:
    """A ``struct pico_loop *``, which owns the kernel, also where this fails; and who filters.

    :param keep: gets what C borrows.
    :param calls: the tables of the ABIs that there are.
    :raises Unsupported: what was asked for is not to be had here.
    """
    error = ffi.new("int *")
    loop = lib.pico_loop_open(kernel, int(choice.events), choice.follow, error)
    check(error[0], "open the loop")
    try:
        return loop, _set(keep, loop, choice, calls)
    except BaseException:
        lib.pico_loop_free(loop)
        raise


def _set(keep: list[Any], loop: Any, choice: Choice, calls: Sequence[Table]) -> Filtering:
    lib.pico_loop_set_whole_results(loop, choice.whole_results)
    lib.pico_loop_set_asks(loop, choice.keep is not None)
    lib.pico_loop_set_slower_than(loop, choice.slower_than_ns)
    for table in calls:
        lib.pico_loop_set_syscalls(loop, ABIS[table.abi], call_names(keep, table))
    chosen = [] if choice.words is None else _choose(keep, loop, choice.words, calls)
    if choice.errors is not None:
        bits, first, count = choice.errors.bits()
        borrowed = kept(keep, ffi.new("uint8_t[]", bits))
        lib.pico_loop_set_errors(loop, borrowed, first, count, choice.errors.others)
    _pin(loop, choice.pin)
    return set_filter(loop, keep, choice, calls, chosen)


def _choose(
    keep: list[Any], loop: Any, words: Sequence[str], calls: Sequence[Table]
) -> list[Selection]:
    from pypicotrace.syscalls.select import select  # most runs have all calls

    chosen = select(words, calls)
    for table, selection in zip(calls, chosen, strict=True):
        bits, count = selection.bits(table)
        borrowed = kept(keep, ffi.new("uint8_t[]", bits))
        lib.pico_loop_set_filter(
            loop, ABIS[table.abi], borrowed, table.base, count, selection.others
        )
    _choose_unnamed(keep, loop, calls, all(selection.others for selection in chosen))
    return chosen


def _choose_unnamed(keep: list[Any], loop: Any, calls: Sequence[Table], others: bool) -> None:
    """Of calls that have no names here only what is left of all but some; and a half call."""
    half = kept(keep, ffi.new("uint8_t[]", [1]))
    for abi in range(lib.PICO_ABIS):
        if abi not in [ABIS[table.abi] for table in calls]:
            lib.pico_loop_set_filter(loop, abi, half, -1, 1, others)


def _pin(loop: Any, pin: Pin) -> None:
    cpu = {"auto": lib.PICO_PIN_AUTO, "off": lib.PICO_PIN_OFF}.get(str(pin), pin)
    code = lib.pico_loop_set_pin(loop, cpu)
    if code == -errno.EINVAL:
        raise Unsupported(f"pin: there is no processor {pin} that this thread may run on")
    check(code, "pin a thread to a processor")

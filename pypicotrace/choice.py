"""What is traced of the tracees, and what is reported of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Set
from enum import IntEnum
from typing import Literal, NamedTuple, TypedDict

from pypicotrace import results
from pypicotrace import syscalls as tables
from pypicotrace._ffi import lib
from pypicotrace.kinds import Mask
from pypicotrace.results import Errors


class Follow(IntEnum):
    """Who is traced besides the LWPs that a process has when it is started or attached to."""

    NONE = lib.PICO_FOLLOW_NONE
    """Nobody. On Linux LWPs that are made later are not traced at all, and an execve by one of
    them takes the process out of the trace. On NetBSD, where a process stops as a whole, they stop
    with it, and their events are left out."""
    LWPS = lib.PICO_FOLLOW_LWPS
    """The LWPs that they make; as False."""
    ALL = lib.PICO_FOLLOW_ALL
    """These, and children, and theirs; as True."""


Keep = Callable[[bytes, list[bytes]], object]
"""Says of a new image, by its path and arguments, whether to trace its process on."""


# More processors than any kernel is built for; a C int holds them.
CPU_MAX = 2**20

Pin = int | Literal["auto", "off"]
"""Whether tracees share a processor with the tracer: while it is worth it, never, or that one."""


class ChoiceOptions(TypedDict, total=False):
    """What `pypicotrace.spawn` and `attach` take of what is traced; they say what each means."""

    events: Mask
    follow: Follow | bool
    syscalls: Iterable[str] | None
    errors: bool | Iterable[str | int] | None
    slower_than: float | None
    keep: Keep | None
    whole_results: bool
    pin: Pin


class Choice(NamedTuple):
    """What a loop is asked for, checked; `pypicotrace.spawn` says what each means."""

    events: Mask = Mask.ALL
    follow: Follow = Follow.LWPS
    words: list[str] | None = None
    whole_results: bool = True
    errors: Errors | None = None
    slower_than_ns: int = 0
    keep: Keep | None = None
    kernel_filter: bool | None = False
    pin: Pin = "off"


def choose(
    *,
    events: Mask,
    follow: Follow | bool,
    syscalls: Iterable[str] | None,
    errors: bool | Iterable[str | int] | None,
    slower_than: float | None,
    whole_results: bool,
    keep: Keep | None = None,
    kernel_filter: bool | None = False,
    pin: Pin = "off",
) -> Choice:
    """Check the arguments of `pypicotrace.spawn` that say what is traced.

    :raises TypeError, ValueError: an argument is not what it must be.
    """
    wanted = results.errors(errors, native_abis()[0].partition("-")[0])
    slower_than_ns = results.nanoseconds(slower_than)
    events = _events(events)
    if wanted is not None or slower_than_ns:
        if events & Mask.SCE and not events & Mask.SCX:
            raise ValueError(
                "at a call's entry nobody knows its error or its time: with errors or slower_than, "
                "ask for SCX events"
            )
        events &= ~Mask.SCE
    if keep is not None and not callable(keep):
        raise TypeError(f"keep is a function of a path and arguments, not {type(keep).__name__}")
    if kernel_filter and (Follow(follow) is not Follow.ALL or keep is not None):
        raise ValueError(
            "kernel_filter goes with follow=True and without keep: who has it has it for ever"
        )
    return Choice(
        events=events,
        follow=Follow(follow),
        words=_words(syscalls),
        whole_results=whole_results,
        errors=wanted,
        slower_than_ns=slower_than_ns,
        keep=keep,
        kernel_filter=kernel_filter,
        pin=_pin(pin),
    )


def _events(events: Mask) -> Mask:
    if not isinstance(events, int) or isinstance(events, bool):
        raise TypeError(f"events is a Mask, such as SCE | SCX, not {type(events).__name__}")
    if isinstance(events, Mask):
        return events & Mask.ALL  # up to Python 3.10, ~SCE has all bits of an integer
    unknown = events & ~int(Mask.ALL)
    if unknown:
        raise ValueError(f"events has bits that stand for no event: {unknown:#x}")
    return Mask(events)


def native_abis() -> tuple[str, ...]:
    """The ABIs that processes may use here, the tracer's own first."""
    machine = os.uname().machine
    processor = (machine, 64 if sys.maxsize > 2**32 else 32, sys.byteorder)
    return tables.for_system(
        sys.platform.rstrip("0123456789"), tables.PROCESSORS.get(processor, machine)
    )


def _pin(pin: Pin) -> Pin:
    if isinstance(pin, bool) or not isinstance(pin, int | str):
        raise TypeError(f"pin is 'auto', 'off' or a processor's number, not {pin!r}")
    if pin in ("auto", "off") or (isinstance(pin, int) and 0 <= pin <= CPU_MAX):
        return pin
    raise ValueError(f"pin is 'auto', 'off' or a processor's number, not {pin!r}")


def _negated(word: str) -> bool:
    return word.startswith("!")


def _words(words: Iterable[str] | None) -> list[str] | None:
    if words is None:
        return None
    if isinstance(words, str):
        raise TypeError("syscalls is a collection of names, not one string")
    checked = list(words)
    for word in checked:
        if not isinstance(word, str):
            raise TypeError(f"syscalls is a collection of names, and {word!r} is none")
    if isinstance(words, Set):
        checked.sort(key=_negated)  # it has no order; without one they would mean this or that
    # Most runs choose none.
    from pypicotrace.syscalls.select import select

    select(checked, [tables.load(abi) for abi in native_abis()])
    return checked

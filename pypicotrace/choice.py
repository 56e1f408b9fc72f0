"""What is traced of the tracees, and what is reported of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import NamedTuple

from pypicotrace import syscalls as tables
from pypicotrace.events import Mask
from pypicotrace.syscalls.select import select


class Choice(NamedTuple):
    """What a loop is asked for, checked; `pypicotrace.spawn` says what each means."""

    events: Mask = Mask.ALL
    follow: bool = False
    words: list[str] | None = None
    whole_results: bool = True


def choose(
    *, events: Mask, follow: bool, syscalls: Iterable[str] | None, whole_results: bool
) -> Choice:
    """Check the arguments of `pypicotrace.spawn` that say what is traced.

    :raises TypeError, ValueError: an argument is not what it must be.
    """
    return Choice(Mask(events), follow, _words(syscalls), whole_results)


def native_abis() -> tuple[str, ...]:
    """The ABIs that processes may use here, the tracer's own first."""
    return tables.for_system(sys.platform.rstrip("0123456789"), os.uname().machine)


def _words(words: Iterable[str] | None) -> list[str] | None:
    if words is None:
        return None
    if isinstance(words, str):
        raise TypeError("syscalls is a collection of names, not one string")
    checked = list(words)
    select(checked, [tables.load(abi) for abi in native_abis()])
    return checked

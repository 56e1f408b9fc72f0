"""What a signal says of itself: a record's siginfo, changed. Pure."""

from __future__ import annotations

import signal
from typing import Any

from pypicotrace._ffi import ffi, lib
from pypicotrace.integers import within


def changed(record: Any, given: dict[str, int | None]) -> Any:
    """A copy of a STOPPED or CRASHED record with other values; None leaves one as it is.

    :raises ValueError: a value that does not go together with the signal and its code, or that is
        too large.
    """
    wanted = {name: value for name, value in given.items() if value is not None}
    info = ffi.new("struct pico_event *", record[0])
    for name, value in wanted.items():
        field, bits, signed = FIELDS[name]
        setattr(info, field, within(name, value, bits, signed=signed))
    child = info.signo == signal.SIGCHLD and info.code > 0
    fault = info.code > 0 and not child
    _only("addr", wanted, fault, "a code above 0, of a fault")
    _only("sender", wanted, not fault, "a code of at most 0, or SIGCHLD")
    _only("uid", wanted, not fault, "a code of at most 0, or SIGCHLD")
    _only("value", wanted, info.code < 0, "a code below 0, such as that of sigqueue(3)")
    _only("status", wanted, child, "SIGCHLD and a code above 0")
    if "addr" in wanted:
        info.flags |= lib.PICO_HAS_ADDR
    elif not fault:
        info.flags = info.flags & ~lib.PICO_HAS_ADDR | lib.PICO_HAS_SENDER
    return info


# The parameter's field in the record, its bits, and whether the field is signed.
FIELDS = {
    "code": ("code", 32, True),
    "sender": ("sender", 32, True),
    "uid": ("uid", 32, False),
    "value": ("value", 64, False),
    "addr": ("addr", 64, False),
    "errno": ("sig_errno", 32, True),
    "status": ("status", 32, True),
}


def _only(name: str, wanted: dict[str, int], true: bool, where: str) -> None:
    if name in wanted and not true:
        raise ValueError(f"a signal has {name} only together with {where}")

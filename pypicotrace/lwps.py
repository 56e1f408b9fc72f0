"""What the LWPs are doing now."""

from __future__ import annotations

from typing import Any, NamedTuple

from pypicotrace._ffi import ffi, lib
from pypicotrace.calls import name_of, syscall


class LwpNow(NamedTuple):
    """What an LWP is doing.

    ``pid`` and ``lwp`` are its process and itself, ``program`` its process's name. ``call`` is the
    name of the system call it is in, None where it is in none or none was seen; ``since_ns`` when
    it entered it, on CLOCK_MONOTONIC. ``state`` is "standing" in a stop of the tracer's, "stopped"
    by a signal, or "running", which includes sleeping.
    """

    pid: int
    lwp: int
    program: bytes
    call: str | None
    since_ns: int
    state: str = "running"


STATES = ("running", "standing", "stopped")


def lwp_now(record: Any) -> LwpNow:
    """An `LwpNow` of a ``struct pico_lwp_now``."""
    call = name_of(syscall(record.abi, record.sysnum), record.sysnum) if record.in_call else None
    return LwpNow(
        record.pid,
        record.lwp,
        ffi.string(record.program),
        call,
        record.since_ns,
        STATES[record.doing],
    )


def lwps_now(pointer: Any) -> list[LwpNow]:
    """Those of a C loop, in order of process and LWP."""
    count = lib.pico_loop_lwps(pointer, ffi.NULL, 0)
    array = ffi.new("struct pico_lwp_now[]", count or 1)
    lib.pico_loop_lwps(pointer, array, count)
    return sorted(map(lwp_now, array[0:count]))

"""Where, when and of what a trace is: the head of a recording."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from typing import NamedTuple

from pypicotrace.choice import native_abis

BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Header(NamedTuple):
    """What a recording says of itself.

    ``version`` is that of the package that has written it; ``os`` the system (``linux``,
    ``netbsd``), ``release`` and ``machine`` as uname(1) has them, ``abi`` that of the machine's own
    programs, ``host`` its name. ``boot`` names the time since it was started: traces with the same
    host and boot share their clock and process ids; empty where that is not known. ``epoch_ns`` is
    what has to be added to an event's ``ts_ns`` for nanoseconds since 1970. ``command`` is what was
    traced, empty where processes were attached to.
    """

    version: str
    os: str
    release: str
    machine: str
    abi: str
    host: str
    boot: str
    epoch_ns: int
    command: tuple[bytes, ...] = ()


def here(version: str, command: Iterable[str | bytes] = ()) -> Header:
    """The header of a trace that begins now, on this machine.

    :param version: the package's.
    :param command: what is traced, and its arguments.
    """
    system = os.uname()
    return Header(
        version=version,
        os=system.sysname.lower(),
        release=system.release,
        machine=system.machine,
        abi=next(iter(native_abis()), "unknown"),
        host=system.nodename,
        boot=boot(),
        epoch_ns=time.time_ns() - time.monotonic_ns(),
        command=tuple(map(os.fsencode, command)),
    )


def boot() -> str:
    """What no other boot of this host has: on Linux boot_id (random(4)), else when it began.

    Empty where the system does not say: a container may have no /proc/sys.
    """
    if sys.platform != "linux":
        return str(_boot_time())
    try:
        with open(BOOT_ID) as file:
            return file.read().strip()
    except OSError:
        return ""


def _boot_time() -> int:
    """Seconds since 1970: kern.boottime, a struct timespec (sysctl(7))."""
    import ctypes

    class Timespec(ctypes.Structure):
        _fields_ = (("seconds", ctypes.c_int64), ("nanoseconds", ctypes.c_long))

    found, size = Timespec(), ctypes.c_size_t(ctypes.sizeof(Timespec))
    failed = ctypes.CDLL(None, use_errno=True).sysctlbyname(
        b"kern.boottime", ctypes.byref(found), ctypes.byref(size), None, ctypes.c_size_t(0)
    )
    if failed:
        code = ctypes.get_errno()
        raise OSError(code, f"sysctl kern.boottime: {os.strerror(code)}")
    return int(found.seconds)

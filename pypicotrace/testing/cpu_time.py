"""How long each LWP of a process has run, as the system counts it."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from pathlib import Path

# sys/sysctl.h of NetBSD: sysctl(7)'s kern.lwp, and struct kinfo_lwp, whose layout is the same on
# every machine.
CTL_KERN, KERN_LWP = 1, 64
KINFO_LWP = struct.Struct("=4Q2i2I2i2B2bi8s2Q5I20s")
LID, RTIME_SEC, RTIME_USEC = 4, 18, 19


def cpu_times(pid: int) -> dict[int, int]:
    """Nanoseconds of CPU time of each LWP that the process has now; none where it has ended.

    Linux: /proc/PID/task/LWP/schedstat. NetBSD: sysctl(7), kern.lwp, to the microsecond.

    :raises OSError: the system does not tell.
    """
    return _by_sysctl(pid) if sys.platform.startswith("netbsd") else _by_proc(pid)


def _by_proc(pid: int) -> dict[int, int]:
    times = {}
    try:
        lwps = os.listdir(f"/proc/{pid}/task")
    except FileNotFoundError:
        return {}
    for lwp in lwps:
        try:
            text = Path(f"/proc/{pid}/task/{lwp}/schedstat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        times[int(lwp)] = int(text.split(maxsplit=1)[0])
    return times


def _by_sysctl(pid: int) -> dict[int, int]:
    libc = ctypes.CDLL(None, use_errno=True)
    room = 64
    while True:
        name = (ctypes.c_int * 5)(CTL_KERN, KERN_LWP, pid, KINFO_LWP.size, room)
        buffer = ctypes.create_string_buffer(KINFO_LWP.size * room)
        size = ctypes.c_size_t(len(buffer))
        if libc.sysctl(name, 5, buffer, ctypes.byref(size), None, 0) == 0:
            return parse_kinfo(buffer.raw[: size.value])
        error = ctypes.get_errno()
        if error == errno.ESRCH:
            return {}
        if error == errno.ENOMEM:
            room *= 2  # there are more
        elif error != errno.EAGAIN:  # one ended meanwhile
            raise OSError(error, os.strerror(error))


def parse_kinfo(data: bytes) -> dict[int, int]:
    """CPU times from an array of NetBSD's struct kinfo_lwp."""
    whole = len(data) - len(data) % KINFO_LWP.size
    return {
        fields[LID]: fields[RTIME_SEC] * 10**9 + fields[RTIME_USEC] * 1000
        for fields in KINFO_LWP.iter_unpack(data[:whole])
    }

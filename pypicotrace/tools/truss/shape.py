"""How lines look: what comes before a call, its result, and what signals and ends look like."""

from __future__ import annotations

import os
import sys
import time
from enum import IntEnum
from typing import NamedTuple

from pypicotrace import Crashed, Event, Stopped, SyscallExit
from pypicotrace.tools.decode import plain
from pypicotrace.tools.decode.abi import Abi
from pypicotrace.tools.decode.call import Shown
from pypicotrace.tools.decode.signals import code_names, sent

COLUMN = 39
"""Results begin here."""
FIRST_INTERNAL_ERROR = 512
"""Linux: what a program never sees, of calls that are restarted."""


class Clock(IntEnum):
    """What time a line begins with."""

    NONE = 0
    DAY = 1
    DAY_EXACT = 2
    EPOCH = 3
    SINCE = 4


class Shape(NamedTuple):
    """What the command line says of lines; ``shown`` is of values."""

    shown: Shown = Shown()
    ids: bool = False
    clock: Clock = Clock.NONE
    elapsed: bool = False
    names: bool = False
    unfinished: bool = False
    descriptors: bool = False
    signals: bool = True
    ends: bool = True
    failed: bool | None = None


class Prefix:
    """What comes before a line: whose it is, and when."""

    def __init__(self, shape: Shape, since_epoch_ns: int) -> None:
        """``since_epoch_ns`` is what is to be added to CLOCK_MONOTONIC."""
        self._ids = shape.ids
        self._clock = shape.clock
        self._epoch = since_epoch_ns
        self._last = 0

    def text(self, pid: int, lwp: int, ts_ns: int) -> str:
        """For a line of that LWP, at that time of CLOCK_MONOTONIC."""
        who = f"{shown_lwp(pid, lwp):5} " if self._ids else ""
        return who + self._time(ts_ns) if self._clock else who

    def _time(self, ts_ns: int) -> str:
        if self._clock == Clock.SINCE:
            since = ts_ns - self._last if self._last else 0
            self._last = max(ts_ns, self._last)
            return f"{max(since, 0) / 1e9:12.6f} "
        seconds, ns = divmod(ts_ns + self._epoch, 10**9)
        if self._clock == Clock.EPOCH:
            return f"{seconds}.{ns // 1000:06d} "
        day = time.strftime("%H:%M:%S", time.localtime(seconds))
        return f"{day} " if self._clock == Clock.DAY else f"{day}.{ns // 1000:06d} "


def shown_lwp(pid: int, lwp: int) -> str:
    """An LWP: on Linux its id says it all, on NetBSD each process counts its own."""
    if sys.platform == "linux" or lwp == 0:
        return str(lwp or pid)
    return f"{pid}.{lwp}"


def failure(abi: Abi, error: int) -> str:
    """The result of a call that has failed, by name and in words."""
    name = abi.errors.get(error, f"E{error}")
    if error < 0 or (abi.os == "linux" and error >= FIRST_INTERNAL_ERROR):
        return f"? {name}"
    words = f" ({os.strerror(error)})" if sys.platform.startswith(abi.os) else ""
    return f"-1 {name}{words}"


def result(retval: int | None, retval2: int | None) -> str:
    """The result of a call of which nothing more is known than that it is a number."""
    if retval is None:
        return "?"
    return str(plain.signed(retval, 64)) + (f" (second {retval2})" if retval2 else "")


def elapsed(event: SyscallExit) -> str:
    """The seconds spent in a call."""
    return f" <{event.elapsed_ns / 1e9:.6f}>" if event.elapsed_ns else ""


def signal_line(abi: Abi, event: Stopped) -> str:
    """A signal, and what it says of itself."""
    name = abi.signal(event.signo)
    if event.code is None:
        return f"--- {name} ---"
    if isinstance(event, Crashed):
        words = [f"si_signo={name}", f"si_code={code_names(abi)(event.signo, event.code)}"]
        words.append(f"si_addr={plain.hexadecimal(abi)(event.addr, None)}")  # type: ignore[arg-type]
    else:
        # Both are known where the code is.
        words = sent(abi)(event.signo, event.code, event.sender or 0, event.uid or 0, event.status)
        if event.code <= 0 and event.value:
            words.append(f"si_value={event.value:#x}")
    return f"--- {name} {{{', '.join(words)}}} ---"


def end_line(abi: Abi, event: Event) -> str:
    """How a process or an LWP has ended."""
    signo = getattr(event, "signo", None)
    if signo is not None:
        core = " (core dumped)" if getattr(event, "core", False) else ""
        return f"+++ killed by {abi.signal(signo)}{core} +++"
    status = getattr(event, "status", None)
    return "+++ exited +++" if status is None else f"+++ exited with {status} +++"

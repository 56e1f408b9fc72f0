"""A tracer for test_failing.py: a loop whose body does all that a stop can do, and goes on when the
tracee dies of a sudden.

    python failing_loop.py PROGRAM [ARG ...]

Writes each event to standard output as a line of JSON, and last how it ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys

from system import children

import pypicotrace as pt

NOBODY = 0x10000
"""An address below what Linux maps for anybody: there never is an instruction."""


def look_into(event: pt.Event, stop: pt.Stop) -> None:
    """At a call of the tracee's own: everything, without changing what it does."""
    registers = stop.registers
    pc, sp = registers.pc, registers["rsp"]
    word = stop.read(sp, 8)
    stop.write(sp, word)
    assert len(stop.read(pc - 2, 2)) == 2
    stop.breakpoint(NOBODY)
    assert stop.syscall("getpid") == event.pid
    registers["rbx"] = registers["rbx"]
    stop.clear_breakpoint(NOBODY)
    if type(event) is pt.SyscallEntry:
        fd, at, whence = event.args
        stop.set_args(fd, at, whence)
    if type(event) is pt.SyscallExit:
        stop.inject(error="EBADF")


def fields(event: pt.Event) -> dict[str, object]:
    told = {"kind": type(event).__name__, "pid": event.pid, "lwp": event.lwp, "seq": event.seq}
    for name in ("name", "args", "retval", "error", "child", "old_lwp", "signo", "status", "core"):
        with contextlib.suppress(AttributeError):
            told[name] = getattr(event, name)
    return told


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def main() -> None:
    before = descriptors()
    died: set[int] = set()
    ended = "whole"
    try:
        with pt.spawn(sys.argv[1:], follow=True) as loop:
            for event in loop:
                print(json.dumps(fields(event)))
                if getattr(event, "name", "") != "lseek":
                    continue
                try:
                    look_into(event, event.stop)
                except pt.TraceeDied:
                    died.add(event.lwp)
    except (pt.PicotraceError, MemoryError) as error:
        ended = f"{type(error).__name__}: {error}"
        if error.__context__ is not None:
            raise  # there is one, and it is clear by itself
    left = {"descriptors": descriptors() - before, "children": children()}
    print(json.dumps({"ended": ended, "died": sorted(died), **left}))


main()

"""Events as lines: what happened to whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pypicotrace as pt
from pypicotrace.tools.decode.abi import Abi
from pypicotrace.tools.decode.text import one_line
from pypicotrace.tools.truss.shape import end_line, signal_line

CHILDREN = {pt.Forked: "forked", pt.Vforked: "vforked", pt.Spawned: "spawned"}
SAID: dict[type[pt.Event], str] = {
    pt.VforkDone: "goes on after vfork",
    pt.LwpCreated: "new LWP",
    pt.Continued: "continued",
    pt.Attached: "attached to",
    pt.Detached: "let go",
}


def dispositions(status: bytes) -> Callable[[int], str]:
    """What a process does about each signal, of Linux's ``/proc/PID/status``."""
    fields = dict(line.partition(b":")[::2] for line in status.splitlines())
    caught, ignored = (int(fields[name], 16) for name in (b"SigCgt", b"SigIgn"))

    def say(signo: int) -> str:
        bit = 1 << (signo - 1)
        return "handled" if caught & bit else "ignored" if ignored & bit else "default"

    return say


def disposition(event: pt.Stopped) -> str:
    """The same of the process that is to get this one; "" where the system does not tell."""
    try:
        status = Path(f"/proc/{event.pid}/status").read_bytes()
        return f" {dispositions(status)(event.signo)}"
    except (OSError, KeyError):
        return ""


def said(abi: Abi, event: pt.Event) -> str:
    """What happened."""
    if isinstance(event, pt.Stopped | pt.Crashed):
        return signal_line(abi, event) + disposition(event)
    if isinstance(event, pt.Forked | pt.Vforked | pt.Spawned):
        return f"{CHILDREN[type(event)]} {event.child}"
    if isinstance(event, pt.Exec):
        return "executes" + (f", by LWP {event.old_lwp}" if event.old_lwp else "")
    if isinstance(event, pt.Exited | pt.Signaled | pt.LwpExited):
        return end_line(abi, event)
    if isinstance(event, pt.VforkDone):
        return f"{SAID[pt.VforkDone]} of {event.child}"
    return SAID[type(event)]


def line(abi: Abi, event: pt.Event, since_ns: int) -> str:
    """A line: seconds since the tracer began, process, LWP, program, and what happened."""
    seconds = (event.ts_ns - since_ns) / 1e9
    who = f"{event.pid:6d} {event.lwp:6d} {one_line(event.program):>14}"
    return f"{seconds:11.6f} {who} {said(abi, event)}"

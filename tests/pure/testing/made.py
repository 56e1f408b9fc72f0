"""Events and traces made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pypicotrace as pt
from pypicotrace.syscalls import load
from pypicotrace.testing import Trace
from pypicotrace.testing.patterns import Seen
from pypicotrace.testing.trace import traced_events

ROOT = 100
CALLS = load("linux-x86_64").by_name


def made_call(
    name: str,
    *args: int,
    lwp: int = ROOT,
    pid: int = 0,
    retval: int | None = 0,
    error: int = 0,
    **strings: bytes,
) -> list[Any]:
    """The entry and the exit of a call, and its strings; `trace_of` numbers them."""
    common: dict[str, Any] = {
        "pid": pid or lwp,
        "lwp": lwp,
        "name": name,
        "args": args,
        "params": tuple(param.name for param in CALLS[name].params) if name in CALLS else (),
        "program": b"prog",
        "abi": "linux-x86_64",
        "sysnum": 1,
    }
    result = {"retval": None if error else retval, "error": error, "elapsed_ns": 1}
    return [("entry", common, strings), ("exit", common, result)]


def trace_of(*items: Any, **about: Any) -> Trace:
    """A trace of events, and of what `made_call` gives; each gets the next number."""
    events: list[pt.Event] = []
    strings: dict[int, Mapping[str, bytes]] = {}
    entered: dict[int, int] = {}
    for item in _flat(items):
        seq = len(events) + 1
        if isinstance(item, pt.Event):
            events.append(_numbered(item, seq))
            continue
        kind, common, more = item
        if kind == "entry":
            entered[common["lwp"]] = seq
            strings[seq] = more
            events.append(pt.SyscallEntry(seq=seq, **common))
        else:
            enter_seq = entered.pop(common["lwp"])
            events.append(pt.SyscallExit(seq=seq, enter_seq=enter_seq, **common, **more))
    return Trace(traced_events(events, strings), **{"root": ROOT, **about})


def _numbered(event: pt.Event, seq: int) -> pt.Event:
    from dataclasses import replace

    whose = {"pid": event.pid or ROOT, "program": event.program or b"prog"}
    lwp = event.lwp if isinstance(event.lwp, int) else whose["pid"]
    return replace(event, seq=seq, lwp=lwp, **whose)


def _flat(items: Sequence[Any]) -> list[Any]:
    return [part for item in items for part in (item if isinstance(item, list) else [item])]


def exit_of(*args: Any, **fields: Any) -> Seen:
    """The exit of one call, alone."""
    return trace_of(made_call(*args, **fields)).seen[1]

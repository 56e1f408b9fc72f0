"""Records of the C core, made into events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pypicotrace import events as ev
from pypicotrace._ffi import ffi, lib
from pypicotrace.calls import ABI_NAMES, name_of, syscall
from pypicotrace.stop import Stop


class LwpNow(NamedTuple):
    """What an LWP is doing.

    ``call`` is the name of the system call it is in, None where it is in none or none was seen;
    ``since_ns`` when it entered it, on CLOCK_MONOTONIC. ``state`` is "standing" in a stop of the
    tracer's, "stopped" by a signal, or "running", which includes sleeping.
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


def event(record: Any, stop: Stop | None) -> ev.Event:
    common = {
        "pid": record.pid,
        "lwp": record.lwp,
        "program": ffi.string(record.program),
        "seq": record.seq,
        "ts_ns": record.ts_ns,
        "stop": stop,
    }
    make, fields = MAKERS[record.kind]
    return make(**common, **fields(record))


def _call(record: Any) -> dict[str, Any]:
    call = syscall(record.abi, record.sysnum)
    return {
        "sysnum": record.sysnum,
        "name": name_of(call, record.sysnum),
        "args": tuple(record.args[0 : record.nargs]),
        "params": tuple(param.name for param in call.params) if call is not None else (),
        "abi": ABI_NAMES.get(record.abi, "unknown"),
    }


def _exit(record: Any) -> dict[str, Any]:
    return {
        **_call(record),
        "retval": None if record.error else record.retval[0],
        "retval2": None if record.error else record.retval[1],
        "error": record.error,
        "enter_seq": record.enter_seq,
        "elapsed_ns": record.elapsed_ns,
        "cut": bool(record.flags & lib.PICO_CUT),
    }


def _signal(record: Any) -> dict[str, Any]:
    return {
        "signo": record.signo,
        "code": record.code,
        "sender": record.sender,
        "uid": record.uid,
        "addr": record.addr,
        "value": record.value,
        "status": record.status,
    }


def _child(record: Any) -> dict[str, Any]:
    return {"child": record.other}


def _pc(record: Any) -> dict[str, Any]:
    return {"pc": record.addr}


def _nothing(record: Any) -> dict[str, Any]:
    return {}


Kind = ev.Kind
MAKERS: dict[int, tuple[type[ev.Event], Callable[[Any], dict[str, Any]]]] = {
    Kind.SCE: (ev.SyscallEntry, _call),
    Kind.SCX: (ev.SyscallExit, _exit),
    Kind.EXEC: (ev.Exec, lambda record: {"old_lwp": record.other}),
    Kind.FORKED: (ev.Forked, _child),
    Kind.VFORKED: (ev.Vforked, _child),
    Kind.SPAWNED: (ev.Spawned, _child),
    Kind.VFORK_DONE: (ev.VforkDone, _child),
    Kind.LWP_CREATED: (ev.LwpCreated, _nothing),
    Kind.LWP_EXITED: (ev.LwpExited, _nothing),
    Kind.STOPPED: (ev.Stopped, _signal),
    Kind.CRASHED: (ev.Crashed, _signal),
    Kind.CONTINUED: (ev.Continued, _nothing),
    Kind.SIGNALED: (
        ev.Signaled,
        lambda record: {"signo": record.signo, "core": bool(record.flags & lib.PICO_CORE)},
    ),
    Kind.EXITED: (ev.Exited, lambda record: {"status": record.status}),
    Kind.SINGLESTEP: (ev.SingleStep, _pc),
    Kind.BREAKPOINT: (ev.Breakpoint, _pc),
    Kind.DBREG: (ev.DebugRegister, _pc),
    Kind.ATTACHED: (ev.Attached, _nothing),
    Kind.DETACHED: (ev.Detached, _nothing),
}

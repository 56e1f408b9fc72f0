"""Records of the C core, made into events."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from pypicotrace import events as ev
from pypicotrace._ffi import lib
from pypicotrace.calls import ABI_NAMES, name_of, syscall
from pypicotrace.kinds import Kind
from pypicotrace.layout import FORMAT, PLACES
from pypicotrace.standing import Owner
from pypicotrace.stop import Stop

Values = tuple[Any, ...]
"""A record as the values of its fields."""

SEQ, ENTER_SEQ, TS, ELAPSED = (PLACES[name] for name in ("seq", "enter_seq", "ts_ns", "elapsed_ns"))
PID, LWP, PROGRAM = (PLACES[name] for name in ("pid", "lwp", "program"))
KIND, FLAGS, ABI, NARGS = (PLACES[name] for name in ("kind", "flags", "abi", "nargs"))
SYSNUM, ERROR, ARGS, RETVAL = (PLACES[name] for name in ("sysnum", "error", "args", "retval"))
OTHER, STATUS, SIGNO, CODE = (PLACES[name] for name in ("other", "status", "signo", "code"))
SENDER, UID, ADDR, VALUE = (PLACES[name] for name in ("sender", "uid", "addr", "value"))


class Told(NamedTuple):
    """What an event is made of when it is looked at, as `event` keeps it: a plain tuple."""

    data: bytes
    """A copy of its ``struct pico_event``."""
    owner: Owner | None
    """Of the LWP that stood still for it,"""
    turn: int
    """in this turn,"""
    lwp: int
    """which had this id; 0: none did."""
    record: Any
    """The loop's own record."""


def event(record: Any, data: Any, owner: Owner | None = None, lwp: int = 0) -> ev.Event:
    """The event of a ``struct pico_event *``, which may be used again afterwards.

    :param data: the buffer of it.
    :param owner: the loop whose LWP, ``lwp``, stands still for it.
    """
    made = new(CLASSES[record.kind])
    if owner is None:
        set_record(made, (data[:], None, 0, 0, None))
    else:
        set_record(made, (data[:], owner, owner.turn, lwp, record))
    return made


def fields_of(record: tuple[Any, ...]) -> dict[str, Any]:
    """The fields of the event of a `Told`."""
    told = Told._make(record)
    values = FORMAT.unpack(told.data)
    stop = None
    if told.owner is not None and told.lwp:
        stop = Stop(told.owner, told.lwp, told.record, told.turn)
    return {
        "pid": values[PID],
        "lwp": values[LWP],
        "program": values[PROGRAM].partition(b"\0")[0],
        "seq": values[SEQ],
        "ts_ns": values[TS],
        "stop": stop,
        **MAKERS[values[KIND]][1](values),
    }


@cache
def _named(abi: int, sysnum: int) -> tuple[str, tuple[str, ...]]:
    """A call's name, and those of its arguments."""
    call = syscall(abi, sysnum)
    params = tuple(param.name for param in call.params) if call is not None else ()
    return name_of(call, sysnum), params


def _call(values: Values) -> dict[str, Any]:
    abi, sysnum = values[ABI], values[SYSNUM]
    name, params = _named(abi, sysnum)
    return {
        "sysnum": sysnum,
        "name": name,
        "args": values[ARGS : ARGS + values[NARGS]],
        "params": params,
        "abi": ABI_NAMES.get(abi, "unknown"),
    }


def _exit(values: Values) -> dict[str, Any]:
    error = values[ERROR]
    return {
        **_call(values),
        "retval": None if error else values[RETVAL],
        "retval2": None if error else values[RETVAL + 1],
        "error": error,
        "enter_seq": values[ENTER_SEQ],
        "elapsed_ns": values[ELAPSED],
        "cut": bool(values[FLAGS] & lib.PICO_CUT),
    }


def _signal(values: Values) -> dict[str, Any]:
    told = not values[FLAGS] & lib.PICO_UNTOLD
    return {
        "signo": values[SIGNO],
        "code": values[CODE] if told else None,
        "sender": values[SENDER] if told else None,
        "uid": values[UID] if told else None,
        "addr": values[ADDR],
        "value": values[VALUE],
        "status": values[STATUS],
    }


def _child(values: Values) -> dict[str, Any]:
    return {"child": values[OTHER]}


def _pc(values: Values) -> dict[str, Any]:
    return {"pc": values[ADDR]}


def _nothing(values: Values) -> dict[str, Any]:
    return {}


# Past the door that keeps everybody else from changing an event.
new: Callable[[type[ev.Event]], ev.Event] = object.__new__
set_record: Callable[[ev.Event, tuple[Any, ...]], None] = vars(ev.Recorded)["_record"].__set__
ev.Recorded.fields_of = staticmethod(fields_of)

MAKERS: dict[int, tuple[type[ev.Event], Callable[[Values], dict[str, Any]]]] = {
    Kind.SCE: (ev.SyscallEntry, _call),
    Kind.SCX: (ev.SyscallExit, _exit),
    Kind.EXEC: (ev.Exec, lambda values: {"old_lwp": values[OTHER]}),
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
        lambda values: {"signo": values[SIGNO], "core": bool(values[FLAGS] & lib.PICO_CORE)},
    ),
    Kind.EXITED: (ev.Exited, lambda values: {"status": values[STATUS]}),
    Kind.SINGLESTEP: (ev.SingleStep, _pc),
    Kind.BREAKPOINT: (ev.Breakpoint, _pc),
    Kind.DBREG: (ev.DebugRegister, _pc),
    Kind.ATTACHED: (ev.Attached, _nothing),
    Kind.DETACHED: (ev.Detached, _nothing),
}
CLASSES = {int(kind): of for kind, (of, _) in MAKERS.items()}

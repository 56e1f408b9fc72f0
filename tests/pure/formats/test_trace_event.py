"""The Trace Event format: what lies where, and what must hold of everything."""

from __future__ import annotations

from typing import Any

import pytest
from opened import Event, opened
from records import HEADER, batch_of_all

import pypicotrace as pt
from pypicotrace.formats import new, trace_event

MS = 1_000_000
KILL: dict[str, Any] = {"sysnum": 62, "name": "kill", "args": (20, 10), "params": ("pid", "sig")}
PAUSE: dict[str, Any] = {"sysnum": 34, "name": "pause", "args": (), "params": ()}
READ: dict[str, Any] = {"sysnum": 0, "name": "read", "args": (3, 0x7FFF0000, 2**63)}
LINUX = {"abi": "linux-x86_64"}
CHILD = {"signo": 17, "code": 1, "uid": 0, "addr": 0, "value": 0, "status": 0}
BAD = {"retval": None, "error": 4, "enter_seq": 1}


def at(ms: int, pid: int, lwp: int | None = None, program: bytes = b"sh") -> dict[str, Any]:
    return {"ts_ns": ms * MS, "pid": pid, "lwp": pid if lwp is None else lwp, "program": program}


def written(*events: pt.Event) -> list[Event]:
    form = new("trace-event")
    pieces = [form.begin(HEADER), form.events(events), form.end()]  # type: ignore[arg-type]
    return opened(b"".join(pieces))


def having(events: list[Event], **fields: Any) -> list[Event]:
    return [event for event in events if fields.items() <= event.items()]


def test_nothing() -> None:
    assert written() == []


def test_a_call_is_a_slice_in_that_of_its_lwp() -> None:
    events = written(
        pt.SyscallEntry(**at(1, 10), **READ, **LINUX, params=("fd", "buf", "count")),
        pt.SyscallExit(**at(3, 10), **READ, **LINUX, **BAD, elapsed_ns=2 * MS),
        pt.Exited(**at(4, 10, 0), status=3),
    )
    assert [(event["ph"], event["name"], event.get("ts")) for event in events] == [
        ("M", "process_name", None),
        ("M", "thread_name", None),
        ("B", "sh", 1000),
        ("B", "read", 1000),
        ("E", "read", 3000),
        ("E", "sh", 4000),
    ]
    begin, end, ended = events[3:]
    assert begin["args"] == {"fd": 3, "buf": "0x7fff0000", "count": "0x8000000000000000"}
    assert end["args"] == {"error": "EINTR"}
    assert ended["args"] == {"status": 3}


def test_calls_whose_other_half_is_not_in_the_trace() -> None:
    events = written(
        pt.SyscallExit(**at(3, 10), **READ, **LINUX, retval=5, error=0, elapsed_ns=2 * MS),
        pt.SyscallEntry(**at(4, 10), **PAUSE),
        pt.SyscallEntry(**at(5, 10), **PAUSE),
    )
    [whole] = having(events, ph="X")
    assert (whole["ts"], whole["dur"]) == (1000, 2000)
    args = {"arg0": 3, "arg1": "0x7fff0000", "arg2": "0x8000000000000000"}
    assert whole["args"] == {**args, "ret": 5}
    assert [event["ts"] for event in having(events, name="pause")] == [4000, 5000, 5000, 5000]


def test_an_arrow_leads_to_a_child() -> None:
    events = written(
        pt.SyscallEntry(**at(1, 10), sysnum=57, name="fork", args=()),
        pt.Forked(**at(2, 10), child=20),
        pt.SyscallEntry(**at(3, 20), **PAUSE),
        pt.Exited(**at(4, 20, 0), status=0),
    )
    [start] = having(events, ph="s")
    [end] = having(events, ph="f")
    assert (start["tid"], start["ts"], end["tid"], end["ts"]) == (10, 2000, 20, 3000)


def test_an_arrow_to_a_child_of_which_nothing_was_seen() -> None:
    events = written(
        pt.SyscallEntry(**at(1, 10), sysnum=57, name="fork", args=()),
        pt.Vforked(**at(2, 10), child=20),
    )
    assert len(having(events, ph="f", tid=20)) == 1


def test_an_arrow_leads_from_a_signals_sender() -> None:
    told = {"signo": 10, "code": 0, "uid": 0, "addr": 0, "value": 0, "status": 0}
    events = written(
        pt.SyscallEntry(**at(1, 20), **PAUSE),
        pt.SyscallEntry(**at(2, 10, 11), **KILL),
        pt.Stopped(**at(3, 20), **told, sender=10),
        pt.Stopped(**at(4, 20), **told, sender=999),
        pt.Stopped(**at(5, 20), **{**told, "signo": 12}, sender=10),
    )
    [start] = having(events, ph="s")
    [end] = having(events, ph="f")
    assert (start["tid"], start["ts"], end["tid"], end["ts"]) == (11, 2000, 20, 3000)
    names = [event["name"] for event in having(events, ph="i")]
    assert names == ["SIGUSR1", "SIGUSR1", "SIGUSR2"]
    assert having(events, ph="i")[0]["args"] == {"si_code": 0, "si_pid": 10, "si_uid": 0}


def test_a_sender_that_has_ended_before_the_signal_came() -> None:
    """Its SIGCHLD has an arrow of its own, also where nothing was seen of it but its end."""
    told = {"code": 0, "uid": 0, "addr": 0, "value": 0, "status": 0}
    for calls in ([pt.SyscallEntry(**at(2, 20), **KILL)], []):
        events = written(
            pt.SyscallEntry(**at(1, 10), **PAUSE),
            *calls,
            pt.Exited(**at(3, 20, 0), status=0),
            pt.Stopped(**at(4, 10), **told, signo=10, sender=20),
            pt.Stopped(**at(5, 10), **told, signo=17, sender=20),
        )
        arrows = [(event["name"], round(event["ts"])) for event in having(events, ph="s")]
        assert arrows == [*(("SIGUSR1", 2000) for _ in calls), ("SIGCHLD", 3000)]


def test_sigchld_comes_from_where_the_child_has_ended() -> None:
    events = written(
        pt.SyscallEntry(**at(1, 10), **PAUSE),
        pt.SyscallEntry(**at(1, 20), **PAUSE),
        pt.Exited(**at(2, 20, 0), status=0),
        pt.Stopped(**at(3, 10), **CHILD, sender=20),
    )
    [start] = having(events, ph="s")
    assert (start["tid"], start["ts"]) == (20, 1999.999)


def test_so_many_ends_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that came last: who tells of none would have memory grow with the trace."""
    monkeypatch.setattr(trace_event, "ENDS_MAX", 2)
    events = written(
        pt.SyscallEntry(**at(1, 10), **PAUSE),
        *(pt.Exited(**at(child, child, 0), status=0) for child in (20, 21, 22)),
        *(pt.Stopped(**at(30, 10), **CHILD, sender=child) for child in (20, 21, 22)),
    )
    assert [event["tid"] for event in having(events, ph="s")] == [21, 22]


def test_no_arrow_comes_from_the_file_before() -> None:
    form: Any = new("trace-event")
    before = [pt.SyscallEntry(**at(1, 10), **PAUSE), pt.Exited(**at(2, 20, 0), status=0)]
    opened(form.begin(HEADER) + form.events(before) + form.end())
    after = [pt.Stopped(**at(3, 10), **CHILD, sender=20)]
    events = opened(form.begin(HEADER) + form.events(after) + form.end())
    assert having(events, ph="s") == []


def test_exec_renames() -> None:
    call = {"sysnum": 59, "name": "execve", "args": ()}
    events = written(
        pt.SyscallEntry(**at(1, 10), **call),
        pt.Exec(**at(2, 10, program=b"ls"), old_lwp=0),
        pt.SyscallExit(**at(3, 10, program=b"ls"), **call, retval=0, error=0, elapsed_ns=MS),
    )
    names = [event["args"]["name"] for event in having(events, name="process_name")]
    assert names == ["sh", "ls"]
    assert [(e["ph"], e["name"]) for e in events if e["ph"] in "BEi"] == [
        *[("B", "sh"), ("B", "execve"), ("E", "execve"), ("E", "sh")],
        *[("B", "ls"), ("B", "execve"), ("i", "exec"), ("E", "execve"), ("E", "ls")],
    ]


def test_exec_by_another_than_the_first() -> None:
    """It goes on as the first, whose own call has no end."""
    call = {"sysnum": 59, "name": "execve", "args": ()}
    events = written(
        pt.SyscallEntry(**at(1, 10), **PAUSE),
        pt.SyscallEntry(**at(2, 10, 11), **call),
        pt.Exec(**at(3, 10), old_lwp=11),
        pt.SyscallExit(**at(4, 10), **call, retval=0, error=0, elapsed_ns=2 * MS),
        pt.SyscallEntry(**at(5, 10), **PAUSE),
        pt.Exited(**at(6, 10, 0), status=0),
    )
    ends = [(e["tid"], e["name"], e["ts"]) for e in having(events, ph="E")]
    assert ends == [
        *[(10, "pause", 3000), (11, "execve", 4000), (11, "sh", 4000)],
        *[(10, "pause", 6000), (10, "sh", 6000)],
    ]


@pytest.mark.parametrize("seed", range(5))
def test_all_kinds(seed: int) -> None:
    """Whatever comes in whatever order, a viewer can make sense of it."""
    form = new("trace-event")
    batch = batch_of_all(600, seed)
    pieces = [form.begin(HEADER), form.events(batch), form.events(batch_of_all(0)), form.end()]
    assert len(opened(b"".join(pieces))) > 600

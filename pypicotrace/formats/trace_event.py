"""The Trace Event format: what Perfetto and chrome://tracing open.

Each LWP is a track under its process. What lies on it is a slice with the program's name, from the
first to the last that is known of it, and in that one for each call. Arrows lead from the making of
a child to the child, and from who sent a signal to who got it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from pypicotrace import events as ev
from pypicotrace import syscalls
from pypicotrace.calls import ABIS
from pypicotrace.formats.header import Header
from pypicotrace.formats.values import call_of, text_of, word, words

Track = tuple[int, int]
"""A process and an LWP."""

SENDERS = {
    *("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"),
    *("_lwp_kill", "sigqueueinfo"),
}
"""Calls that send signals."""

ENDS_MAX = 4096
"""How many ends are remembered for signals that name them: these come soon, or never."""


@dataclass(slots=True)
class Process:
    """What is open of a process."""

    program: str = ""
    calls: dict[Track, str | None] = field(default_factory=dict)
    """Its LWPs, and the call that each is in."""
    sent: tuple[Track, ev.SyscallEntry] | None = None
    """Where it has last sent a signal, and by which call."""


class End(NamedTuple):
    """What is known of a process that has ended."""

    track: Track
    ts_ns: int
    """A time at which that track has a slice, the last,"""
    sent: tuple[Track, ev.SyscallEntry] | None
    """and where it has last sent a signal, which may come now."""


class TraceEvent:
    """The format."""

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()
        self._made: list[dict[str, Any]] = []
        self._separator = b"\n"
        self._processes: dict[int, Process] = {}
        self._ends: dict[int, End] = {}
        """Of processes that may still be named as the sender of a signal."""
        self._moved: dict[Track, Track] = {}
        """LWPs that go on under another id since an execve, and where that call's slice is."""
        self._forks: dict[int, int] = {}
        """The arrows that lead to children of which nothing was seen yet."""
        self._arrows = 0
        self._last_ns = 0
        self._errors: dict[int, str] = {}
        self._signals: dict[int, str] = {}
        self._carried: dict[int, Process] = {}
        """What was open at the end of the file before."""

    def begin(self, header: Header) -> bytes:
        system = header.os if header.os in syscalls.SYSTEMS else "linux"
        self._errors, self._signals = syscalls.errors(system), syscalls.signals(system)
        other = {
            "tool": f"pypicotrace {header.version}",
            **{key: getattr(header, key) for key in ("os", "release", "machine", "host", "boot")},
            "epoch_ns": str(header.epoch_ns),
            "command": " ".join(text_of(argument) for argument in header.command),
        }
        head = self._encoder.encode({"displayTimeUnit": "ns", "otherData": other})
        self._separator = b"\n"
        self._reopen()
        return head[:-1] + b',"traceEvents":[' + self._taken()

    def events(self, batch: Iterable[ev.Event]) -> bytes:
        for event in batch:
            self._last_ns = event.ts_ns
            process = self._process(event)
            track = event.pid, event.lwp or event.pid
            if event.lwp or isinstance(event, ev.SyscallEntry):
                self._open(process, track, event.ts_ns)
            WRITERS[type(event)](self, process, track, event)
        return self._taken()

    def end(self) -> bytes:
        self._carried = {
            pid: Process(process.program, dict(process.calls))
            for pid, process in self._processes.items()
        }
        moved = dict(self._moved)
        for pid in list(self._processes):
            self._close_all(pid, self._last_ns, {})
        for child in list(self._forks):
            self._end_arrow(child)
        self._moved = moved
        return self._taken() + b"\n]}\n"

    def _reopen(self) -> None:
        """Have slices begin that have ended with the file before and not in the trace."""
        self._processes, self._carried = self._carried, {}
        self._ends.clear()
        for pid, process in self._processes.items():
            self._name("process_name", (pid, pid), process.program)
            for track, call in process.calls.items():
                self._name("thread_name", track, f"LWP {track[1]}")
                self._put("B", track, self._last_ns, process.program, "lwp")
                if call is not None:
                    self._put("B", track, self._last_ns, call, "syscall")

    def _end_arrow(self, child: int) -> None:
        """Nothing was seen of a child: its track is a point."""
        track = child, child
        self._name("thread_name", track, f"LWP {child}")
        self._put("B", track, self._last_ns, "child", "lwp")
        self._put("f", track, self._last_ns, "fork", "fork", id=self._forks.pop(child), bp="e")
        self._put("E", track, self._last_ns, "child", "lwp")

    def _taken(self) -> bytes:
        text = b""
        if self._made:
            text = self._separator + b",\n".join(map(self._encoder.encode, self._made))
            self._separator = b",\n"
            self._made.clear()
        return text

    def _put(self, ph: str, track: Track, ts_ns: int, name: str, cat: str, **more: Any) -> None:
        pid, tid = track
        made = {"ph": ph, "ts": ts_ns / 1000, "pid": pid, "tid": tid, "name": name, "cat": cat}
        self._made.append({**made, **more})

    def _name(self, what: str, track: Track, name: str) -> None:
        pid, tid = track
        named = {"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}}
        self._made.append(named)

    def _instant(self, track: Track, event: ev.Event, name: str, cat: str, **args: Any) -> None:
        scope = "t" if event.lwp else "p"
        self._put("i", track, event.ts_ns, name, cat, s=scope, args=args)

    def _process(self, event: ev.Event) -> Process:
        process = self._processes.setdefault(event.pid, Process())
        program = text_of(event.program)
        if process.program != program:
            for lwp in process.calls:
                self._rename(process, lwp, program, event.ts_ns)
            process.program = program
            self._name("process_name", (event.pid, event.pid), program)
        return process

    def _rename(self, process: Process, track: Track, program: str, ts_ns: int) -> None:
        """The slices around a call cannot end before it: it ends, and begins again in the new."""
        call = process.calls[track]
        if call is not None:
            self._put("E", track, ts_ns, call, "syscall")
        self._put("E", track, ts_ns, process.program, "lwp")
        self._put("B", track, ts_ns, program, "lwp")
        if call is not None:
            self._put("B", track, ts_ns, call, "syscall")

    def _open(self, process: Process, track: Track, ts_ns: int) -> None:
        if track in process.calls:
            return
        pid, lwp = track
        self._name("thread_name", track, f"LWP {lwp}")
        self._put("B", track, ts_ns, process.program, "lwp")
        process.calls[track] = None
        arrow = self._forks.pop(pid, None)
        if arrow is not None:
            self._put("f", track, ts_ns, "fork", "fork", id=arrow, bp="e")

    def _entry(self, process: Process, track: Track, event: ev.SyscallEntry) -> None:
        self._leave_call(process, track, event.ts_ns)  # its exit is not in the trace
        process.calls[track] = event.name
        args = arguments(event)
        self._put("B", track, event.ts_ns, event.name, "syscall", args=args)
        if event.name in SENDERS:
            process.sent = track, event

    def _exit(self, process: Process, track: Track, event: ev.SyscallExit) -> None:
        args = self._result(event)
        moved = self._moved.pop(track, track)
        where = moved if process.calls.get(moved) == event.name else track
        if process.calls.get(where) == event.name:
            self._put("E", where, event.ts_ns, event.name, "syscall", args=args)
            process.calls[where] = None
        else:
            self._leave_call(process, track, event.ts_ns)
            start = max(event.ts_ns - event.elapsed_ns, 0)
            dur = (event.ts_ns - start) / 1000
            args = {**arguments(event), **args}
            self._put("X", track, start, event.name, "syscall", dur=dur, args=args)
        if moved != track:
            self._close(process, moved, event.ts_ns, {})

    def _result(self, event: ev.SyscallExit) -> dict[str, Any]:
        if event.error:
            return {"error": self._errors.get(event.error, str(event.error))}
        call = call_of(ABIS.get(event.abi, 0), event.sysnum)
        return {"ret": word(event.retval or 0, call.points)}

    def _leave_call(self, process: Process, track: Track, ts_ns: int) -> None:
        call = process.calls.get(track)
        if call is not None:
            self._put("E", track, ts_ns, call, "syscall")
            process.calls[track] = None

    def _close(self, process: Process, track: Track, ts_ns: int, args: dict[str, Any]) -> None:
        self._leave_call(process, track, ts_ns)
        if track in process.calls:
            del process.calls[track]
            self._put("E", track, ts_ns, process.program, "lwp", args=args)

    def _close_all(self, pid: int, ts_ns: int, args: dict[str, Any]) -> None:
        process = self._processes.pop(pid)
        for track in list(process.calls):
            self._moved.pop(track, None)
            self._close(process, track, ts_ns, args)

    def _exec(self, process: Process, track: Track, event: ev.Exec) -> None:
        if event.old_lwp:
            self._leave_call(process, track, event.ts_ns)
            self._moved[track] = event.pid, event.old_lwp
        self._instant(track, event, "exec", "process", program=process.program)

    def _child(self, process: Process, track: Track, event: Any) -> None:
        if event.child in self._forks:
            self._end_arrow(event.child)
        self._open(process, track, event.ts_ns)
        self._arrows += 1
        self._forks[event.child] = self._arrows
        self._put("s", track, event.ts_ns, "fork", "fork", id=self._arrows)

    def _plain(self, process: Process, track: Track, event: ev.Event) -> None:
        self._instant(track, event, PLAIN[type(event)], "process")

    def _at(self, process: Process, track: Track, event: Any) -> None:
        self._instant(track, event, AT[type(event)], "step", pc=f"{event.pc:#x}")

    def _lwp_created(self, process: Process, track: Track, event: ev.LwpCreated) -> None:
        return  # its slice has begun

    def _lwp_exited(self, process: Process, track: Track, event: ev.LwpExited) -> None:
        self._close(process, track, event.ts_ns, {})

    def _signal(self, process: Process, track: Track, event: ev.Stopped) -> None:
        name = self._signals.get(event.signo, f"signal {event.signo}")
        args: dict[str, Any] = {} if event.code is None else {"si_code": event.code}
        if event.sender:
            args |= {"si_pid": event.sender, "si_uid": event.uid}
        if isinstance(event, ev.Crashed):
            args["si_addr"] = f"{event.addr:#x}"
        self._instant(track, event, name, "signal", **args)
        source = self._source(event)
        if source is not None and track in process.calls:
            self._arrows += 1
            self._put("s", *source, name, "signal", id=self._arrows)
            self._put("f", track, event.ts_ns, name, "signal", id=self._arrows, bp="e")

    def _source(self, event: ev.Stopped) -> tuple[Track, int] | None:
        """Where the sender is on its own track, and when; None: it is not traced, or nobody."""
        if not event.sender:
            return None
        end = self._ends.get(event.sender)
        if event.sender in self._processes:
            sent = self._processes[event.sender].sent
        elif end is not None and self._signals.get(event.signo) == "SIGCHLD":
            del self._ends[event.sender]
            return end.track, end.ts_ns
        else:
            sent = end.sent if end is not None else None
        if sent is None or event.signo not in sent[1].args:
            return None
        return sent[0], sent[1].ts_ns

    def _exited(self, process: Process, track: Track, event: ev.Exited) -> None:
        self._ended(process, track, event, {"status": event.status})

    def _signaled(self, process: Process, track: Track, event: ev.Signaled) -> None:
        name = self._signals.get(event.signo, str(event.signo))
        self._ended(process, track, event, {"signal": name, "core": event.core})

    def _ended(self, process: Process, track: Track, event: ev.Event, args: dict[str, Any]) -> None:
        last_ns = event.ts_ns - 1  # just before: there the slice still is
        if not process.calls:
            self._open(process, track, event.ts_ns)
            last_ns = event.ts_ns
        self._ends[event.pid] = End(next(iter(process.calls)), last_ns, process.sent)
        if len(self._ends) > ENDS_MAX:
            del self._ends[next(iter(self._ends))]
        self._close_all(event.pid, event.ts_ns, args)

    def _detached(self, process: Process, track: Track, event: ev.Detached) -> None:
        self._instant(track, event, "detached", "process")
        self._close_all(event.pid, event.ts_ns, {})


def arguments(event: ev.SyscallEntry) -> dict[str, Any]:
    """By name, where they have names."""
    call = call_of(ABIS.get(event.abi, 0), event.sysnum)
    values = words(event.args, call.pointers)
    names = [*event.params, *(f"arg{place}" for place in range(len(event.params), len(values)))]
    return dict(zip(names, values, strict=False))


PLAIN = {ev.VforkDone: "vfork done", ev.Continued: "continued", ev.Attached: "attached"}
AT = {ev.SingleStep: "step", ev.Breakpoint: "breakpoint", ev.DebugRegister: "debug register"}

WRITERS: dict[type[ev.Event], Callable[[TraceEvent, Process, Track, Any], None]] = {
    ev.SyscallEntry: TraceEvent._entry,
    ev.SyscallExit: TraceEvent._exit,
    ev.Exec: TraceEvent._exec,
    **dict.fromkeys((ev.Forked, ev.Vforked, ev.Spawned), TraceEvent._child),
    **dict.fromkeys(PLAIN, TraceEvent._plain),
    **dict.fromkeys(AT, TraceEvent._at),
    ev.LwpCreated: TraceEvent._lwp_created,
    ev.LwpExited: TraceEvent._lwp_exited,
    ev.Stopped: TraceEvent._signal,
    ev.Crashed: TraceEvent._signal,
    ev.Exited: TraceEvent._exited,
    ev.Signaled: TraceEvent._signaled,
    ev.Detached: TraceEvent._detached,
}
